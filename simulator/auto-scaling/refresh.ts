/**
 * Instance refreshes as they are asked for: started, cancelled, rolled back, described. While one with a desired
 * configuration is active, the group's template cannot be changed.
 * Source: Amazon EC2 Auto Scaling user guide, instance-refresh-overview, understand-instance-refresh-default-values,
 * instance-refresh-rollback; API reference, RefreshPreferences.
 */
import type {
  DescribeInstanceRefreshesType,
  DesiredConfiguration,
  InstanceRefresh,
  LaunchTemplateSpecification,
  RefreshPreferences,
  StartInstanceRefreshType,
} from '@aws-sdk/client-auto-scaling';
import { awsError } from '../kernel/aws-error.ts';
import { pageOf } from '../kernel/pages.ts';
import type { Actor } from '../observation.ts';
import type { World } from '../world.ts';
import { announceRefresh } from './events.ts';
import {
  activeRefresh,
  type Group,
  isPending,
  isTerminating,
  isWarmed,
  type LaunchSource,
  Refresh,
} from './group.ts';
import { isLaunchedFrom, sourceRefusal } from './launch-source.ts';
import { PAGES } from './page-rules.ts';
import { maintenanceBounds } from './replacing.ts';

/** Where CheckpointPercentages are given alone, "the CheckpointDelay defaults to 3600" (API reference, RefreshPreferences). */
const CHECKPOINT_DELAY_SECONDS = 3600;

/** @throws `InstanceRefreshInProgressFault`, `ValidationError` */
export function startRefresh(
  world: World,
  group: Group,
  input: StartInstanceRefreshType,
  actor: Actor,
): string {
  if (activeRefresh(group)) {
    throw awsError(
      'InstanceRefreshInProgressFault',
      'An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.',
    );
  }
  checkPreferences(input.Preferences ?? {});
  const desired = input.DesiredConfiguration;
  if (desired) checkDesired(world, desired);
  if (input.Preferences?.AutoRollback) checkReversible(world, group, desired);
  const random = world.random.stream('auto-scaling/refreshes');
  const id = `${random.hex(8)}-${random.hex(4)}-4${random.hex(3)}-b${random.hex(3)}-${random.hex(12)}`;
  const preferences = preferencesOf(group, input.Preferences);
  const remaining = new Set<string>();
  for (const member of group.members.values()) {
    if (isWarmed(member) || isTerminating(member)) continue;
    if (!preferences.SkipMatching || !isLaunchedFrom(world, group, member, desired ?? group.source))
      remaining.add(member.instanceId);
  }
  const shape: InstanceRefresh = {
    InstanceRefreshId: id,
    AutoScalingGroupName: group.name,
    Status: 'Pending',
    StartTime: new Date(world.clock.nowMs),
    PercentageComplete: 0,
    InstancesToUpdate: remaining.size,
    Strategy: input.Strategy ?? 'Rolling',
    Preferences: preferences,
    ...(desired && { DesiredConfiguration: desired }),
  };
  group.refreshes.push(new Refresh(world.clock, shape, actor, remaining));
  return id;
}

/** Newest first. */
export function describeRefreshes(group: Group, input: DescribeInstanceRefreshesType, lagMs: number) {
  const ids = input.InstanceRefreshIds?.length ? new Set(input.InstanceRefreshIds) : undefined;
  const found = group.refreshes
    .flatMap((refresh) => refresh.shapeAsOf(lagMs) ?? [])
    .filter((shape) => !ids || ids.has(shape.InstanceRefreshId ?? ''))
    .reverse();
  const page = pageOf(
    found,
    (shape) => shape.InstanceRefreshId ?? '',
    `DescribeInstanceRefreshes/${group.name}`,
    { limit: input.MaxRecords, nextToken: input.NextToken },
    { ...PAGES, defaultLimit: 50, maxLimit: 100 },
  );
  return { InstanceRefreshes: page.items.map((shape) => ({ ...shape })), NextToken: page.nextToken };
}

