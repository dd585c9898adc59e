/** Capacity providers against the account's own Auto Scaling and CloudWatch, as callers see them. */
import {
  CompleteLifecycleActionCommand,
  DescribeAutoScalingGroupsCommand,
  DescribeScalingActivitiesCommand,
  PutLifecycleHookCommand,
  ResumeProcessesCommand,
  SetDesiredCapacityCommand,
  SuspendProcessesCommand,
  TerminateInstanceInAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  GetMetricStatisticsCommand,
} from '@aws-sdk/client-cloudwatch';
import type { AutoScalingGroupProvider } from '@aws-sdk/client-ecs';
import { UpdateCapacityProviderCommand } from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import type { Capture } from '../../../simulator/capture/capture.ts';
import { exampleCapture, inExampleAccount, type Scene } from '../support/example-account.ts';

const GROUP = 'prod-ecs-hosts';
const MINUTE = 60;

/** The example's cluster with managed scaling, and room to grow by three hosts. */
function scaled(
  settings: Partial<AutoScalingGroupProvider> = {},
  change: (capture: Capture) => void = () => {},
) {
  const capture = exampleCapture();
  const [provider] = capture.ecs.capacityProviders;
  if (provider?.autoScalingGroupProvider)
    Object.assign(provider.autoScalingGroupProvider, {
      managedScaling: { status: 'ENABLED', targetCapacity: 100 },
      ...settings,
    });
  const [group] = capture.autoScaling.autoScalingGroups;
  if (group) group.MaxSize = (group.DesiredCapacity ?? 0) + 3;
  change(capture);
  return { capture, readings: { daemonsKeepProtection: false } };
}

async function groupOf({ autoScaling }: Scene) {
  const { AutoScalingGroups: [group] = [] } = await autoScaling.send(
    new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [GROUP] }),
  );
  const { MinSize = 0, MaxSize = 0, DesiredCapacity = 0, Instances = [] } = group ?? {};
  return { min: MinSize, max: MaxSize, desired: DesiredCapacity, instances: Instances };
}

/** Three more hosts than the tasks need, as somebody does who is about to drain as many. */
async function addSpareHosts(scene: Scene): Promise<number> {
  const { desired } = await groupOf(scene);
  await scene.autoScaling.send(
    new SetDesiredCapacityCommand({ AutoScalingGroupName: GROUP, DesiredCapacity: desired + 3 }),
  );
  await scene.wait(4 * MINUTE);
  return desired;
}

describe('managed scaling in the account', () => {
  it('takes spare hosts that stand empty away again after a quarter of an hour, and leaves Min and Max', async () => {
    await inExampleAccount(async (scene) => {
      const before = await groupOf(scene);
      const desired = await addSpareHosts(scene);
      expect((await groupOf(scene)).desired).toBe(desired + 3);
      await scene.wait(20 * MINUTE);
      const after = await groupOf(scene);
      expect([after.desired, after.min, after.max]).toEqual([desired, before.min, before.max]);
    }, scaled());
  });

  it('tells its metric and its alarms', async () => {
    await inExampleAccount(async (scene) => {
      const cloudWatch = new CloudWatchClient({});
      scene.account.attach(cloudWatch, 'CloudWatch');
      await addSpareHosts(scene);
      await scene.wait(10 * MINUTE);
      const { nowMs } = scene.account.clock;
      const { Datapoints = [] } = await cloudWatch.send(
        new GetMetricStatisticsCommand({
          Namespace: 'AWS/ECS/ManagedScaling',
          MetricName: 'CapacityProviderReservation',
          Dimensions: [
            { Name: 'ClusterName', Value: 'prod' },
            { Name: 'CapacityProviderName', Value: 'prod-hosts' },
          ],
          StartTime: new Date(nowMs - 10 * MINUTE * 1000),
          EndTime: new Date(nowMs),
          Period: 60,
          Statistics: ['Average'],
        }),
      );
      expect(Datapoints.length).toBeGreaterThanOrEqual(9);
      expect(Datapoints.at(-1)?.Average).toBeLessThan(100);
      await scene.wait(MINUTE);
      const { MetricAlarms = [] } = await cloudWatch.send(
        new DescribeAlarmsCommand({ AlarmNamePrefix: `TargetTracking-${GROUP}-` }),
      );
      expect(MetricAlarms.map(({ Threshold, EvaluationPeriods }) => [Threshold, EvaluationPeriods])).toEqual([
        [100, 1],
        [100, 15],
      ]);
    }, scaled());
  });

  // Source: Amazon EC2 Auto Scaling user guide, as-suspend-resume-processes, AlarmNotification.
  it('changes nothing while AlarmNotification is suspended, and goes on at once afterwards', async () => {
    await inExampleAccount(async (scene) => {
      const process = { AutoScalingGroupName: GROUP, ScalingProcesses: ['AlarmNotification'] };
      await scene.autoScaling.send(new SuspendProcessesCommand(process));
      const desired = await addSpareHosts(scene);
      await scene.wait(30 * MINUTE);
      expect((await groupOf(scene)).desired).toBe(desired + 3);
      await scene.autoScaling.send(new ResumeProcessesCommand(process));
      await scene.wait(2 * MINUTE);
      expect((await groupOf(scene)).desired).toBe(desired);
    }, scaled());
  });

  // Source: Amazon EC2 Auto Scaling user guide, ec2-auto-scaling-instance-protection.
  it('lowers desired capacity although all hosts are protected, and none goes', async () => {
    await inExampleAccount(
      async (scene) => {
        const desired = await addSpareHosts(scene);
        await scene.wait(20 * MINUTE);
        const after = await groupOf(scene);
        expect([after.desired, after.instances.length]).toEqual([desired, desired + 3]);
        const { Activities = [] } = await scene.autoScaling.send(
          new DescribeScalingActivitiesCommand({ AutoScalingGroupName: GROUP }),
        );
        expect(Activities.map(({ StatusMessage }) => StatusMessage)).toContain(
          'Could not scale to desired capacity because all remaining instances are protected from scale in.',
        );
      },
      scaled({}, ({ autoScaling }) => {
        for (const group of autoScaling.autoScalingGroups) {
          group.NewInstancesProtectedFromScaleIn = true;
          for (const instance of group.Instances ?? []) instance.ProtectedFromScaleIn = true;
        }
      }),
    );
  });

  it('with managed termination protection takes exactly the empty ones', async () => {
    await inExampleAccount(
      async (scene) => {
        const before = (await groupOf(scene)).instances.map(({ InstanceId }) => InstanceId).sort();
        await addSpareHosts(scene);
        await scene.wait(25 * MINUTE);
        const after = (await groupOf(scene)).instances.map(({ InstanceId }) => InstanceId).sort();
        expect(after).toEqual(before);
      },
      scaled({ managedTerminationProtection: 'ENABLED' }, ({ autoScaling }) => {
        for (const group of autoScaling.autoScalingGroups) group.NewInstancesProtectedFromScaleIn = true;
      }),
    );
  });
});

