/** A run longer than one execution may be: another execution carries it on, with the same claim and memory. */
import { sfn } from '../aws/clients.ts';
import { executionName, startOnce } from '../aws/executions.ts';
import { handOverClaim } from '../aws/ledger/claims.ts';
import { updateRun } from '../aws/ledger/runs.ts';
import type { Table } from '../aws/ledger/table.ts';
import { environment } from '../edge/environment.ts';
import { ClaimLost } from '../edge/errors.ts';
import type { RunState } from '../edge/run-state.ts';

/** Step Functions fails an execution at 25,000 events; the rest is for restore, report and retries. */
export const EVENTS_MAX = 18_000;

/**
 * Hands the claim over, then starts the successor: a crash between the two leaves a claim whose owner does not run, which
 * the sweep finds. @throws ClaimLost
 */
export async function handOver(table: Table, state: RunState, before: readonly string[]): Promise<RunState> {
  const { stateMachineArn } = environment();
  const name = executionName([state.runId.slice(0, 60), `part${before.length + 2}`]);
  const successor = `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
  if (!(await handOverClaim(table, state.cluster, state.token, successor))) {
    throw new ClaimLost(state.cluster, 'another run');
  }
  await updateRun(table, state.runId, { continuedBy: [...before, successor] });
  await startOnce(sfn, stateMachineArn, name, { cluster: state.cluster, mode: 'resume' }, 0);
  return {
    ...state,
    mode: 'none',
    next: 'report',
    ending: { outcome: 'PENDING_WINDOW', reason: `the run is long and goes on in ${name}` },
  };
}
