/** How a function fails, as its invoker sees it. */

/** Lambda's error payload; Step Functions hands it on as the Cause, a JSON string. Source: AWS Lambda developer guide, nodejs-exceptions. */
export interface FunctionErrorPayload {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
}

/**
 * A function error. `name` is the error type and `message` the payload as JSON, which is how a state machine matches it
 * and shows it.
 */
export class FunctionError extends Error {
  readonly payload: FunctionErrorPayload;

  constructor(errorName: string, payload: FunctionErrorPayload) {
    super(JSON.stringify(payload));
    this.name = errorName;
    this.payload = payload;
  }
}

/** What a handler threw. The trace keeps its first line only: the rest would tell paths of this machine. */
export function thrownError(thrown: unknown): FunctionError {
  if (!(thrown instanceof Error)) {
    return new FunctionError(typeof thrown, {
      errorType: typeof thrown,
      errorMessage: String(thrown),
      trace: [],
    });
  }
  const errorType = thrown.name || 'Error';
  return new FunctionError(errorType, {
    errorType,
    errorMessage: thrown.message,
    trace: [`${errorType}: ${thrown.message}`],
  });
}

/** Source: Step Functions developer guide, concepts-error-handling (`Sandbox.Timedout`); the text is Lambda's own. */
export function timedOut(requestId: string, timeoutSeconds: number): FunctionError {
  const errorMessage = `RequestId: ${requestId} Error: Task timed out after ${timeoutSeconds.toFixed(2)} seconds`;
  return new FunctionError('Sandbox.Timedout', { errorType: 'Sandbox.Timedout', errorMessage });
}

/**
 * The process died. The guide says `Lambda.Unknown` ("unhandled errors"), users see the runtime's own
 * `Runtime.ExitError`: UNCONFIRMED, so the account takes either.
 */
export function exited(requestId: string, reportedAs: 'Lambda.Unknown' | 'Runtime.ExitError'): FunctionError {
  return new FunctionError(reportedAs, {
    errorType: 'Runtime.ExitError',
    errorMessage: `RequestId: ${requestId} Error: Runtime exited with error: exit status 1`,
  });
}

/**
 * Lambda, or the way to it, failed: `Lambda.ServiceException`, `Lambda.AWSLambdaException`, `Lambda.SdkClientException`,
 * `Lambda.TooManyRequestsException`. Source: Step Functions developer guide, sfn-best-practices (retry these).
 */
export function notInvoked(code: string): InvocationError {
  const errorType = code.replace(/^Lambda\./, '');
  return new InvocationError(`Lambda.${errorType}`, {
    errorType,
    errorMessage: `${errorType} when invoking the function`,
  });
}

/** The function itself did not fail: Lambda refused or lost the invocation. */
export class InvocationError extends FunctionError {}
