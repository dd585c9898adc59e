/**
 * The kinds of value that settings have: how each is written in JSON and in a tag, and what the core reads. Tag values of
 * ECS are letters, digits, spaces and `_ . : / = + - @` (Amazon ECS API reference, Tag).
 */
import * as z from 'zod';
import { IMAGE_SOURCE_FORMS, readImageSource } from '../core/images/source.ts';
import type { Amount } from '../core/settings.ts';
import { closedObject } from './schema.ts';
import { FREEZE_EXAMPLE, type Read, readFreeze, readWindow, WINDOW_EXAMPLE } from './time-windows-syntax.ts';

/** One kind of value. `schema` reads the JSON form; `fromTag` turns tag texts into that form, before the schema. */
export interface ValueKind<S extends z.ZodType = z.ZodType> {
  readonly schema: S;
  /** The JSON form and the tag form in words, for the documentation. */
  readonly json: string;
  readonly tag: string;
  /** Several tags `rollover:<name>-2`, `-3` … may carry one value each. */
  readonly several: boolean;
  readonly fromTag: (texts: readonly string[]) => unknown;
}

const one =
  (read: (text: string) => unknown) =>
  (texts: readonly string[]): unknown =>
    read((texts[0] ?? '').trim());

const numberIfOne = (text: string): unknown => (/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text);
const words = (texts: readonly string[]): string[] =>
  texts.flatMap((text) => text.split(/\s+/)).filter((word) => word !== '');

/** A whole number between two bounds; `of` names the unit. */
export function wholeNumber(min: number, max: number, of: string) {
  const mustBe = `must be a whole number ${of} from ${min} to ${max}`;
  return {
    schema: z.int({ error: mustBe }).min(min, { error: mustBe }).max(max, { error: mustBe }),
    json: `whole number, ${min} to ${max}`,
    tag: 'the number',
    several: false,
    fromTag: one(numberIfOne),
  } satisfies ValueKind;
}

/** As `wholeNumber`, or a word that stands for no limit at all. */
export function wholeNumberOr(word: string, min: number, max: number, of: string) {
  const mustBe = `must be a whole number ${of} from ${min} to ${max}, or "${word}"`;
  const whole = z.int({ error: mustBe }).min(min, { error: mustBe }).max(max, { error: mustBe });
  return {
    schema: z.preprocess((written) => (written === word ? undefined : written), whole.optional()),
    json: `whole number, ${min} to ${max}, or \`"${word}"\``,
    tag: `the number or \`${word}\``,
    several: false,
    fromTag: one(numberIfOne),
  } satisfies ValueKind;
}

export function oneOf<const T extends readonly [string, ...string[]]>(words: T) {
  return {
    schema: z.enum(words, { error: `must be one of ${words.join(', ')}` }),
    json: words.map((word) => `\`"${word}"\``).join(' · '),
    tag: 'the word',
    several: false,
    fromTag: one((text) => text),
  } satisfies ValueKind;
}

export const yesOrNo = {
  schema: z.boolean({ error: 'must be true or false' }),
  json: '`true` · `false`',
  tag: '`true` · `false`',
  several: false,
  fromTag: one((text) => (text === 'true' ? true : text === 'false' ? false : text)),
} satisfies ValueKind;

/** `"100%"`, in a tag `100pct`, or a number of hosts. */
export const amount = {
  schema: z.unknown().transform((written, context): Amount => {
    const match = /^\s*(\d+)\s*(%|pct)\s*$/.exec(String(written));
    if (typeof written === 'string' && match !== null) {
      const percent = Number(match[1]);
      if (percent >= 1 && percent <= 100) return { percent };
    } else if (
      typeof written === 'number' &&
      Number.isInteger(written) &&
      written >= 1 &&
      written <= 10_000
    ) {
      return { count: written };
    }
    context.issues.push({
      code: 'custom',
      input: written,
      message: 'must be a percentage from "1%" to "100%" (in a tag 10pct), or a number of hosts from 1',
    });
    return z.NEVER;
  }),
  json: '`"1%"` to `"100%"`, or a whole number from 1',
  tag: '`10pct`, or the number',
  several: false,
  fromTag: one(numberIfOne),
} satisfies ValueKind;

