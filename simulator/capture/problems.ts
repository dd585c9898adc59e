/** Problems of user input, all at once and each with its JSON path, in words that need no knowledge of the parser. */
import type * as z from 'zod';

export interface Problem {
  /** `ecs.services[0].desiredCount`; `$` for the whole. */
  readonly path: string;
  readonly message: string;
}

/** `['ecs', 'services', 0]` → `ecs.services[0]`. */
export function jsonPath(path: readonly PropertyKey[]): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += text === '' ? String(part) : `.${String(part)}`;
  }
  return text === '' ? '$' : text;
}

/** Pass it to a schema's `safeParse`: says what was expected and, unless whoever prints it does, what was found. */
export function inPlainWords(
  issue: z.core.$ZodRawIssue,
  { tellsValue = true }: { readonly tellsValue?: boolean } = {},
): string | undefined {
  const found = () => (tellsValue ? `, not ${shown(issue.input)}` : '');
  if (issue.code === 'invalid_type') {
    if (issue.input === undefined) return 'is missing';
    return `must be ${EXPECTED[issue.expected] ?? issue.expected}${found()}`;
  }
  if (issue.code === 'invalid_value') {
    if (issue.input === undefined) return 'is missing';
    return `must be ${issue.values.map(String).join(' or ')}${found()}`;
  }
  if (issue.code === 'too_small' && issue.origin !== 'array' && issue.origin !== 'string')
    return `must be ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}`;
  if (issue.code === 'too_big' && issue.origin !== 'array' && issue.origin !== 'string')
    return `must be ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}`;
  return undefined;
}

export function problemsOf(error: z.ZodError, under: readonly PropertyKey[] = []): Problem[] {
  return error.issues.flatMap((issue) => {
    const path = [...under, ...issue.path];
    if (issue.code !== 'unrecognized_keys') return [{ path: jsonPath(path), message: issue.message }];
    return issue.keys.map((key) => ({ path: jsonPath([...path, key]), message: 'is not a known key' }));
  });
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
};

function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return value === null ? 'null' : 'an object';
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 37)}…` : text;
}
