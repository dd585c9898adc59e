/**
 * The settings of a run: layers parsed, laid over one another, held to the guardrails. Later wins: defaults → deployment →
 * cluster tags → group tags → request.
 */
import * as z from 'zod';
import type { Settings } from '../core/settings.ts';
import { type Guardrails, guardedDefaults, guardrailProblems, NO_GUARDRAILS } from './guardrails.ts';
import { closedObject, type Parsed, parseWith } from './schema.ts';
import { SETTING_NAMES, SETTINGS_TABLE, type SettingName, settingRow } from './settings-table.ts';
import { settingsFromTags } from './settings-tags.ts';

type LayerShape = {
  [R in (typeof SETTINGS_TABLE)[number] as R['name']]: z.ZodOptional<R['kind']['schema']>;
};

const layerShape = Object.fromEntries(
  SETTINGS_TABLE.map(({ name, kind }) => [name, (kind.schema as z.ZodType).optional()]),
) as unknown as LayerShape;

/** Some of the settings, as a deployment, a scenario or a request writes them; an unknown name is refused. */
export const settingsLayerSchema = closedObject(
  layerShape,
  'must be an object of settings, such as { "surge": "100%" }',
);

/** A layer as written. */
export type SettingsInput = z.input<typeof settingsLayerSchema>;
/** A layer as read. A key that is present without a value takes a limit of an earlier layer away. */
export type SettingsLayer = z.output<typeof settingsLayerSchema>;

/** Where a layer comes from, in the order in which they win. */
export interface SettingsSources {
  /** The deployment's settings, JSON; undefined: none. */
  readonly deployment?: unknown;
  readonly clusterTags?: Readonly<Record<string, string>>;
  /** Tags by Auto Scaling group name, for every group of the cluster. */
  readonly groupTags?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** `settings` of the request. */
  readonly request?: unknown;
  /** Groups whose hosts run Windows: they may take longer to register. */
  readonly windowsGroups?: readonly string[];
}

/** The settings in force, and whatever is wrong with a layer. With problems no run may begin. */
export interface ResolvedSettings {
  readonly settings: Settings;
  readonly problems: readonly string[];
}

/** Reads one layer; `root` begins the path of each problem, such as `settings`. */
export function parseSettings(layer: unknown, root = 'settings'): Parsed<SettingsLayer> {
  const parsed = parseWith(z.object({ [root]: settingsLayerSchema }), { [root]: layer }, root);
  return parsed.ok ? { ok: true, value: parsed.value[root] as SettingsLayer } : parsed;
}

/** What is in force where no layer says otherwise. */
export const DEFAULT_SETTINGS: Settings = defaults();

/**
 * Lays the layers over one another. A layer with problems is left out and its problems are told, all of them; so is a
 * value of a tag or request that a guardrail forbids.
 */
export function resolveSettings(
  sources: SettingsSources,
  guardrails: Guardrails = NO_GUARDRAILS,
): ResolvedSettings {
  const problems: string[] = [];
  const read = (layer: unknown, root: string): SettingsLayer => {
    const parsed = parseSettings(layer ?? {}, root);
    if (parsed.ok) return parsed.value;
    problems.push(...parsed.problems);
    return {};
  };

  const deployment = read(sources.deployment, 'deployment settings');
  const base = over(guardedDefaults(guardrails, DEFAULT_SETTINGS), deployment);
  problems.push(...guardrailProblems(guardrails, deployment, base, 'deployment settings'));

  const guarded = (layer: SettingsLayer, path: string): SettingsLayer => {
    const found = guardrailProblems(guardrails, layer, base, path);
    problems.push(...found);
    return found.length === 0 ? layer : {};
  };
  const fromTags = (tags: Readonly<Record<string, string>>, scope: 'cluster' | 'group', path: string) => {
    const result = settingsFromTags(tags, scope, path);
    problems.push(...result.problems);
    return guarded(result.layer as SettingsLayer, path);
  };

  const clusterTags = fromTags(sources.clusterTags ?? {}, 'cluster', 'cluster tags');
  const request = guarded(read(sources.request, 'settings'), 'settings');
  const cluster = over(over(base, clusterTags), request);

  const byGroup: Record<string, Partial<Settings>> = {};
  for (const [group, tags] of Object.entries(sources.groupTags ?? {})) {
    const own = fromTags(tags, 'group', `tags of ${group}`);
    const timeout = registrationTimeout(sources, group, [deployment, clusterTags]);
    const source = sourceOfGroup(group, [deployment, clusterTags, own, request]);
    const changed = { ...timeout, ...own, ...withoutSource(request), ...source };
    const differing = Object.entries(changed).filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(cluster[name as SettingName]),
    );
    if (differing.length > 0) byGroup[group] = Object.fromEntries(differing);
  }
  const settings = Object.keys(byGroup).length === 0 ? cluster : { ...cluster, byGroup };
  return { settings, problems };
}

/** Windows takes minutes longer to boot; a value that somebody chose stands. */
function registrationTimeout(
  sources: SettingsSources,
  group: string,
  earlier: readonly SettingsLayer[],
): SettingsLayer {
  const isChosen = earlier.some((layer) => layer.registrationTimeoutSeconds !== undefined);
  if (isChosen || !(sources.windowsGroups ?? []).includes(group)) return {};
  return { registrationTimeoutSeconds: 1800 };
}

/** An object of sources speaks only of the groups that it names; the others keep what an earlier layer says. */
function sourceOfGroup(group: string, layers: readonly SettingsLayer[]): { imageSource: string } {
  let imageSource = 'launch-template';
  for (const { imageSource: written } of layers) {
    if (typeof written === 'string') imageSource = written;
    else if (written?.[group] !== undefined) imageSource = written[group];
  }
  return { imageSource };
}

function withoutSource(layer: SettingsLayer): SettingsLayer {
  const { imageSource: _, ...rest } = layer;
  return rest;
}

/** A present key without a value ("none", "unlimited") takes the earlier value away. */
function over(earlier: Settings, layer: SettingsLayer): Settings {
  const merged: Record<string, unknown> = { ...earlier, ...layer };
  for (const name of SETTING_NAMES) {
    if (merged[name] === undefined) delete merged[name];
  }
  return merged as unknown as Settings;
}

function defaults(): Settings {
  const written = Object.fromEntries(
    SETTING_NAMES.flatMap((name) => {
      const value = settingRow(name).default;
      return value === undefined ? [] : [[name, value]];
    }),
  );
  return settingsLayerSchema.parse(written) as unknown as Settings;
}
