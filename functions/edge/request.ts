/**
 * The request: input of the state machine, of the CLI and of the console. Only `cluster` is required. Everything wrong
 * with it is told at once.
 */
import * as z from 'zod';
import { IMAGE_SOURCE_FORMS, readImageSource } from '../core/images/source.ts';
import { closedObject, type Parsed, parseWith, problemsOf } from './schema.ts';
import { type SettingsInput, settingsLayerSchema } from './settings.ts';

export const MODES = ['roll', 'plan', 'pause', 'resume', 'abort', 'rollback', 'game-day'] as const;
export const REASONS = ['manual', 'image', 'schedule', 'retirement', 'age'] as const;
export type Mode = (typeof MODES)[number];
export type Reason = (typeof REASONS)[number];

const CLUSTER = 'must be the name or ARN of an ECS cluster, such as "prod"';
const IMAGE = `must be ${IMAGE_SOURCE_FORMS.replace('launch-template, ', '')}`;
const INSTANCE = 'must be an EC2 instance id such as "i-0123456789abcdef0"';
const DEADLINE = 'must be a time with its zone, such as "2026-12-01T00:00:00Z"';

/** One task at a time takes minutes each: more is more than a day. */
const GAME_DAY_MAX = 50;
const GAME_DAY_MANY = `must name at most ${GAME_DAY_MAX}`;
const TASKS = `must be how many tasks of each service, 1 to ${GAME_DAY_MAX}, or a list of task ARNs or ids`;

/** They travel with the run from state to state: so many are a third of 64 KiB, of which one step's batches take half. */
const INSTANCES_MAX = 1_000;

const names = (mustBe: string) =>
  z.array(z.string({ error: mustBe }).min(1, { error: mustBe }), { error: mustBe }).min(1, { error: mustBe });

export const requestSchema = closedObject(
  {
    cluster: z
      .string({ error: CLUSTER })
      .regex(/^(arn:aws[a-z-]*:ecs:[a-z0-9-]+:\d{12}:cluster\/)?[A-Za-z0-9_-]{1,255}$/, { error: CLUSTER }),
    mode: z.enum(MODES, { error: `must be one of ${MODES.join(', ')}` }).default('roll'),
    reason: z.enum(REASONS, { error: `must be one of ${REASONS.join(', ')}` }).default('manual'),
    /** Applies to every group in scope. */
    image: z
      .string({ error: IMAGE })
      .refine((text) => text !== 'launch-template' && readImageSource(text) !== undefined, { error: IMAGE })
      .optional(),
    /** Exactly these hosts, whatever their image. */
    instances: z
      .array(z.string({ error: INSTANCE }).regex(/^m?i-[0-9a-z]{1,32}$/, { error: INSTANCE }), {
        error: 'must be a list of EC2 instance ids',
      })
      .min(1, { error: 'must name at least one instance, or be left out for all outdated ones' })
      .max(INSTANCES_MAX, {
        error: `must name at most ${INSTANCES_MAX} instances: start again for the others, or leave it out for all outdated ones`,
      })
      .optional(),
    /** When the named hosts must be gone. */
    deadline: z.iso.datetime({ offset: true, error: DEADLINE }).optional(),
    /** Read by `resolveSettings`, which lays them over the other layers: kept as written here. */
    settings: z.custom<SettingsInput>().optional(),
    /** Game day only: services of which tasks are stopped, in this order. */
    services: names('must be a list of service names').max(GAME_DAY_MAX, { error: GAME_DAY_MANY }).optional(),
    /** Game day only: how many tasks of each service (one, where it is left out), or exactly these. */
    tasks: z
      .union([z.int().min(1).max(GAME_DAY_MAX), names(TASKS).max(GAME_DAY_MAX)], { error: TASKS })
      .optional(),
  },
  'must be a JSON object such as { "cluster": "prod" }',
);

/** What somebody, or an event, asks for. `settings` is as written, known to be readable. */
export type Request = z.output<typeof requestSchema>;
export type RequestInput = z.input<typeof requestSchema>;

/** Before this moment the named hosts must be replaced, epoch milliseconds. */
export const deadlineMsOf = ({ deadline }: Request): number | undefined =>
  deadline === undefined ? undefined : Date.parse(deadline);

/** Reads a request: the value with defaults filled in, or every problem with its path. Parsing the value again changes nothing. */
export function parseRequest(input: unknown): Parsed<Request> {
  const parsed = parseWith(requestSchema, input, 'request');
  const problems = parsed.ok ? [] : [...parsed.problems];
  if (typeof input === 'object' && input !== null) {
    problems.push(...settingsProblems(input), ...modeProblems(input));
  }
  return parsed.ok && problems.length === 0 ? parsed : { ok: false, problems };
}

/** The name in a cluster's name or ARN. */
export function clusterNameOf(cluster: string): string {
  return cluster.slice(cluster.lastIndexOf('/') + 1);
}

/** Settings are checked here although they are kept as written: all problems of a request are told at once. */
function settingsProblems(input: { readonly settings?: unknown }): readonly string[] {
  if (input.settings === undefined) return [];
  const schema = z.object({ settings: settingsLayerSchema });
  const result = schema.safeParse({ settings: input.settings });
  return result.success ? [] : problemsOf(result.error.issues, input, 'settings');
}

function modeProblems(input: {
  readonly mode?: unknown;
  readonly services?: unknown;
  readonly tasks?: unknown;
}): string[] {
  const isGameDay = input.mode === 'game-day';
  const named = (['services', 'tasks'] as const).filter((key) => input[key] !== undefined);
  const isNumber = typeof input.tasks === 'number';
  if (isGameDay && (named.length === 0 || (isNumber && named.length === 1)))
    return [
      isNumber
        ? 'services: is missing; tasks says only how many of each'
        : 'services: is missing; mode game-day needs services or tasks',
    ];
  return isGameDay ? [] : named.map((key) => `${key}: must be left out unless mode is game-day`);
}
