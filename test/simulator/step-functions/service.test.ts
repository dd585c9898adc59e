import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { afterEach, describe, expect, it } from 'vitest';
import { LambdaRuntime } from '../../../simulator/lambda/runtime.ts';
import type { Machine, State } from '../../../simulator/step-functions/definition.ts';
import { StepFunctions } from '../../../simulator/step-functions/service.ts';
import type { FaultBoard, ServiceEvent } from '../../../simulator/world.ts';
import { type Kernel, kernel, START_MS } from '../support/kernel.ts';

let account: Kernel;
afterEach(() => account.close());

type Handler = (event: never) => unknown;

interface Setup {
  readonly lambda: LambdaRuntime;
  readonly states: StepFunctions;
  readonly events: ServiceEvent[];
  readonly sfn: SFNClient;
  readonly arn: string;
}

function setUp(
  machine: Machine,
  handlers: Record<string, Handler> = {},
  options: { seed?: number; faults?: Partial<FaultBoard> } = {},
): Setup {
  account = kernel(options);
  const where = { accountId: '111122223333', region: 'eu-west-1' };
  const lambda = new LambdaRuntime({ clock: account.clock, random: account.random, ...where });
  for (const [name, handler] of Object.entries(handlers)) {
    lambda.register(name, { handler: async (event) => handler(event), timeoutSeconds: 900 });
  }
  const events: ServiceEvent[] = [];
  const states = new StepFunctions({
    clock: account.clock,
    random: account.random,
    lambda,
    ...where,
    registry: account.dispatcher,
    record: (observation) => account.observations.push({ ...observation, atMs: account.clock.nowMs }),
    emit: (event) => events.push(event),
  });
  const sfn = new SFNClient({});
  account.dispatcher.attach(sfn, 'SFN');
  return { lambda, states, events, sfn, arn: states.create('rollover', machine) };
}

const task = (name: string, more: Partial<State> = {}): State => ({
  Type: 'Task',
  Resource: `arn:aws:lambda:eu-west-1:111122223333:function:${name}`,
  End: true,
  ...more,
});
const only = (state: State): Machine => ({ StartAt: 'Only', States: { Only: state } });

/** Starts, lets time pass to the end, answers the end. */
async function run({ states, arn }: Setup, input: unknown = {}) {
  const execution = states.start(arn, JSON.stringify(input));
  const end = await account.finish(() => execution.whenOver());
  return { ...end, execution };
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

  it('refuses definitions that the interpreter would misread', () => {
    const refused = (machine: Machine) => () => setUp(machine);
    expect(refused({ ...only({ Type: 'Succeed' }), QueryLanguage: 'JSONata' })).toThrow('JSONata');
    account.close();
    expect(refused(only({ Type: 'Pass', Assign: { a: 1 }, End: true }))).toThrow(
      'Only: the embedded account does not interpret Assign',
    );
    account.close();
    expect(refused(only(task('a', { HeartbeatSeconds: 5 })))).toThrow('HeartbeatSeconds');
    account.close();
    expect(refused(only({ Type: 'Pass', Parameters: { 'a.$': '$$.State.Name' }, End: true }))).toThrow(
      '$$.State',
    );
  });
});

describe('child executions', () => {
  const parent = (suffix: string): Machine =>
    only({
      Type: 'Task',
      Resource: `arn:aws:states:::states:startExecution${suffix}`,
      Parameters: {
        StateMachineArn: 'arn:aws:states:eu-west-1:111122223333:stateMachine:child',
        'Input.$': '$',
      },
      End: true,
    });

  it('are waited for by .sync:2, which answers their output as JSON', async () => {
    const setup = setUp(parent('.sync:2'));
    setup.states.create('child', only({ Type: 'Wait', Seconds: 30, End: true }));
    const { output } = await run(setup, { batch: 1 });
    expect(output).toMatchObject({ Status: 'SUCCEEDED', Output: { batch: 1 } });
    expect(account.clock.nowMs - START_MS).toBe(30_000);
  });

  it('fail their parent with States.TaskFailed', async () => {
    const setup = setUp(parent('.sync:2'));
    setup.states.create('child', only({ Type: 'Fail', Error: 'Sad', Cause: 'so' }));
    const { error, cause } = await run(setup);
    expect(error).toBe('States.TaskFailed');
    expect(JSON.parse(cause ?? '')).toMatchObject({ Status: 'FAILED', Error: 'Sad' });
  });

  it('are stopped with their parent', async () => {
    const setup = setUp(parent('.sync:2'));
    setup.states.create('child', only({ Type: 'Wait', Seconds: 3000, End: true }));
    const execution = setup.states.start(setup.arn);
    await account.pass(5);
    execution.stop();
    await account.pass(1);
    expect(setup.states.executions.map(({ status }) => status)).toEqual(['ABORTED', 'ABORTED']);
  });

  it('go on by themselves without .sync', async () => {
    const setup = setUp(parent(''));
    setup.states.create('child', only({ Type: 'Wait', Seconds: 3000, End: true }));
    expect((await run(setup)).output).toMatchObject({
      ExecutionArn: expect.stringContaining(':execution:child:'),
    });
    expect(setup.states.running()).toHaveLength(1);
  });
});

