/**
 * Pins a group to what its hosts ran before the run, so that a rollback can launch it: a version with the old image, made
 * from the same source as the run's own, whatever `$Latest`, `$Default` or a parameter have come to mean. `restore` takes
 * it away again with the others.
 */
import { describeGroups, updateGroup } from '../aws/auto-scaling-groups.ts';
import { autoScaling, ec2 } from '../aws/clients.ts';
import { templateUses } from '../aws/facts/templates.ts';
import {
  asChange,
  canonical,
  isSameSource,
  type LaunchSource,
  launchSourceOf,
  type Pin,
  pinned,
} from '../aws/launch-sources.ts';
import { createTemplateVersion, versionNumber } from '../aws/launch-templates.ts';
import type { TemplateUse } from '../core/facts.ts';
import type { GroupMemory } from '../core/memory.ts';
import { type Pinning, versionDescription } from './pin.ts';
import { shortHash } from './purpose.ts';

/** Third part of the key of a version that was made to go back: `<template id>:<source version>:back`. */
const BACK = 'back';

/**
 * Safe to repeat: versions are found again by their token, a group pinned already is left alone.
 *
 * @returns why it cannot be pinned, else undefined
 */
export async function pinBack(memory: GroupMemory, pinning: Pinning): Promise<string | undefined> {
  const { autoScalingGroupName: name, imagesBefore = {}, targetImageIds } = memory;
  const [described] = await describeGroups(autoScaling, [name]);
  const current = described && launchSourceOf(described);
  if (described === undefined || current === undefined) return `${name} does not exist any more`;
  const uses = await templateUses(ec2, described);
  const known = new Set([...targetImageIds, ...Object.values(imagesBefore)]);
  const foreign = uses.find((use) => !known.has(use.imageId ?? ''));
  if (foreign !== undefined) return `somebody else lets ${name} launch ${foreign.imageId ?? 'no image'}`;
  const before = (use: TemplateUse) => imagesBefore[use.instanceTypes[0] ?? '*'] ?? imagesBefore['*'];
  // Their reference stays theirs, also where it brings what ran before: `restore` must not take it for ours.
  if (!isOurs(current, memory))
    return uses.every((use) => use.imageId === before(use))
      ? undefined
      : `somebody else changed the template reference of ${name}`;

  let group = memory;
  const pins: Pin[] = [];
  for (const use of uses) {
    const imageId = before(use);
    if (imageId === undefined) return `what the hosts of ${name} ran before is not known`;
    const made = await versionOf(group, use, imageId, pinning);
    group = made.group;
    const override = use.override === undefined ? {} : { override: use.override };
    pins.push({ version: made.version, imageId, ...override });
  }
  const wanted = pinned(current, pins);
  await pinning.remember({ ...group, set: { ...group.set, launchSource: canonical(wanted) } });
  if (isSameSource(current, wanted)) return undefined;
  await pinning.fence();
  await updateGroup(autoScaling, { AutoScalingGroupName: name, ...asChange(wanted) });
  return undefined;
}

/** As the run found or set it; once a version to go back with is made, what stands may be either of our pins. */
function isOurs(current: LaunchSource, { original, set, createdVersions }: GroupMemory): boolean {
  if (Object.keys(createdVersions).some((key) => key.endsWith(`:${BACK}`))) return true;
  const own = [original.launchSource, set.launchSource];
  return own.some((one) => one !== undefined && isSameSource(current, JSON.parse(one) as LaunchSource));
}

async function versionOf(
  group: GroupMemory,
  use: TemplateUse,
  imageId: string,
  { runId, fence, remember }: Pinning,
): Promise<{ readonly version: number; readonly group: GroupMemory }> {
  if (use.imageId === imageId) return { version: use.resolvedVersion, group };
  const { launchTemplateId } = use.reference;
  const ours = Object.entries(group.createdVersions).find(
    ([key, version]) => key.startsWith(`${launchTemplateId}:`) && version === use.resolvedVersion,
  );
  const sourceVersion = ours === undefined ? use.resolvedVersion : Number(ours[0].split(':')[1]);
  const key = `${launchTemplateId}:${sourceVersion}:${BACK}`;
  const known = group.createdVersions[key];
  if (known !== undefined) return { version: known, group };
  // By this `restore` finds a version that was made right before a crash.
  const byDefault =
    group.defaultVersions[launchTemplateId] ??
    (await versionNumber(ec2, launchTemplateId, '$Default')) ??
    sourceVersion;
  const defaultVersions = { ...group.defaultVersions, [launchTemplateId]: byDefault };
  await remember({ ...group, defaultVersions });
  await fence();
  const version = await createTemplateVersion(ec2, {
    launchTemplateId,
    sourceVersion,
    imageId,
    description: versionDescription(runId),
    clientToken: `ecs-rollover-${shortHash(`${runId} ${key} ${imageId}`)}`,
  });
  const next = {
    ...group,
    defaultVersions,
    createdVersions: { ...group.createdVersions, [key]: version },
  };
  await remember(next);
  return { version, group: next };
}
