/**
 * Every instance of the groups in scope, sorted into named, disjoint groups before anything is decided about it.
 */

import type { Draft } from './draft.ts';
import { type DrainProgress, drainLimits, drainProgress, isStopping } from './drain.ts';
import { satisfies } from './expressions.ts';
import type { Facts, HostFacts, TaskFacts } from './facts.ts';
import { isInterrupted } from './interruption.ts';
import type { HostMemory } from './memory.ts';
import type { Plan } from './plan.ts';
import { endedInError } from './rules/task-ends.ts';
import { type Settings, settingsFor } from './settings.ts';

export type HostKind =
  /** Not ours to touch, or not in scope: the plan says why, or nothing of us is on it. */
  | 'exempt'
  /** Outdated, but a `blocks` finding keeps it out. */
  | 'keptOut'
  /** In a group of ours, on another image than the target, and not planned: somebody else's doing. */
  | 'foreign'
  /** No longer capacity: terminated, on its way there, or out of its group. */
  | 'gone'
  /** Agent silent for ten minutes and EC2 says impaired: it will not come back. */
  | 'dead'
  /** We asked Auto Scaling to terminate it and it is InService still. */
  | 'terminating'
  /** On the target image, not yet ready. */
  | 'incoming'
  /** On the target image and not ready after the registration timeout. */
  | 'failed'
  /** Room: on the target image, InService, ACTIVE, connected, its daemons running. */
  | 'ready'
  | 'outdated'
  | 'draining'
  | 'drained'
  | 'held';

export interface Host {
  readonly instanceId: string;
  readonly role: 'outdated' | 'new' | 'other';
  readonly kind: HostKind;
  readonly facts: HostFacts | undefined;
  readonly memory: HostMemory;
  readonly autoScalingGroupName: string;
  readonly zone: string;
  /** Tasks on it that have not stopped, and stopped ones whose targets still deregister. */
  readonly tasks: readonly TaskFacts[];
  /** REPLICA tasks that ECS still wants to run here, per service. */
  readonly replicas: ReadonlyMap<string, number>;
  readonly replicaCount: number;
  readonly standalone: readonly TaskFacts[];
  readonly progress: DrainProgress;
}

/** Two reads at least this far apart say that a host is drained (decisions.md rule 16). */
export const DRAINED_READS_APART_MS = 15_000;
/** How long daemons may take after the last other task has gone (rule 16). */
export const DAEMONS_LAST_MS = 120_000;
/** A ready host is lost only after its agent was away for this long (rule 4). */
export const AGENT_LOST_MS = 180_000;
/** With this long a silence, and EC2 impaired, a host is dead (rule 21). */
export const AGENT_DEAD_MS = 600_000;

export interface PlanIndex {
  readonly outdated: ReadonlyMap<string, string>;
  readonly keptOut: ReadonlyMap<string, string>;
  readonly exempt: ReadonlyMap<string, string>;
  /** Target image ids by group. */
  readonly targets: ReadonlyMap<string, ReadonlySet<string>>;
}

export function indexPlan(plan: Plan): PlanIndex {
  return {
    outdated: new Map(
      plan.groups.flatMap((group) => group.outdated.map((id) => [id, group.autoScalingGroupName] as const)),
    ),
    keptOut: new Map(plan.keptOut.map(({ instanceId, reason }) => [instanceId, reason])),
    exempt: new Map(plan.exempt.map(({ instanceId, reason }) => [instanceId, reason])),
    targets: new Map(
      plan.groups.map((group) => [group.autoScalingGroupName, new Set(group.target.imageIds)] as const),
    ),
  };
}

/** Hosts of the planned groups, and planned hosts that have vanished; in the order of their ids. */
export function sortHosts(
  facts: Facts,
  plan: Plan,
  settings: Settings,
  draft: Draft,
  nowMs: number,
): ReadonlyMap<string, Host> {
  const index = indexPlan(plan);
  const byId = new Map(facts.hosts.map((host) => [host.instanceId, host]));
  const tasks = tasksByHost(facts.tasks);
  const belongs = daemonBelongs(facts);
  const ids = new Set([
    ...facts.hosts
      .filter(
        (host) => host.autoScalingGroupName !== undefined && index.targets.has(host.autoScalingGroupName),
      )
      .map((host) => host.instanceId),
    ...index.outdated.keys(),
    ...facts.memory.hosts.map((host) => host.instanceId),
  ]);
  return new Map(
    [...ids].sort().map((id) => {
      const host = byId.get(id);
      const memory = draft.host(id) ?? freshMemory(id, host, index);
      return [
        id,
        sortHost(id, host, memory, tasks.get(id) ?? [], index, settings, draft, belongs, nowMs),
      ] as const;
    }),
  );
}

