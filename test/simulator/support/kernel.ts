/** A bare account kernel for tests: clock, randomness, dispatcher and a fault board that does nothing unless told. */
import { Dispatcher, type NoisyNeighbour } from '../../../simulator/dispatch/dispatcher.ts';
import type { BucketSize } from '../../../simulator/dispatch/token-bucket.ts';
import { VirtualClock } from '../../../simulator/kernel/clock.ts';
import { RandomStreams } from '../../../simulator/kernel/random.ts';
import { useForMathRandom } from '../../../simulator/kernel/virtual-random.ts';
import type { Observation } from '../../../simulator/observation.ts';
import type { FaultBoard, Timings } from '../../../simulator/world.ts';

export const START_MS = Date.parse('2026-11-22T12:00:00Z');
const LONG_MS = 400 * 86_400_000;

export const QUIET: FaultBoard = {
  neverRegisters: () => false,
  breaksTask: () => undefined,
  launchFailure: () => undefined,
  stuckStoppingSeconds: () => 0,
  pendingStallSeconds: () => 0,
  apiError: () => undefined,
  losesResponse: () => false,
  staleMs: () => 0,
  crashesAfterCall: () => false,
  dropsEvent: () => false,
  duplicatesEvent: () => false,
};

export const TIMINGS: Timings = {
  launchSeconds: () => [10, 10],
  registerSeconds: () => [30, 30],
  startSeconds: () => [20, 20],
  stopSeconds: () => [5, 5],
  eventDelaySeconds: () => [1, 1],
};

export interface Kernel {
  readonly clock: VirtualClock;
  readonly random: RandomStreams;
  readonly dispatcher: Dispatcher;
  readonly observations: (Observation & { readonly atMs: number })[];
  readonly faults: FaultBoard;
  /** Lets virtual time pass until the work is done; answers what it answers, throws what it throws. */
  finish<T>(work: () => Promise<T>): Promise<T>;
  /** Lets virtual time pass until nothing is left to do, or for so many seconds. */
  pass(seconds?: number): Promise<void>;
  close(): void;
}

export function kernel(
  options: {
    readonly seed?: number;
    readonly faults?: Partial<FaultBoard>;
    readonly noisyNeighbour?: NoisyNeighbour;
    readonly bucketSizes?: Readonly<Record<string, BucketSize>>;
  } = {},
): Kernel {
  const clock = new VirtualClock(START_MS);
  const random = new RandomStreams(options.seed ?? 1);
  const observations: (Observation & { atMs: number })[] = [];
  const faults = { ...QUIET, ...options.faults };
  const dispatcher = new Dispatcher({
    clock,
    random,
    faults,
    record: (observation) => observations.push({ ...observation, atMs: clock.nowMs }),
    ...(options.noisyNeighbour === undefined ? {} : { noisyNeighbour: options.noisyNeighbour }),
    ...(options.bucketSizes ? { bucketSizes: options.bucketSizes } : {}),
  });
  clock.install();
  const giveRandomBack = useForMathRandom(random.stream('Math.random'));
  return {
    clock,
    random,
    dispatcher,
    observations,
    faults,
    async finish(work) {
      let over = false;
      const result = work();
      const settled = result.then(
        () => {
          over = true;
        },
        () => {
          over = true;
        },
      );
      const how = await clock.run(() => over, clock.nowMs + LONG_MS);
      if (how !== 'done') throw new Error(`the work never ended: ${how}`);
      await settled;
      return result;
    },
    async pass(seconds) {
      const until = seconds === undefined ? Number.POSITIVE_INFINITY : clock.nowMs + seconds * 1000;
      if (seconds !== undefined) clock.at(until, () => {});
      await clock.run(() => clock.nowMs >= until, Number.POSITIVE_INFINITY);
    },
    close() {
      giveRandomBack();
      clock.uninstall();
    },
  };
}
