/** Sizes: what a host offers, what is left of it, and what a task takes, in one unit for all. */
import type { InstanceTypeInfo } from '@aws-sdk/client-ec2';
import type { ContainerDefinition, Resource, TaskDefinition } from '@aws-sdk/client-ecs';
import type { Resources, TaskDefinitionFacts } from '../../core/facts.ts';
import { present } from '../batches.ts';

/** ECS_CONTAINER_STOP_TIMEOUT's default (Amazon ECS developer guide, "Amazon ECS container agent configuration"). */
const STOP_TIMEOUT_SECONDS = 30;
/** Where EC2 does not tell us a type's interfaces, they limit nothing. */
const UNKNOWN_SLOTS = 1000;

/**
 * A host's resources from ECS's list; ports are those that are taken. `eniSlots` is not among them and comes from the
 * instance type.
 */
export function resourcesOf(list: readonly Resource[] | undefined, eniSlots: number): Resources {
  const of = (name: string) => list?.find((resource) => resource.name === name);
  const ports = (name: string, protocol: string) =>
    (of(name)?.stringSetValue ?? []).map((port) => `${port}/${protocol}`);
  return {
    cpu: of('CPU')?.integerValue ?? 0,
    memoryMiB: of('MEMORY')?.integerValue ?? 0,
    gpus: of('GPU')?.stringSetValue?.length ?? of('GPU')?.integerValue ?? 0,
    eniSlots,
    ports: [...ports('PORTS', 'tcp'), ...ports('PORTS_UDP', 'udp')],
  };
}

/**
 * How many awsvpc tasks a host can hold: its interfaces less the first one, or the trunk's branches. Sources: Amazon ECS
 * developer guide, "Task networking" (c5.large: 3 interfaces, 2 tasks) and "Supported instances for increased Amazon ECS
 * container network interfaces" (10 tasks with 2 vCPUs, 20 with 4, 40 with 8, 60 with 16 and 120 from 64).
 */
export function eniSlotsOf(type: InstanceTypeInfo | undefined, isTrunked: boolean): number {
  if (type === undefined) return UNKNOWN_SLOTS;
  if (!isTrunked) {
    const interfaces = type.NetworkInfo?.MaximumNetworkInterfaces;
    return interfaces === undefined ? UNKNOWN_SLOTS : Math.max(0, interfaces - 1);
  }
  const vcpus = type.VCpuInfo?.DefaultVCpus ?? 2;
  if (vcpus >= 64) return 120;
  if (vcpus >= 16) return 60;
  return vcpus >= 8 ? 40 : vcpus >= 4 ? 20 : 10;
}

/** A task definition as placement sees it. */
export function taskDefinitionFacts(definition: TaskDefinition): TaskDefinitionFacts {
  const containers = definition.containerDefinitions ?? [];
  const networkMode = definition.networkMode ?? 'bridge';
  const sum = (of: (container: ContainerDefinition) => number | undefined) =>
    containers.reduce((total, container) => total + (of(container) ?? 0), 0);
  return {
    taskDefinitionArn: definition.taskDefinitionArn ?? '',
    networkMode,
    needs: {
      // Task-level sizes win; without them placement adds up the containers, by reservation where there is one.
      cpu: definition.cpu === undefined ? sum(({ cpu }) => cpu) : sizeOf(definition.cpu, 'vcpu'),
      memoryMiB:
        definition.memory === undefined
          ? sum(({ memory, memoryReservation }) => memoryReservation ?? memory)
          : sizeOf(definition.memory, 'gb'),
      gpus: sum(({ resourceRequirements }) =>
        (resourceRequirements ?? [])
          .filter(({ type }) => type === 'GPU')
          .reduce((total, { value }) => total + Number(value ?? 0), 0),
      ),
      eniSlots: networkMode === 'awsvpc' ? 1 : 0,
      ports: networkMode === 'awsvpc' ? [] : containers.flatMap((one) => hostPorts(one, networkMode)),
    },
    memberOf: present(
      (definition.placementConstraints ?? []).map(({ type, expression }) =>
        type === 'memberOf' ? expression : undefined,
      ),
    ),
    requiresAttributes: (definition.requiresAttributes ?? []).map(({ name, value }) => ({
      name: name ?? '',
      ...(value ? { value } : {}),
    })),
    hostVolumes: present((definition.volumes ?? []).map(({ host }) => host?.sourcePath)),
    images: present(containers.map(({ image }) => image)),
    stopTimeoutSeconds: Math.max(
      ...containers.map(({ stopTimeout }) => stopTimeout ?? STOP_TIMEOUT_SECONDS),
      containers.length === 0 ? STOP_TIMEOUT_SECONDS : 0,
    ),
  };
}

/** Only fixed ports bind a task to a free host; port 0 is drawn by Docker. In host mode the container's port is taken. */
function hostPorts(container: ContainerDefinition, networkMode: string): string[] {
  return (container.portMappings ?? [])
    .map(({ hostPort, containerPort, protocol }) => ({
      port: networkMode === 'host' ? (hostPort ?? containerPort) : hostPort,
      protocol: protocol ?? 'tcp',
    }))
    .filter(({ port }) => port !== undefined && port !== 0)
    .map(({ port, protocol }) => `${port}/${protocol}`);
}

/** `1024`, `1 vCPU`, `.5 vcpu`, `2 GB`: task sizes may be written with units (Amazon ECS developer guide). */
function sizeOf(text: string, unit: 'vcpu' | 'gb'): number {
  const value = Number.parseFloat(text);
  return text.toLowerCase().includes(unit) ? value * 1024 : value;
}
