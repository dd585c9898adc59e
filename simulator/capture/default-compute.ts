/** Defaults of instances, groups, templates, subnets and instance types. */
import type { AutoScalingGroup } from '@aws-sdk/client-auto-scaling';
import type { _InstanceType, ArchitectureType, Instance, InstanceTypeInfo } from '@aws-sdk/client-ec2';
import type { ContainerInstance, Resource } from '@aws-sdk/client-ecs';
import { interfacesOf } from '../interfaces-by-size.ts';
import type { Capture } from './capture.ts';
import { infoFromName } from './instance-type-names.ts';
import type { Problem } from './problems.ts';

/** A subnet that the capture does not describe has room: "unknown" must not read as "full". A /20 has this many. */
const UNKNOWN_ADDRESSES = 4091;

const ONE_DAY_MS = 86_400_000;

/** EC2's numeric instance states. Source: EC2 API reference, InstanceState. */
const STATE_CODES = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
} as const;

export function fillCompute(capture: Capture, problems: Problem[]): void {
  const hosts = new Map(capture.ecs.containerInstances.map((host) => [host.ec2InstanceId, host]));
  const groupOf = new Map(
    capture.autoScaling.autoScalingGroups.flatMap((group) =>
      (group.Instances ?? []).map((record) => [record.InstanceId, record] as const),
    ),
  );
  for (const [at, instance] of capture.ec2.instances.entries()) {
    const host = hosts.get(instance.InstanceId);
    const record = groupOf.get(instance.InstanceId);
    fillInstance(instance, host, record, capture);
    const path = `ec2.instances[${at}]`;
    if (!instance.ImageId) problems.push({ path: `${path}.ImageId`, message: 'is missing' });
    if (!instance.InstanceType) problems.push({ path: `${path}.InstanceType`, message: 'is missing' });
    if (!instance.Placement?.AvailabilityZone)
      problems.push({ path: `${path}.Placement.AvailabilityZone`, message: 'is missing' });
  }
  fillInstanceTypes(capture, hosts);
  const zones = zonesOfSubnets(capture);
  const instances = new Map(capture.ec2.instances.map((instance) => [instance.InstanceId, instance]));
  for (const [at, group] of capture.autoScaling.autoScalingGroups.entries()) {
    nameZones(group, zones);
    fillGroup(group, zones, instances, capture);
    fillSubnets(group, zones, capture);
    if (group.AvailabilityZones?.length === 0 && (group.MaxSize ?? 0) > 0)
      problems.push({
        path: `autoScaling.autoScalingGroups[${at}].AvailabilityZones`,
        message: 'is missing, and ec2.subnets does not tell the zones of VPCZoneIdentifier',
      });
  }
  for (const subnet of capture.ec2.subnets) {
    const zone = subnet.AvailabilityZone ?? zones.get(subnet.SubnetId ?? '');
    if (zone !== undefined) subnet.AvailabilityZone = zone;
    subnet.AvailableIpAddressCount ??= UNKNOWN_ADDRESSES;
  }
  fillTemplates(capture);
}

function fillInstance(
  instance: Instance,
  host: ContainerInstance | undefined,
  record: { AvailabilityZone?: string | undefined; InstanceType?: string | undefined } | undefined,
  capture: Capture,
): void {
  const attribute = (name: string) => host?.attributes?.find((one) => one.name === name)?.value;
  const subnetZone = capture.ec2.subnets.find(
    ({ SubnetId }) => SubnetId === instance.SubnetId,
  )?.AvailabilityZone;
  const zone =
    instance.Placement?.AvailabilityZone ??
    subnetZone ??
    record?.AvailabilityZone ??
    attribute('ecs.availability-zone');
  if (zone) instance.Placement = { ...instance.Placement, AvailabilityZone: zone };
  instance.ImageId ??= attribute('ecs.ami-id');
  instance.InstanceType ??= (record?.InstanceType ?? attribute('ecs.instance-type')) as
    | _InstanceType
    | undefined;
  instance.SubnetId ??= attribute('ecs.subnet-id');
  const name = instance.State?.Name ?? 'running';
  instance.State = { Code: STATE_CODES[name], Name: name };
  instance.LaunchTime ??= new Date(
    host?.registeredAt
      ? host.registeredAt.getTime() - 60_000
      : capture.capturedAt.getTime() - 30 * ONE_DAY_MS,
  );
  instance.Tags ??= [];
}

