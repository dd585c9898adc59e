import type { InstanceRefresh, ScheduledUpdateGroupAction } from '@aws-sdk/client-auto-scaling';
import { afterEach, describe, expect, it } from 'vitest';
import { nextCron } from '../../../simulator/auto-scaling/cron.ts';
import {
  hostId,
  NEW_IMAGE,
  type SmallAccount,
  smallAccount,
  smallCapture,
  TEMPLATE,
  ZONES,
} from '../ec2/small-account.ts';
import { START_MS } from '../support/kernel.ts';

let account: SmallAccount;
const web = { AutoScalingGroupName: 'web' };
const suspend = (...ScalingProcesses: string[]) =>
  account.call('AutoScaling', 'SuspendProcesses', { ...web, ScalingProcesses });
const resume = (...ScalingProcesses: string[]) =>
  account.call('AutoScaling', 'ResumeProcesses', { ...web, ScalingProcesses });
const inService = () =>
  (account.group().Instances ?? []).filter((member) => member.LifecycleState === 'InService');
const countsByZone = () =>
  ZONES.map((zone) => inService().filter((member) => member.AvailabilityZone === zone).length);
const refreshes = () =>
  account.call<{ InstanceRefreshes: InstanceRefresh[] }>('AutoScaling', 'DescribeInstanceRefreshes', web)
    .InstanceRefreshes;
/** Four hosts in the first zone, one in each other. */
const lopsided = (group = {}) =>
  smallCapture({ zoneOf: (n) => (n <= 4 ? 'eu-west-1a' : (ZONES[n - 4] as string)), group });

describe('suspended processes', () => {
  afterEach(() => account.close());

  it('are listed with when the user suspended them, and a second suspension changes nothing', async () => {
    account = smallAccount();
    suspend('AZRebalance');
    await account.pass(10);
    suspend('AZRebalance', 'ScheduledActions');
    expect(account.group().SuspendedProcesses).toEqual([
      { ProcessName: 'AZRebalance', SuspensionReason: 'User suspended at 2026-11-22T12:00:00Z' },
      { ProcessName: 'ScheduledActions', SuspensionReason: 'User suspended at 2026-11-22T12:00:10Z' },
    ]);
    resume();
    expect(account.group().SuspendedProcesses).toEqual([]);
  });

  it('refuses a process that does not exist', () => {
    account = smallAccount();
    expect(
      account.refusal('AutoScaling', 'SuspendProcesses', { ...web, ScalingProcesses: ['Rebalance'] }),
    ).toContain('Rebalance is none');
  });

  it('without Launch nothing is launched until it is resumed', async () => {
    account = smallAccount();
    suspend('Launch');
    account.call('AutoScaling', 'SetDesiredCapacity', { ...web, DesiredCapacity: 8 });
    await account.pass(600);
    expect(account.group().Instances).toHaveLength(6);
    resume('Launch');
    await account.pass(40);
    expect(inService()).toHaveLength(8);
  });

  it('managed scaling cannot lower the size while AlarmNotification is suspended', async () => {
    account = smallAccount();
    suspend('AlarmNotification');
    account.autoScaling.scaleIn('web');
    expect(account.group()).toMatchObject({ DesiredCapacity: 6 });
    resume('AlarmNotification');
    account.autoScaling.scaleIn('web', 2);
    expect(account.group()).toMatchObject({ DesiredCapacity: 4 });
  });
});

describe('zone rebalancing', () => {
  afterEach(() => account.close());

  it('launches before it terminates and ends even', async () => {
    account = smallAccount(lopsided());
    let most = 0;
    for (let n = 0; n < 60; n++) {
      await account.pass(10);
      most = Math.max(most, inService().length);
    }
    expect(countsByZone()).toEqual([2, 2, 2]);
    expect(most).toBeGreaterThan(6);
  });

  it('exceeds the maximum by a tenth at most, at least by one', async () => {
    account = smallAccount(lopsided({ MaxSize: 6 }));
    let most = 0;
    for (let n = 0; n < 120; n++) {
      await account.pass(10);
      most = Math.max(most, account.group().Instances?.length ?? 0);
    }
    expect(most).toBe(7);
    expect(countsByZone()).toEqual([2, 2, 2]);
  });

  it('waits while it is suspended and begins as soon as it is resumed', async () => {
    account = smallAccount(lopsided());
    suspend('AZRebalance');
    await account.pass(1200);
    expect(countsByZone()).toEqual([4, 1, 1]);
    resume('AZRebalance');
    await account.pass(15);
    expect(account.activities()[0]?.Cause).toContain('An instance was launched to aid in balancing');
  });

  it('launches without ever terminating while Terminate is suspended', async () => {
    account = smallAccount(lopsided());
    suspend('Terminate');
    await account.pass(1800);
    expect(inService()).toHaveLength(8);
    resume('Terminate');
    await account.pass(300);
    expect(countsByZone()).toEqual([2, 2, 2]);
  });
});

