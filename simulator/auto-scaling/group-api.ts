/** Calls on groups as a whole. Source: Amazon EC2 Auto Scaling API reference, the command named at each method. */
import type {
  AutoScalingGroup,
  CreateOrUpdateTagsType,
  DeleteTagsType,
  DescribeAutoScalingGroupsCommandInput,
  DescribePoliciesType,
  DescribeTagsType,
  Filter,
  ScalingPolicy,
  ScalingProcessQuery,
  SetDesiredCapacityType,
  TagDescription,
  UpdateAutoScalingGroupType,
} from '@aws-sdk/client-auto-scaling';
import { awsError, NotSimulated } from '../kernel/aws-error.ts';
import { pageOf } from '../kernel/pages.ts';
import type { Call, World } from '../world.ts';
import { activeRefresh, type Group, PROCESSES, stamp } from './group.ts';
import type { GroupStore } from './group-store.ts';
import { describedSource, sourceRefusal } from './launch-source.ts';
import { PAGES } from './page-rules.ts';
import { subnetsByZone } from './seed.ts';
import type { Sizes } from './sizes.ts';

/** Fields of UpdateAutoScalingGroup that the account keeps as they are given. */
const KEPT_FIELDS = [
  'DefaultCooldown',
  'HealthCheckType',
  'HealthCheckGracePeriod',
  'PlacementGroup',
  'TerminationPolicies',
  'MaxInstanceLifetime',
  'CapacityRebalance',
  'Context',
  'DesiredCapacityType',
  'DefaultInstanceWarmup',
  'InstanceMaintenancePolicy',
  'DeletionProtection',
] as const satisfies readonly (keyof UpdateAutoScalingGroupType & keyof AutoScalingGroup)[];

/** "86,400 seconds (one day)" */
const SHORTEST_LIFETIME_SECONDS = 86_400;

export class GroupApi {
  readonly #world: World;
  readonly #store: GroupStore;
  readonly #sizes: Sizes;
  readonly #policies: readonly ScalingPolicy[];
  readonly #wake: (group: Group) => void;
  /** AlarmNotification is on again. */
  readonly #resumed: (group: Group) => void;

  constructor(
    world: World,
    store: GroupStore,
    sizes: Sizes,
    policies: readonly ScalingPolicy[],
    { wake, resumed }: { readonly wake: (group: Group) => void; readonly resumed: (group: Group) => void },
  ) {
    this.#world = world;
    this.#store = store;
    this.#sizes = sizes;
    this.#policies = policies;
    this.#wake = wake;
    this.#resumed = resumed;
  }

  /** Names that do not exist are left out, without an error. */
  describeAutoScalingGroups(input: DescribeAutoScalingGroupsCommandInput, call: Call) {
    const names = input.AutoScalingGroupNames?.length ? new Set(input.AutoScalingGroupNames) : undefined;
    const found = this.#store
      .describe(call.lagMs, false)
      .filter((group) => !names || names.has(group.AutoScalingGroupName ?? ''))
      .filter((group) => (input.Filters ?? []).every((filter) => matchesTags(group.Tags ?? [], filter)));
    const page = pageOf(
      found,
      (group) => group.AutoScalingGroupName ?? '',
      'DescribeAutoScalingGroups',
      { limit: input.MaxRecords, nextToken: input.NextToken },
      { ...PAGES, defaultLimit: 50, maxLimit: 100 },
    );
    const withInstances = input.IncludeInstances ?? true;
    return {
      AutoScalingGroups: page.items.map(
        (group) =>
          this.#store.describeOne(group.AutoScalingGroupName ?? '', call.lagMs, withInstances) ?? group,
      ),
      NextToken: page.nextToken,
    };
  }

