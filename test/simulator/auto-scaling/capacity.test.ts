import { afterEach, describe, expect, it } from 'vitest';
import {
  hostId,
  NEW_IMAGE,
  type SmallAccount,
  smallAccount,
  smallCapture,
  TEMPLATE,
  ZONES,
} from '../ec2/small-account.ts';

let account: SmallAccount;
const web = { AutoScalingGroupName: 'web' };
const update = (input: object) => account.call('AutoScaling', 'UpdateAutoScalingGroup', { ...web, ...input });
const statesOf = (wanted: string) =>
  (account.group().Instances ?? []).filter((member) => member.LifecycleState === wanted);
const countsByZone = () =>
  ZONES.map((zone) => statesOf('InService').filter((member) => member.AvailabilityZone === zone).length);

describe('a group and its size', () => {
  afterEach(() => account.close());

  it('launches about ten seconds after the desired capacity rose, and says who asked', async () => {
    account = smallAccount();
    account.call('AutoScaling', 'SetDesiredCapacity', { ...web, DesiredCapacity: 7 });
    await account.pass(7);
    expect(account.group().Instances).toHaveLength(6);

    await account.pass(5);
    expect(statesOf('Pending')).toHaveLength(1);
    expect(account.activities()[0]?.Cause).toMatch(
      /^At 2026-11-22T12:00:00Z a user request explicitly set group desired capacity changing the desired capacity from 6 to 7\. {2}At 2026-11-22T12:00:\d\dZ an instance was started in response to a difference between desired and actual capacity, increasing the capacity from 6 to 7\.$/,
    );

    await account.pass(30);
    expect(statesOf('InService')).toHaveLength(7);
    expect(account.activities()[0]).toMatchObject({ StatusCode: 'Successful' });
  });

  it('fills the emptiest zones first', async () => {
    account = smallAccount(smallCapture({ hosts: 4, zoneOf: (n) => (n < 4 ? 'eu-west-1a' : 'eu-west-1b') }));
    account.call('AutoScaling', 'SuspendProcesses', { ...web, ScalingProcesses: ['AZRebalance'] });
    account.call('AutoScaling', 'SetDesiredCapacity', { ...web, DesiredCapacity: 9 });
    await account.pass(60);
    expect(countsByZone()).toEqual([3, 3, 3]);
  });

  it('without subnets of its own launches into those of its zones', async () => {
    const capture = smallCapture();
    delete capture.autoScaling.autoScalingGroups[0]?.VPCZoneIdentifier;
    capture.ec2.subnets = [];
    account = smallAccount(capture);
    account.call('AutoScaling', 'SetDesiredCapacity', { ...web, DesiredCapacity: 9 });
    await account.pass(60);
    expect(countsByZone()).toEqual([3, 3, 3]);
  });

  it('goes to other zones when one has no capacity, and tells why', async () => {
    const refusal =
      'We currently do not have sufficient m5.large capacity in the Availability Zone you requested (eu-west-1c).';
    account = smallAccount(smallCapture({ hosts: 3, zoneOf: (n) => ZONES[n % 2] as string }), {
      faults: { launchFailure: (zone) => (zone === 'eu-west-1c' ? refusal : undefined) },
    });
    account.call('AutoScaling', 'SetDesiredCapacity', { ...web, DesiredCapacity: 6 });
    await account.pass(60);
    expect(countsByZone()[2]).toBe(0);
    expect(statesOf('InService')).toHaveLength(6);
    expect(account.activities().find(({ StatusCode }) => StatusCode === 'Failed')).toMatchObject({
      StatusMessage: `${refusal} Launching EC2 instance failed.`,
    });
  });

  it('keeps trying after every zone refused, less and less often', async () => {
    let refuses = true;
    account = smallAccount(smallCapture(), {
      faults: {
        launchFailure: () => (refuses ? 'We currently do not have sufficient capacity.' : undefined),
      },
    });
    account.call('AutoScaling', 'SetDesiredCapacity', { ...web, DesiredCapacity: 7 });
    await account.pass(600);
    const failed = account.activities().filter(({ StatusCode }) => StatusCode === 'Failed').length;
    expect(failed).toBeGreaterThan(3);
    expect(failed).toBeLessThanOrEqual(15);
    refuses = false;
    await account.pass(900);
    expect(statesOf('InService')).toHaveLength(7);
  });

  it.each([
    [{ MinSize: 5, MaxSize: 4 }, 'Max bound, 4, must be greater than or equal to min bound, 5'],
    [{ DesiredCapacity: 21 }, 'Desired capacity:21 must be between the specified min size:0 and max size:20'],
  ])('refuses %j as AWS does, and changes nothing', (input, message) => {
    account = smallAccount();
    expect(account.refusal('AutoScaling', 'UpdateAutoScalingGroup', { ...web, ...input })).toBe(
      `ValidationError: ${message}`,
    );
    expect(account.group()).toMatchObject({ MinSize: 0, MaxSize: 20, DesiredCapacity: 6 });
  });

  it.each([
    [21, 'New SetDesiredCapacity value 21 is above max value 20 for the AutoScalingGroup.'],
    [1, 'New SetDesiredCapacity value 1 is below min value 2 for the AutoScalingGroup.'],
  ])('refuses a desired capacity of %i out of bounds', (DesiredCapacity, message) => {
    account = smallAccount(smallCapture({ group: { MinSize: 2 } }));
    expect(account.refusal('AutoScaling', 'SetDesiredCapacity', { ...web, DesiredCapacity })).toBe(
      `ValidationError: ${message}`,
    );
  });

  it('lets the desired capacity follow a maximum below it and a minimum above it', () => {
    account = smallAccount();
    update({ MaxSize: 4 });
    expect(account.group()).toMatchObject({ DesiredCapacity: 4 });
    update({ MinSize: 8, MaxSize: 20 });
    expect(account.group()).toMatchObject({ DesiredCapacity: 8 });
  });

  it('picks its victims from the fullest zone when desired is lowered', async () => {
    account = smallAccount(
      smallCapture({ hosts: 5, zoneOf: (n) => (n <= 3 ? 'eu-west-1a' : (ZONES[n - 3] as string)) }),
    );
    account.call('AutoScaling', 'SetDesiredCapacity', { ...web, DesiredCapacity: 3 });
    await account.pass(120);
    expect(countsByZone()).toEqual([1, 1, 1]);
    const ended = account.observations.filter(
      (seen) => seen.kind === 'host' && seen.state === 'shutting-down',
    );
    expect(ended).toHaveLength(2);
    expect(ended[0]).toMatchObject({ actor: { kind: 'function', name: 'tester' } });
  });

  it('lowers desired although every host is protected, and says that nobody goes', async () => {
    account = smallAccount();
    const InstanceIds = (account.group().Instances ?? []).map((member) => member.InstanceId ?? '');
    account.call('AutoScaling', 'SetInstanceProtection', { ...web, InstanceIds, ProtectedFromScaleIn: true });
    account.call('AutoScaling', 'SetDesiredCapacity', { ...web, DesiredCapacity: 4 });
    await account.pass(120);
    expect(account.group()).toMatchObject({ DesiredCapacity: 4 });
    expect(statesOf('InService')).toHaveLength(6);
    expect(account.activities()[0]?.StatusMessage).toBe(
      'Could not scale to desired capacity because all remaining instances are protected from scale in.',
    );
  });

  it('launches what the template means at that moment, number, $Latest or $Default', async () => {
    account = smallAccount(
      smallCapture({
        group: {
          LaunchTemplate: { LaunchTemplateId: TEMPLATE, LaunchTemplateName: 'web', Version: '$Latest' },
        },
      }),
    );
    account.call('EC2', 'CreateLaunchTemplateVersion', {
      LaunchTemplateId: TEMPLATE,
      SourceVersion: '1',
      LaunchTemplateData: { ImageId: NEW_IMAGE },
    });
    account.call('AutoScaling', 'SetDesiredCapacity', { ...web, DesiredCapacity: 7 });
    await account.pass(40);
    update({ LaunchTemplate: { LaunchTemplateId: TEMPLATE, Version: '$Default' } });
    account.call('AutoScaling', 'SetDesiredCapacity', { ...web, DesiredCapacity: 8 });
    await account.pass(40);
    const added = (account.group().Instances ?? []).slice(6);
    expect(added.map((member) => member.LaunchTemplate?.Version)).toEqual(['2', '1']);
    expect(added.map((member) => account.ec2.instance(member.InstanceId ?? '')?.imageId)).toEqual([
      NEW_IMAGE,
      'ami-00000000000000001',
    ]);
    expect(account.ec2.instance(added[0]?.InstanceId ?? '')?.userData).toContain('ECS_CLUSTER=prod');
  });

  it('resolves a parameter at each launch', async () => {
    account = smallAccount();
    account.parameters.set('/golden', NEW_IMAGE);
    account.call('EC2', 'CreateLaunchTemplateVersion', {
      LaunchTemplateId: TEMPLATE,
      SourceVersion: '1',
      LaunchTemplateData: { ImageId: 'resolve:ssm:/golden' },
    });
    update({ LaunchTemplate: { LaunchTemplateId: TEMPLATE, Version: '2' } });
    account.parameters.set('/golden', 'ami-00000000000000001');
    account.call('AutoScaling', 'SetDesiredCapacity', { ...web, DesiredCapacity: 7 });
    await account.pass(40);
    const added = account.group().Instances?.[6];
    expect(account.ec2.instance(added?.InstanceId ?? '')?.imageId).toBe('ami-00000000000000001');
  });

  it('refuses a template whose version or image does not exist, and one named twice', () => {
    account = smallAccount();
    const refusal = (LaunchTemplate: object) =>
      account.refusal('AutoScaling', 'UpdateAutoScalingGroup', { ...web, LaunchTemplate });
    expect(refusal({ LaunchTemplateId: TEMPLATE, Version: '9' })).toContain(
      'Could not find the specified version 9',
    );
    expect(refusal({ LaunchTemplateId: TEMPLATE, LaunchTemplateName: 'web' })).toContain(
      'Valid requests must contain either launchTemplateId or LaunchTemplateName',
    );
    account.call('EC2', 'CreateLaunchTemplateVersion', {
      LaunchTemplateId: TEMPLATE,
      SourceVersion: '1',
      LaunchTemplateData: { ImageId: 'ami-0000000000000dead' },
    });
    expect(refusal({ LaunchTemplateId: TEMPLATE, Version: '2' })).toContain(
      "The image id '[ami-0000000000000dead]' does not exist",
    );
  });

  it('shows a lagging read the group of a moment ago', async () => {
    account = smallAccount();
    await account.pass(60);
    update({ MaxSize: 30 });
    await account.pass(2);
    const read = (lagMs: number) =>
      account.call<{ AutoScalingGroups: { MaxSize: number }[] }>(
        'AutoScaling',
        'DescribeAutoScalingGroups',
        {},
        lagMs,
      ).AutoScalingGroups[0]?.MaxSize;
    expect([read(5000), read(0)]).toEqual([20, 30]);
  });

  it('replaces a host that somebody terminated, in a group that was at its size', async () => {
    account = smallAccount();
    account.call('EC2', 'TerminateInstances', { InstanceIds: [hostId(1)] });
    await account.pass(240);
    expect(statesOf('InService')).toHaveLength(6);
    expect(statesOf('InService').map((member) => member.InstanceId)).not.toContain(hostId(1));
    expect(
      account
        .activities()
        .map(({ Cause }) => Cause)
        .join(),
    ).toContain('EC2 health check');
  });

  it('does the same for the same seed, and something else for another', async () => {
    const run = async (seed: number) => {
      account = smallAccount(smallCapture(), { seed });
      account.call('AutoScaling', 'SetDesiredCapacity', { ...web, DesiredCapacity: 10 });
      account.call('EC2', 'TerminateInstances', { InstanceIds: [hostId(2)] });
      await account.pass(600);
      const told = JSON.stringify([account.observations, account.events, account.activities()]);
      account.close();
      return told;
    };
    const [first, second, other] = [await run(1), await run(1), await run(2)];
    expect(first === second).toBe(true);
    expect(first === other).toBe(false);
  });
});
