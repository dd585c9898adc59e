import type {
  DescribeInstanceStatusCommandOutput,
  DescribeInstancesCommandOutput,
  TerminateInstancesCommandOutput,
} from '@aws-sdk/client-ec2';
import { afterEach, describe, expect, it } from 'vitest';
import { START_MS } from '../support/kernel.ts';
import {
  ARM_IMAGE,
  hostId,
  NEW_IMAGE,
  OLD_IMAGE,
  type SmallAccount,
  smallAccount,
  smallCapture,
  USER,
} from './small-account.ts';

let account: SmallAccount;
const describeInstances = (input: object = {}, lagMs = 0) =>
  (
    account.call<DescribeInstancesCommandOutput>('EC2', 'DescribeInstances', input, lagMs).Reservations ?? []
  ).flatMap((reservation) => reservation.Instances ?? []);
const launch = (over: object = {}) =>
  account.ec2.launch(
    {
      group: null,
      imageId: NEW_IMAGE,
      instanceType: 'm5.large',
      zone: 'eu-west-1a',
      subnetId: 'subnet-eu-west-1a',
      userData: null,
      tags: {},
      spot: false,
      ...over,
    },
    USER,
  );
const launched = (over: object = {}) => {
  const answer = launch(over);
  if ('failure' in answer) throw new Error(answer.failure);
  return answer.instance;
};

describe('the life of an instance', () => {
  afterEach(() => account.close());

  it('goes from pending to running, and tells each state as an event', async () => {
    account = smallAccount();
    const { instanceId } = launched();
    await account.pass(9);
    expect(account.ec2.instance(instanceId)?.state).toBe('pending');
    await account.pass(2);
    expect(account.ec2.instance(instanceId)?.state).toBe('running');
    const told = account.events.filter((event) => event.detail['instance-id'] === instanceId);
    expect(told.map((event) => event.detail.state)).toEqual(['pending', 'running']);
  });

  it('is not known to reads for a moment, and fails a whole call by ids then', async () => {
    account = smallAccount();
    const { instanceId } = launched();
    const read = () => account.refusal('EC2', 'DescribeInstances', { InstanceIds: [hostId(1), instanceId] });
    expect(read()).toBe(`InvalidInstanceID.NotFound: The instance ID '${instanceId}' does not exist`);
    await account.pass(20);
    expect(read()).toBeUndefined();
  });

  it('stays described for an hour after it was terminated', async () => {
    account = smallAccount();
    const { TerminatingInstances } = account.call<TerminateInstancesCommandOutput>(
      'EC2',
      'TerminateInstances',
      {
        InstanceIds: [hostId(1)],
      },
    );
    expect(TerminatingInstances?.[0]).toMatchObject({
      PreviousState: { Name: 'running' },
      CurrentState: { Name: 'shutting-down' },
    });
    await account.pass(120);
    expect(describeInstances({ InstanceIds: [hostId(1)] })[0]).toMatchObject({
      State: { Name: 'terminated' },
      StateReason: { Code: 'Client.UserInitiatedShutdown' },
    });
    await account.pass(3600);
    expect(account.refusal('EC2', 'DescribeInstances', { InstanceIds: [hostId(1)] })).toContain(
      'InvalidInstanceID.NotFound',
    );
  });

  it('shows a lagging read the state of a moment ago', async () => {
    account = smallAccount();
    await account.pass(30);
    account.ec2.terminate(hostId(1), USER);
    await account.pass(1);
    expect(describeInstances({ InstanceIds: [hostId(1)] }, 5000)[0]?.State?.Name).toBe('running');
    expect(describeInstances({ InstanceIds: [hostId(1)] })[0]?.State?.Name).toBe('shutting-down');
  });

  it('with termination protection keeps its whole zone alive and fails the call', async () => {
    account = smallAccount();
    account.call('EC2', 'ModifyInstanceAttribute', {
      InstanceId: hostId(3),
      DisableApiTermination: { Value: true },
    });
    // Hosts 3 and 6 share a zone, host 1 stands in another.
    const refusal = account.refusal('EC2', 'TerminateInstances', { InstanceIds: [1, 3, 6].map(hostId) });
    expect(refusal).toContain(`OperationNotPermitted: The instance '${hostId(3)}' may not be terminated.`);
    expect([1, 3, 6].map((n) => account.ec2.instance(hostId(n))?.state)).toEqual([
      'shutting-down',
      'running',
      'running',
    ]);
  });

  it('of Spot is taken two minutes after its warning', async () => {
    account = smallAccount();
    const { instanceId } = launched({ spot: true });
    await account.pass(20);
    account.ec2.spotInterrupt(instanceId, { kind: 'fault', name: 'spot-interruption' });
    expect(account.events.at(-1)).toMatchObject({
      detailType: 'EC2 Spot Instance Interruption Warning',
      resources: [`arn:aws:ec2:eu-west-1a:instance/${instanceId}`],
      detail: { 'instance-id': instanceId, 'instance-action': 'terminate' },
    });
    await account.pass(119);
    expect(account.ec2.instance(instanceId)?.state).toBe('running');
    await account.pass(2);
    expect(account.ec2.instance(instanceId)?.state).toBe('shutting-down');
  });

  it('is stopped when its retirement falls due, and says so in its status', async () => {
    account = smallAccount();
    account.call('AutoScaling', 'SuspendProcesses', { AutoScalingGroupName: 'web' });
    account.ec2.scheduleInstanceEvent(hostId(1), 'instance-retirement', START_MS + 600_000);
    const event = () =>
      account.call<DescribeInstanceStatusCommandOutput>('EC2', 'DescribeInstanceStatus', {
        InstanceIds: [hostId(1)],
        IncludeAllInstances: true,
      }).InstanceStatuses?.[0]?.Events?.[0];
    expect(event()).toMatchObject({ Code: 'instance-retirement', NotBefore: new Date(START_MS + 600_000) });
    await account.pass(601);
    expect(account.ec2.instance(hostId(1))?.state).toBe('stopping');
    expect(event()?.Description).toMatch(/^\[Completed]/);
  });
});

