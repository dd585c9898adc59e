import type { LaunchInstancesResult } from '@aws-sdk/client-auto-scaling';
import { afterEach, describe, expect, it } from 'vitest';
import { hostId, type SmallAccount, smallAccount, smallCapture, ZONES } from '../ec2/small-account.ts';

let account: SmallAccount;
const web = { AutoScalingGroupName: 'web' };
const end = (InstanceId: string, ShouldDecrementDesiredCapacity: boolean) =>
  account.call<{ Activity: { Cause: string } }>('AutoScaling', 'TerminateInstanceInAutoScalingGroup', {
    InstanceId,
    ShouldDecrementDesiredCapacity,
  });
const states = () =>
  (account.group().Instances ?? []).map((member) => `${member.InstanceId} ${member.LifecycleState}`);
const inService = () => states().filter((state) => state.endsWith('InService'));
const ids = () => (account.group().Instances ?? []).map((member) => member.InstanceId ?? '');

describe('terminating a host by id', () => {
  afterEach(() => account.close());

  it('shrinks the group with a decrement and keeps its size without', async () => {
    account = smallAccount();
    const { Activity } = end(hostId(1), true);
    expect(Activity.Cause).toBe(
      `At 2026-11-22T12:00:00Z instance ${hostId(1)} was taken out of service in response to a user request, shrinking the capacity from 6 to 5.`,
    );
    expect(account.group()).toMatchObject({ DesiredCapacity: 5 });
    await account.pass(120);
    expect(inService()).toHaveLength(5);

    end(hostId(2), false);
    expect(account.group()).toMatchObject({ DesiredCapacity: 5 });
    await account.pass(120);
    expect(inService()).toHaveLength(5);
    expect(ids()).not.toContain(hostId(2));
  });

  it('refuses a decrement below the minimum in the words of AWS', () => {
    account = smallAccount(smallCapture({ group: { MinSize: 6 } }));
    expect(
      account.refusal('AutoScaling', 'TerminateInstanceInAutoScalingGroup', {
        InstanceId: hostId(1),
        ShouldDecrementDesiredCapacity: true,
      }),
    ).toBe(
      "ValidationError: Currently, desiredSize equals minSize (6). Terminating instance without replacement will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower group's min size.",
    );
  });

  it('does not care for protection from scale-in', async () => {
    account = smallAccount();
    account.call('AutoScaling', 'SetInstanceProtection', {
      ...web,
      InstanceIds: [hostId(1)],
      ProtectedFromScaleIn: true,
    });
    end(hostId(1), true);
    await account.pass(60);
    expect(ids()).not.toContain(hostId(1));
  });

  it('either decrements again or refuses when a decrement is repeated, whichever reading holds', () => {
    const outcomes: string[] = [];
    for (const repeatedDecrementCounts of [true, false]) {
      account = smallAccount(smallCapture(), { readings: { repeatedDecrementCounts } });
      end(hostId(1), true);
      const refusal = account.refusal('AutoScaling', 'TerminateInstanceInAutoScalingGroup', {
        InstanceId: hostId(1),
        ShouldDecrementDesiredCapacity: true,
      });
      outcomes.push(`${refusal?.split(':')[0] ?? 'done'} ${account.group().DesiredCapacity}`);
      if (repeatedDecrementCounts) account.close();
    }
    expect(outcomes).toEqual(['done 4', 'ScalingActivityInProgressFault 5']);
  });

  it('does not know hosts of no group', () => {
    account = smallAccount();
    expect(
      account.refusal('AutoScaling', 'TerminateInstanceInAutoScalingGroup', {
        InstanceId: 'i-0dead',
        ShouldDecrementDesiredCapacity: false,
      }),
    ).toContain('No managed instance found for instance ID: i-0dead');
  });
});

