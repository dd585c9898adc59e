/** Documented statements about instances, their status and their events; the page is named at each. */
import type { InstanceStatus } from '@aws-sdk/client-ec2';
import { afterEach, describe, expect, it } from 'vitest';
import { hostId, OLD_IMAGE, type SmallAccount, smallAccount, smallCapture } from '../ec2/small-account.ts';
import { asg, inService, suspend } from './groups.ts';

let account: SmallAccount;
afterEach(() => account.close());

const HOUR = 3600;
const statuses = (input: object = {}) =>
  account.call<{ InstanceStatuses: InstanceStatus[] }>('EC2', 'DescribeInstanceStatus', input)
    .InstanceStatuses;
const describeById = (...InstanceIds: string[]) =>
  account.refusal('EC2', 'DescribeInstances', { InstanceIds });
const filtered = (id: string) =>
  account.call<{ Reservations: unknown[] }>('EC2', 'DescribeInstances', {
    Filters: [{ Name: 'instance-id', Values: [id] }],
  }).Reservations;

// Amazon EC2 developer guide, eventual-consistency.
it('"InvalidInstanceID.NotFound" soon after the launch: the batch fails whole, a filter just leaves it out', async () => {
  account = smallAccount();
  const { Instances } = asg<{ Instances: { InstanceIds: string[] }[] }>(account, 'LaunchInstances', {
    RequestedCapacity: 1,
    AvailabilityZones: ['eu-west-1a'],
    ClientToken: 'once',
  });
  const id = Instances[0]?.InstanceIds[0] ?? '';
  expect(describeById(hostId(1), id)).toContain('InvalidInstanceID.NotFound');
  expect(filtered(id)).toEqual([]);
  await account.pass(30);
  expect(describeById(hostId(1), id)).toBeUndefined();
});

// Amazon EC2 developer guide, eventual-consistency; how long is UNCONFIRMED, so that some take far longer than most.
it('a new id may stay unknown far beyond "a couple of seconds": up to 20 s for a few', async () => {
  account = smallAccount(smallCapture({ group: { MaxSize: 100 } }));
  asg(account, 'SetDesiredCapacity', { DesiredCapacity: 100 });
  await account.pass(12);
  const unknown = () =>
    [...account.ec2.instances()].filter(({ instanceId }) => describeById(instanceId) !== undefined).length;
  await account.pass(3);
  expect(unknown()).toBeGreaterThan(0);
  expect(unknown()).toBeLessThan(20);
  await account.pass(20);
  expect(unknown()).toBe(0);
});

// API reference, DescribeInstances: "Recently terminated instances might appear in the returned results. This interval is
// usually less than one hour"; older TerminateInstances: "visible after termination (for approximately one hour)".
it('a terminated instance stays described for about an hour', async () => {
  account = smallAccount();
  account.call('AutoScaling', 'TerminateInstanceInAutoScalingGroup', {
    InstanceId: hostId(1),
    ShouldDecrementDesiredCapacity: true,
  });
  await account.pass(HOUR - 60);
  expect(describeById(hostId(1))).toBeUndefined();
  await account.pass(300);
  expect(describeById(hostId(1))).toContain('InvalidInstanceID.NotFound');
});

// API reference, DescribeInstanceStatus: "By default, only running instances are described".
it('DescribeInstanceStatus lists running instances only, unless IncludeAllInstances', async () => {
  account = smallAccount();
  suspend(account, 'ReplaceUnhealthy');
  account.call('EC2', 'StopInstances', { InstanceIds: [hostId(1)] });
  await account.pass(120);
  expect(statuses()).toHaveLength(5);
  expect(statuses({ IncludeAllInstances: true })).toHaveLength(6);
});

