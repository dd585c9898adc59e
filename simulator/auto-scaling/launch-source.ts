/**
 * What a group would launch now: template versions and image references are resolved at each launch, never earlier.
 * Source: Amazon EC2 Auto Scaling user guide, create-asg-launch-template, ec2-auto-scaling-mixed-instances-groups,
 * using-systems-manager-parameters.
 */
import type { LaunchTemplateOverrides, LaunchTemplateSpecification } from '@aws-sdk/client-auto-scaling';
import type { ResponseLaunchTemplateData } from '@aws-sdk/client-ec2';
import type { LaunchRequest, World } from '../world.ts';
import { type Group, isCounted, type LaunchSource, launchSourceOf, type Member } from './group.ts';
import { meetsRequirements } from './instance-requirements.ts';

/** One way to launch: a type of a template. */
export interface LaunchOption {
  readonly imageId: string;
  readonly instanceType: string;
  readonly spot: boolean;
  readonly weight: number;
  readonly weightedCapacity: string | undefined;
  readonly launchTemplate: LaunchTemplateSpecification | undefined;
  readonly launchConfigurationName: string | undefined;
  readonly overrideImageId: string | undefined;
  readonly data: ResponseLaunchTemplateData;
}

export type LaunchOptions =
  | { readonly options: readonly [LaunchOption, ...LaunchOption[]] }
  | { readonly failure: string };

/** In the order in which the group tries them. */
export function launchOptions(world: World, group: Group): LaunchOptions {
  const source = launchSourceOf(group);
  if (source.MixedInstancesPolicy) return mixedOptions(world, group, source);
  if (source.LaunchTemplate) return one(templateOption(world, source.LaunchTemplate, {}, false, group));
  return likeExisting(world, group, source.LaunchConfigurationName);
}

/** The images of every template use, as a launch would take them now: those of all overrides. */
export function launchImages(world: World, group: Group): string[] {
  const source = launchSourceOf(group);
  const specification = source.MixedInstancesPolicy?.LaunchTemplate?.LaunchTemplateSpecification;
  const overrides = source.MixedInstancesPolicy?.LaunchTemplate?.Overrides ?? [];
  const uses: [LaunchTemplateSpecification | undefined, string | undefined][] = source.MixedInstancesPolicy
    ? (overrides.length > 0 ? overrides : [{}]).map((override: LaunchTemplateOverrides) => [
        override.LaunchTemplateSpecification ?? specification,
        override.ImageId,
      ])
    : [[source.LaunchTemplate, undefined]];
  return uses.flatMap(([template, override]) => {
    const use = template && world.ec2.launchTemplate(template);
    const reference = override ?? (use && !('failure' in use) ? use.data.ImageId : undefined);
    const image = reference === undefined ? undefined : world.ec2.resolveImage(reference);
    return image === undefined ? [] : [image];
  });
}

/**
 * What AWS checks of a template when it is given to a group: that it, its version and its image exist.
 *
 * @returns the refusal, or undefined
 */
export function sourceRefusal(world: World, source: LaunchSource): string | undefined {
  const specification = source.MixedInstancesPolicy?.LaunchTemplate?.LaunchTemplateSpecification;
  const overrides = source.MixedInstancesPolicy?.LaunchTemplate?.Overrides ?? [];
  if (source.MixedInstancesPolicy && !specification) {
    return 'LaunchTemplate and LaunchTemplateSpecification are required in a mixed instances policy.';
  }
  const uses: { template: LaunchTemplateSpecification | undefined; imageId: string | undefined }[] = [
    { template: specification ?? source.LaunchTemplate, imageId: undefined },
    ...overrides
      .filter((override) => override.LaunchTemplateSpecification ?? override.ImageId)
      .map((override) => ({
        template: override.LaunchTemplateSpecification ?? specification,
        imageId: override.ImageId,
      })),
  ];
  for (const { template, imageId } of uses) {
    if (!template) continue;
    if ((template.LaunchTemplateId === undefined) === (template.LaunchTemplateName === undefined)) {
      return 'Valid requests must contain either launchTemplateId or LaunchTemplateName';
    }
    const use = world.ec2.launchTemplate(template);
    if ('failure' in use) return `You must use a valid fully-formed launch template. ${use.failure}`;
    const reference = imageId ?? use.data.ImageId;
    const image = reference === undefined ? undefined : world.ec2.resolveImage(reference);
    if (image === undefined) {
      return 'You must use a valid fully-formed launch template. The request must contain the parameter ImageId';
    }
    if (!world.ec2.imageExists(image)) {
      return `You must use a valid fully-formed launch template. The image id '[${image}]' does not exist`;
    }
  }
  return undefined;
}

