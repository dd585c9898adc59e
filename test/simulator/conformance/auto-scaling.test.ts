/** Documented statements about sizes, ends and launches of a group; the page is named at each. */
import { afterEach, describe, expect, it } from 'vitest';
import {
  hostId,
  type SmallAccount,
  smallAccount,
  smallCapture,
  TEMPLATE,
  ZONES,
} from '../ec2/small-account.ts';
import { START_MS } from '../support/kernel.ts';
import { asg, inService, membersIn, refused, suspend } from './groups.ts';

let account: SmallAccount;
afterEach(() => account.close());

const end = (InstanceId: string, ShouldDecrementDesiredCapacity: boolean) =>
  account.call('AutoScaling', 'TerminateInstanceInAutoScalingGroup', {
    InstanceId,
    ShouldDecrementDesiredCapacity,
  });
const protect = (...InstanceIds: string[]) =>
  asg(account, 'SetInstanceProtection', { InstanceIds, ProtectedFromScaleIn: true });

// API reference, TerminateInstanceInAutoScalingGroup; user guide, ec2-auto-scaling-instance-protection.
describe('terminating by id', () => {
  it('without a decrement a replacement launches, with one the group shrinks', async () => {
    account = smallAccount();
    end(hostId(1), false);
    end(hostId(2), true);
    await account.pass(120);
    expect(account.group()).toMatchObject({ DesiredCapacity: 5 });
    expect(inService(account)).toHaveLength(5);
  });

  it("with a decrement at the minimum is refused in AWS's words; without one it is not", async () => {
    account = smallAccount(smallCapture({ group: { MinSize: 6 } }));
    expect(
      account.refusal('AutoScaling', 'TerminateInstanceInAutoScalingGroup', {
        InstanceId: hostId(1),
        ShouldDecrementDesiredCapacity: true,
      }),
    ).toContain(
      'Currently, desiredSize equals minSize (6). Terminating instance without replacement will violate',
    );
    end(hostId(1), false);
    await account.pass(120);
    expect(inService(account)).toHaveLength(6);
  });

  it('scale-in protection "does not protect … from … Manual termination"', async () => {
    account = smallAccount();
    protect(hostId(1));
    end(hostId(1), true);
    await account.pass(90);
    expect(inService(account)).not.toContain(hostId(1));
  });
});

// User guide, ec2-auto-scaling-instance-protection, ec2-auto-scaling-termination-policies.
describe('scale-in', () => {
  it('with all instances protected: desired still falls, nobody goes, and the activity says why', async () => {
    account = smallAccount();
    protect(...Array.from({ length: 6 }, (_, n) => hostId(n + 1)));
    asg(account, 'SetDesiredCapacity', { DesiredCapacity: 4 });
    await account.pass(120);
    expect(account.group()).toMatchObject({ DesiredCapacity: 4 });
    expect(inService(account)).toHaveLength(6);
    expect(account.activities()[0]?.StatusMessage).toBe(
      'Could not scale to desired capacity because all remaining instances are protected from scale in.',
    );
  });

  it('never takes a protected instance, not even out of the fullest zone', async () => {
    account = smallAccount(
      smallCapture({ zoneOf: (n) => (n <= 4 ? 'eu-west-1a' : (ZONES[n - 4] as string)) }),
    );
    suspend(account, 'AZRebalance');
    protect(hostId(1), hostId(2), hostId(3), hostId(4));
    asg(account, 'SetDesiredCapacity', { DesiredCapacity: 4 });
    await account.pass(120);
    expect(inService(account).sort()).toEqual([hostId(1), hostId(2), hostId(3), hostId(4)]);
  });

  it.each([
    ['OldestInstance', hostId(1)],
    ['NewestInstance', hostId(6)],
  ])('%s goes only among those of the zone with the most', async (policy, expected) => {
    account = smallAccount(
      smallCapture({
        zoneOf: () => 'eu-west-1a',
        group: {
          TerminationPolicies: [policy],
          AvailabilityZones: ['eu-west-1a'],
          VPCZoneIdentifier: 'subnet-eu-west-1a',
        },
      }),
    );
    asg(account, 'SetDesiredCapacity', { DesiredCapacity: 5 });
    await account.pass(90);
    expect(inService(account)).not.toContain(expected);
  });

  it('unhealthy instances bypass every policy', async () => {
    account = smallAccount(
      smallCapture({
        zoneOf: () => 'eu-west-1a',
        group: {
          TerminationPolicies: ['OldestInstance'],
          AvailabilityZones: ['eu-west-1a'],
          VPCZoneIdentifier: 'subnet-eu-west-1a',
        },
      }),
    );
    suspend(account, 'ReplaceUnhealthy');
    account.call('AutoScaling', 'SetInstanceHealth', { InstanceId: hostId(4), HealthStatus: 'Unhealthy' });
    asg(account, 'SetDesiredCapacity', { DesiredCapacity: 5 });
    await account.pass(90);
    expect(inService(account)).not.toContain(hostId(4));
  });
});

