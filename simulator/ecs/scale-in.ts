/**
 * Which tasks a service gives up when it has too many: what is not healthy first, then by its placement strategy, else
 * from the fullest zone and there from the host with most of its tasks. Protected tasks stay.
 * Source: Amazon ECS developer guide, ecs_services ("When the service scheduler stops running tasks …") and
 * task-scale-in-protection.
 */
import type { PlacementStrategy } from '@aws-sdk/client-ecs';
import { spreadValueOf } from './placement.ts';
import type { HostRecord, ServiceRecord, TaskRecord } from './records.ts';
import { isProtected } from './task-protection.ts';

const DEFAULT_ORDER: readonly PlacementStrategy[] = [
  { type: 'spread', field: 'attribute:ecs.availability-zone' },
  { type: 'spread', field: 'instanceId' },
];

/** Tasks of the service to stop, at most `surplus`; fewer when the others are protected. */
export function tasksToStop(
  service: ServiceRecord,
  staying: readonly TaskRecord[],
  surplus: number,
  nowMs: number,
): TaskRecord[] {
  const left = new Set(staying);
  const free = staying.filter((task) => !isProtected(task, nowMs));
  const strategies = service.placementStrategy.length > 0 ? service.placementStrategy : DEFAULT_ORDER;
  const weights = strategies.map((strategy) => weightOf(strategy, left));
  const chosen: TaskRecord[] = [];
  while (chosen.length < surplus && free.length > 0) {
    const victim = free.reduce((best, task) => (isRather(task, best, weights) ? task : best));
    free.splice(free.indexOf(victim), 1);
    left.delete(victim);
    for (const weight of weights) weight.leave(victim);
    chosen.push(victim);
  }
  return chosen;
}

interface Weight {
  /** The greater, the rather it goes. */
  of(task: TaskRecord): number;
  leave(task: TaskRecord): void;
}

function weightOf({ type, field }: PlacementStrategy, tasks: ReadonlySet<TaskRecord>): Weight {
  if (type === 'spread') {
    const counts = new Map<string, number>();
    const shareOf = (task: TaskRecord) => (task.host ? (spreadValueOf(task.host, field) ?? '') : '');
    const add = (task: TaskRecord, by: number) =>
      counts.set(shareOf(task), (counts.get(shareOf(task)) ?? 0) + by);
    for (const task of tasks) add(task, 1);
    return { of: (task) => counts.get(shareOf(task)) ?? 0, leave: (task) => add(task, -1) };
  }
  // Bin packing leaves the emptiest host first.
  const roomOn = (host: HostRecord | null) =>
    host === null
      ? 0
      : field?.toLowerCase() === 'cpu'
        ? host.registered.cpu - host.claimed.cpu
        : host.registered.memoryMiB - host.claimed.memoryMiB;
  return { of: (task) => (type === 'binpack' ? roomOn(task.host) : 0), leave: () => {} };
}

function isRather(task: TaskRecord, than: TaskRecord, weights: readonly Weight[]): boolean {
  const state =
    Number(than.knownHealthy) - Number(task.knownHealthy) ||
    Number(than.lastStatus === 'RUNNING') - Number(task.lastStatus === 'RUNNING');
  if (state !== 0) return state > 0;
  for (const weight of weights) {
    const order = weight.of(task) - weight.of(than);
    if (order !== 0) return order > 0;
  }
  return task.order > than.order;
}
