/**
 * Deep copies of plain data as the SDK knows it: objects, arrays, Dates, bytes. What enters the account and what leaves
 * it is copied, so that no caller can change the account's truth by writing into an answer.
 *
 * A picture (an object that is never changed again) is copied once, and the copy, frozen, given to everybody: a cluster's
 * thousands of tasks are read many times between two changes.
 */
type Plain = Record<string, unknown>;

/** The clock puts a slower one in its place; copies of dates are made by the ten thousand. */
const RealDate = Date;

/** The frozen copy of each picture; null until somebody reads it. */
const pictures = new WeakMap<object, object | null>();
/** What is made for one answer alone. */
const handedOver = new WeakSet<object>();

export function copyOf<T>(value: T): T {
  return copy(value) as T;
}

/** Declares that nobody changes this object, or anything in it, from now on. */
export function picture<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !pictures.has(value)) pictures.set(value, null);
  return value;
}

export function isPicture(value: object): boolean {
  return pictures.has(value);
}

/** Another view of pictures, itself a picture: made once for each of them. */
export function viewOfPictures<P extends object, V extends object>(make: (from: P) => V): (from: P) => V {
  const views = new WeakMap<P, V>();
  return (from) => {
    const known = views.get(from);
    if (known !== undefined) return known;
    const made = picture(make(from));
    views.set(from, made);
    return made;
  };
}

/** Declares that this object and all in it was made for the caller and is nobody else's: it needs no copy. */
export function handOver<T extends object>(value: T): T {
  handedOver.add(value);
  return value;
}

function copy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const items = new Array<unknown>(value.length);
    for (let at = 0; at < value.length; at++) items[at] = copy(value[at]);
    return items;
  }
  if (value instanceof RealDate) return new RealDate(value.getTime());
  if (value instanceof Uint8Array) return value.slice();
  if (handedOver.has(value)) return value;
  const known = pictures.get(value);
  if (known) return known;
  const made = copyOfObject(value as Plain);
  if (known === null) pictures.set(value, frozen(made));
  return made;
}

function copyOfObject(value: Plain): Plain {
  const made: Plain = {};
  for (const key in value) {
    const part = value[key];
    // The SDK leaves absent members out of its answers.
    if (part !== undefined) made[key] = typeof part === 'object' ? copy(part) : part;
  }
  return made;
}

/** Deeply; bytes cannot be. */
export function frozen<T extends object>(value: T): T {
  if (value instanceof Uint8Array || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) frozen(part);
  return Object.freeze(value);
}
