/** Records as ECS describes them: immutable objects in the SDK's output shapes. */
import type { Container, ContainerInstance, Deployment, Resource, Service, Task } from '@aws-sdk/client-ecs';
import type { DeploymentRecord } from './deployment-record.ts';
import { platformOf } from './fargate/platform.ts';
import { healthOf } from './host-health.ts';
import type { HostRecord, ServiceRecord, TaskRecord } from './records.ts';

/**
 * `runningTasksCount` counts the desired status: it reads 0 while containers still stop.
 * Source: Amazon ECS API reference, ContainerInstance.
 */
export function pictureOfHost(host: HostRecord): ContainerInstance {
  const { registered: size, claimed } = host;
  let running = 0;
  let pending = 0;
  for (const task of host.tasks) {
    if (task.desiredStatus === 'RUNNING') running++;
    if (task.lastStatus === 'PENDING') pending++;
  }
  const gpuIds = Array.from({ length: size.gpus }, (_, at) => `GPU-${at}`);
  const { source } = host;
  const health = healthOf(host);
  return {
    containerInstanceArn: host.containerInstanceArn,
    ec2InstanceId: host.instanceId,
    ...(host.capacityProviderName !== undefined && { capacityProviderName: host.capacityProviderName }),
    version: host.version,
    ...(source.versionInfo && { versionInfo: source.versionInfo }),
    remainingResources: resourceList(
      size.cpu - claimed.cpu,
      size.memoryMiB - claimed.memoryMiB,
      claimed.tcp.size === 0 ? size.ports : [...size.ports, ...[...claimed.tcp.keys()].map(String)],
      claimed.udp.size === 0 ? size.udpPorts : [...size.udpPorts, ...[...claimed.udp.keys()].map(String)],
      gpuIds.slice(claimed.gpus),
    ),
    registeredResources: resourceList(size.cpu, size.memoryMiB, size.ports, size.udpPorts, gpuIds),
    status: host.status,
    ...(host.statusReason !== undefined && { statusReason: host.statusReason }),
    agentConnected: host.agentConnected,
    runningTasksCount: running,
    pendingTasksCount: pending,
    attributes: host.attributeList as ContainerInstance['attributes'] & object,
    registeredAt: new Date(host.registeredAtMs),
    attachments: source.attachments ?? [],
    tags: host.tags,
    ...(health && { healthStatus: health }),
  };
}

export function pictureOfTask(task: TaskRecord): Task {
  const { source, definition, host } = task;
  return {
    ...source,
    attachments: attachmentsOf(task),
    attributes: source.attributes ?? [],
    ...(task.zone !== undefined && { availabilityZone: task.zone }),
    ...(host && { containerInstanceArn: host.containerInstanceArn }),
    ...(task.capacityProviderName !== undefined && { capacityProviderName: task.capacityProviderName }),
    clusterArn: task.clusterRecord.arn,
    ...(task.begun && { connectivity: 'CONNECTED' as const }),
    containers: task.containers.map((container) => containerPicture(container, task)),
    cpu: String(definition.needs.cpu),
    memory: String(definition.needs.memoryMiB),
    createdAt: new Date(task.createdAtMs),
    desiredStatus: task.desiredStatus,
    group: task.group,
    healthStatus:
      definition.healthCheckSeconds === null
        ? 'UNKNOWN'
        : task.containerHealthy && task.lastStatus === 'RUNNING'
          ? 'HEALTHY'
          : 'UNKNOWN',
    lastStatus: task.lastStatus,
    launchType: task.fargate ? 'FARGATE' : (source.launchType ?? 'EC2'),
    ...(task.fargate && platformOf(task)),
    overrides: source.overrides ?? { containerOverrides: [], inferenceAcceleratorOverrides: [] },
    ...dated('pullStartedAt', task.pullStartedAtMs),
    ...dated('pullStoppedAt', task.pullStoppedAtMs),
    ...dated('startedAt', task.runningAtMs),
    ...(task.startedBy !== undefined && { startedBy: task.startedBy }),
    ...dated('stoppingAt', task.stoppingAtMs),
    ...dated('executionStoppedAt', task.executionStoppedAtMs),
    ...dated('stoppedAt', task.stoppedAtMs),
    ...(task.stopCode && { stopCode: task.stopCode }),
    ...(task.desiredStatus === 'STOPPED' && task.cause && { stoppedReason: task.cause.text }),
    tags: source.tags ?? [],
    taskArn: task.taskArn,
    taskDefinitionArn: task.taskDefinitionArn,
    version: task.version,
  };
}

