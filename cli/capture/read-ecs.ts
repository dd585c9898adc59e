/** What Amazon ECS tells of a cluster. */
import type { ContainerInstance, Service, Task } from '@aws-sdk/client-ecs';
import { present, unique } from '../../functions/aws/batches.ts';
import {
  describeCapacityProviders,
  describeCluster,
  listAccountSettings,
} from '../../functions/aws/clusters.ts';
import {
  describeContainerInstances,
  listContainerInstanceArns,
} from '../../functions/aws/container-instances.ts';
import { ClusterMissing } from '../../functions/aws/facts/read-facts.ts';
import { serviceNameOf } from '../../functions/aws/facts/tasks.ts';
import { describeServiceRevisions } from '../../functions/aws/service-revisions.ts';
import { describeServices, listServices } from '../../functions/aws/services.ts';
import { describeTaskDefinitions } from '../../functions/aws/task-definitions.ts';
import { describeTasks, listTaskArns, readTaskProtection } from '../../functions/aws/tasks.ts';
import type { Capture } from '../../simulator/capture/capture.ts';
import type { Reading } from './read.ts';

/** @throws ClusterMissing */
export async function readEcs({ clients, progress }: Reading, name: string): Promise<Capture['ecs']> {
  const { ecs } = clients;
  progress.begin('cluster');
  const cluster = await describeCluster(ecs, name, ['TAGS', 'SETTINGS']);
  if (cluster === undefined) throw new ClusterMissing(name);
  const id = cluster.clusterArn ?? name;
  const capacityProviders = await describeCapacityProviders(ecs, cluster.capacityProviders ?? []);
  const accountSettings = await listAccountSettings(ecs);

  progress.begin('services');
  const services = await listServices(ecs, id, ['TAGS']);
  progress.begin('container instances');
  const hosts = await describeHosts(await listContainerInstanceArns(ecs, id));
  progress.begin('tasks');
  const lists = await Promise.all(
    (['RUNNING', 'STOPPED'] as const).map((desiredStatus) => listTaskArns(ecs, id, { desiredStatus })),
  );
  const tasks = await describeTasks(ecs, id, unique(lists.flat()), ['TAGS']);
  // Tasks are read last: what came into being meanwhile is read once more for them.
  hosts.push(...(await describeHosts(hostsBeside(tasks, hosts))));
  const late = servicesBeside(tasks, services);
  if (late.length > 0) services.push(...(await describeServices(ecs, id, late, ['TAGS'])));

  progress.begin('task protection');
  const protection = await readTaskProtection(
    ecs,
    id,
    tasks.filter(isOfService).map(({ taskArn = '' }) => taskArn),
  );
  progress.begin('task definitions');
  const taskDefinitions = await describeTaskDefinitions(ecs, definitionsOf(services, tasks));
  const serviceRevisions = await describeServiceRevisions(
    ecs,
    present(services.flatMap((service) => (service.currentServiceRevisions ?? []).map(({ arn }) => arn))),
  );
  return {
    clusters: [cluster],
    capacityProviders,
    services,
    serviceRevisions,
    taskDefinitions: taskDefinitions.map(withoutEnvironment),
    containerInstances: hosts,
    tasks,
    protectedTasks: [...protection].map(([taskArn, untilMs]) => ({
      taskArn,
      protectionEnabled: true,
      expirationDate: new Date(untilMs),
    })),
    accountSettings,
  };

  function describeHosts(arns: readonly string[]): Promise<ContainerInstance[]> {
    return describeContainerInstances(ecs, id, arns, ['TAGS', 'CONTAINER_INSTANCE_HEALTH']);
  }
}

/** Hosts of tasks that were not listed a moment ago. */
function hostsBeside(tasks: readonly Task[], hosts: readonly ContainerInstance[]): string[] {
  const known = new Set(hosts.map(({ containerInstanceArn }) => containerInstanceArn));
  return unique(
    present(
      tasks
        .filter(({ lastStatus }) => lastStatus !== 'STOPPED')
        .map(({ containerInstanceArn }) => containerInstanceArn),
    ),
  ).filter((arn) => !known.has(arn));
}

function servicesBeside(tasks: readonly Task[], services: readonly Service[]): string[] {
  const known = new Set(services.map(({ serviceName }) => serviceName));
  return unique(present(tasks.map(serviceNameOf))).filter((name) => !known.has(name));
}

const isOfService = (task: Task) => serviceNameOf(task) !== undefined && task.lastStatus === 'RUNNING';

/** Of services, of their deployments and task sets, and of what runs; those of stopped tasks may be deleted. */
function definitionsOf(services: readonly Service[], tasks: readonly Task[]): string[] {
  return unique(
    present([
      ...services.flatMap((service) => [
        service.taskDefinition,
        ...(service.deployments ?? []).map((deployment) => deployment.taskDefinition),
        ...(service.taskSets ?? []).map((set) => set.taskDefinition),
      ]),
      ...tasks
        .filter(({ lastStatus }) => lastStatus !== 'STOPPED')
        .map(({ taskDefinitionArn }) => taskDefinitionArn),
    ]),
  );
}

type Definition = Capture['ecs']['taskDefinitions'][number];

/** Environment variables may hold secrets, and no rehearsal reads them: they never leave the account. */
function withoutEnvironment(definition: Definition): Definition {
  return {
    ...definition,
    containerDefinitions: (definition.containerDefinitions ?? []).map(
      ({ environment: _environment, ...container }) => container,
    ),
  };
}
