/**
 * As many new hosts as there are old ones (so many that each zone gets its share), then all old ones drained, up to a
 * hundred at a time, detached and ended. Tasks of no service are stopped at once; what is waited for are the tasks listed
 * before the drain, then the services' counts. MaxSize is put back at the end, originals are kept in tags.
 *
 * Source: abicky/ecsmec, `internal/capacity/autoscalinggroup.go` (ReplaceInstances, launchNewInstances, terminateInstances,
 * fetchSortedInstanceIDs, restoreState) and `internal/capacity/drainer.go` (Drain, drainContainerInstances). The ENTER key
 * that it asks for before each batch is pressed at once.
 */
import {
  CreateOrUpdateTagsCommand,
  DeleteTagsCommand,
  DetachInstancesCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import { DescribeInstancesCommand, type Instance, TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import {
  type ContainerInstance,
  DescribeContainerInstancesCommand,
  DescribeServicesCommand,
  ListContainerInstancesCommand,
  StopTaskCommand,
  UpdateContainerInstancesStateCommand,
} from '@aws-sdk/client-ecs';
import type { Hands } from './hands.ts';
import { chunks, describeGroup, describeTasks, runningTasksOn } from './looks.ts';
import type { Policy } from './policy.ts';

const POLL_SECONDS = 10;
/** For new hosts to be in service, and again to join. */
const LAUNCH_SECONDS = 300;
/** For each hundred tasks to stop, for each ten services to be stable, for hosts to be gone. */
const WAIT_SECONDS = 600;
const DRAINED_A_CALL = 10;
const DETACHED_A_CALL = 20;
const SERVICES_A_CALL = 10;
const HOSTS_A_BATCH = 100;
const TASKS_A_WAIT = 100;
const TAG = 'ecsmec:OriginalDesiredCapacity';

export const doubleThenDrain: Policy = {
  name: 'double, then drain all',
  source: 'abicky/ecsmec: internal/capacity/autoscalinggroup.go, drainer.go',
  async act(hands) {
    for (const name of hands.groups) await replace(hands, name);
  },
};

async function replace(hands: Hands, name: string): Promise<void> {
  const { autoScaling } = hands;
  const before = await describeGroup(hands, name);
  const desired = before.DesiredCapacity ?? 0;
  const old = before.Instances?.length ?? 0;
  const zones = before.AvailabilityZones?.length ?? 1;
  const remainder = zones > 2 ? desired % zones : 0;
  const surge = old + (remainder > 0 ? zones - remainder : 0);
  const startedMs = Date.now();
  await autoScaling.send(
    new CreateOrUpdateTagsCommand({ Tags: [{ ...tagOf(name), Value: String(desired) }] }),
  );
  await autoScaling.send(
    new UpdateAutoScalingGroupCommand({
      AutoScalingGroupName: name,
      DesiredCapacity: desired + surge,
      MaxSize: Math.max(before.MaxSize ?? 0, desired + surge),
    }),
  );
  await within(hands, LAUNCH_SECONDS, `${desired + surge} hosts of ${name} in service`, async () => {
    const { Instances = [] } = await describeGroup(hands, name);
    return Instances.filter((one) => one.LifecycleState === 'InService').length === desired + surge;
  });
  await within(hands, LAUNCH_SECONDS, `${surge} new hosts in ${hands.cluster}`, async () => {
    const hosts = await containerInstances(hands);
    return hosts.filter((host) => (host.registeredAt?.getTime() ?? 0) >= startedMs).length === surge;
  });

  const ending = await oldestByZone(hands, name, surge);
  for (const some of chunks(ending, HOSTS_A_BATCH)) await drain(hands, some);
  for (const InstanceIds of chunks(ending, DETACHED_A_CALL)) {
    await autoScaling.send(
      new DetachInstancesCommand({
        AutoScalingGroupName: name,
        InstanceIds,
        ShouldDecrementDesiredCapacity: true,
      }),
    );
  }
  await hands.ec2.send(new TerminateInstancesCommand({ InstanceIds: ending }));
  await within(hands, WAIT_SECONDS, 'the old hosts terminated', async () =>
    (await instances(hands, ending)).every((one) => one.State?.Name === 'terminated'),
  );
  await autoScaling.send(
    new UpdateAutoScalingGroupCommand({
      AutoScalingGroupName: name,
      ...(before.MaxSize !== undefined && { MaxSize: before.MaxSize }),
    }),
  );
  await autoScaling.send(new DeleteTagsCommand({ Tags: [tagOf(name)] }));
}

async function drain(hands: Hands, instanceIds: readonly string[]): Promise<void> {
  const { ecs, cluster } = hands;
  const hosts = (await containerInstances(hands)).filter((host) =>
    instanceIds.includes(host.ec2InstanceId ?? ''),
  );
  const taskArns: string[] = [];
  const services = new Set<string>();
  for (const host of hosts) {
    for (const task of await runningTasksOn(hands, host.containerInstanceArn ?? '')) {
      taskArns.push(task.taskArn ?? '');
      if (task.group?.startsWith('service:')) services.add(task.group.slice('service:'.length));
      else await ecs.send(new StopTaskCommand({ cluster, task: task.taskArn }));
    }
  }
  for (const some of chunks(hosts, DRAINED_A_CALL)) {
    await ecs.send(
      new UpdateContainerInstancesStateCommand({
        cluster,
        containerInstances: some.flatMap((host) => host.containerInstanceArn ?? []),
        status: 'DRAINING',
      }),
    );
  }
  for (const some of chunks(taskArns, TASKS_A_WAIT)) {
    await within(hands, WAIT_SECONDS, 'tasks stopped', async () =>
      (await describeTasks(hands, some)).every((task) => task.lastStatus === 'STOPPED'),
    );
  }
  for (const some of chunks([...services], SERVICES_A_CALL)) {
    await within(hands, WAIT_SECONDS, 'services stable', async () => {
      const answer = await ecs.send(new DescribeServicesCommand({ cluster, services: some }));
      return (answer.services ?? []).every(
        (service) => service.deployments?.length === 1 && service.runningCount === service.desiredCount,
      );
    });
  }
}

/** Oldest first, a zone at a time in turn, the fullest zone first. */
async function oldestByZone(hands: Hands, name: string, count: number): Promise<string[]> {
  const { Instances: members = [] } = await describeGroup(hands, name);
  const found = await instances(
    hands,
    members.flatMap((one) => one.InstanceId ?? []),
  );
  found.sort((a, b) => (a.LaunchTime?.getTime() ?? 0) - (b.LaunchTime?.getTime() ?? 0));
  const zones = [...Map.groupBy(found, (one) => one.Placement?.AvailabilityZone ?? '').values()];
  zones.sort((a, b) => b.length - a.length);
  const ids: string[] = [];
  for (let row = 0; ids.length < Math.min(count, found.length); row++)
    ids.push(...zones.flatMap((zone) => zone[row]?.InstanceId ?? []));
  return ids.slice(0, count);
}

async function instances({ ec2 }: Hands, InstanceIds: readonly string[]): Promise<Instance[]> {
  const answer = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [...InstanceIds] }));
  return (answer.Reservations ?? []).flatMap((reservation) => reservation.Instances ?? []);
}

async function containerInstances({ ecs, cluster }: Hands): Promise<ContainerInstance[]> {
  const hosts: ContainerInstance[] = [];
  let nextToken: string | undefined;
  do {
    const page = await ecs.send(
      new ListContainerInstancesCommand({ cluster, ...(nextToken !== undefined && { nextToken }) }),
    );
    nextToken = page.nextToken;
    const described = await ecs.send(
      new DescribeContainerInstancesCommand({
        cluster,
        containerInstances: page.containerInstanceArns ?? [],
      }),
    );
    hosts.push(...(described.containerInstances ?? []));
  } while (nextToken !== undefined);
  return hosts;
}

/** @throws Error when it takes longer */
async function within(
  { account, wait }: Hands,
  seconds: number,
  what: string,
  isSo: () => Promise<boolean>,
): Promise<void> {
  const endsMs = account.clock.nowMs + seconds * 1000;
  while (!(await isSo())) {
    if (account.clock.nowMs >= endsMs) throw new Error(`waited ${seconds} s for ${what}`);
    await wait(POLL_SECONDS);
  }
}

function tagOf(name: string) {
  return { Key: TAG, ResourceId: name, ResourceType: 'auto-scaling-group', PropagateAtLaunch: false };
}
