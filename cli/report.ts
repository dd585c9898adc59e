/**
 * `rollover report --since DATE`: evidence for auditors, of every cluster that opted in (docs/audit.md). Exit code 0 when
 * nothing needs attention, 2 when something does, 64 for wrong usage.
 */
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { BadInput } from './bad-input.ts';
import { readDate } from './evidence/times.ts';
import { type DeploymentOptions, useDeployment } from './operate/deployment.ts';

interface Options extends DeploymentOptions {
  readonly since: string;
  readonly until?: string;
  readonly cluster?: readonly string[];
  readonly maxLagDays: string;
  readonly json?: string;
  readonly html?: string;
}

/** As PARTIAL: done, and not all is as it should be. */
const EXIT_ATTENTION = 2;

export function addReportCommand(program: Command): void {
  program
    .command('report')
    .description('Evidence for auditors: hosts, images, age and lag, exemptions, runs and who began them.')
    .requiredOption('--since <date>', 'runs and notices from this day or moment on, UTC')
    .option('--until <date>', 'and up to this day, which counts, or moment (default: now)')
    .option('--cluster <name...>', 'these clusters (default: all that opted in)')
    .option('--max-lag-days <n>', 'days that a host may be behind a newer target image', '0')
    .option('--json <file>', 'write the evidence as JSON; - is standard output')
    .option('--html <file>', 'write it as a page to keep and print')
    .option('--table <name>', "the ledger's table (default: as the stack says, or ROLLOVER_TABLE)")
    .option(
      '--state-machine <arn>',
      'the state machine (default: as the stack says, or ROLLOVER_STATE_MACHINE)',
    )
    .exitOverride()
    .action(reportCommand);
}

async function reportCommand(options: Options): Promise<void> {
  const asked = readOptions(options, Date.now());
  await useDeployment(options);
  const [{ survey }, { buildEvidence }, { evidenceHtml }, { evidenceText }] = await Promise.all([
    import('./operate/survey.ts'),
    import('./evidence/build.ts'),
    import('./evidence/html.ts'),
    import('./evidence/text.ts'),
  ]);
  const evidence = buildEvidence(await survey(asked));
  const json = `${JSON.stringify(evidence, null, 2)}\n`;
  if (options.html !== undefined) writeFileSync(options.html, evidenceHtml(evidence));
  if (options.json !== undefined && options.json !== '-') writeFileSync(options.json, json);
  process.stdout.write(options.json === '-' ? json : evidenceText(evidence));
  process.exitCode = evidence.compliant ? 0 : EXIT_ATTENTION;
}

/** @throws BadInput with every problem */
export function readOptions(
  { since, until, cluster = [], maxLagDays }: Pick<Options, 'since' | 'until' | 'cluster' | 'maxLagDays'>,
  nowMs: number,
): {
  readonly sinceMs: number;
  readonly untilMs?: number;
  readonly maxLagDays: number;
  readonly clusters: readonly string[];
} {
  const sinceMs = readDate(since, 'start');
  const untilMs = until === undefined ? undefined : readDate(until, 'end');
  const mustBe = 'must be a day such as 2026-11-01, or a moment such as 2026-11-01T06:00Z';
  const problems = [
    ...(sinceMs === undefined ? [`--since: ${mustBe}`] : []),
    ...(until !== undefined && untilMs === undefined ? [`--until: ${mustBe}`] : []),
    ...(sinceMs !== undefined && sinceMs > Math.min(untilMs ?? nowMs, nowMs)
      ? ['--since: must be before --until, and not in the future']
      : []),
    ...(/^\d{1,4}$/.test(maxLagDays) ? [] : ['--max-lag-days: must be a number of days']),
  ];
  if (sinceMs === undefined || problems.length > 0) throw new BadInput('The input', problems);
  return {
    sinceMs,
    ...(untilMs !== undefined && { untilMs: Math.min(untilMs, nowMs) }),
    maxLagDays: Number(maxLagDays),
    clusters: cluster,
  };
}
