/**
 * One host after the other, in place: DRAINING, until the tasks that a first list named are STOPPED (100 looks, 15 seconds
 * apart; too long means ACTIVE again and the next host), the system updated and rebooted, ACTIVE again, the next host. A
 * host with a task that no service started is left out. No capacity is added, so the cluster is a host short throughout.
 *
 * Source: bottlerocket-os/bottlerocket-ecs-updater, `updater/main.go` (_main), `updater/aws.go` (eligible, drainInstance,
 * waitUntilDrained, updateInstance) and its README. SSM commands and the reboot are not in the embedded account: they are
 * the time that they take here, and ECS sees nothing of the reboot, which is kinder than it is.
 */
import {
  type ContainerInstance,
  DescribeContainerInstancesCommand,
  ListContainerInstancesCommand,
  ListTasksCommand,
  UpdateContainerInstancesStateCommand,
} from '@aws-sdk/client-ecs';
import type { Hands } from './hands.ts';
import { describeTasks, runningTasksOn } from './looks.ts';
import type { Policy } from './policy.ts';

const PAGE = 50;
const DRAIN_POLL_SECONDS = 15;
const DRAIN_POLLS = 100;
/** `update check`, `update apply` and their waiter's polls; nobody publishes a figure, so two polls each. */
const UPDATE_SECONDS = 60;
/** The updater's own pause, then EC2's status checks, which it waits for: boot and a check each minute. */
const REBOOT_SECONDS = 15 + 120;

export const oneAtATime: Policy = {
  name: 'one at a time, in place',
  source: 'bottlerocket-os/bottlerocket-ecs-updater: updater/main.go, updater/aws.go',
  async act(hands, patched) {
    for (const arn of await listActive(hands)) {
      if (!(await isEligible(hands, arn))) continue;
      await setStatus(hands, arn, 'DRAINING');
      if (await isDrained(hands, arn)) {
        await hands.wait(UPDATE_SECONDS + REBOOT_SECONDS);
        patched(arn);
      }
      await setStatus(hands, arn, 'ACTIVE');
    }
  },
};

async function listActive({ ecs, cluster }: Hands): Promise<string[]> {
  const hosts: ContainerInstance[] = [];
  let nextToken: string | undefined;
  do {
    const page = await ecs.send(
      new ListContainerInstancesCommand({
        cluster,
        maxResults: PAGE,
        status: 'ACTIVE',
        ...(nextToken !== undefined && { nextToken }),
      }),
    );
    nextToken = page.nextToken;
    const containerInstances = page.containerInstanceArns ?? [];
    if (containerInstances.length === 0) continue;
    const answer = await ecs.send(new DescribeContainerInstancesCommand({ cluster, containerInstances }));
    hosts.push(...(answer.containerInstances ?? []));
  } while (nextToken !== undefined);
  return hosts.flatMap((host) => host.containerInstanceArn ?? []);
}

async function isEligible(hands: Hands, containerInstance: string): Promise<boolean> {
  const tasks = await runningTasksOn(hands, containerInstance);
  return tasks.every((task) => task.startedBy?.startsWith('ecs-svc/'));
}

/** @returns false when its tasks took too long */
async function isDrained(hands: Hands, containerInstance: string): Promise<boolean> {
  const { taskArns = [] } = await hands.ecs.send(
    new ListTasksCommand({ cluster: hands.cluster, containerInstance }),
  );
  for (let look = 0; look < DRAIN_POLLS; look++) {
    const tasks = await describeTasks(hands, taskArns);
    if (tasks.every((task) => task.lastStatus === 'STOPPED')) return true;
    await hands.wait(DRAIN_POLL_SECONDS);
  }
  return false;
}

async function setStatus(
  { ecs, cluster }: Hands,
  containerInstance: string,
  status: 'ACTIVE' | 'DRAINING',
): Promise<void> {
  const containerInstances = [containerInstance];
  const answer = await ecs.send(
    new UpdateContainerInstancesStateCommand({ cluster, containerInstances, status }),
  );
  if ((answer.failures ?? []).length > 0) throw new Error(`${containerInstance} cannot be ${status}`);
}
