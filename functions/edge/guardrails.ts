/**
 * Guardrails: what the deployment forbids to tags and requests. They are set at deployment and nothing later loosens
 * them; a setting without a guardrail is free.
 */
import * as z from 'zod';
import type { Amount, Settings } from '../core/settings.ts';
import { closedObject, type Parsed, parseWith } from './schema.ts';
import { SETTING_NAMES, type SettingName, settingRow } from './settings-table.ts';
import { imageOwners } from './settings-values.ts';

/** The settings that stop tasks by force, and the value with which they do. */
const FORCE: readonly (readonly [SettingName, string])[] = [
  ['standaloneTasks', 'stop'],
  ['protectedTasks', 'stop'],
  ['onDrainTimeout', 'stop-tasks'],
];

const scalar = z.union([z.number(), z.string()], {
  error: 'must be a number, or a percentage such as "50%"',
});

const ruleSchema = closedObject(
  {
    /** May a tag or request change the deployment's value: not at all, only up, only down. */
    change: z.enum(['never', 'raise', 'lower'], { error: 'must be one of never, raise, lower' }).optional(),
    min: scalar.optional(),
    max: scalar.optional(),
    oneOf: z
      .array(z.union([z.string(), z.boolean(), z.number()]), { error: 'must be a list of values' })
      .optional(),
  },
  'must be an object with change, min, max or oneOf',
);

const rulesShape = Object.fromEntries(SETTING_NAMES.map((name) => [name, ruleSchema.optional()])) as Record<
  SettingName,
  z.ZodOptional<typeof ruleSchema>
>;

const CLUSTERS = 'must be a list of cluster names; * stands for any letters';

export const guardrailsSchema = closedObject(
  {
    /** Clusters that may be touched at all; absent: all that opted in. */
    clusters: z
      .array(z.string({ error: CLUSTERS }).regex(/^[A-Za-z0-9_*-]{1,255}$/, { error: CLUSTERS }), {
        error: CLUSTERS,
      })
      .optional(),
    /** Image owners beyond which `imageOwners` cannot go. */
    imageOwners: imageOwners.schema.optional(),
    settings: closedObject(rulesShape, 'must be an object of guardrails by setting').optional(),
    /** Nothing is changed, whatever a cluster's tag says: `true` counts as `observe`. */
    observeOnly: z.boolean({ error: 'must be true or false' }).optional(),
    /** No task is ever stopped by force. */
    neverForce: z.boolean({ error: 'must be true or false' }).optional(),
    /** Groups with a warm pool: emptied and rebuilt around a run, or refused. */
    warmPools: z.enum(['rebuild', 'refuse'], { error: 'must be one of rebuild, refuse' }).optional(),
  },
  'must be an object such as { "clusters": ["prod-*"], "neverForce": true }',
);

export type Guardrails = z.output<typeof guardrailsSchema>;
export type GuardrailsInput = z.input<typeof guardrailsSchema>;
type Rule = z.output<typeof ruleSchema>;
type Layer = Readonly<Partial<Record<SettingName, unknown>>>;

export const NO_GUARDRAILS: Guardrails = {};

/** Reads the deployment's guardrails. */
export function parseGuardrails(input: unknown): Parsed<Guardrails> {
  return parseWith(guardrailsSchema, input ?? {}, 'guardrails');
}

/** May this cluster be touched? The reason when not. */
export function clusterProblem(guardrails: Guardrails, clusterName: string): string | undefined {
  const { clusters } = guardrails;
  if (clusters === undefined || clusters.some((pattern) => fits(pattern, clusterName))) return undefined;
  return `cluster: ${clusterName} is not among the clusters that the deployment allows (${clusters.join(', ')})`;
}

/** What a cluster opted in to, by its tag `rollover:enabled`. */
export type OptIn = 'no' | 'observe' | 'roll';

/** `rollover:enabled=true` → roll, unless the deployment only observes; `=observe` → plans only; anything else is no. */
export function optInOf(clusterTags: Readonly<Record<string, string>>, { observeOnly }: Guardrails): OptIn {
  const text = clusterTags['rollover:enabled']?.trim().toLowerCase();
  if (text === 'true') return observeOnly === true ? 'observe' : 'roll';
  return text === 'observe' ? 'observe' : 'no';
}

/**
 * What a layer asks for that the guardrails forbid; `change` is measured from `base`, the deployment's settings over the
 * defaults, so that the deployment's own layer always passes it.
 */
export function guardrailProblems(
  guardrails: Guardrails,
  layer: Layer,
  base: Settings,
  path: string,
): readonly string[] {
  return (Object.keys(layer) as SettingName[]).flatMap((name) => {
    const wanted = layer[name];
    const rule = guardrails.settings?.[name];
    return [
      ...(rule === undefined ? [] : ruleProblems(rule, wanted, base[name])),
      ...forceProblems(guardrails, name, wanted),
      ...ownerProblems(guardrails, name, wanted),
    ].map((problem) => `${path}.${name}: ${problem}`);
  });
}

