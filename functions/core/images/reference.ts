/** What people should know of how a group names its image, beside whether the image is fit. */
import type { GroupFacts } from '../facts.ts';
import type { PlanContext } from '../plan/context.ts';
import { templateField } from '../plan/targets.ts';
import type { Finding, GroupTarget } from '../plan.ts';

/** Notes only: none of this keeps anything from being rolled. */
export function referenceNotes(group: GroupFacts, target: GroupTarget, context: PlanContext): Finding[] {
  const found = [...newerVersions(group, target, context), ...parametersLeft(target)];
  const once = new Map(found.map((note) => [note.message, note]));
  return [...once.values()].map((note) => ({
    ...note,
    severity: 'note',
    scope: 'group',
    autoScalingGroupName: group.autoScalingGroupName,
    message: `${group.autoScalingGroupName}: ${note.message}`,
  }));
}

type Note = Pick<Finding, 'code' | 'field' | 'message' | 'remedy'>;

/** Somebody wrote a new image into the template, and the group does not follow: easily mistaken for "rolled out". */
function newerVersions(group: GroupFacts, target: GroupTarget, { planFacts }: PlanContext): Note[] {
  if (target.source !== 'launch-template') return [];
  return group.templates.flatMap(({ reference, resolvedVersion }) => {
    const details = planFacts.templates.find(
      ({ launchTemplateId, version }) =>
        launchTemplateId === reference.launchTemplateId && version === resolvedVersion,
    );
    if (details?.latestImageReference === undefined || reference.version === '$Latest') return [];
    const { latestVersion, latestImageReference } = details;
    return [
      {
        code: 'template-version-behind',
        field: 'LaunchTemplate.Version',
        message: `it launches version ${resolvedVersion} (${reference.version}) of ${reference.launchTemplateId}; the newest version, ${latestVersion}, names ${latestImageReference}, which nothing launches`,
        remedy: `point the group${reference.version === '$Default' ? "'s $Default" : ''} at version ${latestVersion} if that image is meant`,
      },
    ];
  });
}

/** The form stays, but a parameter that names another image cannot resolve to the target. */
function parametersLeft(target: GroupTarget): Note[] {
  return target.images.flatMap(({ use, image }) => {
    if (use.imageReference?.startsWith('resolve:') !== true || use.imageId === image.imageId) return [];
    return [
      {
        code: 'parameter-left',
        field: templateField(use),
        message: `its template takes the image from ${use.imageReference}, which names ${use.imageId ?? 'none'}: after the run it names ${image.imageId} itself and follows the parameter no longer`,
        remedy: `publish ${image.imageId} under the parameter, and leave the image to the launch template`,
      },
    ];
  });
}
