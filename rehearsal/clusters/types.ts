/** Instance types that generated clusters use. Source: Amazon EC2 instance types page; ENIs from "IP addresses per ENI". */
export const INSTANCE_TYPES: Readonly<
  Record<string, { vcpus: number; memoryMiB: number; enis: number; architecture: 'x86_64' | 'arm64' }>
> = {
  'm5.large': { vcpus: 2, memoryMiB: 8192, enis: 3, architecture: 'x86_64' },
  'm5.xlarge': { vcpus: 4, memoryMiB: 16_384, enis: 4, architecture: 'x86_64' },
  'm5.2xlarge': { vcpus: 8, memoryMiB: 32_768, enis: 4, architecture: 'x86_64' },
  'c5.xlarge': { vcpus: 4, memoryMiB: 8192, enis: 4, architecture: 'x86_64' },
  'm6g.large': { vcpus: 2, memoryMiB: 8192, enis: 3, architecture: 'arm64' },
  'm6g.xlarge': { vcpus: 4, memoryMiB: 16_384, enis: 4, architecture: 'arm64' },
};

export function typeOf(name: string) {
  const found = INSTANCE_TYPES[name];
  if (!found) throw new Error(`no instance type ${name} in the generated clusters' table`);
  return found;
}

/** What ECS registers: 1,024 CPU units a vCPU; memory less what kernel and agent keep (about 6 %). */
export function registeredOf(name: string): { cpu: number; memoryMiB: number } {
  const type = typeOf(name);
  return { cpu: type.vcpus * 1024, memoryMiB: Math.floor(type.memoryMiB * 0.94) };
}

/** awsvpc tasks of a host with a trunk. Source: Amazon ECS developer guide, eni-trunking-supported-instance-types. */
export function trunkedTasksOf(name: string): number {
  return 5 * typeOf(name).vcpus;
}
