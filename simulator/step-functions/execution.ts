/**
 * One run of a state machine: the interpreter, and around it what AWS enforces and the interpreter leaves out — payload
 * limits, history, the machine's own timeout, and an end that is an end. Whatever stopped, nothing of it goes on: an
 * abort during a Retry wait would replay the handler, so after the end every task fails with an error that nothing
 * retries or catches. A Lambda in flight goes on to its own end, as in AWS.
 *
 * A redrive is a second attempt of the same execution from the state in which it ended. Source: Step Functions developer
 * guide, redrive-executions (same input of that state, counts of retries and time-outs anew, history goes on).
 */
import type { StateMachineDefinition } from 'aws-local-stepfunctions';
import { NotSimulated } from '../kernel/aws-error.ts';
import type { Timer, VirtualClock } from '../kernel/clock.ts';
import type { Machine, PreparedMachine, State } from './definition.ts';
import { History } from './history.ts';
import { StateMachine } from './interpreter.ts';
import { bytesOf, dataLimitExceeded, ExecutionFault, MAX_PAYLOAD_BYTES, mergedOutput } from './payload.ts';

export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'ABORTED' | 'TIMED_OUT';

export interface ExecutionEnd {
  readonly status: Exclude<ExecutionStatus, 'RUNNING'>;
  readonly output?: unknown;
  readonly error?: string;
  readonly cause?: string;
}

/** The payload as the task's resource sees it → the resource's answer. Throws errors by name and Cause. */
export type TaskRunner = (state: State, input: unknown, execution: Execution) => Promise<unknown>;

export interface ExecutionParts {
  readonly clock: VirtualClock;
  readonly runTask: TaskRunner;
  entered(execution: Execution, stateName: string): void;
  ended(execution: Execution): void;
}

export interface ExecutionIdentity {
  readonly arn: string;
  readonly name: string;
  readonly stateMachineArn: string;
  readonly stateMachineName: string;
  /** As it was given, byte for byte. */
  readonly inputText: string;
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const MAX_ERROR_LENGTH = 256;
const MAX_CAUSE_LENGTH = 32_768;

export class Execution {
  readonly identity: ExecutionIdentity;
  readonly startMs: number;
  readonly history: History;
  largestPayloadBytes = 0;
  /** Ends of waits that are longer than the interpreter's timer, which wakes them in between. */
  readonly longWaits = new Map<State, number>();
  #stopMs: number | undefined;
  #end: ExecutionEnd | undefined;
  /** How often each Task timed out: what a late attempt still does is not history. */
  readonly #timeouts = new Map<string, number>();
  readonly #parts: ExecutionParts;
  readonly #machine: PreparedMachine;
  #whenOver!: Promise<ExecutionEnd>;
  #settleOver: (end: ExecutionEnd) => void = () => {};
  /** Which attempt runs: what an earlier one still does is no longer the execution's business. */
  #attempt = 0;
  #redrivenMs: number | undefined;
  /** Where a redrive goes on: the state of the machine itself that was entered last. */
  #reached: { readonly name: string; readonly input: unknown } | undefined;
  #abort: () => void = () => {};
  #timer: Timer | undefined;
  #lastEntered: { readonly name: string; readonly input: unknown } | undefined;

  constructor(identity: ExecutionIdentity, machine: PreparedMachine, parts: ExecutionParts) {
    this.identity = identity;
    this.startMs = parts.clock.nowMs;
    this.#machine = machine;
    this.#parts = parts;
    this.history = new History(() => {
      const cause = 'The execution reached the maximum number of history events (25000).';
      this.#finish({ status: 'FAILED', error: 'States.Runtime', cause });
    });
    this.#beginAnew();
  }

