/** How long until the next look (decisions.md, "Pace"). */

/** Up to so many tasks a look reads all of them; of more, only what may have changed. */
export const READ_WHOLE_TASKS = 3000;
/** A host in motion is listed as it changes, and so is the one that takes its tasks. */
const LISTS_PER_MOVING_HOST = 2;
/** Reads of hosts and running tasks in one look at most: with the burst, two thirds of a Lambda's minute. */
export const READS_PER_LOOK = 200;

/**
 * ECS read calls that one look at the cluster costs, by the page sizes of the ECS API reference. `moving`: hosts that drain
 * or take tasks. Of a large cluster hosts are described without being listed, and what is read of services has a rate of
 * its own (Amazon ECS developer guide, "Request throttling for the Amazon ECS API"): what takes longer counts.
 */
export function readsPerLook(counts: {
  hosts: number;
  tasks: number;
  services: number;
  groups: number;
  moving: number;
}): number {
  const hosts = pages(counts.hosts, 100);
  const tasks = 2 * pages(counts.tasks, 100);
  const services = 11 * pages(counts.services, 100);
  const others = counts.groups + 2;
  if (counts.tasks <= READ_WHOLE_TASKS) return 2 * hosts + tasks + services + others;
  const changed = Math.min(tasks, LISTS_PER_MOVING_HOST * counts.moving, READS_PER_LOOK);
  return Math.max(hosts + changed + others, services);
}

const pages = (items: number, size: number) => Math.ceil(items / size);

/** Never more often than every 15 s, and never more than five reads a second: a quarter of ECS's 20 a second. */
export function tickSeconds(reads: number): number {
  return Math.max(15, Math.ceil(reads / 5));
}

/** Moments further away than this are not looked forward to: too much may happen before. */
const FORESEEN_SECONDS = 60;

/**
 * Looks from now to the first known moment, spread evenly, so that one falls on it instead of up to a tick after it; never
 * more often than every `tick` seconds.
 */
export function alignedSeconds(tick: number, momentsMs: readonly number[], nowMs: number): number {
  const next = momentsMs
    .map((atMs) => (atMs - nowMs) / 1000)
    .filter((seconds) => seconds >= tick && seconds <= FORESEEN_SECONDS);
  if (next.length === 0) return tick;
  const first = Math.min(...next);
  return Math.ceil(first / Math.floor(first / tick));
}
