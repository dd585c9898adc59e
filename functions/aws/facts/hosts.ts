/** One host out of what ECS, EC2 and Auto Scaling each say of it. */

import type { Instance, InstanceStatus, InstanceTypeInfo } from '@aws-sdk/client-ec2';
import type { ContainerInstance } from '@aws-sdk/client-ecs';
import type { ContainerInstanceStatus, Ec2State, HostFacts } from '../../core/facts.ts';
import { isScheduledEventOver } from '../../core/notices/notice.ts';
import { EXEMPT_REASON_TAG, EXEMPT_UNTIL_TAG } from '../../core/plan/exempted.ts';
import { defined } from './defined.ts';
import type { InstanceDetails } from './groups.ts';
import { eniSlotsOf, resourcesOf } from './resources.ts';

/** Events that end or stop a host. Source: Amazon EC2 API reference, InstanceStatusEvent.Code. */
const ENDING_EVENTS = new Set(['instance-stop', 'instance-retirement']);

export interface HostSources {
  readonly instanceId: string;
  readonly container: ContainerInstance | undefined;
  readonly instance: Instance | undefined;
  readonly inGroup: InstanceDetails | undefined;
  readonly status: InstanceStatus | undefined;
  readonly type: InstanceTypeInfo | undefined;
  readonly isTerminationProtected: boolean | undefined;
  readonly areTasksUnread: boolean;
  /** awsvpc tasks on it: ECS does not list interfaces among what remains. */
  readonly awsvpcTasks: number;
}

export function hostFacts(sources: HostSources): HostFacts {
  const { container, instance, inGroup, type } = sources;
  const attributes = Object.fromEntries(
    (container?.attributes ?? []).map(({ name, value }) => [name ?? '', value ?? '']),
  );
  const slots = eniSlotsOf(type, attributes['ecs.awsvpc-trunk-id'] !== undefined);
  return defined({
    instanceId: sources.instanceId,
    imageId: instance?.ImageId ?? attributes['ecs.ami-id'],
    instanceType: instance?.InstanceType ?? attributes['ecs.instance-type'],
    zone:
      instance?.Placement?.AvailabilityZone ??
      inGroup?.AvailabilityZone ??
      attributes['ecs.availability-zone'],
    subnetId: instance?.SubnetId ?? attributes['ecs.subnet-id'],
    ec2State: instance?.State?.Name as Ec2State | undefined,
    launchTimeMs: instance?.LaunchTime?.getTime(),
    exemptUntil: instanceTag(instance, EXEMPT_UNTIL_TAG),
    exemptReason: instanceTag(instance, EXEMPT_REASON_TAG),
    impaired: isImpaired(sources.status),
    apiTerminationProtected: sources.isTerminationProtected,
    autoScalingGroupName: inGroup?.AutoScalingGroupName,
    lifecycleState: inGroup?.LifecycleState,
    protectedFromScaleIn: inGroup?.ProtectedFromScaleIn ?? false,
    autoScalingHealth: autoScalingHealthOf(inGroup),
    containerInstanceArn: container?.containerInstanceArn,
    status: container?.status as ContainerInstanceStatus | undefined,
    agentConnected: container?.agentConnected ?? false,
    registeredAtMs: container?.registeredAt?.getTime(),
    agentVersion: container?.versionInfo?.agentVersion,
    dockerVersion: container?.versionInfo?.dockerVersion,
    capacityProviderName: container?.capacityProviderName,
    registered: container && resourcesOf(container.registeredResources, slots),
    remaining:
      container && resourcesOf(container.remainingResources, Math.max(0, slots - sources.awsvpcTasks)),
    attributes,
    tasksUnread: sources.areTasksUnread || undefined,
  });
}

/** A tag of an EC2 instance; tag values of EC2 may hold any letters (Amazon EC2 user guide, "Tag restrictions"). */
export function instanceTag(instance: Pick<Instance, 'Tags'> | undefined, key: string): string | undefined {
  return instance?.Tags?.find(({ Key }) => Key === key)?.Value;
}

function autoScalingHealthOf(inGroup: InstanceDetails | undefined): HostFacts['autoScalingHealth'] {
  if (inGroup === undefined) return undefined;
  return inGroup.HealthStatus?.toLowerCase() === 'unhealthy' ? 'Unhealthy' : 'Healthy';
}

/** EC2's word that a host is broken or will be stopped; `insufficient-data` says nothing. */
function isImpaired(status: InstanceStatus | undefined): boolean {
  if (status === undefined) return false;
  const checks = [status.InstanceStatus?.Status, status.SystemStatus?.Status];
  const pending = (status.Events ?? []).some(
    ({ Code, Description }) => ENDING_EVENTS.has(Code ?? '') && !isScheduledEventOver(Description),
  );
  return pending || checks.includes('impaired');
}
