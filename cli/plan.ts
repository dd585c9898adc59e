/**
 * `rollover plan --capture FILE`: what a rollover of a captured cluster would do, before anything is deployed. Ends with
 * the exit code of the plan's outcome; with 64 where the input cannot be used.
 */
import type { Command } from 'commander';
import { parseRequest, type RequestInput } from '../functions/edge/request.ts';
import { exitCodeOfOutcome } from '../rehearsal/result.ts';
import type { Capture } from '../simulator/capture/capture.ts';
import { BadInput } from './bad-input.ts';
import type { PreviewInput } from './preview/preview.ts';
import { readCapture, readJson, readSettings } from './rehearse-input.ts';

export interface PlanOptions {
  readonly capture: string;
  readonly cluster?: string;
  readonly request?: string;
  readonly settings?: string;
  readonly json?: boolean;
}

export function addPlanCommand(program: Command): void {
  program
    .command('plan')
    .description('What a rollover of a captured cluster would do; nothing is deployed or changed.')
    .requiredOption('--capture <file>', 'the cluster, as `rollover capture` writes it')
    .option('--cluster <name>', 'which one, where the capture holds several')
    .option('--request <json>', 'the rest of the request, such as {"image": "ssm:…", "settings": {…}}')
    .option('--settings <json>', 'deployment settings')
    .option('--json', 'print one JSON object, and nothing else, on standard output')
    .exitOverride()
    .action(planCommand);
}

async function planCommand(options: PlanOptions): Promise<void> {
  const input = readPlanInput(options);
  const [{ preview }, { previewText }] = await Promise.all([
    import('./preview/preview.ts'),
    import('./preview/text.ts'),
  ]);
  const plan = await preview(input);
  process.stdout.write(options.json === true ? `${JSON.stringify(plan, null, 2)}\n` : previewText(plan));
  process.exitCode = exitCodeOfOutcome(plan.outcome);
}

/** @throws BadInput naming every problem of every option and file */
export function readPlanInput(options: PlanOptions): PreviewInput {
  const problems: string[] = [];
  const capture = readCapture(options.capture, problems);
  const rest = options.request === undefined ? {} : readJson('--request', options.request, problems);
  const settings = options.settings === undefined ? {} : readSettings(options.settings, problems);
  if (capture === undefined || problems.length > 0) throw new BadInput('The input', problems);
  const cluster = options.cluster ?? (rest as { cluster?: string }).cluster ?? onlyCluster(capture, problems);
  const request = { ...(rest as object), cluster: cluster ?? '', mode: 'plan' } as RequestInput;
  const parsed = parseRequest(request);
  if (!parsed.ok && problems.length === 0)
    problems.push(...parsed.problems.map((problem) => `--request ${problem}`));
  if (problems.length > 0) throw new BadInput('The input', problems);
  return { capture, request, settings };
}

function onlyCluster({ ecs }: Capture, problems: string[]): string | undefined {
  const names = ecs.clusters.map(({ clusterName = '' }) => clusterName);
  if (names.length === 1) return names[0];
  problems.push(
    names.length === 0
      ? '--capture: holds no cluster'
      : `--cluster: is missing; the capture holds ${names.join(', ')}`,
  );
  return undefined;
}
