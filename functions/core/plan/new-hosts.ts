/** The model of the new hosts: for each outdated host the one that would stand in its place, before any task is on it. */
import type { GroupFacts, HostFacts, Resources } from '../facts.ts';
import { constraintMisfit, type Demand, demandOf, type RoomHost } from '../placement.ts';
import type { GroupTarget } from '../plan.ts';
import type { PlanContext } from './context.ts';
import { targetImagesOf } from './targets.ts';

/** A host that does not exist yet. */
export interface NewHost extends RoomHost {
  readonly instanceType: string | undefined;
  /** Its size is that of the host it stands for: whatever fits there fits here. */
  readonly sameShape: boolean;
}

/** ECS's agent keeps a little of a host's memory for the system (ECS_RESERVED_MEMORY and the kernel's share). */
const USABLE_MEMORY = 0.94;

/**
 * What would replace a host of the group: its own type where the template still launches it, in its zone, with the
 * attributes that the template's user data gives. An attribute that only some hosts of the group carry was put there by
 * hand and will not come back; what the agent can do (`com.amazonaws.ecs.capability.*`) does not get less.
 */
export function newHostModel(
  group: GroupFacts,
  target: GroupTarget,
  context: PlanContext,
): (host: HostFacts) => NewHost | undefined {
  const siblings = (context.hostsByGroup.get(group.autoScalingGroupName) ?? []).filter(
    ({ containerInstanceArn }) => containerInstanceArn !== undefined,
  );
  const carriers = new Map<string, number>();
  const capabilities: Record<string, string> = {};
  for (const [name, value] of siblings.flatMap(({ attributes }) => Object.entries(attributes))) {
    carriers.set(name, (carriers.get(name) ?? 0) + 1);
    if (name.startsWith('com.amazonaws.ecs.')) capabilities[name] = value;
  }
  const types = group.templates.flatMap((use) => use.instanceTypes);

  return (host) => {
    const keepsType =
      host.instanceType !== undefined && (types.length === 0 || types.includes(host.instanceType));
    const instanceType = keepsType ? host.instanceType : types[0];
    const offers = keepsType ? host.registered : offersOf(instanceType, context);
    if (offers === undefined) return undefined;

    const [imageId] = targetImagesOf(target, { ...(instanceType !== undefined && { instanceType }) });
    const lasting = Object.entries(host.attributes).filter(
      ([name]) => name.startsWith('ecs.') || carriers.get(name) === siblings.length,
    );
    const capacityProviderName = group.capacityProviderName ?? host.capacityProviderName;
    return {
      instanceId: 'a new host',
      instanceType,
      sameShape: keepsType,
      autoScalingGroupName: group.autoScalingGroupName,
      ...(capacityProviderName !== undefined && { capacityProviderName }),
      ...(host.zone !== undefined && { zone: host.zone }),
      attributes: {
        ...Object.fromEntries(lasting),
        ...capabilities,
        ...(imageId !== undefined && { 'ecs.ami-id': imageId }),
        ...(instanceType !== undefined && { 'ecs.instance-type': instanceType }),
      },
      free: offers,
      services: new Set(),
    };
  };
}

/** The host with what its daemons take already taken: they come before any other task. */
export function withDaemons(host: NewHost, context: PlanContext): NewHost {
  const daemons = daemonDemands(context).filter((demand) => constraintMisfit(demand, host) === undefined);
  const free = daemons.reduce((left, { needs }) => minus(left, needs), host.free);
  return { ...host, free };
}

/** What each DAEMON service asks of every host that it fits. */
export function daemonDemands(context: PlanContext): readonly Demand[] {
  return context.facts.services.flatMap((service) => {
    const definition = context.definitions.get(service.taskDefinitionArn);
    return service.schedulingStrategy === 'DAEMON' && definition !== undefined
      ? [demandOf(service, definition, context.facts.subnetZones)]
      : [];
  });
}

/** A type's offer: as a host of it in the cluster registered, else from its description. */
function offersOf(instanceType: string | undefined, context: PlanContext): Resources | undefined {
  if (instanceType === undefined) return undefined;
  const alike = context.facts.hosts.find(
    (host) => host.instanceType === instanceType && host.registered !== undefined,
  );
  if (alike?.registered !== undefined) return alike.registered;
  const type = context.instanceTypes.get(instanceType);
  if (type === undefined) return undefined;
  return {
    cpu: type.vcpus * 1024,
    memoryMiB: Math.floor(type.memoryMiB * USABLE_MEMORY),
    gpus: type.gpus,
    eniSlots: Math.max(0, type.maximumNetworkInterfaces - 1),
    ports: [],
  };
}

function minus(left: Resources, needs: Resources): Resources {
  return {
    cpu: left.cpu - needs.cpu,
    memoryMiB: left.memoryMiB - needs.memoryMiB,
    gpus: left.gpus - needs.gpus,
    eniSlots: left.eniSlots - needs.eniSlots,
    ports: [...left.ports, ...needs.ports],
  };
}