describe('lifecycle hooks', () => {
  afterEach(() => account.close());

  const withHook = (LifecycleTransition: string, extra: object = {}) => {
    const capture = smallCapture();
    capture.autoScaling.lifecycleHooks.push({
      ...web,
      LifecycleHookName: 'wait-for-me',
      LifecycleTransition: `autoscaling:EC2_INSTANCE_${LifecycleTransition}`,
      HeartbeatTimeout: 300,
      DefaultResult: 'CONTINUE',
      ...extra,
    });
    return smallAccount(capture);
  };
  const complete = (InstanceId: string, LifecycleActionResult: string) =>
    account.call('AutoScaling', 'CompleteLifecycleAction', {
      ...web,
      InstanceId,
      LifecycleHookName: 'wait-for-me',
      LifecycleActionResult,
    });

  it('holds a host that is to go until the hook is completed', async () => {
    account = withHook('TERMINATING');
    end(hostId(1), true);
    await account.pass(200);
    expect(states()).toContain(`${hostId(1)} Terminating:Wait`);
    expect(account.ec2.instance(hostId(1))?.state).toBe('running');
    expect(account.lifecycleChanges.at(-1)).toMatchObject({ waitingHooks: ['wait-for-me'] });
    expect(account.events.map((event) => event.detailType)).toContain(
      'EC2 Instance-terminate Lifecycle Action',
    );

    complete(hostId(1), 'CONTINUE');
    expect(account.ec2.instance(hostId(1))?.state).toBe('shutting-down');
    await account.pass(60);
    expect(ids()).not.toContain(hostId(1));
  });

  it('goes on by itself after the heartbeat timeout, and later when it hears a heartbeat', async () => {
    account = withHook('TERMINATING');
    end(hostId(1), true);
    await account.pass(250);
    account.call('AutoScaling', 'RecordLifecycleActionHeartbeat', {
      ...web,
      InstanceId: hostId(1),
      LifecycleHookName: 'wait-for-me',
    });
    await account.pass(250);
    expect(states()).toContain(`${hostId(1)} Terminating:Wait`);
    await account.pass(100);
    expect(ids()).not.toContain(hostId(1));
  });

  it('replaces a launch that is abandoned', async () => {
    account = withHook('LAUNCHING');
    account.call('AutoScaling', 'SetDesiredCapacity', { ...web, DesiredCapacity: 7 });
    await account.pass(40);
    const [first = ''] = ids().slice(6);
    expect(states()).toContain(`${first} Pending:Wait`);
    complete(first, 'ABANDON');
    await account.pass(90);
    expect(ids()).not.toContain(first);
    const [second = ''] = ids().slice(6);
    complete(second, 'CONTINUE');
    await account.pass(10);
    expect(states()).toContain(`${second} InService`);
  });

  it('ends a host once when its hook is completed the moment it is told, in the name of who asked', async () => {
    account = withHook('TERMINATING');
    account.onLifecycle((change) => {
      if (change.waitingHooks.length > 0) {
        account.autoScaling.completeLifecycleAction(change.instanceId, 'wait-for-me', 'CONTINUE');
      }
    });
    end(hostId(1), true);
    await account.pass(60);
    const seen = account.observations.filter((line) => 'instanceId' in line && line.instanceId === hostId(1));
    expect(seen.flatMap((line) => (line.kind === 'lifecycle' ? [line.lifecycleState] : []))).toEqual([
      'InService',
      'Terminating',
      'Terminating:Wait',
      'Terminating:Proceed',
      'Terminated',
    ]);
    expect(seen.find((line) => line.kind === 'host' && line.state === 'shutting-down')).toMatchObject({
      actor: { kind: 'function', name: 'tester' },
    });
  });

  it('goes on with hosts that were captured on their way', async () => {
    const capture = smallCapture();
    const members = capture.autoScaling.autoScalingGroups[0]?.Instances ?? [];
    Object.assign(members[0] ?? {}, { LifecycleState: 'Terminating' });
    Object.assign(members[1] ?? {}, { LifecycleState: 'Pending:Wait' });
    account = smallAccount(capture);
    await account.pass(120);
    expect(ids()).not.toContain(hostId(1));
    expect(states()).toContain(`${hostId(2)} InService`);
    expect(inService()).toHaveLength(6);
  });

  it('refuses to complete what does not wait', () => {
    account = withHook('TERMINATING');
    expect(
      account.refusal('AutoScaling', 'CompleteLifecycleAction', {
        ...web,
        InstanceId: hostId(1),
        LifecycleHookName: 'wait-for-me',
        LifecycleActionResult: 'CONTINUE',
      }),
    ).toBe(`ValidationError: No active Lifecycle Action found with instance ID ${hostId(1)}`);
  });

  it('holds even a host whose instance is gone, while its replacement is launched', async () => {
    account = withHook('TERMINATING', { HeartbeatTimeout: 3600 });
    account.call('EC2', 'TerminateInstances', { InstanceIds: [hostId(1)] });
    await account.pass(300);
    expect(states()).toContain(`${hostId(1)} Terminating:Wait`);
    expect(inService()).toHaveLength(6);
  });
});

