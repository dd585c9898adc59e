/** One seed from the draw to the verdict, in this process. */
import type { Account } from '../../simulator/account.ts';
import { parseCapture } from '../../simulator/capture/parse.ts';
import { startOf } from '../input.ts';
import { rehearse } from '../rehearse.ts';
import type { RehearsalResult } from '../result.ts';
import { parseScenario } from '../scenario.ts';
import type { DrawnFault, DrawnKind } from './draw-faults.ts';
import { type DrawnRun, drawRun } from './draw-run.ts';
import { CampaignWitness } from './witness.ts';
import { wrongsOf } from './wrongs.ts';

/** What a campaign keeps of a run; plain, so that it can be handed from process to process. */
export interface SeedReport {
  readonly seed: number;
  /** An outcome, or `threw`: the rehearsal itself died. */
  readonly outcome: string;
  readonly reason: string;
  /** Everything that is wrong; empty when nothing is. */
  readonly wrongs: readonly string[];
  readonly drawn: readonly DrawnKind[];
  readonly fired: readonly DrawnKind[];
  /** `kind in State`, each once. */
  readonly pairs: readonly string[];
  readonly virtualSeconds: number;
}

/**
 * Never throws: what is thrown is what is wrong.
 *
 * @param only kinds of fault to draw from: none when empty, all when undefined
 * @param arrange changes what was deployed before anything starts: to see what a campaign says of a broken product
 */
export async function simulateSeed(
  seed: number,
  only?: readonly DrawnKind[],
  arrange: (account: Account) => void = () => {},
): Promise<SeedReport> {
  const run = drawRun(seed, only);
  const drawn = run.faults.map(({ kind }) => kind);
  const errors = run.faults.flatMap(({ error }) => error ?? []);
  const witness = new CampaignWitness(errors);
  try {
    const result = await rehearseDrawn(run, (account) => {
      arrange(account);
      witness.watch(account);
    });
    const fired = firedOf(run, result);
    return {
      seed,
      outcome: result.outcome,
      reason: result.reason,
      wrongs: wrongsOf(run, result, {
        fired,
        drainingAtEnd: witness.drainingAtEnd(),
        endingAtEnd: witness.endingAtEnd(),
      }),
      drawn,
      fired: fired.map(({ kind }) => kind),
      pairs: [...witness.pairs],
      virtualSeconds: result.durationSeconds,
    };
  } catch (error) {
    const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return {
      seed,
      outcome: 'threw',
      reason: '',
      wrongs: [words],
      drawn,
      fired: [],
      pairs: [],
      virtualSeconds: 0,
    };
  }
}

/** @throws Error naming what is wrong with the drawn capture or scenario */
async function rehearseDrawn(run: DrawnRun, arrange: (account: Account) => void): Promise<RehearsalResult> {
  // As from the files that a campaign writes: what cannot be written in JSON is no part of a run.
  const capture = parseCapture(JSON.parse(JSON.stringify(run.capture)));
  if (!('ok' in capture)) throw new Error(JSON.stringify(capture.problems));
  const scenario = parseScenario(JSON.parse(JSON.stringify(run.scenario)));
  if (!scenario.ok) throw new Error(scenario.problems.join('; '));
  const start = startOf(capture.ok, scenario.value, undefined);
  if (!start.ok) throw new Error(start.problems.join('; '));
  const { settings, timings, faults, horizonSeconds } = scenario.value;
  const input = {
    capture: capture.ok,
    seed: run.seed,
    start: start.value,
    settings,
    timings,
    faults,
    horizonSeconds,
  };
  const { result } = await rehearse(
    input,
    undefined,
    arrange,
    // The log is of no use here, and would be most of the memory.
    () => {},
  );
  return result;
}

/** Faults in the order of arming; those that healed are no faults. */
function firedOf(run: DrawnRun, result: RehearsalResult): DrawnFault[] {
  return run.faults.filter((_, at) => (result.faults[at]?.firedAtSeconds.length ?? 0) > 0);
}