// Amazon EC2 user guide, instance-retirement, monitoring-instances-status-check_sched.
describe('a scheduled retirement', () => {
  const retire = (seconds: number, deadlineSeconds?: number) =>
    account.ec2.scheduleInstanceEvent(
      hostId(1),
      'instance-retirement',
      account.clock.nowMs + seconds * 1000,
      deadlineSeconds === undefined ? undefined : account.clock.nowMs + deadlineSeconds * 1000,
    );

  it('stops an instance with an EBS root, whose event is shown "[Completed]" for up to a week', async () => {
    account = smallAccount();
    suspend(account, 'ReplaceUnhealthy');
    retire(HOUR);
    await account.pass(HOUR + 120);
    expect(account.ec2.instance(hostId(1))?.state).toBe('stopped');
    const event = () =>
      statuses({ InstanceIds: [hostId(1)], IncludeAllInstances: true })[0]?.Events?.[0]?.Description;
    expect(event()).toMatch(/^\[Completed\] /);
    await account.pass(8 * 86_400);
    expect(event()).toBeUndefined();
  });

  it('terminates an instance with an instance-store root', async () => {
    const capture = smallCapture();
    for (const instance of capture.ec2.instances) instance.RootDeviceType = 'instance-store';
    account = smallAccount(capture);
    suspend(account, 'ReplaceUnhealthy');
    retire(HOUR);
    await account.pass(HOUR + 120);
    expect(account.ec2.instance(hostId(1))?.state).toBe('terminated');
  });

  const move = (seconds: number) =>
    account.refusal('EC2', 'ModifyInstanceEventStartTime', {
      InstanceId: hostId(1),
      InstanceEventId: statuses({ InstanceIds: [hostId(1)] })[0]?.Events?.[0]?.InstanceEventId,
      NotBefore: new Date(account.clock.nowMs + seconds * 1000),
    });

  it('can be moved only where it has a deadline, to at least an hour from now and not past it', async () => {
    account = smallAccount();
    suspend(account, 'ReplaceUnhealthy');
    retire(2 * HOUR);
    expect(move(3 * HOUR)).toContain('cannot be rescheduled');
    account.close();
    account = smallAccount();
    suspend(account, 'ReplaceUnhealthy');
    retire(2 * HOUR, 6 * HOUR);
    expect(move(HOUR / 2)).toContain('60 minutes');
    expect(move(7 * HOUR)).toContain('deadline');
    expect(move(5 * HOUR)).toBeUndefined();
    await account.pass(3 * HOUR);
    expect(account.ec2.instance(hostId(1))?.state).toBe('running');
    await account.pass(2 * HOUR + 120);
    expect(account.ec2.instance(hostId(1))?.state).toBe('stopped');
  });
});

// Amazon EC2 user guide, spot-instance-termination-notices, rebalance-recommendations.
describe('a Spot instance', () => {
  it('is warned two minutes ahead, with the zone where the Region belongs and no account in the ARN', async () => {
    account = smallAccount();
    account.ec2.spotInterrupt(hostId(1), { kind: 'fault', name: 'spot' });
    const warning = account.events.find(({ detailType }) => detailType.includes('Interruption Warning'));
    expect(warning).toMatchObject({
      delivery: 'best-effort',
      resources: [`arn:aws:ec2:eu-west-1b:instance/${hostId(1)}`],
      detail: { 'instance-id': hostId(1), 'instance-action': 'terminate' },
    });
    await account.pass(119);
    expect(account.ec2.instance(hostId(1))?.state).toBe('running');
    await account.pass(60);
    expect(account.ec2.instance(hostId(1))?.state).toBe('terminated');
  });

  it('may be recommended to be left, with an ordinary ARN, and nothing need come of it', async () => {
    account = smallAccount();
    account.ec2.recommendRebalance(hostId(1));
    expect(account.events).toMatchObject([
      {
        detailType: 'EC2 Instance Rebalance Recommendation',
        resources: [`arn:aws:ec2:eu-west-1:111122223333:instance/${hostId(1)}`],
        detail: { 'instance-id': hostId(1) },
      },
    ]);
    await account.pass(HOUR);
    expect(inService(account)).toContain(hostId(1));
  });
});

// API reference, StartInstances; Amazon EC2 user guide, ec2-instance-lifecycle.
it('a stopped instance starts again: pending, running', async () => {
  account = smallAccount();
  suspend(account, 'HealthCheck', 'ReplaceUnhealthy');
  account.call('EC2', 'StopInstances', { InstanceIds: [hostId(1)] });
  await account.pass(120);
  account.call('EC2', 'StartInstances', { InstanceIds: [hostId(1)] });
  expect(account.ec2.instance(hostId(1))?.state).toBe('pending');
  await account.pass(60);
  expect(account.ec2.instance(hostId(1))?.state).toBe('running');
});

// API reference, TerminateInstances.
it('one protected instance keeps all of its zone alive, and the call fails', () => {
  account = smallAccount();
  account.call('EC2', 'ModifyInstanceAttribute', {
    InstanceId: hostId(1),
    DisableApiTermination: { Value: true },
  });
  expect(
    account.refusal('EC2', 'TerminateInstances', { InstanceIds: [hostId(1), hostId(2), hostId(4)] }),
  ).toContain('OperationNotPermitted');
  expect([1, 2, 4].map((n) => account.ec2.instance(hostId(n))?.state)).toEqual([
    'running',
    'shutting-down',
    'running',
  ]);
});

// Amazon EC2 user guide, ec2-instance-naming.
it.each([
  ['resource-name', /^i-[0-9a-f]+\.eu-west-1\.compute\.internal$/],
  ['ip-name', /^ip-10-[0-9-]+\.eu-west-1\.compute\.internal$/],
] as const)('a subnet with %s names its instances after it', async (HostnameType, expected) => {
  const capture = smallCapture();
  for (const subnet of capture.ec2.subnets) subnet.PrivateDnsNameOptionsOnLaunch = { HostnameType };
  account = smallAccount(capture);
  asg(account, 'SetDesiredCapacity', { DesiredCapacity: 7 });
  await account.pass(60);
  const id = inService(account).find((known) => !/^i-0{8}/.test(known)) ?? '';
  const [reservation] = filtered(id) as { Instances: { PrivateDnsName: string }[] }[];
  expect(reservation?.Instances[0]?.PrivateDnsName).toMatch(expected);
});

