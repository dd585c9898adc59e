/** A group's launch source (LaunchTemplate or MixedInstancesPolicy, as AWS describes it), compared by form. */

/**
 * Is it the same source but for what a new image must change: a version number by another number, an override's literal
 * image by another? `$Default` and `$Latest` have to stay what they are.
 */
export function isSameForm(original: string, now: string): boolean {
  return original === now || sameForm(parsed(original), parsed(now), '');
}

function sameForm(a: unknown, b: unknown, key: string): boolean {
  if (key === 'Version' && isNumber(a) && isNumber(b)) return true;
  if (key === 'ImageId' && isLiteralImage(a) && isLiteralImage(b)) return true;
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return a === b;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((name) => sameForm(memberOf(a, name), memberOf(b, name), name));
}

function isNumber(version: unknown): boolean {
  return /^\d+$/.test(String(version));
}

function isLiteralImage(image: unknown): boolean {
  return typeof image === 'string' && image.startsWith('ami-');
}

function memberOf(object: object, name: string): unknown {
  return (object as Readonly<Record<string, unknown>>)[name];
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}
