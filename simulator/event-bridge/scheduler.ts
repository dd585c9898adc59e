/**
 * Amazon EventBridge Scheduler: invokes a function at a rate or at a time, within the minute.
 * Source: EventBridge Scheduler user guide, schedule-types (60 s precision, at least once).
 */
import { asNobody } from '../kernel/caller.ts';
import type { VirtualClock } from '../kernel/clock.ts';
import type { RandomStream, RandomStreams } from '../kernel/random.ts';
import type { LambdaRuntime } from '../lambda/runtime.ts';
import type { FaultBoard } from '../world.ts';

export interface SchedulerParts {
  readonly clock: VirtualClock;
  readonly random: RandomStreams;
  readonly faults: FaultBoard;
  readonly lambda: LambdaRuntime;
}

const PRECISION_SECONDS = [0, 59] as const;

export class Scheduler {
  readonly #parts: SchedulerParts;
  readonly #offsets: RandomStream;

  constructor(parts: SchedulerParts) {
    this.#parts = parts;
    this.#offsets = parts.random.stream('scheduler/offsets');
  }

  /**
   * As `rate(…)`: first after so many seconds, then at that distance.
   *
   * @returns ends the schedule
   */
  every(seconds: number, functionName: string, payload: unknown): () => void {
    let ended = false;
    const { clock } = this.#parts;
    const arm = (dueMs: number) => {
      clock.at(dueMs, () => {
        if (ended) return;
        this.#invoke(dueMs, functionName, payload);
        arm(dueMs + seconds * 1000);
      });
    };
    arm(clock.nowMs + seconds * 1000);
    return () => {
      ended = true;
    };
  }

  /** As `at(…)`: once. */
  once(atMs: number, functionName: string, payload: unknown): void {
    this.#parts.clock.at(atMs, () => this.#invoke(atMs, functionName, payload));
  }

  #invoke(dueMs: number, functionName: string, payload: unknown): void {
    const times = this.#parts.faults.duplicatesEvent() ? 2 : 1;
    for (let time = 0; time < times; time++) {
      const offsetMs = Math.round(this.#offsets.between(PRECISION_SECONDS) * 1000);
      this.#parts.clock.at(dueMs + offsetMs, () =>
        asNobody(() => this.#parts.lambda.invokeAsync(functionName, payload)),
      );
    }
  }
}
