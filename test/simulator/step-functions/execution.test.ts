import { afterEach, describe, expect, it } from 'vitest';
import { type Kernel, START_MS } from '../support/kernel.ts';
import { only, run, type Setup, setUp as setUpIn, task } from './support.ts';

let account: Kernel;
afterEach(() => account.close());

/** The test's account is closed after it. */
function setUp(...parameters: Parameters<typeof setUpIn>): Setup {
  const setup = setUpIn(...parameters);
  account = setup.account;
  return setup;
}

describe('Step Functions', () => {
  it('runs a definition with Lambda tasks, choices and waits in virtual time', async () => {
    const setup = setUp(
      {
        StartAt: 'Assess',
        States: {
          Assess: task('assess', { End: false, Next: 'More?', TimeoutSeconds: 60 }),
          'More?': {
            Type: 'Choice',
            Choices: [{ Variable: '$.left', NumericGreaterThan: 0, Next: 'Wait for replacement' }],
            Default: 'Succeeded',
          },
          'Wait for replacement': { Type: 'Wait', SecondsPath: '$.waitSeconds', Next: 'Assess' },
          Succeeded: { Type: 'Succeed' },
        },
      },
      { assess: ({ left }: { left: number }) => ({ left: left - 1, waitSeconds: 3600 }) },
    );
    const { status, output, execution } = await run(setup, { left: 3 });
    expect({ status, output }).toEqual({ status: 'SUCCEEDED', output: { left: 0, waitSeconds: 3600 } });
    expect(account.clock.nowMs - START_MS).toBeGreaterThanOrEqual(2 * 3_600_000);
    expect(account.clock.nowMs - START_MS).toBeLessThan(2 * 3_600_000 + 5_000);
    // 3 × (task 5 + choice 2) + 2 × wait 2 + succeed 2 + start and end of the execution.
    expect(execution.history.count).toBe(3 * 7 + 2 * 2 + 2 + 2);
    expect(execution.history.stateTransitions).toBe(3 + 3 + 2 + 1);
    const entered = account.observations.flatMap((seen) => (seen.kind === 'state' ? [seen.name] : []));
    expect(entered).toEqual([
      'Assess',
      'More?',
      'Wait for replacement',
      'Assess',
      'More?',
      'Wait for replacement',
      'Assess',
      'More?',
      'Succeeded',
    ]);
  });

  it('calls a function by the FunctionName of lambda:invoke', async () => {
    const setup = setUp(
      only({
        Type: 'Task',
        Resource: 'arn:aws:states:::lambda:invoke',
        Parameters: { FunctionName: 'plan', 'Payload.$': '$.request' },
        OutputPath: '$.Payload',
        End: true,
      }),
      { plan: (request) => ({ planned: request }) },
    );
    expect((await run(setup, { request: { cluster: 'prod' } })).output).toEqual({
      planned: { cluster: 'prod' },
    });
  });

  it('hands a function error to Catch by its name, with Lambda’s error JSON as the Cause', async () => {
    const setup = setUp(
      {
        StartAt: 'Plan',
        States: {
          Plan: task('plan', {
            Catch: [{ ErrorEquals: ['ClusterBusy'], ResultPath: '$.failure', Next: 'Busy' }],
          }),
          Busy: { Type: 'Pass', End: true },
        },
      },
      {
        plan: () => {
          throw Object.assign(new Error('another run'), { name: 'ClusterBusy' });
        },
      },
    );
    const { output } = await run(setup, { cluster: 'prod' });
    const { failure } = output as { failure: { Error: string; Cause: string } };
    expect(failure.Error).toBe('ClusterBusy');
    expect(JSON.parse(failure.Cause)).toMatchObject({
      errorType: 'ClusterBusy',
      errorMessage: 'another run',
    });
  });

  it('ends in a Fail state with the Error and Cause that its paths point to', async () => {
    const setup = setUp(only({ Type: 'Fail', ErrorPath: '$.outcome', CausePath: '$.reason' }));
    expect(await run(setup, { outcome: 'REFUSED', reason: 'no capacity' })).toMatchObject({
      status: 'FAILED',
      error: 'REFUSED',
      cause: 'no capacity',
    });
  });

  it('fills the context object with the execution’s ARN, name and start time', async () => {
    const setup = setUp(
      only({
        Type: 'Pass',
        Parameters: {
          'id.$': '$$.Execution.Id',
          'name.$': '$$.Execution.Name',
          'at.$': '$$.Execution.StartTime',
          'machine.$': '$$.StateMachine.Name',
        },
        End: true,
      }),
    );
    const execution = setup.states.start(setup.arn, '{}', 'run-1');
    const { output } = await account.finish(() => execution.whenOver());
    expect(output).toEqual({
      id: 'arn:aws:states:eu-west-1:111122223333:execution:rollover:run-1',
      name: 'run-1',
      at: '2026-11-22T12:00:00.000Z',
      machine: 'rollover',
    });
  });

  it('does not time a Task out at 60 seconds that has no TimeoutSeconds', async () => {
    const setup = setUp(only(task('slow')), {
      slow: async () => {
        await account.clock.delay(600_000);
        return 'done';
      },
    });
    expect(await run(setup)).toMatchObject({ status: 'SUCCEEDED', output: 'done' });
  });

  it('times a Task out with States.Timeout, which States.TaskFailed does not match', async () => {
    const setup = setUp(
      {
        StartAt: 'Slow',
        States: {
          Slow: task('slow', {
            TimeoutSeconds: 10,
            Catch: [
              { ErrorEquals: ['States.TaskFailed'], Next: 'Wrong' },
              { ErrorEquals: ['States.Timeout'], Next: 'Right' },
            ],
          }),
          Wrong: { Type: 'Fail', Error: 'Wrong' },
          Right: { Type: 'Succeed' },
        },
      },
      { slow: () => account.clock.delay(60_000) },
    );
    expect((await run(setup)).status).toBe('SUCCEEDED');
  });

  it('waits longer than a timer can hold: 40 days', async () => {
    const setup = setUp(only({ Type: 'Wait', Seconds: 40 * 86_400, End: true }));
    expect((await run(setup, { kept: true })).output).toEqual({ kept: true });
    expect(account.clock.nowMs - START_MS).toBe(40 * 86_400_000);
  });

  it('waits until a timestamp, and not at all when that has passed', async () => {
    const setup = setUp({
      StartAt: 'Past',
      States: {
        Past: { Type: 'Wait', Timestamp: '2020-01-01T00:00:00Z', Next: 'Future' },
        Future: { Type: 'Wait', TimestampPath: '$.at', End: true },
      },
    });
    await run(setup, { at: '2026-11-22T13:00:00Z' });
    expect(account.clock.nowMs - START_MS).toBe(3_600_000);
  });

  it('fails with States.Runtime for a Wait of a fraction of a second', async () => {
    const setup = setUp(only({ Type: 'Wait', SecondsPath: '$.s', End: true }));
    expect(await run(setup, { s: 1.5 })).toMatchObject({ status: 'FAILED', error: 'States.Runtime' });
  });

  it('stops at once without running Catch, and never calls the handler again, even during a Retry wait', async () => {
    let calls = 0;
    const setup = setUp(
      {
        StartAt: 'Drain',
        States: {
          Drain: task('drain', {
            Retry: [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 100, MaxAttempts: 9 }],
            Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Restore' }],
          }),
          Restore: task('restore'),
        },
      },
      {
        drain: () => {
          calls++;
          throw new Error('again');
        },
        restore: () => {
          calls += 100;
        },
      },
    );
    const execution = setup.states.start(setup.arn);
    await account.pass(50);
    execution.stop('ops', 'stopped by hand');
    await account.pass();
    expect(calls).toBe(1);
    expect(execution.end).toEqual({ status: 'ABORTED', error: 'ops', cause: 'stopped by hand' });
  });

  it('lets a Lambda in flight go on to its own end when the execution is stopped', async () => {
    const steps: string[] = [];
    const setup = setUp(
      {
        StartAt: 'Drain',
        States: { Drain: task('drain', { End: false, Next: 'Next' }), Next: task('next') },
      },
      {
        drain: async () => {
          await account.clock.delay(20_000);
          steps.push('drain ended');
        },
        next: () => steps.push('next'),
      },
    );
    const execution = setup.states.start(setup.arn);
    await account.pass(5);
    execution.stop();
    await account.pass();
    expect(steps).toEqual(['drain ended']);
    expect(account.clock.nowMs - START_MS).toBeLessThan(30_000);
  });

  it('ends the whole execution after the machine’s TimeoutSeconds', async () => {
    const setup = setUp({ ...only({ Type: 'Wait', Seconds: 1000, End: true }), TimeoutSeconds: 60 });
    expect((await run(setup)).status).toBe('TIMED_OUT');
    expect(account.clock.nowMs - START_MS).toBe(60_000);
  });

  it('draws FULL jitter from the seed: the same seed retries at the same time', async () => {
    const endOf = async (seed: number) => {
      const setup = setUp(
        only(
          task('flaky', {
            Retry: [
              {
                ErrorEquals: ['States.ALL'],
                IntervalSeconds: 60,
                MaxAttempts: 4,
                JitterStrategy: 'FULL',
              },
            ],
          }),
        ),
        {
          flaky: () => {
            throw new Error('no');
          },
        },
        { seed },
      );
      const { execution } = await run(setup);
      account.close();
      return execution.stopMs;
    };
    expect(await endOf(3)).toBe(await endOf(3));
    expect(await endOf(3)).not.toBe(await endOf(4));
  });

  it('emits a status-change event for each status', async () => {
    const setup = setUp(only({ Type: 'Pass', End: true }));
    const { execution } = await run(setup, { cluster: 'prod' });
    expect(setup.events.map(({ detail }) => detail.status)).toEqual(['RUNNING', 'SUCCEEDED']);
    expect(setup.events[1]).toMatchObject({
      source: 'aws.states',
      detailType: 'Step Functions Execution Status Change',
      resources: [execution.identity.arn],
      detail: { name: execution.identity.name, input: '{"cluster":"prod"}', output: '{"cluster":"prod"}' },
    });
  });
});
