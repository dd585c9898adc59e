/** Measures: our figures against their goals, then ours beside what people use today. Prints nothing itself. */

import {
  COMPARISON_CLUSTERS,
  OURS,
  POLICIES,
  type PolicyFigures,
  runPolicy,
  runProduct,
} from './comparison.ts';
import { runFresh } from './fresh-process.ts';
import { type Figure, FRESH_ROLLS, type FreshRoll, LARGE_ROLLS, ROLLS, type Roll } from './goals.ts';
import { type Spread, spreadOf } from './median.ts';
import { type Measured, runOurs } from './run-ours.ts';

/** A process of its own takes seconds, a large one a minute: so many seeds at most. */
const FRESH_SEEDS = 3;
const LARGE_SEEDS = 1;

export interface BenchOptions {
  readonly seeds: number;
  /** Also clusters of 1,000 and 5,000 hosts. */
  readonly large: boolean;
  /** Only rows and clusters whose name contains this, whatever the case. */
  readonly only: string;
  say(line: string): void;
}

export interface FigureRow {
  readonly cluster: string;
  readonly what: string;
  readonly goal: number | null;
  readonly digits: number;
  /** Null where no seed had the figure. */
  readonly measured: Spread | null;
  /** Null for a figure without a goal. */
  readonly reached: boolean | null;
}

export interface ComparisonRow extends Omit<PolicyFigures, 'seed'> {
  readonly cluster: string;
}

export interface BenchResult {
  readonly seeds: number;
  readonly figures: readonly FigureRow[];
  /** Each figure its median over the seeds; violations, kills and ends of the worst seed. */
  readonly comparison: readonly ComparisonRow[];
}

/** Names of everything that is measured: what `only` may choose from. */
export function benchNames(large: boolean): string[] {
  return [
    ...ROLLS,
    ...FRESH_ROLLS,
    ...(large ? LARGE_ROLLS : []),
    ...COMPARISON_CLUSTERS,
    ...POLICIES,
    ...OURS,
  ].map(({ name }) => name);
}

export async function bench(options: BenchOptions): Promise<BenchResult> {
  const isWanted = ({ name }: { readonly name: string }) =>
    name.toLowerCase().includes(options.only.toLowerCase());
  const figures: FigureRow[] = [];
  for (const roll of ROLLS.filter(isWanted)) figures.push(...(await measure(roll, options)));
  for (const roll of FRESH_ROLLS.filter(isWanted))
    figures.push(...(await measureFresh(roll, Math.min(options.seeds, FRESH_SEEDS), options)));
  for (const roll of options.large ? LARGE_ROLLS.filter(isWanted) : [])
    figures.push(...(await measureFresh(roll, LARGE_SEEDS, options)));

  const comparison: ComparisonRow[] = [];
  for (const cluster of COMPARISON_CLUSTERS) {
    const runs = [
      ...POLICIES.map((policy) => ({
        name: policy.name,
        run: (seed: number) => runPolicy(policy, cluster, seed),
      })),
      ...OURS.map((ours) => ({ name: ours.name, run: (seed: number) => runProduct(ours, cluster, seed) })),
    ];
    for (const { name, run } of runs.filter((one) => isWanted(cluster) || isWanted(one))) {
      const found: PolicyFigures[] = [];
      for (let seed = 1; seed <= options.seeds; seed++) {
        options.say(`${cluster.name}: ${name}, seed ${seed}`);
        found.push(await run(seed));
      }
      comparison.push(rowOf(cluster.name, found));
    }
  }
  return { seeds: options.seeds, figures, comparison };
}

async function measure({ name, input, figures }: Roll, { seeds, say }: BenchOptions): Promise<FigureRow[]> {
  const prepared = input();
  const runs: Measured[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    say(`${name}: seed ${seed}`);
    runs.push(await runOurs(prepared, seed));
  }
  return figures.map((figure) => figureRow(name, figure, runs));
}

async function measureFresh(
  { name, spec, settings, seconds, mebibytes, keepsLog, figures }: FreshRoll,
  seeds: number,
  { say }: BenchOptions,
): Promise<FigureRow[]> {
  const runs: Measured[] = [];
  const walls: number[] = [];
  const memory: number[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    say(`${name}: seed ${seed}`);
    const { wallSeconds, peakMebibytes, ...run } = await runFresh(spec, settings, seed, keepsLog);
    runs.push(run);
    walls.push(wallSeconds);
    memory.push(peakMebibytes);
  }
  return [
    row(name, 'wall time, s', seconds, 1, walls),
    row(name, 'memory, MiB', mebibytes, 0, memory),
    ...figures.map((figure) => figureRow(name, figure, runs)),
  ];
}

function figureRow(cluster: string, { what, goal, digits, of }: Figure, runs: readonly Measured[]) {
  return row(
    cluster,
    what,
    goal,
    digits,
    runs.flatMap((run) => of(run) ?? []),
  );
}

function row(
  cluster: string,
  what: string,
  goal: number | undefined,
  digits: number,
  values: readonly number[],
): FigureRow {
  const measured = values.length === 0 ? null : spreadOf(values);
  // As it is shown: 1.152 is not more than a goal of 1.15 to anybody who reads two digits.
  const shown = Number((measured?.median ?? Number.POSITIVE_INFINITY).toFixed(digits));
  const reached = goal === undefined ? null : shown <= goal;
  return { cluster, what, goal: goal ?? null, digits, measured, reached };
}

function rowOf(cluster: string, runs: readonly PolicyFigures[]): ComparisonRow {
  const [first] = runs;
  if (!first) throw new RangeError('a row needs a run');
  const median = (of: (run: PolicyFigures) => number) => spreadOf(runs.map(of)).median;
  const violations: Record<string, number> = {};
  for (const run of runs) {
    for (const [invariant, times] of Object.entries(run.violations))
      violations[invariant] = Math.max(violations[invariant] ?? 0, times);
  }
  return {
    cluster,
    policy: first.policy,
    durationSeconds: median((run) => run.durationSeconds),
    end: runs.find(({ end }) => end !== 'SUCCEEDED')?.end ?? first.end,
    done: median((run) => run.done),
    outdated: first.outdated,
    movesPerTask: median((run) => run.movesPerTask),
    lowestHealthyShare: Math.min(...runs.map((run) => run.lowestHealthyShare)),
    killed: Math.max(...runs.map((run) => run.killed)),
    extraInstanceHours: median((run) => run.extraInstanceHours),
    apiCalls: median((run) => run.apiCalls),
    violations,
  };
}
