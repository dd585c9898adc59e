/** Calls on single members of groups. Source: Amazon EC2 Auto Scaling API reference, the command named at each method. */
import type {
  AttachInstancesQuery,
  DescribeAutoScalingInstancesType,
  DetachInstancesQuery,
  EnterStandbyQuery,
  ExitStandbyQuery,
  SetInstanceHealthQuery,
  SetInstanceProtectionQuery,
  TerminateInstanceInAutoScalingGroupType,
} from '@aws-sdk/client-auto-scaling';
import { awsError } from '../kernel/aws-error.ts';
import { pageOf } from '../kernel/pages.ts';
import type { Call, Instance, Range, World } from '../world.ts';
import type { Activities } from './activities.ts';
import { type Group, isSuspended, isTerminating, isWarmed, type Member, readyAtMs, stamp } from './group.ts';
import type { GroupStore } from './group-store.ts';
import type { Lifecycle } from './lifecycle.ts';
import { PAGES } from './page-rules.ts';
import { attachedMember } from './seed.ts';
import type { Sizes } from './sizes.ts';
import { joinTargetGroups, leaveTargetGroups } from './target-groups.ts';

const MOST_TO_PROTECT = 50;
const MOST_TO_MOVE = 20;
const MOST_TO_TERMINATE = 100;

/** Not documented; Standby begins within seconds. */
const STANDBY_SECONDS: Range = [1, 5];

export interface InstanceApiParts {
  readonly store: GroupStore;
  readonly sizes: Sizes;
  readonly activities: Activities;
  readonly lifecycle: Lifecycle;
  readonly wake: (group: Group) => void;
}

export class InstanceApi {
  readonly #world: World;
  readonly #parts: InstanceApiParts;
  constructor(world: World, parts: InstanceApiParts) {
    this.#world = world;
    this.#parts = parts;
  }