// API reference, SetDesiredCapacity, UpdateAutoScalingGroup, EnterStandby, AttachInstances.
describe('sizes', () => {
  it('SetDesiredCapacity above the maximum is a ValidationError', () => {
    account = smallAccount();
    expect(refused(account, 'SetDesiredCapacity', { DesiredCapacity: 21 })).toContain(
      'New SetDesiredCapacity value 21 is above max value 20',
    );
  });

  it('"HonorCooldown": within the cooldown the call is refused, and by default it is not asked', async () => {
    account = smallAccount();
    asg(account, 'SetDesiredCapacity', { DesiredCapacity: 7 });
    await account.pass(60);
    expect(refused(account, 'SetDesiredCapacity', { DesiredCapacity: 8, HonorCooldown: true })).toContain(
      'ScalingActivityInProgress',
    );
    expect(refused(account, 'SetDesiredCapacity', { DesiredCapacity: 8 })).toBeUndefined();
  });

  it('a maximum below the desired capacity lowers it, a minimum above it raises it', () => {
    account = smallAccount();
    asg(account, 'UpdateAutoScalingGroup', { MaxSize: 4 });
    expect(account.group()).toMatchObject({ DesiredCapacity: 4, MaxSize: 4 });
    asg(account, 'UpdateAutoScalingGroup', { MaxSize: 9, MinSize: 8 });
    expect(account.group()).toMatchObject({ DesiredCapacity: 8, MinSize: 8 });
  });

  it('Standby passes through EnteringStandby, and its decrement respects the minimum', async () => {
    account = smallAccount(smallCapture({ group: { MinSize: 6 } }));
    const input = { InstanceIds: [hostId(1)], ShouldDecrementDesiredCapacity: true };
    expect(refused(account, 'EnterStandby', input)).toContain('ValidationError');
    asg(account, 'UpdateAutoScalingGroup', { MinSize: 5 });
    asg(account, 'EnterStandby', input);
    expect(membersIn(account, 'EnteringStandby')).toHaveLength(1);
    await account.pass(10);
    expect(membersIn(account, 'Standby')).toHaveLength(1);
    expect(account.group()).toMatchObject({ DesiredCapacity: 5 });
  });

  it('a detached instance runs on and can be attached again, which raises the desired capacity up to the maximum', async () => {
    account = smallAccount();
    asg(account, 'DetachInstances', { InstanceIds: [hostId(1)], ShouldDecrementDesiredCapacity: true });
    await account.pass(60);
    expect(account.ec2.instance(hostId(1))?.state).toBe('running');
    asg(account, 'UpdateAutoScalingGroup', { MaxSize: 5 });
    expect(refused(account, 'AttachInstances', { InstanceIds: [hostId(1)] })).toContain('above max value');
    asg(account, 'UpdateAutoScalingGroup', { MaxSize: 6 });
    asg(account, 'AttachInstances', { InstanceIds: [hostId(1)] });
    expect(account.group()).toMatchObject({ DesiredCapacity: 6 });
    expect(inService(account)).toContain(hostId(1));
  });

  it('a group with an Operator can be changed by nobody else', () => {
    account = smallAccount(smallCapture({ group: { Operator: { Principal: 'batch.amazonaws.com' } } }));
    for (const [operation, input] of [
      ['UpdateAutoScalingGroup', { MaxSize: 9 }],
      ['SuspendProcesses', {}],
      ['PutWarmPool', {}],
      ['StartInstanceRefresh', {}],
    ] as const)
      expect(refused(account, operation, input)).toContain('managed by batch.amazonaws.com');
  });
});

