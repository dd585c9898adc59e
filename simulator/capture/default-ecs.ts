/** Defaults of clusters, services, task definitions, container instances and tasks. */
import type { Instance } from '@aws-sdk/client-ec2';
import type { ContainerInstance, Resource, Service, Task, TaskDefinition } from '@aws-sdk/client-ecs';
import type { Capture } from './capture.ts';
import { clusterNameIn, familyRevision, lastPart } from './names.ts';
import type { Problem } from './problems.ts';

const ONE_DAY_MS = 86_400_000;

/** Reserved by the agent on every host. Source: ECS developer guide, task definition parameters, port mappings. */
const AGENT_PORTS = ['22', '2375', '2376', '51678', '51679'];

/** Hosts by the last part of their ARN, and EC2's instances by id. */
interface Hosts {
  readonly byArn: ReadonlyMap<string, ContainerInstance>;
  readonly instances: ReadonlyMap<string | undefined, Instance>;
}

export function fillEcs(capture: Capture, problems: Problem[]): void {
  const arnOf = (name: string) => `arn:aws:ecs:${capture.region}:${capture.accountId}:cluster/${name}`;
  for (const cluster of capture.ecs.clusters) {
    cluster.clusterName ??= lastPart(cluster.clusterArn ?? '');
    if (!cluster.clusterArn?.startsWith('arn:')) cluster.clusterArn = arnOf(cluster.clusterName);
    cluster.status ??= 'ACTIVE';
    cluster.tags ??= [];
    cluster.capacityProviders ??= [];
    cluster.defaultCapacityProviderStrategy ??= [];
  }
  const [onlyCluster] = capture.ecs.clusters;
  const clusterArnOf = (given: string | undefined, ownArn: string): string => {
    if (given?.startsWith('arn:')) return given;
    const name = given ?? clusterNameIn(ownArn) ?? onlyCluster?.clusterName ?? 'default';
    return arnOf(name);
  };

  for (const definition of capture.ecs.taskDefinitions) fillTaskDefinition(definition);
  const definitions = new Map(
    capture.ecs.taskDefinitions.map((one) => [familyRevision(one.taskDefinitionArn ?? ''), one]),
  );
  const hosts: Hosts = {
    byArn: new Map(
      capture.ecs.containerInstances.map((host) => [lastPart(host.containerInstanceArn ?? ''), host]),
    ),
    instances: new Map(capture.ec2.instances.map((instance) => [instance.InstanceId, instance])),
  };
  for (const task of capture.ecs.tasks) {
    task.clusterArn = clusterArnOf(task.clusterArn, task.taskArn ?? '');
    fillTask(task, definitions, hosts, capture);
  }
  const tasksOn = Map.groupBy(capture.ecs.tasks, (task) => task.containerInstanceArn);
  for (const [at, host] of capture.ecs.containerInstances.entries()) {
    fillHost(host, tasksOn.get(host.containerInstanceArn) ?? [], definitions, hosts, capture);
    if (!host.registeredResources?.length)
      problems.push({
        path: `ecs.containerInstances[${at}].registeredResources`,
        message: 'is missing, and ec2.instanceTypes does not tell the resources of its type',
      });
  }
  for (const provider of capture.ecs.capacityProviders) {
    provider.status ??= 'ACTIVE';
    provider.capacityProviderArn ??= `arn:aws:ecs:${capture.region}:${capture.accountId}:capacity-provider/${provider.name}`;
  }
  const tasksOf = Map.groupBy(capture.ecs.tasks, (task) => `${task.clusterArn} ${task.group}`);
  for (const service of capture.ecs.services) {
    service.clusterArn = clusterArnOf(service.clusterArn, service.serviceArn ?? '');
    const tasks = tasksOf.get(`${service.clusterArn} service:${service.serviceName}`) ?? [];
    fillService(service, tasks, definitions, capture);
  }
  for (const task of capture.ecs.protectedTasks) {
    task.protectionEnabled ??= true;
    // Source: ECS developer guide, task scale-in protection: two hours unless said otherwise.
    task.expirationDate ??= new Date(capture.capturedAt.getTime() + 2 * 3_600_000);
  }
}