describe('reading instances', () => {
  afterEach(() => account.close());

  it('pages, and refuses a page size together with ids', () => {
    account = smallAccount();
    const read = (input: object) =>
      account.call<DescribeInstancesCommandOutput>('EC2', 'DescribeInstances', input);
    const first = read({ MaxResults: 5 });
    expect(first.Reservations).toHaveLength(5);
    expect(read({ MaxResults: 5, NextToken: first.NextToken }).Reservations).toHaveLength(1);
    expect(
      account.refusal('EC2', 'DescribeInstances', { MaxResults: 5, InstanceIds: [hostId(1)] }),
    ).toContain('InvalidParameterCombination');
    expect(account.refusal('EC2', 'DescribeInstances', { MaxResults: 4 })).toContain('InvalidParameterValue');
  });

  it('leaves out by filter what it would fail for by id', () => {
    account = smallAccount();
    const found = describeInstances({
      Filters: [{ Name: 'instance-id', Values: [hostId(1), 'i-0dead0dead0dead00'] }],
    });
    expect(found.map((instance) => instance.InstanceId)).toEqual([hostId(1)]);
  });

  it('knows wildcards and tags, and says so when it does not know a filter', () => {
    account = smallAccount();
    const count = (Name: string, ...Values: string[]) =>
      describeInstances({ Filters: [{ Name, Values }] }).length;
    expect(count('tag:aws:autoscaling:groupName', 'w?b')).toBe(6);
    expect(count('availability-zone', '*-1a', '*-1b')).toBe(4);
    expect(count('instance-state-name', 'running')).toBe(6);
    expect(
      account.refusal('EC2', 'DescribeInstances', { Filters: [{ Name: 'dns-name', Values: ['x'] }] }),
    ).toContain('NotSimulated');
  });

  it('tells the status of running instances only, unless asked for all', () => {
    account = smallAccount();
    account.ec2.stop(hostId(1), USER);
    const count = (input: object) =>
      account.call<DescribeInstanceStatusCommandOutput>('EC2', 'DescribeInstanceStatus', input)
        .InstanceStatuses?.length;
    expect([count({}), count({ IncludeAllInstances: true })]).toEqual([5, 6]);
    expect(
      account.refusal('EC2', 'DescribeInstanceStatus', {
        InstanceIds: Array.from({ length: 101 }, (_, n) => hostId(n)),
      }),
    ).toContain('maximum number of instance IDs is 100');
  });
});

