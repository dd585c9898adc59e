/** What image each group shall launch: the source as settings or request say it, resolved to literal image ids. */
import type { GroupFacts, HostFacts, ImageFacts, TemplateUse } from '../facts.ts';
import { readParameterValue } from '../images/parameter.ts';
import { readImageSource } from '../images/source.ts';
import type { Finding, GroupTarget } from '../plan.ts';
import { imageSourceFor } from '../settings.ts';
import type { PlanContext } from './context.ts';

/** A group's target, or why there is none. */
export type TargetResult =
  | { readonly target: GroupTarget }
  | { readonly target?: undefined; readonly findings: readonly Finding[] };

/** Where the source of a group is written: the field that somebody would change. */
export function sourceField(context: PlanContext, source: string): string {
  if (context.request.image !== undefined) return 'image';
  return source === 'launch-template' ? 'LaunchTemplateData.ImageId' : 'imageSource';
}

/** Resolves the image of every template that the group launches from. */
export function resolveTarget(group: GroupFacts, context: PlanContext): TargetResult {
  const source = context.request.image ?? imageSourceFor(context.settings, group.autoScalingGroupName);
  const read = readImageSource(source);
  const none = (code: string, message: string, remedy: string, field = sourceField(context, source)) => ({
    findings: [
      {
        severity: 'blocks',
        scope: 'group',
        code,
        autoScalingGroupName: group.autoScalingGroupName,
        field,
        message: `${group.autoScalingGroupName}: ${message}`,
        remedy,
      } satisfies Finding,
    ],
  });
  if (read === undefined) return none('image-source', `${source} is no image source`, 'see docs/settings.md');

  let named: string | undefined;
  if (read.kind === 'image') named = read.imageId;
  if (read.kind === 'parameter') {
    const parameter = context.planFacts.parameters.find(({ name }) => name === read.name);
    if (parameter?.value === undefined) {
      const why = parameter?.problem ?? 'it does not exist';
      return none(
        'image-parameter',
        `the parameter ${read.name} cannot be read: ${why}`,
        'name a parameter that exists and that this role may read',
      );
    }
    const result = readParameterValue(parameter.value);
    if ('problem' in result) {
      return none(
        'image-parameter',
        `the parameter ${read.name} names no image: ${result.problem}`,
        'store an image id, or JSON with image_id',
      );
    }
    named = result.imageId;
  }

  const images: { use: TemplateUse; image: ImageFacts }[] = [];
  for (const use of group.templates) {
    const imageId = named ?? use.imageId;
    if (imageId === undefined) {
      const written = use.imageReference ?? 'none';
      return none(
        'image-unresolved',
        `version ${use.resolvedVersion} of ${use.reference.launchTemplateId} names no image that can be launched (${written})`,
        'write an image id or a readable resolve:ssm: parameter into the template',
        templateField(use),
      );
    }
    const image = context.images.get(imageId);
    if (image === undefined) {
      return none(
        'image-not-found',
        `${imageId} does not exist here, or is not shared with this account`,
        'name an image of this Region that this account may launch',
      );
    }
    images.push({ use, image });
  }
  const imageIds = [
    ...new Set([...images.map(({ image }) => image.imageId), ...(named === undefined ? [] : [named])]),
  ];
  const resolvesAlready =
    images.length > 0 && images.every(({ use, image }) => use.imageId === image.imageId);
  return { target: { source, images, imageIds, resolvesAlready } };
}

/** The image that a host of this type should run; several where templates share the type. */
export function targetImagesOf(
  target: GroupTarget,
  host: Pick<HostFacts, 'instanceType'>,
): readonly string[] {
  const own = target.images.filter(
    ({ use }) => host.instanceType !== undefined && use.instanceTypes.includes(host.instanceType),
  );
  return own.length > 0 ? own.map(({ image }) => image.imageId) : target.imageIds;
}

/** Where a template use is written in the group. */
export function templateField(use: TemplateUse): string {
  return use.override === undefined
    ? 'LaunchTemplateData.ImageId'
    : `MixedInstancesPolicy.LaunchTemplate.Overrides[${use.override}]`;
}

/** Why a host's image makes it outdated; undefined when it does not. `ImageId` of EC2 is the truth, `ecs.ami-id` its echo. */
export function whyOutdated(host: HostFacts, target: GroupTarget): string | undefined {
  const imageId = host.imageId ?? host.attributes['ecs.ami-id'];
  const wanted = targetImagesOf(target, host);
  return imageId !== undefined && !wanted.includes(imageId)
    ? `its image is ${imageId}, the target is ${wanted.join(' or ')}`
    : undefined;
}
