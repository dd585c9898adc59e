/**
 * Mistakes that were seen in tools that people use, each named after the kind of tool and what it does. Each is otherwise
 * as careful as its mistake allows.
 */
import {
  CompleteLifecycleActionCommand,
  EnterStandbyCommand,
  SetDesiredCapacityCommand,
  SuspendProcessesCommand,
} from '@aws-sdk/client-auto-scaling';
import { TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import { StopTaskCommand } from '@aws-sdk/client-ecs';
import type { Hands } from '../support/rolled-account.ts';
import { bringCapacity, endOne, giveBack, retire } from './careful.ts';
import {
  arnOf,
  CLUSTER,
  containerInstances,
  drain,
  GROUP,
  group,
  record,
  resize,
  tasksOn,
  tell,
  terminate,
  untilEmpty,
  untilReady,
} from './moves.ts';

/** Doubling roller: waits for exactly the count that it asked for, gives up after five minutes, leaves all as it is. */
export async function waitsForAnExactCount(hands: Hands): Promise<void> {
  await record(hands);
  const { DesiredCapacity = 0, MaxSize = 0 } = await group(hands);
  const wanted = 2 * DesiredCapacity;
  await resize(hands, { DesiredCapacity: wanted, MaxSize: Math.max(MaxSize, wanted + 2) });
  for (let look = 0; look < 30; look++) {
    const { Instances = [] } = await group(hands);
    if (Instances.filter((one) => one.LifecycleState === 'InService').length === wanted) break;
    await hands.wait(10);
  }
  throw new Error(`can't prepare ${wanted} in-service instances`);
}

/** Somebody else scales out in the meantime, so the count is never exactly that. */
export async function scaleOutByOne(hands: Hands): Promise<void> {
  for (;;) {
    const { DesiredCapacity = 0 } = await group(hands);
    if (DesiredCapacity >= 8) {
      await hands.autoScaling.send(
        new SetDesiredCapacityCommand({ AutoScalingGroupName: GROUP, DesiredCapacity: DesiredCapacity + 1 }),
      );
      return;
    }
    await hands.wait(5);
  }
}

/** Roller that fails open: when a drain takes longer than its patience, it says so and goes on. */
export async function goesOnAfterItsPatience(hands: Hands): Promise<void> {
  const before = await bringCapacity(hands);
  for (const instanceId of hands.outdated) {
    await drain(hands, [instanceId]);
    await hands.wait(30);
    await endOne(hands, instanceId);
  }
  await giveBack(hands, before);
}

/** Hook drainer that is tried again: the host drains already, so it must be done. */
export async function takesDrainingForDone(hands: Hands): Promise<void> {
  const before = await bringCapacity(hands);
  const [first = ''] = hands.outdated;
  for (let attempt = 0; attempt < 2; attempt++) {
    const host = (await containerInstances(hands)).find((one) => one.ec2InstanceId === first);
    if (host?.status === 'DRAINING') {
      await endOne(hands, first);
      break;
    }
    await drain(hands, [first]);
  }
  await giveBack(hands, before);
}

/** Generic group roller: InService is ready, so it drains before the new hosts have joined the cluster. */
export async function believesInService(hands: Hands): Promise<void> {
  const { MinSize = 0, MaxSize = 0, DesiredCapacity = 0 } = await group(hands);
  await record(hands);
  const most = 2 * DesiredCapacity;
  await resize(hands, { MaxSize: Math.max(MaxSize, most), MinSize: most, DesiredCapacity: most });
  for (;;) {
    const { Instances = [] } = await group(hands);
    if (Instances.filter((one) => one.LifecycleState === 'InService').length >= most) break;
    await hands.wait(2);
  }
  for (const instanceId of hands.outdated) await retire(hands, instanceId);
  await giveBack(hands, { MinSize, MaxSize });
}

/** Group roller that drains one host and lets the group pick which one goes: it drains A and kills B. */
export async function drainsOneEndsAnother(hands: Hands): Promise<void> {
  await bringCapacity(hands);
  const [first = ''] = hands.outdated;
  await drain(hands, [first]);
  await untilEmpty(hands, first);
  const { DesiredCapacity = 0 } = await group(hands);
  await resize(hands, { MinSize: 2, DesiredCapacity: DesiredCapacity - 2 });
}

/** Deployer that is run again after a time-out and begins from the start: one more fleet beside the others. */
export async function rerunsFromTheStart(hands: Hands): Promise<void> {
  await bringCapacity(hands);
  const { DesiredCapacity = 0 } = await group(hands);
  const most = DesiredCapacity + hands.outdated.length;
  await resize(hands, { MaxSize: most, MinSize: most, DesiredCapacity: most });
  await untilReady(hands, 2 * hands.outdated.length);
  for (const instanceId of hands.outdated) await retire(hands, instanceId);
}

/** Rolling updater that puts hosts into Standby to have them replaced, and dies with the first one there. */
export async function diesWithAHostInStandby(hands: Hands): Promise<void> {
  await record(hands);
  await hands.autoScaling.send(
    new EnterStandbyCommand({
      AutoScalingGroupName: GROUP,
      InstanceIds: hands.outdated.slice(0, 1),
      ShouldDecrementDesiredCapacity: false,
    }),
  );
}

/** Recycler that suspends what would get in its way, without a `finally`. */
export async function diesWithProcessesSuspended(hands: Hands): Promise<void> {
  await record(hands);
  await hands.autoScaling.send(
    new SuspendProcessesCommand({
      AutoScalingGroupName: GROUP,
      ScalingProcesses: ['ReplaceUnhealthy', 'AlarmNotification', 'ScheduledActions', 'AZRebalance'],
    }),
  );
  throw new Error('the network was gone');
}

/** Function that turns every exception into an answer: the machine is green, half of the hosts are old. */
export async function callsAFailureASuccess(hands: Hands): Promise<void> {
  const before = await bringCapacity(hands);
  for (const instanceId of hands.outdated.slice(0, 2)) await retire(hands, instanceId);
  await giveBack(hands, before);
  await tell(hands, { outcome: 'SUCCEEDED' });
}

/** Drain script that helps along: what does not go by itself is stopped. */
export async function stopsTasksToSpeedUp(hands: Hands): Promise<void> {
  const before = await bringCapacity(hands);
  const [first = ''] = hands.outdated;
  const arn = await arnOf(hands, first);
  await drain(hands, [first]);
  for (const task of await tasksOn(hands, arn, 'RUNNING'))
    await hands.ecs.send(new StopTaskCommand({ cluster: CLUSTER, task: task.taskArn }));
  await untilEmpty(hands, first);
  await endOne(hands, first);
  await giveBack(hands, before);
}

/** Hook tool that ends the wait of a hook that is not its own. */
export async function endsAnothersHook(hands: Hands): Promise<void> {
  await bringCapacity(hands);
  const [first = ''] = hands.outdated;
  await resize(hands, { MinSize: 2 });
  await terminate(hands, first, true);
  await hands.wait(15);
  await hands.autoScaling
    .send(
      new CompleteLifecycleActionCommand({
        AutoScalingGroupName: GROUP,
        InstanceId: first,
        LifecycleHookName: 'ecs-managed-draining-termination-hook',
        LifecycleActionResult: 'CONTINUE',
      }),
    )
    .catch(() => {});
}

/** Script that sleeps instead of looking. */
export async function sleepsInsteadOfLooking(hands: Hands): Promise<void> {
  const { DesiredCapacity = 0, MaxSize = 0, MinSize = 0 } = await group(hands);
  await record(hands);
  const most = 2 * DesiredCapacity;
  await resize(hands, { MaxSize: Math.max(MaxSize, most), DesiredCapacity: most });
  await hands.wait(45);
  for (const instanceId of hands.outdated) {
    await drain(hands, [instanceId]);
    await hands.wait(45);
    await hands.ec2.send(new TerminateInstancesCommand({ InstanceIds: [instanceId] }));
  }
  await giveBack(hands, { MinSize, MaxSize });
}
