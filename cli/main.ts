/**
 * The `rollover` command. Started by `cli/rollover.mjs`; ends with the exit codes of the public contract: by outcome,
 * 64 when usage or input is wrong (then nothing was run), 1 when the rehearsal itself failed.
 */
import { Command, CommanderError } from 'commander';
import { EXIT_BAD_INPUT } from '../rehearsal/result.ts';
import { BadInput } from './bad-input.ts';
import { addBenchCommand } from './bench.ts';
import { addCaptureCommand } from './capture.ts';
import { addControlCommands } from './control.ts';
import { addDoctorCommand } from './doctor.ts';
import { addPlanCommand } from './plan.ts';
import { addQuarterCommand } from './quarter.ts';
import { addRehearseCommand } from './rehearse.ts';
import { addReleaseCommand } from './release.ts';
import { addReportCommand } from './report.ts';
import { addSimulateCommand } from './simulate.ts';

const program = new Command('rollover')
  .description('Replaces the hosts of Amazon ECS clusters without killing a task, and rehearses it first.')
  .exitOverride()
  .showHelpAfterError('(rollover --help shows the usage)');

addCaptureCommand(program);
addPlanCommand(program);
addControlCommands(program);
addDoctorCommand(program);
addRehearseCommand(program);
addBenchCommand(program);
addSimulateCommand(program);
addQuarterCommand(program);
addReleaseCommand(program);
addReportCommand(program);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOfError(error);
}

function exitCodeOfError(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_BAD_INPUT;
  if (error instanceof Error && error.name === 'Refused') {
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
  if (error instanceof BadInput) {
    process.stderr.write(`${error.message}\n`);
    return EXIT_BAD_INPUT;
  }
  process.stderr.write(
    `rollover failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return 1;
}
