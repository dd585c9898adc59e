/** Auto Scaling's own events, all best effort. Source: Auto Scaling user guide, ec2-auto-scaling-event-reference. */
import type { Activity } from '@aws-sdk/client-auto-scaling';
import type { World } from '../world.ts';
import { type Group, type HookWait, isWarmed, type Member } from './group.ts';

export type Transition = 'launch' | 'terminate';

/** Where a member comes from and goes to. Source: Auto Scaling user guide, warm-pools-eventbridge-events. */
function wayOf(member: Member | undefined, transition: Transition) {
  const pooled = member !== undefined && isWarmed(member);
  if (transition === 'launch') {
    const Origin = member?.warmPool === 'came' ? 'WarmPool' : 'EC2';
    if (pooled && member.warmPool === 'returns')
      return { Origin: 'AutoScalingGroup', Destination: 'WarmPool' };
    return { Origin, Destination: pooled ? 'WarmPool' : 'AutoScalingGroup' };
  }
  if (member?.warmPool === 'returns') return { Origin: 'AutoScalingGroup', Destination: 'WarmPool' };
  return { Origin: pooled ? 'WarmPool' : 'AutoScalingGroup', Destination: 'EC2' };
}

export function announceHook(
  world: World,
  group: Group,
  member: Member,
  wait: HookWait,
  transition: Transition,
): void {
  const launching = transition === 'launch';
  world.bus.emit({
    source: 'aws.autoscaling',
    detailType: `EC2 Instance-${transition} Lifecycle Action`,
    resources: [group.arn],
    detail: {
      LifecycleActionToken: wait.token,
      AutoScalingGroupName: group.name,
      LifecycleHookName: wait.hook.LifecycleHookName,
      EC2InstanceId: member.instanceId,
      LifecycleTransition: `autoscaling:EC2_INSTANCE_${launching ? 'LAUNCHING' : 'TERMINATING'}`,
      ...(wait.hook.NotificationMetadata !== undefined && {
        NotificationMetadata: wait.hook.NotificationMetadata,
      }),
      ...wayOf(member, transition),
    },
    delivery: 'best-effort',
  });
}

/** "Launch Successful" and "Terminate Successful" carry StatusCode InProgress (sic), unsuccessful ones Failed. */
export function announceActivity(
  world: World,
  group: Group,
  member: Member | undefined,
  activity: Activity | undefined,
  transition: Transition,
  outcome: 'Successful' | 'Unsuccessful',
): void {
  const launching = transition === 'launch';
  const instanceId = member?.instanceId ?? '';
  world.bus.emit({
    source: 'aws.autoscaling',
    detailType: `EC2 Instance ${launching ? 'Launch' : 'Terminate'} ${outcome}`,
    resources: [
      group.arn,
      ...(instanceId === '' ? [] : [`arn:aws:ec2:${world.region}:${world.accountId}:instance/${instanceId}`]),
    ],
    detail: {
      StatusCode: outcome === 'Successful' ? 'InProgress' : 'Failed',
      AutoScalingGroupName: group.name,
      ActivityId: activity?.ActivityId,
      RequestId: activity?.ActivityId,
      Details: JSON.parse(activity?.Details ?? '{}') as unknown,
      StatusMessage: activity?.StatusMessage ?? '',
      ...(outcome === 'Successful' && { Description: activity?.Description }),
      StartTime: activity?.StartTime?.toISOString(),
      EndTime: new Date(world.clock.nowMs).toISOString(),
      EC2InstanceId: instanceId,
      Cause: activity?.Cause,
      ...wayOf(member, transition),
    },
    delivery: 'best-effort',
  });
}

/** Source: Auto Scaling user guide, instance-refresh-eventbridge-events. */
export function announceRefresh(
  world: World,
  group: Group,
  what: string,
  refreshId: string | undefined,
  more: { readonly CheckpointPercentage?: number; readonly CheckpointDelay?: number } = {},
): void {
  world.bus.emit({
    source: 'aws.autoscaling',
    detailType: `EC2 Auto Scaling Instance Refresh ${what}`,
    resources: [group.arn],
    detail: { InstanceRefreshId: refreshId, AutoScalingGroupName: group.name, ...more },
    delivery: 'best-effort',
  });
}
