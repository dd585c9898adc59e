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
  readonly room: RoomHost & { readonly free: { cpu: number; memoryMiB: number } };
  readonly isOld: boolean;
  /** By service; fractions where ECS has the choice. */
  readonly tasks: Map<string, number>;
}

/** What draining an outdated host now would do to moves, in tasks. */
export interface DrainEffect {
  /** Of its own tasks, so many would go to another old host and move again. */
  readonly bounces: number;
  /** Of the others' tasks, so many would have come to it later. */
  readonly spares: number;
}

/** Where the next task of one service is drawn to. */
interface Draw {
  readonly best: readonly Place[];
  readonly old: ReadonlySet<string>;
  /** Its tasks on outdated hosts that are ACTIVE. */
  readonly total: number;
}

/**
 * The effect of each drain, given those that are taken already: what they move fills the places that draw, so the next
 * host of one look may do well to wait until fewer old ones are left.
 */
export class Attraction {
  readonly #look: Look;
  readonly #places: Place[];
  readonly #draws = new Map<string, Draw>();
  readonly #old: Set<Host>;

  constructor(look: Look) {
    this.#look = look;
    this.#places = activePlaces(look);
    this.#old = new Set([...look.hosts.values()].filter((host) => host.kind === 'outdated'));
  }

  effectOf(host: Host): DrainEffect {
    let [bounces, spares] = [0, 0];
    for (const [name, count] of host.replicas) {
      const draw = this.#drawOf(name);
      if (draw.best.length === 0) continue;
      const others = draw.old.size - Number(draw.old.has(host.instanceId));
      bounces += (count * others) / draw.best.length;
    }
    for (const name of this.#look.services.keys()) {
      const draw = this.#drawOf(name);
      if (!draw.old.has(host.instanceId)) continue;
      spares += (draw.total - (host.replicas.get(name) ?? 0)) / draw.best.length;
    }
    return { bounces, spares };
  }

  /** The host drains: it draws nothing more, and its tasks go where they are drawn. */
  take(host: Host): void {
    this.#old.delete(host);
    const at = this.#places.findIndex(({ facts }) => facts.instanceId === host.instanceId);
    if (at >= 0) this.#places.splice(at, 1);
    for (const [name, draw] of this.#draws) if (draw.old.has(host.instanceId)) this.#draws.delete(name);
    for (const [name, count] of host.replicas) {
      this.#draws.delete(name);
      this.#settle(name, count);
    }
  }

  #settle(name: string, count: number): void {
    const demand = this.#look.services.get(name)?.demand;
    if (demand === undefined) return;
    for (let task = 0; task < count; task++) {
      const { best } = this.#drawOf(name);
      for (const { tasks, room } of best) {
        tasks.set(name, (tasks.get(name) ?? 0) + 1 / best.length);
        room.free.cpu -= demand.needs.cpu / best.length;
        room.free.memoryMiB -= demand.needs.memoryMiB / best.length;
      }
      this.#draws.delete(name);
    }
  }

  #drawOf(name: string): Draw {
    const known = this.#draws.get(name);
    if (known !== undefined) return known;
    const service = this.#look.services.get(name);
    const demand = service?.demand;
    const fitting =
      demand === undefined
        ? []
        : this.#places.filter(
            ({ room }) => fitsOn(demand, room) && constraintMisfit(demand, room) === undefined,
          );
    const best = service === undefined ? [] : favourites(service.facts, fitting);
    let total = 0;
    for (const host of this.#old) total += host.replicas.get(name) ?? 0;
    const old = new Set(best.filter(({ isOld }) => isOld).map(({ facts }) => facts.instanceId));
    const draw = { best, old, total };
    this.#draws.set(name, draw);
    return draw;
  }
}

function activePlaces(look: Look): Place[] {
  return look.facts.hosts.flatMap((facts) => {
    const host = look.hosts.get(facts.instanceId);
    const takes = facts.status === 'ACTIVE' && facts.agentConnected;
    if (!takes || host?.kind === 'draining' || host?.kind === 'gone') return [];
    const tasks = new Map(host?.replicas);
    const room = roomHost(facts, new Set(tasks.keys()));
    if (room === undefined) return [];
    return [{ facts, room: { ...room, free: { ...room.free } }, isOld: host?.kind === 'outdated', tasks }];
  });
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

/** Fractions of tasks add up to whole ones, nearly. */
const SAME = 1e-6;

function least(places: readonly Place[], measure: (place: Place) => number): readonly Place[] {
  let lowest = Number.POSITIVE_INFINITY;
  const measures = places.map((place) => {
    const value = measure(place);
    if (value < lowest) lowest = value;
    return value;
  });
  return places.filter((_, at) => (measures[at] ?? 0) <= lowest + SAME);
}