/** A list; one text alone is a list of one. */
const list = <S extends z.ZodType>(item: S, mustBe: string) =>
  z.preprocess(
    (written) => (typeof written === 'string' ? [written] : written),
    z.array(item, { error: mustBe }),
  );

/** Texts with a grammar of their own, one or several. */
function timeTexts<T>(read: (text: string) => Read<T>, example: string, what: string) {
  const item = z.unknown().transform((written, context): T => {
    const result: Read<T> =
      typeof written === 'string' ? read(written) : { problem: `must be a text like "${example}"` };
    if ('value' in result) return result.value;
    context.issues.push({ code: 'custom', input: written, message: result.problem });
    return z.NEVER;
  });
  return {
    schema: list(item, `must be a list of ${what} like "${example}"`),
    json: `a text like \`"${example}"\`, or a list of them`,
    tag: `\`${example}\`, one a tag`,
    several: true,
    fromTag: (texts: readonly string[]): unknown => texts,
  } satisfies ValueKind;
}

export const windowTexts = timeTexts(readWindow, WINDOW_EXAMPLE, 'windows');
export const freezeTexts = timeTexts(readFreeze, FREEZE_EXAMPLE, 'freezes');

export const alarmNames = {
  schema: list(
    z.string({ error: 'must be an alarm name' }).min(1, { error: 'must be an alarm name' }).max(255),
    'must be a list of CloudWatch alarm names',
  ),
  json: 'a list of names',
  tag: 'one name a tag',
  several: true,
  fromTag: (texts) => texts.filter((text) => text.trim() !== ''),
} satisfies ValueKind;

const OWNER = 'must be amazon, self, aws-marketplace or an account number of 12 digits';

export const imageOwners = {
  schema: list(
    z.string({ error: OWNER }).regex(/^(amazon|self|aws-marketplace|\d{12})$/, { error: OWNER }),
    'must be a list of image owners: amazon, self, aws-marketplace or account numbers',
  ),
  json: 'a list of `"amazon"`, `"self"`, `"aws-marketplace"` and account numbers',
  tag: 'the owners with spaces between them',
  several: true,
  fromTag: words,
} satisfies ValueKind;

const SOURCE = `must be ${IMAGE_SOURCE_FORMS}`;

export const imageSource = {
  schema: z.unknown().transform((written, context): string | Record<string, string> => {
    const byGroup = typeof written === 'object' && written !== null && !Array.isArray(written);
    const texts: [string[], unknown][] = byGroup
      ? Object.entries(written).map(([group, text]) => [[group], text])
      : [[[], written]];
    for (const [path, text] of texts) {
      if (typeof text === 'string' && readImageSource(text) !== undefined) continue;
      const message = byGroup ? SOURCE : `${SOURCE}, or an object of these by Auto Scaling group name`;
      context.issues.push({ code: 'custom', input: text, path, message });
    }
    return byGroup ? { ...(written as Record<string, string>) } : String(written);
  }),
  json: 'a source, or an object of sources by Auto Scaling group name',
  tag: 'the source',
  several: false,
  fromTag: one((text) => text),
} satisfies ValueKind;

const CLUSTER_NAME = 'must be a cluster name';

export const soakedElsewhere = {
  schema: z.preprocess(
    (written) => (written === 'none' ? undefined : written),
    closedObject(
      {
        cluster: z.string({ error: CLUSTER_NAME }).regex(/^[A-Za-z0-9_-]{1,255}$/, { error: CLUSTER_NAME }),
        soakHours: wholeNumber(0, 8760, 'of hours').schema,
      },
      'must be an object such as { "cluster": "staging", "soakHours": 24 }, or "none"',
    ).optional(),
  ),
  json: '`{ "cluster": "staging", "soakHours": 24 }`, or `"none"`',
  tag: '`staging 24`',
  several: false,
  fromTag: one((text) => {
    const match = /^(\S+)\s+(\d+)h?$/.exec(text);
    return match === null ? text : { cluster: match[1], soakHours: Number(match[2]) };
  }),
} satisfies ValueKind;

export const topicArn = {
  schema: z
    .string({ error: 'must be the ARN of an SNS topic' })
    .regex(/^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]+$/, {
      error: 'must be the ARN of an SNS topic',
    }),
  json: 'the ARN of an SNS topic',
  tag: 'the ARN',
  several: false,
  fromTag: one((text) => text),
} satisfies ValueKind;
