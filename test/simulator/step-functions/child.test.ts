import { afterEach, describe, expect, it } from 'vitest';
import type { Machine } from '../../../simulator/step-functions/definition.ts';
import { type Kernel, START_MS } from '../support/kernel.ts';
import { only, run, type Setup, setUp as setUpIn } from './support.ts';

let account: Kernel;
afterEach(() => account.close());

/** The test's account is closed after it. */
function setUp(...parameters: Parameters<typeof setUpIn>): Setup {
  const setup = setUpIn(...parameters);
  account = setup.account;
  return setup;
}

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
