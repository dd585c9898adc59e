/**
 * Pins a group for the length of a run: every place where it names a template launches a version with the literal target
 * image, so that neither a moved `$Latest` nor a changed parameter brings another image half-way.
 */
import { describeGroups, updateGroup } from '../aws/auto-scaling-groups.ts';
import { unique } from '../aws/batches.ts';
import { autoScaling, ec2 } from '../aws/clients.ts';
import {
  asChange,
  canonical,
  isSameSource,
  launchSourceOf,
  type Pin,
  pinned,
} from '../aws/launch-sources.ts';
import { createTemplateVersion, versionNumber } from '../aws/launch-templates.ts';
import type { GroupMemory } from '../core/memory.ts';
import type { GroupPlan } from '../core/plan.ts';
import { shortHash } from './purpose.ts';

/** Text by which a run's own template versions can be told from others', also after a crash. */
export function versionDescription(runId: string): string {
  return `ecs-rollover run ${runId}`.slice(0, 255);
}

export interface Pinning {
  readonly runId: string;
  readonly fence: () => Promise<void>;
  /** Writes what is about to be done. */
  readonly remember: (group: GroupMemory) => Promise<void>;
}

/** Safe to repeat: a version made before is found again by its token, a group pinned already is left alone. */
export async function pinGroup(
  planned: GroupPlan,
  memory: GroupMemory,
  { runId, fence, remember }: Pinning,
): Promise<GroupMemory> {
  let group = memory;
  const pins: Pin[] = [];
  for (const { use, image } of planned.target.images) {
    const { launchTemplateId } = use.reference;
    const isOverrideImage = use.override !== undefined && use.imageReference === use.imageId;
    const hasLiteral = use.imageReference === image.imageId;
    let version = use.resolvedVersion;
    if (!hasLiteral) {
      const key = `${launchTemplateId}:${use.resolvedVersion}`;
      if (!(launchTemplateId in group.defaultVersions)) {
        const byDefault = await versionNumber(ec2, launchTemplateId, '$Default');
        group = {
          ...group,
          defaultVersions: { ...group.defaultVersions, [launchTemplateId]: byDefault ?? use.resolvedVersion },
        };
        await remember(group);
      }
      const known = group.createdVersions[key];
      if (known === undefined) await fence();
      version =
        known ??
        (await createTemplateVersion(ec2, {
          launchTemplateId,
          sourceVersion: use.resolvedVersion,
          imageId: image.imageId,
          description: versionDescription(runId),
          clientToken: `ecs-rollover-${shortHash(`${runId} ${key} ${image.imageId}`)}`,
        }));
      group = {
        ...group,
        createdVersions: { ...group.createdVersions, [key]: version },
        ...(use.imageId === image.imageId && {
          resolvedItself: unique([...(group.resolvedItself ?? []), key]),
        }),
      };
    }
    pins.push({
      version,
      ...(use.override === undefined ? {} : { override: use.override }),
      ...(isOverrideImage ? { imageId: image.imageId } : {}),
    });
  }

  const [described] = await describeGroups(autoScaling, [group.autoScalingGroupName]);
  const current = described && launchSourceOf(described);
  if (current === undefined) return group;
  const wanted = pinned(current, pins);
  group = { ...group, set: { ...group.set, launchSource: canonical(wanted) } };
  await remember(group);
  if (isSameSource(current, wanted)) return group;
  await fence();
  await updateGroup(autoScaling, { AutoScalingGroupName: group.autoScalingGroupName, ...asChange(wanted) });
  return group;
}
