/** Settings in the tags of a cluster or group: `rollover:<kebab-name>`, `rollover:<kebab-name>-2` … for several values. */
import * as z from 'zod';
import { parseWith, unknownKey } from './schema.ts';
import { kebabName, SETTING_NAMES, type SettingName, settingRow } from './settings-table.ts';

export const TAG_PREFIX = 'rollover:';

/** Tags of ours that are no settings. `rollover:enabled` is the opt-in; `rollover:run` marks what a run has made. */
export const OTHER_TAGS = ['enabled', 'run'];

/**
 * The layer that tags write, parsed, with every problem named by its tag. Tags without the prefix are not looked at.
 * `path` names whose tags they are, such as `cluster tags`.
 */
export function settingsFromTags(
  tags: Readonly<Record<string, string>>,
  scope: 'cluster' | 'group',
  path: string,
): { readonly layer: Readonly<Record<string, unknown>>; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const texts = new Map<SettingName, { tag: string; order: number; text: string }[]>();

  for (const [tag, text] of Object.entries(tags)) {
    if (!tag.startsWith(TAG_PREFIX)) continue;
    const word = tag.slice(TAG_PREFIX.length);
    if (OTHER_TAGS.includes(word)) continue;
    const found = settingOf(word);
    if ('problem' in found) problems.push(`${path}, ${TAG_PREFIX}${found.problem}`);
    else if (scope === 'group' && settingRow(found.name).scope === 'cluster') {
      problems.push(`${path}, ${tag}: must be a tag of the cluster, since it concerns all its groups`);
    } else texts.set(found.name, [...(texts.get(found.name) ?? []), { tag, order: found.order, text }]);
  }

  const layer: Record<string, unknown> = {};
  for (const [name, written] of texts) {
    const { kind } = settingRow(name);
    written.sort((a, b) => a.order - b.order);
    const value = kind.fromTag(written.map(({ text }) => text));
    const where = `${path}, ${written.map(({ tag }) => tag).join(' and ')}`;
    const parsed = parseWith(z.object({ [where]: kind.schema }), { [where]: value }, where);
    if (parsed.ok) layer[name] = parsed.value[where];
    else problems.push(...parsed.problems);
  }
  return { layer, problems };
}

/** `windows-2` → the second of `windows`; a number only where a setting may have several values. */
function settingOf(word: string): { name: SettingName; order: number } | { problem: string } {
  const exact = SETTING_NAMES.find((name) => kebabName(name) === word);
  if (exact !== undefined) return { name: exact, order: 1 };
  const [, stem, number] = /^(.*)-(\d+)$/.exec(word) ?? [];
  const several = SETTING_NAMES.find((name) => kebabName(name) === stem && settingRow(name).kind.several);
  if (several !== undefined) return { name: several, order: Number(number) };
  return { problem: unknownKey(word, [...OTHER_TAGS, ...SETTING_NAMES.map(kebabName)]) };
}
