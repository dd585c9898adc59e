/** What several policies look at, page by page: one AWS question each. */
import {
  type AutoScalingGroup,
  DescribeAutoScalingGroupsCommand,
  DescribeInstanceRefreshesCommand,
  type RefreshPreferences,
  StartInstanceRefreshCommand,
} from '@aws-sdk/client-auto-scaling';
import { DescribeTasksCommand, paginateListTasks, type Task } from '@aws-sdk/client-ecs';
import type { Hands } from './hands.ts';

/** Most ARNs that DescribeTasks takes. Source: Amazon ECS API reference, DescribeTasks. */
const TASKS_A_CALL = 100;
const REFRESH_POLL_SECONDS = 30;
const ENDED = new Set(['Successful', 'Failed', 'Cancelled', 'RollbackFailed', 'RollbackSuccessful']);

/** @throws Error when the group is gone */
export async function describeGroup({ autoScaling }: Hands, name: string): Promise<AutoScalingGroup> {
  const answer = await autoScaling.send(
    new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [name] }),
  );
  const found = answer.AutoScalingGroups?.[0];
  if (!found) throw new Error(`${name} is gone`);
  return found;
}

/** Tasks of a host that should run. */
export async function runningTasksOn(
  { ecs, cluster }: Hands,
  containerInstance: string,
): Promise<readonly Task[]> {
  const arns: string[] = [];
  for await (const page of paginateListTasks({ client: ecs }, { cluster, containerInstance }))
    arns.push(...(page.taskArns ?? []));
  return describeTasks({ ecs, cluster }, arns);
}

export async function describeTasks(
  { ecs, cluster }: Pick<Hands, 'ecs' | 'cluster'>,
  arns: readonly string[],
): Promise<readonly Task[]> {
  const tasks: Task[] = [];
  for (const some of chunks(arns, TASKS_A_CALL)) {
    const answer = await ecs.send(new DescribeTasksCommand({ cluster, tasks: some }));
    tasks.push(...(answer.tasks ?? []));
  }
  return tasks;
}

/**
 * Starts an instance refresh of each group and waits for their ends, and for the old hosts to be gone from the groups, as
 * an operator does who watches the console: a refresh may be successful while hosts still wait at their hooks.
 *
 * @throws Error when a refresh ends otherwise than by having replaced all
 */
export async function refreshAll(hands: Hands, preferences: RefreshPreferences): Promise<void> {
  for (const name of hands.groups) {
    await hands.autoScaling.send(
      new StartInstanceRefreshCommand({ AutoScalingGroupName: name, Preferences: preferences }),
    );
  }
  for (const name of hands.groups) {
    for (;;) {
      const { InstanceRefreshes: [newest] = [] } = await hands.autoScaling.send(
        new DescribeInstanceRefreshesCommand({ AutoScalingGroupName: name, MaxRecords: 1 }),
      );
      const status = newest?.Status ?? '';
      if (status === 'Successful') break;
      if (ENDED.has(status))
        throw new Error(`the refresh of ${name} ended ${status}: ${newest?.StatusReason}`);
      await hands.wait(REFRESH_POLL_SECONDS);
    }
    await untilGone(hands, name);
  }
}

async function untilGone(hands: Hands, name: string): Promise<void> {
  for (;;) {
    const { Instances = [] } = await describeGroup(hands, name);
    if (!Instances.some((one) => hands.outdated.includes(one.InstanceId ?? ''))) return;
    await hands.wait(REFRESH_POLL_SECONDS);
  }
}

export function chunks<T>(items: readonly T[], size: number): T[][] {
  const made: T[][] = [];
  for (let at = 0; at < items.length; at += size) made.push(items.slice(at, at + size));
  return made;
}
