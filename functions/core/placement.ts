/**
 * Our model of where ECS can put a task: filters on resources, ports and network interfaces, then constraints. Which of
 * the fitting hosts ECS takes (its strategies are best effort) is not modelled: `Room` answers whether all of a set fit.
 * Source: Amazon ECS developer guide, "task-placement-constraints", "task-networking-awsvpc", "container-instance-eni".
 */
import { type ExpressionSubject, satisfies } from './expressions.ts';
import type { HostFacts, Resources, ServiceFacts, TaskDefinitionFacts } from './facts.ts';

/** What one task of a service (or one standalone task) asks of a host. Made once per service and reused. */
export interface Demand {
  readonly serviceName?: string;
  readonly needs: Resources;
  readonly memberOf: readonly string[];
  readonly requiresAttributes: readonly { readonly name: string; readonly value?: string }[];
  readonly distinctInstance: boolean;
  /** Capacity providers of its strategy; empty: any host of the cluster. */
  readonly capacityProviders: readonly string[];
  /** Zones of its awsvpc subnets; undefined: any. */
  readonly zones?: ReadonlySet<string>;
}

/** A host as placement sees it: what is free on it, and what tells it apart. */
export interface RoomHost extends ExpressionSubject {
  readonly autoScalingGroupName?: string;
  readonly capacityProviderName?: string;
  readonly zone?: string;
  readonly free: Resources;
  /** Services that have a task on it whose desired status is RUNNING, for `distinctInstance`. */
  readonly services: ReadonlySet<string>;
}

/** Why a task cannot go on a host: machine-readable code, AWS's field, and a sentence. */
export interface Misfit {
  readonly code:
    | 'cpu'
    | 'memory'
    | 'gpu'
    | 'port'
    | 'eni'
    | 'attribute'
    | 'constraint'
    | 'distinct'
    | 'provider'
    | 'zone';
  readonly field: string;
  readonly message: string;
}

export function demandOf(
  service:
    | Pick<ServiceFacts, 'serviceName' | 'memberOf' | 'distinctInstance' | 'capacityProviders' | 'subnets'>
    | undefined,
  definition: TaskDefinitionFacts,
  subnetZones: Readonly<Record<string, string>>,
): Demand {
  const zones = (service?.subnets ?? []).flatMap((subnet) => subnetZones[subnet] ?? []);
  const inZones = definition.networkMode === 'awsvpc' && zones.length > 0;
  return {
    ...(service !== undefined && { serviceName: service.serviceName }),
    needs: definition.needs,
    memberOf: [...definition.memberOf, ...(service?.memberOf ?? [])],
    requiresAttributes: definition.requiresAttributes,
    distinctInstance: service?.distinctInstance ?? false,
    capacityProviders: service?.capacityProviders ?? [],
    ...(inZones && { zones: new Set(zones) }),
  };
}

/** The host as room, with what ECS says is left on it. */
export function roomHost(host: HostFacts, services: ReadonlySet<string>): RoomHost | undefined {
  const free = host.remaining ?? host.registered;
  if (free === undefined) return undefined;
  return {
    instanceId: host.instanceId,
    attributes: host.attributes,
    ...(host.autoScalingGroupName !== undefined && { autoScalingGroupName: host.autoScalingGroupName }),
    ...(host.capacityProviderName !== undefined && { capacityProviderName: host.capacityProviderName }),
    ...(host.zone !== undefined && { zone: host.zone }),
    free,
    services,
  };
}

/** What about the host itself, whatever is free on it, keeps such a task away. */
export function constraintMisfit(demand: Demand, host: RoomHost): Misfit | undefined {
  const provider = host.capacityProviderName;
  if (demand.capacityProviders.length > 0 && !(provider && demand.capacityProviders.includes(provider))) {
    return {
      code: 'provider',
      field: 'capacityProviderStrategy',
      message: `its capacity providers are ${demand.capacityProviders.join(', ')}, the host's is ${provider ?? 'none'}`,
    };
  }
  if (demand.zones !== undefined && host.zone !== undefined && !demand.zones.has(host.zone)) {
    return {
      code: 'zone',
      field: 'networkConfiguration.awsvpcConfiguration.subnets',
      message: `its subnets are in ${[...demand.zones].sort().join(', ')}, the host is in ${host.zone}`,
    };
  }
  for (const { name, value } of demand.requiresAttributes) {
    const actual = host.attributes[name];
    if (actual === undefined || (value !== undefined && value !== '' && actual !== value)) {
      const wanted = value === undefined || value === '' ? name : `${name} = ${value}`;
      return {
        code: 'attribute',
        field: 'requiresAttributes',
        message: `the host lacks the attribute ${wanted}`,
      };
    }
  }
  for (const expression of demand.memberOf) {
    if (satisfies(expression, host) !== true) {
      return {
        code: 'constraint',
        field: 'placementConstraints',
        message: `the host does not satisfy ${expression}`,
      };
    }
  }
  return undefined;
}

