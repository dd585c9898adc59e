/**
 * Managed scaling: each minute ECS publishes how much of its group a provider needs, and a target tracking policy follows
 * that metric: out after one datapoint, in after 15 in a row (so 15 minutes after a scale-out at the earliest), at most half
 * of the hosts a minute.
 * Source: Amazon ECS developer guide, cluster-auto-scaling and managed-scaling-behavior; AWS containers blog,
 * faster-scaling-in-for-amazon-ecs-cluster-auto-scaling.
 *
 * Begins when a provider with managed scaling is associated with a cluster; ends, with its metric's alarms, when either
 * is no longer so.
 */
import type { GroupCapacity } from '../../world.ts';
import type { Parts } from '../parts.ts';
import type { ClusterRecord, HostRecord, HostSize } from '../records.ts';
import type { ProviderRecord, ScalingSettings } from './providers.ts';
import { reservationOf } from './reservation.ts';
import { SCALE_IN_DATAPOINTS, ScalingAlarms } from './scaling-alarms.ts';
import { protectBusyHosts } from './termination-protection.ts';

const NAMESPACE = 'AWS/ECS/ManagedScaling';
const METRIC = 'CapacityProviderReservation';
const EVERY_MS = 60_000;
/** From none it launches two, whatever is asked for. */
const FIRST_HOSTS = 2;
/** Reservation metrics drop DRAINING hosts 10 to 15 minutes late. Source: amazon-ecs-agent issue 718. */
const DRAINING_COUNTED_MS = 15 * 60_000;
/** Floating point must not launch a host more than the percentage says. */
const ROUNDING = 1e-9;

const SCALING = { kind: 'aws', name: 'managed-scaling' } as const;

interface Loop {
  readonly provider: ProviderRecord;
  readonly cluster: ClusterRecord;
  readonly alarms: ScalingAlarms;
  datapointsBelow: number;
}

export class ManagedScaling {
  readonly #parts: Parts;
  readonly #loops = new Map<string, Loop>();
  /** Sizes that a provider's hosts had when it last had any. */
  readonly #sizes = new WeakMap<ProviderRecord, readonly HostSize[]>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Looks which providers are to be scaled now; those that run already go on as they are. */
  sync(): void {
    const { providers, state, world } = this.#parts;
    for (const provider of providers.all())
      for (const cluster of state.clusters.values()) {
        if (this.#loops.has(keyOf(provider, cluster)) || !this.#isWanted(provider, cluster)) continue;
        const alarms = new ScalingAlarms(world, provider, cluster);
        const loop = { provider, cluster, alarms, datapointsBelow: 0 };
        this.#loops.set(keyOf(provider, cluster), loop);
        const phaseMs = world.random.stream('ecs/managed-scaling').integer(0, EVERY_MS);
        world.clock.after(phaseMs, () => this.#tick(loop));
      }
  }

  #isWanted(provider: ProviderRecord, cluster: ClusterRecord): boolean {
    const { providers } = this.#parts;
    return (
      provider.scaling !== null &&
      providers.find(provider.name) === provider &&
      providers.namesOf(cluster).includes(provider.name)
    );
  }

  #tick(loop: Loop): void {
    const { world } = this.#parts;
    const { provider, cluster } = loop;
    const { scaling, group } = provider;
    if (!scaling || group === null || !this.#isWanted(provider, cluster)) {
      this.#loops.delete(keyOf(provider, cluster));
      loop.alarms.remove();
      return;
    }
    world.clock.after(EVERY_MS, () => this.#tick(loop));
    const capacity = world.autoScaling.capacityOf(group);
    if (!capacity) return;
    const hosts = [...cluster.hosts].filter((host) => host.capacityProviderName === provider.name);
    if (provider.protects && capacity.newInstancesProtected) protectBusyHosts(world, hosts);
    const percent = this.#reservation(loop, scaling, hosts);
    const dimensions = { ClusterName: cluster.name, CapacityProviderName: provider.name };
    world.metrics.publish(NAMESPACE, METRIC, dimensions, percent);
    this.#follow(loop, scaling, percent, capacity);
  }

  #reservation(loop: Loop, scaling: ScalingSettings, hosts: readonly HostRecord[]): number {
    const counted = hosts.filter((host) => this.#counts(host));
    const sizes = new Map(hosts.map((host) => [host.attributes['ecs.instance-type'], host.registered]));
    if (sizes.size > 0) this.#sizes.set(loop.provider, [...sizes.values()]);
    return reservationOf(
      {
        running: counted.length,
        busy: counted.filter(hasWork).length,
        waiting: this.#parts.queue.waitingFor(loop.cluster, loop.provider.name),
        sizes: this.#sizes.get(loop.provider) ?? [],
      },
      scaling,
    );
  }

  #counts({ status, drainingSinceMs }: HostRecord): boolean {
    if (status === 'ACTIVE') return true;
    const { clock, readings } = this.#parts.world;
    return (
      status === 'DRAINING' &&
      readings.drainingCountsInReservation &&
      drainingSinceMs !== null &&
      clock.nowMs - drainingSinceMs < DRAINING_COUNTED_MS
    );
  }

  /** What the target tracking policy makes of the datapoint. */
  #follow(loop: Loop, scaling: ScalingSettings, percent: number, capacity: GroupCapacity): void {
    const { nowMs } = this.#parts.world.clock;
    const target = scaling.targetPercent;
    loop.datapointsBelow = percent < target ? loop.datapointsBelow + 1 : 0;
    loop.alarms.follow(percent, target, loop.datapointsBelow);
    const { members } = capacity;
    const wanted = members === 0 ? FIRST_HOSTS : Math.ceil((members * percent) / target - ROUNDING);
    if (percent > target) {
      // New hosts must settle before it launches more: any host that still warms up blocks it.
      const isWarming = nowMs - capacity.lastLaunchMs < scaling.warmupSeconds * 1000;
      if (!isWarming && wanted > capacity.desiredCapacity) this.#set(loop, wanted);
    } else if (loop.datapointsBelow >= SCALE_IN_DATAPOINTS) {
      const least = members - Math.max(1, Math.floor(members / 2));
      const next = Math.max(wanted, least);
      if (next < capacity.desiredCapacity) this.#set(loop, next);
    }
  }

  #set({ provider }: Loop, desired: number): void {
    this.#parts.world.autoScaling.setDesiredCapacity(provider.group ?? '', desired, SCALING);
  }
}

/** A host with daemons only counts as empty, and so does one whose tasks use no capacity provider. */
function hasWork(host: HostRecord): boolean {
  for (const task of host.tasks) if (!task.daemon && task.capacityProviderName !== undefined) return true;
  return false;
}

function keyOf(provider: ProviderRecord, cluster: ClusterRecord): string {
  return `${cluster.name}/${provider.name}`;
}
