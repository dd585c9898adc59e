/** What a run remembers when it begins: hosts, services and groups as they stand before anything is touched. */
import type { Facts, GroupFacts, HostFacts } from './facts.ts';
import type { Earlier, GroupMemory, HostMemory, RunMemory, ServiceMemory } from './memory.ts';
import { countsByProvider } from './plan/split-findings.ts';
import type { GroupPlan, Plan } from './plan.ts';
import { spans } from './providers.ts';
import { ownDesired, type SurplusLeft } from './restoring.ts';

/** Auto Scaling processes that a run holds still, where it replaces hosts (decisions.md rules 2 and 19). */
const HELD_PROCESSES = ['AZRebalance', 'ScheduledActions'];

/** Of a group at rest that alarms scale: scheduled actions and its zones are its owner's. */
const HELD_AT_REST = ['AlarmNotification'];

/**
 * The first memory of a run. `launchSources`: LaunchTemplate or MixedInstancesPolicy of each group as AWS gave it, JSON;
 * `warmPools` the same of those that have one; `surpluses`: what an earlier run left for its next window;
 * `scaledByAlarms`: groups that policies on CloudWatch alarms scale.
 */
export function openingMemory(
  facts: Facts,
  plan: Plan,
  launchSources: ReadonlyMap<string, string>,
  warmPools: ReadonlyMap<string, string>,
  surpluses: readonly SurplusLeft[],
  scaledByAlarms: ReadonlySet<string>,
  run: Pick<RunMemory, 'runId' | 'startedAtMs' | 'deadlineMs' | 'earlier'>,
): RunMemory {
  const groups = new Map(facts.groups.map((group) => [group.autoScalingGroupName, group]));
  return {
    ...run,
    phase: 'rolling',
    lastProgressAtMs: run.startedAtMs,
    daemonsAtPlan: daemonsAtPlan(facts),
    groups: plan.groups.flatMap((planned) => {
      const group = groups.get(planned.autoScalingGroupName);
      const source = launchSources.get(planned.autoScalingGroupName);
      const warmPool = warmPools.get(planned.autoScalingGroupName);
      const left = surpluses.find((one) => one.autoScalingGroupName === planned.autoScalingGroupName);
      return group === undefined || source === undefined
        ? []
        : [
            {
              ...groupMemory(facts, group, planned, source, warmPool, left),
              ...heldFor(group, planned, plan, scaledByAlarms),
            },
          ];
    }),
    hosts: plan.groups.flatMap((planned) =>
      planned.outdated.map((instanceId) => ({
        ...hostMemory(facts, planned, instanceId),
        ...protectedSince(run.earlier, instanceId),
      })),
    ),
    services: servicesAtPlan(facts, plan),
    movesSeen: 0,
  };
}

/** The limit of protected tasks counts from the window in which they were first waited for. */
function protectedSince(earlier: Earlier | undefined, instanceId: string): Partial<HostMemory> {
  const protectedSinceMs = earlier?.protectedSinceMs?.[instanceId];
  return protectedSinceMs === undefined ? {} : { protectedSinceMs };
}

function groupMemory(
  facts: Facts,
  group: GroupFacts,
  planned: GroupPlan,
  launchSource: string,
  warmPool: string | undefined,
  left: SurplusLeft | undefined,
): GroupMemory {
  const moves = !planned.referenceOnly;
  const protects = moves && !group.managedTerminationProtection && !group.newInstancesProtectedFromScaleIn;
  const above = moves ? protectedAbove(facts, group) : 0;
  const desired = left === undefined ? group.desiredCapacity : ownDesired(left, group.desiredCapacity);
  const raised = left !== undefined && group.maxSize === left.maxSize ? left : undefined;
  return {
    autoScalingGroupName: group.autoScalingGroupName,
    original: {
      minSize: group.minSize,
      maxSize: raised?.own.maxSize ?? group.maxSize,
      desiredCapacity: group.desiredCapacity,
      suspendedProcesses: group.suspendedProcesses,
      newInstancesProtectedFromScaleIn: group.newInstancesProtectedFromScaleIn,
      launchSource,
      ...(warmPool !== undefined && { warmPool }),
    },
    targetImages: Object.fromEntries(
      planned.target.images.flatMap(({ use, image }) => {
        const types = use.instanceTypes.length === 0 ? ['*'] : use.instanceTypes;
        return types.map((type) => [type, image.imageId]);
      }),
    ),
    targetImageIds: planned.target.imageIds,
    ...imagesBefore(facts, planned),
    set: raised === undefined ? {} : { maxSize: raised.maxSize },
    createdVersions: {},
    defaultVersions: {},
    suspendedByUs: [],
    ...(protects ? { protectedByUs: true, protectedBefore: protectedHosts(facts, group) } : {}),
    ...(moves ? {} : { referenceOnly: true }),
    goal: desired + above,
    ...(above > 0 && { protectedAbove: above }),
  };
}

/**
 * What of the group is held still. One at rest beside others that are rolled keeps its hosts: the surge lowers what the
 * cluster reserves, on which its alarms may rest, and no floor of ours keeps its policies from ending hosts with tasks.
 */
