/** Images and instance types as planning compares them. */
import type { Image, InstanceTypeInfo } from '@aws-sdk/client-ec2';
import type { ImageFacts, InstanceTypeFacts } from '../../core/facts.ts';
import { defined } from './defined.ts';

export function imageFacts(image: Image): ImageFacts {
  const root = image.BlockDeviceMappings?.find(({ DeviceName }) => DeviceName === image.RootDeviceName)?.Ebs;
  return defined({
    imageId: image.ImageId ?? '',
    name: image.Name,
    ownerId: image.OwnerId,
    ownerAlias: image.ImageOwnerAlias,
    state: image.State ?? 'available',
    architecture: image.Architecture,
    bootMode: image.BootMode,
    platform: image.Platform?.toLowerCase() === 'windows' ? ('windows' as const) : ('linux' as const),
    rootDeviceName: image.RootDeviceName,
    rootSnapshotSizeGiB: root?.VolumeSize,
    encrypted: root?.Encrypted,
    kmsKeyId: root?.KmsKeyId,
    imdsSupport: image.ImdsSupport,
    createdAtMs: timeOf(image.CreationDate),
    deprecatedAtMs: timeOf(image.DeprecationTime),
    allowed: image.ImageAllowed,
  });
}

export function instanceTypeFacts(type: InstanceTypeInfo): InstanceTypeFacts {
  const gpus = (type.GpuInfo?.Gpus ?? []).reduce((total, { Count }) => total + (Count ?? 0), 0);
  return {
    instanceType: type.InstanceType ?? '',
    architectures: type.ProcessorInfo?.SupportedArchitectures ?? [],
    bootModes: type.SupportedBootModes ?? [],
    vcpus: type.VCpuInfo?.DefaultVCpus ?? 0,
    memoryMiB: type.MemoryInfo?.SizeInMiB ?? 0,
    gpus,
    maximumNetworkInterfaces: type.NetworkInfo?.MaximumNetworkInterfaces ?? 0,
  };
}

/** EC2 gives times of images as text. */
function timeOf(text: string | undefined): number | undefined {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}
