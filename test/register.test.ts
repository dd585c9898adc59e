import { AutoScalingClient, UpdateAutoScalingGroupCommand } from '@aws-sdk/client-auto-scaling';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { handler } from '../functions/register.ts';
import { fakeLedger } from './support/fake-ledger.ts';
import { lambdaContext } from './support/lambda-context.ts';
import { begin, loseClaim, state } from './support/run.ts';

const autoScaling = mockClient(AutoScalingClient);
const ledger = fakeLedger();
const sizes = (name: string) => ({
  autoScalingGroupName: name,
  minSize: 4,
  maxSize: 5,
  desiredCapacity: 4,
  reason: 'surge',
});
const asking = (...names: string[]) => ({ ...state, step: { ...state.step, register: names.map(sizes) } });
const failing = (name: string) => Object.assign(new Error(name), { name });

describe('register', () => {
  beforeEach(async () => {
    autoScaling.reset();
    ledger.reset();
    await begin(ledger.table);
    autoScaling.on(UpdateAutoScalingGroupCommand).resolves({});
  });

  it('sets Min, Max and Desired of a group in one call, and notes the sizes before it', async () => {
    autoScaling.on(UpdateAutoScalingGroupCommand).callsFake(() => {
      expect(ledger.items.get('RUN#run-1|SIZES#hosts')?.data).toEqual({ minSizes: [4], maxSizes: [5] });
      return {};
    });

    const answer = await handler(asking('hosts'), lambdaContext);

    expect(autoScaling.commandCalls(UpdateAutoScalingGroupCommand)[0]?.args[0].input).toEqual({
      AutoScalingGroupName: 'hosts',
      MinSize: 4,
      MaxSize: 5,
      DesiredCapacity: 4,
    });
    expect(answer.next).toBe('wait');
  });

  it('goes on to drain when the step has hosts to drain', async () => {
    const host = { instanceId: 'i-0old', containerInstanceArn: 'arn', reason: '' };
    const input = asking('hosts');

    const answer = await handler({ ...input, step: { ...input.step, drain: [host] } }, lambdaContext);

    expect(answer.next).toBe('drain');
  });

  it('touches nothing once the claim is lost', async () => {
    await loseClaim(ledger.table);

    await expect(handler(asking('hosts'), lambdaContext)).rejects.toMatchObject({ name: 'ClaimLost' });
    expect(autoScaling.calls()).toHaveLength(0);
  });

  it('leaves a busy group for the next look and still serves the others', async () => {
    autoScaling
      .on(UpdateAutoScalingGroupCommand, { AutoScalingGroupName: 'busy' })
      .rejects(failing('ScalingActivityInProgressFault'));

    const answer = await handler(asking('busy', 'hosts'), lambdaContext);

    expect(answer.next).toBe('wait');
    expect(autoScaling.commandCalls(UpdateAutoScalingGroupCommand)).toHaveLength(2);
  });

  it('asks for a new decision when every group refuses', async () => {
    autoScaling.on(UpdateAutoScalingGroupCommand).rejects(failing('ValidationError'));

    await expect(handler(asking('hosts'), lambdaContext)).rejects.toMatchObject({ name: 'WorldChanged' });
  });

  it('tells the machine that AWS is busy when the throttle outlasts the SDK', async () => {
    autoScaling.on(UpdateAutoScalingGroupCommand).rejects(failing('RateExceeded'));

    await expect(handler(asking('hosts'), lambdaContext)).rejects.toMatchObject({ name: 'AwsBusy' });
  });

  it('refuses a state that it cannot read, naming the field', async () => {
    await expect(handler({ ...state, token: 'one' as never }, lambdaContext)).rejects.toMatchObject({
      name: 'BadRequest',
      message: expect.stringContaining('token'),
    });
  });
});
