/** What ECS reads out of a task definition: the room it asks for, how it stops, how its health is told. */
import type { Attribute, TaskDefinition, TaskDefinitionPlacementConstraint } from '@aws-sdk/client-ecs';

/** `ECS_CONTAINER_STOP_TIMEOUT`'s default. Source: Amazon ECS developer guide, ecs-agent-config. */
const DEFAULT_STOP_TIMEOUT_SECONDS = 30;

/** Docker's default interval of a container health check. Source: Amazon ECS API reference, HealthCheck. */
const DEFAULT_HEALTH_INTERVAL_SECONDS = 30;

/** Room that one task takes on a host. */
export interface Needs {
  readonly cpu: number;
  readonly memoryMiB: number;
  readonly gpus: number;
  readonly tcpPorts: readonly number[];
  readonly udpPorts: readonly number[];
  /** awsvpc tasks take one network interface. */
  readonly eni: boolean;
}

export interface Definition {
  readonly arn: string;
  readonly family: string;
  readonly networkMode: string;
  readonly needs: Needs;
  /** Longest of its containers. */
  readonly stopTimeoutSeconds: number;
  /** RUNNING → HEALTHY of the slowest essential container with a check; null when none has one. */
  readonly healthCheckSeconds: number | null;
  readonly requiresAttributes: readonly Attribute[];
  readonly placementConstraints: readonly TaskDefinitionPlacementConstraint[];
  readonly source: TaskDefinition;
}

/**
 * Reads a definition as placement does: the task's own size, else the sum over its containers, where a soft limit goes
 * before the hard one. Source: Amazon ECS API reference, ContainerDefinition.memoryReservation.
 */
export function readDefinition(source: TaskDefinition): Definition {
  const containers = source.containerDefinitions ?? [];
  const networkMode = source.networkMode ?? 'bridge';
  const tcpPorts: number[] = [];
  const udpPorts: number[] = [];
  let gpus = 0;
  let cpu = 0;
  let memoryMiB = 0;
  const checks: number[] = [];
  for (const container of containers) {
    cpu += container.cpu ?? 0;
    memoryMiB += container.memoryReservation ?? container.memory ?? 0;
    for (const wanted of container.resourceRequirements ?? [])
      if (wanted.type === 'GPU') gpus += Number(wanted.value ?? 0);
    for (const mapping of container.portMappings ?? []) {
      const port = networkMode === 'host' ? (mapping.hostPort ?? mapping.containerPort) : mapping.hostPort;
      if (!port || networkMode === 'awsvpc' || networkMode === 'none') continue;
      (mapping.protocol === 'udp' ? udpPorts : tcpPorts).push(port);
    }
    if (container.healthCheck && container.essential !== false)
      checks.push(container.healthCheck.interval ?? DEFAULT_HEALTH_INTERVAL_SECONDS);
  }
  return {
    arn: source.taskDefinitionArn ?? '',
    family: source.family ?? '',
    networkMode,
    needs: {
      cpu: source.cpu === undefined ? cpu : Number.parseInt(source.cpu, 10),
      memoryMiB: source.memory === undefined ? memoryMiB : Number.parseInt(source.memory, 10),
      gpus,
      tcpPorts,
      udpPorts,
      eni: networkMode === 'awsvpc',
    },
    stopTimeoutSeconds: Math.max(
      ...containers.map((container) => container.stopTimeout ?? DEFAULT_STOP_TIMEOUT_SECONDS),
      containers.length === 0 ? DEFAULT_STOP_TIMEOUT_SECONDS : 0,
    ),
    healthCheckSeconds: checks.length === 0 ? null : Math.max(...checks),
    requiresAttributes: source.requiresAttributes ?? [],
    placementConstraints: source.placementConstraints ?? [],
    source,
  };
}