  describeAutoScalingInstances(input: DescribeAutoScalingInstancesType, call: Call) {
    const ids = input.InstanceIds?.length ? input.InstanceIds : undefined;
    if (ids && ids.length > 50)
      throw awsError('ValidationError', 'The number of instance IDs must not exceed 50');
    const wanted = ids && new Set(ids);
    const found = this.#parts.store.all().flatMap((group) =>
      [...group.memberPictures.list(call.lagMs), ...group.poolPictures.list(call.lagMs)]
        .filter((instance) => !wanted || wanted.has(instance.InstanceId ?? ''))
        .map((instance) => ({
          ...instance,
          AutoScalingGroupName: group.name,
          // Sic: upper case here, "Healthy" in DescribeAutoScalingGroups.
          HealthStatus: instance.HealthStatus?.toUpperCase(),
        })),
    );
    const page = pageOf(
      found,
      (instance) => instance.InstanceId ?? '',
      'DescribeAutoScalingInstances',
      { limit: input.MaxRecords, nextToken: input.NextToken },
      { ...PAGES, defaultLimit: 50, maxLimit: 50 },
    );
    return { AutoScalingInstances: page.items, NextToken: page.nextToken };
  }

  /**
   * Ends a member by id, protected or not; with a decrement the group shrinks, without it launches another.
   *
   * @throws `ValidationError` when it belongs to no group or the decrement would violate the minimum;
   *   `ScalingActivityInProgressFault` while it launches
   */
  terminateInstanceInAutoScalingGroup(input: TerminateInstanceInAutoScalingGroupType, call: Call) {
    const ids = input.InstanceIds ?? [input.InstanceId ?? ''];
    if (ids.length > MOST_TO_TERMINATE) {
      throw awsError('ValidationError', `The number of instance IDs must not exceed ${MOST_TO_TERMINATE}`);
    }
    const found = ids.map((id) => this.#find(id, input.AutoScalingGroupName));
    const decrement = input.ShouldDecrementDesiredCapacity ?? false;
    const [first] = found;
    if (decrement && first)
      this.#failBelowMinimum(
        first.group,
        found.map(({ member }) => member),
      );
    for (const { member } of found) this.#failWhileBusy(member, decrement);
    const pooled = found.find(({ member }) => isWarmed(member));
    if (pooled) {
      throw awsError(
        'ValidationError',
        `The instance ${pooled.member.instanceId} is in a warm pool and cannot be terminated by this call.`,
      );
    }
    let activity: Member['activity'];
    for (const { group, member } of found) {
      const from = group.desiredCapacity;
      const outcome = decrement
        ? `, shrinking the capacity from ${from} to ${from - member.weight}.`
        : `, keeping the capacity at the current ${from}.`;
      if (decrement) this.#parts.sizes.decrement(group, member.weight, call.actor);
      else group.capacityActor = call.actor;
      const cause = `At ${stamp(this.#world.clock.nowMs)} instance ${member.instanceId} was taken out of service in response to a user request${outcome}`;
      this.#parts.lifecycle.terminate(group, member, call.actor, cause);
      activity ??= member.activity ?? group.activities.at(-1);
    }
    return { Activity: activity && { ...activity } };
  }

  /** @throws `ValidationError` for more than fifty, and as a whole when one of them is not in service or Standby */
  setInstanceProtection(input: SetInstanceProtectionQuery, call: Call): object {
    const group = this.#parts.store.getOwn(input.AutoScalingGroupName);
    const ids = input.InstanceIds ?? [];
    if (ids.length > MOST_TO_PROTECT) {
      throw awsError('ValidationError', `The number of instance IDs must not exceed ${MOST_TO_PROTECT}`);
    }
    const members = ids.map((id) => this.#find(id, group.name).member);
    const wrong = members.find(({ lifecycleState: state }) => state !== 'InService' && state !== 'Standby');
    if (wrong) {
      throw awsError(
        'ValidationError',
        `The instance ${wrong.instanceId} is not in InService or EnteringStandby or Standby.`,
      );
    }
    for (const member of members) {
      member.protectedFromScaleIn = input.ProtectedFromScaleIn ?? false;
      this.#parts.store.memberChanged(group, member);
    }
    group.saidAllProtected = false;
    this.#parts.store.changed(group, call.actor);
    this.#parts.wake(group);
    return {};
  }

  /** Within the grace period the call changes nothing, unless it is told not to respect it (API reference). */
  setInstanceHealth(input: SetInstanceHealthQuery): object {
    const { group, member } = this.#find(input.InstanceId ?? '', undefined);
    const graceEndsMs = readyAtMs(member, group.base.HealthCheckGracePeriod ?? 0) ?? 0;
    if ((input.ShouldRespectGracePeriod ?? true) && graceEndsMs > this.#world.clock.nowMs) return {};
    member.healthStatus = input.HealthStatus === 'Unhealthy' ? 'Unhealthy' : 'Healthy';
    member.isMarkedUnhealthy = member.healthStatus === 'Unhealthy';
    this.#parts.store.memberChanged(group, member);
    this.#parts.wake(group);
    return {};
  }

  /** The instance runs on and stays in ECS; no hook, no protection, nothing watches it any more. */
  detachInstances(input: DetachInstancesQuery, call: Call) {
    const { group, members } = this.#several(input, input.ShouldDecrementDesiredCapacity ?? false);
    return {
      Activities: members.map((member) => {
        const activity = this.#moved(group, member, 'Detaching EC2 instance');
        if (input.ShouldDecrementDesiredCapacity)
          this.#parts.sizes.decrement(group, member.weight, call.actor);
        this.#parts.store.enter(group, member, 'Detached');
        leaveTargetGroups(this.#world, group, member);
        this.#parts.store.removeMember(group, member);
        this.#parts.wake(group);
        return activity;
      }),
    };
  }

  enterStandby(input: EnterStandbyQuery, call: Call) {
    const { group, members } = this.#several(input, input.ShouldDecrementDesiredCapacity ?? false);
    return {
      Activities: members.map((member) => {
        const activity = this.#moved(group, member, 'Moving EC2 instance to Standby');
        this.#parts.store.enter(group, member, 'EnteringStandby');
        leaveTargetGroups(this.#world, group, member);
        const seconds = this.#world.random.stream('auto-scaling/standby').between(STANDBY_SECONDS);
        this.#world.clock.after(seconds * 1000, () => {
          if (member.lifecycleState === 'EnteringStandby') this.#parts.store.enter(group, member, 'Standby');
        });
        if (input.ShouldDecrementDesiredCapacity)
          this.#parts.sizes.decrement(group, member.weight, call.actor);
        this.#parts.wake(group);
        return activity;
      }),
    };
  }

  /**
   * Takes running instances of the account into the group, without hooks; desired capacity rises by them.
   * Source: Auto Scaling user guide, ec2-auto-scaling-detach-attach-instances.
   *
   * @throws `ValidationError` for more than twenty, for one that does not run, is in a group or in no zone of this one,
   *   and when the desired capacity would exceed the maximum
   */
  attachInstances(input: AttachInstancesQuery, call: Call): object {
    const { store, sizes, activities, wake } = this.#parts;
    const group = store.getOwn(input.AutoScalingGroupName);
    failWithoutLaunch(group);
    const ids = input.InstanceIds ?? [];
    if (ids.length > MOST_TO_MOVE) {
      throw awsError('ValidationError', `The number of instance IDs must not exceed ${MOST_TO_MOVE}`);
    }
    const instances = ids.map((id) => this.#attachable(group, id));
    const desired = group.desiredCapacity + ids.length;
    if (desired > group.maxSize) {
      throw awsError(
        'ValidationError',
        `New desired capacity ${desired} is above max value ${group.maxSize}.`,
      );
    }
    for (const instance of instances) {
      const member = attachedMember(this.#world, instance, group.newInstancesProtected);
      const cause = `At ${stamp(this.#world.clock.nowMs)} an instance was attached in response to a user request.`;
      const activity = activities.start(
        group,
        `Attaching an existing EC2 instance: ${instance.instanceId}`,
        cause,
        {
          zone: instance.zone,
        },
      );
      activities.end(activity, 'Successful');
      store.addMember(group, member);
      store.enter(group, member, 'InService');
      joinTargetGroups(this.#world, group, member);
    }
    sizes.explicit(group, desired, call.actor, 'a user request attached instances');
    wake(group);
    return {};
  }

  #attachable(group: Group, id: string): Instance {
    const instance = this.#world.ec2.instance(id);
    if (instance?.state !== 'running') {
      throw awsError('ValidationError', `Invalid Instance ID(s): [${id}]. The instance must exist and run.`);
    }
    if (this.#parts.store.groupOfInstance(id)) {
      throw awsError('ValidationError', `Instance ${id} is already part of an Auto Scaling group.`);
    }
    if (!group.zones.includes(instance.zone)) {
      throw awsError('ValidationError', `The Availability Zone of ${id} is none of the group's.`);
    }
    return instance;
  }

  exitStandby(input: ExitStandbyQuery, call: Call) {
    const group = this.#parts.store.getOwn(input.AutoScalingGroupName);
    failWithoutLaunch(group);
    const members = (input.InstanceIds ?? []).map((id) => this.#find(id, group.name).member);
    const desired = group.desiredCapacity + members.reduce((sum, member) => sum + member.weight, 0);
    if (desired > group.maxSize) {
      throw awsError('ValidationError', "The desired capacity would exceed the group's max size.");
    }
    return {
      Activities: members.map((member) => {
        const activity = this.#moved(group, member, 'Moving EC2 instance out of Standby');
        this.#parts.store.enter(group, member, 'InService');
        joinTargetGroups(this.#world, group, member);
        this.#parts.sizes.decrement(group, -member.weight, call.actor);
        return activity;
      }),
    };
  }

  #several(
    input: { AutoScalingGroupName?: string | undefined; InstanceIds?: string[] | undefined },
    decrement: boolean,
  ) {
    const group = this.#parts.store.getOwn(input.AutoScalingGroupName);
    const ids = input.InstanceIds ?? [];
    if (ids.length > MOST_TO_MOVE) {
      throw awsError('ValidationError', `The number of instance IDs must not exceed ${MOST_TO_MOVE}`);
    }
    const members = ids.map((id) => this.#find(id, group.name).member);
    const wrong = members.find(({ lifecycleState: state }) => state !== 'InService' && state !== 'Standby');
    if (wrong) throw awsError('ValidationError', `The instance ${wrong.instanceId} is not in InService.`);
    if (decrement) this.#failBelowMinimum(group, members);
    return { group, members };
  }

  #moved(group: Group, member: Member, description: string) {
    const cause = `At ${stamp(this.#world.clock.nowMs)} instance ${member.instanceId} was moved in response to a user request.`;
    const activity = this.#parts.activities.start(group, `${description}: ${member.instanceId}`, cause, {
      zone: member.zone,
    });
    this.#parts.activities.end(activity, 'Successful');
    return { ...activity };
  }

  #find(instanceId: string, groupName: string | undefined): { group: Group; member: Member } {
    const group = this.#parts.store.groupOfInstance(instanceId);
    const member = group?.members.get(instanceId);
    if (!group || !member || (groupName !== undefined && group.name !== groupName)) {
      throw awsError(
        'ValidationError',
        `Instance Id not found - No managed instance found for instance ID: ${instanceId}`,
      );
    }
    return { group, member };
  }

  #failBelowMinimum(group: Group, members: readonly Member[]): void {
    const weight = members.reduce((sum, member) => sum + member.weight, 0);
    if (group.desiredCapacity - weight >= group.minSize) return;
    throw awsError(
      'ValidationError',
      `Currently, desiredSize equals minSize (${group.minSize}). Terminating instance without replacement will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower group's min size.`,
    );
  }

  #failWhileBusy(member: Member, decrement: boolean): void {
    const isRefused =
      member.lifecycleState === 'Pending' ||
      (isTerminating(member) && decrement && !this.#world.readings.repeatedDecrementCounts);
    if (!isRefused) return;
    throw awsError(
      'ScalingActivityInProgressFault',
      `Activity ${member.activity?.ActivityId ?? ''} is in progress and blocks this action`,
    );
  }
}

/**
 * Nobody is attached or returned to service while Launch is suspended. Source: Auto Scaling user guide,
 * understand-how-suspending-processes-affects-other-processes, "Additional considerations"; the words are ours.
 */
function failWithoutLaunch(group: Group): void {
  if (!isSuspended(group, 'Launch')) return;
  throw awsError('ValidationError', `The Launch process of ${group.name} is suspended.`);
}
