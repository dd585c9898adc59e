/** A run that is stopped while its first host drains, and redriven later. */
import { startOf } from '../../rehearsal/input.ts';
import { rehearse } from '../../rehearsal/rehearse.ts';
import type { RehearsalResult } from '../../rehearsal/result.ts';
import { parseScenario } from '../../rehearsal/scenario.ts';
import type { Account } from '../../simulator/account.ts';
import { parseCapture } from '../../simulator/capture/parse.ts';
import { QUICK, smallCluster } from '../support/small-cluster.ts';

const OTHER_RUN = { cluster: 'prod', reason: 'manual' };

export class RedrivenRun {
  readonly #redriveSeconds: number;
  readonly #otherRunSeconds: number | undefined;

  /** @param otherRunSeconds when another run is started by hand; none unless given */
  constructor(redriveSeconds: number, otherRunSeconds?: number) {
    this.#redriveSeconds = redriveSeconds;
    this.#otherRunSeconds = otherRunSeconds;
  }

  /** @returns the result, and the outcomes that people were told, in order */
  async play(): Promise<{ readonly result: RehearsalResult; readonly outcomes: readonly string[] }> {
    const capture = parseCapture(smallCluster([{ imageReference: 'ami-0bbbbbbbbbbbbbbb2' }]));
    const scenario = parseScenario({
      settings: QUICK,
      faults: [{ kind: 'stop-execution', when: 'first-drain' }],
      horizonSeconds: this.#redriveSeconds + 86_400,
    });
    if (!('ok' in capture) || !scenario.ok) throw new Error('the scene cannot be read');
    const start = startOf(capture.ok, scenario.value, undefined);
    if (!start.ok) throw new Error(start.problems.join('; '));
    const input = { ...scenario.value, capture: capture.ok, seed: 1, start: start.value };
    const { result } = await rehearse(
      input,
      () => {},
      (account, { stateMachineArn }) => this.#arrange(account, stateMachineArn),
    );
    const ends = new Set(['succeeded', 'aborted', 'nothing_to_do', 'failed', 'partial']);
    const outcomes = result.notifications.flatMap(({ kind }) => (ends.has(kind) ? [kind.toUpperCase()] : []));
    return { result, outcomes };
  }

  #arrange(account: Account, stateMachineArn: string): void {
    const { clock, stepFunctions } = account;
    // The rehearsal is not over while somebody's redrive is still to come.
    const isQuiet = account.isQuiet.bind(account);
    let isRedriven = false;
    account.isQuiet = () => isRedriven && isQuiet();
    if (this.#otherRunSeconds !== undefined) {
      clock.after(this.#otherRunSeconds * 1000, () => {
        stepFunctions.start(stateMachineArn, JSON.stringify(OTHER_RUN));
      });
    }
    clock.after(this.#redriveSeconds * 1000, () => {
      isRedriven = true;
      stepFunctions.executions[0]?.redrive();
    });
  }
}
