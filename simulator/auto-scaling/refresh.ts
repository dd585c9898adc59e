/**
 * Instance refreshes: somebody else's rolling replacement, blind to ECS. While one with a desired configuration is
 * active, the group's template cannot be changed.
 * Source: Amazon EC2 Auto Scaling user guide, instance-refresh-overview, understand-instance-refresh-default-values.
 */
import type { StartInstanceRefreshType } from '@aws-sdk/client-auto-scaling';
import { awsError } from '../kernel/aws-error.ts';
import type { Actor } from '../observation.ts';
import type { World } from '../world.ts';
import {
  activeRefresh,
  type Group,
  isPending,
  isSuspended,
  isTerminating,
  type Member,
  stamp,
} from './group.ts';

/** "fails after 1 h without progress" */
const STUCK_MS = 3_600_000;

/** @throws `InstanceRefreshInProgressFault` */
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
  const random = world.random.stream('auto-scaling/refreshes');
  const id = `${random.hex(8)}-${random.hex(4)}-4${random.hex(3)}-b${random.hex(3)}-${random.hex(12)}`;
  const remaining = new Set(group.members.keys());
  group.refreshes.push({
    shape: {
      InstanceRefreshId: id,
      AutoScalingGroupName: group.name,
      Status: 'Pending',
      StartTime: new Date(world.clock.nowMs),
      PercentageComplete: 0,
      InstancesToUpdate: remaining.size,
      Strategy: input.Strategy ?? 'Rolling',
      Preferences: { MinHealthyPercentage: 90, SkipMatching: false, ...input.Preferences },
      ...(input.DesiredConfiguration && { DesiredConfiguration: input.DesiredConfiguration }),
    },
    actor,
    remaining,
    total: remaining.size,
    lastProgressMs: world.clock.nowMs,
  });
  return id;
}

/** @throws `ActiveInstanceRefreshNotFoundFault` */
export function cancelRefresh(world: World, group: Group): string {
  const refresh = activeRefresh(group);
  if (!refresh) {
    throw awsError(
      'ActiveInstanceRefreshNotFoundFault',
      'No in progress or pending Instance Refresh found for Auto Scaling group',
    );
  }
  refresh.shape = { ...refresh.shape, Status: 'Cancelled', EndTime: new Date(world.clock.nowMs) };
  return refresh.shape.InstanceRefreshId ?? '';
}

/** One look: terminates as many as the healthy minimum allows, terminate-first; ends it when all are new. */
export function advanceRefresh(
  world: World,
  group: Group,
  terminate: (member: Member, actor: Actor, cause: string) => void,
): void {
  const refresh = activeRefresh(group);
  if (!refresh || isSuspended(group, 'InstanceRefresh', 'Terminate')) return;
  const nowMs = world.clock.nowMs;
  if (refresh.shape.Status === 'Pending') refresh.shape = { ...refresh.shape, Status: 'InProgress' };
  const before = refresh.remaining.size;
  for (const id of refresh.remaining) {
    const member = group.members.get(id);
    if (!member || isTerminating(member)) refresh.remaining.delete(id);
  }
  if (refresh.remaining.size < before) refresh.lastProgressMs = nowMs;

  const members = [...group.members.values()];
  const warm = members.filter((member) => isWarm(group, member, nowMs)).length;
  if (refresh.remaining.size === 0 && !members.some(isPending) && warm >= group.desiredCapacity) {
    finish(group, nowMs);
    return;
  }
  if (nowMs - refresh.lastProgressMs > STUCK_MS) {
    const StatusReason = 'The instance refresh made no progress for an hour.';
    refresh.shape = { ...refresh.shape, Status: 'Failed', StatusReason, EndTime: new Date(nowMs) };
    return;
  }
  const least = Math.ceil(
    (group.desiredCapacity * (refresh.shape.Preferences?.MinHealthyPercentage ?? 90)) / 100,
  );
  const isIdle = !members.some((member) => isPending(member) || isTerminating(member));
  const allowed = Math.max(warm - least, isIdle ? 1 : 0);
  const next = [...refresh.remaining]
    .map((id) => group.members.get(id))
    .filter((member) => member?.lifecycleState === 'InService' && !member.protectedFromScaleIn)
    .slice(0, allowed);
  for (const member of next) {
    if (!member) continue;
    terminate(
      member,
      refresh.actor,
      `At ${stamp(nowMs)} an instance was taken out of service in response to an instance refresh.`,
    );
  }
  refresh.shape = {
    ...refresh.shape,
    InstancesToUpdate: refresh.remaining.size,
    PercentageComplete: Math.floor(
      (100 * (refresh.total - refresh.remaining.size)) / Math.max(1, refresh.total),
    ),
  };
}

/** At its end the desired configuration becomes the group's own. */
function finish(group: Group, nowMs: number): void {
  const refresh = activeRefresh(group);
  if (!refresh) return;
  refresh.shape = {
    ...refresh.shape,
    Status: 'Successful',
    PercentageComplete: 100,
    InstancesToUpdate: 0,
    EndTime: new Date(nowMs),
  };
  if (refresh.shape.DesiredConfiguration) group.source = { ...refresh.shape.DesiredConfiguration };
}

/** In service for as long as the warm-up asks: the group's default one, else its grace period. */
function isWarm(group: Group, member: Member, nowMs: number): boolean {
  if (member.lifecycleState !== 'InService' || member.inServiceAtMs === null) return false;
  const warmup = group.base.DefaultInstanceWarmup;
  const seconds = warmup !== undefined && warmup >= 0 ? warmup : (group.base.HealthCheckGracePeriod ?? 0);
  return nowMs - member.inServiceAtMs >= seconds * 1000;
}
