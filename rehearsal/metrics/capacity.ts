/**
 * `capacity` of the result (design.md §7.6): pending and running instances of the cluster's groups, at most and beyond
 * what was there before.
 */
import type { Observation } from '../../simulator/observation.ts';
import type { CheckContext } from '../checkers/checker.ts';
import type { RehearsalResult } from '../result.ts';

export class Capacity {
  readonly #groups: ReadonlySet<string>;
  readonly #up = new Set<string>();
  readonly #before: number;
  #peak: number;
  #extraHours = 0;
  #sinceMs: number;

  constructor(context: CheckContext) {
    this.#groups = groupsOf(context);
    for (const host of context.chronicle.hosts.values()) {
      if (host.isUp && host.group !== null && this.#groups.has(host.group)) this.#up.add(host.instanceId);
    }
    this.#before = this.#up.size;
    this.#peak = this.#up.size;
    this.#sinceMs = context.startedAtMs;
  }

  observe(observation: Observation, atMs: number): void {
    if (observation.kind !== 'host' || observation.group === null || !this.#groups.has(observation.group))
      return;
    this.#passTo(atMs);
    const isUp = observation.state === 'pending' || observation.state === 'running';
    if (isUp) this.#up.add(observation.instanceId);
    else this.#up.delete(observation.instanceId);
    this.#peak = Math.max(this.#peak, this.#up.size);
  }

  /** @param endMs when the run ended; what is still extra costs until then. */
  result(endMs: number): RehearsalResult['capacity'] {
    this.#passTo(endMs);
    return {
      instancesBefore: this.#before,
      peakInstances: this.#peak,
      extraInstanceHours: this.#extraHours,
    };
  }

  #passTo(atMs: number): void {
    const extra = Math.max(0, this.#up.size - this.#before);
    if (atMs > this.#sinceMs) this.#extraHours += (extra * (atMs - this.#sinceMs)) / 3_600_000;
    this.#sinceMs = Math.max(this.#sinceMs, atMs);
  }
}

function groupsOf(context: CheckContext): Set<string> {
  const groups = new Set(context.groups);
  for (const host of context.chronicle.hosts.values()) {
    if (host.cluster === context.cluster && host.group !== null) groups.add(host.group);
  }
  return groups;
}
