/** What `rollover rehearse --json` prints: one object, a public contract. Times are ISO 8601, durations seconds. */
import type { Outcome } from '../functions/core/outcome.ts';

export interface HeldHost {
  readonly instanceId: string;
  readonly reason: string;
  readonly blockedBy?: { readonly service: string; readonly message: string };
}

export interface ServiceResult {
  readonly serviceName: string;
  readonly desired: number;
  readonly allowedMinimum: number;
  readonly lowestHealthy: number;
  readonly peakShareInMotion: number;
}

export interface ResultFinding {
  readonly severity: 'blocks' | 'outage' | 'note';
  readonly instanceId?: string;
  readonly service?: string;
  readonly field: string;
  readonly message: string;
  readonly remedy: string;
}

export interface Leftover {
  readonly resource: string;
  readonly knob: string;
  readonly original: unknown;
  readonly now: unknown;
}

export interface Violation {
  readonly atSeconds: number;
  readonly invariant: string;
  readonly message: string;
}

export interface RehearsalResult {
  readonly outcome: Outcome;
  readonly reason: string;
  readonly seed: number;
  readonly startedAt: string;
  readonly durationSeconds: number;
  readonly instances: {
    readonly outdated: number;
    readonly replaced: number;
    readonly held: readonly HeldHost[];
    readonly exempt: readonly { readonly instanceId: string; readonly reason: string }[];
  };
  readonly tasks: {
    readonly total: number;
    readonly moves: number;
    readonly movesPerTask: number;
    readonly mostMovesOfOneTask: number;
    readonly killed: number;
  };
  readonly services: readonly ServiceResult[];
  readonly redeployed: readonly {
    readonly cluster: string;
    readonly service: string;
    readonly outcome: string;
    readonly proof: string;
  }[];
  readonly findings: readonly ResultFinding[];
  readonly predicted: {
    readonly durationSeconds: number;
    readonly moves: number;
    readonly extraInstanceHours: number;
  };
  readonly capacity: {
    readonly instancesBefore: number;
    readonly peakInstances: number;
    readonly extraInstanceHours: number;
  };
  readonly bound: { readonly durationSeconds: number | null; readonly ratio: number | null };
  readonly cost: {
    readonly apiCalls: Readonly<Record<string, number>>;
    readonly throttled: number;
    readonly stateTransitions: number;
    readonly historyEvents: number;
    readonly largestPayloadBytes: number;
    readonly lambdaInvocations: number;
    readonly usd: number;
  };
  readonly restored: boolean;
  readonly leftovers: readonly Leftover[];
  readonly faults: readonly { readonly kind: string; readonly firedAtSeconds: readonly number[] }[];
  readonly notifications: readonly { readonly atSeconds: number; readonly kind: string }[];
  readonly violations: readonly Violation[];
}

/** Exit codes of the command, by outcome (public contract). */
const EXIT_CODES: Readonly<Record<Outcome, number>> = {
  SUCCEEDED: 0,
  NOTHING_TO_DO: 0,
  PARTIAL: 2,
  REFUSED: 3,
  PENDING_WINDOW: 4,
  ROLLED_BACK: 5,
  ABORTED: 6,
  FAILED: 1,
};

/** Wrong usage or input: nothing was run. */
export const EXIT_BAD_INPUT = 64;

export function exitCodeOfOutcome(outcome: Outcome): number {
  return EXIT_CODES[outcome];
}

/** A rehearsal with a violation, or that leaves something not restored, has failed whatever its outcome. */
export function exitCodeOf(result: Pick<RehearsalResult, 'outcome' | 'violations' | 'restored'>): number {
  return result.violations.length > 0 || !result.restored ? 1 : EXIT_CODES[result.outcome];
}