/** Of two moments the later, where there is one. */
function latest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);
}

/** What memory starts from for a host that it does not know yet. */
export function freshMemory(id: string, host: HostFacts | undefined, index: PlanIndex): HostMemory {
  const group = host?.autoScalingGroupName ?? index.outdated.get(id);
  return {
    instanceId: id,
    role: index.outdated.has(id) ? 'outdated' : 'new',
    ...(group !== undefined && { autoScalingGroupName: group }),
    ...(host?.zone !== undefined && { zone: host.zone }),
  };
}

export function tasksByHost(tasks: readonly TaskFacts[]): Map<string, TaskFacts[]> {
  const byHost = new Map<string, TaskFacts[]>();
  for (const task of tasks) {
    if (task.instanceId === undefined) continue;
    const known = byHost.get(task.instanceId);
    if (known === undefined) byHost.set(task.instanceId, [task]);
    else known.push(task);
  }
  return byHost;
}

function sortHost(
  instanceId: string,
  facts: HostFacts | undefined,
  memory: HostMemory,
  tasks: readonly TaskFacts[],
  index: PlanIndex,
  settings: Settings,
  draft: Draft,
  belongs: DaemonBelongs,
  nowMs: number,
): Host {
  const replicas = new Map<string, number>();
  let replicaCount = 0;
  const standalone: TaskFacts[] = [];
  for (const task of tasks) {
    if (task.taskClass === 'standalone' && task.lastStatus !== 'STOPPED') standalone.push(task);
    if (task.taskClass !== 'replica' || isStopping(task) || task.lastStatus === 'STOPPED') continue;
    const name = task.serviceName ?? '';
    replicas.set(name, (replicas.get(name) ?? 0) + 1);
    replicaCount += 1;
  }
  const autoScalingGroupName = facts?.autoScalingGroupName ?? memory.autoScalingGroupName ?? '';
  const progress: DrainProgress =
    facts === undefined
      ? { state: 'not draining' }
      : drainProgress(
          facts,
          tasks,
          memory,
          (name) => latest(draft.service(name)?.lastProgressMs, draft.run.agentsAwayAtMs),
          drainLimits(settings, autoScalingGroupName),
          nowMs,
        );
  const role = index.outdated.has(instanceId)
    ? 'outdated'
    : facts?.imageId !== undefined && index.targets.get(autoScalingGroupName)?.has(facts.imageId)
      ? 'new'
      : 'other';
  return {
    instanceId,
    role,
    kind: kindOf(instanceId, facts, memory, role, progress, index, settings, draft, tasks, belongs, nowMs),
    facts,
    memory,
    autoScalingGroupName,
    zone: facts?.zone ?? memory.zone ?? '',
    tasks,
    replicas,
    replicaCount,
    standalone,
    progress,
  };
}

function kindOf(
  instanceId: string,
  facts: HostFacts | undefined,
  memory: HostMemory,
  role: Host['role'],
  progress: DrainProgress,
  index: PlanIndex,
  settings: Settings,
  draft: Draft,
  tasks: readonly TaskFacts[],
  belongs: DaemonBelongs,
  nowMs: number,
): HostKind {
  if (facts === undefined || isGoneHost(facts)) return 'gone';
  if (index.exempt.has(instanceId)) return 'exempt';
  if (index.keptOut.has(instanceId)) return 'keptOut';
  // A host that left its group runs on without it: nobody's to terminate through the group (I9). One that we ended has
  // left it for good, though EC2 may say so later.
  if (!isInGroup(facts)) return memory.terminateIntentMs === undefined ? 'foreign' : 'gone';
  if (memory.terminateIntentMs !== undefined) return 'terminating';
  if (isDead(facts, memory, draft.run.agentsAwayAtMs, nowMs)) return 'dead';
  if (memory.held !== undefined) return 'held';
  // A read that still says ACTIVE may be older than our call: to take the host for idle would let too much move.
  if (memory.drainingSinceMs !== undefined)
    return facts.tasksUnread !== true && isDrained(progress, memory, nowMs) ? 'drained' : 'draining';
  if (role === 'outdated') return 'outdated';
  if (role === 'other') return memory.surplus === undefined ? 'foreign' : 'outdated';
  return newKind(facts, memory, settings, draft, tasks, belongs, nowMs);
}

