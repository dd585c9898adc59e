/**
 * Rolls many generated clusters and prints those with which anything is wrong, so that they can be rolled again:
 * `node test/support/campaign.ts RUNS SEED`, or `node test/support/campaign.ts RUN-AS-JSON` for one of them.
 */
import './setup.ts';
import fc from 'fast-check';
import { type GeneratedRun, generatedRun } from './generated-cluster.ts';
import { rehearseCluster } from './rehearse-cluster.ts';
import { wrongsOf } from './wrongs-of-a-run.ts';

const [first = '100', seed = '1'] = process.argv.slice(2);
const runs: GeneratedRun[] = first.startsWith('{')
  ? [JSON.parse(first)]
  : fc.sample(generatedRun, { numRuns: Number(first), seed: Number(seed) });

const outcomes = new Map<string, number>();
for (const [at, run] of runs.entries()) {
  const { outcome, wrongs } = await rolled(run);
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  if (wrongs.length > 0) process.stdout.write(`#${at} ${JSON.stringify(run)}\n  ${wrongs.join('\n  ')}\n`);
}
process.stdout.write(`${JSON.stringify(Object.fromEntries(outcomes))}\n`);

async function rolled(run: GeneratedRun): Promise<{ outcome: string; wrongs: string[] }> {
  try {
    const result = await rehearseCluster(run.spec, { settings: run.settings }, run.seed);
    return { outcome: result.outcome, wrongs: wrongsOf(result, run) };
  } catch (error) {
    return { outcome: 'threw', wrongs: [String(error)] };
  }
}
