/** Source of all: Amazon EC2 Auto Scaling user guide, as-suspend-resume-processes and understand-how-suspending-processes-affects-other-processes. */
import { afterEach, describe, expect, it } from 'vitest';
import { hostId, type SmallAccount, smallAccount, smallCapture, ZONES } from '../ec2/small-account.ts';
import { START_MS } from '../support/kernel.ts';
import { asg, inService, refresh, refused, resume, suspend } from './groups.ts';

let account: SmallAccount;
afterEach(() => account.close());

const lopsided = () =>
  smallCapture({ zoneOf: (n) => (n <= 4 ? 'eu-west-1a' : (ZONES[n - 4] as string)), group: { MaxSize: 6 } });

describe('Launch is suspended', () => {
  it('"ReplaceUnhealthy continues to terminate unhealthy instances, but does not launch replacements", and resuming replaces them at once', async () => {
    account = smallAccount();
    suspend(account, 'Launch');
    account.ec2.terminate(hostId(1), { kind: 'fault', name: 'somebody' });
    await account.pass(600);
    expect(inService(account)).toHaveLength(5);
    resume(account, 'Launch');
    await account.pass(60);
    expect(inService(account)).toHaveLength(6);
  });

  it('"AZRebalance stops rebalancing the group"', async () => {
    account = smallAccount(lopsided());
    suspend(account, 'Launch');
    await account.pass(3600);
    expect(inService(account)).toHaveLength(6);
    expect(account.activities()).toEqual([]);
  });

  it('"InstanceRefresh does not replace instances"', async () => {
    account = smallAccount();
    suspend(account, 'Launch');
    asg(account, 'StartInstanceRefresh');
    await account.pass(1800);
    expect(refresh(account)).toMatchObject({ Status: 'Pending', PercentageComplete: 0 });
    expect(inService(account)).toContain(hostId(1));
  });

  it('"ScheduledActions is active, but your Auto Scaling group can\'t initiate scale-out activities"', async () => {
    account = smallAccount();
    account.autoScaling.putScheduledAction('web', 8, START_MS + 60_000);
    suspend(account, 'Launch');
    await account.pass(600);
    expect(account.group()).toMatchObject({ DesiredCapacity: 8 });
    expect(inService(account)).toHaveLength(6);
  });

  it('"you can\'t attach new instances to the group" nor "return an instance in the Standby state to service"', async () => {
    account = smallAccount();
    asg(account, 'EnterStandby', { InstanceIds: [hostId(1)], ShouldDecrementDesiredCapacity: true });
    asg(account, 'DetachInstances', { InstanceIds: [hostId(2)], ShouldDecrementDesiredCapacity: true });
    await account.pass(20);
    suspend(account, 'Launch');
    expect(refused(account, 'ExitStandby', { InstanceIds: [hostId(1)] })).toContain('Launch');
    expect(refused(account, 'AttachInstances', { InstanceIds: [hostId(2)] })).toContain('Launch');
    resume(account, 'Launch');
    expect(refused(account, 'ExitStandby', { InstanceIds: [hostId(1)] })).toBeUndefined();
    expect(refused(account, 'AttachInstances', { InstanceIds: [hostId(2)] })).toBeUndefined();
  });
});

describe('Terminate is suspended', () => {
  it('rebalancing "can launch new instances without terminating the old ones … up to 10 percent larger than its maximum size … until you resume the Terminate process"', async () => {
    account = smallAccount(lopsided());
    suspend(account, 'Terminate');
    await account.pass(3600);
    expect(inService(account)).toHaveLength(7);
    resume(account, 'Terminate');
    await account.pass(600);
    expect(inService(account)).toHaveLength(6);
  });

  it('"ReplaceUnhealthy is inactive but not HealthCheck"; unhealthy instances are replaced immediately after', async () => {
    account = smallAccount();
    suspend(account, 'Terminate');
    account.ec2.stop(hostId(1), { kind: 'fault', name: 'somebody' });
    await account.pass(600);
    expect(account.group().Instances?.find(({ InstanceId }) => InstanceId === hostId(1))).toMatchObject({
      LifecycleState: 'InService',
      HealthStatus: 'Unhealthy',
    });
    resume(account, 'Terminate');
    await account.pass(90);
    expect(inService(account)).not.toContain(hostId(1));
    expect(inService(account)).toHaveLength(6);
  });

  it('"can\'t initiate scale in activities": desired falls, nobody goes until it is resumed', async () => {
    account = smallAccount();
    suspend(account, 'Terminate');
    asg(account, 'SetDesiredCapacity', { DesiredCapacity: 4 });
    await account.pass(600);
    expect(inService(account)).toHaveLength(6);
    resume(account, 'Terminate');
    await account.pass(120);
    expect(inService(account)).toHaveLength(4);
  });
});

