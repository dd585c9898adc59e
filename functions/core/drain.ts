/** How far a drain has come, and what keeps it. */
import type { HostFacts, TaskFacts, TaskStatus } from './facts.ts';
import type { HostMemory } from './memory.ts';
import { type Settings, settingsFor } from './settings.ts';

/** How long a drain may wait for each class of task, in seconds. Daemons are never waited for: ECS stops them last. */
export interface DrainLimits {
  readonly replica: number;
  readonly standalone: number;
}

/** The limits for the hosts of one group. */
export function drainLimits(settings: Settings, autoScalingGroupName: string | undefined): DrainLimits {
  const { drainTimeoutSeconds, standaloneTimeoutSeconds } = settingsFor(settings, autoScalingGroupName);
  return { replica: drainTimeoutSeconds, standalone: standaloneTimeoutSeconds };
}

/** One task that keeps a host from being empty. */
export interface Blocker {
  readonly taskArn: string;
  readonly serviceName?: string;
  readonly because: 'running' | 'stopping' | 'target still deregistering';
  /** Until when we wait for it, epoch milliseconds; undefined while it is on its way out. */
  readonly waitUntilMs?: number;
}

export type DrainProgress =
  | { readonly state: 'not draining' }
  /** Nothing left but daemons, if any: `daemons` counts those that have not stopped. */
  | { readonly state: 'empty'; readonly daemons: number }
  | { readonly state: 'draining'; readonly blockers: readonly [Blocker, ...Blocker[]] }
  | { readonly state: 'overdue'; readonly blockers: readonly [Blocker, ...Blocker[]] };

/**
 * Empty means gone: every replica and standalone task has reached STOPPED and no load balancer still holds a target of
 * it. "0 running" is not enough, because `runningTasksCount` counts the desired status (Amazon ECS API reference,
 * ContainerInstance): it reads 0 while containers are still handling requests.
 *
 * A drain is overdue when a task that nobody stops yet has outlived the limit of its class, counted from its service's
 * last progress: a service that moves one task at a time is slow, not stuck. A task that is stopping never makes a
 * drain overdue, since going back to ACTIVE could not save it. The blockers of an overdue drain are the late ones only,
 * so that the reason names the culprit and not its neighbours.
 */
export function drainProgress(
  host: Pick<HostFacts, 'status'>,
  tasks: readonly TaskFacts[],
  memory: Pick<HostMemory, 'drainingSinceMs' | 'clockStoppedMs'>,
  serviceProgressMs: (serviceName: string) => number | undefined,
  limits: DrainLimits,
  nowMs: number,
): DrainProgress {
  if (memory.drainingSinceMs === undefined || host.status !== 'DRAINING') return { state: 'not draining' };

  const sinceMs = memory.drainingSinceMs;
  const stoodStillMs = memory.clockStoppedMs ?? 0;
  const blockers = tasks.flatMap((task) => blockerOf(task, sinceMs, stoodStillMs, serviceProgressMs, limits));
  const late = blockers.filter(
    (blocker) => blocker.waitUntilMs !== undefined && blocker.waitUntilMs <= nowMs,
  );

  if (isSome(late)) return { state: 'overdue', blockers: late };
  if (isSome(blockers)) return { state: 'draining', blockers };
  return {
    state: 'empty',
    daemons: tasks.filter((task) => task.taskClass === 'daemon' && task.lastStatus !== 'STOPPED').length,
  };
}

function blockerOf(
  task: TaskFacts,
  sinceMs: number,
  stoodStillMs: number,
  serviceProgressMs: (serviceName: string) => number | undefined,
  limits: DrainLimits,
): Blocker[] {
  if (task.taskClass === 'daemon' || isGone(task)) return [];

  const { taskArn, serviceName } = task;
  const named = { taskArn, ...(serviceName !== undefined && { serviceName }) };
  if (task.lastStatus === 'STOPPED') return [{ ...named, because: 'target still deregistering' }];
  if (isStopping(task)) return [{ ...named, because: 'stopping' }];

  const progressMs = serviceName === undefined ? undefined : serviceProgressMs(serviceName);
  const fromMs = Math.max(sinceMs, progressMs ?? sinceMs);
  return [
    { ...named, because: 'running', waitUntilMs: fromMs + stoodStillMs + limits[task.taskClass] * 1000 },
  ];
}

/** STOPPED, and no load balancer holds a target of it any more. */
export function isGone(task: Pick<TaskFacts, 'lastStatus' | 'targetsDeregistering'>): boolean {
  return task.lastStatus === 'STOPPED' && task.targetsDeregistering === 0;
}

/** As people know a task: what follows the last slash of its ARN. */
export function nameOfTask(taskArn: string): string {
  return taskArn.slice(taskArn.lastIndexOf('/') + 1);
}

const STOPPING: readonly TaskStatus[] = ['DEACTIVATING', 'STOPPING', 'DEPROVISIONING'];

/** On its way out: told to stop, or already stopping. */
export function isStopping(task: Pick<TaskFacts, 'lastStatus' | 'desiredStatus'>): boolean {
  return task.desiredStatus === 'STOPPED' || STOPPING.includes(task.lastStatus);
}

function isSome<T>(items: readonly T[]): items is readonly [T, ...T[]] {
  return items.length > 0;
}