/** As AWS describes a source whatever way it was given: template id, name and version all there. */
export function describedSource(world: World, source: LaunchSource): LaunchSource {
  const described = (specification: LaunchTemplateSpecification): LaunchTemplateSpecification => {
    const Version = specification.Version ?? '$Default';
    const use = world.ec2.launchTemplate({ ...specification, Version });
    const names =
      'failure' in use ? specification : { LaunchTemplateId: use.id, LaunchTemplateName: use.name };
    return { ...names, Version };
  };
  const mixed = source.MixedInstancesPolicy;
  const template = mixed?.LaunchTemplate;
  const { LaunchTemplateSpecification: main, Overrides: overrides } = template ?? {};
  return {
    ...(source.LaunchTemplate && { LaunchTemplate: described(source.LaunchTemplate) }),
    ...(source.LaunchConfigurationName !== undefined && {
      LaunchConfigurationName: source.LaunchConfigurationName,
    }),
    ...(mixed && {
      MixedInstancesPolicy: {
        ...mixed,
        LaunchTemplate: {
          ...template,
          ...(main && { LaunchTemplateSpecification: described(main) }),
          ...(overrides && {
            Overrides: overrides.map((override) =>
              override.LaunchTemplateSpecification
                ? {
                    ...override,
                    LaunchTemplateSpecification: described(override.LaunchTemplateSpecification),
                  }
                : override,
            ),
          }),
        },
      },
    }),
  };
}

/**
 * Whether this member is what the source would launch: the same template version and one of its types. The rule behind
 * an instance refresh's skip matching (asg-instance-refresh-skip-matching).
 */
export function isLaunchedFrom(world: World, group: Group, member: Member, source: LaunchSource): boolean {
  if (source.LaunchConfigurationName !== undefined)
    return member.launchConfigurationName === source.LaunchConfigurationName;
  const template = source.MixedInstancesPolicy?.LaunchTemplate;
  const main = source.LaunchTemplate ?? template?.LaunchTemplateSpecification;
  const overrides: LaunchTemplateOverrides[] = template?.Overrides?.length ? template.Overrides : [{}];
  return overrides.some((override) => {
    const specification = override.LaunchTemplateSpecification ?? main;
    if (!specification) return false;
    const option = templateOption(world, specification, override, member.spot, group);
    if (typeof option === 'string') return false;
    const { launchTemplate } = option;
    return (
      launchTemplate?.LaunchTemplateId === member.launchTemplate?.LaunchTemplateId &&
      launchTemplate?.Version === member.launchTemplate?.Version &&
      (override.InstanceRequirements !== undefined || option.instanceType === member.instanceType) &&
      option.overrideImageId === member.imageId
    );
  });
}

function one(option: LaunchOption | string): LaunchOptions {
  return typeof option === 'string' ? { failure: option } : { options: [option] };
}

/**
 * On-Demand in the order of the overrides (`prioritized`; the prices that `lowest-price` goes by are not known here);
 * Spot from a drawn one, as its pools come and go.
 */
function mixedOptions(world: World, group: Group, source: LaunchSource): LaunchOptions {
  const policy = source.MixedInstancesPolicy;
  const specification = policy?.LaunchTemplate?.LaunchTemplateSpecification ?? {};
  const given = policy?.LaunchTemplate?.Overrides?.length ? policy.LaunchTemplate.Overrides : [{}];
  const overrides = given.flatMap((override) => byType(world, override));
  const spot = nextIsSpot(group, source);
  const start = spot ? world.random.stream('auto-scaling/spot').integer(0, overrides.length - 1) : 0;
  const found = overrides.map((_, at) => {
    const override = overrides[(start + at) % overrides.length] as LaunchTemplateOverrides;
    return templateOption(
      world,
      override.LaunchTemplateSpecification ?? specification,
      override,
      spot,
      group,
    );
  });
  const [first, ...rest] = found.filter((option) => typeof option !== 'string');
  return first ? { options: [first, ...rest] } : { failure: String(found[0]) };
}

/** Source: API reference, InstancesDistribution: base first, then the percentage above it, rounded up for On-Demand. */
function nextIsSpot(group: Group, source: LaunchSource): boolean {
  const { OnDemandBaseCapacity: base = 0, OnDemandPercentageAboveBaseCapacity: percentage = 100 } =
    source.MixedInstancesPolicy?.InstancesDistribution ?? {};
  if (percentage >= 100) return false;
  const counted = [...group.members.values()].filter(isCounted);
  const onDemand = counted.filter((member) => !member.spot).length;
  const wanted = base + Math.ceil((Math.max(0, counted.length + 1 - base) * percentage) / 100);
  return onDemand >= wanted;
}