/** The defaults, moved inside the guardrails where they lie outside: nobody chose them. */
export function guardedDefaults(guardrails: Guardrails, defaults: Settings): Settings {
  const moved: Record<string, unknown> = { ...defaults };
  for (const [name, rule] of Object.entries(guardrails.settings ?? {}) as [SettingName, Rule | undefined][]) {
    if (rule === undefined) continue;
    const { min, max, oneOf } = rule;
    const value = defaults[name];
    const inside = [
      ...(oneOf !== undefined && !oneOf.some((allowed) => allowed === value) ? [oneOf[0]] : []),
      ...(min !== undefined && !isAtLeast(value, min) ? [min] : []),
      ...(max !== undefined && !isAtLeast(max, value) ? [max] : []),
    ].at(-1);
    if (inside !== undefined) moved[name] = settingRow(name).kind.schema.parse(inside);
  }
  if (guardrails.imageOwners !== undefined) {
    const allowed = guardrails.imageOwners;
    const both = defaults.imageOwners.filter((owner) => allowed.includes(owner));
    moved.imageOwners = both.length > 0 ? both : allowed;
  }
  return moved as unknown as Settings;
}

function ruleProblems(rule: Rule, wanted: unknown, base: unknown): string[] {
  const problems: string[] = [];
  if (rule.oneOf !== undefined && !rule.oneOf.some((value) => value === wanted)) {
    problems.push(`the deployment allows only ${rule.oneOf.join(', ')}`);
  }
  if (rule.min !== undefined && !isAtLeast(wanted, rule.min)) {
    problems.push(`the deployment allows no less than ${rule.min}`);
  }
  if (rule.max !== undefined && !isAtLeast(rule.max, wanted)) {
    problems.push(`the deployment allows no more than ${rule.max}`);
  }
  if (rule.change !== undefined && !mayChange(rule.change, base, wanted)) {
    const how = rule.change === 'never' ? 'be changed' : `only be ${rule.change}d`;
    const may = rule.change === 'never' ? 'may not' : 'may';
    problems.push(`the deployment's value ${show(base)} ${may} ${how}`);
  }
  return problems;
}

function mayChange(change: 'never' | 'raise' | 'lower', base: unknown, wanted: unknown): boolean {
  if (JSON.stringify(base) === JSON.stringify(wanted)) return true;
  if (change === 'never') return false;
  return change === 'raise' ? isAtLeast(wanted, base) : isAtLeast(base, wanted);
}

/** Compares sizes; absent is no limit, so more than any; percentages and numbers do not compare: on doubt, no. */
function isAtLeast(larger: unknown, smaller: unknown): boolean {
  const [left, right] = [sizeOf(larger), sizeOf(smaller)];
  return left !== undefined && right !== undefined && left.unit === right.unit && left.size >= right.size;
}

function sizeOf(value: unknown): { unit: 'percent' | 'number' | 'list'; size: number } | undefined {
  if (value === undefined) return { unit: 'number', size: Number.POSITIVE_INFINITY };
  if (typeof value === 'number') return { unit: 'number', size: value };
  if (typeof value === 'boolean') return { unit: 'number', size: Number(value) };
  if (typeof value === 'string') {
    const percent = /^(\d+)(?:%|pct)$/.exec(value)?.[1];
    return percent === undefined ? undefined : { unit: 'percent', size: Number(percent) };
  }
  if (Array.isArray(value)) return { unit: 'list', size: value.length };
  const amount = value as Partial<Record<'percent' | 'count', number>>;
  if (amount.percent !== undefined) return { unit: 'percent', size: amount.percent };
  return amount.count === undefined ? undefined : { unit: 'number', size: amount.count };
}

function forceProblems(guardrails: Guardrails, name: SettingName, wanted: unknown): string[] {
  if (guardrails.neverForce !== true) return [];
  return FORCE.some(([setting, value]) => setting === name && value === wanted)
    ? ['the deployment never stops tasks by force']
    : [];
}

function ownerProblems(guardrails: Guardrails, name: SettingName, wanted: unknown): string[] {
  const allowed = guardrails.imageOwners;
  if (name !== 'imageOwners' || allowed === undefined || !Array.isArray(wanted)) return [];
  const beyond = (wanted as string[]).filter((owner) => !allowed.includes(owner));
  return beyond.length === 0
    ? []
    : [`the deployment allows only images of ${allowed.join(', ')}, not of ${beyond.join(', ')}`];
}

function show(value: unknown): string {
  const amount = value as Amount | undefined;
  if (typeof amount === 'object' && 'percent' in amount) return `${amount.percent}%`;
  if (typeof amount === 'object' && 'count' in amount) return String(amount.count);
  return value === undefined ? 'none' : JSON.stringify(value);
}

function fits(pattern: string, name: string): boolean {
  return new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(name);
}