function fillTaskDefinition(definition: TaskDefinition): void {
  const [family, revision] = familyRevision(definition.taskDefinitionArn ?? '').split(':');
  definition.family ??= family;
  definition.revision ??= Number(revision ?? 1);
  definition.status ??= 'ACTIVE';
  definition.networkMode ??= 'bridge';
  definition.requiresAttributes ??= [];
  definition.placementConstraints ??= [];
  definition.volumes ??= [];
  for (const container of definition.containerDefinitions ?? []) {
    container.cpu ??= 0;
    container.essential ??= true;
    container.portMappings ??= [];
    for (const mapping of container.portMappings) {
      mapping.protocol ??= 'tcp';
      // In bridge mode an absent host port is dynamic; with a network stack of its own or the host's it is the same.
      mapping.hostPort ??= definition.networkMode === 'bridge' ? 0 : mapping.containerPort;
    }
    if (container.healthCheck) {
      container.healthCheck.interval ??= 30;
      container.healthCheck.timeout ??= 5;
      container.healthCheck.retries ??= 3;
    }
  }
}

function fillTask(
  task: Task,
  definitions: ReadonlyMap<string, TaskDefinition>,
  hosts: Hosts,
  capture: Capture,
): void {
  const definition = definitions.get(familyRevision(task.taskDefinitionArn ?? ''));
  const isOver = task.lastStatus === 'STOPPED' || task.stoppedAt !== undefined;
  task.lastStatus ??= isOver ? 'STOPPED' : 'RUNNING';
  task.desiredStatus ??= isOver ? 'STOPPED' : 'RUNNING';
  task.group ??= `family:${definition?.family ?? familyRevision(task.taskDefinitionArn ?? '').split(':')[0]}`;
  task.launchType ??= isOnFargate(task) ? 'FARGATE' : 'EC2';
  task.version ??= 1;
  const hasStarted = task.lastStatus !== 'PROVISIONING' && task.lastStatus !== 'PENDING';
  task.createdAt ??= new Date(
    (task.startedAt ?? capture.capturedAt).getTime() - (hasStarted ? ONE_DAY_MS : 0),
  );
  if (hasStarted && task.lastStatus !== 'ACTIVATING') task.startedAt ??= new Date(task.createdAt.getTime());
  const host = hosts.byArn.get(lastPart(task.containerInstanceArn ?? ''));
  // The same host under the ARN format of its own description, so that both are equal from here on.
  if (host?.containerInstanceArn) task.containerInstanceArn = host.containerInstanceArn;
  const instance = hosts.instances.get(host?.ec2InstanceId);
  const zone = task.availabilityZone ?? instance?.Placement?.AvailabilityZone;
  if (zone !== undefined) task.availabilityZone = zone;
  if (task.cpu === undefined && definition?.cpu !== undefined) task.cpu = definition.cpu;
  if (task.memory === undefined && definition?.memory !== undefined) task.memory = definition.memory;
}

/** A task for EC2 has no host only before it was placed. */
function isOnFargate(task: Task): boolean {
  if (task.capacityProviderName) return task.capacityProviderName.startsWith('FARGATE');
  return !task.containerInstanceArn && task.lastStatus !== 'PROVISIONING' && task.lastStatus !== 'PENDING';
}

function fillHost(
  host: ContainerInstance,
  tasks: readonly Task[],
  definitions: ReadonlyMap<string, TaskDefinition>,
  hosts: Hosts,
  capture: Capture,
): void {
  const instance = hosts.instances.get(host.ec2InstanceId);
  host.status ??= 'ACTIVE';
  host.agentConnected ??= true;
  host.version ??= 1;
  host.attributes ??= [];
  const known = new Set(host.attributes.map(({ name }) => name));
  for (const [name, value] of [
    ['ecs.ami-id', instance?.ImageId],
    ['ecs.instance-type', instance?.InstanceType],
    ['ecs.availability-zone', instance?.Placement?.AvailabilityZone],
    ['ecs.subnet-id', instance?.SubnetId],
    ['ecs.vpc-id', instance?.VpcId],
    ['ecs.os-type', 'linux'],
  ] as const) {
    if (value !== undefined && !known.has(name)) host.attributes.push({ name, value });
  }
  if (instance?.LaunchTime) host.registeredAt ??= new Date(instance.LaunchTime.getTime() + 60_000);
  host.registeredResources ??= resourcesOf(instance?.InstanceType, capture);
  host.remainingResources ??= remainingOf(host, tasks, definitions);
}

