/**
 * All EC2 instances of the account and how they move from state to state.
 *
 * An instance begins as `pending`, runs after the launch time, and ends `terminated`; it stays describable for an hour
 * after that. Source: Amazon EC2 user guide, ec2-instance-lifecycle.
 */
import type { Instance as InstanceDescription, StateReason } from '@aws-sdk/client-ec2';
import type { Capture } from '../capture/capture.ts';
import { LaggingStore } from '../kernel/lagging-store.ts';
import type { RandomStream } from '../kernel/random.ts';
import type { Actor } from '../observation.ts';
import type { LaunchRequest, Range, World } from '../world.ts';
import type { Images } from './images.ts';
import { describe, type InstanceRecord, newDescription, stateOf } from './instance-record.ts';
import type { InstanceTypes } from './instance-types.ts';
import { imageRefusal } from './launch-checks.ts';
import type { Subnets } from './subnets.ts';
import { VcpuQuota } from './vcpu-quota.ts';

const AWS_EC2: Actor = { kind: 'aws', name: 'ec2' };

/** Not documented; an instance that shuts down in order takes well under a minute. */
const SHUTDOWN_SECONDS: Range = [15, 45];
/**
 * How long a new id is unknown to EC2's own reads, usually and now and then. AWS gives no figure; it says to ask again
 * "starting with a couple of seconds of wait time, and increasing gradually up to a few minutes" (Amazon EC2 developer
 * guide, eventual-consistency), so that the rare case has to be lived with.
 */
const INVISIBLE_SECONDS: Range = [0.2, 3];
const LONG_INVISIBLE_SECONDS: Range = [3, 20];
const LONG_INVISIBLE_SHARE = 0.05;
/** "Recently terminated instances might appear … usually less than one hour" (API reference, DescribeInstances). */
const VISIBLE_AFTER_TERMINATION_MS = 3_600_000;
/** Terminated instances count to the vCPU limit for a while (EC2 developer guide, eventual-consistency); UNCONFIRMED how long. */
const QUOTA_AFTER_TERMINATION_SECONDS: Range = [10, 60];
/** A volume whose key cannot be used: the instance shows up and is gone before it runs. */
const CLIENT_ERROR = 'Client.InternalError';

export class Fleet {
  readonly #world: World;
  readonly #images: Images;
  readonly #types: InstanceTypes;
  readonly #subnets: Subnets;
  readonly #quota: VcpuQuota;
  readonly #random: RandomStream;
  readonly #records = new Map<string, InstanceRecord>();
  /** Who counts to a vCPU limit now; stopped instances do not. */
  readonly #counted = new Set<InstanceRecord>();
  readonly pictures: LaggingStore<InstanceDescription>;

  constructor(world: World, capture: Capture, images: Images, types: InstanceTypes, subnets: Subnets) {
    this.#world = world;
    this.#images = images;
    this.#types = types;
    this.#subnets = subnets;
    this.#quota = new VcpuQuota(capture.serviceQuotas.quotas);
    this.#random = world.random.stream('ec2/fleet');
    this.pictures = new LaggingStore(world.clock);
  }

  get(instanceId: string): InstanceRecord | undefined {
    return this.#records.get(instanceId);
  }

  all(): IterableIterator<InstanceRecord> {
    return this.#records.values();
  }

  /** An instance as captured; nothing is signalled, since it has always been there. */
  adopt(
    description: InstanceDescription,
    known: Pick<InstanceRecord, 'group' | 'userData' | 'disableApiTermination' | 'impaired' | 'events'>,
  ): void {
    const instanceId = description.InstanceId ?? '';
    const state = stateOf(description.State?.Name);
    const launchTimeMs = description.LaunchTime?.getTime() ?? this.#world.clock.startMs;
    const record: InstanceRecord = {
      ...known,
      instanceId,
      imageId: description.ImageId ?? '',
      instanceType: description.InstanceType ?? '',
      zone: description.Placement?.AvailabilityZone ?? this.#subnets.zoneOf(description.SubnetId ?? '') ?? '',
      subnetId: description.SubnetId ?? '',
      launchTimeMs,
      state,
      tags: Object.fromEntries((description.Tags ?? []).map(({ Key, Value }) => [Key ?? '', Value ?? ''])),
      description,
      spot: description.InstanceLifecycle === 'spot',
      visibleFromMs: launchTimeMs,
      vcpus: this.#types.record(description.InstanceType ?? '')?.vcpus ?? 0,
      stateReason: description.StateReason,
      stateTransitionReason: description.StateTransitionReason ?? '',
      runningSinceMs: state === 'running' ? launchTimeMs : null,
      terminatedAtMs: state === 'terminated' ? this.#world.clock.startMs : null,
      endedBy: null,
    };
    this.#records.set(instanceId, record);
    this.#picture(record);
    if (state !== 'terminated' && state !== 'stopped') this.#count(record);
    this.#goOn(record);
    this.#observe(record);
  }

