/**
 * `rollover rehearse`: runs the product against the embedded account. Ends with the outcome's exit code; with 64 before
 * anything ran when any input is unusable.
 */
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { RehearsalInput } from '../rehearsal/input.ts';
import { exitCodeOf } from '../rehearsal/result.ts';
import { summaryText } from '../rehearsal/summary.ts';
import { LogFile } from './log-file.ts';
import { type RehearseOptions, readInput } from './rehearse-input.ts';

export function addRehearseCommand(program: Command): void {
  program
    .command('rehearse')
    .description(
      'Rehearse a rollover in the embedded AWS account: on the example, or on a capture of your cluster.',
    )
    .option('--capture <file>', 'cluster to rehearse on, as AWS describes it (default: the example)')
    .option('--scenario <file>', 'request or event, settings, timings and faults')
    .option(
      '--request <json>',
      "start by hand with this request, in place of the scenario's request or event",
    )
    .option('--settings <json>', "deployment settings, over the scenario's")
    .option('--seed <n>', 'whole number that everything random is drawn from (default: 1)')
    .option('--report <file>', 'write an HTML report')
    .option('--log <file>', 'write what happened, one JSON object per line')
    .option('--json', 'print the result as one JSON object, and nothing else, on standard output')
    .exitOverride()
    .action((options: RehearseOptions) => rehearseCommand(options));
}

async function rehearseCommand(options: RehearseOptions): Promise<void> {
  const input = readInput(options);
  const log = options.log === undefined ? undefined : new LogFile(options.log);
  const record = await run(input, options.json === true, (line) => log?.take(line));
  log?.close();
  if (options.report !== undefined) {
    const { reportHtml } = await import('../rehearsal/report/html.ts');
    writeFileSync(options.report, reportHtml(record));
  }
  process.stdout.write(
    options.json ? `${JSON.stringify(record.result, null, 2)}\n` : summaryText(record, options.report),
  );
  process.exitCode = exitCodeOf(record.result);
}

/** The handlers, their clients and the account are loaded only now: bad input is answered at once. */
async function run(input: RehearsalInput, quiet: boolean, takeLine: (line: object) => void) {
  const { rehearse } = await import('../rehearsal/rehearse.ts');
  const say = quiet ? undefined : (line: string) => process.stderr.write(`${line}\n`);
  return rehearse(input, say, undefined, takeLine);
}
