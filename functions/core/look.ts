/** One look at the cluster, sorted and counted: what the rules of `decide` read. */
import type { Draft } from './draft.ts';
import type { Facts, GroupFacts, TaskDefinitionFacts } from './facts.ts';
import { type DaemonBelongs, daemonBelongs, type Host, sortHosts } from './groups.ts';
import type { GroupMemory } from './memory.ts';
import { type Demand, demandOf } from './placement.ts';
import type { GroupPlan, Plan } from './plan.ts';
import { lookAtServices, type ServiceLook } from './services.ts';
import { type Settings, settingsFor } from './settings.ts';
import { type WindowState, windowOf } from './windows.ts';

export interface GroupLook {
  readonly name: string;
  readonly plan: GroupPlan;
  /** In force for it: what its tags say over those of the cluster. */
  readonly settings: Settings;
  readonly facts: GroupFacts;
  readonly hosts: readonly Host[];
  /** Pending or InService, whoever's they are. */
  readonly alive: readonly Host[];
  /** Outdated hosts that are still to be replaced: neither kept out, given up, nor on their way out. */
  readonly outdatedLeft: readonly Host[];
  readonly ready: readonly Host[];
  readonly incoming: readonly Host[];
  /** Decrements that we asked for and Auto Scaling does not show yet, `staleDecrements` included. */
  readonly decrementsInFlight: number;
  /** Of these, those of hosts that EC2 ends already: this read of Auto Scaling is older than our call. */
  readonly staleDecrements: number;
  readonly terminating: number;
}

export interface Look {
  readonly facts: Facts;
  readonly plan: Plan;
  readonly settings: Settings;
  readonly nowMs: number;
  readonly hosts: ReadonlyMap<string, Host>;
  readonly groups: readonly GroupLook[];
  readonly services: ReadonlyMap<string, ServiceLook>;
  readonly definitions: ReadonlyMap<string, TaskDefinitionFacts>;
  readonly daemonBelongs: DaemonBelongs;
  readonly window: WindowState;
  /** REPLICA and standalone tasks' demand by task definition, for tasks without a service. */
  demandOfTask(taskDefinitionArn: string): Demand | undefined;
}

export function lookAt(facts: Facts, plan: Plan, settings: Settings, draft: Draft, nowMs: number): Look {
  const hosts = sortHosts(facts, plan, settings, draft, nowMs);
  const definitions = new Map(facts.taskDefinitions.map((item) => [item.taskDefinitionArn, item]));
  return {
    facts,
    plan,
    settings,
    nowMs,
    hosts,
    groups: lookAtGroups(facts, plan, settings, hosts),
    services: lookAtServices(facts, hosts, settings, draft),
    definitions,
    daemonBelongs: daemonBelongs(facts),
    window: windowOf(settings, draft.run.deadlineMs, nowMs),
    demandOfTask: (arn) => {
      const definition = definitions.get(arn);
      return definition && demandOf(undefined, definition, facts.subnetZones);
    },
  };
}

function lookAtGroups(
  facts: Facts,
  plan: Plan,
  settings: Settings,
  hosts: ReadonlyMap<string, Host>,
): GroupLook[] {
  const byName = new Map(facts.groups.map((group) => [group.autoScalingGroupName, group]));
  const hostsOf = new Map<string, Host[]>();
  for (const host of hosts.values()) {
    const known = hostsOf.get(host.autoScalingGroupName);
    if (known === undefined) hostsOf.set(host.autoScalingGroupName, [host]);
    else known.push(host);
  }
  return plan.groups.flatMap((groupPlan) => {
    const group = byName.get(groupPlan.autoScalingGroupName);
    if (group === undefined) return [];
    const own = settingsFor(settings, group.autoScalingGroupName);
    return [lookAtGroup(group, groupPlan, own, hostsOf.get(group.autoScalingGroupName) ?? [])];
  });
}

function lookAtGroup(
  facts: GroupFacts,
  plan: GroupPlan,
  settings: Settings,
  hosts: readonly Host[],
): GroupLook {
  const alive = hosts.filter((host) => host.kind !== 'gone' && isMember(host));
  const terminating = alive.filter((host) => host.kind === 'terminating');
  // Auto Scaling lowers desired and leaves InService in one: a read that says InService has the old desired as well.
  const stale = hosts.filter(
    ({ kind, facts: host, memory }) =>
      kind === 'gone' && host?.lifecycleState === 'InService' && memory.terminateDecrement === true,
  ).length;
  return {
    name: facts.autoScalingGroupName,
    plan,
    settings,
    facts,
    hosts,
    alive,
    outdatedLeft: alive.filter(isStillToReplace),
    ready: hosts.filter((host) => host.kind === 'ready'),
    incoming: hosts.filter((host) => host.kind === 'incoming'),
    decrementsInFlight: stale + terminating.filter((host) => host.memory.terminateDecrement === true).length,
    staleDecrements: stale,
    terminating: terminating.length,
  };
}

function isMember(host: Host): boolean {
  const state = host.facts?.lifecycleState;
  return state === 'InService' || (state?.startsWith('Pending') ?? false);
}

function isStillToReplace(host: Host): boolean {
  if (host.role !== 'outdated') return false;
  if (host.kind === 'held') return host.memory.held?.final !== true;
  return ['outdated', 'draining', 'drained', 'dead'].includes(host.kind);
}

/** The group's memory; every planned group has one, written by `prepare`. */
export function memoryOf(draft: Draft, group: GroupLook): GroupMemory {
  const memory = draft.group(group.name);
  if (memory !== undefined) return memory;
  const { minSize, maxSize, desiredCapacity, suspendedProcesses, newInstancesProtectedFromScaleIn } =
    group.facts;
  return {
    autoScalingGroupName: group.name,
    original: {
      minSize,
      maxSize,
      desiredCapacity,
      suspendedProcesses,
      newInstancesProtectedFromScaleIn,
      launchSource: '',
    },
    targetImages: {},
    targetImageIds: group.plan.target.imageIds,
    set: {},
    createdVersions: {},
    defaultVersions: {},
    suspendedByUs: [],
    goal: desiredCapacity,
  };
}
