/**
 * CapacityProviderReservation: how big the Auto Scaling group needs to be (M) relative to how big it is (N), percent.
 * Source: Amazon ECS developer guide, managed-scaling-behavior and cluster-auto-scaling; AWS containers blog,
 * deep-dive-on-amazon-ecs-cluster-auto-scaling, for the values without hosts.
 */
import type { HostSize } from '../records.ts';
import type { Needs } from '../task-definition.ts';
import type { ScalingSettings } from './providers.ts';

/** Values when no host runs: nothing to do, and something waits. Source: the blog; containers-roadmap issue 1716. */
const NOTHING_NEEDED_PERCENT = 100;
const FROM_NONE_PERCENT = 200;

/** One task that waits in PROVISIONING for a host of the provider. */
export interface Waiting {
  readonly needs: Needs;
  readonly distinctInstance: boolean;
}

export interface Demand {
  /** N. */
  readonly running: number;
  /** Of those, hosts with a task that counts. */
  readonly busy: number;
  readonly waiting: readonly Waiting[];
  /** Sizes that the group's hosts have; empty when none has ever been seen. */
  readonly sizes: readonly HostSize[];
}

export function reservationOf(demand: Demand, settings: ScalingSettings): number {
  const { running, busy, waiting, sizes } = demand;
  const more = waiting.length === 0 ? 0 : hostsForWaiting(waiting, sizes);
  // All are too big for the smallest type: scaling stops, the metric stays at the target.
  if (more === null) return settings.targetPercent;
  if (running === 0) return waiting.length === 0 ? NOTHING_NEEDED_PERCENT : FROM_NONE_PERCENT;
  const needed =
    more === 0 ? busy : running + Math.min(Math.max(more, settings.smallestStep), settings.largestStep);
  return (needed / running) * 100;
}

/**
 * The fewest hosts that could hold them, a lower bound: tasks of identical needs are packed onto the largest type, and
 * the group of tasks that asks for the most hosts speaks for all. Tasks that the smallest type cannot hold are left out;
 * null when that is all of them.
 */
function hostsForWaiting(waiting: readonly Waiting[], sizes: readonly HostSize[]): number | null {
  if (sizes.length === 0) return 1;
  const [smallest, largest] = [extreme(sizes, Math.min), extreme(sizes, Math.max)];
  const groups = new Map<string, { readonly task: Waiting; count: number }>();
  for (const task of waiting) {
    const key = JSON.stringify(task);
    const group = groups.get(key);
    if (group) group.count++;
    else groups.set(key, { task, count: 1 });
  }
  let most: number | null = null;
  for (const { task, count } of groups.values())
    if (tasksPerHost(task, smallest) > 0)
      most = Math.max(most ?? 0, Math.ceil(count / tasksPerHost(task, largest)));
  return most;
}

function tasksPerHost({ needs, distinctInstance }: Waiting, size: Room): number {
  const fits = (room: number, need: number) =>
    need > 0 ? Math.floor(room / need) : Number.POSITIVE_INFINITY;
  const isSingle = distinctInstance || needs.tcpPorts.length + needs.udpPorts.length > 0;
  return Math.min(
    fits(size.cpu, needs.cpu),
    fits(size.memoryMiB, needs.memoryMiB),
    fits(size.gpus, needs.gpus),
    fits(size.enis, needs.eni ? 1 : 0),
    isSingle ? 1 : Number.MAX_SAFE_INTEGER,
  );
}

type Room = Pick<HostSize, 'cpu' | 'memoryMiB' | 'gpus' | 'enis'>;

/** Smallest or largest of each parameter by itself, whichever types they are of. */
function extreme(sizes: readonly HostSize[], pick: (a: number, b: number) => number): Room {
  return sizes.reduce<Room>(
    (room, size) => ({
      cpu: pick(room.cpu, size.cpu),
      memoryMiB: pick(room.memoryMiB, size.memoryMiB),
      gpus: pick(room.gpus, size.gpus),
      enis: pick(room.enis, size.enis),
    }),
    sizes[0] as HostSize,
  );
}
