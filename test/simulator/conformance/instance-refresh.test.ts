/** Source of all: Amazon EC2 Auto Scaling user guide, instance-refresh-overview, asg-instance-refresh, instance-refresh-rollback; API reference, RefreshPreferences, StartInstanceRefresh. */
import { afterEach, describe, expect, it } from 'vitest';
import {
  hostId,
  NEW_IMAGE,
  type SmallAccount,
  smallAccount,
  smallCapture,
  TEMPLATE,
} from '../ec2/small-account.ts';
import { asg, extremes, inService, pool, refresh, refused } from './groups.ts';

let account: SmallAccount;
afterEach(() => account.close());

const HOSTS = 10;
const start = (Preferences: object = {}, more: object = {}) =>
  asg<{ InstanceRefreshId: string }>(account, 'StartInstanceRefresh', { Preferences, ...more });
const ten = (group: object = {}) => {
  account = smallAccount(smallCapture({ hosts: HOSTS, group: { MaxSize: 10, ...group } }));
};
const oldOnes = () => inService(account).filter((id) => /^i-0{8}/.test(id));
const refreshTold = () =>
  account.events
    .filter(({ detailType }) => detailType.includes('Instance Refresh'))
    .map(({ detailType }) => detailType.replace('EC2 Auto Scaling Instance Refresh ', ''));

describe('healthy percentages', () => {
  it('90/100 (the usual): a tenth is terminated and launched at the same time, never more is missing', async () => {
    ten();
    start();
    const { fewest, mostAtAll } = await extremes(account, 3600);
    expect(refresh(account)).toMatchObject({ Status: 'Successful', PercentageComplete: 100 });
    expect(oldOnes()).toEqual([]);
    expect(fewest).toBe(9);
    expect(mostAtAll).toBe(10);
  });

  it('100/110: one is launched before one terminates, so that none is ever missing, even above the maximum', async () => {
    ten();
    start({ MinHealthyPercentage: 100, MaxHealthyPercentage: 110 });
    const { fewest, most } = await extremes(account, 3600);
    expect(refresh(account)).toMatchObject({ Status: 'Successful' });
    expect(oldOnes()).toEqual([]);
    expect(fewest).toBe(10);
    expect(most).toBe(11);
  });

  it('"Explicitly setting MaxHealthyPercentage to 100 is not equivalent to omitting it": launches before it terminates when neither bound leaves room', async () => {
    ten();
    start({ MinHealthyPercentage: 100, MaxHealthyPercentage: 100 });
    expect((await extremes(account, 3600)).fewest).toBe(10);
    account.close();
    ten();
    start({ MinHealthyPercentage: 100 });
    expect((await extremes(account, 3600)).fewest).toBe(9);
  });

  it('of an instance maintenance policy count where the refresh gives none', () => {
    ten({ InstanceMaintenancePolicy: { MinHealthyPercentage: 100, MaxHealthyPercentage: 120 } });
    start();
    expect(refresh(account).Preferences).toMatchObject({
      MinHealthyPercentage: 100,
      MaxHealthyPercentage: 120,
    });
  });

  it('"you must also specify MinHealthyPercentage, and the difference between them cannot be greater than 100"', () => {
    ten();
    const refusal = (Preferences: object) => refused(account, 'StartInstanceRefresh', { Preferences });
    expect(refusal({ MaxHealthyPercentage: 110 })).toContain('ValidationError');
    expect(refusal({ MinHealthyPercentage: 50, MaxHealthyPercentage: 160 })).toContain('ValidationError');
    expect(refusal({ CheckpointDelay: 60 })).toContain('ValidationError');
  });

  it('an instance counts only after its warm-up: InstanceWarmup, else DefaultInstanceWarmup, else the grace period', async () => {
    ten({ DefaultInstanceWarmup: 600 });
    start();
    await account.pass(3600);
    expect(refresh(account)).toMatchObject({ Status: 'InProgress' });
    expect(oldOnes().length).toBeGreaterThan(3);
    await account.pass(4800);
    expect(refresh(account)).toMatchObject({ Status: 'Successful' });
  });
});

describe('what it waits for and skips', () => {
  it('checkpoints: it stops at the percentage for CheckpointDelay and says so', async () => {
    ten();
    start({ CheckpointPercentages: [20, 100], CheckpointDelay: 3600 });
    await account.pass(1800);
    expect(refresh(account)).toMatchObject({ Status: 'InProgress', PercentageComplete: 20 });
    expect(refreshTold()).toEqual(['Started', 'Checkpoint Reached']);
    await account.pass(7200);
    await account.pass(7200);
    expect(refresh(account)).toMatchObject({ Status: 'Successful' });
  });

  it('"SkipMatching … skips replacing instances that match the desired configuration"', async () => {
    ten();
    start({ SkipMatching: true });
    await account.pass(300);
    expect(refresh(account)).toMatchObject({ Status: 'Successful' });
    expect(oldOnes()).toHaveLength(HOSTS);
  });

  it.each([
    ['Wait', 'Failed', true],
    ['Ignore', 'Successful', true],
    ['Refresh', 'Successful', false],
  ])('protected instances with %s: it ends %s', async (ScaleInProtectedInstances, status, stays) => {
    ten();
    asg(account, 'SetInstanceProtection', { InstanceIds: [hostId(1)], ProtectedFromScaleIn: true });
    start({ ScaleInProtectedInstances });
    await account.pass(4 * 3600);
    expect(refresh(account)).toMatchObject({ Status: status });
    expect(inService(account).includes(hostId(1))).toBe(stays);
  });

  it('BakeTime: Baking after the last replacement until it is over', async () => {
    ten();
    start({ BakeTime: 7200 });
    await account.pass(3600);
    expect(refresh(account)).toMatchObject({ Status: 'Baking' });
    await account.pass(7200);
    expect(refresh(account)).toMatchObject({ Status: 'Successful' });
  });
});