function heldFor(
  { autoScalingGroupName, suspendedProcesses }: GroupFacts,
  planned: GroupPlan,
  plan: Plan,
  scaledByAlarms: ReadonlySet<string>,
): Pick<GroupMemory, 'suspendedByUs' | 'scaledByAlarms'> {
  const isScaled = scaledByAlarms.has(autoScalingGroupName);
  const isBeside = isScaled && plan.groups.some(({ referenceOnly }) => !referenceOnly);
  const held = planned.referenceOnly ? (isBeside ? HELD_AT_REST : []) : HELD_PROCESSES;
  return {
    suspendedByUs: held.filter((process) => !suspendedProcesses.includes(process)),
    ...(isScaled && { scaledByAlarms: true }),
  };
}

/** By instance type, the image that most of the hosts to be replaced run; nothing where that is the target itself. */
function imagesBefore({ hosts }: Facts, planned: GroupPlan): Pick<GroupMemory, 'imagesBefore'> {
  const outdated = new Set(planned.outdated);
  const old = hosts.filter(({ instanceId }) => outdated.has(instanceId));
  const targets = new Set(planned.target.imageIds);
  const imageOf = (some: readonly HostFacts[]) => {
    const images = Map.groupBy(
      some.filter(({ imageId }) => imageId !== undefined && !targets.has(imageId)),
      ({ imageId = '' }) => imageId,
    );
    return [...images].sort(([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1))[0]?.[0];
  };
  const kinds = [['*', old] as const, ...Map.groupBy(old, ({ instanceType = '*' }) => instanceType)];
  const found = kinds.flatMap(([type, some]) => {
    const imageId = imageOf(some);
    return imageId === undefined ? [] : [[type, imageId] as const];
  });
  return found.length === 0 ? {} : { imagesBefore: Object.fromEntries(found) };
}

/**
 * Hosts that stand although their group wants fewer: "the desired capacity is decremented", and no host ends while all are
 * protected. Whether their tasks could do with fewer is their owner's to say, so each of them is replaced.
 * Source: Amazon EC2 Auto Scaling user guide, ec2-auto-scaling-instance-protection.
 */
function protectedAbove({ hosts }: Facts, group: GroupFacts): number {
  const standing = hosts.filter(
    ({ autoScalingGroupName, lifecycleState }) =>
      autoScalingGroupName === group.autoScalingGroupName && lifecycleState === 'InService',
  );
  const isKept =
    group.newInstancesProtectedFromScaleIn &&
    standing.every(({ protectedFromScaleIn }) => protectedFromScaleIn);
  return isKept ? Math.max(0, Math.min(standing.length, group.maxSize) - group.desiredCapacity) : 0;
}

function protectedHosts(facts: Facts, { autoScalingGroupName }: GroupFacts): string[] {
  return facts.hosts
    .filter((host) => host.autoScalingGroupName === autoScalingGroupName && host.protectedFromScaleIn)
    .map((host) => host.instanceId);
}

function hostMemory(facts: Facts, planned: GroupPlan, instanceId: string): HostMemory {
  const zone = facts.hosts.find((host) => host.instanceId === instanceId)?.zone;
  return {
    instanceId,
    autoScalingGroupName: planned.autoScalingGroupName,
    role: 'outdated',
    ...(zone === undefined ? {} : { zone }),
  };
}

function servicesAtPlan(facts: Facts, plan: Plan): ServiceMemory[] {
  const outdated = new Set(plan.groups.flatMap((group) => group.outdated));
  const providers = new Map(facts.hosts.map((host) => [host.instanceId, host.capacityProviderName]));
  const tasks = Map.groupBy(
    facts.tasks.filter((task) => task.desiredStatus === 'RUNNING'),
    (task) => task.serviceName,
  );
  return facts.services
    .filter((service) => service.schedulingStrategy === 'REPLICA')
    .map(({ serviceName, desiredCount, strategy }) => {
      const own = tasks.get(serviceName) ?? [];
      const placed = own.filter((task) => task.instanceId !== undefined);
      return {
        serviceName,
        healthyAtPlan: own.filter((task) => task.healthy).length,
        desiredAtPlan: desiredCount,
        tasksOnOutdated: placed.filter((task) => outdated.has(task.instanceId ?? '')).length,
        unplacedAtPlan: Math.max(0, desiredCount - placed.length),
        ...(spans(strategy) && {
          providersAtPlan: Object.fromEntries(countsByProvider(own, serviceName, (id) => providers.get(id))),
        }),
      };
    });
}

/** A daemon that did not run well before is nothing that a new host could be judged by. */
function daemonsAtPlan(facts: Facts): string[] {
  const healthy = new Set(
    facts.tasks.filter((task) => task.taskClass === 'daemon' && task.healthy).map((task) => task.serviceName),
  );
  return facts.services
    .filter((service) => service.schedulingStrategy === 'DAEMON' && healthy.has(service.serviceName))
    .map((service) => service.serviceName);
}