describe('the Step Functions API', () => {
  const waiting = only({ Type: 'Wait', Seconds: 60, End: true });

  it('answers the same execution for the same name and input while it runs', async () => {
    const { sfn, arn, states } = setUp(waiting);
    const start = () =>
      sfn.send(new StartExecutionCommand({ stateMachineArn: arn, name: 'run', input: '{"a":1}' }));
    const [first, second] = await account.finish(async () => [await start(), await start()] as const);
    expect(second.executionArn).toBe(first.executionArn);
    expect(second.startDate).toEqual(first.startDate);
    expect(states.executions).toHaveLength(1);
  });

  it('refuses a name with another input, and a closed name for 90 days', async () => {
    const { sfn, arn } = setUp(waiting);
    const start = (input: string) =>
      account.finish(() => sfn.send(new StartExecutionCommand({ stateMachineArn: arn, name: 'run', input })));
    await start('{}');
    await expect(start('{"other":1}')).rejects.toMatchObject({ name: 'ExecutionAlreadyExists' });
    await account.pass(120);
    await expect(start('{}')).rejects.toMatchObject({ name: 'ExecutionAlreadyExists' });
    await account.pass(90 * 86_400);
    await start('{}');
  });

  it.each([
    ['a name with a colon', { name: 'a:b' }, 'InvalidName'],
    ['a name of 81 characters', { name: 'x'.repeat(81) }, 'InvalidName'],
    ['an input that is no JSON', { input: '{' }, 'InvalidExecutionInput'],
    [
      'an unknown machine',
      { stateMachineArn: 'arn:aws:states:eu-west-1:111122223333:stateMachine:no' },
      'StateMachineDoesNotExist',
    ],
  ])('refuses %s', async (_what, input, error) => {
    const { sfn, arn } = setUp(waiting);
    await expect(
      account.finish(() => sfn.send(new StartExecutionCommand({ stateMachineArn: arn, ...input }))),
    ).rejects.toMatchObject({ name: error });
  });

  it('describes, lists, stops and tells the history', async () => {
    const { sfn, arn } = setUp(waiting);
    const executionArn = await account.finish(async () => {
      const started = await sfn.send(new StartExecutionCommand({ stateMachineArn: arn, name: 'run' }));
      return started.executionArn as string;
    });
    await account.pass(10);
    const [running, listed] = await account.finish(() =>
      Promise.all([
        sfn.send(new DescribeExecutionCommand({ executionArn })),
        sfn.send(new ListExecutionsCommand({ stateMachineArn: arn, statusFilter: 'RUNNING' })),
      ]),
    );
    expect(running).toMatchObject({ status: 'RUNNING', name: 'run', input: '{}' });
    expect(running.stopDate).toBeUndefined();
    expect(listed.executions?.map(({ name }) => name)).toEqual(['run']);
    await account.finish(() => sfn.send(new StopExecutionCommand({ executionArn, cause: 'enough' })));
    await account.pass(10);
    const [stopped, history] = await account.finish(() =>
      Promise.all([
        sfn.send(new DescribeExecutionCommand({ executionArn })),
        sfn.send(new GetExecutionHistoryCommand({ executionArn })),
      ]),
    );
    expect(stopped).toMatchObject({ status: 'ABORTED', cause: 'enough', stopDate: expect.any(Date) });
    expect(history.events?.map(({ type }) => type)).toEqual([
      'ExecutionStarted',
      'WaitStateEntered',
      'ExecutionAborted',
    ]);
  });

  it('does not know an execution that nobody started', async () => {
    const { sfn, arn } = setUp(waiting);
    const executionArn = arn.replace('stateMachine', 'execution').concat(':no');
    await expect(
      account.finish(() => sfn.send(new DescribeExecutionCommand({ executionArn }))),
    ).rejects.toMatchObject({ name: 'ExecutionDoesNotExist' });
  });
});