describe('protection, health and standby', () => {
  afterEach(() => account.close());

  it('protects fifty hosts a call and none that is not in service', () => {
    account = smallAccount();
    const protect = (InstanceIds: string[]) =>
      account.refusal('AutoScaling', 'SetInstanceProtection', {
        ...web,
        InstanceIds,
        ProtectedFromScaleIn: true,
      });
    expect(protect(Array.from({ length: 51 }, (_, n) => hostId(n + 1)))).toContain('must not exceed 50');
    end(hostId(1), true);
    expect(protect([hostId(1), hostId(2)])).toContain(`${hostId(1)} is not in InService`);
    expect(account.group().Instances?.some((member) => member.ProtectedFromScaleIn)).toBe(false);
  });

  it('does not replace stopped hosts while ReplaceUnhealthy is suspended, and all of them after', async () => {
    account = smallAccount();
    account.call('AutoScaling', 'SuspendProcesses', { ...web, ScalingProcesses: ['ReplaceUnhealthy'] });
    account.call('EC2', 'StopInstances', { InstanceIds: [hostId(1)] });
    await account.pass(300);
    expect(account.group().Instances?.find((member) => member.InstanceId === hostId(1))).toMatchObject({
      LifecycleState: 'InService',
      HealthStatus: 'Unhealthy',
    });
    account.call('AutoScaling', 'ResumeProcesses', { ...web, ScalingProcesses: ['ReplaceUnhealthy'] });
    await account.pass(120);
    expect(ids()).not.toContain(hostId(1));
    expect(inService()).toHaveLength(6);
    expect(account.ec2.instance(hostId(1))?.state).toBe('terminated');
  });

  it('leaves a detached host running and launches another without a decrement', async () => {
    account = smallAccount();
    account.call('AutoScaling', 'DetachInstances', {
      ...web,
      InstanceIds: [hostId(1)],
      ShouldDecrementDesiredCapacity: false,
    });
    await account.pass(60);
    expect(account.ec2.instance(hostId(1))?.state).toBe('running');
    expect(inService()).toHaveLength(6);
    expect(ids()).not.toContain(hostId(1));
  });
});

describe('LaunchInstances', () => {
  afterEach(() => account.close());

  const launch = (input: object) =>
    account.call<LaunchInstancesResult>('AutoScaling', 'LaunchInstances', { ...web, ...input });

  it('launches at once into the zone that was asked for, and once only for a token', () => {
    account = smallAccount();
    const input = { RequestedCapacity: 2, AvailabilityZones: [ZONES[1]], ClientToken: 'run-1' };
    const first = launch(input);
    expect(first.Instances?.[0]).toMatchObject({ AvailabilityZone: ZONES[1], MarketType: 'OnDemand' });
    expect(launch(input)).toEqual(first);
    expect(account.group()).toMatchObject({ DesiredCapacity: 8 });
    expect(ids()).toHaveLength(8);
    expect(
      account.refusal('AutoScaling', 'LaunchInstances', { ...web, ...input, RequestedCapacity: 3 }),
    ).toContain('IdempotentParameterMismatchError');
  });

  it('answers with what it got and the error for the rest', () => {
    let left = 1;
    account = smallAccount(smallCapture(), {
      faults: {
        launchFailure: () =>
          left-- > 0 ? undefined : 'We currently do not have sufficient m5.large capacity.',
      },
    });
    const answer = launch({ RequestedCapacity: 3, AvailabilityZones: [ZONES[0]], ClientToken: 'run-2' });
    expect(answer.Instances?.[0]?.InstanceIds).toHaveLength(1);
    expect(answer.Errors?.[0]).toMatchObject({ ErrorCode: 'InsufficientInstanceCapacity' });
    expect(account.group()).toMatchObject({ DesiredCapacity: 7 });
  });

  it('wants one zone', () => {
    account = smallAccount();
    expect(account.refusal('AutoScaling', 'LaunchInstances', { ...web, RequestedCapacity: 1 })).toContain(
      'Exactly one Availability Zone',
    );
  });
});

describe('a host that EC2 is about to retire', () => {
  afterEach(() => account.close());

  it('is replaced by its group at some time before, terminate first', async () => {
    account = smallAccount(undefined, { readings: { eventReplacesFromNotice: true } });
    account.ec2.scheduleInstanceEvent(hostId(1), 'instance-retirement', account.clock.nowMs + 86_400_000);
    await account.pass(86_400);
    expect(ids()).not.toContain(hostId(1));
    expect(inService()).toHaveLength(6);
  });

  it('is replaced when its time has come, where AWS reads it like that', async () => {
    account = smallAccount(undefined, { readings: { eventReplacesFromNotice: false } });
    account.ec2.scheduleInstanceEvent(hostId(1), 'instance-retirement', account.clock.nowMs + 86_400_000);
    await account.pass(86_390);
    expect(ids()).toContain(hostId(1));
    await account.pass(300);
    expect(ids()).not.toContain(hostId(1));
  });

  it('is left alone while ReplaceUnhealthy is suspended', async () => {
    account = smallAccount(undefined, { readings: { eventReplacesFromNotice: true } });
    account.call('AutoScaling', 'SuspendProcesses', { ...web, ScalingProcesses: ['ReplaceUnhealthy'] });
    account.ec2.scheduleInstanceEvent(hostId(1), 'instance-retirement', account.clock.nowMs + 86_400_000);
    await account.pass(86_000);
    expect(states()).toContain(`${hostId(1)} InService`);
  });
});
