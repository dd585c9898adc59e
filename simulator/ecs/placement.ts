/**
 * Where a task goes: filters, then constraints, then strategies, then choice.
 * Source: Amazon ECS developer guide, task-placement-strategies and task-placement-constraints.
 */
import type { NetworkConfiguration, PlacementConstraint, PlacementStrategy } from '@aws-sdk/client-ecs';
import { type Shortage, shortageOf } from './claims.ts';
import { parseQuery } from './cluster-query.ts';
import type { HostRecord, ServiceRecord } from './records.ts';
import type { Definition } from './task-definition.ts';

/** Why a host cannot take the task, in ECS's words (api_failures_messages). */
export type Refusal = Shortage | 'AGENT' | 'ATTRIBUTE' | 'LOCATION' | 'MEMBEROF' | 'DISTINCT';

/** Later in this list is closer to fitting: the "closest matching" host of the event is the one furthest down. */
const CLOSENESS: readonly Refusal[] = [
  'LOCATION',
  'ATTRIBUTE',
  'MEMBEROF',
  'RESOURCE:CPU',
  'RESOURCE:MEMORY',
  'RESOURCE:GPU',
  'DISTINCT',
  'RESOURCE:PORTS',
  'RESOURCE:ENI',
  'AGENT',
];

export interface PlacementRequest {
  readonly definition: Definition;
  readonly group: string;
  readonly service: ServiceRecord | null;
  readonly constraints: readonly PlacementConstraint[];
  readonly strategy: readonly PlacementStrategy[];
  /** Zones of its awsvpc subnets; null when it may go anywhere. */
  readonly zones: ReadonlySet<string> | null;
  /** Only hosts of this capacity provider. */
  readonly capacityProvider: string | undefined;
}

/** The subnets of an account, as far as placement asks. */
export interface SubnetZones {
  zoneOfSubnet(subnetId: string): string | undefined;
}

/** The zones in which a task of these subnets can get a network interface; null when it needs none of its own. */
export function zonesOpenTo(
  definition: Definition,
  network: NetworkConfiguration | undefined,
  subnets: SubnetZones,
): PlacementRequest['zones'] {
  if (!definition.needs.eni) return null;
  const named = network?.awsvpcConfiguration?.subnets ?? [];
  const zones = new Set(named.flatMap((subnet) => subnets.zoneOfSubnet(subnet) ?? []));
  return zones.size > 0 ? zones : null;
}

export type Placement =
  | { readonly host: HostRecord }
  | { readonly refusal: Refusal | 'EMPTY'; readonly closest: HostRecord | undefined };

/** Draws in [0, 1): ties are broken as AWS does, by no rule that one could rely on. */
export type Draw = () => number;

/** Chooses a host among the cluster's; it does not claim anything. */
export function place(hosts: Iterable<HostRecord>, request: PlacementRequest, draw: Draw): Placement {
  const measures = measuresOf(request);
  const least = measures.map(() => Number.POSITIVE_INFINITY);
  let best: HostRecord[] = [];
  let closest: HostRecord | undefined;
  let closeness = -1;
  for (const host of hosts) {
    if (host.status !== 'ACTIVE') continue;
    if (request.capacityProvider !== undefined && host.capacityProviderName !== request.capacityProvider)
      continue;
    // What the strategies would leave out need not be asked whether it fits.
    const order = compare(host, measures, least);
    if (order > 0) continue;
    const refusal = refusalOf(host, request);
    if (refusal === undefined) {
      if (order < 0) {
        for (let at = 0; at < measures.length; at++) least[at] = (measures[at] as Measure)(host);
        best = [];
      }
      best.push(host);
      continue;
    }
    const rank = CLOSENESS.indexOf(refusal);
    if (rank > closeness) {
      closeness = rank;
      closest = host;
    }
  }
  if (best.length === 0) {
    const refusal = closeness < 0 ? 'EMPTY' : (CLOSENESS[closeness] as Refusal);
    return { refusal, closest };
  }
  return { host: best[Math.floor(draw() * best.length)] as HostRecord };
}

/** Why this host cannot take it; undefined when it can. */
export function refusalOf(host: HostRecord, request: PlacementRequest): Refusal | undefined {
  const { definition, service } = request;
  if (request.zones && !request.zones.has(host.zone)) return 'LOCATION';
  if (!allows(host, request)) return allowsAttributes(host, definition) ? 'MEMBEROF' : 'ATTRIBUTE';
  const shortage = shortageOf(host.registered, host.claimed, definition.needs);
  if (shortage) return shortage;
  if (request.constraints.some((constraint) => constraint.type === 'distinctInstance')) {
    // It looks at desiredStatus: a task already told to stop does not block its host.
    const there = service ? (service.perHost.get(host) ?? 0) > 0 : hasTaskOfGroup(host, request.group);
    if (there) return 'DISTINCT';
  }
  if (definition.needs.eni && host.enisInUse >= host.registered.enis) return 'RESOURCE:ENI';
  if (!host.agentConnected) return 'AGENT';
  return undefined;
}

