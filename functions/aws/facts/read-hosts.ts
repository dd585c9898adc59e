/** Groups and hosts of a cluster: whatever ECS lists, and whatever its Auto Scaling groups hold beside. */
import type { AutoScalingGroup } from '@aws-sdk/client-auto-scaling';
import type { Instance, InstanceStatus, InstanceTypeInfo } from '@aws-sdk/client-ec2';
import type { CapacityProvider, Cluster, ContainerInstance, Task, TaskDefinition } from '@aws-sdk/client-ecs';
import type { GroupFacts, HostFacts } from '../../core/facts.ts';
import { describeGroupInstances, describeGroups } from '../auto-scaling-groups.ts';
import { idOf, present, unique } from '../batches.ts';
import { describeCapacityProviders } from '../clusters.ts';
import { perContainer } from '../container-memory.ts';
import { isNotFound } from '../error-codes.ts';
import { describeInstanceTypes } from '../instance-types.ts';
import { describeInstanceStatuses, describeInstances, isTerminationProtected } from '../instances.ts';
import { groupFacts, groupNameOf, type InstanceDetails, instancesOf } from './groups.ts';
import { hostFacts } from './hosts.ts';
import type { FactClients, FactScope } from './read-facts.ts';
import { endedHosts } from './read-stopped.ts';
import { isDaemonOf } from './tasks.ts';

/** What AWS says of the groups and hosts themselves, whatever runs on them. */
export interface Members {
  readonly groups: readonly GroupFacts[];
  readonly ids: readonly string[];
  readonly inGroup: ReadonlyMap<string, InstanceDetails>;
  readonly instances: ReadonlyMap<string, Instance>;
  readonly statuses: ReadonlyMap<string, InstanceStatus>;
  readonly types: ReadonlyMap<string, InstanceTypeInfo>;
}

/** What of a look tells what runs on the hosts. */
export interface HostScope {
  readonly containers: readonly ContainerInstance[];
  readonly tasks: readonly Task[];
  readonly definitions: readonly TaskDefinition[];
  /** Container instances whose tasks have changed since they were read. */
  readonly unread: ReadonlySet<string>;
  readonly scope: FactScope;
}

export async function readMembers(
  clients: FactClients,
  cluster: Cluster,
  containers: readonly ContainerInstance[],
  scope: FactScope,
): Promise<Members> {
  const providers = await describeCapacityProviders(clients.ecs, cluster.capacityProviders ?? []);
  const { groups, members } = await readGroups(clients, containers, providers, scope);
  const ids = unique([
    ...present(containers.map((host) => host.ec2InstanceId)),
    ...present(members.map((member) => member.InstanceId)),
  ]).filter((id) => id.startsWith('i-'));

  const containerOf = new Map(containers.map((host) => [host.ec2InstanceId ?? '', host]));
  const suspects = ids.filter((id) => {
    const container = containerOf.get(id);
    return scope.look === 'whole' || container === undefined || container.agentConnected === false;
  });
  const [facts, instances, statuses] = await Promise.all([
    Promise.all(
      groups.map((group) =>
        groupFacts(clients, group, {
          provider: providers.find((one) => providesGroup(one, group)),
          sinceMs: scope.memory.startedAtMs,
        }),
      ),
    ),
    describeInstances(clients.ec2, ids),
    describeInstanceStatuses(clients.ec2, suspects),
  ]);
  const types = await describeInstanceTypes(
    clients.ec2,
    present([
      ...instances.map((instance) => instance.InstanceType),
      ...facts.flatMap((group) => group.templates.flatMap((use) => use.instanceTypes)),
    ]),
  );
  return {
    groups: facts,
    ids,
    inGroup: new Map(members.map((member) => [member.InstanceId ?? '', member])),
    instances: new Map(instances.map((instance) => [instance.InstanceId ?? '', instance])),
    statuses: new Map(statuses.map((one) => [one.InstanceId ?? '', one])),
    types: new Map(types.map((type) => [type.InstanceType as string, type])),
  };
}

/** The hosts with what is known of their tasks. */
export async function readHosts(
  clients: FactClients,
  { ids, inGroup, instances, statuses, types }: Members,
  { containers, tasks, definitions, unread, scope }: HostScope,
): Promise<readonly HostFacts[]> {
  const guarded = await readGuarded(clients, containers, tasks, scope);
  const containerOf = new Map(containers.map((host) => [host.ec2InstanceId ?? '', host]));
  const interfaces = awsvpcTasksByHost(tasks, definitions);
  return unique([...containerOf.keys(), ...ids])
    .filter((id) => id !== '')
    .map((instanceId) => {
      const instance = instances.get(instanceId);
      const container = containerOf.get(instanceId);
      return hostFacts({
        instanceId,
        container,
        instance,
        inGroup: inGroup.get(instanceId),
        status: statuses.get(instanceId),
        type: types.get(instance?.InstanceType ?? ''),
        isTerminationProtected: guarded.get(instanceId),
        areTasksUnread: unread.has(container?.containerInstanceArn ?? ''),
        awsvpcTasks: interfaces.get(idOf(container?.containerInstanceArn)) ?? 0,
      });
    });
}

