/**
 * Container instances: how hosts join, flap, change status and leave.
 * Source: Amazon ECS API reference, ContainerInstance.status, UpdateContainerInstancesState,
 * DeregisterContainerInstance; amazon-ecs-agent, ecs-agent/wsclient/client.go for the connection.
 */
import type { Attribute, ContainerInstance } from '@aws-sdk/client-ecs';
import type { Actor, StopCause } from '../observation.ts';
import type { Instance } from '../world.ts';
import { defaultAttributes } from './default-attributes.ts';
import type { HostHealth } from './host-health.ts';
import { sizeOf } from './host-size.ts';
import type { Parts } from './parts.ts';
import { type ClusterRecord, HostRecord, type HostStatus, type TaskRecord } from './records.ts';
import { isTrunkingOn, releaseTrunk, supportsTrunk, TRUNK_ATTRIBUTE, takeTrunk } from './trunks.ts';
import { clusterInUserData } from './user-data.ts';

/** The agent is forced to connect anew every 30 minutes, give or take 5 of jitter. */
const CONNECTION_SECONDS = [1800, 2100] as const;
/** Back-off of the reconnect: 250 ms growing to 2 minutes; nearly always the first try works. */
const RECONNECT_SECONDS = [0.25, 3] as const;
const SLOW_RECONNECT_SECONDS = [3, 90] as const;
const SLOW_RECONNECT_SHARE = 0.05;
const TRUNK_SECONDS = [10, 40] as const;
/** How long INACTIVE hosts can be described is not documented. */
const INACTIVE_KEPT_MS = 3_600_000;
const INACTIVE_GONE_MS = 5_000;
/** A new agent's checks have run for the first time. */
const FIRST_CHECKS_SECONDS = [10, 60] as const;
/** Away for so long, a host counts as unhealthy where a short disconnection does not. */
const UNHEALTHY_AFTER_SECONDS = 180;

const OWN_ATTRIBUTES = [
  'ecs.ami-id',
  'ecs.availability-zone',
  'ecs.subnet-id',
  'ecs.instance-type',
  TRUNK_ATTRIBUTE,
];

