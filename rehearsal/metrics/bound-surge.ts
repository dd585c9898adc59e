/** The bound's chain of one group: how soon its last old host can have ended when new hosts come `surge` at a time. */
import { sumOfSmallest } from './delays.ts';

interface Size {
  readonly cpu: number;
  readonly memoryMiB: number;
}

/** Seconds, ascending. */
export interface GroupWork {
  readonly boots: readonly number[];
  /** Of each host that was replaced: until its tasks could have left. */
  readonly drains: readonly number[];
  /** What each of them held; empty where its tasks might have found room elsewhere. */
  readonly loads: readonly Size[];
  /** The largest host of the group. */
  readonly hostSize: Size;
}

export interface SurgeLimits {
  /** New hosts beside the old at most. */
  readonly surge: number;
  /** Launched alone, before the rest; 0: no trial. */
  readonly canaries: number;
  /** Hosts that drain during the trial. */
  readonly trialHosts: number;
  /** When the first host after the trial can start to drain, seconds from the start; none ends before. */
  readonly drainsFrom: number;
}

/** Seconds from the start until the last old host can have ended. */
export function lastEndOf(work: GroupWork, limits: SurgeLimits): number {
  return Math.max(endByTurns(work, limits), endBySum(work, limits));
}

/** Host by host: the k-th launch waits for the (k − surge)-th end, the j-th end for the room that j hosts' tasks need. */
function endByTurns({ boots, drains, loads, hostSize }: GroupWork, limits: SurgeLimits): number {
  const count = drains.length;
  const surge = Math.max(1, limits.surge);
  const boot = boots[0] ?? 0;
  const drain = drains[0] ?? 0;
  const needed = hostsNeeded(loads, hostSize, count);
  const ends: number[] = [];
  const readyAt: number[] = [];
  // Hosts that were never launched cannot have been waited for.
  const ready = (k: number): number => {
    for (let at = readyAt.length; at < Math.min(k, boots.length); at++) {
      const launch = at < surge ? 0 : (ends[at - surge] ?? 0);
      const afterTrial = limits.canaries > 0 && at >= limits.canaries ? boot : 0;
      readyAt.push(Math.max(launch, afterTrial) + boot);
    }
    return k === 0 ? 0 : (readyAt[Math.min(k, boots.length) - 1] ?? 0);
  };
  for (let ended = 1; ended <= count; ended++) {
    const isTrial = ended <= limits.trialHosts;
    // Room for them may wait for ends that have to come first, never for one that comes later.
    const room = ready(Math.min(needed(ended), ended - 1 + surge));
    ends.push(
      Math.max(limits.drainsFrom + (isTrial ? 0 : drain), isTrial ? 0 : room + drain, ends.at(-1) ?? 0),
    );
  }
  return ends.at(-1) ?? 0;
}

/**
 * All together: let `slack` be by how many ends the booted hosts may lag behind. Paired in order, the (j − slack)-th launch
 * and the j-th end are a boot and a drain apart at least, and no more than `surge + slack` such pairs overlap at a time.
 */
function endBySum({ boots, drains, loads, hostSize }: GroupWork, limits: SurgeLimits): number {
  const count = drains.length;
  if (boots.length < count || limits.surge <= 0) return 0;
  const needed = hostsNeeded(loads, hostSize, count);
  let slack = 0;
  for (let ended = 1; ended <= count; ended++) slack = Math.max(slack, ended - needed(ended));
  const rest = Math.max(0, count - slack - Math.max(limits.canaries, limits.trialHosts));
  const sum = sumOfSmallest(boots, rest) + sumOfSmallest(drains, rest);
  return (limits.canaries > 0 ? (boots[0] ?? 0) : 0) + sum / (limits.surge + slack);
}

/**
 * How many new hosts must have booted when `ended` old ones are gone, at least: for what the remaining old ones could not
 * hold, were they filled to the brim. 0 where nobody can say.
 */
function hostsNeeded(loads: readonly Size[], hostSize: Size, count: number): (ended: number) => number {
  if (loads.length < count || hostSize.cpu === 0 || hostSize.memoryMiB === 0) return () => 0;
  const hosts = Math.max(
    loads.reduce((sum, load) => sum + load.cpu, 0) / hostSize.cpu,
    loads.reduce((sum, load) => sum + load.memoryMiB, 0) / hostSize.memoryMiB,
  );
  return (ended) => Math.max(0, Math.ceil(hosts - (count - ended)));
}