function containerPicture(container: Container, task: TaskRecord): Container {
  return {
    ...container,
    lastStatus: task.lastStatus,
    healthStatus: task.containerHealthy ? 'HEALTHY' : 'UNKNOWN',
    ...(task.lastStatus === 'STOPPED' &&
      task.cause?.exitCode !== undefined && { exitCode: task.cause.exitCode }),
  };
}

function attachmentsOf(task: TaskRecord): Task['attachments'] & object {
  if (!task.definition.needs.eni && !task.fargate) return task.source.attachments ?? [];
  const gone = task.lastStatus === 'STOPPED';
  const attached = task.lastStatus !== 'PROVISIONING';
  return [
    {
      id: task.id,
      type: 'ElasticNetworkInterface',
      status: gone ? 'DELETED' : attached ? 'ATTACHED' : 'PRECREATED',
      details: [
        { name: 'subnetId', value: task.subnet ?? task.host?.attributes['ecs.subnet-id'] ?? '' },
        ...(task.address ? [{ name: 'privateIPv4Address', value: task.address }] : []),
      ],
    },
  ];
}

export function pictureOfService(service: ServiceRecord): Service {
  return {
    ...service.source,
    status: service.source.status ?? 'ACTIVE',
    desiredCount: service.desired,
    runningCount: service.running,
    pendingCount: service.pending,
    taskDefinition: service.taskDefinitionArn,
    deployments: service.deployments.map((deployment) => deploymentPicture(service, deployment)),
    ...revisionsOf(service),
    events: service.events as Service['events'] & object,
  };
}

/** Source: Amazon ECS API reference, Service.currentServiceDeployment and currentServiceRevisions. */
function revisionsOf(
  service: ServiceRecord,
): Pick<Service, 'currentServiceDeployment' | 'currentServiceRevisions'> {
  if (!isRolling(service)) return {};
  const { primary } = service;
  return {
    ...(primary.rolloutState === 'IN_PROGRESS' && { currentServiceDeployment: primary.serviceDeploymentArn }),
    currentServiceRevisions: service.deployments.map((deployment) => ({
      arn: deployment.revisionArn,
      requestedTaskCount: deployment === primary ? service.desired : 0,
      runningTaskCount: deployment.running,
      pendingTaskCount: deployment.pending,
    })),
  };
}

/** Whether ECS itself deploys the service. */
function isRolling({ source }: ServiceRecord): boolean {
  return (source.deploymentController?.type ?? 'ECS') === 'ECS';
}

function deploymentPicture(service: ServiceRecord, deployment: DeploymentRecord): Deployment {
  const { source } = service;
  return {
    id: deployment.id,
    status: deployment.status,
    taskDefinition: deployment.definition.arn,
    desiredCount: deployment.status === 'PRIMARY' ? service.desired : 0,
    pendingCount: deployment.pending,
    runningCount: deployment.running,
    failedTasks: deployment.failedTasks,
    createdAt: new Date(deployment.createdAtMs),
    updatedAt: new Date(deployment.updatedAtMs),
    ...(service.strategy.length > 0
      ? { capacityProviderStrategy: [...service.strategy] }
      : { launchType: source.launchType ?? 'EC2' }),
    ...(source.networkConfiguration && { networkConfiguration: source.networkConfiguration }),
    // Absent behind a Classic Load Balancer and with other controllers. Source: Deployment.rolloutState.
    ...(isRolling(service) &&
      !source.loadBalancers?.some(({ loadBalancerName }) => loadBalancerName) && {
        rolloutState: deployment.rolloutState,
        rolloutStateReason: deployment.rolloutStateReason,
      }),
  };
}

function dated<K extends string>(key: K, atMs: number | null): { [P in K]?: Date } {
  return (atMs === null ? {} : { [key]: new Date(atMs) }) as { [P in K]?: Date };
}

/** `CPU`, `MEMORY`, `PORTS` and their like, as ECS lists them. */
function resourceList(
  cpu: number,
  memoryMiB: number,
  ports: readonly string[],
  udpPorts: readonly string[],
  gpus: readonly string[],
): Resource[] {
  const base = { doubleValue: 0, longValue: 0 };
  const list: Resource[] = [
    { name: 'CPU', type: 'INTEGER', ...base, integerValue: cpu },
    { name: 'MEMORY', type: 'INTEGER', ...base, integerValue: memoryMiB },
    { name: 'PORTS', type: 'STRINGSET', ...base, integerValue: 0, stringSetValue: [...ports] },
    { name: 'PORTS_UDP', type: 'STRINGSET', ...base, integerValue: 0, stringSetValue: [...udpPorts] },
  ];
  if (gpus.length > 0)
    list.push({ name: 'GPU', type: 'STRINGSET', ...base, integerValue: 0, stringSetValue: [...gpus] });
  return list;
}