/** What is missing on the host now. */
export function resourceMisfit(
  demand: Demand,
  host: Pick<RoomHost, 'free' | 'services'>,
): Misfit | undefined {
  const { needs } = demand;
  const { free } = host;
  const short = (code: Misfit['code'], field: string, wanted: number | string, left: number | string) =>
    ({ code, field, message: `it needs ${wanted}, the host has ${left} left` }) as const;

  if (needs.cpu > free.cpu) return short('cpu', 'cpu', `${needs.cpu} CPU units`, free.cpu);
  if (needs.memoryMiB > free.memoryMiB)
    return short('memory', 'memory', `${needs.memoryMiB} MiB`, free.memoryMiB);
  if (needs.gpus > free.gpus) return short('gpu', 'resourceRequirements', `${needs.gpus} GPUs`, free.gpus);
  if (needs.eniSlots > free.eniSlots) {
    return short('eni', 'networkMode', 'a network interface', free.eniSlots);
  }
  const taken = needs.ports.find((port) => free.ports.includes(port));
  if (taken !== undefined) {
    return { code: 'port', field: 'portMappings.hostPort', message: `host port ${taken} is taken` };
  }
  if (demand.distinctInstance && demand.serviceName !== undefined && host.services.has(demand.serviceName)) {
    return {
      code: 'distinct',
      field: 'placementConstraints',
      message: 'a task of the service is on the host already (distinctInstance)',
    };
  }
  return undefined;
}

/** As `resourceMisfit` answers undefined, without a reason: for asking of many hosts. */
export function fitsOn(
  { needs, distinctInstance, serviceName }: Demand,
  host: Pick<RoomHost, 'free' | 'services'>,
) {
  const { free, services } = host;
  if (needs.cpu > free.cpu || needs.memoryMiB > free.memoryMiB) return false;
  if (needs.gpus > free.gpus || needs.eniSlots > free.eniSlots) return false;
  if (needs.ports.length > 0 && needs.ports.some((port) => free.ports.includes(port))) return false;
  return !(distinctInstance && serviceName !== undefined && services.has(serviceName));
}

/** A `RoomHost` that fills up while a set of tasks is tried on it. */
interface Slot {
  readonly host: RoomHost;
  cpu: number;
  memoryMiB: number;
  gpus: number;
  eniSlots: number;
  /** Names of ports, and of services under `distinctInstance`, that tasks tried here took; a rollback gives them back. */
  readonly marks: Set<string>;
}

interface Entry {
  readonly slot: Slot;
  readonly demand: Demand;
}

/**
 * Free room on a set of hosts. Tasks are tried one after the other, each on the host that it leaves fullest: what such a
 * best fit places, a real assignment can place. Tries can be taken back.
 */
export class Room {
  readonly #slots: readonly Slot[];
  readonly #candidates = new Map<Demand, readonly Slot[]>();
  readonly #log: Entry[] = [];

  constructor(hosts: readonly RoomHost[]) {
    this.#slots = hosts.map((host) => ({
      host,
      cpu: host.free.cpu,
      memoryMiB: host.free.memoryMiB,
      gpus: host.free.gpus,
      eniSlots: host.free.eniSlots,
      marks: new Set([...host.free.ports, ...[...host.services].map(distinct)]),
    }));
  }

  /** Whether any of the hosts could take such a task if it were the only one; `empty` asks of the constraints alone. */
  admits(demand: Demand): boolean {
    return this.#candidatesOf(demand).length > 0;
  }

  /** Puts `count` such tasks somewhere; answers how many found no place. */
  place(demand: Demand, count = 1): number {
    for (let placed = 0; placed < count; placed += 1) {
      const slot = this.#bestFit(demand);
      if (slot === undefined) return count - placed;
      this.#move(slot, demand, -1);
      this.#log.push({ slot, demand });
    }
    return 0;
  }

  mark(): number {
    return this.#log.length;
  }

  /** Takes back what was placed since the mark. */
  rollback(mark: number): void {
    while (this.#log.length > mark) {
      const entry = this.#log.pop();
      if (entry !== undefined) this.#move(entry.slot, entry.demand, 1);
    }
  }

  #bestFit(demand: Demand): Slot | undefined {
    const { cpu, memoryMiB, gpus, eniSlots, ports } = demand.needs;
    const { serviceName } = demand;
    const onlyOne = demand.distinctInstance && serviceName !== undefined ? distinct(serviceName) : undefined;
    let best: Slot | undefined;
    let bestLeft = Number.POSITIVE_INFINITY;
    for (const slot of this.#candidatesOf(demand)) {
      if (slot.memoryMiB < memoryMiB || slot.cpu < cpu || slot.gpus < gpus || slot.eniSlots < eniSlots)
        continue;
      if (ports.length > 0 && ports.some((port) => slot.marks.has(port))) continue;
      if (onlyOne !== undefined && slot.marks.has(onlyOne)) continue;
      // One scale for both: a host's 1,024 CPU units weigh about as much as 2 GiB on common types.
      const left = slot.memoryMiB - memoryMiB + 2 * (slot.cpu - cpu);
      if (left < bestLeft) [best, bestLeft] = [slot, left];
    }
    return best;
  }

  #candidatesOf(demand: Demand): readonly Slot[] {
    let candidates = this.#candidates.get(demand);
    if (candidates === undefined) {
      candidates = this.#slots.filter((slot) => constraintMisfit(demand, slot.host) === undefined);
      this.#candidates.set(demand, candidates);
    }
    return candidates;
  }

  #move(slot: Slot, { needs, serviceName, distinctInstance }: Demand, sign: 1 | -1): void {
    slot.cpu += sign * needs.cpu;
    slot.memoryMiB += sign * needs.memoryMiB;
    slot.gpus += sign * needs.gpus;
    slot.eniSlots += sign * needs.eniSlots;
    const taken = [...needs.ports];
    if (distinctInstance && serviceName !== undefined) taken.push(distinct(serviceName));
    for (const name of taken) sign < 0 ? slot.marks.add(name) : slot.marks.delete(name);
  }
}

const distinct = (serviceName: string) => `one of ${serviceName}`;
