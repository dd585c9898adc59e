/**
 * `rollover doctor`: is the deployment well, and what is to be done where it is not. Ends with 0 when nothing fails, 2 when
 * something does, 64 for wrong usage or where there is no deployment.
 */
import type { Command } from 'commander';
import { type DeploymentOptions, useDeployment } from './operate/deployment.ts';
import type { Check } from './operate/doctor.ts';

interface Options extends DeploymentOptions {
  readonly cluster?: string;
  /** Commander's word for `--no-event`. */
  readonly event: boolean;
  readonly json?: boolean;
}

/** As PARTIAL: done, and not all is as it should be. */
const EXIT_FAILING = 2;

export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('Is the deployment well: machines, rules, sweep, dead letters, clusters, a synthetic event.')
    .option('--cluster <name>', 'of which the synthetic event asks a plan (default: the first that opted in)')
    .option('--no-event', 'only look, send nothing')
    .option('--json', 'print one JSON object, and nothing else, on standard output')
    .option('--table <name>', "the ledger's table (default: as the stack says, or ROLLOVER_TABLE)")
    .option(
      '--state-machine <arn>',
      'the state machine (default: as the stack says, or ROLLOVER_STATE_MACHINE)',
    )
    .exitOverride()
    .action(doctorCommand);
}

async function doctorCommand(options: Options): Promise<void> {
  await useDeployment(options);
  const { examine } = await import('./operate/doctor.ts');
  const checks = await examine({ cluster: options.cluster, sendsEvent: options.event });
  process.stdout.write(
    options.json === true ? `${JSON.stringify({ checks }, null, 2)}\n` : doctorText(checks),
  );
  process.exitCode = checks.some(({ state }) => state === 'fails') ? EXIT_FAILING : 0;
}

const SIGN = { ok: 'ok', fails: 'FAILS', unproved: '?' } as const;

export function doctorText(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ name, state, found, todo }) => [
    `${SIGN[state].padEnd(6)}${name.padEnd(width)}  ${found}`,
    ...(todo === undefined ? [] : [`${' '.repeat(width + 8)}→ ${todo}`]),
  ]);
  const failing = checks.filter(({ state }) => state === 'fails').length;
  return `${[...lines, '', failing === 0 ? 'nothing fails' : `${failing} of ${checks.length} fail`].join('\n')}\n`;
}
