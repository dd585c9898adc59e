/** Source of all: Amazon EC2 Auto Scaling user guide, ec2-auto-scaling-warm-pools, warm-pool-instance-lifecycle, warm-pools-eventbridge-events; API reference, PutWarmPool, DeleteWarmPool. */
import { afterEach, describe, expect, it } from 'vitest';
import { hostId, NEW_IMAGE, type SmallAccount, smallAccount, smallCapture } from '../ec2/small-account.ts';
import { asg, inService, membersIn, pool, poolStates, refused } from './groups.ts';

let account: SmallAccount;
afterEach(() => account.close());

/** Six hosts of at most eight. */
const small = () => smallAccount(smallCapture({ group: { MaxSize: 8 } }));
const filled = async (configuration: object = {}) => {
  account = small();
  asg(account, 'PutWarmPool', configuration);
  await account.pass(180);
};

describe('a warm pool', () => {
  it('"launches and maintains the difference between the group\'s maximum capacity and its desired capacity", by default Stopped', async () => {
    await filled();
    expect(poolStates(account)).toEqual(['Warmed:Stopped', 'Warmed:Stopped']);
    expect(account.group().Instances).toHaveLength(6);
    expect(account.ec2.instance(pool(account)[0]?.InstanceId ?? '')?.state).toBe('stopped');
  });

  it.each([
    ['Running', 'running'],
    ['Hibernated', 'stopped'],
  ])('with PoolState %s rests in Warmed:%s', async (PoolState, state) => {
    await filled({ PoolState });
    expect(poolStates(account)).toEqual([`Warmed:${PoolState}`, `Warmed:${PoolState}`]);
    expect(account.ec2.instance(pool(account)[0]?.InstanceId ?? '')?.state).toBe(state);
  });

  it('"uses the difference between the MaxGroupPreparedCapacity and the desired capacity instead", and at least MinSize', async () => {
    await filled({ MaxGroupPreparedCapacity: 7 });
    expect(pool(account)).toHaveLength(1);
    asg(account, 'PutWarmPool', { MaxGroupPreparedCapacity: 6, MinSize: 3 });
    await account.pass(180);
    expect(pool(account)).toHaveLength(3);
    asg(account, 'PutWarmPool', { MaxGroupPreparedCapacity: -1, MinSize: 0 });
    await account.pass(180);
    expect(pool(account)).toHaveLength(2);
  });

  it('grows when the desired capacity falls, and gives its instances to the group when it rises', async () => {
    await filled();
    const warmed = pool(account).map(({ InstanceId }) => InstanceId);
    asg(account, 'SetDesiredCapacity', { DesiredCapacity: 7 });
    await account.pass(90);
    expect(warmed.filter((id) => inService(account).includes(id ?? ''))).toHaveLength(1);
    expect(pool(account)).toHaveLength(1);
    asg(account, 'SetDesiredCapacity', { DesiredCapacity: 4 });
    await account.pass(300);
    expect(pool(account)).toHaveLength(4);
  });

  it('keeps the image it was launched with: what it gives to the group later is as old as it is', async () => {
    await filled();
    account.autoScaling.changeLaunchTemplate('web', NEW_IMAGE);
    asg(account, 'SetDesiredCapacity', { DesiredCapacity: 7 });
    await account.pass(120);
    const came = inService(account).filter(
      (id) => (id !== '' && Number(id.slice(2)) > 6 === true) || !/^i-0000/.test(id),
    );
    expect(came.map((id) => account.ec2.instance(id)?.imageId)).not.toContain(NEW_IMAGE);
  });

  it('hooks run on the way in (Warmed:Pending:Wait), on the way out of it into the group, and at its end', async () => {
    account = small();
    const hook = (LifecycleHookName: string, transition: string) =>
      asg(account, 'PutLifecycleHook', {
        LifecycleHookName,
        LifecycleTransition: `autoscaling:EC2_INSTANCE_${transition}`,
      });
    hook('ready', 'LAUNCHING');
    hook('gone', 'TERMINATING');
    const go = (InstanceId: string | undefined, LifecycleHookName: string) =>
      asg(account, 'CompleteLifecycleAction', {
        InstanceId,
        LifecycleHookName,
        LifecycleActionResult: 'CONTINUE',
      });
    asg(account, 'PutWarmPool', { MaxGroupPreparedCapacity: 7 });
    await account.pass(60);
    expect(poolStates(account)).toEqual(['Warmed:Pending:Wait']);
    const id = pool(account)[0]?.InstanceId;
    go(id, 'ready');
    await account.pass(120);
    expect(poolStates(account)).toEqual(['Warmed:Stopped']);
    asg(account, 'SetDesiredCapacity', { DesiredCapacity: 7 });
    await account.pass(60);
    expect(membersIn(account, 'Pending:Wait').map(({ InstanceId }) => InstanceId)).toEqual([id]);
    go(id, 'ready');
    asg(account, 'PutWarmPool', { MaxGroupPreparedCapacity: 8 });
    await account.pass(60);
    go(pool(account)[0]?.InstanceId, 'ready');
    await account.pass(120);
    asg(account, 'PutWarmPool', { MaxGroupPreparedCapacity: 7 });
    await account.pass(60);
    expect(poolStates(account)).toEqual(['Warmed:Terminating:Wait']);
    const ways = account.events
      .filter(({ detailType }) => detailType.endsWith('Lifecycle Action'))
      .map(({ detail }) => `${detail.Origin} → ${detail.Destination}`);
    expect(ways).toEqual([
      'EC2 → WarmPool',
      'WarmPool → AutoScalingGroup',
      'EC2 → WarmPool',
      'WarmPool → EC2',
    ]);
  });

  it('with ReuseOnScaleIn takes instances back on scale-in; without it they terminate', async () => {
    await filled({ InstanceReusePolicy: { ReuseOnScaleIn: true }, MaxGroupPreparedCapacity: 8 });
    asg(account, 'SetDesiredCapacity', { DesiredCapacity: 5 });
    await account.pass(300);
    expect(pool(account)).toHaveLength(3);
    const came = pool(account).map(({ InstanceId }) => InstanceId ?? '');
    expect(
      came.some((id) => account.ec2.instance(id)?.launchTimeMs !== undefined && /^i-0000000/.test(id)),
    ).toBe(true);
  });

  it('an instance that returns "pauses … at the Warmed:Pending:Wait state for the EC2_INSTANCE_TERMINATING lifecycle action"', async () => {
    await filled({ InstanceReusePolicy: { ReuseOnScaleIn: true }, MaxGroupPreparedCapacity: 8 });
    asg(account, 'PutLifecycleHook', {
      LifecycleHookName: 'gone',
      LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
    });
    asg(account, 'SetDesiredCapacity', { DesiredCapacity: 5 });
    await account.pass(30);
    expect(poolStates(account)).toContain('Warmed:Pending:Wait');
    expect(membersIn(account, 'Terminating:Wait')).toEqual([]);
    const waiting = pool(account).find(({ LifecycleState }) => LifecycleState === 'Warmed:Pending:Wait');
    asg(account, 'CompleteLifecycleAction', {
      InstanceId: waiting?.InstanceId,
      LifecycleHookName: 'gone',
      LifecycleActionResult: 'CONTINUE',
    });
    await account.pass(120);
    expect(pool(account)).toContainEqual(
      expect.objectContaining({ InstanceId: waiting?.InstanceId, LifecycleState: 'Warmed:Stopped' }),
    );
  });

  it('with instances in it goes only with ForceDelete: PendingDelete until they have ended', async () => {
    await filled();
    expect(refused(account, 'DeleteWarmPool')).toContain('ResourceInUseFault');
    asg(account, 'DeleteWarmPool', { ForceDelete: true });
    expect(account.group().WarmPoolConfiguration).toMatchObject({ Status: 'PendingDelete' });
    expect(refused(account, 'PutWarmPool', { MinSize: 1 })).toContain('ValidationError');
    await account.pass(300);
    expect(account.group().WarmPoolConfiguration).toBeUndefined();
    expect(pool(account)).toEqual([]);
  });

  it('TerminateInstanceInAutoScalingGroup "cannot be called on instances in a warm pool"; LaunchInstances not on its group', async () => {
    await filled();
    const InstanceId = pool(account)[0]?.InstanceId;
    expect(
      account.refusal('AutoScaling', 'TerminateInstanceInAutoScalingGroup', {
        InstanceId,
        ShouldDecrementDesiredCapacity: false,
      }),
    ).toContain('warm pool');
    expect(
      refused(account, 'LaunchInstances', {
        RequestedCapacity: 1,
        AvailabilityZones: ['eu-west-1a'],
        ClientToken: 'a',
      }),
    ).toContain('warm pool');
  });

  it('does not count in the group: no member is shown, none is scaled in', async () => {
    await filled();
    asg(account, 'SetDesiredCapacity', { DesiredCapacity: 6 });
    await account.pass(120);
    expect(inService(account)).toContain(hostId(1));
    expect(account.group()).toMatchObject({ WarmPoolSize: 2, DesiredCapacity: 6 });
  });
});
