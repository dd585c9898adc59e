/**
 * A group's template reference at the end of a run. Where the target was reached it keeps its form: a number becomes our
 * version's, `$Default` the default moved, `$Latest` the newest version, which is ours; `resolve:ssm:` is itself again.
 * Otherwise it is put back as it was, and the versions that we made go away. What somebody else changed meanwhile stays.
 */
import type { AutoScalingGroup } from '@aws-sdk/client-auto-scaling';
import { updateGroup } from '../aws/auto-scaling-groups.ts';
import { autoScaling, ec2 } from '../aws/clients.ts';
import { describeError, isInvalid } from '../aws/error-codes.ts';
import { resolveVersion } from '../aws/facts/templates.ts';
import {
  asChange,
  isSameSource,
  type LaunchSource,
  launchSourceOf,
  specificationsOf,
} from '../aws/launch-sources.ts';
import {
  deleteTemplateVersion,
  describeTemplateVersions,
  setDefaultVersion,
  versionNumber,
} from '../aws/launch-templates.ts';
import type { GroupMemory } from '../core/memory.ts';
import { versionDescription } from './pin.ts';

export interface Reference {
  readonly runId: string;
  /** The target was reached: new launches should bring it. */
  readonly keepsTarget: boolean;
  readonly fence: () => Promise<void>;
}

/** @returns warnings for people; safe to repeat. */
export async function restoreReference(
  described: AutoScalingGroup,
  group: GroupMemory,
  { runId, keepsTarget, fence }: Reference,
): Promise<string[]> {
  const current = launchSourceOf(described);
  const original = JSON.parse(group.original.launchSource) as LaunchSource;
  const set = group.set.launchSource;
  const name = group.autoScalingGroupName;
  const isForeign =
    !isSameSource(current, original) &&
    !(set !== undefined && isSameSource(current, JSON.parse(set) as LaunchSource));
  const warnings = isForeign
    ? [`${name}: somebody changed its template reference during the run; it stays as they set it`]
    : [];

  const end =
    keepsTarget && !isForeign && set !== undefined
      ? await keptForm(original, group, fence)
      : { source: original, kept: [] };
  const refusal =
    isForeign || isSameSource(current, end.source) ? undefined : await putBack(name, end.source, fence);
  if (refusal !== undefined) {
    warnings.push(
      `${name}: its template reference could not be put back, it stays ${referenceText(current)}: ${refusal}; mend the template, then set ${referenceText(end.source)} again`,
    );
  }
  const final = isForeign || refusal !== undefined ? current : end.source;
  if (!keepsTarget && (await namesTarget(final, group))) {
    warnings.push(
      `${name}: its own template names ${group.targetImageIds.join(', ')} already, so hosts that the group launches from now on run it; change the template or its parameter if they should not`,
    );
  }
  for (const [templateId, version] of await unneededVersions(group, runId, end.kept, final)) {
    await fence();
    const refusal = await deleteTemplateVersion(ec2, templateId, version);
    if (refusal !== undefined) warnings.push(`${templateId}: version ${version} stays: ${refusal}`);
  }
  return warnings;
}

/**
 * Auto Scaling validates what a group is to launch, and refuses a template that names an image which is not there (any
 * more), however long one asks: the rest of the group is given back all the same. A refresh ends: its refusal is thrown.
 * Source: terraform-aws-modules/terraform-aws-eks issue 2122 ("Error updating Auto Scaling Group: ValidationError: You must
 * use a valid fully-formed launch template. The image id '[ami-…]' does not exist").
 *
 * @returns AWS's reason when it refuses the reference for what the template says, else undefined.
 */
async function putBack(
  name: string,
  source: LaunchSource,
  fence: () => Promise<void>,
): Promise<string | undefined> {
  await fence();
  try {
    await updateGroup(autoScaling, { AutoScalingGroupName: name, ...asChange(source) });
    return undefined;
  } catch (error) {
    if (!isInvalid(error) || /instance refresh/i.test(describeError(error))) throw error;
    return describeError(error);
  }
}

function referenceText(source: LaunchSource | undefined): string {
  return specificationsOf(source ?? {})
    .map(({ specification: { LaunchTemplateId, Version = '$Default' } }) => `${LaunchTemplateId}:${Version}`)
    .join(', ');
}

/** Would the group launch the target without us? */
async function namesTarget(source: LaunchSource | undefined, group: GroupMemory): Promise<boolean> {
  const isTarget = (imageId: string | undefined) => group.targetImageIds.includes(imageId ?? '');
  const overrides = source?.MixedInstancesPolicy?.LaunchTemplate?.Overrides ?? [];
  if (overrides.some(({ ImageId }) => isTarget(ImageId))) return true;
  for (const { specification } of specificationsOf(source ?? {})) {
    const { LaunchTemplateId: id, Version: version = '$Default' } = specification;
    if (id === undefined) continue;
    const now = await resolveVersion(ec2, id, version);
    // `$Latest` may still be our own version, which goes away: what it was made from is what comes back.
    const madeFrom = Object.entries(group.createdVersions).find(
      ([key, own]) => key.startsWith(`${id}:`) && own === now?.version.VersionNumber,
    )?.[0];
    const left = madeFrom === undefined ? now : await resolveVersion(ec2, id, madeFrom.split(':')[1] ?? '');
    if (isTarget(left?.imageId)) return true;
  }
  return false;
}