/** One override for each type that meets its requirements. */
function byType(world: World, override: LaunchTemplateOverrides): LaunchTemplateOverrides[] {
  const { InstanceRequirements: requirements, InstanceType } = override;
  if (!requirements || InstanceType !== undefined) return [override];
  const types = world.ec2.instanceTypes().filter((type) => meetsRequirements(type, requirements));
  return types.length === 0
    ? [override]
    : types.map((type) => ({ ...override, InstanceType: type.InstanceType }));
}

function templateOption(
  world: World,
  specification: LaunchTemplateSpecification,
  override: LaunchTemplateOverrides,
  spot: boolean,
  group: Group,
): LaunchOption | string {
  const use = world.ec2.launchTemplate(specification);
  if ('failure' in use) return use.failure;
  const reference = override.ImageId ?? use.data.ImageId;
  const imageId = reference === undefined ? undefined : world.ec2.resolveImage(reference);
  if (imageId === undefined) return 'The request must contain the parameter ImageId';
  const instanceType =
    override.InstanceType ??
    (override.InstanceRequirements ? anyMember(group)?.instanceType : undefined) ??
    use.data.InstanceType ??
    anyMember(group)?.instanceType;
  if (instanceType === undefined) return 'The request must contain the parameter InstanceType';
  const weight = Number(override.WeightedCapacity ?? 1) || 1;
  return {
    imageId,
    instanceType,
    spot: spot || use.data.InstanceMarketOptions?.MarketType === 'spot',
    weight,
    weightedCapacity: override.WeightedCapacity,
    launchTemplate: {
      LaunchTemplateId: use.id,
      LaunchTemplateName: use.name,
      Version: String(use.version),
    },
    launchConfigurationName: undefined,
    overrideImageId: override.ImageId === undefined ? undefined : imageId,
    data: use.data,
  };
}

/** A launch configuration is not described by a capture: what its hosts are is what it launches. */
function likeExisting(world: World, group: Group, name: string | undefined): LaunchOptions {
  const member = [...group.members.values()].find(
    (candidate) => candidate.launchConfigurationName === name && world.ec2.instance(candidate.instanceId),
  );
  const instance = member && world.ec2.instance(member.instanceId);
  if (!member || !instance) return { failure: `Launch configuration name not found - ${name ?? ''}` };
  return {
    options: [
      {
        imageId: instance.imageId,
        instanceType: instance.instanceType,
        spot: member.spot,
        weight: member.weight,
        weightedCapacity: member.weightedCapacity,
        launchTemplate: undefined,
        launchConfigurationName: name,
        overrideImageId: undefined,
        data: {},
      },
    ],
  };
}

function anyMember(group: Group): Member | undefined {
  return group.members.values().next().value;
}

/** Sources: Auto Scaling user guide, ec2-auto-scaling-tagging; EC2 user guide, launch templates' own tags. */
export function launchRequest(
  group: Group,
  option: LaunchOption,
  place: { readonly zone: string; readonly subnetId: string },
  userData: string | null,
): LaunchRequest {
  const { data, launchTemplate } = option;
  const tags: Record<string, string> = {};
  for (const specification of data.TagSpecifications ?? []) {
    if (specification.ResourceType !== 'instance') continue;
    for (const { Key, Value } of specification.Tags ?? []) if (Key !== undefined) tags[Key] = Value ?? '';
  }
  for (const tag of group.tags.values()) {
    if (tag.PropagateAtLaunch && tag.Key !== undefined) tags[tag.Key] = tag.Value ?? '';
  }
  tags['aws:autoscaling:groupName'] = group.name;
  if (launchTemplate?.LaunchTemplateId !== undefined) {
    tags['aws:ec2launchtemplate:id'] = launchTemplate.LaunchTemplateId;
    tags['aws:ec2launchtemplate:version'] = launchTemplate.Version ?? '';
  }
  const { HttpTokens: httpTokens, HttpPutResponseHopLimit: hopLimit } = data.MetadataOptions ?? {};
  return {
    group: group.name,
    imageId: option.imageId,
    instanceType: option.instanceType,
    zone: place.zone,
    subnetId: place.subnetId,
    userData,
    tags,
    spot: option.spot,
    disableApiTermination: data.DisableApiTermination ?? false,
    metadataOptions: {
      ...(httpTokens !== undefined && { httpTokens: httpTokens as 'optional' | 'required' }),
      ...(hopLimit !== undefined && { httpPutResponseHopLimit: hopLimit }),
    },
  };
}
