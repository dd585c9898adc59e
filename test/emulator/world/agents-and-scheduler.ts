/**
 * What the emulator has nobody for, done through its API: hosts join (their agent's part), tasks leave hosts that drain and
 * start elsewhere, daemons come to new hosts (the part of ECS's scheduler). A drain is over at once, and nothing is ever
 * refused: how the product behaves under a real scheduler is what rehearsals show, not this.
 */
import {
  type ContainerInstance,
  DeregisterContainerInstanceCommand,
  DescribeContainerInstancesCommand,
  DescribeServicesCommand,
  DescribeTasksCommand,
  ListContainerInstancesCommand,
  ListServicesCommand,
  ListTasksCommand,
  RegisterContainerInstanceCommand,
  type Service,
  StartTaskCommand,
  StopTaskCommand,
  type Task,
} from '@aws-sdk/client-ecs';
import { CLUSTER, type Clients, groupNow } from './cluster.ts';

/** One round of all of them. */
export async function settle(clients: Clients): Promise<void> {
  const hosts = await joined(clients);
  const active = hosts.filter((host) => host.status === 'ACTIVE');
  const draining = new Set(hosts.filter((host) => host.status === 'DRAINING').map(arnOf));
  const tasks = await tasksNow(clients);
  for (const task of tasks.filter((one) => draining.has(one.containerInstanceArn ?? ''))) {
    await clients.ecs.send(
      new StopTaskCommand({ cluster: CLUSTER, task: task.taskArn, reason: 'its host drains' }),
    );
  }
  const left = tasks.filter((one) => !draining.has(one.containerInstanceArn ?? ''));
  for (const service of await servicesNow(clients)) await place(clients, service, active, left);
}

async function place(
  { ecs }: Clients,
  service: Service,
  active: readonly ContainerInstance[],
  running: readonly Task[],
): Promise<void> {
  const mine = running.filter((task) => task.group === `service:${service.serviceName}`);
  const on = (host: ContainerInstance) =>
    mine.filter((task) => task.containerInstanceArn === arnOf(host)).length;
  const byRoom = [...active].sort((a, b) => on(a) - on(b));
  const wanted = Math.max(0, (service.desiredCount ?? 0) - mine.length);
  const targets =
    service.schedulingStrategy === 'DAEMON'
      ? active.filter((host) => on(host) === 0)
      : Array.from({ length: wanted }, (_, n) => byRoom[n % byRoom.length]);
  for (const host of targets.filter((one) => one !== undefined)) {
    await ecs.send(
      new StartTaskCommand({
        cluster: CLUSTER,
        containerInstances: [arnOf(host)],
        taskDefinition: service.taskDefinition ?? '',
        group: `service:${service.serviceName}`,
        startedBy: service.deployments?.[0]?.id,
      }),
    );
  }
}

/** Hosts of the group that have not joined yet join; those that the group no longer has leave. */
async function joined(clients: Clients): Promise<ContainerInstance[]> {
  const { ecs, autoScaling } = clients;
  const { Instances = [] } = await groupNow(autoScaling);
  const before = await hostsNow(clients);
  const known = new Set(before.map((host) => host.ec2InstanceId));
  for (const { InstanceId } of Instances.filter((one) => !known.has(one.InstanceId))) {
    await ecs.send(
      new RegisterContainerInstanceCommand({
        cluster: CLUSTER,
        instanceIdentityDocument: JSON.stringify({ instanceId: InstanceId }),
        instanceIdentityDocumentSignature: 'unsigned',
      }),
    );
  }
  const standing = new Set(Instances.map((one) => one.InstanceId));
  for (const gone of before.filter((host) => !standing.has(host.ec2InstanceId))) {
    await ecs.send(
      new DeregisterContainerInstanceCommand({
        cluster: CLUSTER,
        containerInstance: arnOf(gone),
        force: true,
      }),
    );
  }
  return hostsNow(clients);
}

export async function hostsNow({ ecs }: Clients): Promise<ContainerInstance[]> {
  const { containerInstanceArns = [] } = await ecs.send(
    new ListContainerInstancesCommand({ cluster: CLUSTER }),
  );
  if (containerInstanceArns.length === 0) return [];
  const { containerInstances = [] } = await ecs.send(
    new DescribeContainerInstancesCommand({ cluster: CLUSTER, containerInstances: containerInstanceArns }),
  );
  return containerInstances;
}

/** Those that run. */
export async function tasksNow({ ecs }: Clients): Promise<Task[]> {
  const { taskArns = [] } = await ecs.send(
    new ListTasksCommand({ cluster: CLUSTER, desiredStatus: 'RUNNING' }),
  );
  if (taskArns.length === 0) return [];
  const { tasks = [] } = await ecs.send(new DescribeTasksCommand({ cluster: CLUSTER, tasks: taskArns }));
  return tasks;
}

async function servicesNow({ ecs }: Clients): Promise<Service[]> {
  const { serviceArns = [] } = await ecs.send(new ListServicesCommand({ cluster: CLUSTER }));
  const { services = [] } = await ecs.send(
    new DescribeServicesCommand({ cluster: CLUSTER, services: serviceArns }),
  );
  return services;
}

function arnOf({ containerInstanceArn = '' }: ContainerInstance): string {
  return containerInstanceArn;
}