describe('conflicts and ends', () => {
  const DesiredConfiguration = { LaunchTemplate: { LaunchTemplateId: TEMPLATE, Version: '2' } };
  const withSecondVersion = () => {
    ten();
    account.ec2.newTemplateVersion({ LaunchTemplateId: TEMPLATE }, '1', NEW_IMAGE);
  };

  it("one at a time, and no template update while one with a desired configuration is active; at its end that is the group's own", async () => {
    withSecondVersion();
    start({}, { DesiredConfiguration });
    expect(refused(account, 'StartInstanceRefresh')).toContain('InstanceRefreshInProgress');
    expect(refused(account, 'UpdateAutoScalingGroup', DesiredConfiguration)).toContain(
      'An active instance refresh with a desired configuration exists',
    );
    expect(account.group().LaunchTemplate?.Version).toBe('1');
    await account.pass(3600);
    expect(account.group().LaunchTemplate?.Version).toBe('2');
    expect(inService(account).map((id) => account.ec2.instance(id)?.imageId)).toEqual(
      Array(HOSTS).fill(NEW_IMAGE),
    );
  });

  it('a cancelled one undoes nothing; by default it waits for what is under way (Cancelling)', async () => {
    withSecondVersion();
    start({}, { DesiredConfiguration });
    await account.pass(15);
    asg(account, 'CancelInstanceRefresh');
    expect(refresh(account)).toMatchObject({ Status: 'Cancelling' });
    await account.pass(180);
    expect(refresh(account)).toMatchObject({ Status: 'Cancelled' });
    expect(inService(account)).toHaveLength(HOSTS);
    expect(account.group().LaunchTemplate?.Version).toBe('1');
    expect(refused(account, 'CancelInstanceRefresh')).toContain('ActiveInstanceRefreshNotFound');
  });

  it('RollbackInstanceRefresh replaces the replaced by what the group had', async () => {
    withSecondVersion();
    start({}, { DesiredConfiguration });
    await account.pass(120);
    asg(account, 'RollbackInstanceRefresh');
    expect(refresh(account)).toMatchObject({ Status: 'RollbackInProgress' });
    await account.pass(3600);
    expect(refresh(account)).toMatchObject({ Status: 'RollbackSuccessful' });
    expect(inService(account).map((id) => account.ec2.instance(id)?.imageId)).not.toContain(NEW_IMAGE);
    expect(refreshTold().slice(-2)).toEqual(['Rollback Started', 'Rollback Succeeded']);
  });

  it('a rollback without a desired configuration is irreversible', async () => {
    ten();
    start();
    await account.pass(60);
    expect(refused(account, 'RollbackInstanceRefresh')).toContain('IrreversibleInstanceRefreshFault');
  });

  it('fails after an hour without progress, and with AutoRollback rolls back instead', async () => {
    withSecondVersion();
    asg(account, 'SetInstanceProtection', { InstanceIds: [hostId(1)], ProtectedFromScaleIn: true });
    start({ AutoRollback: true }, { DesiredConfiguration });
    await account.pass(5 * 3600);
    expect(refresh(account)).toMatchObject({ Status: 'RollbackSuccessful' });
    expect(inService(account).map((id) => account.ec2.instance(id)?.imageId)).not.toContain(NEW_IMAGE);
  });

  it.each([
    ['in progress', 120, 0],
    ['baking', 3600, 7200],
  ])(
    'AlarmSpecification: an alarm that goes into ALARM fails it while it is %s, and AutoRollback rolls back',
    async (_, seconds, BakeTime) => {
      withSecondVersion();
      account.alarms.setState('errors', 'OK', 'fine');
      const AlarmSpecification = { Alarms: ['errors'] };
      start({ AlarmSpecification, BakeTime, AutoRollback: true }, { DesiredConfiguration });
      await account.pass(seconds);
      account.alarms.setState('errors', 'ALARM', 'Threshold crossed');
      await account.pass(90);
      expect(refresh(account)).toMatchObject({ Status: 'RollbackInProgress' });
      await account.pass(7200);
      expect(refresh(account)).toMatchObject({ Status: 'RollbackSuccessful' });
      expect(inService(account).map((id) => account.ec2.instance(id)?.imageId)).not.toContain(NEW_IMAGE);
    },
  );

  it('"first replaces InService instances. Then it replaces instances in the warm pool", and is in progress until then', async () => {
    ten({ MaxSize: 12 });
    account.ec2.newTemplateVersion({ LaunchTemplateId: TEMPLATE }, '1', NEW_IMAGE);
    asg(account, 'PutWarmPool');
    await account.pass(180);
    const warmed = pool(account).map(({ InstanceId }) => InstanceId);
    start({ MinHealthyPercentage: 0 }, { DesiredConfiguration });
    let last = '';
    for (let n = 0; n < 120 && last !== 'Successful'; n++) {
      await account.pass(30);
      last = refresh(account).Status ?? '';
      const stillThere = pool(account).some(({ InstanceId }) => warmed.includes(InstanceId));
      if (oldOnes().length > 0) expect(stillThere).toBe(true);
      if (stillThere) expect(last).toBe('InProgress');
    }
    expect(last).toBe('Successful');
    await account.pass(300);
    expect(pool(account).map(({ InstanceId }) => account.ec2.instance(InstanceId ?? '')?.imageId)).toEqual([
      NEW_IMAGE,
      NEW_IMAGE,
    ]);
  });

  it('knows nothing of ECS: it begins with a host that is full of tasks as with any other', async () => {
    ten();
    start({ MinHealthyPercentage: 0 });
    await account.pass(60);
    expect(oldOnes()).toEqual([]);
  });
});
