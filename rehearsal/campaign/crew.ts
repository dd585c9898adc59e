/** Worker processes, as many as asked for, each with one seed at a time. One that hangs or dies is a finding, not an end. */
import { type ChildProcess, fork } from 'node:child_process';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SeedReport } from './simulate-seed.ts';
import type { Order } from './worker.ts';

const HERE = fileURLToPath(import.meta.url);
/** Sources run as they are; an installed package has JavaScript in their place. */
const WORKER = join(dirname(HERE), `worker${extname(HERE)}`);
/** By the clock on the wall: a run takes seconds, so one that takes this long turns in a circle. */
const LONGEST_MS = 300_000;
/** Handlers keep what a warm Lambda would; a process is replaced before that becomes the memory of a machine. */
const SEEDS_PER_WORKER = 100;
const WORDS_MAX = 2000;

export class Crew {
  readonly #size: number;
  /** The next order, or undefined when there is none left. */
  readonly #next: () => Order | undefined;
  readonly #report: (report: SeedReport) => void;
  readonly #children = new Set<ChildProcess>();
  #isDismissed = false;

  constructor(size: number, next: () => Order | undefined, report: (report: SeedReport) => void) {
    this.#size = size;
    this.#next = next;
    this.#report = report;
  }

  /** Resolves when there is no order left and every seed has been reported, or after `dismiss`. */
  async work(): Promise<void> {
    await Promise.all(Array.from({ length: this.#size }, () => this.#place()));
  }

  /** Ends every worker at once, by its id. */
  dismiss(): void {
    this.#isDismissed = true;
    for (const child of this.#children) child.kill('SIGKILL');
  }

  /** One worker after the other, until there is nothing left to do. */
  async #place(): Promise<void> {
    let order = this.#isDismissed ? undefined : this.#next();
    while (order !== undefined && !this.#isDismissed) order = await this.#employ(order);
  }

  /** @returns the order that is still to be carried out when this worker has ended */
  #employ(first: Order): Promise<Order | undefined> {
    const child = fork(WORKER, [], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    this.#children.add(child);
    let order: Order | undefined = first;
    let done = 0;
    let words = '';
    let watchdog: NodeJS.Timeout | undefined;
    let isHung = false;
    const send = (next: Order) => {
      order = next;
      child.send(next);
      watchdog = setTimeout(() => {
        isHung = true;
        child.kill('SIGKILL');
      }, LONGEST_MS);
    };
    child.stderr?.on('data', (some: Buffer) => {
      words = `${words}${some}`.slice(-WORDS_MAX);
    });
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('message', (report: SeedReport) => {
        clearTimeout(watchdog);
        done += 1;
        words = '';
        this.#report(report);
        order = this.#isDismissed ? undefined : this.#next();
        if (order !== undefined && done < SEEDS_PER_WORKER) send(order);
        else child.disconnect();
      });
      // Not `close`: it never comes after a `disconnect` of ours.
      child.on('exit', (code, signal) => {
        clearTimeout(watchdog);
        this.#children.delete(child);
        const lostSeed = code === 0 || this.#isDismissed ? undefined : order?.seed;
        if (lostSeed === undefined) {
          resolve(this.#isDismissed ? undefined : order);
          return;
        }
        const how = isHung
          ? `no end after ${LONGEST_MS / 1000} s of real time`
          : `the process ended (${signal ?? code})`;
        const tell = () => {
          this.#report(lost(lostSeed, `${how}: ${words.trim()}`));
          resolve(this.#next());
        };
        // What it said last may still be on its way.
        if (child.stderr?.readableEnded ?? true) tell();
        else child.stderr?.once('end', tell);
      });
      send(first);
    });
  }
}

function lost(seed: number, wrong: string): SeedReport {
  return {
    seed,
    outcome: 'lost',
    reason: '',
    wrongs: [wrong],
    drawn: [],
    fired: [],
    pairs: [],
    virtualSeconds: 0,
  };
}
