/**
 * `rollover simulate`: campaigns of drawn clusters and faults. Ends with 0 when no seed failed and with 1 when one did;
 * with 64, before anything ran, when the usage is wrong; with 130 when it was interrupted.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { DrawnKind } from '../rehearsal/campaign/draw-faults.ts';
import { BadInput } from './bad-input.ts';

interface SimulateOptions {
  readonly seeds: string;
  readonly minutes?: string;
  readonly onlyKind?: string;
  readonly workers: string;
  readonly write?: string;
  readonly json?: boolean;
}

interface Usage {
  readonly first: number;
  readonly last: number;
  readonly minutes?: number;
  readonly only?: readonly DrawnKind[];
  readonly workers: number;
}

const SEEDS = '1..100';
/** What `--only-kind` calls a campaign without faults. */
const NONE = 'none';
/** As a shell says of a process that Ctrl-C ended: 128 + SIGINT. */
const EXIT_INTERRUPTED = 130;

export function addSimulateCommand(program: Command): void {
  program
    .command('simulate')
    .description(
      'Rehearse drawn clusters while drawn faults strike, seed after seed, and say what went wrong.',
    )
    .option('--seeds <a..b>', 'whole numbers, one run each', SEEDS)
    .option('--minutes <m>', 'begin no seed after so many minutes')
    .option('--only-kind <kinds>', 'kinds of fault to draw from, separated by commas; none for no faults')
    .option(
      '--workers <n>',
      'processes at a time (default: one for each core)',
      String(availableParallelism()),
    )
    .option('--write <folder>', 'write capture.json and scenario.json of the one seed, for rollover rehearse')
    .option('--json', 'print one JSON object, and nothing else, on standard output')
    .exitOverride()
    .action((options: SimulateOptions) => simulateCommand(options));
}

async function simulateCommand(options: SimulateOptions): Promise<void> {
  const usage = await readUsage(options);
  if (options.write !== undefined) await writeFiles(options.write, usage);
  const { Campaign } = await import('../rehearsal/campaign/campaign.ts');
  const { campaignText } = await import('../rehearsal/campaign/tally.ts');
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  const campaign = new Campaign({
    ...usage,
    say,
    tellFailure: options.json ? say : (line) => void process.stdout.write(`${line}\n`),
  });
  let isInterrupted = false;
  const interrupt = () => {
    isInterrupted = true;
    campaign.stop();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, interrupt);
  const result = await campaign.run();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, interrupt);
  process.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : campaignText(result));
  process.exitCode = isInterrupted ? EXIT_INTERRUPTED : result.failed.length > 0 ? 1 : 0;
}

/** @throws BadInput naming every problem */
async function readUsage({ seeds, minutes, onlyKind, workers, write }: SimulateOptions): Promise<Usage> {
  const { DRAWN_KINDS } = await import('../rehearsal/campaign/draw-faults.ts');
  const problems: string[] = [];
  const [, from, to] = /^(\d+)\.\.(\d+)$/.exec(seeds) ?? [];
  const [first, last] = [Number(from), Number(to)];
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last) || first > last)
    problems.push(
      `--seeds: must be two whole numbers, the lower first, as 1..100, not ${JSON.stringify(seeds)}`,
    );
  else if (write !== undefined && first !== last)
    problems.push(`--write: takes one seed, as --seeds ${first}..${first}`);
  const limit = minutes === undefined ? undefined : Number(minutes);
  if (limit !== undefined && !(limit > 0))
    problems.push(`--minutes: must be a number above 0, not ${JSON.stringify(minutes)}`);
  const kinds = onlyKind === undefined || onlyKind === NONE ? [] : onlyKind.split(',');
  for (const kind of kinds) {
    if (!(DRAWN_KINDS as readonly string[]).includes(kind))
      problems.push(
        `--only-kind: no kind ${JSON.stringify(kind)} is drawn; there are ${DRAWN_KINDS.join(', ')}, ${NONE}`,
      );
  }
  const size = Number(workers);
  if (!Number.isSafeInteger(size) || size < 1)
    problems.push(`--workers: must be a whole number of 1 or more, not ${JSON.stringify(workers)}`);
  if (problems.length > 0) throw new BadInput('The usage', problems);
  return {
    first,
    last,
    workers: size,
    ...(limit !== undefined && { minutes: limit }),
    ...(onlyKind !== undefined && { only: kinds as DrawnKind[] }),
  };
}

/** @throws BadInput when the folder cannot be written to */
async function writeFiles(folder: string, { first, only }: Usage): Promise<void> {
  const { drawRun } = await import('../rehearsal/campaign/draw-run.ts');
  const { capture, scenario } = drawRun(first, only);
  const [captureFile, scenarioFile] = [join(folder, 'capture.json'), join(folder, 'scenario.json')];
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(captureFile, `${JSON.stringify(capture, null, 2)}\n`);
    writeFileSync(scenarioFile, `${JSON.stringify(scenario, null, 2)}\n`);
  } catch (error) {
    throw new BadInput('The usage', [`--write: ${(error as Error).message}`]);
  }
  process.stderr.write(
    `rollover rehearse --capture ${captureFile} --scenario ${scenarioFile} --seed ${first}\n`,
  );
}
