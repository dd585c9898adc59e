/**
 * Randomness of the account: one seeded stream per component, so that a new draw in one place does not shift the others
 * and the same seed gives the same run.
 */

export interface RandomStream {
  /** In [0, 1). */
  next(): number;
  /** Whole number in [low, high], both inclusive. */
  integer(low: number, high: number): number;
  /** In [low, high); `low` when both are equal. */
  between(range: readonly [number, number]): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
  /** Lower-case hexadecimal digits, for ids. */
  hex(digits: number): string;
}

export class RandomStreams {
  readonly #seed: number;
  readonly #streams = new Map<string, RandomStream>();

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** The stream of this name: the same object at every call. */
  stream(name: string): RandomStream {
    const known = this.#streams.get(name);
    if (known) return known;
    const made = streamOf(hash(`${this.#seed}/${name}`));
    this.#streams.set(name, made);
    return made;
  }
}

const HEX = '0123456789abcdef';

function streamOf(seed: number): RandomStream {
  let state = seed;
  // mulberry32: 32 bits of state are plenty for delays and ids, and it is the same on every platform.
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    next,
    integer: (low, high) => low + Math.floor(next() * (high - low + 1)),
    between: ([low, high]) => low + next() * (high - low),
    chance: (probability) => next() < probability,
    pick: (items) => items[Math.floor(next() * items.length)] as never,
    hex: (digits) => {
      let text = '';
      for (let at = 0; at < digits; at++) text += HEX.charAt(Math.floor(next() * 16));
      return text;
    },
  };
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return value | 0;
}