/** What a host of this type registers. The kernel keeps some memory: about 4 % on the types that AWS's samples show. */
function resourcesOf(instanceType: string | undefined, capture: Capture): Resource[] {
  const type = capture.ec2.instanceTypes.find((one) => one.InstanceType === instanceType);
  const vcpus = type?.VCpuInfo?.DefaultVCpus;
  const memoryMiB = type?.MemoryInfo?.SizeInMiB;
  if (vcpus === undefined || memoryMiB === undefined) return [];
  return [
    { name: 'CPU', type: 'INTEGER', integerValue: vcpus * 1024 },
    { name: 'MEMORY', type: 'INTEGER', integerValue: Math.floor(memoryMiB * 0.96) },
    { name: 'PORTS', type: 'STRINGSET', stringSetValue: [...AGENT_PORTS] },
    { name: 'PORTS_UDP', type: 'STRINGSET', stringSetValue: [] },
  ];
}

/** Registered less what the tasks that shall run there reserve. */
function remainingOf(
  host: ContainerInstance,
  tasks: readonly Task[],
  definitions: ReadonlyMap<string, TaskDefinition>,
): Resource[] {
  const reserved = { CPU: 0, MEMORY: 0 };
  for (const task of tasks) {
    if (task.desiredStatus !== 'RUNNING') continue;
    const containers =
      definitions.get(familyRevision(task.taskDefinitionArn ?? ''))?.containerDefinitions ?? [];
    reserved.CPU += Number(task.cpu ?? 0) || containers.reduce((sum, one) => sum + (one.cpu ?? 0), 0);
    reserved.MEMORY +=
      Number(task.memory ?? 0) ||
      containers.reduce((sum, one) => sum + (one.memoryReservation ?? one.memory ?? 0), 0);
  }
  return (host.registeredResources ?? []).map((resource) => {
    if (resource.name !== 'CPU' && resource.name !== 'MEMORY') return { ...resource };
    return { ...resource, integerValue: (resource.integerValue ?? 0) - reserved[resource.name] };
  });
}

function fillService(
  service: Service,
  tasks: readonly Task[],
  definitions: ReadonlyMap<string, TaskDefinition>,
  capture: Capture,
): void {
  const isDaemon = service.schedulingStrategy === 'DAEMON';
  const alive = tasks.filter((task) => task.desiredStatus === 'RUNNING');
  service.schedulingStrategy ??= 'REPLICA';
  service.status ??= 'ACTIVE';
  service.desiredCount ??= alive.length;
  service.runningCount ??= tasks.filter((task) => task.lastStatus === 'RUNNING').length;
  service.pendingCount ??= tasks.filter((task) => task.lastStatus === 'PENDING').length;
  service.deploymentController ??= { type: 'ECS' };
  // Source: ECS API reference, DeploymentConfiguration: REPLICA 100/200, DAEMON 0/100 through the API and the CLI.
  service.deploymentConfiguration = {
    ...service.deploymentConfiguration,
    minimumHealthyPercent: service.deploymentConfiguration?.minimumHealthyPercent ?? (isDaemon ? 0 : 100),
    maximumPercent: service.deploymentConfiguration?.maximumPercent ?? (isDaemon ? 100 : 200),
  };
  service.loadBalancers ??= [];
  service.placementConstraints ??= [];
  service.placementStrategy ??= [];
  service.events ??= [];
  // Of unknown age: never set, which ECS treats as DISABLED. Source: ECS API reference, UpdateService.
  if (!service.createdAt) service.availabilityZoneRebalancing ??= 'DISABLED';
  service.createdAt ??= new Date(capture.capturedAt.getTime() - 30 * ONE_DAY_MS);
  if (!service.launchType && !service.capacityProviderStrategy?.length) {
    // Source: ECS API reference, PutClusterCapacityProviders: the cluster's default strategy goes before a launch type.
    const byDefault = capture.ecs.clusters.find(
      ({ clusterArn }) => clusterArn === service.clusterArn,
    )?.defaultCapacityProviderStrategy;
    if (byDefault?.length) service.capacityProviderStrategy = [...byDefault];
    else service.launchType = 'EC2';
  }
  const definition = definitions.get(familyRevision(service.taskDefinition ?? ''));
  if (definition?.taskDefinitionArn) service.taskDefinition = definition.taskDefinitionArn;
  if (!service.deployments?.length && service.deploymentController.type === 'ECS')
    service.deployments = [
      {
        id: alive[0]?.startedBy ?? `ecs-svc/${service.serviceName}`,
        status: 'PRIMARY',
        taskDefinition: service.taskDefinition,
        desiredCount: service.desiredCount,
        runningCount: service.runningCount,
        pendingCount: service.pendingCount,
        rolloutState: 'COMPLETED',
        createdAt: service.createdAt,
        updatedAt: service.createdAt,
      },
    ];
  service.deployments ??= [];
}
