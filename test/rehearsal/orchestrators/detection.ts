/**
 * How well the judge sees: for each wrong orchestrator, how many seeds it takes until it is caught.
 *
 * As a script it prints the table: `node test/rehearsal/orchestrators/detection.ts [SEEDS [NAME]]`.
 */
import { argv } from 'node:process';
import { spreadOf } from '../../../rehearsal/bench/median.ts';
import { table } from '../../../rehearsal/bench/table.ts';
import { roll } from '../support/rolled-account.ts';
import { BY_HAND } from './by-hand.ts';
import { GAME_DAY_GUARDS } from './game-day.ts';
import { REMOVED_GUARDS } from './guards.ts';
import { GUARDS_BEFORE_ACTING } from './guards-before-acting.ts';
import { rehearseMeddled } from './meddled.ts';

/** Our own product, one guard less each. */
export const MUTANTS = [...REMOVED_GUARDS, ...GUARDS_BEFORE_ACTING, ...GAME_DAY_GUARDS];

export interface Suspect {
  readonly name: string;
  /** What a seed tells of it: invariants, and `ending` for a run that does not end as it should. */
  told(seed: number): Promise<readonly string[]>;
  isCaught(told: readonly string[]): boolean;
}

export const HAND_ROLLERS: readonly Suspect[] = BY_HAND.map(({ name, orchestrator, caughtBy, options }) => ({
  name: `by hand: ${name}`,
  told: async (seed: number) => (await roll(orchestrator, { ...options, seed })).told,
  isCaught: (told: readonly string[]) => caughtBy.every((invariant) => told.includes(invariant)),
}));

export const MEDDLED_PRODUCTS: readonly Suspect[] = MUTANTS.map(({ name, caughtBy, ...meddling }) => ({
  name: `ours, but it no longer ${name}`,
  told: async (seed: number) => {
    const { violations, restored, reason, outcome } = await rehearseMeddled(meddling, seed);
    const isAsItShould = outcome === (meddling.scene.outcome ?? outcome);
    const endsWell = restored && isAsItShould && !reason.includes('still running');
    return [...violations.map(({ invariant }) => invariant), ...(endsWell ? [] : ['ending'])];
  },
  isCaught: (told: readonly string[]) => told.some((invariant) => caughtBy.includes(invariant)),
}));

export const SUSPECTS: readonly Suspect[] = [...HAND_ROLLERS, ...MEDDLED_PRODUCTS];

export interface Detected {
  /** Seeds tried until it was caught; undefined when none caught it. */
  readonly seeds: number | undefined;
  readonly told: readonly string[];
}

/** Tries seeds 1, 2, … until it is caught. */
export async function detect(suspect: Suspect, mostSeeds: number): Promise<Detected> {
  const all = new Set<string>();
  for (let seed = 1; seed <= mostSeeds; seed++) {
    const told = await suspect.told(seed);
    for (const invariant of told) all.add(invariant);
    if (suspect.isCaught(told)) return { seeds: seed, told: [...new Set(told)].sort() };
  }
  return { seeds: undefined, told: [...all].sort() };
}

if (import.meta.main) {
  const mostSeeds = Number(argv[2] ?? 20);
  const rows: (Detected & { readonly name: string })[] = [];
  for (const suspect of SUSPECTS.filter(({ name }) => name.includes(argv[3] ?? ''))) {
    process.stderr.write(`${suspect.name}\n`);
    rows.push({ name: suspect.name, ...(await detect(suspect, mostSeeds)) });
  }
  const lines = table(
    [
      { head: 'orchestrator', text: ({ name }) => name },
      {
        head: 'seeds',
        isNumber: true,
        text: ({ seeds }) => (seeds === undefined ? 'NOT caught' : String(seeds)),
      },
      { head: 'told', text: ({ told }) => told.join(' ') },
    ],
    rows,
  );
  const caught = rows.flatMap(({ seeds }) => seeds ?? []);
  const { median, most } = caught.length === 0 ? { median: 'none', most: 'none' } : spreadOf(caught);
  process.stdout.write(
    `${lines.join('\n')}\n\n${caught.length} of ${rows.length} caught within ${mostSeeds} seeds; median ${median}, worst ${most}\n`,
  );
  process.exitCode = caught.length === rows.length ? 0 : 1;
}
