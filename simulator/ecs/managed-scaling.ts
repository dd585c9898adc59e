/**
 * Capacity providers that scale their group: each minute ECS compares the hosts that its tasks need with those that it
 * has (CapacityProviderReservation), grows the group at once and shrinks it after 15 minutes; with managed termination
 * protection it keeps the protection on hosts with tasks and takes it off the others.
 * Source: Amazon ECS developer guide, cluster-auto-scaling, managed-scaling-behavior, managed-termination-protection.
 */
import type { AutoScalingGroupProvider } from '@aws-sdk/client-ecs';
import { groupName } from './arn.ts';
import type { Parts } from './parts.ts';
import type { ClusterRecord, HostRecord } from './records.ts';

const EVERY_MS = 60_000;
/** One-minute datapoints below the target before hosts are taken away, and the pause after hosts were added. */
const SCALE_IN_DATAPOINTS = 15;
const PAUSE_AFTER_SCALE_OUT_MS = 15 * 60_000;
/** Reservation drops DRAINING hosts 10 to 15 minutes late. Source: amazon-ecs-agent issue 718. */
const DRAINING_COUNTED_MS = 15 * 60_000;
/** From none it launches two. */
const FIRST_HOSTS = 2;

const SCALING = { kind: 'aws', name: 'managed-scaling' } as const;
const PROTECTION = { kind: 'aws', name: 'managed-termination-protection' } as const;

interface ScaledProvider {
  readonly name: string;
  readonly group: string;
  readonly cluster: ClusterRecord;
  readonly settings: AutoScalingGroupProvider;
  datapointsBelow: number;
  scaledOutAtMs: number;
}

export class ManagedScaling {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Begins to watch the providers that have it switched on. */
  start(): void {
    const { capture, state, world } = this.#parts;
    for (const { name, autoScalingGroupProvider: settings } of capture.ecs.capacityProviders) {
      if (name === undefined || !settings) continue;
      if (settings.managedScaling?.status !== 'ENABLED') continue;
      for (const cluster of state.clusters.values()) {
        if (!cluster.source.capacityProviders?.includes(name)) continue;
        const group = groupName(settings.autoScalingGroupArn ?? '');
        const provider = {
          name,
          group,
          cluster,
          settings,
          datapointsBelow: 0,
          scaledOutAtMs: Number.NEGATIVE_INFINITY,
        };
        const phaseMs = world.random.stream('ecs/managed-scaling').integer(0, EVERY_MS);
        world.clock.after(phaseMs, () => this.#tick(provider));
      }
    }
  }

  #tick(provider: ScaledProvider): void {
    this.#parts.world.clock.after(EVERY_MS, () => this.#tick(provider));
    const hosts = [...provider.cluster.hosts].filter((host) => host.capacityProviderName === provider.name);
    if (provider.settings.managedTerminationProtection === 'ENABLED') this.#protect(hosts);
    this.#scale(provider, hosts);
  }

  #protect(hosts: readonly HostRecord[]): void {
    const { autoScaling } = this.#parts.world;
    for (const host of hosts) {
      const isBusy = hasWork(host);
      if (autoScaling.isProtectedFromScaleIn(host.instanceId) !== isBusy)
        autoScaling.setProtection(host.instanceId, isBusy, PROTECTION);
    }
  }

  #scale(provider: ScaledProvider, hosts: readonly HostRecord[]): void {
    const { world } = this.#parts;
    const { nowMs } = world.clock;
    const target = provider.settings.managedScaling?.targetCapacity ?? 100;
    const counted = hosts.filter(
      ({ status, drainingSinceMs }) =>
        status === 'ACTIVE' ||
        (status === 'DRAINING' && drainingSinceMs !== null && nowMs - drainingSinceMs < DRAINING_COUNTED_MS),
    );
    const waiting = this.#hostsForWaiting(provider, hosts);
    const needed = counted.filter(hasWork).length + waiting;
    const reservation = counted.length === 0 ? (needed === 0 ? 100 : 200) : (needed / counted.length) * 100;
    provider.datapointsBelow = reservation < target ? provider.datapointsBelow + 1 : 0;

    const wanted =
      counted.length === 0 ? Math.max(needed, needed && FIRST_HOSTS) : Math.ceil((needed * 100) / target);
    const present = this.#machinesOf(provider.group);
    if (reservation > target && wanted > present) {
      provider.scaledOutAtMs = nowMs;
      world.autoScaling.setDesiredCapacity(provider.group, wanted, SCALING);
    } else if (
      wanted < present &&
      provider.datapointsBelow >= SCALE_IN_DATAPOINTS &&
      nowMs - provider.scaledOutAtMs >= PAUSE_AFTER_SCALE_OUT_MS
    ) {
      // At most half of the hosts a minute.
      const atLeast = Math.ceil(present / 2);
      world.autoScaling.setDesiredCapacity(provider.group, Math.max(wanted, atLeast), SCALING);
    }
  }

  /** Hosts for the tasks that wait in PROVISIONING: the fewest that could hold them, within the scaling steps. */
  #hostsForWaiting(provider: ScaledProvider, hosts: readonly HostRecord[]): number {
    let [cpu, memoryMiB, count] = [0, 0, 0];
    for (const task of provider.cluster.provisioning) {
      if (task.capacityProviderName !== provider.name) continue;
      cpu += task.cpu;
      memoryMiB += task.memoryMiB;
      count++;
    }
    if (count === 0) return 0;
    const size = hosts[0]?.registered;
    const fewest = size
      ? Math.max(
          1,
          Math.ceil(cpu / Math.max(1, size.cpu)),
          Math.ceil(memoryMiB / Math.max(1, size.memoryMiB)),
        )
      : 1;
    const { minimumScalingStepSize = 1, maximumScalingStepSize = 10_000 } =
      provider.settings.managedScaling ?? {};
    return Math.min(Math.max(fewest, minimumScalingStepSize), maximumScalingStepSize);
  }

  #machinesOf(group: string): number {
    let count = 0;
    for (const instance of this.#parts.world.ec2.instances())
      if (instance.group === group && (instance.state === 'pending' || instance.state === 'running')) count++;
    return count;
  }
}

/** A host with daemons only counts as empty, and so does one whose tasks use no capacity provider. */
function hasWork(host: HostRecord): boolean {
  for (const task of host.tasks) if (!task.daemon && task.capacityProviderName !== undefined) return true;
  return false;
}