interface KeptForm {
  readonly source: LaunchSource;
  /** Versions of ours that the reference needs, as `id:version`. */
  readonly kept: readonly string[];
}

/** The original with each place resolving to the target in its own form. */
async function keptForm(
  original: LaunchSource,
  group: GroupMemory,
  fence: () => Promise<void>,
): Promise<KeptForm> {
  const source = structuredClone(original) as LaunchSource;
  const kept: string[] = [];
  for (const { specification } of specificationsOf(source)) {
    const templateId = specification.LaunchTemplateId ?? '';
    const form = specification.Version ?? '$Default';
    const created = createdFor(group, templateId, form);
    if (created === undefined) continue;
    // The owner's parameter brings the target itself, or brought it when the run began and has moved on since: the version
    // that we made for the run has done its work.
    if (await resolvesItself(group, templateId, created.source)) continue;
    kept.push(`${templateId}:${created.version}`);
    if (form === '$Default') await moveDefault(group, templateId, created.version, fence);
    else if (form !== '$Latest') specification.Version = String(created.version);
  }
  keepOverrideImages(source, group);
  return { source, kept };
}

async function resolvesItself(group: GroupMemory, templateId: string, source: string): Promise<boolean> {
  if (group.resolvedItself?.includes(`${templateId}:${source}`)) return true;
  const before = await resolveVersion(ec2, templateId, source);
  const isParameter = before?.version.LaunchTemplateData?.ImageId?.startsWith('resolve:') ?? false;
  return isParameter && group.targetImageIds.includes(before?.imageId ?? '');
}

/** Overrides that write an image of their own take the target's for their type. */
function keepOverrideImages(source: LaunchSource, group: GroupMemory): void {
  for (const override of source.MixedInstancesPolicy?.LaunchTemplate?.Overrides ?? []) {
    if (override.ImageId === undefined || override.ImageId.startsWith('resolve:')) continue;
    const target = group.targetImages[override.InstanceType ?? ''] ?? group.targetImages['*'];
    if (target !== undefined) override.ImageId = target;
  }
}

/** The default moves only if it still is what it was: otherwise its owner moved it. */
async function moveDefault(
  group: GroupMemory,
  templateId: string,
  version: number,
  fence: () => Promise<void>,
): Promise<void> {
  const now = await versionNumber(ec2, templateId, '$Default');
  if (now === version || now !== group.defaultVersions[templateId]) return;
  await fence();
  await setDefaultVersion(ec2, templateId, version);
}

/** Our version that stands for a place of the original: by its number, or by what `$Default` and `$Latest` were. */
function createdFor(
  group: GroupMemory,
  templateId: string,
  form: string,
): { readonly source: string; readonly version: number } | undefined {
  const made = Object.entries(group.createdVersions)
    .map(([key, version]) => {
      const [id = '', source = ''] = key.split(':');
      return { id, source, version };
    })
    .filter(({ id }) => id === templateId);
  if (form === '$Default') {
    const byDefault = String(group.defaultVersions[templateId] ?? '');
    return made.find(({ source }) => source === byDefault);
  }
  if (form === '$Latest') return made.sort((a, b) => Number(b.source) - Number(a.source))[0];
  return made.find(({ source }) => source === form);
}

/** Versions of this run that nothing refers to: all of them where the reference was put back, so that `$Latest` is the owner's. */
async function unneededVersions(
  group: GroupMemory,
  runId: string,
  kept: readonly string[],
  final: LaunchSource | undefined,
): Promise<readonly (readonly [templateId: string, version: number])[]> {
  const made = Object.entries(group.createdVersions).map(
    ([key, version]) => [key.split(':')[0] ?? '', version] as const,
  );
  // Made right before a crash, and not yet written down: only the newest one of a template can be such a one.
  const orphans = await Promise.all(
    Object.keys(group.defaultVersions).map(async (templateId) => {
      const [latest] = await describeTemplateVersions(ec2, templateId, ['$Latest']);
      const isOurs = latest?.VersionDescription === versionDescription(runId);
      return isOurs && latest.VersionNumber !== undefined
        ? [[templateId, latest.VersionNumber] as const]
        : [];
    }),
  );
  const needed = new Set([
    ...kept,
    ...specificationsOf(final ?? {}).map(
      ({ specification: { LaunchTemplateId, Version } }) => `${LaunchTemplateId}:${Version}`,
    ),
  ]);
  const all = new Map([...made, ...orphans.flat()].map((one) => [one.join(':'), one]));
  return [...all].filter(([key]) => !needed.has(key)).map(([, one]) => one);
}
