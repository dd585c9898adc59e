/**
 * Which hosts the next task of a service would be drawn to, by its placement strategy: what an ACTIVE old host attracts
 * has to move twice. Strategies are best effort in ECS; here they only order the drains, they allow nothing.
 * Source: Amazon ECS developer guide, "task-placement-strategies" (without one: spread over zones, then the instance
 * with the fewest tasks of the service).
 */
import type { HostFacts, ServiceFacts } from './facts.ts';
import type { Host } from './groups.ts';
import type { Look } from './look.ts';
import { constraintMisfit, type Demand, fitsOn, type RoomHost, roomHost } from './placement.ts';

type Strategy = ServiceFacts['placementStrategy'];

const DEFAULT: Strategy = [
  { type: 'spread', field: 'attribute:ecs.availability-zone' },
  { type: 'spread', field: 'instanceId' },
];

interface Place {
  /** Its number among all places: sets of places are lists of these, and what is known of each is in arrays by them. */
  readonly at: number;
  readonly facts: HostFacts;
  readonly room: RoomHost;
  readonly isOld: boolean;
  readonly replicas: ReadonlyMap<string, number>;
}

/** Tasks of one service, by place; fractions where ECS has the choice. */
type Counts = Float64Array;

/** Of a task that may come to any of so many places: too little of it to change what draws. */
const NEXT_TO_NONE = 0.05;

/** What draining an outdated host now would do to moves, in tasks. */
export interface DrainEffect {
  /** Of its own tasks, so many would go to another old host and move again. */
  readonly bounces: number;
  /** Of the others' tasks, so many would have come to it later. */
  readonly spares: number;
}

/** Where the next task of one service is drawn to. */
interface Draw {
  /** As they were at first: those that are gone since are out of the counts. */
  readonly best: readonly number[];
  bestCount: number;
  /** Numbers of the outdated ones of the best, at first. */
  readonly old: Int32Array;
  /** 1 for those that still are, by place. */
  readonly isOld: Uint8Array;
  oldCount: number;
  /** Its tasks on outdated hosts that are ACTIVE. */
  readonly total: number;
}

/**
 * The effect of each drain, given those that are taken already: what they move fills the places that draw, so the next
 * host of one look may do well to wait until fewer old ones are left.
 *
 * Asked for every host after every host that is taken: whatever does not change within a look is worked out once.
 */
export class Attraction {
  readonly #look: Look;
  readonly #places: readonly Place[];
  readonly #placeOf: ReadonlyMap<string, Place>;
  readonly #draws = new Map<string, Draw>();
  /** By place, until the next host is taken. */
  #spares: Float64Array | undefined;
  /** By service, its tasks on each place as the look found them. */
  readonly #own: ReadonlyMap<string, Uint16Array>;
  readonly #counts = new Map<string, Counts>();
  /** What is left on each place after those that are taken. */
  readonly #free: { readonly cpu: Float64Array; readonly memoryMiB: Float64Array };
  readonly #isGone: Uint8Array;
  /** By service, where its constraints let it go. */
  readonly #allowed = new Map<string, readonly number[]>();
  /** By field of a spread, the number of each place's value. */
  readonly #values = new Map<string, Int32Array>();
  readonly #old: Set<Host>;
  /** By service, tasks on `#old`. */
  readonly #totals = new Map<string, number>();

