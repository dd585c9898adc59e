/** What a group launches: each place where it names a template, down to the literal image. */
import type { AutoScalingGroup, LaunchTemplateSpecification } from '@aws-sdk/client-auto-scaling';
import type { EC2Client, LaunchTemplateVersion } from '@aws-sdk/client-ec2';
import type { TemplateUse } from '../../core/facts.ts';
import { present } from '../batches.ts';
import { perContainer } from '../container-memory.ts';
import { isBusy } from '../error-codes.ts';
import { describeTemplateVersions } from '../launch-templates.ts';
import { defined } from './defined.ts';

/** Versions are immutable: one with a literal image is read once per container (Amazon EC2 API reference). */
const known = perContainer(() => new Map<string, ResolvedVersion>());

/** A template version with the image behind its reference. */
export interface ResolvedVersion {
  readonly version: LaunchTemplateVersion;
  readonly imageId: string | undefined;
}

/** Every use of a template by a group, the group's own or the policy's base first, then the overrides with their own. */
export async function templateUses(ec2: EC2Client, group: AutoScalingGroup): Promise<TemplateUse[]> {
  const policy = group.MixedInstancesPolicy?.LaunchTemplate;
  const base = group.LaunchTemplate ?? policy?.LaunchTemplateSpecification;
  if (base?.LaunchTemplateId === undefined) return [];
  const overrides = policy?.Overrides ?? [];
  const ownWay = overrides.map(({ LaunchTemplateSpecification, ImageId }) =>
    Boolean(LaunchTemplateSpecification ?? ImageId),
  );
  const shared = present(overrides.map(({ InstanceType }, at) => (ownWay[at] ? undefined : InstanceType)));
  const uses = await Promise.all([
    templateUse(ec2, base, shared),
    ...overrides.flatMap((override, at) =>
      ownWay[at]
        ? [
            templateUse(
              ec2,
              override.LaunchTemplateSpecification ?? base,
              present([override.InstanceType]),
              at,
              override.ImageId,
            ),
          ]
        : [],
    ),
  ]);
  return present(uses);
}

async function templateUse(
  ec2: EC2Client,
  specification: LaunchTemplateSpecification,
  instanceTypes: readonly string[],
  override?: number,
  overrideImage?: string,
): Promise<TemplateUse | undefined> {
  const launchTemplateId = specification.LaunchTemplateId;
  if (launchTemplateId === undefined) return undefined;
  const version = specification.Version ?? '$Default';
  const resolved = await resolveVersion(ec2, launchTemplateId, version);
  if (resolved === undefined) return undefined;
  const { ImageId: imageReference, InstanceType } = resolved.version.LaunchTemplateData ?? {};
  return defined({
    reference: defined({
      launchTemplateId,
      launchTemplateName: specification.LaunchTemplateName,
      version,
    }),
    resolvedVersion: resolved.version.VersionNumber ?? 0,
    imageReference: overrideImage ?? imageReference,
    imageId: overrideImage ?? resolved.imageId,
    instanceTypes: instanceTypes.length > 0 ? instanceTypes : present([InstanceType]),
    override,
  });
}

/** Undefined where the parameter does not exist, names no image or may not be read: then nothing can be launched. */
async function resolvedImage(
  ec2: EC2Client,
  launchTemplateId: string,
  reference: string,
): Promise<string | undefined> {
  try {
    const [resolved] = await describeTemplateVersions(ec2, launchTemplateId, [reference], true);
    const image = resolved?.LaunchTemplateData?.ImageId;
    return image?.startsWith('resolve:') ? undefined : image;
  } catch (error) {
    if (isBusy(error)) throw error;
    return undefined;
  }
}

/** A version by number, `$Latest` or `$Default`; undefined when the template or version is gone. */
export async function resolveVersion(
  ec2: EC2Client,
  launchTemplateId: string,
  reference: string,
): Promise<ResolvedVersion | undefined> {
  const cached = known().get(`${launchTemplateId}:${reference}`);
  if (cached !== undefined) return cached;
  const [version] = await describeTemplateVersions(ec2, launchTemplateId, [reference]);
  if (version === undefined) return undefined;
  const image = version.LaunchTemplateData?.ImageId;
  if (image?.startsWith('resolve:')) {
    return { version, imageId: await resolvedImage(ec2, launchTemplateId, reference) };
  }
  const literal = { version, imageId: image };
  if (/^\d+$/.test(reference)) known().set(`${launchTemplateId}:${reference}`, literal);
  return literal;
}
