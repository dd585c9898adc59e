/**
 * What AWS's read APIs see of a kind of resource: the truth, or the truth of a moment ago.
 *
 * A service keeps its own live state and puts an immutable picture here whenever that changes; a read asks for the
 * picture as of `now − lag`. Pictures older than the longest lag are forgotten; a scripted lag may make that longer.
 */
import type { VirtualClock } from './clock.ts';
import { picture } from './copy.ts';

interface Version<V> {
  readonly atMs: number;
  /** Undefined: gone from this moment on. */
  readonly value: V | undefined;
}

const LONGEST_LAG_MS = 120_000;
/** By account, which its clock stands for. */
const keptForMs = new WeakMap<VirtualClock, number>();

/** Every store on this clock keeps its pictures at least this long from now on. */
export function keepPictures(clock: VirtualClock, lagMs: number): void {
  keptForMs.set(clock, Math.max(lagMs, keptForMs.get(clock) ?? 0));
}

export class LaggingStore<V> {
  readonly #clock: VirtualClock;
  readonly #keptMs: number;
  /** Insertion order is the order of lists, as stable as AWS's. */
  readonly #versions = new Map<string, Version<V>[]>();

  constructor(clock: VirtualClock, keptMs = LONGEST_LAG_MS) {
    this.#clock = clock;
    this.#keptMs = keptMs;
  }

  get #longestLagMs(): number {
    return Math.max(this.#keptMs, keptForMs.get(this.#clock) ?? 0);
  }

  put(id: string, value: V): void {
    this.#add(id, picture(value));
  }

  remove(id: string): void {
    if (this.#versions.has(id)) this.#add(id, undefined);
  }

  /** The picture as of `lagMs` ago; undefined when it did not exist then. */
  get(id: string, lagMs = 0): V | undefined {
    const versions = this.#versions.get(id);
    if (versions === undefined) return undefined;
    if (versions.length > 1) this.#forgetOld(versions);
    return lagMs === 0 ? versions.at(-1)?.value : pictureAt(versions, this.#seenAtMs(lagMs));
  }

  list(lagMs = 0): V[] {
    const atMs = this.#seenAtMs(lagMs);
    const found: V[] = [];
    for (const [id, versions] of this.#versions) {
      const value = pictureAt(versions, atMs);
      if (value !== undefined) found.push(value);
      else if (isForgotten(versions, this.#clock.nowMs - this.#longestLagMs)) this.#versions.delete(id);
    }
    return found;
  }

  /** No picture is older than the start or than what is kept: a long lag shows old things, never an empty account. */
  #seenAtMs(lagMs: number): number {
    return Math.max(this.#clock.startMs, this.#clock.nowMs - Math.min(lagMs, this.#longestLagMs));
  }

  #add(id: string, value: V | undefined): void {
    const nowMs = this.#clock.nowMs;
    const versions = this.#versions.get(id);
    if (!versions) {
      this.#versions.set(id, [{ atMs: nowMs, value }]);
      return;
    }
    if (versions.at(-1)?.atMs === nowMs) versions.pop();
    versions.push({ atMs: nowMs, value });
    this.#forgetOld(versions);
  }

  /** Also when read: most of what came to rest never changes again, and would keep its whole way there. */
  #forgetOld(versions: Version<V>[]): void {
    const beforeMs = this.#clock.nowMs - this.#longestLagMs;
    while (versions.length > 1 && (versions[1] as Version<V>).atMs <= beforeMs) versions.shift();
  }
}

/** One value that reads may see as it was; each value set is a picture, never changed again. */
export class Remembered<V> {
  readonly #past: LaggingStore<V>;
  #now: V;

  constructor(clock: VirtualClock, value: V) {
    this.#past = new LaggingStore(clock);
    this.#now = value;
    this.#past.put('', value);
  }

  get now(): V {
    return this.#now;
  }

  set now(value: V) {
    this.#now = value;
    this.#past.put('', value);
  }

  /** Undefined when it did not exist then. */
  asOf(lagMs: number): V | undefined {
    return this.#past.get('', lagMs);
  }
}

function pictureAt<V>(versions: readonly Version<V>[] | undefined, atMs: number): V | undefined {
  if (!versions) return undefined;
  for (let at = versions.length - 1; at >= 0; at--) {
    const version = versions[at] as Version<V>;
    if (version.atMs <= atMs) return version.value;
  }
  return undefined;
}

function isForgotten<V>(versions: readonly Version<V>[], beforeMs: number): boolean {
  const last = versions.at(-1);
  return last !== undefined && last.value === undefined && last.atMs <= beforeMs;
}