/** What the group has, as a desired configuration; undefined when AWS would not take it as one. */
export function ownConfiguration(world: World, group: Group): DesiredConfiguration | undefined {
  const { LaunchTemplate, MixedInstancesPolicy } = group.source;
  if (usesParameter(world, group.source)) return undefined;
  if (MixedInstancesPolicy) {
    const template = MixedInstancesPolicy.LaunchTemplate;
    const LaunchTemplateSpecification = byOneName(template?.LaunchTemplateSpecification);
    const Overrides = template?.Overrides?.map((override) => ({
      ...override,
      ...(override.LaunchTemplateSpecification && {
        LaunchTemplateSpecification: byOneName(override.LaunchTemplateSpecification),
      }),
    }));
    const LaunchTemplate = { ...template, LaunchTemplateSpecification, ...(Overrides && { Overrides }) };
    return { MixedInstancesPolicy: { ...MixedInstancesPolicy, LaunchTemplate } };
  }
  return LaunchTemplate && { LaunchTemplate: byOneName(LaunchTemplate) };
}

/** AWS describes a template by id and name, and takes only one of them. */
function byOneName(specification: LaunchTemplateSpecification | undefined): LaunchTemplateSpecification {
  const { LaunchTemplateName, ...rest } = specification ?? {};
  return rest.LaunchTemplateId === undefined && LaunchTemplateName !== undefined
    ? { ...rest, LaunchTemplateName }
    : rest;
}

/**
 * What has been replaced stays replaced. Source: API reference, CancelInstanceRefresh: waits for launches and
 * terminations under way unless told not to.
 *
 * @throws `ActiveInstanceRefreshNotFoundFault`
 */
export function cancelRefresh(world: World, group: Group, waits: boolean): string {
  const refresh = activeRefresh(group);
  if (!refresh) throw noActiveRefresh();
  const isBusy = [...group.members.values()].some((member) => isPending(member) || isTerminating(member));
  group.surges.splice(0, group.surges.length, ...group.surges.filter((surge) => surge.reason !== 'refresh'));
  if (waits && isBusy) refresh.shape = { ...refresh.shape, Status: 'Cancelling' };
  else endRefresh(world, group, refresh, 'Cancelled', 'Cancelled due to user request.');
  return refresh.shape.InstanceRefreshId ?? '';
}

/** @throws `ActiveInstanceRefreshNotFoundFault`, `IrreversibleInstanceRefreshFault` */
export function rollBackRefresh(world: World, group: Group): string {
  const refresh = activeRefresh(group);
  if (!refresh || refresh.shape.Status === 'RollbackInProgress' || refresh.shape.Status === 'Cancelling') {
    throw noActiveRefresh();
  }
  checkReversible(world, group, refresh.shape.DesiredConfiguration);
  beginRollback(world, group, refresh, 'Rolled back due to user request.');
  return refresh.shape.InstanceRefreshId ?? '';
}

/** Those that came from the desired configuration are replaced by what the group had. */
export function beginRollback(world: World, group: Group, refresh: Refresh, StatusReason: string): void {
  group.surges.splice(0, group.surges.length, ...group.surges.filter((surge) => surge.reason !== 'refresh'));
  const remaining = [...group.members.values()]
    .filter((member) => !isWarmed(member) && !isTerminating(member))
    .filter((member) => !isLaunchedFrom(world, group, member, group.source))
    .map((member) => member.instanceId);
  refresh.remaining = new Set(remaining);
  refresh.total = remaining.length;
  refresh.lastProgressMs = world.clock.nowMs;
  refresh.waitsUntilMs = 0;
  const { shape } = refresh;
  const RollbackDetails = {
    RollbackReason: StatusReason,
    RollbackStartTime: new Date(world.clock.nowMs),
    PercentageCompleteOnRollback: shape.PercentageComplete ?? 0,
    InstancesToUpdateOnRollback: shape.InstancesToUpdate ?? 0,
  };
  refresh.shape = {
    ...shape,
    Status: 'RollbackInProgress',
    StatusReason,
    PercentageComplete: 0,
    InstancesToUpdate: remaining.length,
    RollbackDetails,
  };
  announceRefresh(world, group, 'Rollback Started', shape.InstanceRefreshId);
}

type Ended = 'Successful' | 'Failed' | 'Cancelled' | 'RollbackSuccessful' | 'RollbackFailed';

const ANNOUNCED: Readonly<Record<Ended, string>> = {
  Successful: 'Succeeded',
  Failed: 'Failed',
  Cancelled: 'Cancelled',
  RollbackSuccessful: 'Rollback Succeeded',
  RollbackFailed: 'Rollback Failed',
};

