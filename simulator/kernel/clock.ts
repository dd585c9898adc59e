/**
 * Virtual time. `@sinonjs/fake-timers` owns Date and the timers, so that handlers, the SDK's retries and the state
 * machine's waits all live in it; the account's own processes are a heap behind one timer on that clock.
 *
 * Starts with `install()`. Ends with `uninstall()`, which gives the real clock back; always call it (`finally`).
 *
 * Between two timers all promises settle. Work that is real (a library's own I/O) is announced with `hold`, and virtual
 * time stands still until it is done: so the order of things does not depend on the machine.
 */
import FakeTimers, { type Clock } from '@sinonjs/fake-timers';

const realSetImmediate = setImmediate;

/** Node fires a longer timer at once (2^31 − 1 ms), so the clock never sets one. */
const LONGEST_TIMER_MS = 2_147_483_647;

export interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

export class VirtualClock {
  readonly #startMs: number;
  readonly #heap: Timer[] = [];
  #fake: Clock | undefined;
  #wakeUp: { readonly atMs: number; readonly id: unknown } | undefined;
  #order = 0;
  #held = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  get startMs(): number {
    return this.#startMs;
  }

  get nowMs(): number {
    return this.#fake ? this.#fake.now : this.#startMs;
  }

  /** Whole and fractional seconds since the account's start: the `t` of the log. */
  get elapsedSeconds(): number {
    return (this.nowMs - this.#startMs) / 1000;
  }

  install(): void {
    this.#fake = FakeTimers.install({
      now: this.#startMs,
      toFake: [
        'Date',
        'setTimeout',
        'clearTimeout',
        'setInterval',
        'clearInterval',
        'setImmediate',
        'clearImmediate',
      ],
      loopLimit: 1_000_000,
    });
    this.#arm();
  }

  uninstall(): void {
    this.#fake?.uninstall();
    this.#fake = undefined;
  }

  /** Runs `run` at this virtual time, after everything that was asked for earlier at the same time. */
  at(atMs: number, run: () => void): Timer {
    const timer = { atMs: Math.max(atMs, this.nowMs), order: this.#order++, run, cancelled: false };
    push(this.#heap, timer);
    this.#arm();
    return timer;
  }

  after(delayMs: number, run: () => void): Timer {
    return this.at(this.nowMs + delayMs, run);
  }

  cancel(timer: Timer | undefined): void {
    if (!timer || timer.cancelled) return;
    timer.cancelled = true;
    const next = this.#first();
    if (!this.#wakeUp || (next && next.atMs <= this.#wakeUp.atMs)) return;
    this.#fake?.clearTimeout(this.#wakeUp.id as never);
    this.#wakeUp = undefined;
    this.#arm();
  }

  /** A promise that resolves after this much virtual time. */
  delay(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  /** Real work: virtual time stands still until the promise settles. */
  async hold<T>(work: Promise<T>): Promise<T> {
    this.#held++;
    try {
      return await work;
    } finally {
      this.#held--;
    }
  }

  /**
   * Lets virtual time pass, timer by timer, until `done()` or the horizon.
   *
   * @returns `done`, `horizon`, or `idle` when no timer is left.
   * @throws whatever a process of the account threw: a defect of the account, never an answer to a caller.
   */
  async run(done: () => boolean, horizonMs: number): Promise<'done' | 'horizon' | 'idle'> {
    const fake = this.#fake;
    if (!fake) throw new Error('the virtual clock is not installed');
    for (;;) {
      await this.settle();
      if (this.#failure) throw this.#failure.error;
      if (done()) return 'done';
      if (fake.countTimers() === 0) return 'idle';
      if (fake.now >= horizonMs) return 'horizon';
      fake.next();
    }
  }

  /** Waits, in real time, until every promise that can settle without virtual time has settled. */
  async settle(): Promise<void> {
    do {
      await new Promise((resolve) => realSetImmediate(resolve));
    } while (this.#held > 0);
  }

  /** A cancelled timer must not draw time on: the account is idle when only such are left. */
  #first(): Timer | undefined {
    while (this.#heap[0]?.cancelled) pop(this.#heap);
    return this.#heap[0];
  }

  #arm(): void {
    const fake = this.#fake;
    const next = this.#first();
    if (!fake || !next || (this.#wakeUp && this.#wakeUp.atMs <= next.atMs)) return;
    if (this.#wakeUp) fake.clearTimeout(this.#wakeUp.id as never);
    const delayMs = Math.min(next.atMs - fake.now, LONGEST_TIMER_MS);
    const atMs = fake.now + delayMs;
    this.#wakeUp = { atMs, id: fake.setTimeout(() => this.#fire(), delayMs) };
  }

  #fire(): void {
    this.#wakeUp = undefined;
    try {
      for (let next = this.#heap[0]; next && next.atMs <= this.nowMs; next = this.#heap[0]) {
        pop(this.#heap);
        if (!next.cancelled) next.run();
      }
    } catch (error) {
      this.#failure ??= { error };
    }
    this.#arm();
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

function push(heap: Timer[], timer: Timer): void {
  let at = heap.push(timer) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!isBefore(timer, heap[parent] as Timer)) break;
    heap[at] = heap[parent] as Timer;
    at = parent;
  }
  heap[at] = timer;
}

function pop(heap: Timer[]): void {
  const last = heap.pop();
  if (!last || heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1] as Timer, heap[child] as Timer)) child++;
    if (!isBefore(heap[child] as Timer, last)) break;
    heap[at] = heap[child] as Timer;
    at = child;
  }
  heap[at] = last;
}