function newKind(
  facts: HostFacts,
  memory: HostMemory,
  settings: Settings,
  draft: Draft,
  tasks: readonly TaskFacts[],
  belongs: DaemonBelongs,
  nowMs: number,
): HostKind {
  const lostMs = memory.agentGoneSinceMs === undefined ? 0 : nowMs - memory.agentGoneSinceMs;
  const standing =
    facts.lifecycleState === 'InService' &&
    facts.status === 'ACTIVE' &&
    !isInterrupted(draft.run, facts.instanceId, nowMs);
  if (memory.readySinceMs !== undefined) return standing && lostMs < AGENT_LOST_MS ? 'ready' : 'incoming';
  if (
    standing &&
    facts.agentConnected &&
    hasHeldConnection(memory) &&
    missingDaemon(facts, draft, tasks, belongs) === undefined
  ) {
    return 'ready';
  }
  const { runningSinceMs } = memory;
  const sinceMs = runningSinceMs === undefined ? undefined : latest(runningSinceMs, draft.run.agentsAwayAtMs);
  const { registrationTimeoutSeconds } = settingsFor(settings, facts.autoScalingGroupName);
  const timedOut = sinceMs !== undefined && nowMs - sinceMs > registrationTimeoutSeconds * 1000;
  return timedOut && facts.tasksUnread !== true ? 'failed' : 'incoming';
}

/** Connected on two of the last three reads, which are at least 20 s apart: agents reconnect every half hour (rule 4). */
function hasHeldConnection(memory: HostMemory): boolean {
  return (memory.agentReads ?? []).filter((read) => read.connected).length >= 2;
}

/** A daemon that ran everywhere at plan time and is not up here; undefined when none is missing. */
export function missingDaemon(
  host: HostFacts,
  draft: Draft,
  tasks: readonly TaskFacts[],
  belongs: DaemonBelongs,
): string | undefined {
  return draft.run.daemonsAtPlan.find((name) => {
    if (!belongs(name, host)) return false;
    const own = tasks.filter((task) => task.taskClass === 'daemon' && task.serviceName === name);
    const hasDied = own.some(endedInError);
    return !own.some((task) => isUp(task) && (!hasDied || task.healthy));
  });
}

/** RUNNING, and HEALTHY where it has a check; only where one has died here before it must have settled as well. */
function isUp({ lastStatus, hasHealthCheck, healthStatus }: TaskFacts): boolean {
  return lastStatus === 'RUNNING' && (hasHealthCheck !== true || healthStatus === 'HEALTHY');
}

/** Whether a daemon service's constraints want it on the host. */
export type DaemonBelongs = (serviceName: string, host: HostFacts) => boolean;

export function daemonBelongs(facts: Facts): DaemonBelongs {
  const definitions = new Map(facts.taskDefinitions.map((item) => [item.taskDefinitionArn, item]));
  const expressions = new Map(
    facts.services
      .filter((service) => service.schedulingStrategy === 'DAEMON')
      .map((service) => [
        service.serviceName,
        [...service.memberOf, ...(definitions.get(service.taskDefinitionArn)?.memberOf ?? [])],
      ]),
  );
  // A daemon service that was deleted meanwhile belongs nowhere; an expression that we cannot read excuses nobody.
  return (name, host) =>
    expressions.get(name)?.every((expression) => satisfies(expression, host) !== false) ?? false;
}

/** Terminated or on the way: not capacity any more, whoever ended it. */
export function isGoneHost(host: HostFacts): boolean {
  if (host.ec2State === 'terminated' || host.ec2State === 'shutting-down') return true;
  return host.lifecycleState?.startsWith('Terminat') ?? false;
}

function isInGroup(host: HostFacts): boolean {
  const state = host.lifecycleState;
  return (
    host.autoScalingGroupName !== undefined &&
    state !== undefined &&
    (state === 'InService' || state.startsWith('Pending'))
  );
}

function isDead(
  host: HostFacts,
  memory: HostMemory,
  agentsAwayAtMs: number | undefined,
  nowMs: number,
): boolean {
  return silentMs(memory, agentsAwayAtMs, nowMs) >= AGENT_DEAD_MS && (host.impaired || isStopped(host));
}

/** EC2 says that somebody stopped the machine. */
export function isStopped({ ec2State }: HostFacts): boolean {
  return ec2State === 'stopped' || ec2State === 'stopping';
}

/**
 * For how long a host's agent is away by itself, milliseconds: while many are away at once nothing is known of any of
 * them, so the time counts from the last look that found it so.
 */
export function silentMs(memory: HostMemory, agentsAwayAtMs: number | undefined, nowMs: number): number {
  const { agentGoneSinceMs } = memory;
  return agentGoneSinceMs === undefined
    ? 0
    : nowMs - Math.max(agentGoneSinceMs, agentsAwayAtMs ?? agentGoneSinceMs);
}

function isDrained(progress: DrainProgress, memory: HostMemory, nowMs: number): boolean {
  if (progress.state !== 'empty' || memory.emptySinceMs === undefined) return false;
  if (nowMs - memory.emptySinceMs < DRAINED_READS_APART_MS) return false;
  return progress.daemons === 0 || nowMs - memory.emptySinceMs >= DAEMONS_LAST_MS;
}
