/**
 * The limit of every payload that Step Functions carries: 262,144 bytes of JSON in UTF-8, per input, output and result.
 * Source: Step Functions developer guide, service-quotas; concepts-error-handling (`States.DataLimitExceeded`).
 */
import type { Rule, State } from './definition.ts';

export const MAX_PAYLOAD_BYTES = 262_144;

export function bytesOf(payload: unknown): number {
  return Buffer.byteLength(JSON.stringify(payload ?? null));
}

/** An error as the interpreter understands it: name = Error, message = Cause. */
export class ExecutionFault extends Error {
  readonly isRetryable: boolean;
  readonly isCatchable: boolean;

  constructor(
    name: string,
    cause: string,
    how: { readonly retryable: boolean; readonly catchable: boolean },
  ) {
    super(cause);
    this.name = name;
    this.isRetryable = how.retryable;
    this.isCatchable = how.catchable;
  }
}

const DATA_LIMIT = 'States.DataLimitExceeded';

/**
 * `States.ALL` and `States.TaskFailed` do not match this error: only who names it may retry or catch it.
 * Source: Step Functions developer guide, concepts-error-handling.
 */
export function dataLimitExceeded(stateName: string, state: State | undefined, what: string): ExecutionFault {
  const named = (rules: readonly Rule[] | undefined) =>
    rules?.some((rule) => rule.ErrorEquals.includes(DATA_LIMIT)) ?? false;
  return new ExecutionFault(
    DATA_LIMIT,
    `The state/task '${stateName}' returned ${what} with a size exceeding the maximum number of bytes service limit.`,
    { retryable: named(state?.Retry), catchable: named(state?.Catch) },
  );
}

/**
 * What the state hands on when it merges `result` into `input` by its ResultPath; undefined when a selector or an
 * OutputPath decides, which only the interpreter evaluates.
 */
export function mergedOutput(state: State, input: unknown, result: unknown): unknown {
  if (state.OutputPath !== undefined || state.ResultSelector !== undefined) return undefined;
  const path = state.ResultPath;
  if (path === undefined || path === '$') return result;
  if (path === null) return input;
  const steps = path.replace(/^\$\.?/, '').split('.');
  if (steps.some((step) => !/^[\w-]+$/.test(step))) return undefined;
  const place = (into: unknown, at: number): unknown => {
    const step = steps[at];
    if (step === undefined) return result;
    const object = typeof into === 'object' && into !== null ? (into as Record<string, unknown>) : {};
    return { ...object, [step]: place(object[step], at + 1) };
  };
  return place(input, 0);
}