export class AgentRegistry {
  readonly #parts: Parts;
  readonly #expected = new Set<string>();
  readonly #orphans = new Map<string, readonly TaskRecord[]>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** A machine runs: its agent will report in a while, if the image lets it. */
  instanceRuns(instance: Instance): void {
    const { world, state } = this.#parts;
    const known = state.hostOfInstance.get(instance.instanceId);
    const waitMs = () =>
      world.random.stream('ecs/registration').between(world.timings.registerSeconds(instance.group)) * 1000;
    if (known) {
      if (!known.dead) return;
      known.dead = null;
      known.reconnectTimer = world.clock.after(waitMs(), () => this.#connect(known));
      return;
    }
    // Warm pool members boot, but their agent waits until they are pulled out. Source: using-warm-pool.
    if (world.autoScaling.membership(instance.instanceId)?.lifecycleState.startsWith('Warmed:')) return;
    if (this.#expected.has(instance.instanceId)) return;
    this.#expected.add(instance.instanceId);
    world.clock.after(waitMs(), () => {
      this.#expected.delete(instance.instanceId);
      if (instance.state === 'running' && !world.faults.neverRegisters(instance.imageId))
        this.#join(instance);
    });
  }

  /** Puts a host in place as captured. */
  adopt(source: ContainerInstance, cluster: ClusterRecord): HostRecord {
    const instanceId = source.ec2InstanceId ?? '';
    const host = this.#make(
      source,
      cluster,
      instanceId,
      source.containerInstanceArn ?? instanceId,
      source.attributes,
    );
    host.status = (source.status as HostStatus | undefined) ?? 'ACTIVE';
    host.statusReason = source.statusReason;
    host.agentConnected = source.agentConnected ?? true;
    host.version = source.version ?? 1;
    host.capacityProviderName = source.capacityProviderName;
    host.tags = source.tags ?? [];
    if (host.status === 'DRAINING') {
      host.drainActor = { kind: 'aws', name: 'captured' };
      host.drainingSinceMs = this.#parts.world.clock.nowMs;
    }
    if (host.agentConnected) {
      const stream = this.#parts.world.random.stream('ecs/agent');
      this.#scheduleFlap(host, stream.between([0, CONNECTION_SECONDS[1]]));
    } else host.health = 'silent';
    if (TRUNK_ATTRIBUTE in host.attributes) host.trunkSubnet = host.attributes['ecs.subnet-id'];
    if (host.status === 'REGISTERING') this.#afterTrunk(() => this.#activate(host));
    if (host.status === 'DEREGISTERING') this.#afterTrunk(() => this.#forget(host));
    return host;
  }

  /** ACTIVE or DRAINING, with all that follows at once. */
  setStatus(host: HostRecord, status: 'ACTIVE' | 'DRAINING', actor: Actor): void {
    if (host.status === status || (host.status !== 'ACTIVE' && host.status !== 'DRAINING')) return;
    const { journal, scheduler, daemons, world } = this.#parts;
    host.status = status;
    host.drainActor = status === 'DRAINING' ? actor : null;
    host.drainingSinceMs = status === 'DRAINING' ? world.clock.nowMs : null;
    journal.hostChanged(host, { actor, emits: world.readings.statusChangeEmitsEvent });
    if (status === 'DRAINING') scheduler.hostDrains(host);
    else scheduler.hostActive(host);
    daemons.hostChanged(host);
  }

  /** The connection drops and comes back, or not before `seconds` are over when that is given. */
  disconnect(host: HostRecord, seconds?: number): void {
    const { clock, random } = this.#parts.world;
    if (host.dead || (!host.agentConnected && seconds === undefined)) return;
    const stream = random.stream('ecs/agent');
    const drawn = stream.chance(SLOW_RECONNECT_SHARE) ? SLOW_RECONNECT_SECONDS : RECONNECT_SECONDS;
    const away = seconds ?? stream.between(drawn);
    this.agentLeaves(host, away);
    host.reconnectTimer = clock.after(away * 1000, () => this.#connect(host));
  }

  /** @param awaySeconds for how long, if it will be back */
  agentLeaves(host: HostRecord, awaySeconds = Number.POSITIVE_INFINITY): void {
    const { clock, readings } = this.#parts.world;
    clock.cancel(host.flapTimer);
    clock.cancel(host.reconnectTimer);
    if (!host.agentConnected || host.status === 'INACTIVE') return;
    host.agentConnected = false;
    this.#parts.journal.hostChanged(host, { emits: true });
    if (readings.shortDisconnectImpairsHealth) this.#setHealth(host, 'silent');
    else if (awaySeconds > UNHEALTHY_AFTER_SECONDS)
      clock.after(UNHEALTHY_AFTER_SECONDS * 1000, () => {
        if (!host.agentConnected) this.#setHealth(host, 'silent');
      });
  }

  /**
   * Its tasks are lost to ECS. It is INACTIVE then, and listed no more; a trunk interface is removed first. The agent of
   * a machine that lives on tries again every hour and is turned away: only a person can make it register anew.
   * Source: amazon-ecs-agent, ecs-agent/acs/session/session.go (an inactive instance reconnects after an hour).
   */
  retire(host: HostRecord, cause: StopCause): void {
    if (host.status === 'INACTIVE' || host.status === 'DEREGISTERING') return;
    const { journal, world, loss, daemons } = this.#parts;
    if (!host.dead && world.readings.forcedDeregistrationOrphansTasks)
      this.#orphans.set(
        host.instanceId,
        [...host.tasks].filter(({ begun }) => begun),
      );
    loss.loseTasks(host, cause);
    world.clock.cancel(host.flapTimer);
    world.clock.cancel(host.reconnectTimer);
    host.agentConnected = false;
    if (!(TRUNK_ATTRIBUTE in host.attributes)) {
      this.#forget(host, cause.actor);
      return;
    }
    host.status = 'DEREGISTERING';
    journal.hostChanged(host, { actor: cause.actor, emits: true });
    daemons.hostChanged(host);
    this.#afterTrunk(() => this.#forget(host, cause.actor));
  }

  /** Tasks of the machine that run on although ECS has forgotten them. */
  orphansOn(instanceId: string): readonly TaskRecord[] {
    return this.#orphans.get(instanceId) ?? [];
  }

  /** The machine is gone, and what ran on it unknown to ECS too. */
  machineGone(instanceId: string): void {
    this.#orphans.delete(instanceId);
  }

  setAttributes(host: HostRecord, attributes: readonly Attribute[]): void {
    host.attributeList = attributes.map(({ name, value }) => ({
      name,
      ...(value !== undefined && { value }),
    }));
    host.attributes = Object.fromEntries(attributes.map(({ name, value }) => [name, value ?? '']));
    host.attributesVersion++;
  }

  #join(instance: Instance): void {
    const { world, journal } = this.#parts;
    const cluster = this.#clusterOf(instance);
    if (!cluster) return;
    const id = world.random.stream('ecs/ids').hex(32);
    const arn = `arn:aws:ecs:${world.region}:${world.accountId}:container-instance/${cluster.name}/${id}`;
    const like = this.#like(instance, cluster);
    const [groupMate] = (instance.group !== null && this.#parts.state.hostsOfGroup.get(instance.group)) || [];
    const kept = ((like ?? groupMate)?.attributeList ?? defaultAttributes()).filter(
      ({ name }) => !OWN_ATTRIBUTES.includes(name ?? ''),
    );
    const isTrunked = this.#getsTrunk(instance, like, kept);
    const host = this.#make(
      {
        ...(like && {
          versionInfo: like.source.versionInfo,
          registeredResources: like.source.registeredResources,
        }),
      },
      cluster,
      instance.instanceId,
      arn,
      [
        ...kept,
        { name: 'ecs.ami-id', value: instance.imageId },
        { name: 'ecs.availability-zone', value: instance.zone },
        { name: 'ecs.subnet-id', value: instance.subnetId },
        { name: 'ecs.instance-type', value: instance.instanceType },
        ...(isTrunked
          ? [{ name: TRUNK_ATTRIBUTE, value: `eni-0${world.random.stream('ecs/trunks').hex(16)}` }]
          : []),
      ],
    );
    host.capacityProviderName = this.#providerOf(instance.group, cluster);
    host.health = 'INITIALIZING';
    this.#scheduleFlap(host);
    const checkedMs = world.random.stream('ecs/host-health').between(FIRST_CHECKS_SECONDS) * 1000;
    world.clock.after(checkedMs, () => {
      if (host.agentConnected) this.#setHealth(host, 'OK');
    });
    if (!isTrunked) {
      this.#activate(host);
      return;
    }
    host.status = 'REGISTERING';
    journal.hostChanged(host, { emits: true });
    this.#afterTrunk(() => this.#activate(host));
  }