describe('other processes', () => {
  it('HealthCheck: "stops marking instances unhealthy"; SetInstanceHealth still counts', async () => {
    account = smallAccount();
    suspend(account, 'HealthCheck');
    account.ec2.stop(hostId(1), { kind: 'fault', name: 'somebody' });
    await account.pass(600);
    expect(inService(account)).toContain(hostId(1));
    account.call('AutoScaling', 'SetInstanceHealth', { InstanceId: hostId(2), HealthStatus: 'Unhealthy' });
    await account.pass(120);
    expect(inService(account)).not.toContain(hostId(2));
  });

  it('ReplaceUnhealthy: on resume it replaces what was marked meanwhile, Terminate first and then Launch', async () => {
    account = smallAccount();
    suspend(account, 'ReplaceUnhealthy');
    account.ec2.stop(hostId(1), { kind: 'fault', name: 'somebody' });
    await account.pass(600);
    resume(account, 'ReplaceUnhealthy');
    await account.pass(120);
    const starts = account.activities().map(({ Description }) => Description);
    expect(starts.at(-1)).toContain('Terminating EC2 instance');
    expect(starts.at(-2)).toContain('Launching a new EC2 instance');
  });

  it('ScheduledActions: on resume only actions whose time has not passed are considered', async () => {
    account = smallAccount();
    account.autoScaling.putScheduledAction('web', 8, START_MS + 60_000);
    suspend(account, 'ScheduledActions');
    await account.pass(120);
    resume(account, 'ScheduledActions');
    await account.pass(3600);
    expect(account.group()).toMatchObject({ DesiredCapacity: 6 });
  });

  it('AZRebalance: a scale-out still picks the zone with the fewest, and the group is rebalanced on resume', async () => {
    account = smallAccount(
      smallCapture({ hosts: 4, zoneOf: (n) => (n <= 4 ? 'eu-west-1a' : 'eu-west-1b'), group: {} }),
    );
    suspend(account, 'AZRebalance');
    asg(account, 'SetDesiredCapacity', { DesiredCapacity: 5 });
    await account.pass(60);
    const zones = () => account.group().Instances?.map(({ AvailabilityZone }) => AvailabilityZone) ?? [];
    expect(zones().filter((zone) => zone === 'eu-west-1a')).toHaveLength(4);
    resume(account, 'AZRebalance');
    await account.pass(600);
    expect(zones().filter((zone) => zone === 'eu-west-1a')).toHaveLength(2);
  });

  it('InstanceRefresh: "does not replace instances", and goes on when it is resumed', async () => {
    account = smallAccount();
    suspend(account, 'InstanceRefresh');
    asg(account, 'StartInstanceRefresh', { Preferences: { MinHealthyPercentage: 0 } });
    await account.pass(600);
    expect(inService(account)).toContain(hostId(1));
    resume(account, 'InstanceRefresh');
    await account.pass(900);
    expect(refresh(account)).toMatchObject({ Status: 'Successful' });
  });

  it('"trying to launch instances for over 24 hours but have not succeeded": AWS suspends Launch itself, and anybody can resume it', async () => {
    let refuses = true;
    account = smallAccount(undefined, {
      faults: {
        launchFailure: () => (refuses ? 'We currently do not have sufficient capacity.' : undefined),
      },
    });
    asg(account, 'SetDesiredCapacity', { DesiredCapacity: 7 });
    await account.pass(23 * 3600);
    expect(account.group().SuspendedProcesses).toEqual([]);
    await account.pass(2 * 3600);
    expect(account.group().SuspendedProcesses).toEqual([
      { ProcessName: 'Launch', SuspensionReason: expect.stringContaining('Administratively suspended') },
    ]);
    refuses = false;
    resume(account, 'Launch');
    await account.pass(60);
    expect(inService(account)).toHaveLength(7);
  });
});
