/** All figures of the result that are measured from the account (design.md §7.6). */
import type { Observation } from '../../simulator/observation.ts';
import { type CheckContext, isOurs } from '../checkers/checker.ts';
import type { Change } from '../checkers/chronicle.ts';
import { mayBeForced, mayBeRehearsed } from '../checkers/kills.ts';
import type { MotionPoint } from '../record.ts';
import type { RehearsalResult } from '../result.ts';
import { lowerBoundSeconds } from './bound.ts';
import { Capacity } from './capacity.ts';
import { Moves } from './moves.ts';
import { type PlannedHost, plannedHosts } from './planned.ts';
import { Originals } from './restored.ts';
import { ServiceHealth } from './services.ts';

export type Measured = Pick<
  RehearsalResult,
  'tasks' | 'services' | 'capacity' | 'bound' | 'restored' | 'leftovers'
> & {
  readonly instances: Pick<RehearsalResult['instances'], 'outdated' | 'replaced'>;
  /** Tasks in motion over time, by service. */
  readonly inMotion: ReadonlyMap<string, readonly MotionPoint[]>;
};

export class Metrics {
  readonly #context: CheckContext;
  readonly #moves: Moves;
  readonly #services: ServiceHealth;
  readonly #capacity: Capacity;
  readonly #originals: Originals;
  #planned: readonly PlannedHost[] | undefined;

  constructor(context: CheckContext) {
    this.#context = context;
    this.#moves = new Moves(
      context.chronicle,
      (task) =>
        mayBeForced(task, context.settings) ||
        mayBeRehearsed(task, context, task.leftAtMs ?? context.truth.nowMs),
    );
    this.#services = new ServiceHealth(context);
    this.#capacity = new Capacity(context);
    this.#originals = new Originals(context);
  }

  /** The plan stands: `outdated` is fixed from here on. At the latest our first drain says so. */
  plan(): void {
    if (this.#planned) return;
    this.#planned = plannedHosts(this.#context);
    this.#moves.plan(this.#planned.flatMap(({ replicas }) => replicas));
  }

  observe(observation: Observation, atMs: number, change: Change | undefined): void {
    if (change?.kind === 'drain' && isOurs(change.by)) this.plan();
    this.#moves.observe(change);
    this.#services.observe(observation, atMs, change);
    this.#capacity.observe(observation, atMs);
    this.#originals.observe(observation);
  }

  /** @param endMs when the last execution had ended and all was restored. */
  end(outcome: string, endMs: number): Measured {
    this.plan();
    const { truth, startedAtMs } = this.#context;
    const planned = this.#planned ?? [];
    const leftovers = this.#originals.leftovers(truth, outcome);
    const replaced = planned.filter(({ host }) => truth.host(host.instanceId)?.state === 'terminated');
    return {
      instances: { outdated: planned.length, replaced: replaced.length },
      tasks: this.#moves.result,
      services: this.#services.result,
      capacity: this.#capacity.result(endMs),
      bound: this.#bound(outcome, planned, (endMs - startedAtMs) / 1000),
      restored: leftovers.length === 0,
      leftovers,
      inMotion: this.#services.inMotion,
    };
  }

  #bound(
    outcome: string,
    planned: readonly PlannedHost[],
    durationSeconds: number,
  ): RehearsalResult['bound'] {
    if (outcome !== 'SUCCEEDED') return { durationSeconds: null, ratio: null };
    const bound = lowerBoundSeconds(this.#context, planned);
    return { durationSeconds: bound, ratio: bound > 0 ? durationSeconds / bound : null };
  }
}
