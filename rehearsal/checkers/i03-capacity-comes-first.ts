/**
 * I3: no old host drained before ready target capacity exists for its tasks.
 *
 * Only what is certain is told: the tasks of the draining hosts that have no place yet are held against the room on
 * hosts of the target that are ACTIVE and connected, in sum and task by task. Room is what the scheduler sees, which frees CPU and
 * memory as soon as a task is told to stop (aws-semantics §1.5), and constraints, ports and interfaces are left out: so
 * a violation holds under any placement.
 */
import { type CheckerFactory, isOurs, Verdicts } from './checker.ts';
import type { HostLine, TaskLine } from './lines.ts';

/** decisions.md rule 4: agents reconnect now and then, a host is lost once its agent is gone for longer. */
const LOST_AFTER_MS = 180_000;
/** … and was never ready when it could not be read as connected twice, 20 s apart; reads may be 2 s old. */
const READ_TWICE_MS = 18_000;

interface Need {
  readonly serviceName: string;
  readonly count: number;
  readonly cpu: number;
  readonly memoryMiB: number;
}

export interface Room {
  readonly cpu: number;
  readonly memoryMiB: number;
}

export const capacityComesFirst: CheckerFactory = (context) => {
  const verdicts = new Verdicts('I3', context.startedAtMs);
  const { chronicle } = context;

  return {
    invariant: 'I3',
    violations: verdicts.violations,
    observe(_observation, atMs, change) {
      if (change?.kind !== 'drain' || !isOurs(change.by) || !isOld(change.host)) return;
      const needs = needsOf(atMs - context.graceMs);
      const ready = [...chronicle.hosts.values()].filter((host) => isReady(host, atMs));
      const lack = lackOf(needs, ready.map(roomOn));
      if (!lack) return;
      verdicts.add(
        atMs,
        change.host.instanceId,
        `${change.host.instanceId} (${change.host.image}) was drained by ${change.by?.name} with ` +
          `${change.host.tasksToMove.length} task(s) to move; ${ready.length} host(s) of the target are ready: ${lack}`,
      );
    },
  };

  function isOld(host: HostLine): boolean {
    return context.outdated.has(host.instanceId) || !context.targetImages.has(host.image);
  }

  function isReady(host: HostLine, atMs: number): boolean {
    if (isOld(host)) return false;
    if (hasJustVanished(host, atMs)) return true;
    return host.state === 'running' && host.status === 'ACTIVE' && isConnected(host, atMs);
  }

  /** It was ready in the picture that the drain was decided from, and somebody else ended it since. */
  function hasJustVanished(host: HostLine, atMs: number): boolean {
    const { endedAtMs, endedByUs, wasThereAtStart, connectedAtMs = wasThereAtStart ? 0 : undefined } = host;
    if (endedAtMs === undefined || endedByUs || connectedAtMs === undefined) return false;
    return endedAtMs - connectedAtMs >= READ_TWICE_MS && atMs - endedAtMs <= context.graceMs;
  }

  function isConnected(
    { agentConnected, agentLostAtMs, connectedAtMs = 0 }: HostLine,
    atMs: number,
  ): boolean {
    if (agentConnected || agentLostAtMs === undefined) return agentConnected;
    const wasReady = agentLostAtMs - connectedAtMs >= READ_TWICE_MS;
    return wasReady && atMs - agentLostAtMs <= LOST_AFTER_MS + context.graceMs;
  }

  /** What has no place yet, of tasks that somebody who read `beforeMs` could have known. */
  function needsOf(beforeMs: number): Need[] {
    const tasks = new Map<string, TaskLine[]>();
    for (const host of chronicle.hosts.values()) {
      if (!host.drainedByUs || !host.isUp) continue;
      for (const task of host.tasksToMove) {
        if ((task.placedAtMs ?? 0) > beforeMs) continue;
        const key = `${task.cluster}/${task.serviceName}`;
        tasks.set(key, [...(tasks.get(key) ?? []), task]);
      }
    }
    return [...tasks].flatMap(([key, moving]) => {
      const motion = chronicle.services.get(key);
      const count = Math.min(moving.length, motion?.unplaced ?? 0);
      if (count === 0 || !motion) return [];
      const cpu = Math.min(...moving.map((task) => task.cpu));
      const memoryMiB = Math.min(...moving.map((task) => task.memoryMiB));
      return [{ serviceName: motion.serviceName, count, cpu, memoryMiB }];
    });
  }
};

/** CPU and memory that the scheduler sees free on it. */
export function roomOn(host: HostLine): Room {
  let { cpu, memoryMiB } = host.size ?? { cpu: 0, memoryMiB: 0 };
  for (const task of host.tasks) {
    if (task.leftAtMs !== undefined) continue;
    cpu -= task.cpu;
    memoryMiB -= task.memoryMiB;
  }
  return { cpu: Math.max(0, cpu), memoryMiB: Math.max(0, memoryMiB) };
}

/** Why these cannot fit, or undefined where they may. */
function lackOf(needs: readonly Need[], rooms: readonly Room[]): string | undefined {
  if (needs.length > 0 && rooms.length === 0) return 'there is no room for any task';
  for (const need of needs) {
    const slots = rooms.reduce((sum, room) => sum + slotsOf(need, room), 0);
    if (slots < need.count) {
      return `${need.count} task(s) of ${need.serviceName} (${need.cpu} CPU, ${need.memoryMiB} MiB) have no place yet, room is for ${slots}`;
    }
  }
  for (const resource of ['cpu', 'memoryMiB'] as const) {
    const needed = needs.reduce((sum, need) => sum + need.count * need[resource], 0);
    const free = rooms.reduce((sum, room) => sum + room[resource], 0);
    if (needed > free) return `${needed} ${resource} are needed, ${free} are free`;
  }
  return undefined;
}

/** How many such tasks would fit there. */
export function slotsOf(need: Pick<Need, 'cpu' | 'memoryMiB'>, room: Room): number {
  const byCpu = need.cpu > 0 ? Math.floor(room.cpu / need.cpu) : Number.POSITIVE_INFINITY;
  const byMemory =
    need.memoryMiB > 0 ? Math.floor(room.memoryMiB / need.memoryMiB) : Number.POSITIVE_INFINITY;
  return Math.min(byCpu, byMemory);
}