/** The groups of the cluster's providers and of its hosts, with every member that Auto Scaling knows. */
async function readGroups(
  { autoScaling }: FactClients,
  containers: readonly ContainerInstance[],
  providers: readonly CapacityProvider[],
  { memory }: FactScope,
): Promise<{ groups: AutoScalingGroup[]; members: InstanceDetails[] }> {
  const names = unique([
    ...memory.groups.map((group) => group.autoScalingGroupName),
    ...present(providers.map((one) => groupNameOf(one.autoScalingGroupProvider?.autoScalingGroupArn))),
  ]);
  const first = await describeGroups(autoScaling, names);
  const known = new Set(
    first.flatMap((group) => present((group.Instances ?? []).map((one) => one.InstanceId))),
  );
  const strangers = present(containers.map((host) => host.ec2InstanceId)).filter(
    (id) => id.startsWith('i-') && !known.has(id),
  );
  const details = await describeGroupInstances(autoScaling, strangers);
  const more = unique(present(details.map((one) => one.AutoScalingGroupName))).filter(
    (name) => !names.includes(name),
  );
  const groups = [...first, ...(await describeGroups(autoScaling, more))];
  // A group's own list is the newer read; a host that only its own description names comes from there.
  const members = new Map<string, InstanceDetails>(details.map((one) => [one.InstanceId ?? '', one]));
  for (const member of groups.flatMap(instancesOf)) members.set(member.InstanceId ?? '', member);
  return { groups, members: [...members.values()] };
}

function providesGroup(provider: CapacityProvider, group: AutoScalingGroup): boolean {
  return groupNameOf(provider.autoScalingGroupProvider?.autoScalingGroupArn) === group.AutoScalingGroupName;
}

/** Hosts without `disableApiTermination` at an earlier look; the guard before each end asks once more anyway. */
const unguarded = perContainer(() => new Set<string>());

/**
 * Of so many more hosts one look asks for `disableApiTermination`, which is a call each: as many as one step ends. Who has
 * not been asked for is asked for by the guard.
 */
const ASKED_PER_LOOK = 60;

/** `disableApiTermination` of hosts whose termination is near: draining, and nothing but daemons left, stopping ones too. */
async function readGuarded(
  { ec2 }: FactClients,
  containers: readonly ContainerInstance[],
  tasks: readonly Task[],
  scope: FactScope,
): Promise<ReadonlyMap<string, boolean>> {
  if (scope.look === 'whole') return new Map();
  const busy = new Set(
    tasks
      .filter((task) => task.lastStatus !== 'STOPPED' && !isDaemonOf(scope.memory, task))
      .map((task) => idOf(task.containerInstanceArn)),
  );
  const ended = endedHosts(scope);
  const near = present(
    containers
      .filter((host) => host.status === 'DRAINING' && !busy.has(idOf(host.containerInstanceArn)))
      .map((host) => host.ec2InstanceId),
  ).filter((id) => !ended.has(id));
  const unknown = near.filter((id) => !unguarded().has(id)).slice(0, ASKED_PER_LOOK);
  const asked = [...near.filter((id) => unguarded().has(id)), ...unknown];
  const answers = await Promise.all(asked.map(async (id) => [id, await isGuarded(ec2, id)] as const));
  return new Map(answers.flatMap(([id, guarded]) => (guarded === undefined ? [] : [[id, guarded] as const])));
}

/** Undefined for an instance that EC2 has forgotten. */
async function isGuarded(ec2: FactClients['ec2'], id: string): Promise<boolean | undefined> {
  if (unguarded().has(id)) return false;
  try {
    const guarded = await isTerminationProtected(ec2, id);
    if (!guarded) unguarded().add(id);
    return guarded;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function awsvpcTasksByHost(
  tasks: readonly Task[],
  definitions: readonly TaskDefinition[],
): ReadonlyMap<string, number> {
  const awsvpc = new Set(
    definitions.filter(({ networkMode }) => networkMode === 'awsvpc').map((one) => one.taskDefinitionArn),
  );
  const counts = new Map<string, number>();
  for (const task of tasks) {
    if (!awsvpc.has(task.taskDefinitionArn) || task.desiredStatus === 'STOPPED') continue;
    const host = idOf(task.containerInstanceArn);
    counts.set(host, (counts.get(host) ?? 0) + 1);
  }
  return counts;
}
