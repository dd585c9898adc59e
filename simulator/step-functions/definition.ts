/**
 * A state machine's definition, made ready for the interpreter.
 *
 * `aws-local-stepfunctions` interprets JSONPath definitions, but: a Task without TimeoutSeconds times out after 60 s
 * (AWS: 99,999,999 s), timers over 24.8 days fire at once, and a wait cannot be split. So timeouts are capped to what a
 * timer can hold and every Wait becomes a Task of ours, which the account's own clock ends. What the interpreter does not
 * know at all is refused here by name, before anything runs.
 */
import { NotSimulated } from '../kernel/aws-error.ts';

/** A retrier or a catcher. */
export interface Rule {
  readonly ErrorEquals: readonly string[];
  readonly [field: string]: unknown;
}

/** A state as the ASL file has it. Source: Amazon States Language, states-language.net/spec. */
export interface State {
  readonly Type: string;
  readonly Resource?: string;
  readonly Parameters?: unknown;
  readonly TimeoutSeconds?: number;
  readonly Retry?: readonly Rule[];
  readonly Catch?: readonly Rule[];
  readonly InputPath?: string | null;
  readonly ResultPath?: string | null;
  readonly OutputPath?: string | null;
  readonly ResultSelector?: unknown;
  readonly Seconds?: number;
  readonly SecondsPath?: string;
  readonly Timestamp?: string;
  readonly TimestampPath?: string;
  readonly Branches?: readonly Machine[];
  readonly ItemProcessor?: Machine & { readonly ProcessorConfig?: { readonly Mode?: string } };
  readonly Iterator?: Machine;
  readonly [field: string]: unknown;
}

export interface Machine {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
  readonly TimeoutSeconds?: number;
  readonly QueryLanguage?: string;
  readonly [field: string]: unknown;
}

export interface PreparedMachine {
  /** For the interpreter. */
  readonly definition: Machine;
  /** Every Task and Wait by name, nested ones included; names are unique in a state machine. */
  readonly tasks: ReadonlyMap<string, State>;
  /** The whole execution's limit, which the account keeps itself. */
  readonly timeoutSeconds: number | undefined;
}

/** The longest that a timer holds, in seconds: 2^31 − 1 ms. */
export const LONGEST_TIMEOUT_SECONDS = 2_147_483;
const UNKNOWN_FIELDS = ['Assign', 'Arguments', 'Output', 'HeartbeatSeconds', 'HeartbeatSecondsPath', 'Items'];

/** @throws NotSimulated naming the state and what of it the embedded account cannot interpret */
export function prepare(machine: Machine): PreparedMachine {
  const tasks = new Map<string, State>();
  const { TimeoutSeconds: timeoutSeconds, ...rest } = machine;
  const definition = prepareMachine(rest as Machine, tasks);
  return { definition, tasks, timeoutSeconds };
}

function prepareMachine(machine: Machine, tasks: Map<string, State>): Machine {
  if (machine.QueryLanguage === 'JSONata') refuse('the state machine', 'QueryLanguage JSONata');
  const states: Record<string, State> = {};
  for (const [name, state] of Object.entries(machine.States)) {
    check(name, state);
    states[name] = prepareState(name, state, tasks);
  }
  return { ...machine, States: states };
}

function prepareState(name: string, state: State, tasks: Map<string, State>): State {
  switch (state.Type) {
    case 'Task':
      tasks.set(name, state);
      return 'TimeoutSecondsPath' in state
        ? state
        : {
            ...state,
            TimeoutSeconds: Math.min(
              state.TimeoutSeconds ?? LONGEST_TIMEOUT_SECONDS,
              LONGEST_TIMEOUT_SECONDS,
            ),
          };
    case 'Wait':
      tasks.set(name, state);
      return waitAsTask(name, state);
    case 'Parallel':
      return { ...state, Branches: (state.Branches ?? []).map((branch) => prepareMachine(branch, tasks)) };
    case 'Map': {
      const inner = state.ItemProcessor ?? state.Iterator;
      if (state.ItemProcessor?.ProcessorConfig?.Mode === 'DISTRIBUTED') refuse(name, 'a distributed Map');
      if (!inner) return state;
      return { ...state, [state.ItemProcessor ? 'ItemProcessor' : 'Iterator']: prepareMachine(inner, tasks) };
    }
    default:
      return state;
  }
}

/** A Wait hands its input on: a Task does that with `ResultPath: null`. */
function waitAsTask(name: string, state: State): State {
  if (state.InputPath !== undefined && state.InputPath !== '$') refuse(name, 'InputPath of a Wait');
  const { Seconds, SecondsPath, Timestamp, TimestampPath, ...rest } = state;
  return {
    ...rest,
    Type: 'Task',
    Resource: 'wait',
    Parameters: {
      ...(Seconds === undefined ? {} : { seconds: Seconds }),
      ...(SecondsPath === undefined ? {} : { 'seconds.$': SecondsPath }),
      ...(Timestamp === undefined ? {} : { timestamp: Timestamp }),
      ...(TimestampPath === undefined ? {} : { 'timestamp.$': TimestampPath }),
    },
    ResultPath: null,
    TimeoutSeconds: LONGEST_TIMEOUT_SECONDS,
    // A wait over 24.8 days is woken by the interpreter's timer and waits on.
    Retry: [{ ErrorEquals: ['States.Timeout'], IntervalSeconds: 0, MaxAttempts: 1_000 }],
  };
}

function check(name: string, state: State): void {
  if (state.QueryLanguage === 'JSONata') refuse(name, 'QueryLanguage JSONata');
  for (const field of UNKNOWN_FIELDS) if (field in state) refuse(name, field);
  const { Branches, ItemProcessor, Iterator, ...own } = state;
  const text = JSON.stringify(own);
  if (/"\$\$\.(State|Task|Map)\b/.test(text) && state.Type !== 'Map')
    refuse(name, 'context of the state ($$.State, $$.Task)');
}

function refuse(where: string, what: string): never {
  throw new NotSimulated(`${where}: ${what}`, 'the embedded account does not interpret it');
}