describe('scheduled actions', () => {
  afterEach(() => account.close());

  it('change the size at their time, and stay listed when they recur', async () => {
    account = smallAccount();
    account.autoScaling.putScheduledAction('web', 8, START_MS + 60_000);
    await account.pass(65);
    expect(account.group()).toMatchObject({ DesiredCapacity: 8 });
    const { ScheduledUpdateGroupActions: listed } = account.call<{
      ScheduledUpdateGroupActions: ScheduledUpdateGroupAction[];
    }>('AutoScaling', 'DescribeScheduledActions', web);
    expect(listed[0]?.StartTime).toEqual(new Date(START_MS + 86_460_000));
  });

  it('are lost when they fall due while suspended', async () => {
    account = smallAccount();
    account.autoScaling.putScheduledAction('web', 8, START_MS + 60_000);
    suspend('ScheduledActions');
    await account.pass(90);
    resume('ScheduledActions');
    await account.pass(600);
    expect(account.group()).toMatchObject({ DesiredCapacity: 6 });
  });

  it('fail as an activity when they do not fit the bounds', async () => {
    account = smallAccount();
    account.autoScaling.putScheduledAction('web', 50, START_MS + 60_000);
    await account.pass(65);
    expect(account.group()).toMatchObject({ DesiredCapacity: 6 });
    expect(account.activities()[0]).toMatchObject({ StatusCode: 'Failed' });
  });

  it.each([
    ['0 9 * * MON-FRI', '2026-11-22T12:00:00Z', 'Etc/UTC', '2026-11-23T09:00:00.000Z'],
    ['*/15 * * * *', '2026-11-22T12:07:00Z', 'Etc/UTC', '2026-11-22T12:15:00.000Z'],
    ['30 2 * * *', '2026-03-28T03:00:00Z', 'Europe/Berlin', '2026-03-30T00:30:00.000Z'],
    ['0 0 1 JAN *', '2026-11-22T12:00:00Z', 'Etc/UTC', '2027-01-01T00:00:00.000Z'],
    ['0 0 13 * FRI', '2026-11-22T12:00:00Z', 'Etc/UTC', '2026-11-27T00:00:00.000Z'],
  ])('%s after %s in %s is %s', (expression, after, zone, expected) => {
    account = smallAccount();
    expect(new Date(nextCron(expression, Date.parse(after), zone) ?? 0).toISOString()).toBe(expected);
  });
});

describe('instance refreshes', () => {
  afterEach(() => account.close());

  it('refuse template updates and replace hosts until they are over', async () => {
    account = smallAccount();
    account.autoScaling.startInstanceRefresh('web');
    expect(
      account.refusal('AutoScaling', 'UpdateAutoScalingGroup', {
        ...web,
        LaunchTemplate: { LaunchTemplateId: TEMPLATE, Version: '1' },
      }),
    ).toContain('An active instance refresh with a desired configuration exists');
    expect(account.refusal('AutoScaling', 'StartInstanceRefresh', web)).toContain(
      'InstanceRefreshInProgressFault',
    );
    expect(account.refusal('AutoScaling', 'UpdateAutoScalingGroup', { ...web, MaxSize: 30 })).toBeUndefined();

    await account.pass(3600);
    const [refresh] = refreshes();
    expect(refresh).toMatchObject({ Status: 'Successful', PercentageComplete: 100 });
    expect(inService().some((member) => Number(member.InstanceId?.slice(2)) <= 6)).toBe(false);
  });

  it('wait for protected hosts', async () => {
    account = smallAccount();
    account.call('AutoScaling', 'SetInstanceProtection', {
      ...web,
      InstanceIds: [hostId(1)],
      ProtectedFromScaleIn: true,
    });
    account.autoScaling.startInstanceRefresh('web');
    await account.pass(3 * 3600);
    expect(refreshes()[0]).toMatchObject({
      Status: 'Failed',
    });
    expect(inService().map((member) => member.InstanceId)).toContain(hostId(1));
  });
});

describe('an owner who changes the template', () => {
  afterEach(() => account.close());

  it.each([
    ['1', '2', 1],
    ['$Default', '$Default', 2],
    ['$Latest', '$Latest', 1],
  ])('moves a reference of the form %s to %s', (Version, expected, defaultVersion) => {
    const LaunchTemplate = { LaunchTemplateId: TEMPLATE, LaunchTemplateName: 'web', Version };
    account = smallAccount(smallCapture({ group: { LaunchTemplate } }));
    account.autoScaling.changeLaunchTemplate('web', NEW_IMAGE);
    expect(account.group().LaunchTemplate?.Version).toBe(expected);
    expect(account.autoScaling.groups()[0]?.launchImages).toEqual([NEW_IMAGE]);
    expect(account.ec2.launchTemplates()[0]).toMatchObject({ defaultVersion, latestVersion: 2 });
  });
});
