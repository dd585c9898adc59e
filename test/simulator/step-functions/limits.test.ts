import { afterEach, describe, expect, it } from 'vitest';
import type { Machine } from '../../../simulator/step-functions/definition.ts';
import type { Kernel } from '../support/kernel.ts';
import { only, run, type Setup, setUp as setUpIn, task } from './support.ts';

let account: Kernel;
afterEach(() => account.close());

/** The test's account is closed after it. */
function setUp(...parameters: Parameters<typeof setUpIn>): Setup {
  const setup = setUpIn(...parameters);
  account = setup.account;
  return setup;
}

describe('limits of Step Functions', () => {
  describe('payloads over 262,144 bytes', () => {
    const big = 'x'.repeat(262_144);
    const caught = (errors: string[]) =>
      task('big', { Catch: [{ ErrorEquals: errors, ResultPath: null, Next: 'Caught' }] });
    const machine = (errors: string[]): Machine => ({
      StartAt: 'Big',
      States: { Big: caught(errors), Caught: { Type: 'Succeed' } },
    });

    it('fail with States.DataLimitExceeded, which States.ALL does not catch', async () => {
      const setup = setUp(machine(['States.ALL']), { big: () => big });
      expect(await run(setup)).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
    });

    it('are caught by a catcher that names the error', async () => {
      const setup = setUp(machine(['States.DataLimitExceeded']), { big: () => big });
      expect((await run(setup)).status).toBe('SUCCEEDED');
    });

    it('count what ResultPath merges, not only the result', async () => {
      const half = 'x'.repeat(140_000);
      const setup = setUp(only(task('half', { ResultPath: '$.more' })), { half: () => half });
      expect(await run(setup, { half })).toMatchObject({
        status: 'FAILED',
        error: 'States.DataLimitExceeded',
      });
    });

    it('count bytes of UTF-8, not characters', async () => {
      const setup = setUp(machine(['States.ALL']), { big: () => 'é'.repeat(140_000) });
      expect((await run(setup)).error).toBe('States.DataLimitExceeded');
    });

    it('are refused as the input of an execution', async () => {
      const setup = setUp(machine(['States.ALL']));
      expect(() => setup.states.start(setup.arn, JSON.stringify(big))).toThrow('262144');
    });
  });

  it('fails at 25,000 events of history', async () => {
    const setup = setUp({
      StartAt: 'A',
      States: { A: { Type: 'Pass', Next: 'B' }, B: { Type: 'Wait', Seconds: 1, Next: 'A' } },
    });
    const { status, cause, execution } = await run(setup);
    expect({ status, cause }).toEqual({
      status: 'FAILED',
      cause: 'The execution reached the maximum number of history events (25000).',
    });
    expect(execution.history.count).toBe(25_000);
  });

  it('counts three more events and one more transition for each attempt that failed', async () => {
    let left = 2;
    const setup = setUp(
      only(task('flaky', { Retry: [{ ErrorEquals: ['Flaky'], IntervalSeconds: 1, BackoffRate: 1 }] })),
      {
        flaky: () => {
          if (left-- > 0) throw Object.assign(new Error('no'), { name: 'Flaky' });
          return 'ok';
        },
      },
    );
    const { execution } = await run(setup);
    expect(execution.history.count).toBe(2 + 5 + 2 * 3);
    expect(execution.history.stateTransitions).toBe(3);
  });

  it('count nothing of an attempt that goes on after its Task timed out', async () => {
    const setup = setUp(
      {
        StartAt: 'Slow',
        States: {
          Slow: task('slow', {
            TimeoutSeconds: 10,
            End: false,
            Next: 'Later',
            Catch: [{ ErrorEquals: ['States.Timeout'], Next: 'Later' }],
          }),
          Later: { Type: 'Wait', Seconds: 60, End: true },
        },
      },
      { slow: () => account.clock.delay(30_000) },
    );
    const { execution } = await run(setup);
    expect(execution.history.events.map(({ type }) => type)).toEqual([
      'ExecutionStarted',
      'TaskStateEntered',
      'LambdaFunctionScheduled',
      'LambdaFunctionStarted',
      'TaskTimedOut',
      'TaskStateExited',
      'WaitStateEntered',
      'WaitStateExited',
      'ExecutionSucceeded',
    ]);
  });
});
