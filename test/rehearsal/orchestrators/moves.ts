/** What every orchestrator does with its hands, rightly: one AWS call or one wait each. The wrong ones leave some out. */
import {
  DescribeAutoScalingGroupsCommand,
  ResumeProcessesCommand,
  SuspendProcessesCommand,
  TerminateInstanceInAutoScalingGroupCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import {
  type ContainerInstance,
  DescribeContainerInstancesCommand,
  DescribeServicesCommand,
  DescribeTasksCommand,
  paginateListContainerInstances,
  paginateListServices,
  paginateListTasks,
  type Task,
  UpdateContainerInstancesStateCommand,
} from '@aws-sdk/client-ecs';
import { PublishCommand } from '@aws-sdk/client-sns';
import type { Hands } from '../support/rolled-account.ts';

export const CLUSTER = 'prod';
export const GROUP = 'web';
const TOPIC = 'arn:aws:sns:eu-west-1:111122223333:operators';

/** Writes down what the group was, before it is touched. */
export async function record({ dynamodb }: Hands, of = GROUP): Promise<void> {
  const item = { pk: { S: `cluster#${CLUSTER}` }, sk: { S: `group#${of}` } };
  await dynamodb.send(new PutItemCommand({ TableName: 'ledger', Item: item }));
}

export async function tell({ sns }: Hands, message: object): Promise<void> {
  await sns.send(new PublishCommand({ TopicArn: TOPIC, Message: JSON.stringify(message) }));
}

export async function group({ autoScaling }: Hands) {
  const answer = await autoScaling.send(
    new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [GROUP] }),
  );
  const found = answer.AutoScalingGroups?.[0];
  if (!found) throw new Error(`${GROUP} is gone`);
  return found;
}

export interface Sizes {
  readonly MinSize?: number;
  readonly MaxSize?: number;
  readonly DesiredCapacity?: number;
}

export async function resize({ autoScaling }: Hands, sizes: Sizes): Promise<void> {
  await autoScaling.send(new UpdateAutoScalingGroupCommand({ AutoScalingGroupName: GROUP, ...sizes }));
}

export async function suspend({ autoScaling }: Hands): Promise<void> {
  await autoScaling.send(
    new SuspendProcessesCommand({ AutoScalingGroupName: GROUP, ScalingProcesses: ['AZRebalance'] }),
  );
}

export async function resume({ autoScaling }: Hands): Promise<void> {
  await autoScaling.send(
    new ResumeProcessesCommand({ AutoScalingGroupName: GROUP, ScalingProcesses: ['AZRebalance'] }),
  );
}

export async function containerInstances({ ecs }: Hands): Promise<ContainerInstance[]> {
  const arns: string[] = [];
  for await (const page of paginateListContainerInstances({ client: ecs }, { cluster: CLUSTER }))
    arns.push(...(page.containerInstanceArns ?? []));
  const found: ContainerInstance[] = [];
  for (let at = 0; at < arns.length; at += 100) {
    const containerInstances = arns.slice(at, at + 100);
    const answer = await ecs.send(
      new DescribeContainerInstancesCommand({ cluster: CLUSTER, containerInstances }),
    );
    found.push(...(answer.containerInstances ?? []));
  }
  return found;
}

export async function arnOf(hands: Hands, instanceId: string): Promise<string> {
  const found = (await containerInstances(hands)).find((host) => host.ec2InstanceId === instanceId);
  if (!found?.containerInstanceArn) throw new Error(`${instanceId} is not in ${CLUSTER}`);
  return found.containerInstanceArn;
}

export async function drain(hands: Hands, instanceIds: readonly string[]): Promise<void> {
  for (const instanceId of instanceIds) {
    const containerInstances = [await arnOf(hands, instanceId)];
    await hands.ecs.send(
      new UpdateContainerInstancesStateCommand({ cluster: CLUSTER, containerInstances, status: 'DRAINING' }),
    );
  }
}

/** Until this many hosts that are not outdated have joined and are connected. */
export async function untilReady(hands: Hands, count: number): Promise<void> {
  await until(hands, async () => {
    const hosts = await containerInstances(hands);
    const ready = hosts.filter((host) => host.status === 'ACTIVE' && host.agentConnected);
    return ready.filter((host) => !hands.outdated.includes(host.ec2InstanceId ?? '')).length >= count;
  });
}

/** Until no task of a service or of a person is left on it, not even one that still stops. */
export async function untilEmpty(hands: Hands, instanceId: string): Promise<void> {
  const containerInstance = await arnOf(hands, instanceId);
  await until(hands, async () => {
    const tasks = [
      ...(await tasksOn(hands, containerInstance, 'RUNNING')),
      ...(await tasksOn(hands, containerInstance, 'STOPPED')),
    ];
    return tasks.every((task) => task.lastStatus === 'STOPPED' || task.group === 'service:agent');
  });
}

export async function tasksOn(
  { ecs }: Hands,
  containerInstance: string,
  desiredStatus: 'RUNNING' | 'STOPPED',
): Promise<Task[]> {
  const arns: string[] = [];
  const filter = { cluster: CLUSTER, containerInstance, desiredStatus };
  for await (const page of paginateListTasks({ client: ecs }, filter)) arns.push(...(page.taskArns ?? []));
  if (arns.length === 0) return [];
  const answer = await ecs.send(new DescribeTasksCommand({ cluster: CLUSTER, tasks: arns }));
  return answer.tasks ?? [];
}

/** Until every service has run all of its tasks for longer than ECS and load balancers take to call them healthy. */
export async function untilSteady(hands: Hands): Promise<void> {
  const arns: string[] = [];
  for await (const page of paginateListServices({ client: hands.ecs }, { cluster: CLUSTER }))
    arns.push(...(page.serviceArns ?? []));
  await until(hands, async () => {
    for (let at = 0; at < arns.length; at += 10) {
      const { services = [] } = await hands.ecs.send(
        new DescribeServicesCommand({ cluster: CLUSTER, services: arns.slice(at, at + 10) }),
      );
      if (services.some((service) => (service.runningCount ?? 0) < (service.desiredCount ?? 0))) return false;
    }
    return true;
  });
  await hands.wait(90);
}

export async function terminate(
  { autoScaling }: Hands,
  InstanceId: string,
  ShouldDecrementDesiredCapacity: boolean,
): Promise<void> {
  await autoScaling.send(
    new TerminateInstanceInAutoScalingGroupCommand({ InstanceId, ShouldDecrementDesiredCapacity }),
  );
}

export async function until({ wait }: Hands, isSo: () => Promise<boolean>): Promise<void> {
  for (let at = 0; at < 2000; at++) {
    if (await isSo()) return;
    await wait(15);
  }
  throw new Error('waited for ever');
}