  /**
   * All or nothing: everything is checked before anything is changed.
   *
   * @throws `ValidationError`; while an instance refresh with a desired configuration is active also for any change of
   *   the launch source
   */
  updateAutoScalingGroup(input: UpdateAutoScalingGroupType, call: Call): object {
    const group = this.#store.getOwn(input.AutoScalingGroupName);
    this.#sizes.check(group, input);
    checkFields(input);
    this.#updateSource(group, input);
    for (const field of KEPT_FIELDS) {
      const value = input[field];
      if (value !== undefined) group.base = { ...group.base, [field]: value };
    }
    if (input.NewInstancesProtectedFromScaleIn !== undefined) {
      group.newInstancesProtected = input.NewInstancesProtectedFromScaleIn;
    }
    if (input.VPCZoneIdentifier !== undefined) {
      group.base = { ...group.base, VPCZoneIdentifier: input.VPCZoneIdentifier };
      group.subnets = subnetsByZone(this.#world, input.VPCZoneIdentifier, group.zones);
      group.zones = [...group.subnets.keys()];
    } else if (input.AvailabilityZones?.length) {
      group.zones = [...input.AvailabilityZones];
    }
    this.#store.changed(group, call.actor);
    this.#sizes.update(group, input, call.actor);
    this.#wake(group);
    return {};
  }

  /** @throws `ValidationError` */
  setDesiredCapacity(input: SetDesiredCapacityType, call: Call): object {
    const group = this.#store.getOwn(input.AutoScalingGroupName);
    const cooldownMs = (group.base.DefaultCooldown ?? 300) * 1000;
    const last = group.activities.at(-1);
    if (
      input.HonorCooldown &&
      last &&
      this.#world.clock.nowMs - (last.StartTime?.getTime() ?? 0) < cooldownMs
    ) {
      throw awsError(
        'ScalingActivityInProgressFault',
        `Scaling activity ${last.ActivityId} is in progress and blocks this action`,
      );
    }
    this.#sizes.setDesired(group, input.DesiredCapacity ?? 0, call.actor);
    return {};
  }

  suspendProcesses(input: ScalingProcessQuery, call: Call): object {
    const group = this.#store.getOwn(input.AutoScalingGroupName);
    for (const process of processesOf(input)) {
      if (!group.suspended.has(process)) {
        group.suspended.set(process, `User suspended at ${stamp(this.#world.clock.nowMs)}`);
      }
    }
    this.#store.changed(group, call.actor);
    return {};
  }

  /** What waited happens now: unhealthy hosts are replaced, uneven zones evened out, missing capacity launched. */
  resumeProcesses(input: ScalingProcessQuery, call: Call): object {
    const group = this.#store.getOwn(input.AutoScalingGroupName);
    for (const process of processesOf(input)) {
      if (!group.suspended.delete(process)) continue;
      if (process === 'AlarmNotification') this.#resumed(group);
      if (process === 'AZRebalance') {
        group.unbalancedSinceMs ??= this.#world.clock.nowMs;
        group.rebalanceAfterMs = this.#world.clock.nowMs;
      }
    }
    if (!group.suspended.has('Launch')) {
      // "When you resume the Launch process, … immediately replaces any instances".
      group.retryLaunchAtMs = 0;
      group.failingSinceMs = null;
    }
    this.#store.changed(group, call.actor);
    this.#wake(group);
    return {};
  }

  createOrUpdateTags(input: CreateOrUpdateTagsType, call: Call): object {
    const groups = (input.Tags ?? []).map((tag) => this.#store.get(tag.ResourceId));
    for (const tag of input.Tags ?? []) {
      const group = this.#store.get(tag.ResourceId);
      group.tags.set(tag.Key ?? '', {
        ...tag,
        ResourceType: 'auto-scaling-group',
        PropagateAtLaunch: tag.PropagateAtLaunch ?? false,
      });
    }
    for (const group of new Set(groups)) this.#store.changed(group, call.actor);
    return {};
  }

  deleteTags(input: DeleteTagsType, call: Call): object {
    for (const tag of input.Tags ?? []) {
      const group = this.#store.get(tag.ResourceId);
      group.tags.delete(tag.Key ?? '');
      this.#store.changed(group, call.actor);
    }
    return {};
  }

  describeTags(input: DescribeTagsType) {
    const found = this.#store
      .all()
      .flatMap((group) => [...group.tags.values()].map((tag) => ({ ...tag, ResourceId: group.name })))
      .filter((tag) => (input.Filters ?? []).every((filter) => matchesTag(tag, filter)));
    const page = pageOf(
      found,
      (tag) => `${tag.ResourceId}/${tag.Key}`,
      'DescribeTags',
      { limit: input.MaxRecords, nextToken: input.NextToken },
      { ...PAGES, defaultLimit: 50, maxLimit: 100 },
    );
    return { Tags: page.items, NextToken: page.nextToken };
  }

  describePolicies(input: DescribePoliciesType) {
    const found = this.#policies
      .filter(
        (policy) =>
          input.AutoScalingGroupName === undefined ||
          policy.AutoScalingGroupName === input.AutoScalingGroupName,
      )
      .filter(
        (policy) =>
          !input.PolicyNames?.length ||
          input.PolicyNames.includes(policy.PolicyName ?? '') ||
          input.PolicyNames.includes(policy.PolicyARN ?? ''),
      )
      .filter((policy) => !input.PolicyTypes?.length || input.PolicyTypes.includes(policy.PolicyType ?? ''));
    const page = pageOf(
      found,
      (policy) => `${policy.AutoScalingGroupName}/${policy.PolicyName}`,
      `DescribePolicies/${input.AutoScalingGroupName ?? ''}`,
      { limit: input.MaxRecords, nextToken: input.NextToken },
      { ...PAGES, defaultLimit: 50, maxLimit: 100 },
    );
    return { ScalingPolicies: page.items.map((policy) => ({ ...policy })), NextToken: page.nextToken };
  }

  /** @throws `ValidationError`; nothing is changed then */
  #updateSource(group: Group, input: UpdateAutoScalingGroupType): void {
    const { LaunchTemplate, MixedInstancesPolicy, LaunchConfigurationName } = input;
    const given = [LaunchTemplate, MixedInstancesPolicy, LaunchConfigurationName].filter(
      (source) => source !== undefined,
    );
    if (given.length === 0) return;
    if (given.length > 1) {
      throw awsError(
        'ValidationError',
        'Valid requests must contain either launchTemplate, LaunchConfigurationName or MixedInstancesPolicy parameter.',
      );
    }
    if (activeRefresh(group)?.shape.DesiredConfiguration) {
      throw awsError(
        'ValidationError',
        'An active instance refresh with a desired configuration exists. All configuration options derived from the desired configuration are not available for update while the instance refresh is active.',
      );
    }
    if (LaunchConfigurationName !== undefined) {
      throw new NotSimulated('AutoScaling.UpdateAutoScalingGroup with LaunchConfigurationName');
    }
    const source = { LaunchTemplate, MixedInstancesPolicy };
    const refusal = sourceRefusal(this.#world, source);
    if (refusal !== undefined) throw awsError('ValidationError', refusal);
    group.source = describedSource(this.#world, source);
    group.retryLaunchAtMs = 0;
  }
}

/** Sources: API reference, UpdateAutoScalingGroup MaxInstanceLifetime, InstanceMaintenancePolicy. */
function checkFields(input: UpdateAutoScalingGroupType): void {
  const lifetime = input.MaxInstanceLifetime;
  if (lifetime !== undefined && lifetime !== 0 && lifetime < SHORTEST_LIFETIME_SECONDS) {
    throw awsError(
      'ValidationError',
      `Max instance lifetime must be 0 or at least ${SHORTEST_LIFETIME_SECONDS} seconds.`,
    );
  }
  const { MinHealthyPercentage: min, MaxHealthyPercentage: max } = input.InstanceMaintenancePolicy ?? {};
  if (input.InstanceMaintenancePolicy && !isMaintenanceRange(min, max)) {
    throw awsError(
      'ValidationError',
      'MinHealthyPercentage (0 to 100) and MaxHealthyPercentage (100 to 200) must both be given, at most 100 apart, or both be -1.',
    );
  }
}

function isMaintenanceRange(min: number | undefined, max: number | undefined): boolean {
  if (min === undefined || max === undefined) return false;
  if (min === -1 && max === -1) return true;
  return min >= 0 && min <= 100 && max >= 100 && max <= 200 && max - min <= 100;
}

/** No process named means all of them. */
function processesOf(input: ScalingProcessQuery): readonly string[] {
  const named = input.ScalingProcesses?.length ? input.ScalingProcesses : PROCESSES;
  const unknown = named.find((process) => !PROCESSES.some((known) => known === process));
  if (unknown !== undefined) {
    throw awsError(
      'ValidationError',
      `Valid scaling processes are ${PROCESSES.join(', ')}; ${unknown} is none`,
    );
  }
  return named;
}

function matchesTags(tags: readonly TagDescription[], filter: Filter): boolean {
  const values = filter.Values ?? [];
  const name = filter.Name ?? '';
  if (name === 'tag-key') return tags.some((tag) => values.includes(tag.Key ?? ''));
  if (name === 'tag-value') return tags.some((tag) => values.includes(tag.Value ?? ''));
  if (!name.startsWith('tag:')) {
    throw awsError(
      'ValidationError',
      `Filter type ${name} is not correct. Allowed Filter types are: tag-key tag-value tag:<key>`,
    );
  }
  return tags.some((tag) => tag.Key === name.slice('tag:'.length) && values.includes(tag.Value ?? ''));
}

function matchesTag(tag: TagDescription, filter: Filter): boolean {
  const values = filter.Values ?? [];
  switch (filter.Name) {
    case 'auto-scaling-group':
      return values.includes(tag.ResourceId ?? '');
    case 'key':
      return values.includes(tag.Key ?? '');
    case 'value':
      return values.includes(tag.Value ?? '');
    case 'propagate-at-launch':
      return values.includes(String(tag.PropagateAtLaunch ?? false));
    default:
      throw awsError('ValidationError', `Filter type ${filter.Name} is not correct.`);
  }
}
