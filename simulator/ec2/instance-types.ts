/** Instance types: what the capture describes, else what its own hosts show of a type. */
import type { DescribeInstanceTypesRequest, Instance, InstanceTypeInfo } from '@aws-sdk/client-ec2';
import type { Capture } from '../capture/capture.ts';
import { awsError } from '../kernel/aws-error.ts';
import { pageOf } from '../kernel/pages.ts';
import type { InstanceTypeRecord } from '../world.ts';
import { filterOf } from './filters.ts';
import { EC2_PAGES } from './page-rules.ts';

export class InstanceTypes {
  readonly #types = new Map<string, InstanceTypeInfo>();

  constructor(capture: Capture) {
    for (const type of capture.ec2.instanceTypes) {
      if (type.InstanceType !== undefined) this.#types.set(type.InstanceType, type);
    }
    const registered = registeredByInstance(capture);
    for (const instance of capture.ec2.instances) {
      const name = instance.InstanceType;
      if (name !== undefined && !this.#types.has(name)) {
        this.#types.set(name, seenOn(instance, registered.get(instance.InstanceId ?? '')));
      }
    }
  }

  get(name: string): InstanceTypeInfo | undefined {
    return this.#types.get(name);
  }

  all(): readonly InstanceTypeInfo[] {
    return [...this.#types.values()];
  }

  record(name: string): InstanceTypeRecord | undefined {
    const type = this.#types.get(name);
    if (!type) return undefined;
    return {
      instanceType: name,
      vcpus: type.VCpuInfo?.DefaultVCpus ?? 0,
      memoryMiB: type.MemoryInfo?.SizeInMiB ?? 0,
      gpus: (type.GpuInfo?.Gpus ?? []).reduce((sum, gpu) => sum + (gpu.Count ?? 0), 0),
      maximumNetworkInterfaces: type.NetworkInfo?.MaximumNetworkInterfaces ?? LEAST_INTERFACES,
    };
  }

  describeInstanceTypes(input: DescribeInstanceTypesRequest) {
    const names: readonly string[] | undefined = input.InstanceTypes;
    if (names && names.length > 100) {
      throw awsError('InvalidParameterValue', 'The maximum number of instance types is 100');
    }
    const unknown = names?.filter((name) => !this.#types.has(name)) ?? [];
    if (unknown.length > 0) {
      throw awsError(
        'InvalidInstanceType',
        `The following supplied instance types do not exist: [${unknown.join(', ')}]`,
      );
    }
    const matches = filterOf<InstanceTypeInfo & { Tags?: undefined }>(
      'DescribeInstanceTypes',
      input.Filters,
      {
        'instance-type': (type) => type.InstanceType,
        'processor-info.supported-architecture': (type) => type.ProcessorInfo?.SupportedArchitectures,
        'current-generation': (type) => String(type.CurrentGeneration ?? true),
      },
    );
    const page = pageOf(
      [...this.#types.values()]
        .filter((type) => !names || names.includes(type.InstanceType ?? ''))
        .filter(matches),
      (type) => type.InstanceType ?? '',
      'DescribeInstanceTypes',
      { limit: input.MaxResults, nextToken: input.NextToken },
      { ...EC2_PAGES, defaultLimit: 100, maxLimit: 100 },
    );
    return { InstanceTypes: page.items, NextToken: page.nextToken };
  }
}

/** The smallest Nitro types have two interfaces; three is what most small ones carry. */
const LEAST_INTERFACES = 3;

interface Registered {
  readonly cpu: number;
  readonly memoryMiB: number;
}

function registeredByInstance(capture: Capture): Map<string, Registered> {
  const found = new Map<string, Registered>();
  for (const { ec2InstanceId, registeredResources } of capture.ecs.containerInstances) {
    const amount = (name: string) =>
      registeredResources?.find((resource) => resource.name === name)?.integerValue ?? 0;
    if (ec2InstanceId !== undefined) {
      found.set(ec2InstanceId, { cpu: amount('CPU'), memoryMiB: amount('MEMORY') });
    }
  }
  return found;
}

/** A host tells its architecture and, by what its agent registered (1,024 units a vCPU), its size. */
function seenOn(instance: Instance, registered: Registered | undefined): InstanceTypeInfo {
  const { CoreCount, ThreadsPerCore } = instance.CpuOptions ?? {};
  const vcpus =
    CoreCount !== undefined && ThreadsPerCore !== undefined
      ? CoreCount * ThreadsPerCore
      : Math.round((registered?.cpu ?? 2048) / 1024);
  const architecture = instance.Architecture ?? 'x86_64';
  return {
    ...(instance.InstanceType !== undefined && { InstanceType: instance.InstanceType }),
    ProcessorInfo: { SupportedArchitectures: [architecture] as never },
    VCpuInfo: { DefaultVCpus: vcpus },
    MemoryInfo: { SizeInMiB: registered?.memoryMiB ?? 2048 * vcpus },
    SupportedBootModes: architecture === 'arm64' ? ['uefi'] : ['legacy-bios', 'uefi'],
    SupportedVirtualizationTypes: ['hvm'],
    SupportedRootDeviceTypes: ['ebs'],
    NetworkInfo: { MaximumNetworkInterfaces: LEAST_INTERFACES, EnaSupport: 'required' },
  };
}
