/**
 * `rollover quarter`: weeks of images and notices on the example, in virtual time. Ends with 0 when every notice was
 * handled, none twice, and nothing was killed or left; with 1 otherwise; with 64, before anything ran, for wrong usage.
 */
import type { Command } from 'commander';
import { BadInput } from './bad-input.ts';

interface QuarterOptions {
  readonly seed: string;
  readonly weeks: string;
  readonly json?: boolean;
}

const WEEKS = '13';

export function addQuarterCommand(program: Command): void {
  program
    .command('quarter')
    .description(
      'Play a quarter of weekly images and notices of AWS on the example, and count what came of them.',
    )
    .option('--seed <n>', 'draws images, notices and the account', '1')
    .option('--weeks <n>', 'how many', WEEKS)
    .option('--json', 'print one JSON object, and nothing else, on standard output')
    .exitOverride()
    .action((options: QuarterOptions) => quarterCommand(options));
}

async function quarterCommand({ seed, weeks, json }: QuarterOptions): Promise<void> {
  const problems = (
    [
      ['--seed', seed],
      ['--weeks', weeks],
    ] as const
  ).flatMap(([name, value]) =>
    /^[1-9]\d{0,5}$/.test(value) ? [] : [`${name}: must be a whole number of 1 or more, not "${value}"`],
  );
  if (problems.length > 0) throw new BadInput('The usage', problems);
  const { playQuarter, quarterText } = await import('../rehearsal/quarter/quarter.ts');
  const quarter = await playQuarter(Number(seed), Number(weeks));
  process.stdout.write(json ? `${JSON.stringify(quarter, null, 2)}\n` : quarterText(quarter));
  const { hosts, fargate, doubled, tasksKilled, violations, leftovers } = quarter;
  const wrong = hosts.missed + fargate.missed + doubled + tasksKilled + violations.length + leftovers;
  process.exitCode = wrong === 0 ? 0 : 1;
}