  constructor(look: Look) {
    this.#look = look;
    this.#places = activePlaces(look);
    this.#placeOf = new Map(this.#places.map((place) => [place.facts.instanceId, place]));
    this.#own = ownCounts(this.#places);
    this.#isGone = new Uint8Array(this.#places.length);
    this.#free = {
      cpu: Float64Array.from(this.#places, ({ room }) => room.free.cpu),
      memoryMiB: Float64Array.from(this.#places, ({ room }) => room.free.memoryMiB),
    };
    this.#old = new Set([...look.hosts.values()].filter((host) => host.kind === 'outdated'));
    for (const host of this.#old) this.#addTotals(host, 1);
  }

  effectOf(host: Host): DrainEffect {
    const at = this.#placeOf.get(host.instanceId)?.at ?? this.#places.length;
    let bounces = 0;
    for (const [name, count] of host.replicas) {
      const draw = this.#drawOf(name);
      if (draw.bestCount === 0) continue;
      const others = draw.oldCount - (draw.isOld[at] ?? 0);
      bounces += (count * others) / draw.bestCount;
    }
    this.#spares ??= this.#sparesNow();
    return { bounces, spares: this.#spares[at] ?? 0 };
  }

  /** The host drains: it draws nothing more, and its tasks go where they are drawn. */
  take(host: Host): void {
    this.#spares = undefined;
    if (this.#old.delete(host)) this.#addTotals(host, -1);
    const place = this.#placeOf.get(host.instanceId);
    if (place !== undefined) this.#leave(place);
    for (const [name, count] of host.replicas) {
      this.#draws.delete(name);
      this.#settle(name, count);
    }
  }

  #leave(place: Place): void {
    this.#isGone[place.at] = 1;
    for (const [name, draw] of this.#draws) {
      if (!draw.isOld[place.at]) continue;
      // Of several that draw alike, one with no task of the service: what the others are measured by stays as it is.
      if (draw.bestCount > 1 && (this.#countsOf(name)[place.at] ?? 0) < NEXT_TO_NONE) {
        draw.isOld[place.at] = 0;
        draw.oldCount--;
        draw.bestCount--;
      } else {
        this.#draws.delete(name);
      }
    }
  }

  #sparesNow(): Float64Array {
    const spares = new Float64Array(this.#places.length);
    for (const name of this.#look.services.keys()) {
      const { old, isOld, oldCount, bestCount, total } = this.#drawOf(name);
      if (oldCount === 0) continue;
      const own = this.#own.get(name);
      for (const at of old) {
        if (isOld[at]) spares[at] = (spares[at] ?? 0) + (total - (own?.[at] ?? 0)) / bestCount;
      }
    }
    return spares;
  }

  #settle(name: string, count: number): void {
    const demand = this.#look.services.get(name)?.demand;
    if (demand === undefined) return;
    const counts = this.#countsOf(name);
    const { cpu, memoryMiB } = this.#free;
    for (let task = 0; task < count; task++) {
      // Made anew for each task: none of its best is gone.
      const { best } = this.#drawOf(name);
      for (const at of best) {
        counts[at] = (counts[at] ?? 0) + 1 / best.length;
        cpu[at] = (cpu[at] ?? 0) - demand.needs.cpu / best.length;
        memoryMiB[at] = (memoryMiB[at] ?? 0) - demand.needs.memoryMiB / best.length;
      }
      this.#draws.delete(name);
    }
  }

  #drawOf(name: string): Draw {
    const known = this.#draws.get(name);
    if (known !== undefined) return known;
    const service = this.#look.services.get(name);
    const demand = service?.demand;
    const fitting = demand === undefined ? [] : this.#fitting(name, demand);
    const best = service === undefined ? [] : this.#favourites(service.facts, fitting);
    // One more, for hosts that are no place.
    const isOld = new Uint8Array(this.#places.length + 1);
    const old = Int32Array.from(best.filter((at) => this.#places[at]?.isOld));
    for (const at of old) isOld[at] = 1;
    const draw = {
      best,
      bestCount: best.length,
      old,
      isOld,
      oldCount: old.length,
      total: this.#totals.get(name) ?? 0,
    };
    this.#draws.set(name, draw);
    return draw;
  }

  #fitting(name: string, demand: Demand): readonly number[] {
    const { cpu, memoryMiB } = this.#free;
    const { needs } = demand;
    return this.#allowedOf(name, demand).filter((at) => {
      if (this.#isGone[at] || needs.cpu > (cpu[at] ?? 0) || needs.memoryMiB > (memoryMiB[at] ?? 0))
        return false;
      const place = this.#places[at];
      return isPlain(demand) || (place !== undefined && fitsOn(demand, place.room));
    });
  }

  /** The places that the strategies leave, one after the other; the order of the list decides as in ECS. */
  #favourites(service: ServiceFacts, fitting: readonly number[]): readonly number[] {
    const strategies = service.placementStrategy.length > 0 ? service.placementStrategy : DEFAULT;
    return strategies.reduce(
      (places, strategy) => this.#narrow(service.serviceName, strategy, places),
      fitting,
    );
  }

  #narrow(serviceName: string, strategy: Strategy[number], places: readonly number[]): readonly number[] {
    const field = strategy.field ?? '';
    if (strategy.type === 'binpack') {
      return least(places, field.toLowerCase() === 'cpu' ? this.#free.cpu : this.#free.memoryMiB);
    }
    if (strategy.type !== 'spread') return places;
    const counts = this.#countsOf(serviceName);
    if (field === 'instanceId' || field === 'host') return least(places, counts);
    const values = this.#valuesOf(field.replace(/^attribute:/, ''));
    const byValue: number[] = [];
    for (const at of places) {
      const value = values[at] ?? 0;
      byValue[value] = (byValue[value] ?? 0) + (counts[at] ?? 0);
    }
    const lowest = places.reduce((low, at) => Math.min(low, byValue[values[at] ?? 0] ?? 0), Infinity);
    return places.filter((at) => (byValue[values[at] ?? 0] ?? 0) <= lowest + SAME);
  }

  #allowedOf(name: string, demand: Demand): readonly number[] {
    let allowed = this.#allowed.get(name);
    if (allowed === undefined) {
      allowed = this.#places.flatMap(({ at, room }) =>
        constraintMisfit(demand, room) === undefined ? [at] : [],
      );
      this.#allowed.set(name, allowed);
    }
    return allowed;
  }

