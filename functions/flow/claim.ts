/** The claim as handlers use it: is its owner alive, and may this run still change the cluster. */
import { dynamodb, sfn } from '../aws/clients.ts';
import { describeExecution } from '../aws/executions.ts';
import { type Claim, holdsClaim, readClaim } from '../aws/ledger/claims.ts';
import { createTable, type Table } from '../aws/ledger/table.ts';
import { environment } from '../edge/environment.ts';
import { ClaimLost } from '../edge/errors.ts';

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
