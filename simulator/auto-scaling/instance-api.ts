/** Calls on single members of groups. Source: Amazon EC2 Auto Scaling API reference, the command named at each method. */
import type {
  DescribeAutoScalingInstancesType,
  DetachInstancesQuery,
  EnterStandbyQuery,
  ExitStandbyQuery,
  LaunchInstancesRequest,
  LaunchInstancesResult,
  SetInstanceHealthQuery,
  SetInstanceProtectionQuery,
  TerminateInstanceInAutoScalingGroupType,
} from '@aws-sdk/client-auto-scaling';
import { awsError } from '../kernel/aws-error.ts';
import { pageOf } from '../kernel/pages.ts';
import type { Call, World } from '../world.ts';
import type { Activities } from './activities.ts';
import { actualCapacity, type Group, isTerminating, type Member, stamp } from './group.ts';
import type { GroupStore } from './group-store.ts';
import type { Launched, Launcher } from './launcher.ts';
import type { Lifecycle } from './lifecycle.ts';
import { PAGES } from './page-rules.ts';
import type { Sizes } from './sizes.ts';

const MOST_TO_PROTECT = 50;
const MOST_TO_MOVE = 20;
const MOST_TO_TERMINATE = 100;

export interface InstanceApiParts {
  readonly store: GroupStore;
  readonly sizes: Sizes;
  readonly activities: Activities;
  readonly lifecycle: Lifecycle;
  readonly launcher: Launcher;
  readonly wake: (group: Group) => void;
}

export class InstanceApi {
  readonly #world: World;
  readonly #parts: InstanceApiParts;
  readonly #launches = new Map<
    string,
    { readonly request: string; readonly answer: LaunchInstancesResult }
  >();

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
      group.memberPictures
        .list(call.lagMs)
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
    const group = this.#parts.store.get(input.AutoScalingGroupName);
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

