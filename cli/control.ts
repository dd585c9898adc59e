/**
 * The commands for a deployed product: `start`, `game-day`, `pause`, `resume`, `approve`, `abort`, `rollback`, `status`,
 * `explain`, `history`. Each speaks to AWS with the user's own credentials; what a word to a run came to is its exit code, as by the
 * outcomes (docs/control.md).
 */
import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { parseRequest, type RequestInput } from '../functions/edge/request.ts';
import { exitCodeOfOutcome } from '../rehearsal/result.ts';
import { BadInput } from './bad-input.ts';
import { type DeploymentOptions, useDeployment } from './operate/deployment.ts';

interface Options extends DeploymentOptions {
  readonly cluster: string;
  readonly json?: boolean;
}

interface GameDayOptions {
  readonly service: readonly string[];
  readonly tasks: string;
  readonly wait?: boolean;
}

const WORDS = {
  pause: 'Stop the running rollover here, give back what it touched, and wait for resume.',
  resume: 'Go on with a paused rollover, or approve one that waits for approval.',
  approve: 'Approve the rollover that waits for it (the same as resume).',
  abort: 'End the running rollover here and give back what it touched.',
  rollback: 'End the running rollover: old hosts back to work, new ones taken away.',
} as const;

export function addControlCommands(program: Command): void {
  for (const [word, description] of Object.entries(WORDS)) {
    const mode = word === 'approve' ? 'resume' : (word as Exclude<keyof typeof WORDS, 'approve'>);
    common(program.command(word).description(description))
      .option('--wait', 'wait for the end of what it starts, not only for its answer')
      .action((options: Options & { wait?: boolean }) =>
        answerTo({ cluster: options.cluster, mode }, options, options.wait),
      );
  }
  common(program.command('start').description('Start a rollover, or with --plan only plan one.'))
    .option('--plan', 'only plan: nothing is changed')
    .option('--request <json>', 'the rest of the request, such as {"instances": ["i-…"], "settings": {…}}')
    .option('--wait', 'wait for its end')
    .action(startCommand);
  common(
    program
      .command('game-day')
      .description(
        'Stop single tasks of services that opted in, one at a time, to learn what a retirement will do.',
      ),
  )
    .requiredOption(
      '--service <name>',
      'a service with the tag rollover:game-day=true; several are given one by one',
      (name: string, before: readonly string[] = []) => [...before, name],
    )
    .option('--tasks <n>', 'so many tasks of each', '1')
    .option('--wait', 'wait for its end')
    .action(({ service, tasks, wait, ...options }: Options & GameDayOptions) => {
      if (!/^[1-9]\d{0,5}$/.test(tasks)) throw new BadInput('The input', ['--tasks: must be a number']);
      const request: Omit<RequestInput, 'cluster'> = {
        mode: 'game-day',
        services: [...service],
        tasks: Number(tasks),
      };
      return answerTo({ cluster: options.cluster, ...request }, options, wait);
    });
  common(program.command('status').description('Where the cluster stands, and what waits.'))
    .option('--watch', 'follow the run until it ends')
    .action(async (options: Options & { watch?: boolean }) => {
      await useDeployment(options);
      const { showStatus, watchStatus } = await import('./operate/show.ts');
      if (options.watch !== true) return print(await showStatus(options.cluster, options.json === true));
      const last = await watchStatus(options.cluster, options.json === true, print);
      process.exitCode = last === undefined ? 0 : exitCodeOfOutcome(last.outcome);
    });
  common(program.command('explain <host>').description('Why one host stands where it stands.')).action(
    async (host: string, options: Options) => {
      await useDeployment(options);
      const { explain } = await import('./operate/show.ts');
      print(await explain(options.cluster, host, options.json === true));
    },
  );
  common(program.command('history').description('How the rollovers of a cluster ended, newest first.'))
    .option('--limit <n>', 'so many at most', '20')
    .action(async (options: Options & { limit: string }) => {
      if (!/^[1-9]\d{0,5}$/.test(options.limit))
        throw new BadInput('The input', ['--limit: must be a number']);
      await useDeployment(options);
      const { showHistory } = await import('./operate/show.ts');
      print(await showHistory(options.cluster, Number(options.limit), options.json === true));
    });
}

function common(command: Command): Command {
  return command
    .requiredOption('--cluster <name>', 'name or ARN of the cluster')
    .option('--json', 'print one JSON object, and nothing else, on standard output')
    .option('--table <name>', "the ledger's table (default: as the stack says, or ROLLOVER_TABLE)")
    .option(
      '--state-machine <arn>',
      'the state machine (default: as the stack says, or ROLLOVER_STATE_MACHINE)',
    )
    .exitOverride();
}

async function startCommand(
  options: Options & { plan?: boolean; request?: string; wait?: boolean },
): Promise<void> {
  const rest = options.request === undefined ? {} : json(options.request);
  const mode = options.plan === true ? { mode: 'plan' } : {};
  await answerTo({ ...rest, cluster: options.cluster, ...mode } as RequestInput, options, options.wait);
}

function json(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Told below, as any other value that is no object.
  }
  throw new BadInput('The input', ['--request: must be a JSON object']);
}

async function answerTo(request: RequestInput, options: Options, wait = false): Promise<void> {
  const parsed = parseRequest(request);
  if (!parsed.ok) throw new BadInput('The input', parsed.problems);
  await useDeployment(options);
  const { send } = await import('./operate/send.ts');
  const answer = await send(request, { user: userName(), toTheEnd: wait });
  const { ending, cluster, executionArn } = answer;
  const name = executionArn.slice(executionArn.lastIndexOf(':') + 1);
  if (options.json === true) print(`${JSON.stringify(answer, null, 2)}\n`);
  else if (ending !== undefined) print(`${cluster}: ${ending.outcome}. ${ending.reason}\n`);
  else
    print(
      `${cluster}: ${name} is at work; follow it with \`rollover status --cluster ${cluster} --watch\`\n`,
    );
  process.exitCode = ending === undefined ? 0 : exitCodeOfOutcome(ending.outcome);
}

/** A container may run as a user without a name. */
function userName(): string {
  try {
    return process.env.USER || userInfo().username;
  } catch {
    return 'somebody';
  }
}

function print(text: string): void {
  process.stdout.write(text);
}
