/** Auto Scaling's own events, all best effort. Source: Auto Scaling user guide, ec2-auto-scaling-event-reference. */
import type { Activity } from '@aws-sdk/client-auto-scaling';
import type { World } from '../world.ts';
import type { Group, HookWait } from './group.ts';

export type Transition = 'launch' | 'terminate';

export function announceHook(
  world: World,
  group: Group,
  instanceId: string,
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
      EC2InstanceId: instanceId,
      LifecycleTransition: `autoscaling:EC2_INSTANCE_${launching ? 'LAUNCHING' : 'TERMINATING'}`,
      ...(wait.hook.NotificationMetadata !== undefined && {
        NotificationMetadata: wait.hook.NotificationMetadata,
      }),
      Origin: launching ? 'EC2' : 'AutoScalingGroup',
      Destination: launching ? 'AutoScalingGroup' : 'EC2',
    },
    delivery: 'best-effort',
  });
}

/** "Launch Successful" and "Terminate Successful" carry StatusCode InProgress (sic), unsuccessful ones Failed. */
export function announceActivity(
  world: World,
  group: Group,
  instanceId: string,
  activity: Activity | undefined,
  transition: Transition,
  outcome: 'Successful' | 'Unsuccessful',
): void {
  const launching = transition === 'launch';
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
      Origin: launching ? 'EC2' : 'AutoScalingGroup',
      Destination: launching ? 'AutoScalingGroup' : 'EC2',
    },
    delivery: 'best-effort',
  });
}
