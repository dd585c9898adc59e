/**
 * `rollover capture`: writes down a live cluster as AWS describes it, for `rollover plan --capture` and `rollover rehearse
 * --capture`. Reads only, with the user's own credentials.
 */
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { IMAGE_SOURCE_FORMS, readImageSource } from '../functions/core/images/source.ts';
import { parseCapture } from '../simulator/capture/parse.ts';
import { BadInput } from './bad-input.ts';
import { capturePolicy } from './capture/policy.ts';
import { progressOn } from './capture/progress.ts';
import { checkWritable } from './rehearse-input.ts';

export interface CaptureCommandOptions {
  readonly cluster?: string;
  readonly out?: string;
  readonly image?: readonly string[];
  readonly alarm?: readonly string[];
  readonly redact?: boolean;
  readonly printPolicy?: boolean;
}

export function addCaptureCommand(program: Command): void {
  program
    .command('capture')
    .description('Write down a live cluster as AWS describes it, to plan and rehearse on. Reads only.')
    .option('--cluster <name>', 'name or ARN of the cluster')
    .option('--out <file>', 'write it there (default: standard output)')
    .option(
      '--image <source...>',
      'also capture this image source, to rehearse with it: ssm:<parameter> or ami-…',
    )
    .option('--alarm <name...>', 'also capture this alarm, where only the deployment or a request names it')
    .option('--redact', 'put pseudonyms in place of every name, id, address and tag')
    .option('--print-policy', 'print the IAM policy that it needs, and do nothing else')
    .exitOverride()
    .action(captureCommand);
}

async function captureCommand(options: CaptureCommandOptions): Promise<void> {
  if (options.printPolicy === true) {
    print(json(capturePolicy(process.env.AWS_REGION)));
    return;
  }
  const { cluster } = options;
  const problems: string[] = [];
  if (cluster === undefined || cluster.trim() === '') problems.push('--cluster: name the cluster to capture');
  for (const source of options.image ?? [])
    if (readImageSource(source) === undefined)
      problems.push(`--image ${source}: must be ${IMAGE_SOURCE_FORMS}`);
  if (options.out !== undefined) checkWritable('--out', options.out, problems);
  if (cluster === undefined || problems.length > 0) throw new BadInput('The input', problems);

  const { notes, text } = await captureText({ ...options, cluster });
  for (const note of notes) process.stderr.write(`capture: ${note}\n`);
  if (options.out === undefined) print(text);
  else writeFileSync(options.out, text);
  const parsed = parseCapture(JSON.parse(text));
  if ('ok' in parsed) return;
  process.stderr.write('capture: AWS described something that cannot be rehearsed as it stands:\n');
  for (const { path, message } of parsed.problems) process.stderr.write(`  ${path}: ${message}\n`);
  process.exitCode = 1;
}

async function captureText({
  cluster,
  image = [],
  alarm = [],
  redact,
}: CaptureCommandOptions & { cluster: string }) {
  const [{ takeCapture }, { inPlainWords, namingRefusals }] = await Promise.all([
    import('./capture/read.ts'),
    import('./capture/trouble.ts'),
  ]);
  const progress = progressOn(process.stderr);
  try {
    const { capture, notes } = await namingRefusals(() =>
      takeCapture({ cluster, imageSources: image, alarms: alarm, progress, nowMs: Date.now() }),
    );
    if (redact !== true) return { notes, text: json(capture) };
    const { redacted } = await import('./capture/redact.ts');
    return { notes: countOf(notes), text: json(redacted(JSON.parse(JSON.stringify(capture)))) };
  } catch (error) {
    progress.done();
    throw inPlainWords(error, 'rollover capture --print-policy');
  }
}

/** Notes name what AWS would not tell. */
function countOf(notes: readonly string[]): readonly string[] {
  return notes.length === 0
    ? []
    : [
        `${notes.length} notes on what is left out, which name it: take the capture without --redact to read them`,
      ];
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function print(text: string): void {
  process.stdout.write(text);
}
