/**
 * Does the judge cry wolf? Careful work by hand, and the product as it is in every scene, over many seeds: what is told
 * of them is printed, and should be nothing.
 *
 * A script: `node test/rehearsal/orchestrators/innocent.ts [SEEDS]`.
 */
import { argv } from 'node:process';
import { roll } from '../support/rolled-account.ts';
import { careful } from './careful.ts';
import { MUTANTS } from './detection.ts';
import { rehearseMeddled } from './meddled.ts';

const seeds = Number(argv[2] ?? 10);
const scenes = [...new Set(MUTANTS.map(({ scene }) => scene))];
const nameOf = (at: number) => MUTANTS.find(({ scene }) => scene === scenes[at])?.name ?? '';
let runs = 0;
let accused = 0;

function count(what: string, told: readonly string[]): void {
  runs++;
  if (told.length === 0) return;
  accused++;
  process.stdout.write(`${what}: ${told.join('; ')}\n`);
}

for (let seed = 1; seed <= seeds; seed++) {
  const { violations } = await roll(careful, { seed });
  count(
    `by hand, with care, seed ${seed}`,
    violations.map(({ invariant, message }) => `${invariant} ${message}`),
  );
  for (const [at, scene] of scenes.entries()) {
    const result = await rehearseMeddled({ scene }, seed);
    const told = result.violations.map(({ invariant, message }) => `${invariant} ${message}`);
    if (!result.restored || result.reason.includes('still running')) told.push(`ending: ${result.reason}`);
    count(`ours, where it “${nameOf(at)}”, seed ${seed}`, told);
  }
  process.stderr.write(`seed ${seed}: ${runs} runs, ${accused} accused\n`);
}
process.stdout.write(`${accused} of ${runs} runs accused\n`);
process.exitCode = accused === 0 ? 0 : 1;
