/** How a group says what it launches, as a value: read as it stands, pinned to literal versions, put back. */
import type {
  AutoScalingGroup,
  LaunchTemplateSpecification,
  MixedInstancesPolicy,
  UpdateAutoScalingGroupCommandInput,
} from '@aws-sdk/client-auto-scaling';

/** One of the two, as DescribeAutoScalingGroups gives it. */
export interface LaunchSource {
  readonly LaunchTemplate?: LaunchTemplateSpecification;
  readonly MixedInstancesPolicy?: MixedInstancesPolicy;
}

/** One place where the source names a template: the group's own or base (no override), or an override by index. */
export interface Pin {
  readonly override?: number;
  readonly version: number;
  /** For an override that writes an image of its own. */
  readonly imageId?: string;
}

/** Undefined for a group on a launch configuration. */
export function launchSourceOf(group: AutoScalingGroup): LaunchSource | undefined {
  if (group.LaunchTemplate !== undefined) return { LaunchTemplate: group.LaunchTemplate };
  if (group.MixedInstancesPolicy !== undefined) return { MixedInstancesPolicy: group.MixedInstancesPolicy };
  return undefined;
}

/** The source with these versions in place of what it names now. */
export function pinned(source: LaunchSource, pins: readonly Pin[]): LaunchSource {
  const copy = structuredClone(source) as {
    LaunchTemplate?: LaunchTemplateSpecification;
    MixedInstancesPolicy?: MixedInstancesPolicy;
  };
  for (const { override, version, imageId } of pins) {
    const policy = copy.MixedInstancesPolicy?.LaunchTemplate;
    if (override === undefined) {
      const own = copy.LaunchTemplate ?? policy?.LaunchTemplateSpecification;
      if (own !== undefined) own.Version = String(version);
      continue;
    }
    const one = policy?.Overrides?.[override];
    if (one?.LaunchTemplateSpecification !== undefined) {
      one.LaunchTemplateSpecification.Version = String(version);
    }
    if (one?.ImageId !== undefined && imageId !== undefined) one.ImageId = imageId;
  }
  return copy;
}

/** The specification at a place; undefined for an override that uses the base's. */
export function specificationAt(
  source: LaunchSource,
  override: number | undefined,
): LaunchTemplateSpecification | undefined {
  if (override !== undefined) {
    return source.MixedInstancesPolicy?.LaunchTemplate?.Overrides?.[override]?.LaunchTemplateSpecification;
  }
  return source.LaunchTemplate ?? source.MixedInstancesPolicy?.LaunchTemplate?.LaunchTemplateSpecification;
}

/** Every specification of a source, each with its place. */
export function specificationsOf(
  source: LaunchSource,
): { readonly override?: number; readonly specification: LaunchTemplateSpecification }[] {
  const base = specificationAt(source, undefined);
  const overrides = source.MixedInstancesPolicy?.LaunchTemplate?.Overrides ?? [];
  return [
    ...(base === undefined ? [] : [{ specification: base }]),
    ...overrides.flatMap(({ LaunchTemplateSpecification: specification }, override) =>
      specification === undefined ? [] : [{ override, specification }],
    ),
  ];
}

/**
 * The source as UpdateAutoScalingGroup takes it: a description gives a template's id and name, a request may name it by
 * one of them only (Amazon EC2 Auto Scaling API reference, LaunchTemplateSpecification).
 */
export function asChange(
  source: LaunchSource,
): Pick<UpdateAutoScalingGroupCommandInput, 'LaunchTemplate' | 'MixedInstancesPolicy'> {
  const copy = structuredClone(source) as LaunchSource;
  for (const { specification } of specificationsOf(copy)) {
    if (specification.LaunchTemplateId !== undefined) delete specification.LaunchTemplateName;
  }
  return copy;
}

/** Whether two sources say the same; names and ids of one template are one. */
export function isSameSource(left: LaunchSource | undefined, right: LaunchSource | undefined): boolean {
  return (
    left !== undefined && right !== undefined && canonical(asChange(left)) === canonical(asChange(right))
  );
}

/** JSON with sorted keys. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, field: unknown) =>
    typeof field === 'object' && field !== null && !Array.isArray(field)
      ? Object.fromEntries(Object.entries(field).sort(([a], [b]) => (a < b ? -1 : 1)))
      : field,
  );
}
