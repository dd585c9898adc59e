import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { afterEach, describe, expect, it } from 'vitest';
import type { Kernel } from '../support/kernel.ts';
import { only, type Setup, setUp as setUpIn } from './support.ts';

let account: Kernel;
afterEach(() => account.close());

/** The test's account is closed after it. */
function setUp(...parameters: Parameters<typeof setUpIn>): Setup {
  const setup = setUpIn(...parameters);
  account = setup.account;
  return setup;
}

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
