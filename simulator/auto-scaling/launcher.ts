/**
 * Launches into a group: which zone, which option, what failed.
 * Source: Amazon EC2 Auto Scaling user guide, auto-scaling-benefits: the zone with the fewest instances, others when
 * that fails.
 */

import { plainText } from '../kernel/user-data.ts';
import type { Actor } from '../observation.ts';
import type { World } from '../world.ts';
import type { Activities } from './activities.ts';
import { announceActivity } from './events.ts';
import { type Group, isWarmed, launchSourceOf, type Member, stamp, zoneCounts } from './group.ts';
import type { GroupStore } from './group-store.ts';
import { type LaunchOption, launchOptions, launchRequest } from './launch-source.ts';

export interface LaunchFailure {
  readonly zone: string;
  readonly subnetId: string | undefined;
  readonly instanceType: string | undefined;
  readonly message: string;
}

export interface Launched {
  readonly members: readonly Member[];
  /** One for each zone that refused; empty when everything was launched. */
  readonly failures: readonly LaunchFailure[];
}

export class Launcher {
  readonly #world: World;
  readonly #store: GroupStore;
  readonly #activities: Activities;

  constructor(world: World, store: GroupStore, activities: Activities) {
    this.#world = world;
    this.#store = store;
    this.#activities = activities;
  }

  /**
   * Launches until `capacity` is reached or no allowed zone takes any more.
   *
   * @param where only into these zones, all of the group's when there are none; into its warm pool
   * @param because the activity's cause, after what was asked of the group
   */
  launch(
    group: Group,
    capacity: number,
    actor: Actor,
    because: string,
    where: { readonly zones?: readonly string[]; readonly pool?: true } = {},
  ): Launched {
    const { zones = group.zones, pool = false } = where;
    const first = launchOptions(this.#world, group);
    if ('failure' in first) return this.#refused(group, zones, first.failure, because);

    const counts = zoneCounts(group);
    if (pool) {
      for (const member of group.members.values())
        if (isWarmed(member)) counts.set(member.zone, (counts.get(member.zone) ?? 0) + 1);
    }
    const open = new Set(zones);
    const members: Member[] = [];
    const failures: LaunchFailure[] = [];
    let cause: string | undefined;
    for (let launched = 0; launched < capacity && open.size > 0; ) {
      const zone = this.#emptiest(counts, open);
      // Anew for each: whether the next one is Spot depends on those before it.
      const found = members.length === 0 ? first : launchOptions(this.#world, group);
      if ('failure' in found) break;
      cause ??= this.#activities.because(group, because);
      const result = this.#launchInto(group, zone, found.options, cause, actor, pool);
      if ('message' in result) {
        failures.push(result);
        open.delete(zone);
        continue;
      }
      members.push(result);
      counts.set(zone, (counts.get(zone) ?? 0) + 1);
      launched += result.weight;
    }
    for (const failure of failures) this.#tellFailure(group, failure, cause ?? because);
    return { members, failures };
  }

  #emptiest(counts: ReadonlyMap<string, number>, open: ReadonlySet<string>): string {
    let least = Number.POSITIVE_INFINITY;
    let zones: string[] = [];
    for (const zone of open) {
      const count = counts.get(zone) ?? 0;
      if (count < least) {
        least = count;
        zones = [zone];
      } else if (count === least) zones.push(zone);
    }
    return zones.length === 1
      ? (zones[0] as string)
      : this.#world.random.stream('auto-scaling/zones').pick(zones);
  }

  #launchInto(
    group: Group,
    zone: string,
    options: readonly LaunchOption[],
    cause: string,
    actor: Actor,
    pool: boolean,
  ): Member | LaunchFailure {
    const subnets = group.subnets.get(zone) ?? [];
    let failure: LaunchFailure = {
      zone,
      subnetId: undefined,
      instanceType: undefined,
      message: `No default subnet for availability zone: '${zone}'.`,
    };
    for (const option of options) {
      for (const subnetId of subnets) {
        const userData = plainText(option.data.UserData);
        const answer = this.#world.ec2.launch(
          launchRequest(group, option, { zone, subnetId }, userData),
          actor,
        );
        if ('instance' in answer)
          return this.#joined(group, answer.instance.instanceId, { zone, subnetId, pool }, option, cause);
        const message = worded(answer.failure, launchSourceOf(group).MixedInstancesPolicy !== undefined);
        failure = { zone, subnetId, instanceType: option.instanceType, message };
      }
    }
    return failure;
  }

  #joined(
    group: Group,
    instanceId: string,
    place: { readonly zone: string; readonly subnetId: string; readonly pool: boolean },
    option: LaunchOption,
    cause: string,
  ): Member {
    const { zone, pool } = place;
    const what = pool ? 'Launching a new EC2 instance into warm pool' : 'Launching a new EC2 instance';
    const activity = this.#activities.start(group, `${what}: ${instanceId}`, cause, place);
    activity.StatusCode = 'PreInService';
    activity.Progress = 30;
    const member: Member = {
      instanceId,
      instanceType: option.instanceType,
      zone,
      spot: option.spot,
      weight: option.weight,
      weightedCapacity: option.weightedCapacity,
      launchTemplate: option.launchTemplate,
      launchConfigurationName: option.launchConfigurationName,
      imageId: option.overrideImageId,
      launchedAtMs: this.#world.clock.nowMs,
      lifecycleState: pool ? 'Warmed:Pending' : 'Pending',
      healthStatus: 'Healthy',
      isMarkedUnhealthy: false,
      protectedFromScaleIn: !pool && group.newInstancesProtected,
      inServiceAtMs: null,
      waits: new Map(),
      activity,
      endedBy: null,
      warmPool: null,
    };
    this.#store.addMember(group, member);
    this.#store.enter(group, member, member.lifecycleState);
    return member;
  }

  #refused(group: Group, zones: readonly string[], message: string, because: string): Launched {
    const failure = { zone: zones[0] ?? '', subnetId: undefined, instanceType: undefined, message };
    this.#tellFailure(group, failure, this.#activities.because(group, because));
    return { members: [], failures: [failure] };
  }

  #tellFailure(group: Group, failure: LaunchFailure, cause: string): void {
    const text = /Launching EC2 instance failed\.?$/.test(failure.message)
      ? failure.message
      : `${failure.message.replace(/\.?$/, '.')} Launching EC2 instance failed.`;
    const full = cause.startsWith('At ') ? cause : `At ${stamp(this.#world.clock.nowMs)} ${cause}`;
    const activity = this.#activities.fail(group, 'Launching a new EC2 instance', full, text, failure.zone);
    announceActivity(this.#world, group, undefined, activity, 'launch', 'Unsuccessful');
  }
}

/** A mixed group launches by a fleet, whose answer leads with code and market (published activity logs). */
function worded(failure: string, isMixed: boolean): string {
  return isMixed && failure.includes('vCPU limit')
    ? `Could not launch On-Demand Instances. VcpuLimitExceeded - ${failure}`
    : failure;
}
