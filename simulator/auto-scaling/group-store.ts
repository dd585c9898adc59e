/** All groups: who belongs to which, and the pictures and observations that every change of one leaves behind. */
import type { AutoScalingGroup, Instance } from '@aws-sdk/client-auto-scaling';
import { awsError } from '../kernel/aws-error.ts';
import { LaggingStore } from '../kernel/lagging-store.ts';
import type { Actor } from '../observation.ts';
import type { World } from '../world.ts';
import { type Group, isWarmed, type LifecycleState, type Member } from './group.ts';

/** A group without its instances: those have pictures of their own, so that one of a thousand costs one. */
export type GroupPicture = AutoScalingGroup;

export class GroupStore {
  readonly #world: World;
  readonly #groups = new Map<string, Group>();
  readonly #groupOf = new Map<string, Group>();
  readonly #pictures: LaggingStore<GroupPicture>;

  constructor(world: World) {
    this.#world = world;
    this.#pictures = new LaggingStore(world.clock);
  }

  all(): Group[] {
    return [...this.#groups.values()];
  }

  find(name: string | undefined): Group | undefined {
    return name === undefined ? undefined : this.#groups.get(name);
  }

  /** @throws `ValidationError` when there is no such group */
  get(name: string | undefined): Group {
    const group = this.find(name);
    if (!group) {
      throw awsError(
        'ValidationError',
        `AutoScalingGroup name not found - AutoScalingGroup '${name ?? ''}' not found`,
      );
    }
    return group;
  }

  /**
   * The group as somebody who is not its operator may change it.
   *
   * @throws `ValidationError`; a group with an operator is that service's alone (API reference, AutoScalingGroup.Operator)
   */
  getOwn(name: string | undefined): Group {
    const group = this.get(name);
    const operator = group.base.Operator?.Principal;
    if (operator !== undefined) {
      throw awsError('ValidationError', `The Auto Scaling group ${group.name} is managed by ${operator}.`);
    }
    return group;
  }

  groupOfInstance(instanceId: string): Group | undefined {
    return this.#groupOf.get(instanceId);
  }

  add(group: Group): void {
    this.#groups.set(group.name, group);
    for (const member of group.members.values()) {
      this.#groupOf.set(member.instanceId, group);
      this.memberChanged(group, member);
    }
    this.#picture(group);
  }

  addMember(group: Group, member: Member): void {
    group.members.set(member.instanceId, member);
    this.#groupOf.set(member.instanceId, group);
  }

  removeMember(group: Group, member: Member): void {
    for (const wait of member.waits.values()) this.#world.clock.cancel(wait.timer);
    group.members.delete(member.instanceId);
    group.memberPictures.remove(member.instanceId);
    group.poolPictures.remove(member.instanceId);
    group.suspects.delete(member.instanceId);
    this.#groupOf.delete(member.instanceId);
  }

  /** A knob of the group changed: a picture for reads, a line for watchers. */
  changed(group: Group, actor: Actor): void {
    this.#picture(group);
    this.#world.record({
      kind: 'group',
      group: group.name,
      minSize: group.minSize,
      maxSize: group.maxSize,
      desiredCapacity: group.desiredCapacity,
      actor,
    });
  }

  memberChanged(group: Group, member: Member): void {
    const [here, there] = isWarmed(member)
      ? [group.poolPictures, group.memberPictures]
      : [group.memberPictures, group.poolPictures];
    here.put(member.instanceId, memberShape(member));
    there.remove(member.instanceId);
  }

  /** The member's next place in its life, told to everybody. */
  enter(group: Group, member: Member, state: LifecycleState): void {
    member.lifecycleState = state;
    this.memberChanged(group, member);
    this.#world.record({
      kind: 'lifecycle',
      instanceId: member.instanceId,
      group: group.name,
      lifecycleState: state,
    });
    this.#world.signals.lifecycle({
      instanceId: member.instanceId,
      group: group.name,
      lifecycleState: state,
      waitingHooks: [...member.waits.keys()],
    });
  }

  /** The groups as a read of this age sees them, in AWS's shape. */
  describe(lagMs: number, withInstances: boolean): AutoScalingGroup[] {
    return this.#pictures.list(lagMs).map((picture) => {
      const group = this.find(picture.AutoScalingGroupName);
      return withInstances && group ? { ...picture, Instances: group.memberPictures.list(lagMs) } : picture;
    });
  }

  describeOne(name: string, lagMs: number, withInstances: boolean): AutoScalingGroup | undefined {
    const picture = this.#pictures.get(name, lagMs);
    const group = this.find(name);
    if (!picture || !group || !withInstances) return picture;
    return { ...picture, Instances: group.memberPictures.list(lagMs) };
  }

  #picture(group: Group): void {
    this.#pictures.put(group.name, groupShape(group));
  }
}

export function memberShape(member: Member): Instance {
  return {
    InstanceId: member.instanceId,
    InstanceType: member.instanceType,
    AvailabilityZone: member.zone,
    LifecycleState: member.lifecycleState as NonNullable<Instance['LifecycleState']>,
    HealthStatus: member.healthStatus,
    ProtectedFromScaleIn: member.protectedFromScaleIn,
    ...(member.launchTemplate && { LaunchTemplate: member.launchTemplate }),
    ...(member.launchConfigurationName !== undefined && {
      LaunchConfigurationName: member.launchConfigurationName,
    }),
    ...(member.weightedCapacity !== undefined && { WeightedCapacity: member.weightedCapacity }),
    ...(member.imageId !== undefined && { ImageId: member.imageId }),
  };
}

function groupShape(group: Group): GroupPicture {
  const { LaunchTemplate, MixedInstancesPolicy, LaunchConfigurationName } = group.source;
  return {
    ...group.base,
    AutoScalingGroupName: group.name,
    AutoScalingGroupARN: group.arn,
    ...(LaunchTemplate && { LaunchTemplate }),
    ...(MixedInstancesPolicy && { MixedInstancesPolicy }),
    ...(LaunchConfigurationName !== undefined && { LaunchConfigurationName }),
    MinSize: group.minSize,
    MaxSize: group.maxSize,
    DesiredCapacity: group.desiredCapacity,
    AvailabilityZones: [...group.zones],
    Instances: [],
    SuspendedProcesses: [...group.suspended].map(([ProcessName, SuspensionReason]) => ({
      ProcessName,
      SuspensionReason,
    })),
    Tags: [...group.tags.values()],
    NewInstancesProtectedFromScaleIn: group.newInstancesProtected,
    ...(group.warmPool && {
      WarmPoolConfiguration: group.warmPool,
      WarmPoolSize: [...group.members.values()].filter(isWarmed).length,
    }),
  };
}
