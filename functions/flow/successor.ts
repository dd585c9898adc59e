/**
 * A run longer than one execution may be: another execution carries it on, with the same memory.
 *
 * The claim names the successor before it is started. What comes in between, a crash or a lost answer, is made good by the
 * repeat of the state that hands over: the claim says to whom. If that never comes, the sweep finds a claim whose owner
 * does not run, and whose starter runs no more.
 */
import { sfn } from '../aws/clients.ts';
import { executionName, startOnce } from '../aws/executions.ts';
import { handOverClaim, readClaim } from '../aws/ledger/claims.ts';
import { readRun, updateRun } from '../aws/ledger/runs.ts';
import type { Table } from '../aws/ledger/table.ts';
import { environment } from '../edge/environment.ts';
import { ClaimLost } from '../edge/errors.ts';
import type { RunState } from '../edge/run-state.ts';

/**
 * Gives the claim to the run's next execution and starts it. `before`: those that carried the run on so far.
 *
 * @throws ClaimLost
 */
export async function handOver(table: Table, state: RunState, before: readonly string[]): Promise<RunState> {
  const { stateMachineArn } = environment();
  const name = executionName([state.runId.slice(0, 60), `part${before.length + 2}`]);
  const successor = `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
  const parties = { from: state.execution, to: successor };
  if (await handOverClaim(table, state.cluster, state.token, parties)) return start(table, state, successor);
  // The answer to our own write may have been lost.
  return handedOver(table, state);
}

/**
 * What this execution's hand-over still lacks, when an earlier attempt gave the claim away and did not live to tell.
 *
 * @throws ClaimLost when the claim went to anybody else
 */
export async function handedOver(table: Table, state: RunState): Promise<RunState> {
  const claim = await readClaim(table, state.cluster);
  if (claim?.owner === undefined || claim.handedOverBy !== state.execution) {
    throw new ClaimLost(state.cluster, claim?.owner ?? 'another run');
  }
  return start(table, state, claim.owner);
}

/** Safe to repeat: the same name and input start one execution. */
async function start(table: Table, state: RunState, successor: string): Promise<RunState> {
  const name = successor.slice(successor.lastIndexOf(':') + 1);
  const before = (await readRun(table, state.runId))?.record.continuedBy ?? [];
  if (!before.includes(successor)) {
    await updateRun(table, state.runId, { continuedBy: [...before, successor] });
  }
  await startOnce(sfn, environment().stateMachineArn, name, { cluster: state.cluster, mode: 'resume' }, 0);
  return {
    ...state,
    mode: 'none',
    next: 'report',
    ending: { outcome: 'PENDING_WINDOW', reason: `the run is long and goes on in ${name}` },
  };
}