  #beginAnew(): void {
    this.#end = undefined;
    this.#stopMs = undefined;
    this.#whenOver = new Promise((resolve) => {
      this.#settleOver = resolve;
    });
  }

  /** How often it was redriven. */
  get redriveCount(): number {
    return this.#redrivenMs === undefined ? 0 : this.#attempt;
  }

  get redrivenMs(): number | undefined {
    return this.#redrivenMs;
  }

  get status(): ExecutionStatus {
    return this.#end?.status ?? 'RUNNING';
  }

  get end(): ExecutionEnd | undefined {
    return this.#end;
  }

  get stopMs(): number | undefined {
    return this.#stopMs;
  }

  whenOver(): Promise<ExecutionEnd> {
    return this.#whenOver;
  }

  start(): void {
    this.#run(this.#machine.definition, JSON.parse(this.identity.inputText));
  }

  /**
   * Goes on from the state in which the execution ended, with that state's input.
   *
   * @throws NotSimulated inside a Parallel or Map state, of which AWS redrives only what failed
   */
  redrive(): void {
    const reached = this.#reached;
    const type = this.#machine.definition.States[reached?.name ?? '']?.Type;
    if (type === 'Parallel' || type === 'Map') {
      const why = 'the embedded account does not know which of its branches had succeeded';
      throw new NotSimulated(`the redrive of a ${type} state (${reached?.name})`, why);
    }
    this.#attempt++;
    this.#redrivenMs = this.#parts.clock.nowMs;
    this.#beginAnew();
    this.longWaits.clear();
    this.#lastEntered = undefined;
    this.history.add(this.#redrivenMs, 'ExecutionRedriven');
    const { definition } = this.#machine;
    if (reached) this.#run({ ...definition, StartAt: reached.name }, reached.input);
    else this.start();
  }

  #run(prepared: Machine, input: unknown): void {
    const { clock } = this.#parts;
    const attempt = this.#attempt;
    const { arn, name, stateMachineArn, stateMachineName } = this.identity;
    const handlers: Record<string, (input: Json) => Promise<Json>> = {};
    for (const [stateName, state] of this.#machine.tasks) {
      handlers[stateName] = (payload) => this.#task(attempt, stateName, state, payload) as Promise<Json>;
    }
    if (this.#machine.timeoutSeconds !== undefined) {
      this.#timer = clock.after(this.#machine.timeoutSeconds * 1000, () =>
        this.#finish({ status: 'TIMED_OUT' }),
      );
    }
    // The definition is AWS's to validate, once, when it is deployed: the interpreter would do it anew for each run.
    const definition = prepared as unknown as StateMachineDefinition;
    const machine = new StateMachine(definition, { validationOptions: { noValidate: true } });
    const run = machine.run(input as Json, {
      overrides: { taskResourceLocalHandlers: handlers },
      context: {
        Execution: { Id: arn, Name: name, RoleArn: roleOf(stateMachineArn) },
        StateMachine: { Id: stateMachineArn, Name: stateMachineName },
      },
    });
    this.#abort = run.abort;
    // The result comes before the last events are read: the end waits for them.
    const told = this.#watch(attempt, run.eventLogs as AsyncGenerator<InterpreterEvent>);
    const ends = (end: () => ExecutionEnd) =>
      told.then(() => {
        if (attempt === this.#attempt) this.#finish(end());
      });
    run.result.then(
      (output) => ends(() => ({ status: 'SUCCEEDED', output })),
      (error: unknown) => ends(() => failureOf(error)),
    );
  }

  /** As StopExecution: no Catch runs, nothing is cleaned up. */
  stop(error?: string, cause?: string): void {
    this.#finish({
      status: 'ABORTED',
      ...(error === undefined ? {} : { error }),
      ...(cause === undefined ? {} : { cause }),
    });
  }

  async #task(attempt: number, name: string, state: State, input: unknown): Promise<unknown> {
    if (this.#end || attempt !== this.#attempt) throw over();
    const isLambda = state.Resource?.startsWith('arn:aws:lambda:');
    const kind = state.Type === 'Wait' ? undefined : isLambda ? 'LambdaFunction' : 'Task';
    const timeouts = this.#timeouts.get(name);
    const log = (what: string, about: { error?: string; cause?: string } = {}) => {
      if (kind && !this.#end && attempt === this.#attempt && this.#timeouts.get(name) === timeouts)
        this.history.add(this.#parts.clock.nowMs, `${kind}${what}`, about);
    };
    // The state's raw input, which ResultPath merges into, comes with StateEntered: a few turns of promises behind.
    for (let turn = 0; turn < 20 && this.#lastEntered?.name !== name; turn++) await Promise.resolve();
    const rawInput = this.#lastEntered?.name === name ? this.#lastEntered.input : input;
    this.#weigh(input, () => dataLimitExceeded(name, state, 'an input'));
    log('Scheduled');
    log('Started');
    try {
      const result = await this.#unlessOver(this.#parts.runTask(state, input, this));
      this.#weigh(result, () => dataLimitExceeded(name, state, 'a result'));
      if (kind)
        this.#weigh(mergedOutput(state, rawInput, result), () => dataLimitExceeded(name, state, 'an output'));
      log('Succeeded');
      return result;
    } catch (error) {
      if (error instanceof Error) log('Failed', { error: error.name, cause: error.message });
      throw error;
    }
  }

  /** Rejects when the execution ends first: what the task still does is no longer its business. */
  #unlessOver<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      work.then(resolve, reject);
      void this.#whenOver.then(() => reject(over()));
    });
  }

  #weigh(payload: unknown, fault: () => ExecutionFault): void {
    if (payload === undefined) return;
    const bytes = bytesOf(payload);
    this.largestPayloadBytes = Math.max(this.largestPayloadBytes, bytes);
    if (bytes > MAX_PAYLOAD_BYTES) throw fault();
  }

  async #watch(attempt: number, events: AsyncGenerator<InterpreterEvent>): Promise<void> {
    for await (const event of events) {
      if (this.#end || attempt !== this.#attempt) return;
      this.#note(event);
    }
  }

  #note(event: InterpreterEvent): void {
    const nowMs = this.#parts.clock.nowMs;
    const { state } = event;
    const original = state ? this.#typeOf(state.name, state.type) : '';
    switch (event.type) {
      case 'StateEntered': {
        if (!state) return;
        this.#lastEntered = { name: state.name, input: state.input };
        if (state.name in this.#machine.definition.States) this.#reached = this.#lastEntered;
        this.history.stateTransitions++;
        this.history.add(nowMs, `${original}StateEntered`, { name: state.name });
        if (this.#end) return;
        this.#parts.entered(this, state.name);
        this.#limitOrFail(state.name, state.input, 'an input');
        return;
      }
      case 'StateExited':
        if (!state) return;
        this.#lastEntered = undefined;
        this.history.add(nowMs, `${original}StateExited`, { name: state.name });
        this.#limitOrFail(state.name, state.output, 'an output');
        return;
      case 'StateRetried':
        if (original === 'Wait') return;
        this.history.stateTransitions++;
        return;
      case 'StateFailed':
        if (event.Error === 'States.Timeout' && original === 'Task' && state) {
          this.#timeouts.set(state.name, (this.#timeouts.get(state.name) ?? 0) + 1);
          this.history.add(nowMs, 'TaskTimedOut', { name: state.name, error: 'States.Timeout' });
        }
        return;
      case 'ExecutionStarted':
        if (this.#attempt > 0) return;
        this.history.add(nowMs, 'ExecutionStarted');
        return;
      case 'StateCaught':
      case 'ExecutionSucceeded':
      case 'ExecutionFailed':
      case 'ExecutionAborted':
        return;
      default:
        // Iterations and branches: one event each.
        this.history.add(nowMs, event.type);
    }
  }

  #limitOrFail(stateName: string, payload: unknown, what: string): void {
    try {
      this.#weigh(payload, () => dataLimitExceeded(stateName, undefined, what));
    } catch (error) {
      this.#finish({ status: 'FAILED', error: (error as Error).name, cause: (error as Error).message });
    }
  }

  #typeOf(name: string, type: string): string {
    return this.#machine.tasks.get(name)?.Type ?? type;
  }

  #finish(end: ExecutionEnd): void {
    if (this.#end) return;
    this.#end = limited(end);
    this.#stopMs = this.#parts.clock.nowMs;
    this.#parts.clock.cancel(this.#timer);
    const type = { SUCCEEDED: 'Succeeded', FAILED: 'Failed', ABORTED: 'Aborted', TIMED_OUT: 'TimedOut' }[
      end.status
    ];
    const { error, cause } = this.#end;
    this.history.add(this.#stopMs, `Execution${type}`, {
      ...(error === undefined ? {} : { error }),
      ...(cause === undefined ? {} : { cause }),
    });
    this.#settleOver(this.#end);
    this.#abort();
    this.#parts.ended(this);
  }
}