  #countsOf(name: string): Counts {
    let counts = this.#counts.get(name);
    if (counts === undefined) {
      const own = this.#own.get(name);
      counts = own === undefined ? new Float64Array(this.#places.length) : Float64Array.from(own);
      this.#counts.set(name, counts);
    }
    return counts;
  }

  #valuesOf(attribute: string): Int32Array {
    let values = this.#values.get(attribute);
    if (values === undefined) {
      const numbers = new Map<string, number>();
      values = Int32Array.from(this.#places, ({ facts, room }) => {
        const value =
          attribute === 'ecs.availability-zone' ? (facts.zone ?? '') : (room.attributes[attribute] ?? '');
        const number = numbers.get(value) ?? numbers.size;
        numbers.set(value, number);
        return number;
      });
      this.#values.set(attribute, values);
    }
    return values;
  }

  #addTotals(host: Host, sign: 1 | -1): void {
    for (const [name, count] of host.replicas)
      this.#totals.set(name, (this.#totals.get(name) ?? 0) + sign * count);
  }
}

function ownCounts(places: readonly Place[]): Map<string, Uint16Array> {
  const own = new Map<string, Uint16Array>();
  for (const { at, replicas } of places) {
    for (const [name, count] of replicas) {
      let counts = own.get(name);
      if (counts === undefined) {
        counts = new Uint16Array(places.length);
        own.set(name, counts);
      }
      counts[at] = count;
    }
  }
  return own;
}

function activePlaces(look: Look): Place[] {
  const places: Place[] = [];
  for (const facts of look.facts.hosts) {
    const host = look.hosts.get(facts.instanceId);
    const takes = facts.status === 'ACTIVE' && facts.agentConnected;
    if (!takes || host?.kind === 'draining' || host?.kind === 'gone') continue;
    const replicas = host?.replicas ?? new Map<string, number>();
    const room = roomHost(facts, new Set(replicas.keys()));
    if (room === undefined) continue;
    places.push({
      at: places.length,
      facts,
      room,
      isOld: host?.kind === 'outdated',
      replicas,
    });
  }
  return places;
}

/** Fractions of tasks add up to whole ones, nearly. */
const SAME = 1e-6;

function least(places: readonly number[], measures: Float64Array): readonly number[] {
  let lowest = Number.POSITIVE_INFINITY;
  for (const at of places) lowest = Math.min(lowest, measures[at] ?? 0);
  return places.filter((at) => (measures[at] ?? 0) <= lowest + SAME);
}

/** Nothing but CPU and memory decides whether a host takes such a task. */
const isPlain = ({ needs, distinctInstance }: Demand) =>
  !distinctInstance && needs.gpus === 0 && needs.eniSlots === 0 && needs.ports.length === 0;
