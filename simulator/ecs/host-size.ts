/** What a newly registered host brings: its like in the group or cluster tells, else its instance type. */
import type { ContainerInstance, Resource } from '@aws-sdk/client-ecs';
import { interfacesOf } from '../interfaces-by-size.ts';
import type { InstanceTypeRecord } from '../world.ts';
import type { HostSize } from './records.ts';
import { tasksWithTrunk } from './trunks.ts';

/** Kept by the agent. Source: Amazon ECS API reference, PortMapping.hostPort. */
const AGENT_PORTS = ['22', '2375', '2376', '51678', '51679'];

/** What the operating system keeps of the machine's memory: ECS registers what is left. */
const REGISTERED_MEMORY_SHARE = 0.95;

export function sizeOf(
  source: ContainerInstance,
  instanceType: string,
  record: InstanceTypeRecord | undefined,
  trunked: boolean,
): HostSize {
  const registered = new Map((source.registeredResources ?? []).map((resource) => [resource.name, resource]));
  return {
    cpu: registered.get('CPU')?.integerValue ?? (record?.vcpus ?? 0) * 1024,
    memoryMiB:
      registered.get('MEMORY')?.integerValue ??
      Math.floor((record?.memoryMiB ?? 0) * REGISTERED_MEMORY_SHARE),
    gpus: gpusOf(registered.get('GPU')) ?? record?.gpus ?? 0,
    enis: eniLimit(instanceType, record, trunked),
    ports: registered.get('PORTS')?.stringSetValue ?? AGENT_PORTS,
    udpPorts: registered.get('PORTS_UDP')?.stringSetValue ?? [],
  };
}

/** One interface is the host's own. Source: Amazon ECS developer guide, container-instance-eni. */
function eniLimit(instanceType: string, record: InstanceTypeRecord | undefined, trunked: boolean): number {
  if (trunked) return tasksWithTrunk(instanceType);
  return (record?.maximumNetworkInterfaces ?? interfacesOf(instanceType)) - 1;
}

function gpusOf(resource: Resource | undefined): number | undefined {
  return resource?.stringSetValue?.length ?? resource?.integerValue;
}
