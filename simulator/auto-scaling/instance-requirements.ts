/**
 * Attribute-based selection: which of the known types an override with InstanceRequirements may launch.
 * Source: Amazon EC2 Auto Scaling API reference, InstanceRequirements (patterns with `*`; bare metal and
 * burstable types are left out unless asked for).
 */
import type { InstanceRequirements } from '@aws-sdk/client-auto-scaling';
import type { InstanceTypeInfo } from '@aws-sdk/client-ec2';

/** What a type leaves unsaid is taken as fitting. */
export function meetsRequirements(type: InstanceTypeInfo, requirements: InstanceRequirements): boolean {
  const { AllowedInstanceTypes: allowed, ExcludedInstanceTypes: excluded } = requirements;
  const name = type.InstanceType ?? '';
  const gpus = (type.GpuInfo?.Gpus ?? []).reduce((sum, gpu) => sum + (gpu.Count ?? 0), 0);
  return (
    isWithin(type.VCpuInfo?.DefaultVCpus, requirements.VCpuCount) &&
    isWithin(type.MemoryInfo?.SizeInMiB, requirements.MemoryMiB) &&
    isWithin(type.NetworkInfo?.MaximumNetworkInterfaces, requirements.NetworkInterfaceCount) &&
    isWithin(gpus, requirements.AcceleratorCount) &&
    (!allowed?.length || allowed.some((pattern) => fits(name, pattern))) &&
    !excluded?.some((pattern) => fits(name, pattern)) &&
    isWanted(type.BareMetal, requirements.BareMetal) &&
    isWanted(type.BurstablePerformanceSupported, requirements.BurstablePerformance) &&
    isOfGeneration(type.CurrentGeneration, requirements.InstanceGenerations)
  );
}

function isWithin(
  value: number | undefined,
  range: { readonly Min?: number | undefined; readonly Max?: number | undefined } | undefined,
): boolean {
  if (value === undefined || !range) return true;
  return value >= (range.Min ?? 0) && value <= (range.Max ?? Number.POSITIVE_INFINITY);
}

function isWanted(
  has: boolean | undefined,
  asked: 'included' | 'excluded' | 'required' = 'excluded',
): boolean {
  if (asked === 'included') return true;
  return asked === 'required' ? has === true : has !== true;
}

function isOfGeneration(isCurrent: boolean | undefined, asked: readonly string[] | undefined): boolean {
  if (!asked?.length || isCurrent === undefined) return true;
  return asked.includes(isCurrent ? 'current' : 'previous');
}

function fits(name: string, pattern: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(name);
}