interface InterpreterEvent {
  readonly type: string;
  readonly state?: {
    readonly name: string;
    readonly type: string;
    readonly input?: unknown;
    readonly output?: unknown;
  };
  readonly Error?: string;
}

/** What the interpreter gets from a task of an execution that is over. */
function over(): ExecutionFault {
  return new ExecutionFault('ExecutionOver', 'the execution is over', { retryable: false, catchable: false });
}

function failureOf(error: unknown): ExecutionEnd {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return { status: 'FAILED', error: 'States.Runtime', cause: String(cause) };
  // A Fail state without Error and Cause ends the execution without them.
  if (cause.name === 'FailStateError') return { status: 'FAILED' };
  const known = cause.name !== 'TypeError' && cause.name !== 'RangeError';
  return { status: 'FAILED', error: known ? cause.name : 'States.Runtime', cause: cause.message };
}

function limited(end: ExecutionEnd): ExecutionEnd {
  return {
    ...end,
    ...(end.error === undefined ? {} : { error: end.error.slice(0, MAX_ERROR_LENGTH) }),
    ...(end.cause === undefined ? {} : { cause: end.cause.slice(0, MAX_CAUSE_LENGTH) }),
  };
}

function roleOf(stateMachineArn: string): string {
  return `arn:aws:iam::${stateMachineArn.split(':')[4]}:role/state-machine`;
}
