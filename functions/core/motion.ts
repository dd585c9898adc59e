/**
 * Rules 7 and 8: which host may drain now. Accepting one takes its tasks' room and motion, so the next is judged on
 * what is left.
 */
import { mayMove } from './budget.ts';
import { isStopping } from './drain.ts';
import type { Host } from './groups.ts';
import { isInterrupted } from './interruption.ts';
import type { Look } from './look.ts';
import { type Demand, type RoomHost, roomHost } from './placement.ts';
import { spans } from './providers.ts';
import { type Certainty, ServiceRoom } from './service-room.ts';
import type { ServiceLook } from './services.ts';

/** Why a host may not drain at this look. */
export interface Refusal {
  readonly rule: string;
  readonly reason: string;
  readonly service?: string;
}

/** Tasks that moved, and keep failing, are waited for so long before the next host of their service goes. */
export const RECOVER_MS = 180_000;
/** Task starts in flight per host that takes tasks: more would queue for image pulls. */
const STARTS_PER_HOST = 30;
/** A start, from placement to healthy, that the window must leave time for beside the stop. */
const START_SECONDS = 180;

export class Motion {
  readonly #look: Look;
  readonly #room: ServiceRoom;
  readonly #hostCount: number;
  readonly #planned = new Map<string, number>();
  readonly #zones = new Map<string, Set<string>>();
  /** Demand that found no room at all, beyond what was unplaced when the run was planned. */
  readonly short = new Map<string, number>();
  #starts = 0;
  /** Hosts with tasks to move, by pool: group and zone (rule 1). */
  readonly #moving = new Map<string, number>();

  /** `room`: the hosts that count as room, fullest knowledge first; their order does not matter. */
  readonly #countFailures: boolean;

