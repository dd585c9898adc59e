/**
 * A campaign: seed after seed, each a whole run with what may strike it, on as many processes as there are cores. What is
 * reported of a seed does not depend on the others, nor on who rehearsed it.
 */
import { performance } from 'node:perf_hooks';
import { Crew } from './crew.ts';
import type { DrawnKind } from './draw-faults.ts';
import type { SeedReport } from './simulate-seed.ts';
import { type CampaignResult, Tally } from './tally.ts';

export interface CampaignOptions {
  readonly first: number;
  readonly last: number;
  /** No seed is begun after so many minutes; those under way are finished. */
  readonly minutes?: number;
  /** Kinds of fault to draw from: none when empty, all when absent. */
  readonly only?: readonly DrawnKind[];
  readonly workers: number;
  /** Gets the line of every seed that failed, when it did. */
  readonly tellFailure: (line: string) => void;
  /** Gets lines of progress. */
  readonly say: (line: string) => void;
}

const PROGRESS_MS = 15_000;

export class Campaign {
  readonly #options: CampaignOptions;
  readonly #tally: Tally;
  readonly #crew: Crew;
  readonly #startedMs = performance.now();
  #nextSeed: number;

  constructor(options: CampaignOptions) {
    const { first, last, only, workers } = options;
    this.#options = options;
    this.#nextSeed = first;
    this.#tally = new Tally(first, last, only);
    this.#crew = new Crew(
      Math.min(workers, last - first + 1),
      () => this.#order(),
      (report) => this.#take(report),
    );
  }

  async run(): Promise<CampaignResult> {
    const progress = setInterval(() => this.#sayProgress(), PROGRESS_MS);
    try {
      await this.#crew.work();
    } finally {
      clearInterval(progress);
      this.#crew.dismiss();
    }
    return this.#tally.result(this.#wallSeconds());
  }

  /** Ends every process at once; `run` then resolves with what is known so far. */
  stop(): void {
    this.#crew.dismiss();
  }

  #order() {
    const { last, minutes, only } = this.#options;
    const isOver = minutes !== undefined && this.#wallSeconds() >= minutes * 60;
    if (isOver || this.#nextSeed > last) return undefined;
    const seed = this.#nextSeed;
    this.#nextSeed += 1;
    return { seed, ...(only !== undefined && { only }) };
  }

  #take(report: SeedReport): void {
    this.#tally.add(report);
    if (report.wrongs.length > 0) this.#options.tellFailure(this.#tally.lineOf(report));
  }

  #sayProgress(): void {
    const { first, last } = this.#options;
    const { run, failed } = this.#tally;
    this.#options.say(
      `${run} of ${last - first + 1} seeds, ${failed} failed, ${Math.round(this.#wallSeconds())} s`,
    );
  }

  #wallSeconds(): number {
    return (performance.now() - this.#startedMs) / 1000;
  }
}
