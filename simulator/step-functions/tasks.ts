/**
 * What a Task state calls, told by its Resource: a Lambda function (by ARN, or by `lambda:invoke` with FunctionName), a
 * child execution, or the end of a Wait.
 *
 * Sources: Step Functions developer guide, connect-lambda, connect-stepfunctions; concepts-error-handling.
 */
import type { VirtualClock } from '../kernel/clock.ts';
import type { LambdaRuntime } from '../lambda/runtime.ts';
import { LONGEST_TIMEOUT_SECONDS, type State } from './definition.ts';
import type { Execution } from './execution.ts';
import { ExecutionFault } from './payload.ts';

export interface TaskParts {
  readonly clock: VirtualClock;
  readonly lambda: LambdaRuntime;
  startChild(stateMachineArn: string, name: string | undefined, input: string): Execution;
  describe(execution: Execution): Record<string, unknown>;
}

/** Step Functions waits a year at most. */
const LONGEST_WAIT_SECONDS = 99_999_999;

export async function runTask(
  parts: TaskParts,
  state: State,
  input: unknown,
  parent: Execution,
): Promise<unknown> {
  if (state.Type === 'Wait') return wait(parts.clock, state, input as WaitInput, parent);
  const resource = state.Resource ?? '';
  if (resource.startsWith('arn:aws:lambda:')) return parts.lambda.invoke(functionName(resource), input);
  if (resource === 'arn:aws:states:::lambda:invoke') return invoke(parts, input as InvokeInput);
  if (resource.startsWith('arn:aws:states:::states:startExecution')) {
    return child(parts, resource, input as StartInput, parent);
  }
  throw runtimeError(`the embedded account has no task resource ${resource}`);
}

/** `arn:aws:lambda:<region>:<account>:function:<name>[:<qualifier>]`, or the name itself. */
export function functionName(nameOrArn: string): string {
  return nameOrArn.startsWith('arn:') ? (nameOrArn.split(':')[6] ?? nameOrArn) : nameOrArn;
}

interface WaitInput {
  readonly seconds?: unknown;
  readonly timestamp?: unknown;
}

async function wait(clock: VirtualClock, state: State, input: WaitInput, parent: Execution): Promise<null> {
  const untilMs = parent.longWaits.get(state) ?? endOfWait(clock.nowMs, input);
  if (untilMs - clock.nowMs >= LONGEST_TIMEOUT_SECONDS * 1000) parent.longWaits.set(state, untilMs);
  if (untilMs > clock.nowMs) await until(clock, untilMs, parent);
  parent.longWaits.delete(state);
  return null;
}

function endOfWait(nowMs: number, { seconds, timestamp }: WaitInput): number {
  if (timestamp !== undefined) {
    const untilMs = Date.parse(String(timestamp));
    if (!Number.isNaN(untilMs)) return untilMs;
    throw runtimeError(`The Timestamp ${String(timestamp)} is not a valid RFC 3339 time`);
  }
  const whole = typeof seconds === 'number' && Number.isInteger(seconds);
  if (whole && seconds >= 0 && seconds <= LONGEST_WAIT_SECONDS) return nowMs + seconds * 1000;
  throw runtimeError(`The Seconds of a Wait must be a whole number from 0 to ${LONGEST_WAIT_SECONDS}`);
}

/** Leaves no timer behind when the execution ends first. */
function until(clock: VirtualClock, untilMs: number, execution: Execution): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.at(untilMs, resolve);
    void execution.whenOver().then(() => clock.cancel(timer));
  });
}

interface InvokeInput {
  readonly FunctionName?: string;
  readonly Payload?: unknown;
}

async function invoke({ lambda }: TaskParts, { FunctionName, Payload }: InvokeInput): Promise<unknown> {
  if (!FunctionName) throw runtimeError('lambda:invoke needs FunctionName');
  const answer = await lambda.invoke(functionName(FunctionName), Payload ?? {});
  return { ExecutedVersion: '$LATEST', Payload: answer, StatusCode: 200 };
}

interface StartInput {
  readonly StateMachineArn?: string;
  readonly Name?: string;
  readonly Input?: unknown;
}

async function child(
  parts: TaskParts,
  resource: string,
  input: StartInput,
  parent: Execution,
): Promise<unknown> {
  const given = input.Input ?? {};
  const text = typeof given === 'string' ? given : JSON.stringify(given);
  let started: Execution;
  try {
    started = parts.startChild(input.StateMachineArn ?? '', input.Name, text);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const name = error.name.endsWith('Exception') ? error.name : `${error.name}Exception`;
    throw new ExecutionFault(`StepFunctions.${name}`, error.message, { retryable: true, catchable: true });
  }
  const suffix = resource.split('startExecution')[1];
  if (!suffix) {
    return { ExecutionArn: started.identity.arn, StartDate: new Date(started.startMs).toISOString() };
  }
  // The parent's end stops the child, as well as it can. Source: connect-stepfunctions.
  void parent.whenOver().then((end) => {
    if (end.status === 'ABORTED' || end.status === 'TIMED_OUT') started.stop();
  });
  const end = await started.whenOver();
  const described = parts.describe(started);
  if (end.status !== 'SUCCEEDED') {
    throw new ExecutionFault('States.TaskFailed', JSON.stringify(described), {
      retryable: true,
      catchable: true,
    });
  }
  return suffix === '.sync:2' ? { ...described, Output: end.output, Input: JSON.parse(text) } : described;
}

/** Neither retried nor caught. Source: concepts-error-handling, States.Runtime. */
function runtimeError(cause: string): ExecutionFault {
  return new ExecutionFault('States.Runtime', cause, { retryable: false, catchable: false });
}
