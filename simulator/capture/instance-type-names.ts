/**
 * What the name of an instance type tells, for types that a capture names but does not describe. Source: Amazon EC2
 * instance types guide, "naming conventions": series letter, generation, options (`g` = Graviton, arm64), size.
 */
import type { _InstanceType, InstanceTypeInfo } from '@aws-sdk/client-ec2';

const NAME_PATTERN = /^([a-z]+)(\d+)([a-z-]*)\.([a-z]+|\d+xlarge|metal(?:-\d+xl)?)$/;

const VCPUS_BY_SIZE: Readonly<Record<string, number>> = { medium: 1, large: 2, xlarge: 4 };

/** GiB a vCPU: compute, general purpose and memory optimised series. */
const GIB_PER_VCPU: Readonly<Record<string, number>> = { c: 2, m: 4, r: 8, x: 16 };

/** T types have two vCPUs from micro to large, whatever their memory. */
const GIB_OF_T: Readonly<Record<string, number>> = { micro: 1, small: 2, medium: 4, large: 8, xlarge: 16 };

/** Undefined when the name tells nothing (metal, accelerators, unknown series): nothing is made up then. */
export function infoFromName(name: string): InstanceTypeInfo | undefined {
  const found = NAME_PATTERN.exec(name);
  if (!found) return undefined;
  const [, series = '', , options = '', size = ''] = found;
  const vcpus = series === 't' ? vcpusOfT(size) : vcpusOf(size);
  const memoryGiB = series === 't' ? GIB_OF_T[size] : (GIB_PER_VCPU[series] ?? Number.NaN) * (vcpus ?? 0);
  if (vcpus === undefined || !memoryGiB) return undefined;
  const isArm = options.includes('g');
  return {
    InstanceType: name as _InstanceType,
    VCpuInfo: { DefaultVCpus: vcpus },
    MemoryInfo: { SizeInMiB: memoryGiB * 1024 },
    ProcessorInfo: { SupportedArchitectures: [isArm ? 'arm64' : 'x86_64'] },
    SupportedBootModes: isArm ? ['uefi'] : ['legacy-bios', 'uefi'],
  };
}

function vcpusOf(size: string): number | undefined {
  const times = /^(\d+)xlarge$/.exec(size)?.[1];
  return times === undefined ? VCPUS_BY_SIZE[size] : Number(times) * 4;
}

function vcpusOfT(size: string): number | undefined {
  return size in GIB_OF_T ? (size === 'xlarge' ? 4 : 2) : vcpusOf(size);
}