  /** A host can take tasks, unless its trunk interface could not be made. */
  #activate(host: HostRecord): void {
    const { journal, scheduler, daemons, world } = this.#parts;
    if (host.status === 'INACTIVE' || host.status === 'DEREGISTERING' || host.dead) return;
    const isFirst = host.status !== 'REGISTERING';
    if (!isFirst && !takeTrunk(host, world)) {
      host.status = 'REGISTRATION_FAILED';
      host.statusReason =
        'The trunk network interface could not be created: InsufficientFreeAddressesInSubnet';
      // Source: container-instance-eni ("Amazon ECS emits container instance state change events" for it).
      journal.hostChanged(host, { emits: true });
      return;
    }
    host.status = 'ACTIVE';
    journal.hostChanged(host, { emits: isFirst || world.readings.statusChangeEmitsEvent });
    // A daemon is the first on a new host. Source: Amazon ECS developer guide, ecs_service-options.
    daemons.hostChanged(host);
    scheduler.hostActive(host);
  }

  #forget(host: HostRecord, actor?: Actor): void {
    const { state, journal, world, daemons } = this.#parts;
    releaseTrunk(host, world);
    host.status = 'INACTIVE';
    host.agentConnected = false;
    host.clusterRecord.hosts.delete(host);
    if (state.hostOfInstance.get(host.instanceId) === host) state.hostOfInstance.delete(host.instanceId);
    for (const hosts of state.hostsOfGroup.values()) hosts.delete(host);
    for (const service of host.clusterRecord.services.values()) service.allowed.delete(host);
    journal.hostChanged(host, { ...(actor && { actor }), emits: true });
    daemons.hostChanged(host);
    const keptMs = world.readings.inactiveHostsStayDescribable ? INACTIVE_KEPT_MS : INACTIVE_GONE_MS;
    world.clock.after(keptMs, () => {
      state.hosts.delete(host.id);
      journal.hosts.remove(host.id);
    });
  }

  /** The account setting decides, for new hosts only; where the capture is silent, hosts like it tell. */
  #getsTrunk(instance: Instance, like: HostRecord | undefined, kept: readonly Attribute[]): boolean {
    const osType = kept.find(({ name }) => name === 'ecs.os-type')?.value;
    if (!supportsTrunk(instance.instanceType, osType, like?.source.versionInfo?.agentVersion)) return false;
    return isTrunkingOn(this.#parts.capture) ?? (like !== undefined && TRUNK_ATTRIBUTE in like.attributes);
  }

  #afterTrunk(run: () => void): void {
    const { clock, random } = this.#parts.world;
    clock.after(random.stream('ecs/registration').between(TRUNK_SECONDS) * 1000, run);
  }

  #setHealth(host: HostRecord, health: HostHealth): void {
    if (host.health === health || host.status === 'INACTIVE') return;
    host.health = health;
    host.healthChangedAtMs = this.#parts.world.clock.nowMs;
    this.#parts.journal.hostHealthChanged(host);
  }

  #make(
    source: ContainerInstance,
    cluster: ClusterRecord,
    instanceId: string,
    arn: string,
    attributes: readonly Attribute[] = [],
  ): HostRecord {
    const { world, state } = this.#parts;
    const type = attributes.find(({ name }) => name === 'ecs.instance-type')?.value ?? '';
    const trunked = attributes.some(({ name }) => name === TRUNK_ATTRIBUTE);
    const host = new HostRecord(
      {
        containerInstanceArn: arn,
        id: arn.slice(arn.lastIndexOf('/') + 1),
        instanceId,
        registeredAtMs: source.registeredAt?.getTime() ?? world.clock.nowMs,
      },
      cluster,
      sizeOf(source, type, world.ec2.instanceType(type), trunked),
      source,
    );
    this.setAttributes(host, attributes);
    cluster.hosts.add(host);
    state.hosts.set(host.id, host);
    if (instanceId) state.hostOfInstance.set(instanceId, host);
    const group = world.ec2.instance(instanceId)?.group;
    if (group) {
      const hosts = state.hostsOfGroup.get(group) ?? new Set();
      state.hostsOfGroup.set(group, hosts.add(host));
    }
    return host;
  }

  /** Its user data's word, else where its group's hosts are, else its capacity provider's cluster. */
  #clusterOf(instance: Instance): ClusterRecord | undefined {
    const { state, providers } = this.#parts;
    const named = clusterInUserData(instance.userData);
    if (named !== undefined) return state.clusters.get(named);
    if (instance.group === null) return undefined;
    for (const host of state.hostsOfGroup.get(instance.group) ?? []) return host.clusterRecord;
    for (const host of state.hosts.values())
      if (this.#parts.world.ec2.instance(host.instanceId)?.group === instance.group)
        return host.clusterRecord;
    for (const cluster of state.clusters.values())
      if (this.#providerOf(instance.group, cluster) !== undefined) return cluster;
    for (const { group, source } of providers.all())
      if (source.cluster && group === instance.group) return state.clusters.get(source.cluster);
    return undefined;
  }

  /** A host of that type in the group, else in the cluster. */
  #like(instance: Instance, cluster: ClusterRecord): HostRecord | undefined {
    const { state } = this.#parts;
    const isLike = (host: HostRecord) => host.attributes['ecs.instance-type'] === instance.instanceType;
    for (const host of (instance.group !== null && state.hostsOfGroup.get(instance.group)) || [])
      if (host.clusterRecord === cluster && isLike(host)) return host;
    for (const host of cluster.hosts) if (isLike(host)) return host;
    // The group may have been emptied meanwhile: its former hosts still tell.
    for (const host of state.hosts.values()) if (host.clusterRecord === cluster && isLike(host)) return host;
    return undefined;
  }

  #providerOf(group: string | null, cluster: ClusterRecord): string | undefined {
    return group === null ? undefined : this.#parts.providers.ofGroup(group, cluster);
  }

  #connect(host: HostRecord): void {
    if (host.agentConnected || host.dead || host.status === 'INACTIVE') return;
    host.agentConnected = true;
    this.#parts.journal.hostChanged(host, { emits: true });
    this.#setHealth(host, 'OK');
    this.#scheduleFlap(host);
    for (const run of host.whenConnected.splice(0)) run();
    this.#parts.starter.admit(host);
    this.#parts.daemons.hostConnected(host);
    this.#parts.queue.roomChanged(host.clusterRecord);
  }

  #scheduleFlap(host: HostRecord, afterSeconds?: number): void {
    const { clock, random } = this.#parts.world;
    const seconds = afterSeconds ?? random.stream('ecs/agent').between(CONNECTION_SECONDS);
    host.flapTimer = clock.after(seconds * 1000, () => this.disconnect(host));
  }
}
