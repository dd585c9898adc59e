/** Makes a capture, as JSON in AWS's shapes, of a cluster described in few words. */

import { ecsPart } from './build-ecs.ts';
import { groupParts } from './build-groups.ts';
import {
  ACCOUNT,
  CAPTURED_AT,
  NEW_IMAGE,
  OLD_IMAGE,
  PUBLIC_PARAMETER,
  REGION,
  subnetOf,
  ZONES,
} from './constants.ts';
import { type PlacedHost, placeTasks } from './place.ts';
import type { ClusterSpec } from './spec.ts';
import { registeredOf, trunkedTasksOf, typeOf } from './types.ts';

/** The same spec gives the same capture. @throws Error when its tasks do not fit its hosts */
export function buildCapture(spec: ClusterSpec): Record<string, unknown> {
  const hosts = hostsOf(spec);
  const tasks = placeTasks(spec, hosts);
  const { ecs, elasticLoadBalancingV2, applicationAutoScaling } = ecsPart(spec, hosts, tasks);
  const { autoScaling, instances, launchTemplateVersions } = groupParts(spec, hosts);
  const types = [
    ...new Set(
      spec.groups.flatMap((group) => [group.instanceType ?? 'm5.xlarge', ...(group.overrides ?? [])]),
    ),
  ];
  const oldImage = spec.oldImage ?? OLD_IMAGE;
  const newImage = spec.newImage ?? NEW_IMAGE;
  const images = [
    ...new Set([
      oldImage,
      newImage,
      ...spec.groups.flatMap((g) => [g.oldImage ?? [], Object.values(g.images ?? {})].flat()),
    ]),
  ];
  return {
    version: 1,
    region: REGION,
    accountId: ACCOUNT,
    capturedAt: CAPTURED_AT,
    ecs,
    autoScaling,
    ec2: {
      instances,
      launchTemplateVersions,
      images: images.map((imageId) => imageOf(imageId, imageId === newImage)),
      instanceTypes: types.map(instanceTypeInfo),
      subnets: ZONES.map((zone) => ({
        SubnetId: subnetOf(zone),
        AvailabilityZone: zone,
        AvailableIpAddressCount: 4000,
        VpcId: 'vpc-0000000000000000a',
        State: 'available',
      })),
    },
    ssm: {
      parameters: Object.entries({
        [PUBLIC_PARAMETER]: JSON.stringify({ image_id: newImage }),
        ...spec.parameters,
      }).map(([Name, Value]) => ({
        Name,
        Type: 'String',
        Value,
        Version: 7,
        LastModifiedDate: '2026-11-20T08:00:00Z',
      })),
    },
    elasticLoadBalancingV2,
    applicationAutoScaling,
  };
}

function hostsOf(spec: ClusterSpec): PlacedHost[] {
  let serial = 0;
  return spec.groups.flatMap((group) =>
    Array.from({ length: group.hosts }, (_, at) => {
      const instanceType =
        group.overrides?.[at % group.overrides.length] ?? group.instanceType ?? 'm5.xlarge';
      const zones = group.zones ?? ZONES;
      const index = serial++;
      return {
        instanceId: `i-${index.toString(16).padStart(17, '0')}`,
        index,
        group: group.name,
        zone: zones[at % zones.length] ?? ZONES[0],
        instanceType,
        capacityProvider: group.capacityProvider,
        ...registeredOf(instanceType),
        eniSlots: spec.awsvpcTrunking ? trunkedTasksOf(instanceType) : typeOf(instanceType).enis - 1,
        ports: new Set<number>(),
        tasks: [],
        ofService: new Map(),
      };
    }),
  );
}

function imageOf(imageId: string, isNew: boolean): Record<string, unknown> {
  return {
    ImageId: imageId,
    Name: `al2023-ami-ecs-hvm-2023.0.${isNew ? '20261118' : '20260901'}-kernel-6.1-x86_64`,
    OwnerId: '123456789012',
    ImageOwnerAlias: 'amazon',
    State: 'available',
    Architecture: 'x86_64',
    BootMode: 'uefi-preferred',
    VirtualizationType: 'hvm',
    RootDeviceType: 'ebs',
    RootDeviceName: '/dev/xvda',
    EnaSupport: true,
    ImdsSupport: 'v2.0',
    CreationDate: isNew ? '2026-11-18T20:10:11.000Z' : '2026-09-01T20:10:11.000Z',
    BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { VolumeSize: 30, VolumeType: 'gp3' } }],
  };
}

function instanceTypeInfo(name: string): Record<string, unknown> {
  const type = typeOf(name);
  return {
    InstanceType: name,
    VCpuInfo: { DefaultVCpus: type.vcpus },
    MemoryInfo: { SizeInMiB: type.memoryMiB },
    ProcessorInfo: { SupportedArchitectures: [type.architecture] },
    SupportedBootModes: type.architecture === 'arm64' ? ['uefi'] : ['legacy-bios', 'uefi'],
    NetworkInfo: { MaximumNetworkInterfaces: type.enis },
  };
}
