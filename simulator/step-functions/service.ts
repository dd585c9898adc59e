/**
 * AWS Step Functions (Standard workflows): state machines, executions and their names, and the API around them.
 *
 * Sources: Step Functions API reference, StartExecution (idempotent while running with the same input, else
 * ExecutionAlreadyExists; a name is free again 90 days after the close), DescribeExecution (eventually consistent),
 * StopExecution; developer guide, eventbridge-integration (status-change events, best effort).
 */
import { awsError } from '../kernel/aws-error.ts';
import { asNobody } from '../kernel/caller.ts';
import type { VirtualClock } from '../kernel/clock.ts';
import { uuid } from '../kernel/ids.ts';
import { pageOf } from '../kernel/pages.ts';
import type { RandomStream, RandomStreams } from '../kernel/random.ts';
import type { LambdaRuntime } from '../lambda/runtime.ts';
import type { Observation } from '../observation.ts';
import type { Call, OperationRegistry, ServiceEvent } from '../world.ts';
import { type Machine, type PreparedMachine, prepare } from './definition.ts';
import { Execution } from './execution.ts';
import { type HistoryEvent, MAX_HISTORY_EVENTS } from './history.ts';
import { MAX_PAYLOAD_BYTES } from './payload.ts';
import { runTask } from './tasks.ts';

export interface StepFunctionsParts {
  readonly clock: VirtualClock;
  readonly random: RandomStreams;
  readonly lambda: LambdaRuntime;
  readonly accountId: string;
  readonly region: string;
  readonly registry: OperationRegistry;
  record(observation: Observation): void;
  /** Puts a status-change event on the bus. */
  emit(event: ServiceEvent): void;
}

interface StateMachineRecord {
  readonly arn: string;
  readonly name: string;
  readonly machine: PreparedMachine;
}

/** What one execution cost, for the result's `cost`. */
export interface ExecutionCost {
  readonly stateTransitions: number;
  readonly historyEvents: number;
  readonly largestPayloadBytes: number;
}

