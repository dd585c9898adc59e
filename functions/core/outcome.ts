/** How a run can end (public contract); every execution, result and notification uses these words. */
export const OUTCOMES = [
  'SUCCEEDED',
  'NOTHING_TO_DO',
  'PARTIAL',
  'REFUSED',
  'PENDING_WINDOW',
  'ROLLED_BACK',
  'ABORTED',
  'FAILED',
] as const;

export type Outcome = (typeof OUTCOMES)[number];

/** How a run ends, with a sentence for people. */
export interface Ending {
  readonly outcome: Outcome;
  readonly reason: string;
}