  launch(
    request: LaunchRequest,
    actor: Actor,
  ): { readonly instance: InstanceRecord } | { readonly failure: string } {
    const scripted = this.#world.faults.launchFailure(request.zone);
    const diesAtOnce = scripted?.includes(CLIENT_ERROR) ?? false;
    if (scripted !== undefined && !diesAtOnce) return { failure: scripted };

    const image = this.#images.get(request.imageId);
    const type = this.#types.get(request.instanceType);
    const use = {
      instanceType: request.instanceType,
      spot: request.spot,
      vcpus: type?.VCpuInfo?.DefaultVCpus ?? 0,
    };
    const refusal =
      imageRefusal(request.imageId, image, type, this.#images.isWithheld(request.imageId)) ??
      this.#quota.refusal(use);
    if (refusal !== undefined) return { failure: refusal };
    if (!this.#subnets.takeAddress(request.subnetId)) {
      return {
        failure: `There are not enough free addresses in subnet '${request.subnetId}' to satisfy the requested number of instances.`,
      };
    }
    const instanceId = `i-0${this.#random.hex(16)}`;
    const nowMs = this.#world.clock.nowMs;
    const place = {
      vpcId: this.#subnets.vpcOf(request.subnetId),
      privateIp: this.#subnets.newAddress(),
      region: this.#world.region,
      hostnameType: this.#subnets.hostnameTypeOf(request.subnetId),
    };
    const record: InstanceRecord = {
      instanceId,
      imageId: request.imageId,
      instanceType: request.instanceType,
      zone: request.zone,
      subnetId: request.subnetId,
      group: request.group,
      userData: request.userData,
      launchTimeMs: nowMs,
      state: 'pending',
      tags: { ...request.tags },
      description: newDescription(instanceId, request, image, place, nowMs),
      spot: request.spot,
      visibleFromMs: nowMs + this.#invisibleSeconds() * 1000,
      vcpus: use.vcpus,
      disableApiTermination: request.disableApiTermination ?? false,
      stateReason: undefined,
      stateTransitionReason: '',
      runningSinceMs: null,
      terminatedAtMs: null,
      endedBy: null,
      impaired: { instance: false, system: false },
      events: [],
    };
    this.#records.set(instanceId, record);
    this.#count(record);
    this.#enter(record, 'pending', actor);
    if (diesAtOnce) {
      this.#after([2, 6], () =>
        this.end(record, AWS_EC2, { Code: CLIENT_ERROR, Message: `${CLIENT_ERROR}: Client error on launch` }),
      );
    } else {
      this.#goOn(record);
    }
    return { instance: record };
  }

  /** Begins termination; nothing happens to an instance that is on its way out or gone. */
  end(record: InstanceRecord, actor: Actor, reason: StateReason): void {
    if (record.state === 'shutting-down' || record.state === 'terminated') return;
    const wasStopped = record.state === 'stopped';
    this.#leave(record, actor, reason);
    this.#enter(record, 'shutting-down', actor);
    if (wasStopped) this.#enter(record, 'terminated', actor);
    else this.#goOn(record);
  }

  halt(record: InstanceRecord, actor: Actor, reason: StateReason): void {
    if (record.state !== 'running' && record.state !== 'pending') return;
    this.#leave(record, actor, reason);
    this.#enter(record, 'stopping', actor);
    this.#goOn(record);
  }

