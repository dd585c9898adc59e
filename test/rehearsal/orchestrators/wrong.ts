/**
 * Orchestrators that do one thing wrong, most of it seen in tools that people use. Each is otherwise as careful as its
 * mistake allows, so that a judge who misses the mistake has nothing else to hold on to.
 */
import { DetachInstancesCommand, SetDesiredCapacityCommand } from '@aws-sdk/client-auto-scaling';
import { TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import {
  DeregisterContainerInstanceCommand,
  DescribeContainerInstancesCommand,
  ListContainerInstancesCommand,
  ListTasksCommand,
  StopTaskCommand,
  UpdateContainerInstancesStateCommand,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import type { Hands } from '../support/rolled-account.ts';
import { bringCapacity, endOne, giveBack, retire } from './careful.ts';
import {
  arnOf,
  CLUSTER,
  drain,
  GROUP,
  group,
  record,
  resize,
  resume,
  suspend,
  tasksOn,
  tell,
  terminate,
  until,
  untilEmpty,
  untilSteady,
} from './moves.ts';

/** Drains, and lets the scheduler find out that there is no room. */
export async function drainsBeforeCapacity(hands: Hands): Promise<void> {
  const [first = ''] = hands.outdated;
  await record(hands);
  await drain(hands, [first]);
  await bringCapacity(hands);
}

/** `runningTasksCount` counts the desired status: it reads 0 while tasks still stop. */
export async function believesRunningTasksCount(hands: Hands): Promise<void> {
  const before = await bringCapacity(hands);
  for (const instanceId of hands.outdated) {
    const containerInstances = [await arnOf(hands, instanceId)];
    await drain(hands, [instanceId]);
    await until(hands, async () => {
      const answer = await hands.ecs.send(
        new DescribeContainerInstancesCommand({ cluster: CLUSTER, containerInstances }),
      );
      // One is the daemon.
      return (answer.containerInstances?.[0]?.runningTasksCount ?? 0) <= 1;
    });
    await endOne(hands, instanceId);
  }
  await giveBack(hands, before);
}

/** Shrinks the group and leaves it to Auto Scaling to pick who goes. */
export async function lowersDesired(hands: Hands): Promise<void> {
  const before = await bringCapacity(hands);
  await giveBack(hands, before);
  const { DesiredCapacity } = before;
  await hands.autoScaling.send(
    new SetDesiredCapacityCommand({ AutoScalingGroupName: GROUP, DesiredCapacity }),
  );
}

export async function forgetsToResume(hands: Hands): Promise<void> {
  const before = await bringCapacity(hands);
  for (const instanceId of hands.outdated) await retire(hands, instanceId);
  await resize(hands, { MinSize: before.MinSize, MaxSize: before.MaxSize });
}

/** Puts back what it saw at the start, though somebody scaled out meanwhile. */
export async function restoresAStaleSnapshot(hands: Hands): Promise<void> {
  const before = await bringCapacity(hands);
  for (const instanceId of hands.outdated) await retire(hands, instanceId);
  await resize(hands, before);
  await resume(hands);
}

/** Never read the answer of its decrementing terminate, so it sends it once more. */
export async function retriesADecrement(hands: Hands): Promise<void> {
  const before = await bringCapacity(hands);
  for (const instanceId of hands.outdated) {
    await retire(hands, instanceId);
    await resize(hands, { MinSize: 1 });
    await terminate(hands, instanceId, true).catch(() => {});
  }
  await giveBack(hands, before);
}

/** Minimum 50 %: the scheduler may stop half of the service at once, and is asked to, in two zones. */
export async function halvesAService(hands: Hands): Promise<void> {
  const before = await bringCapacity(hands);
  const [first = '', second = ''] = hands.outdated;
  await drain(hands, [first, second]);
  for (const instanceId of [first, second]) await untilEmpty(hands, instanceId);
  await untilSteady(hands);
  await giveBack(hands, before);
}

/** ECS forgets the tasks, and the host is ended under them. */
export async function deregistersByForce(hands: Hands): Promise<void> {
  await bringCapacity(hands);
  const [first = ''] = hands.outdated;
  const containerInstance = await arnOf(hands, first);
  await hands.ecs.send(
    new DeregisterContainerInstanceCommand({ cluster: CLUSTER, containerInstance, force: true }),
  );
}

/** Eleven hosts in a call that takes ten. */
export async function sendsTooMany(hands: Hands): Promise<void> {
  await bringCapacity(hands);
  const arn = await arnOf(hands, hands.outdated[0] ?? '');
  await hands.ecs
    .send(
      new UpdateContainerInstancesStateCommand({
        cluster: CLUSTER,
        containerInstances: Array(11).fill(arn),
        status: 'DRAINING',
      }),
    )
    .catch(() => {});
}

/** Takes the first page of a list for the whole. */
export async function readsOnePage({ ecs }: Hands): Promise<void> {
  await ecs.send(new ListContainerInstancesCommand({ cluster: CLUSTER, maxResults: 2 }));
}

/** Detaches a host to get it replaced, and is gone before it ends it. */
export async function detachesThenDies(hands: Hands): Promise<void> {
  await record(hands);
  const [first = ''] = hands.outdated;
  await hands.autoScaling.send(
    new DetachInstancesCommand({
      AutoScalingGroupName: GROUP,
      InstanceIds: [first],
      ShouldDecrementDesiredCapacity: false,
    }),
  );
}

/** A task that a person started is in the way. */
export async function stopsStandaloneTasks(hands: Hands): Promise<void> {
  await bringCapacity(hands);
  for (const instanceId of hands.outdated) {
    const running = await tasksOn(hands, await arnOf(hands, instanceId), 'RUNNING');
    for (const task of running.filter((one) => one.group?.startsWith('family:'))) {
      await hands.ecs.send(new StopTaskCommand({ cluster: CLUSTER, task: task.taskArn }));
    }
  }
}

/** A drain that takes too long is left as it is. */
export async function leavesDraining(hands: Hands): Promise<void> {
  const before = await bringCapacity(hands);
  const [first = ''] = hands.outdated;
  await drain(hands, [first]);
  await hands.wait(60);
  await giveBack(hands, before);
  await tell(hands, { outcome: 'PARTIAL', held: [{ instanceId: first, reason: 'drain-timeout' }] });
}

/** In-memory originals: nobody could put them back after a crash. */
export async function remembersNothing(hands: Hands): Promise<void> {
  await suspend(hands);
  await resume(hands);
}

/** Wakes a scheduler that backs off by deploying the service anew. */
export async function forcesADeployment({ ecs }: Hands): Promise<void> {
  await ecs.send(new UpdateServiceCommand({ cluster: CLUSTER, service: 'api', forceNewDeployment: true }));
}

/** Everything to DRAINING, since room is there. */
export async function drainsAllAtOnce(hands: Hands): Promise<void> {
  await bringCapacity(hands);
  await drain(hands, hands.outdated);
  for (const instanceId of hands.outdated) await untilEmpty(hands, instanceId);
  await untilSteady(hands);
}

/** One host is left out, and nobody hears of it. */
export async function skipsInSilence(hands: Hands): Promise<void> {
  const before = await bringCapacity(hands);
  for (const instanceId of hands.outdated.slice(1)) await retire(hands, instanceId);
  await resize(hands, { MinSize: before.MinSize });
  await giveBack(hands, before);
}

/** The list of tasks was taken once, before the drain. */
export async function waitsForTheFirstListOnly(hands: Hands): Promise<void> {
  await bringCapacity(hands);
  const [first = ''] = hands.outdated;
  const containerInstance = await arnOf(hands, first);
  const { taskArns = [] } = await hands.ecs.send(
    new ListTasksCommand({ cluster: CLUSTER, containerInstance, serviceName: 'worker' }),
  );
  await drain(hands, [first]);
  await until(hands, async () => {
    const running = await tasksOn(hands, containerInstance, 'RUNNING');
    return running.every((task) => !taskArns.includes(task.taskArn ?? ''));
  });
  await endOne(hands, first);
}

/** EC2's own terminate, on a host that nobody drained. */
export async function killsThroughEc2({ ec2, outdated }: Hands): Promise<void> {
  await ec2.send(new TerminateInstancesCommand({ InstanceIds: outdated.slice(0, 1) }));
}

/** Shrinks the group to half its hosts and back, to see them replaced. */
export async function scalesToReplace(hands: Hands): Promise<void> {
  const { DesiredCapacity = 0 } = await group(hands);
  await record(hands);
  await resize(hands, { DesiredCapacity: DesiredCapacity / 2 });
  await hands.wait(300);
  await resize(hands, { DesiredCapacity });
}
