import {
  AutoScalingClient,
  DescribeAutoScalingGroupsCommand,
  DescribeAutoScalingInstancesCommand,
  DescribeInstanceRefreshesCommand,
  PutWarmPoolCommand,
  ResumeProcessesCommand,
  SetInstanceProtectionCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import {
  DeleteLaunchTemplateVersionsCommand,
  DescribeLaunchTemplateVersionsCommand,
  EC2Client,
  ModifyLaunchTemplateCommand,
} from '@aws-sdk/client-ec2';
import {
  DescribeClustersCommand,
  DescribeContainerInstancesCommand,
  ECSClient,
  ListContainerInstancesCommand,
  UpdateContainerInstancesStateCommand,
} from '@aws-sdk/client-ecs';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { beginAsNewContainer } from '../functions/aws/container-memory.ts';
import { readRun } from '../functions/aws/ledger/runs.ts';
import type { GroupMemory, HostMemory } from '../functions/core/memory.ts';
import type { Ending } from '../functions/core/outcome.ts';
import { handler } from '../functions/restore.ts';
import { fakeLedger } from './support/fake-ledger.ts';
import { lambdaContext } from './support/lambda-context.ts';
import { begin, groupMemory, loseClaim, NOW_MS, state } from './support/run.ts';

const autoScaling = mockClient(AutoScalingClient);
const ec2 = mockClient(EC2Client);
const ecs = mockClient(ECSClient);
const eventBridge = mockClient(EventBridgeClient);
const ledger = fakeLedger();

const SUCCEEDED: Ending = { outcome: 'SUCCEEDED', reason: 'all replaced' };
const FAILED: Ending = { outcome: 'FAILED', reason: 'no capacity' };
/** The group as the run left it: pinned to version 7, sizes as set, two hosts in service. */
const group = (over: object = {}) => ({
  AutoScalingGroupName: 'hosts',
  MinSize: 4,
  MaxSize: 4,
  DesiredCapacity: 2,
  LaunchTemplate: { LaunchTemplateId: 'lt-1', LaunchTemplateName: 'hosts', Version: '7' },
  Instances: ['i-1', 'i-2'].map((InstanceId) => ({ InstanceId, LifecycleState: 'InService' })),
  SuspendedProcesses: [
    { ProcessName: 'AZRebalance' },
    { ProcessName: 'ScheduledActions' },
    { ProcessName: 'AlarmNotification' },
  ],
  ...over,
});
const groupIs = (over: object = {}) =>
  autoScaling.on(DescribeAutoScalingGroupsCommand).resolves({ AutoScalingGroups: [group(over) as never] });
const updates = () =>
  autoScaling.commandCalls(UpdateAutoScalingGroupCommand).map((call) => call.args[0].input);
const refreshes = (statuses: readonly string[]) =>
  autoScaling.on(DescribeInstanceRefreshesCommand).resolves({
    InstanceRefreshes: statuses.map(
      (Status, at) => ({ InstanceRefreshId: `refresh-${at}`, Status }) as never,
    ),
  });
const referenceTo = (version: string, over: Partial<GroupMemory> = {}): GroupMemory => ({
  ...groupMemory,
  ...over,
  original: {
    ...groupMemory.original,
    launchSource: JSON.stringify({ LaunchTemplate: { LaunchTemplateId: 'lt-1', Version: version } }),
  },
});
const restoring = async (ending: Ending, memory: GroupMemory = groupMemory) => {
  await begin(ledger.table, { groups: [memory], phase: 'closing', ending });
  return handler({ ...state, ending }, lambdaContext);
};

describe('restore', () => {
  beforeEach(() => {
    for (const mock of [autoScaling, ec2, ecs, eventBridge]) mock.reset();
    ledger.reset();
    beginAsNewContainer();
    groupIs();
    autoScaling.on(DescribeAutoScalingInstancesCommand).resolves({ AutoScalingInstances: [] });
    refreshes([]);
    ecs.on(ListContainerInstancesCommand).resolves({ containerInstanceArns: [] });
    ecs.on(DescribeClustersCommand).resolves({ clusters: [{ clusterName: 'prod', status: 'ACTIVE' }] });
    ec2.on(DeleteLaunchTemplateVersionsCommand).resolves({});
    ec2.on(DescribeLaunchTemplateVersionsCommand).callsFake(({ Versions: [version] }) => ({
      LaunchTemplateVersions: [
        {
          LaunchTemplateId: 'lt-1',
          VersionNumber: version === '$Latest' ? 7 : version === '$Default' ? 6 : Number(version),
          VersionDescription: version === '$Latest' ? 'ecs-rollover run run-1' : '',
          LaunchTemplateData: { ImageId: version === '7' ? 'ami-0new' : 'ami-0old' },
        },
      ],
    }));
  });

  it('puts back the sizes, and resumes what the run suspended and nothing else', async () => {
    const answer = await restoring(SUCCEEDED);

    expect(updates()).toContainEqual({
      AutoScalingGroupName: 'hosts',
      MinSize: 2,
      MaxSize: 4,
      DesiredCapacity: 2,
    });
    expect(autoScaling.commandCalls(ResumeProcessesCommand)[0]?.args[0].input.ScalingProcesses).toEqual([
      'AZRebalance',
      'ScheduledActions',
    ]);
    expect(answer).toMatchObject({ next: 'report', ending: SUCCEEDED });
    expect((await readRun(ledger.table, 'run-1'))?.memory?.phase).toBe('closed');
  });

  it('never goes below the hosts in service', async () => {
    groupIs({
      DesiredCapacity: 5,
      MaxSize: 5,
      Instances: ['1', '2', '3', '4', '5'].map((id) => ({ InstanceId: id, LifecycleState: 'InService' })),
    });

    await restoring(FAILED);

    expect(updates().at(-1)).toMatchObject({ DesiredCapacity: 5, MaxSize: 5 });
  });

  it('puts desired back below protected hosts that stood above it, unless one of them could be taken', async () => {
    const standing = (protectedIds: readonly string[]) =>
      groupIs({
        DesiredCapacity: 4,
        NewInstancesProtectedFromScaleIn: true,
        Instances: ['1', '2', '3'].map((id) => ({
          InstanceId: id,
          LifecycleState: 'InService',
          ProtectedFromScaleIn: protectedIds.includes(id),
        })),
      });
    const above = { ...groupMemory, goal: 3, protectedAbove: 1 };
    standing(['1', '2', '3']);
    await restoring(SUCCEEDED, above);
    expect(updates().at(-1)).toMatchObject({ MinSize: 2, DesiredCapacity: 2 });

    standing(['1', '2']);
    await restoring(SUCCEEDED, above);
    expect(updates().at(-1)).toMatchObject({ MinSize: 2, DesiredCapacity: 3 });
  });

  describe('where reads of Auto Scaling are old', () => {
    const host = { autoScalingGroupName: 'hosts', role: 'new' } as const;
    const restoreAfter = async (hosts: readonly object[], lookedAtMs: number) => {
      const memory = {
        groups: [{ ...groupMemory, set: { ...groupMemory.set, desiredCapacity: 2 } }],
        hosts: hosts.map((over) => ({ ...host, ...over })) as HostMemory[],
        phase: 'closing' as const,
        ending: SUCCEEDED,
        lookedAtMs,
      };
      await begin(ledger.table, memory);
      return handler({ ...state, ending: SUCCEEDED }, lambdaContext);
    };
    const wait = globalThis.setTimeout;
    beforeEach(() => {
      vi.spyOn(globalThis, 'setTimeout').mockImplementation(((run: () => void, ms?: number) =>
        wait(run, ms === 5000 ? 0 : ms)) as typeof setTimeout);
    });
    afterEach(() => {
      vi.restoreAllMocks();
    });

    it('asks again rather than set a size too low, and gives up the attempt for minutes', async () => {
      const missing = [{ instanceId: 'i-3', readySinceMs: 1 }];
      await expect(restoreAfter(missing, Date.now())).rejects.toThrow(/i-3 is missing/);
      expect(updates().some(({ DesiredCapacity }) => DesiredCapacity !== undefined)).toBe(false);
    });

    it('goes on with the first read that agrees with the ledger', async () => {
      autoScaling
        .on(DescribeAutoScalingGroupsCommand)
        .resolvesOnce({ AutoScalingGroups: [group({ DesiredCapacity: 3 }) as never] })
        .resolves({ AutoScalingGroups: [group() as never] });
      await restoreAfter([], Date.now());
      expect(updates()).toContainEqual(expect.objectContaining({ DesiredCapacity: 2 }));
    });

    it('believes in the end that somebody else did it, and counts no host that the run saw go', async () => {
      groupIs({ DesiredCapacity: 3 });
      await restoreAfter([{ instanceId: 'i-2', goneSinceMs: 1 }], Date.now() - 200_000);
      expect(updates()).toContainEqual(expect.objectContaining({ DesiredCapacity: 3 }));
    });
  });

  it('keeps a Min that somebody else set meanwhile', async () => {
    groupIs({ MinSize: 1 });

    await restoring(SUCCEEDED);

    expect(updates().at(-1)?.MinSize ?? 1).toBe(1);
  });

  describe('of a group with a warm pool', () => {
    const pool = { MinSize: 1, MaxGroupPreparedCapacity: 3, PoolState: 'Stopped' };
    const withPool: GroupMemory = {
      ...groupMemory,
      original: { ...groupMemory.original, warmPool: JSON.stringify(pool) },
    };

    it('puts the very pool back, once the group launches what it shall launch', async () => {
      const order: string[] = [];
      autoScaling.on(UpdateAutoScalingGroupCommand).callsFake((input) => {
        if (input.LaunchTemplate !== undefined) order.push('reference');
        return {};
      });
      autoScaling.on(PutWarmPoolCommand).callsFake(() => {
        order.push('pool');
        return {};
      });
      await restoring(SUCCEEDED, withPool);
      expect(autoScaling.commandCalls(PutWarmPoolCommand).map((call) => call.args[0].input)).toEqual([
        { AutoScalingGroupName: 'hosts', ...pool },
      ]);
      expect(order).toEqual(['reference', 'pool']);
    });

    it('waits while the old one is being deleted', async () => {
      groupIs({ WarmPoolConfiguration: { ...pool, Status: 'PendingDelete' } });
      await expect(restoring(SUCCEEDED, withPool)).rejects.toThrow(/still being deleted/);
    });

    it('leaves one that is there to its owner', async () => {
      groupIs({ WarmPoolConfiguration: { MinSize: 9 } });
      await restoring(SUCCEEDED, withPool);
      expect(autoScaling.commandCalls(PutWarmPoolCommand)).toHaveLength(0);
    });
  });

  it('at success keeps $Latest, which is our version now', async () => {
    await restoring(SUCCEEDED);

    expect(updates()[0]?.LaunchTemplate).toEqual({ LaunchTemplateId: 'lt-1', Version: '$Latest' });
    expect(ec2.commandCalls(DeleteLaunchTemplateVersionsCommand)).toHaveLength(0);
  });

  it('at success moves $Default to our version', async () => {
    await restoring(SUCCEEDED, referenceTo('$Default'));

    expect(ec2.commandCalls(ModifyLaunchTemplateCommand)[0]?.args[0].input.DefaultVersion).toBe('7');
    expect(updates()[0]?.LaunchTemplate?.Version).toBe('$Default');
  });

  it('at success stays on our number where a number was', async () => {
    await restoring(SUCCEEDED, referenceTo('6'));

    expect(updates().some((input) => input.LaunchTemplate !== undefined)).toBe(false);
    expect(ec2.commandCalls(DeleteLaunchTemplateVersionsCommand)).toHaveLength(0);
  });

  it('at success gives resolve:ssm: its reference back and takes our literal version away', async () => {
    ec2.on(DescribeLaunchTemplateVersionsCommand).callsFake(({ Versions: [version], ResolveAlias }) => ({
      LaunchTemplateVersions: [
        {
          VersionNumber: version === '$Latest' ? 7 : 6,
          LaunchTemplateData: { ImageId: ResolveAlias ? 'ami-0new' : 'resolve:ssm:/golden' },
        },
      ],
    }));

    await restoring(SUCCEEDED);

    expect(updates()[0]?.LaunchTemplate?.Version).toBe('$Latest');
    expect(ec2.commandCalls(DeleteLaunchTemplateVersionsCommand)[0]?.args[0].input.Versions).toEqual(['7']);
  });

  it('at success gives resolve:ssm: its reference back although the parameter has moved on since', async () => {
    ec2.on(DescribeLaunchTemplateVersionsCommand).callsFake(({ Versions: [version], ResolveAlias }) => ({
      LaunchTemplateVersions: [
        {
          VersionNumber: version === '$Latest' ? 7 : 6,
          LaunchTemplateData: { ImageId: ResolveAlias ? 'ami-0newer' : 'resolve:ssm:/golden' },
        },
      ],
    }));

    await restoring(SUCCEEDED, referenceTo('$Latest', { resolvedItself: ['lt-1:6'] }));

    expect(updates()[0]?.LaunchTemplate?.Version).toBe('$Latest');
    expect(ec2.commandCalls(DeleteLaunchTemplateVersionsCommand)[0]?.args[0].input.Versions).toEqual(['7']);
  });

  it('at failure puts the reference back and takes our version away, so that $Latest is the owner’s', async () => {
    await restoring(FAILED);

    expect(updates()[0]?.LaunchTemplate?.Version).toBe('$Latest');
    expect(ec2.commandCalls(DeleteLaunchTemplateVersionsCommand)[0]?.args[0].input.Versions).toEqual(['7']);
  });

  it('leaves a reference that somebody else changed', async () => {
    groupIs({ LaunchTemplate: { LaunchTemplateId: 'lt-1', Version: '9' } });

    await restoring(SUCCEEDED);

    expect(updates().some((input) => input.LaunchTemplate !== undefined)).toBe(false);
  });

  // terraform-aws-modules/terraform-aws-eks issue 2122: UpdateAutoScalingGroup answers so where a template names an image
  // that is not there.
  it('gives back all else where Auto Scaling refuses the reference for what its owner wrote, and says so', async () => {
    const refusal = Object.assign(
      new Error(
        "You must use a valid fully-formed launch template. The image id '[ami-0gone]' does not exist",
      ),
      { name: 'ValidationError' },
    );
    autoScaling.on(UpdateAutoScalingGroupCommand).callsFake((input) => {
      if (input.LaunchTemplate !== undefined) throw refusal;
      return {};
    });

    expect(await restoring(FAILED)).toMatchObject({ next: 'report', ending: FAILED });

    expect(updates().at(-1)).toMatchObject({ MinSize: 2, DesiredCapacity: 2 });
    expect(autoScaling.commandCalls(ResumeProcessesCommand)).toHaveLength(1);
    // The group still launches from our version.
    expect(ec2.commandCalls(DeleteLaunchTemplateVersionsCommand)).toEqual([]);
    const [notice] = eventBridge
      .commandCalls(PutEventsCommand)
      .map((call) => call.args[0].input.Entries?.[0]);
    expect(notice?.Detail).toMatch(/could not be put back, it stays lt-1:7: .*ami-0gone/);
    expect((await readRun(ledger.table, 'run-1'))?.memory).toMatchObject({ phase: 'closed' });
  });

  describe('while somebody else runs an instance refresh', () => {
    const PROTECTED: GroupMemory = { ...groupMemory, protectedByUs: true };
    const notices = () =>
      eventBridge
        .commandCalls(PutEventsCommand)
        .map((call) => JSON.parse(call.args[0].input.Entries?.[0]?.Detail ?? ''));
    const standing = {
      NewInstancesProtectedFromScaleIn: true,
      Instances: ['i-1', 'i-2'].map((InstanceId) => ({
        InstanceId,
        LifecycleState: 'InService',
        ProtectedFromScaleIn: true,
      })),
    };

    it('waits for its end, gives back nothing but the flags that it waits for, and says so once', async () => {
      groupIs(standing);
      refreshes(['InProgress', 'Successful']);

      const answer = await restoring(FAILED, PROTECTED);

      expect(answer).toMatchObject({ next: 'wait', ending: FAILED });
      expect(updates()).toEqual([{ AutoScalingGroupName: 'hosts', NewInstancesProtectedFromScaleIn: false }]);
      expect(autoScaling.commandCalls(SetInstanceProtectionCommand)[0]?.args[0].input).toMatchObject({
        InstanceIds: ['i-1', 'i-2'],
        ProtectedFromScaleIn: false,
      });
      expect(autoScaling.commandCalls(ResumeProcessesCommand)).toEqual([]);
      expect(notices()).toMatchObject([
        { kind: 'restore-waits', message: expect.stringContaining('instance refresh refresh-0 of hosts') },
      ]);
      // Not closed: a crash now leaves a run that the sweep takes up.
      expect((await readRun(ledger.table, 'run-1'))?.memory).toMatchObject({
        phase: 'closing',
        ending: FAILED,
      });

      await handler({ ...state, ending: FAILED }, lambdaContext);
      expect(notices()).toHaveLength(1);
    });

    it('pauses longer the longer it has waited, and never near as long as the claim holds', async () => {
      refreshes(['InProgress']);
      const pauseAfter = async (waitedMs: number) => {
        const refreshAwaitedSinceMs = Date.now() - waitedMs;
        await begin(ledger.table, { phase: 'closing', ending: FAILED, refreshAwaitedSinceMs });
        const { nextLookAt } = await handler({ ...state, ending: FAILED }, lambdaContext);
        return (Date.parse(nextLookAt) - Date.now()) / 60_000;
      };

      expect(await pauseAfter(0)).toBeCloseTo(1, 1);
      expect(await pauseAfter(20 * 60_000)).toBeCloseTo(4, 1);
      expect(await pauseAfter(48 * 3_600_000)).toBeCloseTo(10, 1);
    });

    it('waits too where the refresh began after it had looked', async () => {
      autoScaling
        .on(DescribeInstanceRefreshesCommand)
        .resolvesOnce({ InstanceRefreshes: [] })
        .resolves({ InstanceRefreshes: [{ InstanceRefreshId: 'late', Status: 'Pending' }] });
      const refused = Object.assign(
        new Error('An active instance refresh with a desired configuration exists. …'),
        { name: 'ValidationError' },
      );
      // The desired configuration is the refresh's; sizes may be set.
      autoScaling.on(UpdateAutoScalingGroupCommand).callsFake((input) => {
        if (input.LaunchTemplate !== undefined) throw refused;
        return {};
      });

      expect(await restoring(FAILED)).toMatchObject({ next: 'wait' });
    });
  });

  it('does not raise desired again where somebody lowered it after it went back', async () => {
    const given = { minSize: 2, maxSize: 4, desiredCapacity: 2 };
    groupIs({ MinSize: 1, DesiredCapacity: 1 });

    await restoring(FAILED, { ...groupMemory, givenBack: given });

    expect(updates().filter((input) => input.DesiredCapacity !== undefined)).toEqual([]);
    const [group] = (await readRun(ledger.table, 'run-1'))?.memory?.groups ?? [];
    expect(group?.givenBack).toEqual({ minSize: 1, maxSize: 4, desiredCapacity: 1 });
  });

  it('changes nothing at a second delivery once all is as it was', async () => {
    await restoring(SUCCEEDED);
    autoScaling.resetHistory();
    groupIs({
      MinSize: 2,
      LaunchTemplate: { LaunchTemplateId: 'lt-1', Version: '$Latest' },
      SuspendedProcesses: [{ ProcessName: 'AlarmNotification' }],
    });

    await handler({ ...state, ending: SUCCEEDED }, lambdaContext);

    expect(updates()).toEqual([]);
    expect(autoScaling.commandCalls(ResumeProcessesCommand)).toHaveLength(0);
  });

  it('sets our DRAINING hosts in service back to ACTIVE, and no others', async () => {
    const host = (id: string) => ({
      containerInstanceArn: `arn/${id}`,
      ec2InstanceId: id,
      status: 'DRAINING',
    });
    ecs.on(ListContainerInstancesCommand).resolves({ containerInstanceArns: ['a', 'b'] });
    ecs
      .on(DescribeContainerInstancesCommand)
      .resolves({ containerInstances: [host('i-0old'), host('i-0their')] });
    ecs.on(UpdateContainerInstancesStateCommand).resolves({});
    autoScaling.on(DescribeAutoScalingInstancesCommand).callsFake(({ InstanceIds }) => ({
      AutoScalingInstances: InstanceIds.map((InstanceId: string) => ({
        InstanceId,
        LifecycleState: 'InService',
      })),
    }));
    await begin(ledger.table, {
      phase: 'closing',
      ending: FAILED,
      hosts: [{ instanceId: 'i-0old', role: 'outdated', drainingSinceMs: 1 }],
    });

    await handler({ ...state, ending: FAILED }, lambdaContext);

    expect(ecs.commandCalls(UpdateContainerInstancesStateCommand)[0]?.args[0].input).toEqual({
      cluster: 'prod',
      containerInstances: ['arn/i-0old'],
      status: 'ACTIVE',
    });
  });

  it.each([
    ['its drain', { drainingSinceMs: 1, drainingSeenAtMs: 2 }],
    ['that it goes back, and the call was never made', { activatedAtMs: 7 }],
  ])('sets a host back to ACTIVE of which is remembered %s, and remembers that', async (_, remembered) => {
    const host = { containerInstanceArn: 'arn/i-0old', ec2InstanceId: 'i-0old', status: 'DRAINING' };
    ecs.on(ListContainerInstancesCommand).resolves({ containerInstanceArns: ['a'] });
    ecs.on(DescribeContainerInstancesCommand).resolves({ containerInstances: [host] });
    ecs.on(UpdateContainerInstancesStateCommand).resolves({});
    autoScaling.on(DescribeAutoScalingInstancesCommand).resolves({
      AutoScalingInstances: [{ InstanceId: 'i-0old', LifecycleState: 'InService' } as never],
    });
    const hosts: HostMemory[] = [{ instanceId: 'i-0old', role: 'outdated', ...remembered }];
    await begin(ledger.table, { phase: 'closing', ending: FAILED, lookedAtMs: 7, hosts });

    await handler({ ...state, ending: FAILED }, lambdaContext);

    expect(ecs.commandCalls(UpdateContainerInstancesStateCommand)).toHaveLength(1);
    const [after] = (await readRun(ledger.table, 'run-1'))?.memory?.hosts ?? [];
    expect(after).toEqual({
      instanceId: 'i-0old',
      role: 'outdated',
      activatedAtMs: expect.any(Number),
    });
  });

  it('sends a run that failed back to give its hosts back by the rules, once', async () => {
    const error = { Error: 'TypeError', Cause: '{"errorMessage":"x is not a function"}' };
    await begin(ledger.table);

    const first = await handler({ ...state, error }, lambdaContext);
    expect(first).toMatchObject({ next: 'assess', counters: { failures: 1 } });
    expect(first).not.toHaveProperty('error');
    expect(updates()).toEqual([]);

    const second = await handler({ ...first, error }, lambdaContext);
    expect(second).toMatchObject({ next: 'report', ending: { outcome: 'FAILED' } });
  });

  it('puts groups back, and leaves nothing open, where somebody deleted the cluster in the middle of the run', async () => {
    ecs
      .on(DescribeClustersCommand)
      .resolves({ clusters: [], failures: [{ arn: 'prod', reason: 'MISSING' }] });
    const gone = Object.assign(new Error('Cluster not found.'), { name: 'ClusterNotFoundException' });
    ecs.on(ListContainerInstancesCommand).rejects(gone);
    const draining: HostMemory = {
      instanceId: 'i-0old',
      role: 'outdated',
      autoScalingGroupName: 'hosts',
      drainingSinceMs: NOW_MS,
    };
    await begin(ledger.table, { hosts: [draining] });
    // One host more than the goal stands.
    groupIs({
      DesiredCapacity: 4,
      Instances: ['i-1', 'i-2', 'i-3'].map((InstanceId) => ({ InstanceId, LifecycleState: 'InService' })),
    });

    const error = { Error: 'ClusterMissing', Cause: '{"errorMessage":"prod is gone"}' };
    const answer = await handler({ ...state, error }, lambdaContext);

    expect(answer).toMatchObject({ next: 'report', ending: { outcome: 'FAILED' } });
    expect(autoScaling.commandCalls(ResumeProcessesCommand)).toHaveLength(1);
    expect((await readRun(ledger.table, 'run-1'))?.memory?.phase).toBe('closed');
  });

  it('puts back the other groups although one fails, and then asks to be tried again', async () => {
    const busy = referenceTo('$Latest', { autoScalingGroupName: 'busy' });
    autoScaling
      .on(DescribeAutoScalingGroupsCommand, { AutoScalingGroupNames: ['busy'] })
      .rejects(Object.assign(new Error('slow down'), { name: 'Throttling' }));
    await begin(ledger.table, { groups: [busy, groupMemory], phase: 'closing', ending: FAILED });

    await expect(handler({ ...state, ending: FAILED }, lambdaContext)).rejects.toMatchObject({
      name: 'AwsBusy',
    });
    expect(autoScaling.commandCalls(ResumeProcessesCommand)).toHaveLength(1);
  });

  it('touches nothing once the claim is lost', async () => {
    await begin(ledger.table);
    await loseClaim(ledger.table);

    await expect(handler({ ...state, ending: FAILED }, lambdaContext)).rejects.toMatchObject({
      name: 'ClaimLost',
    });
    expect(autoScaling.calls()).toHaveLength(0);
  });
});
