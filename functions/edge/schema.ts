/**
 * How input of people is read: by a schema, with every problem named at once, each with its path and how to mend it.
 * Messages of our schemas begin with "must", so that a problem reads `settings.surge: must be …, not "lots"`.
 */
import * as z from 'zod';
import { didYouMean } from './did-you-mean.ts';

/** A value, or everything that is wrong with it. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Reads `input` by `schema`; `root` names the input where a problem has no path of its own. */
export function parseWith<S extends z.ZodType>(schema: S, input: unknown, root: string): Parsed<z.output<S>> {
  const result = schema.safeParse(input);
  if (result.success) return { ok: true, value: result.data };
  return { ok: false, problems: problemsOf(result.error.issues, input, root) };
}

/** An object of ours: an unknown key is refused, with the known one that was probably meant. */
export function closedObject<T extends z.core.$ZodLooseShape>(shape: T, mustBe: string) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? (issue.keys as string[]).map((key) => unknownKey(key, known)).join('\n')
        : mustBe,
  });
}

/** The sentence for a key that nobody knows. */
export function unknownKey(key: string, known: readonly string[]): string {
  const meant = didYouMean(key, known);
  const name = /^[\w-]+$/.test(key) ? key : JSON.stringify(key);
  return meant === undefined
    ? `${name}: is not known here; known are ${known.join(', ')}`
    : `${name}: is not known here; did you mean ${meant}?`;
}

/** One line per problem, `path: what is wrong and how to mend it`. */
export function problemsOf(
  issues: readonly z.core.$ZodIssue[],
  input: unknown,
  root: string,
): readonly string[] {
  return issues.flatMap((issue) => {
    const path = pathText(issue.path);
    if (issue.code === 'unrecognized_keys') {
      return issue.message.split('\n').map((line) => (path === '' ? line : `${path}.${line}`));
    }
    return [`${path === '' ? root : path}: ${withValue(issue.message, valueAt(input, issue.path))}`];
  });
}

/** `settings.windows[1]`, as one would write it in code. */
function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    const name = String(part);
    if (text !== '' && !/^[\w-]+$/.test(name)) return `${text}[${JSON.stringify(name)}]`;
    return text === '' ? name : `${text}.${name}`;
  }, '');
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, part) => {
    if (typeof value === 'string' && part === 0) return value; // one text where a list was asked for
    if (typeof value !== 'object' || value === null) return undefined;
    return (value as Record<PropertyKey, unknown>)[part];
  }, input);
}

function withValue(message: string, value: unknown): string {
  if (!message.startsWith('must')) return message;
  if (value === undefined) return `is missing; ${message}`;
  const text = JSON.stringify(value) ?? String(value);
  return `${message}, not ${text.length > 80 ? `${text.slice(0, 77)}...` : text}`;
}
