/** Source of all: Amazon EC2 Auto Scaling user guide, lifecycle-hooks, lifecycle-hooks-overview, completing-lifecycle-hooks, ec2-auto-scaling-event-reference; API reference, PutLifecycleHook. */
import type { LifecycleHook } from '@aws-sdk/client-auto-scaling';
import { afterEach, describe, expect, it } from 'vitest';
import { hostId, type SmallAccount, smallAccount } from '../ec2/small-account.ts';
import { asg, inService, membersIn, refused } from './groups.ts';

let account: SmallAccount;
afterEach(() => account.close());

const LAUNCHING = 'autoscaling:EC2_INSTANCE_LAUNCHING';
const TERMINATING = 'autoscaling:EC2_INSTANCE_TERMINATING';
const put = (LifecycleHookName: string, LifecycleTransition: string, more = {}) =>
  asg(account, 'PutLifecycleHook', { LifecycleHookName, LifecycleTransition, ...more });
const hooks = () =>
  asg<{ LifecycleHooks: LifecycleHook[] }>(account, 'DescribeLifecycleHooks').LifecycleHooks;
const end = (InstanceId: string) =>
  account.call('AutoScaling', 'TerminateInstanceInAutoScalingGroup', {
    InstanceId,
    ShouldDecrementDesiredCapacity: true,
  });

describe('a hook', () => {
  it('"The default is 3600 seconds"; the default result is ABANDON; the global timeout is 48 hours or 100 heartbeats, whichever is smaller', () => {
    account = smallAccount();
    put('usual', TERMINATING);
    put('short', TERMINATING, { HeartbeatTimeout: 30 });
    expect(hooks()).toMatchObject([
      { HeartbeatTimeout: 3600, DefaultResult: 'ABANDON', GlobalTimeout: 172_800 },
      { HeartbeatTimeout: 30, GlobalTimeout: 3000 },
    ]);
  });

  it('"The range is from 30 to 7200 seconds"', () => {
    account = smallAccount();
    const hook = { LifecycleHookName: 'long', LifecycleTransition: TERMINATING };
    expect(refused(account, 'PutLifecycleHook', { ...hook, HeartbeatTimeout: 7201 })).toContain(
      'ValidationError',
    );
    expect(refused(account, 'PutLifecycleHook', { ...hook, HeartbeatTimeout: 29 })).toContain(
      'ValidationError',
    );
  });

  it('a group has at most 50 (ec2-auto-scaling-quotas)', () => {
    account = smallAccount();
    for (let n = 0; n < 50; n++) put(`hook-${n}`, TERMINATING);
    expect(
      refused(account, 'PutLifecycleHook', {
        LifecycleHookName: 'one-more',
        LifecycleTransition: TERMINATING,
      }),
    ).toContain('LimitExceeded');
  });

  it('no number of heartbeats goes past the global timeout', async () => {
    account = smallAccount();
    put('drain', TERMINATING, { HeartbeatTimeout: 30 });
    end(hostId(1));
    for (let n = 0; n < 140; n++) {
      if (membersIn(account, 'Terminating:Wait').length === 0) break;
      asg(account, 'RecordLifecycleActionHeartbeat', { LifecycleHookName: 'drain', InstanceId: hostId(1) });
      await account.pass(25);
    }
    expect((account.clock.nowMs - account.clock.startMs) / 1000).toBeGreaterThan(2900);
    expect((account.clock.nowMs - account.clock.startMs) / 1000).toBeLessThan(3100);
    expect(membersIn(account, 'Terminating:Wait')).toEqual([]);
  });

  it('of a launch: ABANDON terminates the instance, and the group launches another', async () => {
    account = smallAccount();
    put('ready', LAUNCHING);
    asg(account, 'SetDesiredCapacity', { DesiredCapacity: 7 });
    await account.pass(30);
    const [first] = membersIn(account, 'Pending:Wait');
    asg(account, 'CompleteLifecycleAction', {
      LifecycleHookName: 'ready',
      InstanceId: first?.InstanceId,
      LifecycleActionResult: 'ABANDON',
    });
    await account.pass(120);
    const waiting = membersIn(account, 'Pending:Wait').map(({ InstanceId }) => InstanceId);
    expect(waiting).toHaveLength(1);
    expect(waiting).not.toContain(first?.InstanceId);
  });

  it('of a termination: both results let it terminate, but ABANDON "stops any remaining actions, such as other lifecycle hooks"', async () => {
    account = smallAccount();
    put('one', TERMINATING);
    put('two', TERMINATING);
    const complete = (InstanceId: string, LifecycleActionResult: string) =>
      asg(account, 'CompleteLifecycleAction', {
        LifecycleHookName: 'one',
        InstanceId,
        LifecycleActionResult,
      });
    end(hostId(1));
    end(hostId(2));
    complete(hostId(1), 'CONTINUE');
    complete(hostId(2), 'ABANDON');
    await account.pass(60);
    expect(membersIn(account, 'Terminating:Wait').map(({ InstanceId }) => InstanceId)).toEqual([hostId(1)]);
    expect(account.ec2.instance(hostId(2))?.state).toBe('terminated');
  });

  it('runs neither for Standby nor for a detached instance', async () => {
    account = smallAccount();
    put('drain', TERMINATING);
    asg(account, 'EnterStandby', { InstanceIds: [hostId(1)], ShouldDecrementDesiredCapacity: true });
    asg(account, 'DetachInstances', { InstanceIds: [hostId(2)], ShouldDecrementDesiredCapacity: true });
    await account.pass(60);
    expect(membersIn(account, 'Terminating:Wait')).toEqual([]);
    expect(membersIn(account, 'Standby')).toHaveLength(1);
    expect(inService(account)).toHaveLength(4);
  });

  it('is told of in best-effort events with Origin and Destination, NotificationMetadata included', async () => {
    account = smallAccount();
    put('drain', TERMINATING, { NotificationMetadata: 'additional-info' });
    end(hostId(1));
    await account.pass(1);
    const told = account.events.find(
      ({ detailType }) => detailType === 'EC2 Instance-terminate Lifecycle Action',
    );
    expect(told).toMatchObject({
      delivery: 'best-effort',
      detail: {
        LifecycleTransition: TERMINATING,
        EC2InstanceId: hostId(1),
        NotificationMetadata: 'additional-info',
        Origin: 'AutoScalingGroup',
        Destination: 'EC2',
      },
    });
  });
});
