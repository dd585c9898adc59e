/**
 * The delays that were drawn in a run, as they showed: boots, starts, health, stops. What an orchestrator could have
 * caused itself (a start that waited for a stopping neighbour, a stop cut short by the end of the host) is left out.
 */

import { isOurs } from '../checkers/checker.ts';
import type { Chronicle } from '../checkers/chronicle.ts';
import type { ServiceMotion } from '../checkers/service-motion.ts';

export interface ServiceDelays {
  /** Placed → RUNNING, each; seconds, ascending, as all of them here. */
  readonly starts: readonly number[];
  /** Placed → healthy for the first time, each. */
  readonly moves: readonly number[];
  /** Told to stop → STOPPED, each, of stops by drain. */
  readonly stops: readonly number[];
}

export interface Delays {
  /** EC2 launch → ACTIVE in the cluster, by group. */
  readonly boots: ReadonlyMap<string, readonly number[]>;
  readonly services: ReadonlyMap<ServiceMotion, ServiceDelays>;
}

export function observedDelays(chronicle: Chronicle): Delays {
  const boots = new Map<string, number[]>();
  for (const host of chronicle.hosts.values()) {
    if (host.wasThereAtStart || host.group === null || host.registeredAtMs === undefined) continue;
    pushTo(boots, host.group, (host.registeredAtMs - host.launchedAtMs) / 1000);
  }
  const services = new Map<ServiceMotion, { starts: number[]; moves: number[]; stops: number[] }>();
  for (const task of chronicle.tasks.values()) {
    const motion = chronicle.motionOf(task);
    if (!motion) continue;
    const delays = services.get(motion) ?? { starts: [], moves: [], stops: [] };
    services.set(motion, delays);
    const { placedAtMs, startedAtMs, arrivedAtMs, leftAtMs, stoppedAtMs, cause } = task;
    if (task.metDuringRun && placedAtMs !== undefined && startedAtMs !== null && !task.placedBesideStopping) {
      delays.starts.push((startedAtMs - placedAtMs) / 1000);
      if (arrivedAtMs !== undefined) delays.moves.push((arrivedAtMs - placedAtMs) / 1000);
    }
    const isDrain = cause?.because === 'drain' && isOurs(cause.actor) && task.host?.endedAtMs !== undefined;
    if (isDrain && leftAtMs !== undefined && stoppedAtMs !== undefined && task.startedAtMs !== null) {
      delays.stops.push((stoppedAtMs - leftAtMs) / 1000);
    }
  }
  for (const list of boots.values()) list.sort(ascending);
  for (const delays of services.values()) {
    for (const list of [delays.starts, delays.moves, delays.stops]) list.sort(ascending);
  }
  return { boots, services };
}

export function ascending(a: number, b: number): number {
  return a - b;
}

/** Sum of the smallest `count`; what is missing counts as the smallest, or nothing. */
export function sumOfSmallest(sorted: readonly number[], count: number): number {
  let sum = 0;
  for (let at = 0; at < count; at++) sum += sorted[at] ?? sorted[0] ?? 0;
  return sum;
}

function pushTo<K>(lists: Map<K, number[]>, key: K, value: number): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}