/** Zone by subnet: what the capture says of the subnet, else where its hosts stand. */
function zonesOfSubnets(capture: Capture): Map<string, string> {
  const zones = new Map<string, string>();
  for (const { SubnetId, Placement } of capture.ec2.instances) {
    if (SubnetId && Placement?.AvailabilityZone) zones.set(SubnetId, Placement.AvailabilityZone);
  }
  for (const task of capture.ecs.tasks) {
    const subnetId = task.attachments
      ?.flatMap((attachment) => attachment.details ?? [])
      .find(({ name }) => name === 'subnetId')?.value;
    if (subnetId && task.availabilityZone) zones.set(subnetId, task.availabilityZone);
  }
  for (const { SubnetId, AvailabilityZone } of capture.ec2.subnets) {
    if (SubnetId && AvailabilityZone) zones.set(SubnetId, AvailabilityZone);
  }
  return zones;
}

/**
 * Zones of the group's subnets that nothing else tells: what is left of its zones, in their order. Auto Scaling promises
 * no order, but each zone gets its subnet, which is all that launches depend on.
 */
function nameZones(group: AutoScalingGroup, zones: Map<string, string>): void {
  const ids = subnetIdsOf(group);
  const told = new Set(ids.map((id) => zones.get(id)));
  const left = (group.AvailabilityZones ?? []).filter((zone) => !told.has(zone));
  for (const id of ids) {
    const zone = zones.has(id) ? undefined : left.shift();
    if (zone !== undefined) zones.set(id, zone);
  }
}

/** Describes the group's subnets. A group that names none launches into the default subnet of each of its zones. */
function fillSubnets(group: AutoScalingGroup, zones: Map<string, string>, capture: Capture): void {
  if (subnetIdsOf(group).length === 0) {
    const named = (group.AvailabilityZones ?? []).map(
      (zone) => [...zones].find(([, other]) => other === zone)?.[0] ?? `subnet-default-${zone}`,
    );
    if (named.length > 0) group.VPCZoneIdentifier = named.join(',');
    nameZones(group, zones);
  }
  const known = new Set(capture.ec2.subnets.map(({ SubnetId }) => SubnetId));
  for (const id of subnetIdsOf(group)) {
    const zone = zones.get(id);
    if (zone !== undefined && !known.has(id))
      capture.ec2.subnets.push({ SubnetId: id, AvailabilityZone: zone });
  }
}

function fillGroup(
  group: AutoScalingGroup,
  zones: ReadonlyMap<string, string>,
  instances: ReadonlyMap<string | undefined, Instance>,
  capture: Capture,
): void {
  group.AutoScalingGroupARN ??= `arn:aws:autoscaling:${capture.region}:${capture.accountId}:autoScalingGroup:00000000-0000-0000-0000-000000000000:autoScalingGroupName/${group.AutoScalingGroupName}`;
  group.DefaultCooldown ??= 300;
  group.HealthCheckType ??= 'EC2';
  group.HealthCheckGracePeriod ??= 0;
  group.CreatedTime ??= new Date(capture.capturedAt.getTime() - 365 * ONE_DAY_MS);
  group.SuspendedProcesses ??= [];
  group.TerminationPolicies ??= ['Default'];
  group.NewInstancesProtectedFromScaleIn ??= false;
  group.Tags ??= [];
  group.Instances ??= [];
  for (const record of group.Instances) {
    const instance = instances.get(record.InstanceId);
    record.AvailabilityZone ??= instance?.Placement?.AvailabilityZone;
    record.InstanceType ??= instance?.InstanceType;
    record.LifecycleState ??= 'InService';
    record.HealthStatus ??= 'Healthy';
    record.ProtectedFromScaleIn ??= false;
  }
  const fromSubnets = subnetIdsOf(group).flatMap((id) => zones.get(id) ?? []);
  const fromHosts = (group.Instances ?? []).flatMap((record) => record.AvailabilityZone ?? []);
  if (!group.AvailabilityZones?.length)
    group.AvailabilityZones = [...new Set(fromSubnets.length > 0 ? fromSubnets : fromHosts)].sort();
}

