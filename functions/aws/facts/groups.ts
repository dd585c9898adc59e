/** Auto Scaling groups as the decision sees them. */
import type {
  AutoScalingClient,
  AutoScalingGroup,
  AutoScalingInstanceDetails,
} from '@aws-sdk/client-auto-scaling';
import type { EC2Client } from '@aws-sdk/client-ec2';
import type { CapacityProvider } from '@aws-sdk/client-ecs';
import type { GroupFacts } from '../../core/facts.ts';
import { activeRefresh, listLifecycleHooks, listScheduledActions } from '../auto-scaling-groups.ts';
import { present } from '../batches.ts';
import { listFailedLaunches } from '../scaling-activities.ts';
import { defined } from './defined.ts';
import { templateUses } from './templates.ts';

/** Auto Scaling's word on one instance, from the group's list or from the instance's own description. */
export type InstanceDetails = Pick<
  AutoScalingInstanceDetails,
  | 'AutoScalingGroupName'
  | 'AvailabilityZone'
  | 'HealthStatus'
  | 'InstanceId'
  | 'LifecycleState'
  | 'ProtectedFromScaleIn'
>;

/** What a group is read with, beside its own description. */
export interface GroupContext {
  readonly provider: CapacityProvider | undefined;
  /** Failed launches from then on. */
  readonly sinceMs: number;
}

export async function groupFacts(
  clients: { readonly autoScaling: AutoScalingClient; readonly ec2: EC2Client },
  group: AutoScalingGroup,
  { provider, sinceMs }: GroupContext,
): Promise<GroupFacts> {
  const autoScalingGroupName = group.AutoScalingGroupName ?? '';
  const [templates, hooks, actions, refresh, failedLaunches] = await Promise.all([
    templateUses(clients.ec2, group),
    listLifecycleHooks(clients.autoScaling, autoScalingGroupName),
    listScheduledActions(clients.autoScaling, autoScalingGroupName),
    activeRefresh(clients.autoScaling, autoScalingGroupName),
    listFailedLaunches(clients.autoScaling, autoScalingGroupName, sinceMs),
  ]);
  const overrides = group.MixedInstancesPolicy?.LaunchTemplate?.Overrides ?? [];
  const managed = provider?.autoScalingGroupProvider;
  const hooksAt = (transition: string) =>
    hooks
      .filter((hook) => hook.LifecycleTransition === transition)
      .map((hook) => ({
        name: hook.LifecycleHookName ?? '',
        // Default: Amazon EC2 Auto Scaling API reference, PutLifecycleHook.HeartbeatTimeout.
        heartbeatSeconds: hook.HeartbeatTimeout ?? 3600,
      }));
  return defined({
    autoScalingGroupName,
    autoScalingGroupArn: group.AutoScalingGroupARN ?? '',
    minSize: group.MinSize ?? 0,
    maxSize: group.MaxSize ?? 0,
    desiredCapacity: group.DesiredCapacity ?? 0,
    zones: group.AvailabilityZones ?? [],
    subnetIds:
      group.VPCZoneIdentifier?.split(',')
        .map((id) => id.trim())
        .filter((id) => id !== '') ?? [],
    templates,
    launchConfigurationName: group.LaunchConfigurationName,
    mixedInstances: group.MixedInstancesPolicy !== undefined,
    weighted: overrides.some(({ WeightedCapacity }) => WeightedCapacity !== undefined),
    attributeBased: overrides.some(({ InstanceRequirements }) => InstanceRequirements !== undefined),
    operator: group.Operator?.Principal,
    status: group.Status,
    suspendedProcesses: present((group.SuspendedProcesses ?? []).map(({ ProcessName }) => ProcessName)),
    newInstancesProtectedFromScaleIn: group.NewInstancesProtectedFromScaleIn ?? false,
    capacityProviderName: provider?.name,
    managedTerminationProtection: managed?.managedTerminationProtection === 'ENABLED',
    managedScaling: managed?.managedScaling?.status === 'ENABLED',
    managedDraining: managed?.managedDraining === 'ENABLED',
    terminationHooks: hooksAt('autoscaling:EC2_INSTANCE_TERMINATING'),
    launchHooks: hooksAt('autoscaling:EC2_INSTANCE_LAUNCHING'),
    warmPool: group.WarmPoolConfiguration !== undefined,
    instanceRefreshInProgress: refresh !== undefined,
    scheduledActions: actions.map((action) =>
      defined({
        name: action.ScheduledActionName ?? '',
        startMs: action.StartTime?.getTime(),
        minSize: action.MinSize,
        maxSize: action.MaxSize,
        desiredCapacity: action.DesiredCapacity,
      }),
    ),
    failedLaunches: failedLaunches.map((activity) =>
      defined({
        atMs: activity.StartTime?.getTime() ?? 0,
        message: activity.StatusMessage ?? activity.Description ?? '',
        zone: zoneOf(activity.Details),
      }),
    ),
    tags: Object.fromEntries((group.Tags ?? []).map(({ Key, Value }) => [Key ?? '', Value ?? ''])),
  });
}

/** The group's own list, in the shape of a single instance's description. */
export function instancesOf(group: AutoScalingGroup): InstanceDetails[] {
  return (group.Instances ?? []).map((instance) => ({
    AutoScalingGroupName: group.AutoScalingGroupName,
    AvailabilityZone: instance.AvailabilityZone,
    HealthStatus: instance.HealthStatus,
    InstanceId: instance.InstanceId,
    LifecycleState: instance.LifecycleState,
    ProtectedFromScaleIn: instance.ProtectedFromScaleIn,
  }));
}

/** Name of the group that an Auto Scaling ARN names; providers know their group by ARN only. */
export function groupNameOf(arn: string | undefined): string | undefined {
  return arn?.split(':autoScalingGroupName/')[1] ?? (arn?.includes(':') ? undefined : arn);
}

/** `Details` is JSON text: `{"Subnet ID":"…","Availability Zone":"…"}`; launches name the zone they tried. */
function zoneOf(details: string | undefined): string | undefined {
  return /"Availability Zone"\s*:\s*"([^"]+)"/.exec(details ?? '')?.[1];
}
