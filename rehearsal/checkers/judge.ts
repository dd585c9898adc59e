/**
 * Checkers and figures over one account: what a rehearsal, and a test of an orchestrator, talks to.
 *
 *     const judge = new Judge(run);                       // before anything happens
 *     account.observe((o, atMs) => judge.observe(o, atMs));
 *     judge.plan();                                       // when the run has planned (or leave it to our first drain)
 *     const { violations, measured } = judge.end({ outcome, stillRunning, mode }, endMs);
 */
import type { Observation } from '../../simulator/observation.ts';
import { type Measured, Metrics } from '../metrics/index.ts';
import type { Violation } from '../result.ts';
import type { CheckContext, CheckerFactory, JudgedEnding, JudgedRun } from './checker.ts';
import { Chronicle } from './chronicle.ts';
import { CHECKERS, Checkers } from './index.ts';

export interface Judgement {
  readonly violations: readonly Violation[];
  readonly measured: Measured;
}

export class Judge {
  readonly context: CheckContext;
  readonly #checkers: Checkers;
  readonly #metrics: Metrics;

  constructor(run: JudgedRun, factories: readonly CheckerFactory[] = CHECKERS) {
    // By prototype, not by copy: the rehearsal may fill in what becomes known (target image, outdated hosts).
    this.context = Object.assign(Object.create(run) as JudgedRun, { chronicle: new Chronicle(run.truth) });
    this.#checkers = new Checkers(this.context, factories);
    this.#metrics = new Metrics(this.context);
  }

  get violations(): readonly Violation[] {
    return this.#checkers.violations;
  }

  observe(observation: Observation, atMs: number): void {
    const change = this.context.chronicle.observe(observation, atMs);
    this.#checkers.observe(observation, atMs, change);
    this.#metrics.observe(observation, atMs, change);
  }

  plan(): void {
    this.#metrics.plan();
  }

  /** @param endMs when the last execution had ended and all was restored, epoch milliseconds. */
  end(ending: JudgedEnding, endMs: number): Judgement {
    this.#checkers.end(this.context.truth, ending);
    const measured = this.#metrics.end(ending.outcome, endMs);
    return { violations: this.violations, measured };
  }
}
