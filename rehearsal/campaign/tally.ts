/** What a campaign counts: `rollover simulate --json` prints it, as text people read it. */
import { count, round } from '../format.ts';
import { DRAWN_KINDS, type DrawnKind } from './draw-faults.ts';
import type { SeedReport } from './simulate-seed.ts';

const SECONDS_PER_YEAR = 365.25 * 86_400;

/** Printed as one object. */
export interface CampaignResult {
  readonly seeds: { readonly first: number; readonly last: number; readonly run: number };
  readonly failed: readonly (Pick<SeedReport, 'seed' | 'outcome' | 'reason' | 'wrongs'> & {
    readonly replay: string;
  })[];
  readonly outcomes: Readonly<Record<string, number>>;
  /** By kind: in how many faults it was drawn, and how many of them fired. */
  readonly faults: Readonly<Record<string, { readonly drawn: number; readonly fired: number }>>;
  /** `kind in State` → in how many seeds it was hit. */
  readonly pairs: Readonly<Record<string, number>>;
  readonly virtualYears: number;
  readonly wallSeconds: number;
  readonly seedsPerMinute: number;
}

export class Tally {
  readonly #first: number;
  readonly #last: number;
  readonly #only: readonly DrawnKind[] | undefined;
  readonly #failed: SeedReport[] = [];
  readonly #outcomes = new Map<string, number>();
  readonly #drawn = new Map<string, number>();
  readonly #fired = new Map<string, number>();
  readonly #pairs = new Map<string, number>();
  #run = 0;
  #virtualSeconds = 0;

  constructor(first: number, last: number, only: readonly DrawnKind[] | undefined) {
    this.#first = first;
    this.#last = last;
    this.#only = only;
  }

  get run(): number {
    return this.#run;
  }

  get failed(): number {
    return this.#failed.length;
  }

  add(report: SeedReport): void {
    this.#run += 1;
    this.#virtualSeconds += report.virtualSeconds;
    if (report.wrongs.length > 0) this.#failed.push(report);
    countIn(this.#outcomes, [report.outcome]);
    countIn(this.#drawn, report.drawn);
    countIn(this.#fired, report.fired);
    countIn(this.#pairs, report.pairs);
  }

  /** One line: the seed, everything that is wrong with it, and how to see it again. */
  lineOf({ seed, wrongs }: SeedReport): string {
    const told = wrongs.map((wrong) => wrong.replace(/\s*\n\s*/g, ' ')).join(' | ');
    return `seed ${seed}: ${told} | again: ${replayOf(seed, this.#only)}`;
  }

  result(wallSeconds: number): CampaignResult {
    return {
      seeds: { first: this.#first, last: this.#last, run: this.#run },
      failed: [...this.#failed]
        .sort((a, b) => a.seed - b.seed)
        .map(({ seed, outcome, reason, wrongs }) => {
          return { seed, outcome, reason, wrongs, replay: replayOf(seed, this.#only) };
        }),
      outcomes: sorted(this.#outcomes),
      faults: Object.fromEntries(
        DRAWN_KINDS.map((kind) => [
          kind,
          { drawn: this.#drawn.get(kind) ?? 0, fired: this.#fired.get(kind) ?? 0 },
        ]),
      ),
      pairs: sorted(this.#pairs),
      virtualYears: round(this.#virtualSeconds / SECONDS_PER_YEAR, 3),
      wallSeconds: round(wallSeconds, 1),
      seedsPerMinute: round((this.#run / wallSeconds) * 60, 1),
    };
  }
}

/** For people: what was counted, failures apart, which have been told as they came. */
export function campaignText(result: CampaignResult): string {
  const { seeds, failed, outcomes, faults, pairs, virtualYears, wallSeconds, seedsPerMinute } = result;
  const rows = Object.entries(faults).filter(([, { drawn }]) => drawn > 0);
  const width = Math.max(10, ...rows.map(([kind]) => kind.length));
  const byKind = (kind: string) => Object.keys(pairs).filter((pair) => pair.startsWith(`${kind} in `));
  const places = (kind: string) =>
    byKind(kind)
      .map((pair) => `${pair.slice(kind.length + 4)} ${pairs[pair]}`)
      .join(', ');
  return [
    `${count(seeds.run, 'seed')} of ${seeds.first}..${seeds.last} in ${wallSeconds} s (${seedsPerMinute} a minute), ${virtualYears} years of cluster time`,
    `outcomes: ${Object.entries(outcomes)
      .map(([outcome, times]) => `${outcome} ${times}`)
      .join(', ')}`,
    '',
    `${'fault'.padEnd(width)}  drawn  fired  struck in (seeds)`,
    ...rows.map(
      ([kind, { drawn, fired }]) =>
        `${kind.padEnd(width)}  ${String(drawn).padStart(5)}  ${String(fired).padStart(5)}  ${places(kind)}`,
    ),
    '',
    `${count(Object.keys(pairs).length, 'pair')} of fault and state hit`,
    failed.length === 0
      ? 'no seed failed'
      : `${count(failed.length, 'seed')} failed: ${failed.map(({ seed }) => seed).join(', ')}`,
    '',
  ].join('\n');
}

function replayOf(seed: number, only: readonly DrawnKind[] | undefined): string {
  const kinds = only === undefined ? '' : ` --only-kind ${only.join(',') || 'none'}`;
  return `rollover simulate --seeds ${seed}..${seed}${kinds}`;
}

function countIn(counts: Map<string, number>, names: readonly string[]): void {
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
}

function sorted(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}
