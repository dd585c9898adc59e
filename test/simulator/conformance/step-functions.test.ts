/**
 * Step Functions as its documentation says. Sources: Step Functions API reference, RedriveExecution, DescribeExecution,
 * StartExecution; developer guide, redrive-executions, service-quotas, eventbridge-integration, HistoryEventType.
 */
import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  RedriveExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { afterEach, describe, expect, it } from 'vitest';
import { NotSimulated } from '../../../simulator/kernel/aws-error.ts';
import type { Machine } from '../../../simulator/step-functions/definition.ts';
import { only, run, type Setup, setUp, task } from '../step-functions/support.ts';

let setup: Setup;
afterEach(() => setup.account.close());

const DAY_SECONDS = 86_400;
/** Reads of Step Functions are a second old at most. */
const LAGGING_READS_SECONDS = 2;

/** First makes something, then a step that may fail, then nothing more. */
const MACHINE: Machine = {
  StartAt: 'First',
  States: {
    First: task('first', { End: undefined as never, Next: 'Second', ResultPath: '$.made' }),
    Second: task('second', {
      Retry: [{ ErrorEquals: ['Busy'], IntervalSeconds: 1, MaxAttempts: 2, BackoffRate: 1 }],
    }),
  },
};

function failing(times: number) {
  const calls = { first: 0, second: [] as unknown[] };
  setup = setUp(MACHINE, {
    first: () => ++calls.first,
    second: (input: unknown) => {
      calls.second.push(input);
      if (calls.second.length <= times) throw Object.assign(new Error('not yet'), { name: 'Busy' });
      return 'done';
    },
  });
  return calls;
}

const redrive = (executionArn: string) =>
  setup.account.finish(() => setup.sfn.send(new RedriveExecutionCommand({ executionArn })));
const describeIt = async (executionArn: string) => {
  await setup.account.pass(5);
  return setup.account.finish(() => setup.sfn.send(new DescribeExecutionCommand({ executionArn })));
};

