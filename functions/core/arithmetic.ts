/**
 * What a service's `minimumHealthyPercent` and `maximumPercent` let ECS do with its tasks.
 * Source: Amazon ECS developer guide, "deployment-type-ecs" and "container-instance-draining".
 */
import type { ServiceFacts } from './facts.ts';

/** The lower limit, rounded up: ECS stops no task that would bring the healthy ones under it. */
export function healthyFloor(desiredCount: number, minimumHealthyPercent: number): number {
  return Math.ceil((desiredCount * minimumHealthyPercent) / 100);
}

/** The upper limit, rounded down: ECS starts no task that would bring the running and pending ones over it. */
export function taskCeiling(desiredCount: number, maximumPercent: number): number {
  return Math.floor((desiredCount * maximumPercent) / 100);
}

/**
 * How a drain moves a service's tasks (decisions.md rule 6). `start-first`: a replacement is healthy before a task
 * stops. `may-stop-first`: ECS may stop a task before its replacement is up. `stuck`: neither is allowed, so a drain
 * never ends. `idle`: nothing is desired, nothing moves.
 */
export type ServiceClass = 'start-first' | 'may-stop-first' | 'stuck' | 'idle';

export function serviceClass(
  service: Pick<ServiceFacts, 'desiredCount' | 'minimumHealthyPercent' | 'maximumPercent'>,
): ServiceClass {
  const { desiredCount: desired, minimumHealthyPercent, maximumPercent } = service;
  if (desired === 0) return 'idle';
  if (healthyFloor(desired, minimumHealthyPercent) < desired) return 'may-stop-first';
  return taskCeiling(desired, maximumPercent) > desired ? 'start-first' : 'stuck';
}