  /** A stopped instance goes up again; it counts to the vCPU limit from now on. */
  start(record: InstanceRecord, actor: Actor): void {
    if (record.state !== 'stopped') return;
    record.endedBy = null;
    record.stateReason = undefined;
    record.stateTransitionReason = '';
    this.#count(record);
    this.#enter(record, 'pending', actor);
    this.#goOn(record);
  }

  /** Tags or attributes changed: reads see it from now on. */
  changed(record: InstanceRecord): void {
    this.#picture(record);
  }

  /** Every state but the resting ones leads to the next after its time. */
  #goOn(record: InstanceRecord): void {
    const actor = record.endedBy ?? AWS_EC2;
    if (record.state === 'pending') {
      this.#after(this.#world.timings.launchSeconds(record.group), () => {
        if (record.state === 'pending') this.#enter(record, 'running', actor);
      });
    } else if (record.state === 'shutting-down') {
      this.#after(SHUTDOWN_SECONDS, () => {
        if (record.state === 'shutting-down') this.#enter(record, 'terminated', actor);
      });
    } else if (record.state === 'stopping') {
      this.#after(SHUTDOWN_SECONDS, () => {
        if (record.state === 'stopping') this.#enter(record, 'stopped', actor);
      });
    } else if (record.state === 'terminated') {
      this.#world.clock.after(VISIBLE_AFTER_TERMINATION_MS, () => this.pictures.remove(record.instanceId));
    }
  }

  #leave(record: InstanceRecord, actor: Actor, reason: StateReason): void {
    record.endedBy = actor;
    record.stateReason = reason;
    const at = new Date(this.#world.clock.nowMs).toISOString().slice(0, 19).replace('T', ' ');
    const word = reason.Code?.startsWith('Client.User') ? 'User initiated' : 'Service initiated';
    record.stateTransitionReason = `${word} (${at} GMT)`;
  }

  #enter(record: InstanceRecord, state: InstanceRecord['state'], actor: Actor): void {
    record.state = state;
    if (state === 'running') record.runningSinceMs = this.#world.clock.nowMs;
    if (state === 'terminated') this.#release(record);
    if (state === 'stopped') this.#uncount(record);
    this.#picture(record);
    this.#observe(record);
    this.#world.bus.emit({
      source: 'aws.ec2',
      detailType: 'EC2 Instance State-change Notification',
      resources: [`arn:aws:ec2:${this.#world.region}:${this.#world.accountId}:instance/${record.instanceId}`],
      detail: { 'instance-id': record.instanceId, state },
      delivery: 'best-effort',
    });
    this.#world.signals.instanceState(record, actor);
  }

  #invisibleSeconds(): number {
    const usual = this.#random.between(INVISIBLE_SECONDS);
    const visibility = this.#world.random.stream('ec2/visibility');
    return visibility.chance(LONG_INVISIBLE_SHARE) ? visibility.between(LONG_INVISIBLE_SECONDS) : usual;
  }

  #release(record: InstanceRecord): void {
    record.terminatedAtMs = this.#world.clock.nowMs;
    this.#subnets.releaseAddress(record.subnetId);
    this.#after(QUOTA_AFTER_TERMINATION_SECONDS, () => this.#uncount(record));
    this.#world.clock.after(VISIBLE_AFTER_TERMINATION_MS, () => this.pictures.remove(record.instanceId));
  }

  #count(record: InstanceRecord): void {
    this.#counted.add(record);
    this.#quota.take(record);
  }

  #uncount(record: InstanceRecord): void {
    if (this.#counted.delete(record)) this.#quota.release(record);
  }

  #observe(record: InstanceRecord): void {
    this.#world.record({
      kind: 'host',
      instanceId: record.instanceId,
      image: record.imageId,
      group: record.group,
      zone: record.zone,
      state: record.state,
      ...(record.endedBy && { actor: record.endedBy }),
    });
  }

  #picture(record: InstanceRecord): void {
    this.pictures.put(record.instanceId, describe(record));
  }

  #after(seconds: Range, run: () => void): void {
    this.#world.clock.after(this.#random.between(seconds) * 1000, run);
  }
}