export function endRefresh(
  world: World,
  group: Group,
  refresh: Refresh,
  Status: Ended,
  StatusReason?: string,
): void {
  const isDone = Status === 'Successful' || Status === 'RollbackSuccessful';
  refresh.shape = {
    ...refresh.shape,
    Status,
    ...(StatusReason !== undefined && { StatusReason }),
    ...(isDone && { PercentageComplete: 100, InstancesToUpdate: 0 }),
    EndTime: new Date(world.clock.nowMs),
  };
  group.surges.splice(0, group.surges.length, ...group.surges.filter((surge) => surge.reason !== 'refresh'));
  announceRefresh(world, group, ANNOUNCED[Status], refresh.shape.InstanceRefreshId);
}

/** The group's maintenance policy speaks where the refresh says nothing. */
function preferencesOf(group: Group, given: RefreshPreferences | undefined): RefreshPreferences {
  const policy = maintenanceBounds(group);
  return {
    MinHealthyPercentage: policy?.minPercentage ?? 90,
    ...(policy && { MaxHealthyPercentage: policy.maxPercentage }),
    SkipMatching: false,
    ScaleInProtectedInstances: 'Wait',
    StandbyInstances: 'Wait',
    ...(given?.CheckpointPercentages && { CheckpointDelay: CHECKPOINT_DELAY_SECONDS }),
    ...given,
  };
}

function checkPreferences(preferences: RefreshPreferences): void {
  const {
    MinHealthyPercentage: min,
    MaxHealthyPercentage: max,
    CheckpointPercentages: checkpoints,
  } = preferences;
  if (min !== undefined && (min < 0 || min > 100))
    throw invalid('MinHealthyPercentage must be between 0 and 100.');
  if (max !== undefined) {
    if (min === undefined) throw invalid('MinHealthyPercentage is required with MaxHealthyPercentage.');
    if (max < 100 || max > 200) throw invalid('MaxHealthyPercentage must be between 100 and 200.');
    if (max - min > 100) {
      throw invalid(
        'The difference between MaxHealthyPercentage and MinHealthyPercentage must not exceed 100.',
      );
    }
  }
  if (preferences.CheckpointDelay !== undefined && !checkpoints?.length) {
    throw invalid('CheckpointPercentages is required with CheckpointDelay.');
  }
  checkpoints?.forEach((checkpoint, at) => {
    if (checkpoint < 1 || checkpoint > 100 || checkpoint <= (checkpoints[at - 1] ?? 0)) {
      throw invalid('CheckpointPercentages must be unique, in ascending order and between 1 and 100.');
    }
  });
  const baking = preferences.BakeTime;
  if (baking !== undefined && (baking < 0 || baking > 172_800))
    throw invalid('BakeTime must be between 0 and 172800.');
}

/** Images behind `resolve:ssm:` cannot be refreshed to (using-systems-manager-parameters). */
function checkDesired(world: World, desired: LaunchSource): void {
  const refusal = sourceRefusal(world, desired);
  if (refusal !== undefined) throw invalid(refusal);
  if (usesParameter(world, desired)) {
    throw invalid(
      'A desired configuration whose launch template uses a Systems Manager parameter is not supported.',
    );
  }
}

function checkReversible(world: World, group: Group, desired: LaunchSource | undefined): void {
  const version = specificationOf(group.source)?.Version ?? '$Default';
  if (desired && !usesParameter(world, group.source) && /^\d+$/.test(version)) return;
  throw awsError(
    'IrreversibleInstanceRefreshFault',
    'A rollback needs a desired configuration and a group whose launch template has a version number and an AMI ID.',
  );
}

function specificationOf(source: LaunchSource) {
  return source.LaunchTemplate ?? source.MixedInstancesPolicy?.LaunchTemplate?.LaunchTemplateSpecification;
}

function usesParameter(world: World, source: LaunchSource): boolean {
  const specification = specificationOf(source);
  const use = specification && world.ec2.launchTemplate(specification);
  return use !== undefined && !('failure' in use) && (use.data.ImageId?.startsWith('resolve:ssm:') ?? false);
}

function invalid(message: string) {
  return awsError('ValidationError', message);
}

function noActiveRefresh() {
  return awsError(
    'ActiveInstanceRefreshNotFoundFault',
    'No in progress or pending Instance Refresh found for Auto Scaling group',
  );
}