const NAME_IS_TAKEN_MS = 90 * 86_400_000;
/** Source: Step Functions developer guide, redrive-executions: the redrivable period. */
const REDRIVABLE_MS = 14 * 86_400_000;
/** Spaces, brackets, wildcards, specials and control characters. Source: StartExecutionInput.name. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: AWS forbids exactly these in a name
const FORBIDDEN_IN_NAMES = /[\s<>{}[\]?*"#%\\^|~`$&,;:/\u0000-\u001f\u007f-\u009f\ufffe\uffff]/;
const LISTING = {
  defaultLimit: 100,
  maxLimit: 1000,
  limitError: 'ValidationException',
  tokenError: 'InvalidToken',
};

export class StepFunctions {
  readonly #parts: StepFunctionsParts;
  readonly #machines = new Map<string, StateMachineRecord>();
  /** By execution ARN, the latest of a name. */
  readonly #executions = new Map<string, Execution>();
  readonly #all: Execution[] = [];
  readonly #ids: RandomStream;

  constructor(parts: StepFunctionsParts) {
    this.#parts = parts;
    this.#ids = parts.random.stream('step-functions/ids');
    this.#register();
  }

  /**
   * @param definition the ASL with every placeholder filled in
   * @returns the state machine's ARN
   * @throws NotSimulated naming what the embedded account cannot interpret
   */
  create(name: string, definition: unknown): string {
    const arn = `arn:aws:states:${this.#parts.region}:${this.#parts.accountId}:stateMachine:${name}`;
    this.#machines.set(arn, { arn, name, machine: prepare(definition as Machine) });
    return arn;
  }

  /** Every execution of this run, oldest first. */
  get executions(): readonly Execution[] {
    return this.#all;
  }

  running(): readonly Execution[] {
    return this.#all.filter((execution) => execution.status === 'RUNNING');
  }

  execution(arn: string): Execution | undefined {
    return this.#executions.get(arn);
  }

  /** Transitions of all executions; events and payload of the worst single one. */
  get cost(): ExecutionCost {
    return {
      stateTransitions: this.#all.reduce((sum, { history }) => sum + history.stateTransitions, 0),
      historyEvents: Math.max(0, ...this.#all.map(({ history }) => history.count)),
      largestPayloadBytes: Math.max(0, ...this.#all.map(({ largestPayloadBytes }) => largestPayloadBytes)),
    };
  }

  /**
   * As StartExecution.
   *
   * @throws StateMachineDoesNotExist, InvalidName, InvalidExecutionInput, ExecutionAlreadyExists
   */
  start(stateMachineArn: string, inputText = '{}', name = uuid(this.#ids)): Execution {
    const record = this.#machines.get(stateMachineArn);
    if (!record) {
      throw awsError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${stateMachineArn}'`);
    }
    if (name.length < 1 || name.length > 80 || FORBIDDEN_IN_NAMES.test(name)) {
      throw awsError('InvalidName', `Invalid Name: '${name}'`);
    }
    checkInput(inputText);
    const arn = `arn:aws:states:${this.#parts.region}:${this.#parts.accountId}:execution:${record.name}:${name}`;
    const known = this.#executions.get(arn);
    if (known) {
      if (known.status === 'RUNNING' && known.identity.inputText === inputText) return known;
      const closedMs = known.stopMs ?? Number.POSITIVE_INFINITY;
      if (this.#parts.clock.nowMs - closedMs < NAME_IS_TAKEN_MS) {
        throw awsError('ExecutionAlreadyExists', `Execution Already Exists: '${arn}'`);
      }
    }
    return this.#begin(record, arn, name, inputText);
  }

  #begin(record: StateMachineRecord, arn: string, name: string, inputText: string): Execution {
    const execution = new Execution(
      { arn, name, stateMachineArn: record.arn, stateMachineName: record.name, inputText },
      record.machine,
      {
        clock: this.#parts.clock,
        runTask: (state, input, parent) =>
          runTask(
            {
              clock: this.#parts.clock,
              lambda: this.#parts.lambda,
              startChild: (childMachine, childName, text) => this.start(childMachine, text, childName),
              describe: (child) => capitalised(describe(child, this.#parts.clock.nowMs)),
            },
            state,
            input,
            parent,
          ),
        entered: ({ identity }, stateName) =>
          this.#parts.record({ kind: 'state', execution: identity.arn, name: stateName }),
        ended: (ended) => this.#changed(ended),
      },
    );
    this.#executions.set(arn, execution);
    this.#all.push(execution);
    this.#changed(execution);
    // Not as the caller of StartExecution: an execution outlives the function that started it.
    asNobody(() => execution.start());
    return execution;
  }

  #changed(execution: Execution): void {
    const { end, identity } = execution;
    this.#parts.record({
      kind: 'execution',
      execution: identity.arn,
      stateMachine: identity.stateMachineName,
      status: execution.status,
      ...(end?.error === undefined ? {} : { error: end.error }),
      ...(end?.cause === undefined ? {} : { cause: end.cause }),
    });
    const included = { included: true };
    this.#parts.emit({
      source: 'aws.states',
      detailType: 'Step Functions Execution Status Change',
      resources: [identity.arn],
      detail: {
        executionArn: identity.arn,
        stateMachineArn: identity.stateMachineArn,
        name: identity.name,
        status: execution.status,
        startDate: execution.startMs,
        stopDate: execution.stopMs ?? null,
        input: identity.inputText,
        inputDetails: included,
        output: end && 'output' in end ? JSON.stringify(end.output) : null,
        outputDetails: end && 'output' in end ? included : null,
        error: end?.error ?? null,
        cause: end?.cause ?? null,
      },
      delivery: 'best-effort',
    });
  }

  #register(): void {
    const { clock, registry } = this.#parts;
    registry.register('SFN', {
      StartExecution: (input: { stateMachineArn: string; name?: string; input?: string }) => {
        const started = this.start(input.stateMachineArn, input.input ?? '{}', input.name);
        return { executionArn: started.identity.arn, startDate: new Date(started.startMs) };
      },
      StopExecution: (input: { executionArn: string; error?: string; cause?: string }) => {
        const execution = this.#known(input.executionArn, clock.nowMs);
        execution.stop(input.error, input.cause);
        return { stopDate: new Date(execution.stopMs ?? clock.nowMs) };
      },
      RedriveExecution: (input: { executionArn: string }) => this.#redrive(input.executionArn),
      DescribeExecution: (input: { executionArn: string }, call: Call) => {
        const seenMs = clock.nowMs - call.lagMs;
        return describe(this.#known(input.executionArn, seenMs), seenMs);
      },
      ListExecutions: (input: ListInput, call: Call) => this.#list(input, clock.nowMs - call.lagMs),
      GetExecutionHistory: (input: HistoryInput, call: Call) =>
        this.#history(input, clock.nowMs - call.lagMs),
      DescribeStateMachine: (input: { stateMachineArn: string }) => {
        const record = this.#machine(input.stateMachineArn);
        return { stateMachineArn: record.arn, name: record.name, status: 'ACTIVE', type: 'STANDARD' };
      },
    });
  }

  /** Source: Step Functions API reference, RedriveExecution, DescribeExecution (redriveStatusReason). */
  #redrive(executionArn: string): object {
    const { nowMs } = this.#parts.clock;
    const execution = this.#known(executionArn, nowMs);
    const why = whyNotRedrivable(execution, nowMs);
    if (why !== undefined) throw awsError('ExecutionNotRedrivable', why);
    asNobody(() => execution.redrive());
    this.#changed(execution);
    return { redriveDate: new Date(nowMs) };
  }

  #machine(arn: string): StateMachineRecord {
    const record = this.#machines.get(arn);
    if (!record) throw awsError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`);
    return record;
  }

  #known(arn: string, seenMs: number): Execution {
    const execution = this.#executions.get(arn);
    if (!execution || execution.startMs > seenMs) {
      throw awsError('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`);
    }
    return execution;
  }

  #list(input: ListInput, seenMs: number): object {
    const record = this.#machine(input.stateMachineArn ?? '');
    const found = this.#all.filter(
      (execution) =>
        execution.identity.stateMachineArn === record.arn &&
        execution.startMs <= seenMs &&
        (input.statusFilter === undefined || statusAt(execution, seenMs) === input.statusFilter),
    );
    const question = `ListExecutions/${record.arn}/${input.statusFilter ?? ''}`;
    const page = pageOf(
      found.reverse(),
      ({ identity }) => identity.arn,
      question,
      { limit: input.maxResults || undefined, nextToken: input.nextToken },
      LISTING,
    );
    const executions = page.items.map((execution) => {
      const {
        input: _input,
        inputDetails,
        output,
        outputDetails,
        error,
        cause,
        redriveStatus,
        redriveStatusReason,
        ...item
      } = describe(execution, seenMs);
      return item;
    });
    return { executions, nextToken: page.nextToken };
  }

  #history(input: HistoryInput, seenMs: number): object {
    const all = this.#known(input.executionArn, seenMs).history.events;
    const events = all.slice(0, countUntil(all, seenMs));
    const ordered = input.reverseOrder ? [...events].reverse() : events;
    const page = pageOf(
      ordered,
      ({ id }) => String(id),
      `GetExecutionHistory/${input.executionArn}/${input.reverseOrder ?? false}`,
      { limit: input.maxResults || undefined, nextToken: input.nextToken },
      LISTING,
    );
    const told = page.items.map(({ id, previousEventId, timestamp, type, name, error, cause }) => {
      const event = { id, previousEventId, timestamp, type };
      if (type.endsWith('StateEntered')) return { ...event, stateEnteredEventDetails: { name } };
      if (type.endsWith('StateExited')) return { ...event, stateExitedEventDetails: { name } };
      const key = `${type.charAt(0).toLowerCase()}${type.slice(1)}EventDetails`;
      return error === undefined && cause === undefined ? event : { ...event, [key]: { error, cause } };
    });
    return { events: told, nextToken: page.nextToken };
  }
}

