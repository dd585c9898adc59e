/**
 * Step and simple scaling policies. Sources: Amazon EC2 Auto Scaling user guide, as-scaling-simple-step,
 * ec2-auto-scaling-scaling-cooldowns, understand-how-suspending-processes-affects-other-processes; Amazon CloudWatch user
 * guide, alarm-actions.
 */
import type { ScalingPolicy } from '@aws-sdk/client-auto-scaling';
import { afterEach, describe, expect, it } from 'vitest';
import { type SmallAccount, smallAccount, smallCapture } from '../ec2/small-account.ts';
import { asg, resume, suspend } from './groups.ts';

let account: SmallAccount;
afterEach(() => account.close());

const STEP: ScalingPolicy = {
  AutoScalingGroupName: 'web',
  PolicyName: 'out',
  PolicyType: 'StepScaling',
  AdjustmentType: 'ChangeInCapacity',
  EstimatedInstanceWarmup: 300,
  StepAdjustments: [
    { MetricIntervalLowerBound: 0, MetricIntervalUpperBound: 10, ScalingAdjustment: 2 },
    { MetricIntervalLowerBound: 10, ScalingAdjustment: 5 },
  ],
  Alarms: [{ AlarmName: 'busy' }],
};
const withPolicy = (policy: Partial<ScalingPolicy>, group = {}) => {
  const capture = smallCapture({ hosts: 10, group: { MinSize: 2, ...group } });
  capture.autoScaling.scalingPolicies.push({ ...STEP, ...policy });
  account = smallAccount(capture);
};
const sound = (value: 'ALARM' | 'OK') => account.alarms.setState('busy', value, 'Threshold');
const desired = () => account.group().DesiredCapacity;

describe('a step policy', () => {
  it('acts while its alarm does: "multiple alarm breaches that fall in the range of the same step adjustment result in a single scaling activity"', async () => {
    withPolicy({});
    sound('ALARM');
    await account.pass(240);
    expect(desired()).toBe(12);
  });

  it('acts again for an alarm that goes on when the new instances have warmed up', async () => {
    withPolicy({});
    sound('ALARM');
    await account.pass(600);
    expect(desired()).toBeGreaterThanOrEqual(14);
    sound('OK');
    const at = desired();
    await account.pass(600);
    expect(desired()).toBe(at);
  });

  it('"all scale-in activities initiated by scaling policies are blocked until the instances finish warming up"', async () => {
    withPolicy({ StepAdjustments: [{ MetricIntervalUpperBound: 0, ScalingAdjustment: -1 }] });
    asg(account, 'SetDesiredCapacity', { DesiredCapacity: 11 });
    sound('ALARM');
    await account.pass(240);
    expect(desired()).toBe(11);
    await account.pass(240);
    expect(desired()).toBeLessThan(11);
  });

  it('never leaves the bounds of the group', async () => {
    withPolicy({}, { MaxSize: 11 });
    sound('ALARM');
    await account.pass(1200);
    expect(desired()).toBe(11);
  });
});

// as-scaling-simple-step, "Scaling adjustment types", its own examples.
it.each([
  ['12.7 is rounded to 12', 127, 10, 22],
  ['.67 is rounded to 1', 6.7, 10, 11],
  ['-.58 is rounded to -1', -5.8, 10, 9],
  ['-6.67 is rounded to -6', -66.7, 10, 4],
])('PercentChangeInCapacity: %s', async (_, ScalingAdjustment, __, expected) => {
  withPolicy(
    {
      PolicyType: 'SimpleScaling',
      AdjustmentType: 'PercentChangeInCapacity',
      ScalingAdjustment,
      Cooldown: 9000,
    },
    { MaxSize: 30 },
  );
  sound('ALARM');
  await account.pass(90);
  expect(desired()).toBe(expected);
});

it('MinAdjustmentMagnitude: a percentage that comes to 1 adds 2 where that is the least', async () => {
  withPolicy(
    {
      PolicyType: 'SimpleScaling',
      AdjustmentType: 'PercentChangeInCapacity',
      ScalingAdjustment: 2.5,
      MinAdjustmentMagnitude: 2,
      Cooldown: 9000,
    },
    { MaxSize: 30 },
  );
  sound('ALARM');
  await account.pass(90);
  expect(desired()).toBe(12);
});

it('a simple policy "must wait for the scaling activity … to complete and the cooldown period to end"', async () => {
  withPolicy({ PolicyType: 'SimpleScaling', ScalingAdjustment: 1, Cooldown: 600 });
  sound('ALARM');
  await account.pass(590);
  expect(desired()).toBe(11);
  await account.pass(180);
  expect(desired()).toBe(12);
});

describe('AlarmNotification is suspended', () => {
  it('no policy is invoked, and on resume it "considers policies with alarm thresholds that are currently in breach"', async () => {
    withPolicy({});
    suspend(account, 'AlarmNotification');
    sound('ALARM');
    await account.pass(600);
    expect(desired()).toBe(10);
    resume(account, 'AlarmNotification');
    expect(desired()).toBe(12);
  });
});
