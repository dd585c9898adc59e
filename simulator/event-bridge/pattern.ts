/**
 * Event patterns as EventBridge matches them: every field of the pattern must be in the event, and one of its listed
 * values must fit. An array in the event fits when one of its elements does.
 *
 * Source: Amazon EventBridge user guide, eb-create-pattern-operators.
 */
export type EventPattern = { readonly [field: string]: unknown };

/** @throws Error naming an operator that the embedded account does not know */
export function matches(pattern: EventPattern, event: unknown): boolean {
  return Object.entries(pattern).every(([field, wanted]) => {
    if (field === '$or') return (wanted as EventPattern[]).some((either) => matches(either, event));
    const value = isObject(event) ? event[field] : undefined;
    if (Array.isArray(wanted)) return wanted.some((filter) => fits(filter, value));
    if (!isObject(wanted)) throw new Error(`an event pattern lists its values in an array: ${field}`);
    if (Array.isArray(value)) return value.some((element) => matches(wanted, element));
    return matches(wanted, value);
  });
}

function fits(filter: unknown, value: unknown): boolean {
  if (isObject(filter) && 'exists' in filter) return (value !== undefined) === filter.exists;
  if (Array.isArray(value)) return value.some((element) => fits(filter, element));
  if (!isObject(filter)) return filter === value;
  return Object.entries(filter).every(([operator, argument]) => applies(operator, argument, value));
}

function applies(operator: string, argument: unknown, value: unknown): boolean {
  switch (operator) {
    case 'prefix':
      return textMatches(argument, value, (text, part) => text.startsWith(part));
    case 'suffix':
      return textMatches(argument, value, (text, part) => text.endsWith(part));
    case 'equals-ignore-case':
      return typeof value === 'string' && value.toLowerCase() === String(argument).toLowerCase();
    case 'wildcard':
      return typeof value === 'string' && wildcard(String(argument)).test(value);
    case 'anything-but':
      return value !== undefined && !isAmong(argument, value);
    case 'numeric':
      return typeof value === 'number' && inRange(argument as (string | number)[], value);
    default:
      throw new Error(`the embedded account does not know the event pattern operator ${operator}`);
  }
}

/** `prefix` and `suffix` take a text, or one that ignores case. */
function textMatches(
  argument: unknown,
  value: unknown,
  test: (text: string, part: string) => boolean,
): boolean {
  if (typeof value !== 'string') return false;
  if (isObject(argument) && 'equals-ignore-case' in argument) {
    return test(value.toLowerCase(), String(argument['equals-ignore-case']).toLowerCase());
  }
  return test(value, String(argument));
}

function isAmong(argument: unknown, value: unknown): boolean {
  const filters = Array.isArray(argument) ? argument : [argument];
  return filters.some((filter) => {
    if (!isObject(filter)) return filter === value;
    // `{"anything-but": {"prefix": ["a", "b"]}}`: none of them.
    return Object.entries(filter).some(([operator, arguments_]) =>
      (Array.isArray(arguments_) ? arguments_ : [arguments_]).some((each) => applies(operator, each, value)),
    );
  });
}

function inRange(comparison: readonly (string | number)[], value: number): boolean {
  for (let at = 0; at + 1 < comparison.length; at += 2) {
    const bound = Number(comparison[at + 1]);
    const holds =
      {
        '=': value === bound,
        '<': value < bound,
        '<=': value <= bound,
        '>': value > bound,
        '>=': value >= bound,
      }[String(comparison[at])] ?? false;
    if (!holds) return false;
  }
  return true;
}

function wildcard(text: string): RegExp {
  const parts = text.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
