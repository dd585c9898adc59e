/** The claim as handlers use it: is its owner alive, and may this run still change the cluster. */
import { dynamodb, sfn } from '../aws/clients.ts';
import { describeExecution } from '../aws/executions.ts';
import { type Claim, holdsClaim, readClaim } from '../aws/ledger/claims.ts';
import { createTable, type Table } from '../aws/ledger/table.ts';
import type { Ending } from '../core/outcome.ts';
import { environment } from '../edge/environment.ts';
import { ClaimLost } from '../edge/errors.ts';

/** A reason stays short enough to be read. */
const WORDS_MAX = 1000;

export function ledger(): Table {
  return createTable(dynamodb, environment().tableName);
}

/**
 * Does the execution that holds the claim still run? Step Functions' word counts; only where it knows no such execution
 * does the expiry decide.
 */
export async function ownerLives(claim: Claim, nowMs: number): Promise<boolean> {
  if (claim.owner === undefined) return false;
  const execution = await describeExecution(sfn, claim.owner);
  if (execution === undefined) return nowMs < claim.expiresAtMs;
  return execution.status === 'RUNNING' || execution.status === 'PENDING_REDRIVE';
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

/** Runs before every change of the cluster. @throws ClaimLost when another run owns the cluster now. */
export function fenceOf(
  table: Table,
  { cluster, token }: { readonly cluster: string; readonly token: number },
): () => Promise<void> {
  return async () => {
    if (await holdsClaim(table, cluster, token)) return;
    const owner = (await readClaim(table, cluster))?.owner;
    throw new ClaimLost(cluster, owner ?? 'nobody');
  };
}