describe('managed draining in the account', () => {
  const terminateOne = async (scene: Scene) => {
    const [first] = (await groupOf(scene)).instances;
    const InstanceId = first?.InstanceId ?? '';
    await scene.autoScaling.send(
      new TerminateInstanceInAutoScalingGroupCommand({ InstanceId, ShouldDecrementDesiredCapacity: false }),
    );
    return InstanceId;
  };
  const stateOf = async (scene: Scene, id: string) =>
    (await groupOf(scene)).instances.find(({ InstanceId }) => InstanceId === id)?.LifecycleState;
  const turnOn = (scene: Scene) =>
    scene.ecs.send(
      new UpdateCapacityProviderCommand({
        name: 'prod-hosts',
        autoScalingGroupProvider: { managedDraining: 'ENABLED' },
      }),
    );
  const ownHook = { AutoScalingGroupName: GROUP, LifecycleHookName: 'own' };

  it('drains a host that is terminated, beside a hook of somebody else', async () => {
    await inExampleAccount(async (scene) => {
      await turnOn(scene);
      await scene.autoScaling.send(
        new PutLifecycleHookCommand({
          ...ownHook,
          LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
          HeartbeatTimeout: 7200,
          DefaultResult: 'CONTINUE',
        }),
      );
      const id = await terminateOne(scene);
      await scene.wait(50 * MINUTE);
      expect(scene.account.truth.tasksOn(id)).toEqual([]);
      expect(await stateOf(scene, id)).toBe('Terminating:Wait');
      await scene.autoScaling.send(
        new CompleteLifecycleActionCommand({ ...ownHook, InstanceId: id, LifecycleActionResult: 'CONTINUE' }),
      );
      await scene.wait(5 * MINUTE);
      expect(await stateOf(scene, id)).toBeUndefined();
    }, scaled());
  });

  // Source: Amazon EC2 Auto Scaling user guide, lifecycle-hooks: ABANDON skips the remaining ones.
  it('is cut short by an ABANDON of somebody else', async () => {
    await inExampleAccount(async (scene) => {
      await turnOn(scene);
      await scene.autoScaling.send(
        new PutLifecycleHookCommand({
          ...ownHook,
          LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
        }),
      );
      const id = await terminateOne(scene);
      await scene.wait(20);
      expect(await stateOf(scene, id)).toBe('Terminating:Wait');
      expect(scene.account.truth.tasksOn(id).length).toBeGreaterThan(0);
      await scene.autoScaling.send(
        new CompleteLifecycleActionCommand({ ...ownHook, InstanceId: id, LifecycleActionResult: 'ABANDON' }),
      );
      await scene.wait(3 * MINUTE);
      expect(scene.account.truth.host(id)?.state).not.toBe('running');
    }, scaled());
  });
});
