/** Groups as the capture describes them. */
import type { AutoScalingGroup, Instance, WarmPoolConfiguration } from '@aws-sdk/client-auto-scaling';
import type { Capture } from '../capture/capture.ts';
import { LaggingStore } from '../kernel/lagging-store.ts';
import type { Instance as Ec2Instance, World } from '../world.ts';
import { type Group, type LifecycleState, type Member, Refresh, type ScheduledAction } from './group.ts';
import { describedSource } from './launch-source.ts';

export function groupsOf(world: World, capture: Capture): Group[] {
  return capture.autoScaling.autoScalingGroups.map((described) => groupOf(world, capture, described));
}

function groupOf(world: World, capture: Capture, described: AutoScalingGroup): Group {
  const name = described.AutoScalingGroupName ?? '';
  const { LaunchTemplate, MixedInstancesPolicy, LaunchConfigurationName, Instances, ...base } = described;
  const ofGroup = <T extends { AutoScalingGroupName?: string | undefined }>(items: readonly T[]) =>
    items.filter((item) => item.AutoScalingGroupName === name);
  delete base.Tags;
  delete base.WarmPoolConfiguration;
  delete base.WarmPoolSize;
  const pool = ofGroup(capture.autoScaling.warmPools)[0];
  const subnets = subnetsByZone(world, described.VPCZoneIdentifier, described.AvailabilityZones ?? []);
  return {
    name,
    arn:
      described.AutoScalingGroupARN ??
      `arn:aws:autoscaling:${world.region}:${world.accountId}:autoScalingGroup:*:autoScalingGroupName/${name}`,
    base,
    minSize: described.MinSize ?? 0,
    maxSize: described.MaxSize ?? 0,
    desiredCapacity: described.DesiredCapacity ?? 0,
    zones: described.AvailabilityZones?.length ? [...described.AvailabilityZones] : [...subnets.keys()],
    subnets,
    source: describedSource(world, { LaunchTemplate, MixedInstancesPolicy, LaunchConfigurationName }),
    newInstancesProtected: described.NewInstancesProtectedFromScaleIn ?? false,
    suspended: new Map(
      (described.SuspendedProcesses ?? []).map((process) => [
        process.ProcessName ?? '',
        process.SuspensionReason ?? '',
      ]),
    ),
    members: new Map(
      [...(Instances ?? []), ...(pool?.Instances ?? [])].map((instance) => [
        instance.InstanceId ?? '',
        memberOf(world, instance),
      ]),
    ),
    memberPictures: new LaggingStore(world.clock),
    poolPictures: new LaggingStore(world.clock),
    hooks: new Map(
      ofGroup(capture.autoScaling.lifecycleHooks).map((hook) => [hook.LifecycleHookName ?? '', hook]),
    ),
    tags: new Map((described.Tags ?? []).map((tag) => [tag.Key ?? '', tag])),
    activities: [],
    scheduled: new Map(
      ofGroup(capture.autoScaling.scheduledActions).map((shape): [string, ScheduledAction] => [
        shape.ScheduledActionName ?? '',
        { shape: { ...shape }, timer: undefined },
      ]),
    ),
    refreshes: ofGroup(capture.autoScaling.instanceRefreshes)
      .map((shape) => {
        const ids = (Instances ?? []).map((instance) => instance.InstanceId ?? '');
        return new Refresh(world.clock, { ...shape }, { kind: 'aws', name: 'instance-refresh' }, ids);
      })
      .sort((a, b) => (a.shape.StartTime?.getTime() ?? 0) - (b.shape.StartTime?.getTime() ?? 0)),
    // A capture made without DescribeWarmPool tells of the pool in the group's own description.
    warmPool: withoutUnset(pool?.WarmPoolConfiguration ?? described.WarmPoolConfiguration),
    causes: [],
    capacityActor: { kind: 'aws', name: 'auto-scaling' },
    suspects: new Set(),
    tick: undefined,
    launchFailures: 0,
    retryLaunchAtMs: 0,
    failingSinceMs: null,
    surges: [],
    unbalancedSinceMs: null,
    rebalanceAfterMs: 0,
    saidAllProtected: false,
  };
}

function memberOf(world: World, instance: Instance): Member {
  const instanceId = instance.InstanceId ?? '';
  const known = world.ec2.instance(instanceId);
  const state = (instance.LifecycleState ?? 'InService') as LifecycleState;
  return {
    instanceId,
    instanceType: instance.InstanceType ?? known?.instanceType ?? '',
    zone: instance.AvailabilityZone ?? known?.zone ?? '',
    spot: world.ec2.isSpot(instanceId),
    weight: Number(instance.WeightedCapacity ?? 1) || 1,
    weightedCapacity: instance.WeightedCapacity,
    launchTemplate: instance.LaunchTemplate,
    launchConfigurationName: instance.LaunchConfigurationName,
    imageId: instance.ImageId,
    launchedAtMs: known?.launchTimeMs ?? world.clock.startMs,
    lifecycleState: state,
    healthStatus: instance.HealthStatus?.toLowerCase() === 'unhealthy' ? 'Unhealthy' : 'Healthy',
    isMarkedUnhealthy: false,
    protectedFromScaleIn: instance.ProtectedFromScaleIn ?? false,
    inServiceAtMs: state === 'InService' ? (known?.launchTimeMs ?? world.clock.startMs) : null,
    waits: new Map(),
    activity: undefined,
    endedBy: null,
    warmPool: null,
  };
}

/** An instance that was launched elsewhere and taken in: no template of the group's, and no hook. */
export function attachedMember(world: World, instance: Ec2Instance, isProtected: boolean): Member {
  const member = memberOf(world, {
    InstanceId: instance.instanceId,
    InstanceType: instance.instanceType,
    AvailabilityZone: instance.zone,
    LifecycleState: 'InService',
    HealthStatus: 'Healthy',
    ProtectedFromScaleIn: isProtected,
  });
  return { ...member, inServiceAtMs: world.clock.nowMs };
}

/**
 * `VPCZoneIdentifier` is a comma-separated list of subnets; a zone may have several. A group without one uses the default
 * subnets of its zones.
 */
export function subnetsByZone(
  world: World,
  identifier: string | undefined,
  zones: readonly string[],
): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const subnetId of (identifier ?? '').split(',').map((id) => id.trim())) {
    const zone = subnetId === '' ? undefined : world.ec2.zoneOfSubnet(subnetId);
    if (zone !== undefined) found.set(zone, [...(found.get(zone) ?? []), subnetId]);
  }
  if (found.size === 0) for (const zone of zones) found.set(zone, [world.ec2.defaultSubnet(zone)]);
  return found;
}

/**
 * -1 says that the size is not set: "To remove a value that you previously set, include the property but specify -1".
 * Source: Amazon EC2 Auto Scaling API reference, PutWarmPool, MaxGroupPreparedCapacity.
 */
function withoutUnset(pool: WarmPoolConfiguration | undefined): WarmPoolConfiguration | undefined {
  if (pool?.MaxGroupPreparedCapacity !== -1) return pool;
  const { MaxGroupPreparedCapacity: _unset, ...set } = pool;
  return set;
}