describe('what EC2 refuses to launch', () => {
  afterEach(() => account.close());

  const failure = (over: object = {}) => {
    const answer = launch(over);
    return 'failure' in answer ? answer.failure : undefined;
  };

  it('an image that does not exist or is no longer available', () => {
    account = smallAccount();
    expect(failure({ imageId: 'ami-0dead' })).toBe("The image id '[ami-0dead]' does not exist");
    account.ec2.setImageState(NEW_IMAGE, 'disabled');
    expect(failure()).toBe(`The image ID '${NEW_IMAGE}' is not available`);
    account.ec2.setImageState(NEW_IMAGE, 'deregistered');
    expect(failure()).toBe(`The image id '[${NEW_IMAGE}]' does not exist`);
    expect(account.refusal('EC2', 'DescribeImages', { ImageIds: [NEW_IMAGE, OLD_IMAGE] })).toBe(
      `InvalidAMIID.NotFound: The image id '[${NEW_IMAGE}]' does not exist`,
    );
  });

  it('an image of another architecture or boot mode', () => {
    account = smallAccount();
    expect(failure({ imageId: ARM_IMAGE })).toContain(
      "The architecture 'x86_64' of the specified instance type does not match the architecture 'arm64'",
    );
    account.ec2.publishImage({ ImageId: 'ami-0000000000000b007', BootMode: 'uefi-preferred' }, NEW_IMAGE);
    expect(failure({ imageId: 'ami-0000000000000b007' })).toBeUndefined();
  });

  it('more vCPUs than the limit, terminated ones counting for a while', async () => {
    const capture = smallCapture();
    capture.serviceQuotas.quotas.push({ ServiceCode: 'ec2', QuotaCode: 'L-1216C47A', Value: 14 });
    account = smallAccount(capture);
    expect(failure()).toBeUndefined();
    expect(failure()).toContain('your current vCPU limit of 14');
    account.ec2.terminate(hostId(1), USER);
    expect(failure()).toContain('your current vCPU limit of 14');
    await account.pass(4);
    expect(failure()).toContain('vCPU limit');
  });

  it('more hosts than a subnet has addresses', () => {
    const capture = smallCapture();
    const [subnet] = capture.ec2.subnets;
    if (subnet) subnet.AvailableIpAddressCount = 1;
    account = smallAccount(capture);
    expect(failure()).toBeUndefined();
    expect(failure()).toContain("not enough free addresses in subnet 'subnet-eu-west-1a'");
  });

  it('a volume whose key cannot be used: the host shows up and is gone', async () => {
    account = smallAccount(smallCapture(), {
      faults: { launchFailure: () => 'Client.InternalError: Client error on launch' },
    });
    account.call('AutoScaling', 'SetDesiredCapacity', { AutoScalingGroupName: 'web', DesiredCapacity: 7 });
    await account.pass(60);
    expect(account.activities().find(({ StatusCode }) => StatusCode === 'Failed')?.StatusMessage).toBe(
      'Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: Client.InternalError: Client error on launch',
    );
    expect(account.group().Instances?.filter((member) => member.LifecycleState === 'InService')).toHaveLength(
      6,
    );
  });
});