describe('RedriveExecution', () => {
  it('goes on from the failed step with its input, and does not repeat what succeeded', async () => {
    const calls = failing(3);
    const { status, execution } = await run(setup, { cluster: 'prod' });
    expect(status).toBe('FAILED');
    const { arn } = execution.identity;
    await redrive(arn);
    await setup.account.finish(() => execution.whenOver());

    expect(await describeIt(arn)).toMatchObject({
      status: 'SUCCEEDED',
      redriveCount: 1,
      redriveDate: expect.any(Date),
      output: '"done"',
    });
    expect(calls.first).toBe(1);
    expect(calls.second.at(-1)).toEqual({ cluster: 'prod', made: 1 });
  });

  it('gives the failed step its retries again', async () => {
    const calls = failing(5);
    const { execution } = await run(setup, {});
    await redrive(execution.identity.arn);
    await setup.account.finish(() => execution.whenOver());

    expect(calls.second).toHaveLength(6);
    expect(execution.status).toBe('SUCCEEDED');
  });

  it('lengthens the same history by ExecutionRedriven, and counts its transitions', async () => {
    failing(3);
    const { execution } = await run(setup, {});
    const before = execution.history.stateTransitions;
    await redrive(execution.identity.arn);
    await setup.account.finish(() => execution.whenOver());
    await setup.account.pass(LAGGING_READS_SECONDS);
    const { events = [] } = await setup.account.finish(() =>
      setup.sfn.send(new GetExecutionHistoryCommand({ executionArn: execution.identity.arn })),
    );

    const types = events.map(({ type }) => type);
    expect(types.filter((type) => type === 'ExecutionStarted')).toHaveLength(1);
    expect(types.slice(types.indexOf('ExecutionRedriven') - 1)).toEqual([
      'ExecutionFailed',
      'ExecutionRedriven',
      'TaskStateEntered',
      'LambdaFunctionScheduled',
      'LambdaFunctionStarted',
      'LambdaFunctionSucceeded',
      'TaskStateExited',
      'ExecutionSucceeded',
    ]);
    expect(execution.history.stateTransitions).toBeGreaterThan(before);
  });

  it('restarts an aborted execution, and tells its new status', async () => {
    setup = setUp(only({ Type: 'Wait', Seconds: 60, End: true }));
    const execution = setup.states.start(setup.arn);
    const { arn } = execution.identity;
    await setup.account.pass(5);
    await setup.account.finish(() => setup.sfn.send(new StopExecutionCommand({ executionArn: arn })));
    await redrive(arn);
    await setup.account.finish(() => execution.whenOver());

    expect(execution.status).toBe('SUCCEEDED');
    expect(setup.events.map(({ detail }) => detail.status)).toEqual([
      'RUNNING',
      'ABORTED',
      'RUNNING',
      'SUCCEEDED',
    ]);
  });

  it('restarts one that timed out, with the whole time before it again', async () => {
    let calls = 0;
    setup = setUp(
      { ...only(task('slow')), TimeoutSeconds: 60 },
      { slow: () => setup.account.clock.delay(calls++ === 0 ? 100_000 : 50_000) },
    );
    const { status, execution } = await run(setup, {});
    expect(status).toBe('TIMED_OUT');
    await redrive(execution.identity.arn);
    await setup.account.finish(() => execution.whenOver());

    expect(execution.status).toBe('SUCCEEDED');
  });

  it.each([
    ['runs', 'Execution is RUNNING and cannot be redriven', 0],
    ['succeeded', 'Execution is SUCCEEDED and cannot be redriven', 120],
  ])('refuses an execution that %s', async (_, reason, seconds) => {
    setup = setUp(only({ Type: 'Wait', Seconds: 60, End: true }));
    const { identity } = setup.states.start(setup.arn);
    await setup.account.pass(5 + seconds);

    await expect(redrive(identity.arn)).rejects.toMatchObject({
      name: 'ExecutionNotRedrivable',
      message: reason,
    });
    expect(await describeIt(identity.arn)).toMatchObject({
      redriveStatus: 'NOT_REDRIVABLE',
      redriveStatusReason: reason,
      redriveCount: 0,
    });
  });

  it('is possible for fourteen days', async () => {
    failing(9);
    const { execution } = await run(setup, {});
    const { arn } = execution.identity;
    await setup.account.pass(13.9 * DAY_SECONDS);
    expect((await describeIt(arn)).redriveStatus).toBe('REDRIVABLE');
    await setup.account.pass(0.2 * DAY_SECONDS);

    await expect(redrive(arn)).rejects.toMatchObject({
      name: 'ExecutionNotRedrivable',
      message: 'Execution redrivable period exceeded',
    });
  });

  it('is refused by the account itself inside a Parallel state, whose done branches AWS would not repeat', async () => {
    const branch = only(task('fails'));
    setup = setUp(only({ Type: 'Parallel', Branches: [branch], End: true }), {
      fails: () => {
        throw new Error('no');
      },
    });
    const { execution } = await run(setup, {});

    await expect(redrive(execution.identity.arn)).rejects.toThrow('the redrive of a Parallel state');
  });
});

describe('what one execution costs', () => {
  // Source: HistoryEventType; the developer guide's count of a Lambda task (five) and of any other state (two).
  it.each<[string, Machine, string[]]>([
    [
      'a Lambda task',
      only(task('works')),
      [
        'TaskStateEntered',
        'LambdaFunctionScheduled',
        'LambdaFunctionStarted',
        'LambdaFunctionSucceeded',
        'TaskStateExited',
      ],
    ],
    [
      'a task of lambda:invoke',
      only(
        task('works', { Resource: 'arn:aws:states:::lambda:invoke', Parameters: { FunctionName: 'works' } }),
      ),
      ['TaskStateEntered', 'TaskScheduled', 'TaskStarted', 'TaskSucceeded', 'TaskStateExited'],
    ],
    ['a Wait', only({ Type: 'Wait', Seconds: 5, End: true }), ['WaitStateEntered', 'WaitStateExited']],
    ['a Pass', only({ Type: 'Pass', End: true }), ['PassStateEntered', 'PassStateExited']],
    ['a Succeed', only({ Type: 'Succeed' }), ['SucceedStateEntered', 'SucceedStateExited']],
  ])('%s', async (_, machine, types) => {
    setup = setUp(machine, { works: () => 'done' });
    const { execution } = await run(setup, {});

    expect(execution.history.events.map(({ type }) => type)).toEqual([
      'ExecutionStarted',
      ...types,
      'ExecutionSucceeded',
    ]);
  });
});

it('says that JSONata is not simulated, with the name of the state', () => {
  setup = setUp(only({ Type: 'Succeed' }));
  const machine = only({ Type: 'Pass', QueryLanguage: 'JSONata', End: true } as never);

  expect(() => setup.states.create('other', machine)).toThrow(NotSimulated);
  expect(() => setup.states.create('other', machine)).toThrow('Only: QueryLanguage JSONata is not simulated');
});
