/**
 * Deep copies of plain data as the SDK knows it: objects, arrays, Dates, bytes. What enters the account and what leaves
 * it is copied, so that no caller can change the account's truth by writing into an answer.
 */
export function copyOf<T>(value: T): T {
  return copy(value) as T;
}

function copy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copy);
  if (value instanceof Date) return new Date(value.getTime());
  if (value instanceof Uint8Array) return value.slice();
  const made: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const part = (value as Record<string, unknown>)[key];
    // The SDK leaves absent members out of its answers.
    if (part !== undefined) made[key] = copy(part);
  }
  return made;
}
