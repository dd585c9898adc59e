/** Executions of the state machine: started once whatever is delivered twice, and looked at. */
import {
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  type ExecutionStatus as ListedStatus,
  paginateListExecutions,
  type SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { isNotFound } from './error-codes.ts';

export interface ExecutionStatus {
  readonly status: string;
  readonly startedAtMs?: number;
  readonly stoppedAtMs?: number;
  /** JSON, as it was started with. */
  readonly input?: string;
  /** JSON, of one that succeeded. */
  readonly output?: string;
  /** Of an execution that failed, timed out or was stopped: what it, or whoever stopped it, said. */
  readonly error?: string;
  readonly cause?: string;
}

/** What became of a start: ours, or one that this very start (or its twin) began before. */
export interface Start {
  readonly executionArn: string;
  readonly started: boolean;
  readonly reason: string;
}

/** How many attempts of one name are looked at before giving up: a name is spent for 90 days once it is closed. */
const ATTEMPTS_MAX = 20;

/** Undefined when AWS knows no such execution. */
export async function describeExecution(
  sfn: SFNClient,
  executionArn: string,
): Promise<ExecutionStatus | undefined> {
  try {
    const answer = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    return {
      status: answer.status ?? 'UNKNOWN',
      ...(answer.startDate === undefined ? {} : { startedAtMs: answer.startDate.getTime() }),
      ...(answer.input === undefined ? {} : { input: answer.input }),
      ...(answer.output === undefined ? {} : { output: answer.output }),
      ...(answer.stopDate === undefined ? {} : { stoppedAtMs: answer.stopDate.getTime() }),
      ...(answer.error === undefined ? {} : { error: answer.error }),
      ...(answer.cause === undefined ? {} : { cause: answer.cause }),
    };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** `ACTIVE` or `DELETING`; undefined when AWS knows no such machine. */
export async function machineStatus(sfn: SFNClient, stateMachineArn: string): Promise<string | undefined> {
  try {
    return (await sfn.send(new DescribeStateMachineCommand({ stateMachineArn }))).status;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** An execution that is over. */
export interface Ended {
  readonly executionArn: string;
  readonly name: string;
  readonly stoppedAtMs: number;
}

/** A page as large as AWS gives (AWS Step Functions API reference, ListExecutions.maxResults). */
const PAGE = 1000;
/** No execution lasts longer: one that has been carried on for long hands its run over to another. */
const LASTS_AT_MOST_MS = 14 * 86_400_000;

/**
 * Executions with this status that stopped since then. Lists come with the latest start first and cannot be narrowed by the
 * end, so it reads back to starts that no such execution can have.
 */
export async function listEnded(
  sfn: SFNClient,
  stateMachineArn: string,
  statusFilter: ListedStatus,
  sinceMs: number,
): Promise<Ended[]> {
  const ended: Ended[] = [];
  const pages = paginateListExecutions({ client: sfn, pageSize: PAGE }, { stateMachineArn, statusFilter });
  for await (const { executions = [] } of pages) {
    for (const { executionArn = '', name = '', stopDate } of executions) {
      const stoppedAtMs = stopDate?.getTime() ?? 0;
      if (stoppedAtMs >= sinceMs) ended.push({ executionArn, name, stoppedAtMs });
    }
    const lastStartMs = executions.at(-1)?.startDate?.getTime() ?? 0;
    if (lastStartMs < sinceMs - LASTS_AT_MOST_MS) break;
  }
  return ended;
}

/**
 * Starts an execution under a name that says what for, so that the same cause starts it once. A name that is taken means
 * "being done" while it runs; once closed it means "done", unless the cause is newer than its end: then the next attempt
 * gets its own name. `input` must be the same bytes for the same cause. Source: AWS Step Functions API reference,
 * StartExecution ("idempotent … same name and input while running", ExecutionAlreadyExists, 90 days).
 *
 * @param note is called with the name right before each attempt: for what the execution must find when it begins
 */
export async function startOnce(
  sfn: SFNClient,
  stateMachineArn: string,
  name: string,
  input: unknown,
  causeAtMs: number,
  note: (attemptName: string) => Promise<void> = async () => {},
): Promise<Start> {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    const attemptName = attempt === 1 ? name : `${name}-${attempt}`;
    await note(attemptName);
    try {
      const answer = await sfn.send(
        new StartExecutionCommand({ stateMachineArn, name: attemptName, input: JSON.stringify(input) }),
      );
      return { executionArn: answer.executionArn ?? '', started: true, reason: `started as ${attemptName}` };
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'ExecutionAlreadyExists') throw error;
    }
    const executionArn = `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${attemptName}`;
    const before = await describeExecution(sfn, executionArn);
    const over = before?.stoppedAtMs;
    if (before === undefined || over === undefined || causeAtMs <= over) {
      return {
        executionArn,
        started: false,
        reason: `${attemptName} ${before?.status === 'RUNNING' ? 'runs already' : 'has been there for this cause'}`,
      };
    }
  }
  throw new Error(
    `${name}: ${ATTEMPTS_MAX} attempts are there already; start one by hand with a name of its own`,
  );
}

/** Fits Step Functions' rule for names: 80 characters of `0-9A-Za-z-_`; a long one keeps its end, which tells it apart. */
export function executionName(parts: readonly string[]): string {
  const name = parts.join('-').replace(/[^0-9A-Za-z_-]+/g, '-');
  return name.length <= 74 ? name : `${name.slice(0, 40)}-${name.slice(-33)}`;
}
