/** A word to a running run: it reads it at its next look, and ends accordingly. */
import type { Claim } from '../aws/ledger/claims.ts';
import { writeControl } from '../aws/ledger/runs.ts';
import type { Table } from '../aws/ledger/table.ts';

/**
 * @param by who asks, in words
 * @returns the sentence for whoever asked
 */
export async function sendControl(
  table: Table,
  claim: Claim,
  mode: 'pause' | 'abort' | 'rollback',
  by: string,
  nowMs: number,
): Promise<string> {
  await writeControl(table, claim.runId, { mode, atMs: nowMs, by });
  const then = mode === 'pause' ? 'it waits for `resume` once' : 'it ends by itself once';
  return `asked run ${claim.runId} of ${claim.cluster} to ${mode}; ${then} all is given back`;
}
