/** The machine's definition against itself and against the errors that handlers throw. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { ErrorName } from '../functions/edge/errors.ts';
import { NEXT } from '../functions/edge/run-state.ts';
import { HANDLER_TIMEOUT_SECONDS } from '../functions/edge/timeouts.ts';

/** The package has no types. */
const validate = createRequire(import.meta.url)('asl-validator') as (definition: unknown) => {
  readonly errors: readonly unknown[];
};

interface State {
  readonly Type: string;
  readonly Next?: string;
  readonly Default?: string;
  readonly Resource?: string;
  readonly TimeoutSeconds?: number;
  readonly Choices?: readonly { readonly StringEquals?: string; readonly Next: string }[];
  readonly Retry?: readonly Retrier[];
  readonly Catch?: readonly { readonly ErrorEquals: readonly string[]; readonly Next: string }[];
}

interface Retrier {
  readonly Comment?: string;
  readonly ErrorEquals: readonly string[];
  readonly IntervalSeconds?: number;
  readonly MaxAttempts: number;
  readonly BackoffRate?: number;
  readonly MaxDelaySeconds?: number;
}

function read(name: string) {
  const text = readFileSync(new URL(`../statemachine/${name}.asl.json`, import.meta.url), 'utf8');
  const machine = JSON.parse(text) as { StartAt: string; States: Record<string, State> };
  const states = Object.entries(machine.States);
  return { text, machine, states, tasks: states.filter(([, state]) => state.Type === 'Task') };
}

const nextOf = ({ Next, Default, Choices = [], Catch = [] }: State) =>
  [Next, Default, ...Choices.map((one) => one.Next), ...Catch.map((one) => one.Next)].filter(
    Boolean,
  ) as string[];
const matchedBy = ({ states }: ReturnType<typeof read>) =>
  states
    .flatMap(([, { Retry = [], Catch = [] }]) => [...Retry, ...Catch])
    .flatMap(({ ErrorEquals }) => ErrorEquals)
    .filter((name) => !/^(States|Lambda)\.|^Sandbox\.Timedout$/.test(name));

describe.each(['rollover', 'retirement'])('the %s machine', (name) => {
  const { text, machine, states, tasks } = read(name);

  it('is valid Amazon States Language', () => {
    const filled = text.replace(/\$\{(\w+)\}/g, 'arn:aws:lambda:eu-west-1:111122223333:function:$1');
    expect(validate(JSON.parse(filled)).errors).toEqual([]);
  });

  it('reaches every state from its start, and an end from every state', () => {
    const reach = (from: string, seen = new Set<string>()): Set<string> => {
      if (seen.has(from)) return seen;
      seen.add(from);
      for (const next of nextOf(machine.States[from] as State)) reach(next, seen);
      return seen;
    };
    expect([...reach(machine.StartAt)].sort()).toEqual(states.map(([name]) => name).sort());
    for (const [name] of states) {
      const ends = [...reach(name)].some((one) =>
        ['Succeed', 'Fail'].includes(machine.States[one]?.Type ?? ''),
      );
      expect(ends, name).toBe(true);
    }
  });

  it.each(tasks)('gives %s a timeout longer than its Lambda, retries and catches', (_name, task) => {
    expect(task.TimeoutSeconds).toBeGreaterThan(HANDLER_TIMEOUT_SECONDS);
    expect(task.Retry?.length).toBeGreaterThan(0);
    const caught = task.Catch?.flatMap((one) => one.ErrorEquals) ?? [];
    // States.ALL does not include States.DataLimitExceeded (Step Functions developer guide, error handling).
    expect(caught).toEqual(expect.arrayContaining(['States.ALL', 'States.DataLimitExceeded']));
  });

  it('calls a handler of its own in every task', () => {
    const called = tasks.map(([, task]) => task.Resource);
    expect(new Set(called).size).toBe(called.length);
    expect(called.every((resource) => /^\$\{[A-Z][a-z]+Function\}$/.test(resource ?? ''))).toBe(true);
  });

  it('matches only errors that handlers throw', () => {
    expect(Object.values(ErrorName)).toEqual(expect.arrayContaining(matchedBy(read(name))));
  });

  it('never retries what would end the same way', () => {
    const never = [ErrorName.BadRequest, ErrorName.ClaimLost, ErrorName.ClaimHeld, ErrorName.WorldChanged];
    for (const [name, { Retry = [] }] of tasks) {
      const first = (error: string) =>
        Retry.find(
          ({ ErrorEquals }) => ErrorEquals.includes(error) || ErrorEquals.includes('States.TaskFailed'),
        );
      const thrown = never.filter((error) => Retry.some(({ ErrorEquals }) => ErrorEquals.includes(error)));
      for (const error of thrown) expect(first(error)?.MaxAttempts, `${name} ${error}`).toBe(0);
    }
  });

  it('says of each retry policy how long it may take in all', () => {
    const policies = tasks.flatMap(([, { Retry = [] }]) => Retry).filter((policy) => policy.MaxAttempts > 0);
    for (const {
      Comment = '',
      IntervalSeconds = 1,
      MaxAttempts,
      BackoffRate = 2,
      MaxDelaySeconds,
    } of policies) {
      const waits = Array.from({ length: MaxAttempts }, (_, n) =>
        Math.min(IntervalSeconds * BackoffRate ** n, MaxDelaySeconds ?? Number.POSITIVE_INFINITY),
      );
      expect(Comment).toContain(`${waits.join(', ')} s`);
    }
  });
});

describe('the rollover machine', () => {
  const rollover = read('rollover');

  it('matches every error that handlers throw', () => {
    expect([...new Set(matchedBy(rollover))].sort()).toEqual(Object.values(ErrorName).sort());
  });

  it('knows every word that a handler may name as the next state', () => {
    const choices = rollover.machine.States['Next act']?.Choices ?? [];
    const known = choices.map((choice) => choice.StringEquals);
    expect([...known, 'report'].sort()).toEqual([...NEXT].sort());
  });
});