// Auto Scaling user guide, ts-as-ami; EC2 API reference, errors-overview; RunInstances' AuthFailure as published.
describe('an image that cannot be launched', () => {
  const theirs = () => {
    const capture = smallCapture();
    for (const image of capture.ec2.images) image.OwnerId = '444455556666';
    return smallAccount(capture);
  };

  it.each([
    ['pending', '"AMI … is pending, and cannot be run"', `AMI ${OLD_IMAGE} is pending, and cannot be run.`],
    ['deregistered', 'does not exist', `The image id '[${OLD_IMAGE}]' does not exist.`],
    ['disabled', 'is not available', `The image ID '${OLD_IMAGE}' is not available.`],
    ['unshared', '"Not authorized for images"', `Not authorized for images: [${OLD_IMAGE}].`],
  ] as const)('because it is %s: %s', async (state, _, expected) => {
    account = theirs();
    account.ec2.setImageState(OLD_IMAGE, state);
    asg(account, 'SetDesiredCapacity', { DesiredCapacity: 7 });
    await account.pass(30);
    expect(account.activities()[0]).toMatchObject({
      StatusCode: 'Failed',
      StatusMessage: `${expected} Launching EC2 instance failed.`,
    });
    expect(inService(account)).toHaveLength(6);
  });

  it('an image that is shared no more is unknown to DescribeImages', () => {
    account = theirs();
    account.ec2.setImageState(OLD_IMAGE, 'unshared');
    expect(account.refusal('EC2', 'DescribeImages', { ImageIds: [OLD_IMAGE] })).toContain(
      'InvalidAMIID.NotFound',
    );
  });
});

// IAM user guide, reference_policies_elements_principal: arn:aws:sts::account:assumed-role/role-name/role-session-name.
it('a launch template version names the session of the role that made it', () => {
  account = smallAccount();
  const { LaunchTemplateVersion } = account.call<{ LaunchTemplateVersion: { CreatedBy: string } }>(
    'EC2',
    'CreateLaunchTemplateVersion',
    { LaunchTemplateName: 'web', SourceVersion: '1', LaunchTemplateData: {} },
  );
  expect(LaunchTemplateVersion.CreatedBy).toMatch(
    /^arn:aws:sts::\d{12}:assumed-role\/[\w+=,.@-]+\/[\w+=,.@-]+$/,
  );
});

// API reference, DescribeInstanceEventWindows.
describe('event windows', () => {
  const windows = (count: number) =>
    Array.from({ length: count }, (_, at) => ({
      InstanceEventWindowId: `iew-0${String(at).padStart(16, '0')}`,
      State: 'active' as const,
    }));
  const withWindows = (count: number) => {
    const capture = smallCapture();
    account = smallAccount({ ...capture, ec2: { ...capture.ec2, eventWindows: windows(count) } });
  };
  const ask = (input: object = {}) =>
    account.call<{ InstanceEventWindows: object[]; NextToken?: string }>(
      'EC2',
      'DescribeInstanceEventWindows',
      input,
    );
  const refused = (input: object) => account.refusal('EC2', 'DescribeInstanceEventWindows', input);

  it('are all described where no ids are given, and only those that are named otherwise', () => {
    withWindows(3);
    expect(ask().InstanceEventWindows).toHaveLength(3);
    const [, second] = windows(3);
    const named = ask({ InstanceEventWindowIds: [second?.InstanceEventWindowId] });
    expect(named.InstanceEventWindows).toEqual([second]);
  });

  // "To retrieve the remaining results, make another call with the returned NextToken value."
  it('come in pages of MaxResults, and the last has no NextToken', () => {
    withWindows(25);
    const first = ask({ MaxResults: 20 });
    expect(first.InstanceEventWindows).toHaveLength(20);
    const last = ask({ MaxResults: 20, NextToken: first.NextToken });
    expect(last.InstanceEventWindows).toHaveLength(5);
    expect(last.NextToken).toBeUndefined();
  });

  // "This value can be between 20 and 500. You cannot specify this parameter and the event window IDs parameter in the same call."
  it('MaxResults is refused below 20, above 500, and beside ids', () => {
    withWindows(1);
    for (const MaxResults of [19, 501]) expect(refused({ MaxResults })).toContain('InvalidParameterValue');
    for (const MaxResults of [20, 500]) expect(refused({ MaxResults })).toBeUndefined();
    const InstanceEventWindowIds = [windows(1)[0]?.InstanceEventWindowId];
    expect(refused({ MaxResults: 20, InstanceEventWindowIds })).toContain('InvalidParameterCombination');
  });
});