interface ListInput {
  readonly stateMachineArn?: string;
  readonly statusFilter?: string;
  readonly maxResults?: number;
  readonly nextToken?: string;
}

interface HistoryInput {
  readonly executionArn: string;
  readonly reverseOrder?: boolean;
  readonly maxResults?: number;
  readonly nextToken?: string;
}

/** How many events a read of that time sees: they are in order. */
function countUntil(events: readonly HistoryEvent[], seenMs: number): number {
  const later = events.findIndex(({ timestamp }) => timestamp.getTime() > seenMs);
  return later < 0 ? events.length : later;
}

function checkInput(text: string): void {
  try {
    JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw awsError('InvalidExecutionInput', `Invalid State Machine Execution Input: '${why}'`);
  }
  if (Buffer.byteLength(text) > MAX_PAYLOAD_BYTES) {
    const why = `Member must have length less than or equal to ${MAX_PAYLOAD_BYTES}`;
    throw awsError('ValidationException', `Value at 'input' failed to satisfy constraint: ${why}`);
  }
}

function statusAt(execution: Execution, seenMs: number): string {
  return execution.stopMs !== undefined && execution.stopMs <= seenMs ? execution.status : 'RUNNING';
}

function describe(execution: Execution, seenMs: number): Record<string, unknown> {
  const { identity, startMs, stopMs, end } = execution;
  const status = statusAt(execution, seenMs);
  const over = status !== 'RUNNING' && end !== undefined;
  const whyNot = whyNotRedrivable(execution, seenMs);
  return {
    executionArn: identity.arn,
    stateMachineArn: identity.stateMachineArn,
    name: identity.name,
    status,
    startDate: new Date(startMs),
    stopDate: over && stopMs !== undefined ? new Date(stopMs) : undefined,
    input: identity.inputText,
    inputDetails: { included: true },
    output: over && 'output' in end ? JSON.stringify(end.output) : undefined,
    outputDetails: over && 'output' in end ? { included: true } : undefined,
    error: over ? end.error : undefined,
    cause: over ? end.cause : undefined,
    redriveCount: execution.redriveCount,
    redriveDate: execution.redrivenMs === undefined ? undefined : new Date(execution.redrivenMs),
    redriveStatus: whyNot === undefined ? 'REDRIVABLE' : 'NOT_REDRIVABLE',
    redriveStatusReason: whyNot,
  };
}

/** In AWS's words; undefined when it can be redriven. */
function whyNotRedrivable(execution: Execution, seenMs: number): string | undefined {
  const status = statusAt(execution, seenMs);
  if (status === 'RUNNING' || status === 'SUCCEEDED') return `Execution is ${status} and cannot be redriven`;
  if (execution.history.count >= MAX_HISTORY_EVENTS - 1) return 'Execution history event limit exceeded';
  if (seenMs - (execution.stopMs ?? seenMs) > REDRIVABLE_MS) return 'Execution redrivable period exceeded';
  return undefined;
}

/** The optimised integrations answer with capitals and dates as numbers. */
function capitalised(description: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(description)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [
        `${key.charAt(0).toUpperCase()}${key.slice(1)}`,
        value instanceof Date ? value.getTime() : value,
      ]),
  );
}
