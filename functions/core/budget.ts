/** How many tasks of one service may be in motion at once (decisions.md rule 7). */
import { healthyFloor, serviceClass } from './arithmetic.ts';
import type { ServiceFacts } from './facts.ts';

/**
 * The limit on tasks of the service that are on DRAINING hosts or replaced and not healthy again: the percentage
 * rounded down, at least one; for a service whose tasks may stop first also what its minimum leaves.
 */
export function motionLimit(
  service: Pick<ServiceFacts, 'desiredCount' | 'minimumHealthyPercent' | 'maximumPercent'>,
  maxTasksInMotionPercent: number,
): number {
  const { desiredCount: desired, minimumHealthyPercent } = service;
  const share = Math.max(1, Math.floor((desired * maxTasksInMotionPercent) / 100));
  if (serviceClass(service) !== 'may-stop-first') return share;
  return Math.max(1, Math.min(share, desired - healthyFloor(desired, minimumHealthyPercent)));
}

/**
 * Whether a host with `onHost` tasks of the service may drain now. Hosts are the grain: what one host carries may
 * always move when nothing of the service is in motion, even if that is more than the limit.
 */
export function mayMove(onHost: number, inMotion: number, limit: number): boolean {
  return onHost === 0 || inMotion === 0 || inMotion + onHost <= limit;
}
