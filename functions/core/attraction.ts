/**
 * Which hosts the next task of a service would be drawn to, by its placement strategy: what an ACTIVE old host attracts
 * has to move twice. Strategies are best effort in ECS; here they only order the drains, they allow nothing.
 * Source: Amazon ECS developer guide, "task-placement-strategies" (without one: spread over zones, then the instance
 * with the fewest tasks of the service).
 */
import type { HostFacts, ServiceFacts } from './facts.ts';
import type { Host } from './groups.ts';
import type { Look } from './look.ts';
import { constraintMisfit, fitsOn, type RoomHost, roomHost } from './placement.ts';

type Strategy = ServiceFacts['placementStrategy'];

const DEFAULT: Strategy = [
  { type: 'spread', field: 'attribute:ecs.availability-zone' },
  { type: 'spread', field: 'instanceId' },
];

interface Place {
  readonly facts: HostFacts;
  readonly room: RoomHost;
  readonly isOld: boolean;
  readonly tasks: ReadonlyMap<string, number>;
}

/** What draining an outdated host now would do to moves, in tasks. */
export interface DrainEffect {
  /** Of its own tasks, so many would go to another old host and move again. */
  readonly bounces: number;
  /** Of the others' tasks, so many would have come to it later. */
  readonly spares: number;
}

/**
 * The effect for each outdated host that is ACTIVE. Hosts with tasks that are drawn to old hosts do better to wait until
 * fewer of those are left.
 */
export function drainEffects(look: Look): ReadonlyMap<string, DrainEffect> {
  const places = activePlaces(look);
  const effects = new Map<string, DrainEffect>();
  const add = (id: string, bounces: number, spares: number) => {
    const known = effects.get(id);
    effects.set(id, { bounces: (known?.bounces ?? 0) + bounces, spares: (known?.spares ?? 0) + spares });
  };
  const old = [...look.hosts.values()].filter((host) => host.kind === 'outdated');
  const carriers = carriersOf(old);

  for (const service of look.services.values()) {
    const on = carriers.get(service.facts.serviceName);
    const { demand } = service;
    if (on === undefined || demand === undefined) continue;
    const fitting = places.filter(
      ({ room }) => fitsOn(demand, room) && constraintMisfit(demand, room) === undefined,
    );
    const best = favourites(service.facts, fitting);
    if (best.length === 0) continue;
    const share = 1 / best.length;
    const oldBest = best.filter((place) => place.isOld);
    const total = on.reduce((sum, { count }) => sum + count, 0);
    const own = new Map(on.map(({ host, count }) => [host.instanceId, count]));
    const oldIds = new Set(oldBest.map(({ facts }) => facts.instanceId));
    for (const id of oldIds) add(id, 0, (total - (own.get(id) ?? 0)) * share);
    for (const { host, count } of on) {
      const others = oldBest.length - Number(oldIds.has(host.instanceId));
      add(host.instanceId, count * share * others, 0);
    }
  }
  return effects;
}

function activePlaces(look: Look): Place[] {
  return look.facts.hosts.flatMap((facts) => {
    const host = look.hosts.get(facts.instanceId);
    const takes = facts.status === 'ACTIVE' && facts.agentConnected;
    if (!takes || host?.kind === 'draining' || host?.kind === 'gone') return [];
    const tasks = host?.replicas ?? new Map<string, number>();
    const room = roomHost(facts, new Set(tasks.keys()));
    return room === undefined ? [] : [{ facts, room, isOld: host?.kind === 'outdated', tasks }];
  });
}

function carriersOf(old: readonly Host[]): Map<string, { readonly host: Host; readonly count: number }[]> {
  const carriers = new Map<string, { readonly host: Host; readonly count: number }[]>();
  for (const host of old) {
    for (const [name, count] of host.replicas) {
      const known = carriers.get(name);
      if (known === undefined) carriers.set(name, [{ host, count }]);
      else known.push({ host, count });
    }
  }
  return carriers;
}

/** The places that the strategies leave, one after the other; the order of the list decides as in ECS. */
function favourites(service: ServiceFacts, fitting: readonly Place[]): readonly Place[] {
  const strategies = service.placementStrategy.length > 0 ? service.placementStrategy : DEFAULT;
  return strategies.reduce((places, strategy) => narrow(service.serviceName, strategy, places), fitting);
}

function narrow(serviceName: string, strategy: Strategy[number], places: readonly Place[]): readonly Place[] {
  const field = strategy.field ?? '';
  if (strategy.type === 'binpack') {
    return least(places, ({ room }) => (field.toLowerCase() === 'cpu' ? room.free.cpu : room.free.memoryMiB));
  }
  if (strategy.type !== 'spread') return places;
  if (field === 'instanceId' || field === 'host')
    return least(places, ({ tasks }) => tasks.get(serviceName) ?? 0);
  const name = field.replace(/^attribute:/, '');
  const key = ({ facts, room }: Place) => {
    return name === 'ecs.availability-zone' ? (facts.zone ?? '') : (room.attributes[name] ?? '');
  };
  const counts = new Map<string, number>();
  for (const place of places) {
    counts.set(key(place), (counts.get(key(place)) ?? 0) + (place.tasks.get(serviceName) ?? 0));
  }
  return least(places, (place) => counts.get(key(place)) ?? 0);
}

function least(places: readonly Place[], measure: (place: Place) => number): readonly Place[] {
  let lowest = Number.POSITIVE_INFINITY;
  const measures = places.map((place) => {
    const value = measure(place);
    if (value < lowest) lowest = value;
    return value;
  });
  return places.filter((_, at) => measures[at] === lowest);
}