  constructor(
    look: Look,
    room: readonly Host[],
    unplacedAtPlan: (serviceName: string) => number,
    /** False while hosts are given back: tasks that are not healthy there lose nothing by moving. */
    countFailures = true,
  ) {
    this.#look = look;
    this.#countFailures = countFailures;
    this.#hostCount = room.length;
    this.#room = new ServiceRoom(
      look,
      room.flatMap((host) => roomOf(host, look) ?? []),
    );
    this.#starts = room.reduce((sum, host) => sum + startingOn(host), 0);
    for (const host of look.hosts.values()) {
      if (host.kind === 'draining' && host.replicaCount > 0) this.#countMoving(host);
    }
    for (const service of look.services.values()) this.#placeWaiting(service, unplacedAtPlan);
    for (const service of look.services.values()) this.#keepRoomFor(service);
  }

  get roomHosts(): number {
    return this.#hostCount;
  }

  /** Accepts the host and answers undefined, or says what keeps it. */
  accept(host: Host): Refusal | undefined {
    const refusal =
      unreadRefuses(host) ??
      this.#interruptionRefuses(host) ??
      this.#servicesRefuse(host) ??
      (host.replicaCount > 0 ? this.#roomRefuses(host) : undefined);
    if (refusal !== undefined) return refusal;
    this.#count(host);
    return undefined;
  }

  /** Takes up a host whose drain another rule began at this very look. */
  include(host: Host): void {
    this.#placeAll(host);
    this.#count(host);
  }

  /** The share of its limit that would move of a service with `count` more tasks. */
  fillOf(serviceName: string, count = 0): number {
    const service = this.#look.services.get(serviceName);
    if (service === undefined) return 0;
    return (service.inMotion + (this.#planned.get(serviceName) ?? 0) + count) / service.limit;
  }

  #count(host: Host): void {
    for (const [name, count] of host.replicas) {
      this.#planned.set(name, (this.#planned.get(name) ?? 0) + count);
      const zones = this.#zones.get(name) ?? new Set();
      this.#zones.set(name, zones.add(host.zone));
    }
    this.#starts += host.replicaCount;
    if (host.replicaCount > 0) this.#countMoving(host);
  }

  #countMoving(host: Host): void {
    this.#moving.set(poolOf(host), (this.#moving.get(poolOf(host)) ?? 0) + 1);
  }

  /** Whether all tasks of the host would find room now, motion aside (a dead host: there is nothing to wait for). */
  makesRoomFor(host: Host): boolean {
    const mark = this.#room.mark();
    const short = this.#placeAll(host);
    if (short !== undefined) this.#room.rollback(mark);
    return short === undefined;
  }

  #placeWaiting(service: ServiceLook, unplacedAtPlan: (serviceName: string) => number): void {
    if (service.demand === undefined || service.toPlace === 0) return;
    const { serviceName } = service.facts;
    const short = this.#room.placeWaiting(service, service.demand);
    this.#starts += service.toPlace;
    // Demand that no host could ever take was there before us, or is its owner's: it must not stop every drain.
    const admitted = this.#room.admits(service.demand);
    if (admitted && short > unplacedAtPlan(serviceName)) this.short.set(serviceName, short);
  }

  #interruptionRefuses({ instanceId }: Host): Refusal | undefined {
    const { facts, nowMs } = this.#look;
    if (!isInterrupted(facts.memory, instanceId, nowMs)) return undefined;
    return { rule: '7', reason: 'Spot takes it back: it is left to AWS' };
  }

  /**
   * Tasks that started since the hosts were described may have taken room that looks free, or be on a host that is about to
   * drain: until somebody has read where they are, room is kept for them.
   */
  #keepRoomFor({ demand, unseen }: ServiceLook): void {
    if (demand === undefined) return;
    for (let kept = 0; kept < unseen; kept += 1) if (this.#room.placeAnywhere(demand) > 0) return;
  }

  #servicesRefuse(host: Host): Refusal | undefined {
    for (const [name, count] of host.replicas) {
      const service = this.#look.services.get(name);
      if (service === undefined || service.demand === undefined) {
        return {
          rule: '8',
          reason: `nothing is known of service ${name}, so no room can be found for it`,
          service: name,
        };
      }
      const refusal = this.#countFailures
        ? this.#serviceRefuses(service, count, host.zone)
        : (this.#failingRefuses(service, count) ??
          this.#serviceRefuses(service, healthyOn(host, name), host.zone));
      if (refusal !== undefined) return { ...refusal, service: name };
    }
    return undefined;
  }

  /** Tasks that are not healthy lose nothing by moving, but rule 7 counts them where they move because of us. */
  #failingRefuses(service: ServiceLook, count: number): Refusal | undefined {
    const name = service.facts.serviceName;
    const { hosts, nowMs } = this.#look;
    const leaving = service.unmoved + (this.#planned.get(name) ?? 0);
    const isRecovering =
      service.healthyElsewhere < service.facts.desiredCount &&
      [...hosts.values()].some(
        ({ memory: { served, drainingSinceMs = 0 } }) =>
          served?.includes(name) === true && nowMs - drainingSinceMs < RECOVER_MS,
      );
    const before = Math.max(leaving, isRecovering ? 1 : 0);
    if (mayMove(count, before, service.limit)) return undefined;
    return { rule: '7', reason: `tasks of ${name} have left a host and are not all up again` };
  }

  #serviceRefuses(service: ServiceLook, count: number, zone: string): Refusal | undefined {
    const name = service.facts.serviceName;
    if (service.serviceClass === 'stuck') {
      return {
        rule: '6',
        reason: `${name} may neither start nor stop a task first (minimumHealthyPercent ${service.facts.minimumHealthyPercent}, maximumPercent ${service.facts.maximumPercent}, ${service.facts.desiredCount} desired)`,
      };
    }
    if (service.facts.deploying && count > 0) return { rule: '5', reason: `${name} is deploying` };
    const inMotion = service.inMotion + (this.#planned.get(name) ?? 0);
    if (!mayMove(count, inMotion, service.limit)) {
      return { rule: '7', reason: `${inMotion} of ${name}'s tasks are in motion, ${service.limit} may be` };
    }
    if (service.serviceClass === 'may-stop-first' && count > 0) {
      const zones = [...service.drainingZones, ...(this.#zones.get(name) ?? [])];
      const other = zones.find((drainingZone) => drainingZone !== zone);
      if (other !== undefined) {
        return {
          rule: '7',
          reason: `${name} may stop tasks first and moves in ${other} now: one zone at a time`,
        };
      }
    }
    return undefined;
  }

  #roomRefuses(host: Host): Refusal | undefined {
    if (this.#hostCount === 0) return { rule: '8', reason: 'no new host is ready yet' };
    const [shortService] = this.short.keys();
    if (shortService !== undefined) {
      return {
        rule: '8',
        reason: `tasks of ${shortService} that move already have no room`,
        service: shortService,
      };
    }
    if (this.#starts > 0 && this.#starts + host.replicaCount > STARTS_PER_HOST * this.#hostCount) {
      return { rule: '8', reason: 'enough tasks are starting on the new hosts for now' };
    }
    const late = this.#windowRefuses(host);
    if (late !== undefined) return late;

    const mark = this.#room.mark();
    const short =
      this.#placeAll(host) ?? (this.#moving.has(poolOf(host)) ? this.#spareShort(host) : undefined);
    if (short === undefined) return undefined;
    this.#room.rollback(mark);
    // At rest there is nothing to wait for: room that ECS may or may not choose is room.
    if (this.#moving.size === 0 && this.#placeAll(host, 'perhaps') === undefined) return undefined;
    this.#room.rollback(mark);
    const providers = spans(this.#look.services.get(short)?.facts.strategy ?? []);
    const where = providers ? 'in each capacity provider that ECS may choose ' : '';
    return { rule: '8', reason: `no ready host ${where}has room for its task of ${short}`, service: short };
  }

  /** The first service of the host that finds no room; places all of them otherwise. Largest first: a better fit. */
  #placeAll(host: Host, certainty: Certainty = 'surely'): string | undefined {
    const demands = [...host.replicas].flatMap(([name, count]) => {
      const service = this.#look.services.get(name);
      return service?.demand === undefined ? [] : [{ name, count, service, demand: service.demand }];
    });
    const provider = host.facts?.capacityProviderName;
    demands.sort((a, b) => b.demand.needs.memoryMiB - a.demand.needs.memoryMiB || (a.name < b.name ? -1 : 1));
    return demands.find(
      ({ service, demand, count }) => this.#room.move(service, demand, count, provider, certainty) > 0,
    )?.name;
  }

  /**
   * While other hosts of the pool drain, one more largest task must fit: ECS does not pack as well as we do. Only CPU
   * and memory count here, since ports and `distinctInstance` do not fragment.
   */
  #spareShort(host: Host): string | undefined {
    let largest: Demand | undefined;
    for (const name of host.replicas.keys()) {
      const demand = this.#look.services.get(name)?.demand;
      if (demand !== undefined && demand.needs.memoryMiB > (largest?.needs.memoryMiB ?? -1)) largest = demand;
    }
    if (largest === undefined) return undefined;
    const mark = this.#room.mark();
    const short = this.#room.placeAnywhere(spareOf(largest));
    this.#room.rollback(mark);
    return short > 0 ? (largest.serviceName ?? 'one more task') : undefined;
  }

  #windowRefuses(host: Host): Refusal | undefined {
    const { window, nowMs } = this.#look;
    if (!window.open || window.closesAtMs === undefined || !Number.isFinite(window.closesAtMs))
      return undefined;
    const needsMs = drainSeconds(host, this.#look) * 1000;
    if (nowMs + needsMs <= window.closesAtMs) return undefined;
    return { rule: '8', reason: 'it could not finish before the window closes' };
  }
}

/** What moves with it would be a guess. */
function unreadRefuses({ facts }: Host): Refusal | undefined {
  return facts?.tasksUnread === true
    ? { rule: '8', reason: 'its tasks have changed and are not read yet: next look' }
    : undefined;
}

const poolOf = (host: Host) => `${host.autoScalingGroupName} ${host.zone}`;

/**
 * What is free on the host: what ECS says, but never more than registered less the tasks that we see on it, since the
 * two reads may be of different moments.
 */
function roomOf(host: Host, look: Look): RoomHost | undefined {
  const room = host.facts && roomHost(host.facts, new Set(host.replicas.keys()));
  const registered = host.facts?.registered;
  if (room === undefined || registered === undefined) return room;
  let { cpu, memoryMiB } = registered;
  for (const task of host.tasks) {
    const needs = look.definitions.get(task.taskDefinitionArn)?.needs;
    if (needs === undefined || isStopping(task)) continue;
    cpu -= needs.cpu;
    memoryMiB -= needs.memoryMiB;
  }
  const free = {
    ...room.free,
    cpu: Math.min(cpu, room.free.cpu),
    memoryMiB: Math.min(memoryMiB, room.free.memoryMiB),
  };
  return { ...room, free };
}

/** Seconds that draining the host takes when nothing goes wrong. */
export function drainSeconds(host: Host, look: Look): number {
  let stop = 0;
  for (const name of host.replicas.keys()) {
    const service = look.services.get(name);
    const definition = service && look.definitions.get(service.facts.taskDefinitionArn);
    stop = Math.max(
      stop,
      (service?.facts.deregistrationDelaySeconds ?? 0) + (definition?.stopTimeoutSeconds ?? 30),
    );
  }
  return host.replicaCount === 0 ? 60 : START_SECONDS + stop;
}

const spares = new WeakMap<Demand, Demand>();

function spareOf(demand: Demand): Demand {
  let spare = spares.get(demand);
  if (spare === undefined) {
    const needs = { ...demand.needs, gpus: 0, eniSlots: 0, ports: [] };
    spare = { ...demand, needs, distinctInstance: false };
    spares.set(demand, spare);
  }
  return spare;
}

const healthyOn = (host: Host, serviceName: string) =>
  host.tasks.filter((task) => task.serviceName === serviceName && task.healthy).length;

function startingOn(host: Host): number {
  return host.tasks.filter(
    (task) =>
      ['PENDING', 'PROVISIONING', 'ACTIVATING'].includes(task.lastStatus) && task.desiredStatus === 'RUNNING',
  ).length;
}