// User guide, launch-instances-synchronously, ts-as-instancelaunchfailure.
describe('launches', () => {
  it('LaunchInstances may succeed in part: what came is answered with the error for the rest, and desired rises by what came', () => {
    let left = 2;
    account = smallAccount(undefined, {
      faults: {
        launchFailure: () =>
          left-- > 0
            ? undefined
            : 'We currently do not have sufficient m5.large capacity in the Availability Zone you requested (eu-west-1a).',
      },
    });
    const answer = asg<{ Instances: { InstanceIds: string[] }[]; Errors: { ErrorCode: string }[] }>(
      account,
      'LaunchInstances',
      { RequestedCapacity: 4, AvailabilityZones: ['eu-west-1a'], ClientToken: 'once' },
    );
    expect(answer.Instances.flatMap(({ InstanceIds }) => InstanceIds)).toHaveLength(2);
    expect(answer.Errors[0]?.ErrorCode).toBe('InsufficientInstanceCapacity');
    expect(account.group()).toMatchObject({ DesiredCapacity: 8 });
  });

  it('retry-with-group-configuration: the group launches the rest by itself, in other zones too', async () => {
    account = smallAccount(undefined, {
      faults: {
        launchFailure: (zone) =>
          zone === 'eu-west-1a' ? 'We currently do not have sufficient m5.large capacity.' : undefined,
      },
    });
    asg(account, 'LaunchInstances', {
      RequestedCapacity: 2,
      AvailabilityZones: ['eu-west-1a'],
      ClientToken: 'once',
      RetryStrategy: 'retry-with-group-configuration',
    });
    await account.pass(300);
    expect(inService(account)).toHaveLength(8);
  });

  it('"Client.InternalError: Client error on launch" (a key without a grant): the instance shows, and is gone before it is in service', async () => {
    let dies = true;
    account = smallAccount(undefined, {
      faults: { launchFailure: () => (dies ? 'Client.InternalError: Client error on launch' : undefined) },
    });
    asg(account, 'SetDesiredCapacity', { DesiredCapacity: 7 });
    await account.pass(14);
    expect(membersIn(account, 'Pending')).toHaveLength(1);
    await account.pass(45);
    expect(
      account
        .activities()
        .map(({ StatusMessage }) => StatusMessage ?? '')
        .join(),
    ).toContain('Client error on launch');
    dies = false;
    await account.pass(900);
    expect(inService(account)).toHaveLength(7);
  });

  it('the first start of a group that the capture shows short of its size is a launch like any other', async () => {
    account = smallAccount(smallCapture({ hosts: 4, group: { DesiredCapacity: 6 } }));
    await account.pass(120);
    expect(inService(account)).toHaveLength(6);
    expect(account.clock.startMs).toBe(START_MS);
    expect(account.group().LaunchTemplate?.LaunchTemplateId).toBe(TEMPLATE);
  });
});

// API reference, InstanceRequirements.
describe('attribute-based instance type selection', () => {
  const byAttributes = (InstanceRequirements: object) => {
    const capture = smallCapture({
      group: {
        LaunchTemplate: undefined,
        MixedInstancesPolicy: {
          LaunchTemplate: {
            LaunchTemplateSpecification: { LaunchTemplateId: TEMPLATE, Version: '1' },
            Overrides: [{ InstanceRequirements } as never],
          },
        },
      },
    });
    const model = capture.ec2.instanceTypes[0];
    for (const [InstanceType, DefaultVCpus, SizeInMiB, burstable] of [
      ['m5.xlarge', 4, 16_384, false],
      ['r5.xlarge', 4, 32_768, false],
      ['t3.xlarge', 4, 16_384, true],
    ] as const)
      capture.ec2.instanceTypes.push({
        ...model,
        InstanceType,
        VCpuInfo: { DefaultVCpus },
        MemoryInfo: { SizeInMiB },
        BurstablePerformanceSupported: burstable,
      });
    account = smallAccount(capture);
  };
  const launchedTypes = async () => {
    asg(account, 'SetDesiredCapacity', { DesiredCapacity: 9 });
    await account.pass(90);
    const ids = inService(account).filter((id) => !/^i-0{8}/.test(id));
    return [...new Set(ids.map((id) => account.ec2.instance(id)?.instanceType))];
  };

  it.each([
    ['by size, burstable ones left out by default', { MemoryMiB: { Max: 20_000 } }, ['m5.xlarge']],
    ['by name pattern', { AllowedInstanceTypes: ['r5.*'] }, ['r5.xlarge']],
    ['burstable when required', { BurstablePerformance: 'required' }, ['t3.xlarge']],
  ])('launches a type that meets the requirements: %s', async (_, more, expected) => {
    byAttributes({ VCpuCount: { Min: 4 }, MemoryMiB: { Min: 8192 }, ...more });
    expect(await launchedTypes()).toEqual(expected);
  });
});
