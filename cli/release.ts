/** `rollover release --image ami-…`: takes an image out of quarantine by hand, before that ends by itself. */
import type { Command } from 'commander';
import { BadInput } from './bad-input.ts';
import { type DeploymentOptions, useDeployment } from './operate/deployment.ts';

interface Options extends DeploymentOptions {
  readonly image: string;
}

export function addReleaseCommand(program: Command): void {
  program
    .command('release')
    .description('Take an image out of quarantine: schedules and events may try it again.')
    .requiredOption('--image <id>', 'the image, ami-…')
    .option('--table <name>', "the ledger's table (default: as the stack says, or ROLLOVER_TABLE)")
    .option(
      '--state-machine <arn>',
      'the state machine (default: as the stack says, or ROLLOVER_STATE_MACHINE)',
    )
    .exitOverride()
    .action(releaseCommand);
}

async function releaseCommand(options: Options): Promise<void> {
  if (!/^ami-[0-9a-f]+$/.test(options.image))
    throw new BadInput('The input', [`--image: ${options.image} is no image id, ami-…`]);
  await useDeployment(options);
  const [{ ledger }, { releaseImage }] = await Promise.all([
    import('../functions/flow/claim.ts'),
    import('../functions/aws/ledger/notes.ts'),
  ]);
  const wasIn = await releaseImage(ledger(), options.image);
  process.stdout.write(
    wasIn
      ? `${options.image} is out of quarantine\n`
      : `${options.image} is not in quarantine: nothing to do\n`,
  );
}
