/** When a run will be done, from its own measured steps; before there are any, from the plan. Pure. */

export interface Eta {
  readonly secondsLeft: number;
  /** Two standard deviations of what is left, where steps were measured: nineteen of twenty runs end within it. */
  readonly errorSeconds?: number;
  readonly from: 'measured steps' | 'the plan';
}

export interface EtaFacts {
  readonly nowMs: number;
  readonly startedAtMs: number;
  readonly predictedSeconds: number;
  /** When each replaced host was gone, in any order. */
  readonly replacedAtMs: readonly number[];
  /** Hosts still to be replaced; held ones are not among them. */
  readonly left: number;
}

/** Fewer say nothing: the trial's host alone, and the first of the wave. */
const STEPS_AT_LEAST = 4;
/** Taking away the trial's surplus, the last reads, and putting everything back: about so long at least. */
const CLOSING_SECONDS = 60;

/** A step is the time from one replaced host to the next: hosts that go side by side make short ones. */
export function etaOf({ nowMs, startedAtMs, predictedSeconds, replacedAtMs, left }: EtaFacts): Eta {
  const times = [...replacedAtMs].sort((a, b) => a - b);
  const steps = times.slice(1).map((atMs, at) => (atMs - (times[at] ?? atMs)) / 1000);
  if (steps.length < STEPS_AT_LEAST) {
    const planned = predictedSeconds - (nowMs - startedAtMs) / 1000;
    return { secondsLeft: Math.max(left > 0 ? CLOSING_SECONDS : 0, Math.round(planned)), from: 'the plan' };
  }
  const mean = steps.reduce((sum, step) => sum + step, 0) / steps.length;
  const variance = steps.reduce((sum, step) => sum + (step - mean) ** 2, 0) / (steps.length - 1);
  const sinceLast = (nowMs - (times.at(-1) ?? nowMs)) / 1000;
  const moving = Math.max(0, left * mean - Math.min(sinceLast, mean));
  return {
    secondsLeft: Math.round(moving + CLOSING_SECONDS),
    errorSeconds: Math.round(2 * Math.sqrt(variance * Math.max(1, left)) + CLOSING_SECONDS),
    from: 'measured steps',
  };
}
