/** Sizes, processes, warm pools and protection of groups, when the run ends. */
import {
  DescribeAutoScalingGroupsCommand,
  DescribeInstanceRefreshesCommand,
  PutWarmPoolCommand,
  ResumeProcessesCommand,
  SetInstanceProtectionCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import { DescribeClustersCommand, ListContainerInstancesCommand } from '@aws-sdk/client-ecs';
import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readRun } from '../../functions/aws/ledger/runs.ts';
import type { GroupMemory, HostMemory } from '../../functions/core/memory.ts';
import { handler } from '../../functions/restore.ts';
import { lambdaContext } from '../support/lambda-context.ts';
import { begin, groupMemory, loseClaim, NOW_MS, state } from '../support/run.ts';

import {
  asTheRunLeftIt,
  autoScaling,
  ecs,
  eventBridge,
  FAILED,
  group,
  groupIs,
  ledger,
  referenceTo,
  refreshes,
  restoring,
  SUCCEEDED,
  updates,
} from './rig.ts';

const notices = () =>
  eventBridge
    .commandCalls(PutEventsCommand)
    .map((call) => JSON.parse(call.args[0].input.Entries?.[0]?.Detail ?? ''));

describe('restore', () => {
  beforeEach(asTheRunLeftIt);

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

  it('tells each warning once, however often it is tried again', async () => {
    autoScaling.on(DescribeAutoScalingGroupsCommand).resolves({ AutoScalingGroups: [] });
    const answer = await restoring(FAILED);
    await handler({ ...state, ending: answer.ending ?? FAILED }, lambdaContext);
    const warnings = eventBridge
      .commandCalls(PutEventsCommand)
      .flatMap((call) => call.args[0].input.Entries ?? [])
      .filter(({ Detail = '' }) => Detail.includes('restored-with-warnings'));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.Detail).toContain('hosts does not exist any more');
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

  describe('while somebody else runs an instance refresh', () => {
    const PROTECTED: GroupMemory = { ...groupMemory, protectedByUs: true };
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
        const restoreAwaitedSinceMs = Date.now() - waitedMs;
        await begin(ledger.table, { phase: 'closing', ending: FAILED, restoreAwaitedSinceMs });
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

  /** Source: Amazon EC2 Auto Scaling user guide, "Use instance scale-in protection": it starts at InService. */
  it('takes the flag of the run from hosts in service, and waits for those that still launch with it', async () => {
    const member = (InstanceId: string, LifecycleState: string) => {
      return { InstanceId, LifecycleState, ProtectedFromScaleIn: true };
    };
    const flagged: GroupMemory = { ...groupMemory, protectedByUs: true };
    groupIs({
      NewInstancesProtectedFromScaleIn: true,
      DesiredCapacity: 2,
      Instances: [member('i-1', 'InService'), member('i-2', 'Pending:Wait')],
    });

    expect(await restoring(FAILED, flagged)).toMatchObject({ next: 'wait', ending: FAILED });

    const asked = () =>
      autoScaling.commandCalls(SetInstanceProtectionCommand).map(({ args }) => args[0].input);
    expect(asked()).toMatchObject([{ InstanceIds: ['i-1'], ProtectedFromScaleIn: false }]);
    expect(notices()).toMatchObject([{ kind: 'restore-waits', message: expect.stringContaining('i-2') }]);

    groupIs({
      Instances: [{ ...member('i-1', 'InService'), ProtectedFromScaleIn: false }, member('i-2', 'InService')],
    });
    expect(await handler({ ...state, ending: FAILED }, lambdaContext)).toMatchObject({ next: 'report' });
    expect(asked().at(-1)).toMatchObject({ InstanceIds: ['i-2'] });
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
