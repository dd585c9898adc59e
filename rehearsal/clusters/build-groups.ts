/** The Auto Scaling and EC2 part of a generated capture. */
import { ACCOUNT, LAUNCHED_AT, OLD_IMAGE, REGION, subnetOf, ZONES } from './constants.ts';
import type { PlacedHost } from './place.ts';
import type { ClusterSpec, GroupSpec } from './spec.ts';

export const groupArn = (name: string) =>
  `arn:aws:autoscaling:${REGION}:${ACCOUNT}:autoScalingGroup:00000000-0000-4000-8000-000000000000:autoScalingGroupName/${name}`;

const templateIdOf = (group: GroupSpec) =>
  `lt-${[...group.name]
    .reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 0xffffffff, 7)
    .toString(16)
    .padStart(17, '0')}`;

export function groupParts(spec: ClusterSpec, hosts: readonly PlacedHost[]) {
  const clusterName = spec.name ?? 'prod';
  const userData = Buffer.from(
    `#!/bin/bash\necho ECS_CLUSTER=${clusterName} >> /etc/ecs/ecs.config\n`,
  ).toString('base64');
  return {
    autoScaling: {
      autoScalingGroups: spec.groups.map((group) =>
        groupOf(
          group,
          hosts.filter((host) => host.group === group.name),
        ),
      ),
      lifecycleHooks: spec.groups.flatMap(hooksOf),
    },
    launchTemplateVersions: spec.groups.map((group) => ({
      LaunchTemplateId: templateIdOf(group),
      LaunchTemplateName: group.name,
      VersionNumber: 4,
      DefaultVersion: true,
      CreateTime: '2026-09-02T08:00:00Z',
      LaunchTemplateData: {
        ImageId: group.imageReference ?? group.oldImage ?? spec.oldImage ?? OLD_IMAGE,
        InstanceType: group.instanceType ?? 'm5.xlarge',
        UserData: userData,
        MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 2 },
      },
    })),
    instances: hosts.map((host) => instanceOf(spec, host, hosts)),
  };
}

function groupOf(group: GroupSpec, hosts: readonly PlacedHost[]): Record<string, unknown> {
  const version = group.version === 'number' ? '4' : (group.version ?? '$Latest');
  const specification = {
    LaunchTemplateId: templateIdOf(group),
    LaunchTemplateName: group.name,
    Version: version,
  };
  const zones = group.zones ?? ZONES;
  const source = group.overrides
    ? {
        MixedInstancesPolicy: {
          LaunchTemplate: {
            LaunchTemplateSpecification: specification,
            Overrides: group.overrides.map((InstanceType) => ({ InstanceType })),
          },
          InstancesDistribution: { OnDemandPercentageAboveBaseCapacity: 100 },
        },
      }
    : { LaunchTemplate: specification };
  return {
    AutoScalingGroupName: group.name,
    AutoScalingGroupARN: groupArn(group.name),
    MinSize: group.minSize ?? 0,
    MaxSize: group.maxSize ?? Math.max(2 * group.hosts, 1),
    DesiredCapacity: group.hosts,
    DefaultCooldown: 300,
    AvailabilityZones: zones,
    VPCZoneIdentifier: zones.map(subnetOf).join(','),
    HealthCheckType: 'EC2',
    HealthCheckGracePeriod: 0,
    CreatedTime: '2025-01-01T00:00:00Z',
    NewInstancesProtectedFromScaleIn: group.protectedFromScaleIn ?? false,
    SuspendedProcesses: [],
    TerminationPolicies: ['Default'],
    Tags: [],
    ...(group.maxInstanceLifetimeSeconds !== undefined && {
      MaxInstanceLifetime: group.maxInstanceLifetimeSeconds,
    }),
    ...(group.instanceMaintenancePolicy && { InstanceMaintenancePolicy: group.instanceMaintenancePolicy }),
    ...(group.warmPoolSize !== undefined && {
      WarmPoolConfiguration: {
        MinSize: group.warmPoolSize,
        MaxGroupPreparedCapacity: group.hosts + group.warmPoolSize,
        PoolState: 'Stopped',
      },
    }),
    ...source,
    Instances: hosts.map((host) => ({
      InstanceId: host.instanceId,
      InstanceType: host.instanceType,
      AvailabilityZone: host.zone,
      LifecycleState: 'InService',
      HealthStatus: 'Healthy',
      ProtectedFromScaleIn: group.protectedFromScaleIn ?? false,
      LaunchTemplate: { ...specification, Version: '4' },
    })),
  };
}

function hooksOf(group: GroupSpec): Record<string, unknown>[] {
  const { launchHookSeconds, terminationHookSeconds } = group;
  return [
    ...(group.managedDraining ? [drainingHookOf(group)] : []),
    ...(launchHookSeconds === undefined ? [] : [ownHookOf(group, 'LAUNCHING', launchHookSeconds)]),
    ...(terminationHookSeconds === undefined
      ? []
      : [ownHookOf(group, 'TERMINATING', terminationHookSeconds)]),
  ];
}

function ownHookOf({ name }: GroupSpec, moment: 'LAUNCHING' | 'TERMINATING', seconds: number) {
  return {
    LifecycleHookName: `own-${moment.toLowerCase()}`,
    AutoScalingGroupName: name,
    LifecycleTransition: `autoscaling:EC2_INSTANCE_${moment}`,
    HeartbeatTimeout: seconds,
    DefaultResult: 'CONTINUE',
  };
}

/** The hook of managed draining, as ECS makes it. Source: Amazon ECS developer guide, managed-instance-draining. */
function drainingHookOf({ name }: GroupSpec): Record<string, unknown> {
  return {
    LifecycleHookName: 'ecs-managed-draining-termination-hook',
    AutoScalingGroupName: name,
    LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
    HeartbeatTimeout: 3600,
    DefaultResult: 'CONTINUE',
  };
}

function instanceOf(
  spec: ClusterSpec,
  host: PlacedHost,
  hosts: readonly PlacedHost[],
): Record<string, unknown> {
  const group = spec.groups.find(({ name }) => name === host.group);
  const indexInGroup = hosts.filter(({ group: name }) => name === host.group).indexOf(host);
  return {
    InstanceId: host.instanceId,
    ImageId: group?.images?.[indexInGroup] ?? group?.oldImage ?? spec.oldImage ?? OLD_IMAGE,
    InstanceType: host.instanceType,
    State: { Code: 16, Name: 'running' },
    LaunchTime: LAUNCHED_AT,
    Placement: { AvailabilityZone: host.zone },
    SubnetId: subnetOf(host.zone),
    VpcId: 'vpc-0000000000000000a',
    PrivateIpAddress: `10.0.${Math.floor(host.index / 250)}.${(host.index % 250) + 4}`,
    Architecture: 'x86_64',
    Tags: [{ Key: 'aws:autoscaling:groupName', Value: host.group }],
  };
}
