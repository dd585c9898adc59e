/**
 * Groups that scale on their cluster's CPUReservation or MemoryReservation, without capacity providers. Sources: Amazon EC2
 * Auto Scaling user guide, as-scaling-target-tracking and ec2-auto-scaling-default-instance-warmup; Amazon CloudWatch user
 * guide, alarm-evaluation; Amazon ECS developer guide, available-metrics.
 */
import type { ScalingPolicy } from '@aws-sdk/client-auto-scaling';
import type { MetricAlarm } from '@aws-sdk/client-cloudwatch';
import { afterEach, describe, expect, it } from 'vitest';
import { type SmallAccount, smallAccount, smallCapture } from '../ec2/small-account.ts';
import { asg, suspend } from './groups.ts';

let account: SmallAccount;
let percent: number | undefined;
afterEach(() => account.close());

const METRIC = {
  Namespace: 'AWS/ECS',
  MetricName: 'CPUReservation',
  Dimensions: [{ Name: 'ClusterName', Value: 'prod' }],
  Statistic: 'Average' as const,
};
const tracking = (TargetValue: number, DisableScaleIn = false): ScalingPolicy => ({
  AutoScalingGroupName: 'web',
  PolicyName: `at-${TargetValue}`,
  PolicyType: 'TargetTrackingScaling',
  TargetTrackingConfiguration: { CustomizedMetricSpecification: METRIC, TargetValue, DisableScaleIn },
});
const begin = (policies: ScalingPolicy[], group = {}, alarms: MetricAlarm[] = []) => {
  const capture = smallCapture({ hosts: 10, group: { MinSize: 2, ...group } });
  capture.autoScaling.scalingPolicies.push(...policies);
  capture.cloudWatch.alarms.push(...alarms);
  account = smallAccount(capture, { reservation: () => percent });
};
const desired = () => account.group().DesiredCapacity;
const alarm = (kind: 'High' | 'Low') =>
  account.alarms.stateOf(account.alarms.nameLike(`TargetTracking-web-Alarm${kind}-`) ?? '');

describe('target tracking on the reservation of a cluster', () => {
  // The datapoints of both alarms are observed.
  it('goes out after three minutes above the target, to the capacity at which it would be there', async () => {
    percent = 90;
    begin([tracking(60)]);
    await account.pass(150);
    expect(desired()).toBe(10);
    await account.pass(60);
    expect([desired(), alarm('High')]).toEqual([15, 'ALARM']);
  });

  it('does not ask twice for what still warms up', async () => {
    percent = 90;
    begin([tracking(60)]);
    await account.pass(400);
    expect(desired()).toBe(15);
  });

  it('goes in after fifteen minutes below, and waits until nothing warms up', async () => {
    percent = 30;
    begin([tracking(60)]);
    await account.pass(870);
    expect(desired()).toBe(10);
    asg(account, 'SetDesiredCapacity', { DesiredCapacity: 11 });
    await account.pass(120);
    expect([desired(), alarm('Low')]).toEqual([11, 'ALARM']);
    await account.pass(360);
    expect(desired()).toBeLessThan(11);
  });

  it('is never below MinSize, and does nothing between both alarms or while AlarmNotification is suspended', async () => {
    percent = 30;
    begin([tracking(60)], { MinSize: 8 });
    await account.pass(1800);
    expect(desired()).toBe(8);
    percent = 57;
    asg(account, 'SetDesiredCapacity', { DesiredCapacity: 9 });
    await account.pass(1800);
    expect(desired()).toBe(9);
    suspend(account, 'AlarmNotification');
    percent = 90;
    await account.pass(1800);
    expect(desired()).toBe(9);
  });

  it('goes in "only if all of the target tracking policies (with the scale-in portion enabled) are ready to scale in"', async () => {
    percent = 50;
    begin([tracking(80), tracking(40)]);
    await account.pass(1800);
    expect(desired()).toBeGreaterThanOrEqual(10);
    account.close();
    percent = 50;
    begin([tracking(80), tracking(52, true)]);
    await account.pass(1800);
    expect(desired()).toBeLessThan(10);
  });

  it('takes missing data for no low use: no tasks, no metric, no scale-in', async () => {
    percent = undefined;
    begin([tracking(60)]);
    await account.pass(1800);
    expect(desired()).toBe(10);
  });
});

describe('an alarm of somebody’s own on it', () => {
  const OWN: MetricAlarm = {
    ...METRIC,
    AlarmName: 'idle',
    StateValue: 'OK',
    ComparisonOperator: 'LessThanThreshold',
    Threshold: 40,
    Period: 60,
    EvaluationPeriods: 5,
    DatapointsToAlarm: 3,
  };
  const step: ScalingPolicy = {
    AutoScalingGroupName: 'web',
    PolicyName: 'in',
    PolicyType: 'StepScaling',
    AdjustmentType: 'ChangeInCapacity',
    StepAdjustments: [{ MetricIntervalUpperBound: 0, ScalingAdjustment: -2 }],
    Alarms: [{ AlarmName: 'idle' }],
  };

  it('sounds when DatapointsToAlarm of EvaluationPeriods are beyond the threshold, its policy acts, and it is quiet again', async () => {
    percent = 30;
    begin([step], {}, [OWN]);
    await account.pass(130);
    expect([account.alarms.stateOf('idle'), desired()]).toEqual(['OK', 10]);
    await account.pass(120);
    expect(account.alarms.stateOf('idle')).toBe('ALARM');
    expect(desired()).toBeLessThan(10);
    percent = 60;
    await account.pass(300);
    expect(account.alarms.stateOf('idle')).toBe('OK');
  });
});
