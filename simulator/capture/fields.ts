/**
 * Building blocks of the capture's schemas. AWS's objects are lenient (what is not named passes through untouched); what
 * the account relies on is checked.
 */
import * as z from 'zod';

export const text = z.string();
export const flag = z.boolean();
export const count = z.int().nonnegative();
export const amount = z.number().nonnegative();
export const percent = z.int().nonnegative();

/** An AWS object: unknown keys stay. */
export const aws = <S extends z.core.$ZodShape>(shape: S) => z.looseObject(shape);

/** Text that people write as a number too: a task's `cpu`, a template's version. */
export const numberText = z.union([text, z.number().transform(String)], {
  error: 'must be text or a number',
});

const TIME_PATTERN = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:?\d{2})?)?$/;

/** A number beyond this many seconds (the year 5138) was meant as milliseconds. */
const LATEST_EPOCH_SECONDS = 1e11;

/**
 * ISO 8601 (with `Z`, an offset, or neither: UTC) or epoch seconds: the AWS CLI prints either, as its
 * `cli_timestamp_format` says, and the service's protocol decides which one is the default.
 */
export const time = z.unknown().transform((value, context): Date => {
  const date = typeof value === 'number' ? fromEpochSeconds(value) : fromText(value);
  if (date) return date;
  context.issues.push({
    code: 'custom',
    input: value,
    message: value === undefined ? 'is missing' : 'must be a time: ISO 8601 or epoch seconds',
  });
  return z.NEVER;
});

function fromEpochSeconds(seconds: number): Date | undefined {
  return Math.abs(seconds) < LATEST_EPOCH_SECONDS ? new Date(Math.round(seconds * 1000)) : undefined;
}

function fromText(value: unknown): Date | undefined {
  const found = typeof value === 'string' ? TIME_PATTERN.exec(value) : null;
  if (!found) return undefined;
  const [, day, clock = '00:00', offset = 'Z'] = found;
  const zone = /^[+-]\d{4}$/.test(offset) ? `${offset.slice(0, 3)}:${offset.slice(3)}` : offset;
  const date = new Date(`${day}T${clock}${zone}`);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** AWS's tags in either casing, as the services write them. */
export const ecsTags = z.array(aws({ key: text, value: text.optional() }));
export const tags = z.array(aws({ Key: text, Value: text.optional() }));
