/**
 * Room for the tasks of services. With one provider, or none, any fitting host will do; a service whose strategy spans
 * several has its next task wait in PROVISIONING for the provider that ECS chose, even where another has room (the
 * containers roadmap's issue 1859 tells of a drain that stood still for it). So room is taken in that provider.
 */
import type { HostFacts } from './facts.ts';
import { tasksByHost } from './groups.ts';
import type { Look } from './look.ts';
import { type Demand, Room, type RoomHost, roomHost } from './placement.ts';
import {
  type Choosing,
  choose,
  mostOf,
  type ProviderCounts,
  spans,
  waysOfChoosing,
  without,
} from './providers.ts';
import type { ServiceLook } from './services.ts';

/** `surely`: however ECS chooses; `perhaps`: in one way of choosing at least that keeps to the base. */
export type Certainty = 'surely' | 'perhaps';

export interface Mark {
  readonly ready: number;
  readonly staying: number;
  readonly ways: ReadonlyMap<string, readonly Choosing[]>;
}

export class ServiceRoom {
  readonly #look: Look;
  readonly #ready: Room;
  /** Providers whose hosts this run replaces: there only ready ones are room. */
  readonly #rolled: ReadonlySet<string>;
  #staying: Room | undefined;
  #ways = new Map<string, readonly Choosing[]>();

  constructor(look: Look, ready: readonly RoomHost[]) {
    this.#look = look;
    this.#ready = new Room(ready);
    this.#rolled = new Set(look.groups.flatMap(({ facts }) => facts.capacityProviderName ?? []));
  }

  /** Whether any host could ever take such a task. */
  admits(demand: Demand): boolean {
    return this.#ready.admits(demand);
  }

  mark(): Mark {
    return {
      ready: this.#ready.mark(),
      staying: this.#staying?.mark() ?? 0,
      ways: new Map(this.#ways),
    };
  }

  rollback({ ready, staying, ways }: Mark): void {
    this.#ready.rollback(ready);
    this.#staying?.rollback(staying);
    this.#ways = new Map(ways);
  }

  /** Any host of the service's providers; for what is not a task that ECS is about to start. */
  placeAnywhere(demand: Demand): number {
    return this.#ready.place(demand);
  }

  /** Takes room for the tasks that wait already; answers how many find none, at best. */
  placeWaiting(service: ServiceLook, demand: Demand): number {
    const { strategy } = service.facts;
    if (!spans(strategy)) return this.#ready.place(demand, service.toPlace);
    let short = 0;
    let rest = service.toPlace;
    for (const [provider, count] of service.waitingFor) {
      short += this.#place(demand, provider, count);
      rest -= count;
    }
    if (rest <= 0) return short;
    const chosen = this.#waysOf(service).map((way) => choose(strategy, way, rest));
    const shorts = chosen.map((one) => this.#tried(demand, one.chosen));
    for (const [provider, count] of mostOf(chosen.map((one) => one.chosen)))
      this.#place(demand, provider, count);
    this.#ways.set(
      service.facts.serviceName,
      chosen.map((one) => one.after),
    );
    return short + Math.min(...shorts);
  }

  /** Takes room for the replacements of tasks that leave a host of `provider`; answers how many find none. */
  move(
    service: ServiceLook,
    demand: Demand,
    count: number,
    provider: string | undefined,
    certainty: Certainty,
  ): number {
    const { strategy, serviceName } = service.facts;
    if (!spans(strategy)) return this.#ready.place(demand, count);
    const chosen = this.#waysOf(service).map((way) => choose(strategy, without(way, provider, count), count));
    this.#ways.set(
      serviceName,
      chosen.map((one) => one.after),
    );
    if (certainty === 'surely') return this.#take(demand, mostOf(chosen.map((one) => one.chosen)));
    // Where tasks that leave still count, a base looks filled that their going leaves short: that way it is not kept.
    const hasBase = strategy.some(({ base }) => base > 0);
    const splits = chosen.filter(({ after }) => !(hasBase && after.countsLeaving)).map((one) => one.chosen);
    const best = splits.find((split) => this.#tried(demand, split) === 0) ?? splits[0];
    return best === undefined ? count : this.#take(demand, best);
  }

  #waysOf(service: ServiceLook): readonly Choosing[] {
    const { serviceName, strategy } = service.facts;
    return (
      this.#ways.get(serviceName) ??
      waysOfChoosing(strategy, service.stayingByProvider, service.leavingByProvider)
    );
  }

  #take(demand: Demand, split: ProviderCounts): number {
    let short = 0;
    for (const [provider, count] of split) short += this.#place(demand, provider, count);
    return short;
  }

  /** As `#take`, and gives all of it back. */
  #tried(demand: Demand, split: ProviderCounts): number {
    const mark = this.mark();
    const short = this.#take(demand, split);
    this.rollback(mark);
    return short;
  }

  #place(demand: Demand, provider: string, count: number): number {
    const own = demandIn(demand, provider);
    return (this.#rolled.has(provider) ? this.#ready : this.#others()).place(own, count);
  }

  /** Hosts of providers that this run does not touch: nothing on them moves, so what is free there is room. */
  #others(): Room {
    if (this.#staying !== undefined) return this.#staying;
    const tasks = tasksByHost(this.#look.facts.tasks);
    const services = ({ instanceId }: HostFacts) =>
      new Set((tasks.get(instanceId) ?? []).flatMap(({ serviceName }) => serviceName ?? []));
    this.#staying = new Room(
      this.#look.facts.hosts
        .filter(({ status, agentConnected }) => status === 'ACTIVE' && agentConnected)
        .filter(({ capacityProviderName: name }) => name !== undefined && !this.#rolled.has(name))
        .flatMap((host) => roomHost(host, services(host)) ?? []),
    );
    return this.#staying;
  }
}

const byProvider = new WeakMap<Demand, Map<string, Demand>>();

/** The same demand on one provider alone. Made once: `Room` keeps what fits by demand. */
function demandIn(demand: Demand, provider: string): Demand {
  let known = byProvider.get(demand);
  if (known === undefined) {
    known = new Map();
    byProvider.set(demand, known);
  }
  let own = known.get(provider);
  if (own === undefined) {
    own = { ...demand, capacityProviders: [provider] };
    known.set(provider, own);
  }
  return own;
}