/** Whether its attributes and `memberOf` expressions allow the host; room is another question. */
export function allows(host: HostRecord, request: PlacementRequest): boolean {
  const { service } = request;
  const known = service?.allowed.get(host);
  if (known && known.version === host.attributesVersion) return known.allowed;
  const expressions = [...request.constraints, ...request.definition.placementConstraints].flatMap(
    ({ type, expression }) => (type === 'memberOf' && expression ? [expression] : []),
  );
  const allowed =
    allowsAttributes(host, request.definition) &&
    expressions.every((expression) => parseQuery(expression)(subjectOf(host)));
  // Expressions on tasks and counts change with every placement: their answers are not worth remembering.
  if (!expressions.some((expression) => /task:group|runningTasksCount|agentConnected/.test(expression)))
    service?.allowed.set(host, { version: host.attributesVersion, allowed });
  return allowed;
}

function allowsAttributes(host: HostRecord, definition: Definition): boolean {
  return definition.requiresAttributes.every(({ name, value }) => {
    if (name === undefined || !(name in host.attributes)) return false;
    return value === undefined || value === '' || host.attributes[name] === value;
  });
}

/** A host as the cluster query language sees it. */
export function subjectOf(host: HostRecord) {
  return {
    attributes: host.attributes,
    agentConnected: host.agentConnected,
    agentVersion: host.source.versionInfo?.agentVersion ?? '',
    ec2InstanceId: host.instanceId,
    registeredAtMs: host.registeredAtMs,
    get runningTasksCount() {
      let count = 0;
      for (const task of host.tasks) if (task.desiredStatus === 'RUNNING') count++;
      return count;
    },
    hasTaskOfGroup: (group: string) => hasTaskOfGroup(host, group),
  };
}

function hasTaskOfGroup(host: HostRecord, group: string): boolean {
  for (const task of host.tasks) if (task.group === group && task.desiredStatus === 'RUNNING') return true;
  return false;
}

/** Services without a strategy: spread over zones, then the host with the fewest tasks of the service. */
const SERVICE_DEFAULT: readonly PlacementStrategy[] = [
  { type: 'spread', field: 'attribute:ecs.availability-zone' },
  { type: 'spread', field: 'instanceId' },
];

type Measure = (host: HostRecord) => number;

/** Below zero where the host comes before all that have been found, above where it comes after. */
function compare(host: HostRecord, measures: readonly Measure[], least: readonly number[]): number {
  for (let at = 0; at < measures.length; at++) {
    const value = (measures[at] as Measure)(host);
    const found = least[at] as number;
    if (value !== found) return value < found ? -1 : 1;
  }
  return 0;
}

/** What the strategies compare hosts by, one after the other: the least of each are left. */
function measuresOf(request: PlacementRequest): Measure[] {
  const strategy = request.strategy.length > 0 ? request.strategy : request.service ? SERVICE_DEFAULT : [];
  const measures: Measure[] = [];
  for (const { type, field } of strategy) {
    if (type === 'binpack') measures.push((host) => freeOf(host, field));
    else if (type === 'spread') measures.push(crowding(request, field));
    else if (type === 'random') break;
  }
  return measures;
}

/** The host's value of a strategy's field: tasks spread over the different ones. */
export function spreadValueOf(host: HostRecord, field: string | undefined): string | undefined {
  if (!field || field === 'instanceId' || field === 'host') return host.id;
  return host.attributes[field.replace(/^attribute:/, '')];
}

function freeOf(host: HostRecord, field: string | undefined): number {
  return field?.toLowerCase() === 'cpu'
    ? host.registered.cpu - host.claimed.cpu
    : host.registered.memoryMiB - host.claimed.memoryMiB;
}

/** How many tasks of the service share the host's value of the field. */
function crowding(request: PlacementRequest, field: string | undefined): Measure {
  const { service, group } = request;
  const onHost = (host: HostRecord): number => {
    if (service) return service.perHost.get(host) ?? 0;
    let count = 0;
    for (const task of host.tasks) if (task.group === group && task.desiredStatus === 'RUNNING') count++;
    return count;
  };
  if (!field || field === 'instanceId' || field === 'host') return onHost;
  const attribute = field.replace(/^attribute:/, '');
  if (service && attribute === 'ecs.availability-zone') return (host) => service.perZone.get(host.zone) ?? 0;
  const counts = new Map<string | undefined, number>();
  const among: Iterable<[HostRecord, number]> = service
    ? service.perHost
    : [...clusterHosts(request)].map((host): [HostRecord, number] => [host, onHost(host)]);
  for (const [host, count] of among) {
    const value = host.attributes[attribute];
    counts.set(value, (counts.get(value) ?? 0) + count);
  }
  return (host) => counts.get(host.attributes[attribute]) ?? 0;
}

function clusterHosts(request: PlacementRequest): Iterable<HostRecord> {
  return request.service?.clusterRecord.hosts ?? [];
}