  setInstanceHealth(input: SetInstanceHealthQuery): object {
    const { group, member } = this.#find(input.InstanceId ?? '', undefined);
    member.healthStatus = input.HealthStatus === 'Unhealthy' ? 'Unhealthy' : 'Healthy';
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
        this.#parts.store.enter(group, member, 'Standby');
        if (input.ShouldDecrementDesiredCapacity)
          this.#parts.sizes.decrement(group, member.weight, call.actor);
        this.#parts.wake(group);
        return activity;
      }),
    };
  }

  exitStandby(input: ExitStandbyQuery, call: Call) {
    const group = this.#parts.store.get(input.AutoScalingGroupName);
    const members = (input.InstanceIds ?? []).map((id) => this.#find(id, group.name).member);
    const desired = group.desiredCapacity + members.reduce((sum, member) => sum + member.weight, 0);
    if (desired > group.maxSize) {
      throw awsError('ValidationError', "The desired capacity would exceed the group's max size.");
    }
    return {
      Activities: members.map((member) => {
        const activity = this.#moved(group, member, 'Moving EC2 instance out of Standby');
        this.#parts.store.enter(group, member, 'InService');
        this.#parts.sizes.decrement(group, -member.weight, call.actor);
        return activity;
      }),
    };
  }

  /**
   * Launches now, into one zone, and answers with the ids: some of them, when EC2 has no more. Desired capacity rises
   * by what was launched; with a retry strategy by all that was asked for, and the group tries the rest on its own.
   *
   * @throws `ValidationError`, `IdempotentParameterMismatchError`
   */
  launchInstances(input: LaunchInstancesRequest, call: Call): LaunchInstancesResult {
    const group = this.#parts.store.get(input.AutoScalingGroupName);
    const token = input.ClientToken ?? '';
    const request = JSON.stringify(input);
    const known = this.#launches.get(`${group.name}/${token}`);
    if (token !== '' && known) {
      if (known.request !== request) {
        throw awsError(
          'IdempotentParameterMismatchError',
          'The client token was used with other parameters.',
        );
      }
      return known.answer;
    }
    const wanted = input.RequestedCapacity ?? 0;
    const zone = this.#launchZone(group, input);
    if (wanted < 1 || wanted > 100) {
      throw awsError('ValidationError', 'The requested capacity must be between 1 and 100');
    }
    if (group.desiredCapacity + wanted > group.maxSize) {
      throw awsError(
        'ValidationError',
        `The requested capacity would raise the desired capacity above the max size ${group.maxSize}.`,
      );
    }
    const who = 'a user request launched instances';
    const text = `an instance was started in response to a user request, increasing the capacity from ${actualCapacity(group)}.`;
    const launched = this.#parts.launcher.launch(group, wanted, call.actor, text, [zone]);
    const capacity = launched.members.reduce((sum, member) => sum + member.weight, 0);
    const raise = input.RetryStrategy === 'retry-with-group-configuration' ? wanted : capacity;
    if (raise > 0) this.#parts.sizes.explicit(group, group.desiredCapacity + raise, call.actor, who);
    const answer = this.#launchAnswer(group, input, launched);
    if (token !== '') this.#launches.set(`${group.name}/${token}`, { request, answer });
    return answer;
  }

  #launchZone(group: Group, input: LaunchInstancesRequest): string {
    if (group.source.LaunchConfigurationName !== undefined) {
      throw awsError('ValidationError', 'LaunchInstances needs a group with a launch template.');
    }
    if (group.warmPool)
      throw awsError('ValidationError', 'LaunchInstances is not supported for groups with a warm pool.');
    const zones =
      input.AvailabilityZones ??
      input.SubnetIds?.map((subnetId) => this.#world.ec2.zoneOfSubnet(subnetId) ?? '') ??
      (group.zones.length === 1 ? group.zones : []);
    const [zone] = zones;
    if (zone === undefined || new Set(zones).size !== 1 || !group.zones.includes(zone)) {
      throw awsError('ValidationError', 'Exactly one Availability Zone of the group must be specified.');
    }
    return zone;
  }

  #launchAnswer(group: Group, input: LaunchInstancesRequest, launched: Launched): LaunchInstancesResult {
    const byType = new Map<string, Member[]>();
    for (const member of launched.members) {
      const key = `${member.instanceType}/${member.spot}`;
      byType.set(key, [...(byType.get(key) ?? []), member]);
    }
    return {
      AutoScalingGroupName: group.name,
      ClientToken: input.ClientToken ?? `generated-${group.activities.length}`,
      Instances: [...byType.values()].map((members) => ({
        InstanceType: members[0]?.instanceType,
        MarketType: members[0]?.spot ? 'Spot' : 'OnDemand',
        AvailabilityZone: members[0]?.zone,
        SubnetId: this.#world.ec2.instance(members[0]?.instanceId ?? '')?.subnetId,
        InstanceIds: members.map((member) => member.instanceId),
      })),
      Errors: launched.failures.map((failure) => ({
        InstanceType: failure.instanceType,
        SubnetId: failure.subnetId,
        AvailabilityZone: failure.zone,
        ErrorCode: errorCodeOf(failure.message),
        ErrorMessage: failure.message,
      })),
    };
  }

  #several(
    input: { AutoScalingGroupName?: string | undefined; InstanceIds?: string[] | undefined },
    decrement: boolean,
  ) {
    const group = this.#parts.store.get(input.AutoScalingGroupName);
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

/** Source: Amazon EC2 API reference, error codes; by the words of the message. */
function errorCodeOf(message: string): string {
  if (/sufficient .*capacity/.test(message)) return 'InsufficientInstanceCapacity';
  if (/vCPU limit/.test(message)) return 'VcpuLimitExceeded';
  if (/free addresses/.test(message)) return 'InsufficientFreeAddressesInSubnet';
  if (/image id .* does not exist/.test(message)) return 'InvalidAMIID.NotFound';
  if (/not currently supported|currently not supported|not supported/.test(message)) return 'Unsupported';
  return 'InvalidParameterValue';
}
