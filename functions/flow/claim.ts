/** The claim as handlers use it: is its owner alive, and may this run still change the cluster. */
import { dynamodb, sfn } from '../aws/clients.ts';
import { describeExecution, type ExecutionStatus } from '../aws/executions.ts';
import { type Claim, holdsClaim, readClaim } from '../aws/ledger/claims.ts';
import { createTable, type Table } from '../aws/ledger/table.ts';
import type { Ending } from '../core/outcome.ts';
import { environment } from '../edge/environment.ts';
import { ClaimLost, WorldChanged } from '../edge/errors.ts';

/** A reason stays short enough to be read. */
const WORDS_MAX = 1000;

export function ledger(): Table {
  return createTable(dynamodb, environment().tableName);
}

/** DescribeExecution is eventually consistent (AWS Step Functions API reference): a start may not be seen for so long. */
const START_SEEN_MS = 30_000;

/**
 * Does the execution that holds the claim still run? Step Functions' word counts; where it knows no such execution, that of
 * the one that was to start it, and only without any does the expiry decide.
 */
export async function ownerLives(claim: Claim, nowMs: number): Promise<boolean> {
  if (claim.owner === undefined) return false;
  const execution = await describeExecution(sfn, claim.owner);
  if (execution !== undefined) return isAtWork(execution);
  const starter =
    claim.handedOverBy === undefined ? undefined : await describeExecution(sfn, claim.handedOverBy);
  if (starter === undefined) return nowMs < claim.expiresAtMs;
  return isAtWork(starter) || nowMs - (starter.stoppedAtMs ?? 0) < START_SEEN_MS;
}

/** The first pause after an execution failed to give back; each one after it is twice as long. */
const RETRY_MS = 120_000;
const RETRY_MAX_MS = 3_600_000;

/**
 * From when on a dead run's leftovers are given back by another execution: at once, but with growing pauses where the last
 * one that tried FAILED by itself, since its own retries are over and what it met may last.
 */
export async function givesBackFromMs({ owner, takeovers = 0 }: Claim): Promise<number> {
  if (owner === undefined || takeovers === 0) return 0;
  const execution = await describeExecution(sfn, owner);
  if (execution?.status !== 'FAILED') return 0;
  return (execution.stoppedAtMs ?? 0) + Math.min(RETRY_MAX_MS, RETRY_MS * 2 ** (takeovers - 1));
}

function isAtWork({ status }: ExecutionStatus): boolean {
  return status === 'RUNNING' || status === 'PENDING_REDRIVE';
}

/** How a run ended whose execution is over without having said so: stopped by somebody, failed, timed out, or gone. */
export async function endingOfDead(executionArn: string | undefined): Promise<Ending> {
  const execution = executionArn === undefined ? undefined : await describeExecution(sfn, executionArn);
  const name = executionArn?.slice(executionArn.lastIndexOf(':') + 1) ?? 'the execution';
  const said = [execution?.error, execution?.cause].filter((part) => part !== undefined && part !== '');
  const words = said.length === 0 ? '' : `: ${said.join(', ').slice(0, WORDS_MAX)}`;
  switch (execution?.status) {
    case 'FAILED':
      return { outcome: 'FAILED', reason: `${name} failed${words}` };
    case 'TIMED_OUT':
      return { outcome: 'FAILED', reason: `${name} timed out${words}` };
    default:
      return { outcome: 'ABORTED', reason: `${name} was stopped from outside${words}` };
  }
}

/** No execution has the cluster. */
export async function isFree(table: Table, { cluster }: { readonly cluster: string }): Promise<boolean> {
  return (await readClaim(table, cluster)) === undefined;
}

/**
 * Runs before every change of the cluster.
 *
 * @throws ClaimLost when another run owns the cluster now
 * @throws WorldChanged when nobody does: the run was over, and its execution was redriven
 */
export function fenceOf(
  table: Table,
  { cluster, token }: { readonly cluster: string; readonly token: number },
): () => Promise<void> {
  return async () => {
    if (await holdsClaim(table, cluster, token)) return;
    const owner = (await readClaim(table, cluster))?.owner;
    if (owner === undefined) throw new WorldChanged(`${cluster} is claimed by nobody: its run is over`);
    throw new ClaimLost(cluster, owner);
  };
}