function subnetIdsOf(group: AutoScalingGroup): string[] {
  return (group.VPCZoneIdentifier ?? '')
    .split(',')
    .map((id) => id.trim())
    .filter((id) => id !== '');
}

/** One version is the default: the one that says so, else the first of its template. */
function fillTemplates(capture: Capture): void {
  const byTemplate = Map.groupBy(capture.ec2.launchTemplateVersions, (version) => version.LaunchTemplateId);
  for (const versions of byTemplate.values()) {
    versions.sort((a, b) => (a.VersionNumber ?? 0) - (b.VersionNumber ?? 0));
    if (!versions.some((version) => version.DefaultVersion) && versions[0]) versions[0].DefaultVersion = true;
    const name = versions.find((version) => version.LaunchTemplateName)?.LaunchTemplateName;
    for (const version of versions) {
      version.LaunchTemplateName ??= name;
      version.DefaultVersion ??= false;
      version.CreateTime ??= new Date(capture.capturedAt.getTime() - 365 * ONE_DAY_MS);
      version.LaunchTemplateData ??= {};
    }
  }
}

/** Types that `describe-instance-types` was not asked for: what a host of it registered tells enough, else its name. */
function fillInstanceTypes(
  capture: Capture,
  hosts: ReadonlyMap<string | undefined, ContainerInstance>,
): void {
  const known = new Set(capture.ec2.instanceTypes.map((type) => type.InstanceType));
  for (const instance of capture.ec2.instances) {
    const { InstanceType } = instance;
    const host = hosts.get(instance.InstanceId);
    if (!InstanceType || known.has(InstanceType) || !host?.registeredResources) continue;
    known.add(InstanceType);
    capture.ec2.instanceTypes.push(typeOf(InstanceType, instance, host, host.registeredResources));
  }
  for (const name of launchableTypes(capture)) {
    const info = known.has(name as _InstanceType) ? undefined : infoFromName(name);
    if (info) capture.ec2.instanceTypes.push(info);
  }
  for (const type of capture.ec2.instanceTypes) {
    type.NetworkInfo = {
      ...type.NetworkInfo,
      MaximumNetworkInterfaces: type.NetworkInfo?.MaximumNetworkInterfaces ?? interfacesOf(type.InstanceType),
    };
  }
}

/** Types that templates and overrides name. */
function launchableTypes(capture: Capture): ReadonlySet<string> {
  return new Set([
    ...capture.ec2.launchTemplateVersions.flatMap(
      ({ LaunchTemplateData }) => LaunchTemplateData?.InstanceType ?? [],
    ),
    ...capture.autoScaling.autoScalingGroups.flatMap((group) =>
      (group.MixedInstancesPolicy?.LaunchTemplate?.Overrides ?? []).flatMap(
        ({ InstanceType }) => InstanceType ?? [],
      ),
    ),
  ]);
}

function typeOf(
  name: _InstanceType,
  instance: Instance,
  host: ContainerInstance,
  resources: readonly Resource[],
): InstanceTypeInfo {
  const integer = (wanted: string) => resources.find((one) => one.name === wanted)?.integerValue ?? 0;
  const gpus = resources.find((one) => one.name === 'GPU')?.stringSetValue?.length ?? 0;
  const architecture =
    instance.Architecture ?? host.attributes?.find((one) => one.name === 'ecs.cpu-architecture')?.value;
  return {
    InstanceType: name,
    VCpuInfo: { DefaultVCpus: Math.max(1, Math.round(integer('CPU') / 1024)) },
    MemoryInfo: { SizeInMiB: integer('MEMORY') },
    ...(architecture !== undefined && {
      ProcessorInfo: { SupportedArchitectures: [architecture as ArchitectureType] },
    }),
    ...(gpus > 0 && { GpuInfo: { Gpus: [{ Count: gpus }] } }),
  };
}
