/**
 * `rollover bench`: the figures of the product against their goals, and beside what people use today. Ends with 0 when
 * every goal is reached and with 1 when one is not; with 64, before anything ran, when the usage is wrong.
 */
import type { Command } from 'commander';
import { BadInput } from './bad-input.ts';

interface BenchCommandOptions {
  readonly seeds: string;
  readonly json?: boolean;
  readonly only: string;
  readonly large?: boolean;
}

const SEEDS = '3';

export function addBenchCommand(program: Command): void {
  program
    .command('bench')
    .description('Measure the product on generated clusters, against its goals and beside what people use.')
    .option('--seeds <n>', 'how many seeds to take the median of', SEEDS)
    .option('--only <text>', 'only rows, clusters and policies whose name contains this', '')
    .option('--large', 'also clusters of 1,000 and 5,000 hosts: minutes')
    .option('--json', 'print one JSON object, and nothing else, on standard output')
    .exitOverride()
    .action((options: BenchCommandOptions) => benchCommand(options));
}

async function benchCommand({ seeds, json, only, large }: BenchCommandOptions): Promise<void> {
  const problems: string[] = [];
  const count = Number(seeds);
  if (!Number.isSafeInteger(count) || count < 1)
    problems.push(`--seeds: must be a whole number of 1 or more, not ${JSON.stringify(seeds)}`);
  const { bench, benchNames } = await import('../rehearsal/bench/bench.ts');
  const names = benchNames(large === true);
  if (!names.some((name) => name.toLowerCase().includes(only.toLowerCase())))
    problems.push(`--only: ${JSON.stringify(only)} is in no name; there are ${names.join(' · ')}`);
  if (problems.length > 0) throw new BadInput('The usage', problems);
  const { benchText } = await import('../rehearsal/bench/table.ts');
  const result = await bench({
    seeds: count,
    only,
    large: large === true,
    say: (line) => process.stderr.write(`${line}\n`),
  });
  process.stdout.write(json ? `${JSON.stringify(result, null, 2)}\n` : benchText(result));
  process.exitCode = result.figures.some(({ reached }) => reached === false) ? 1 : 0;
}
