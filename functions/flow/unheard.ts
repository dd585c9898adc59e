/**
 * Executions that ended without a word of ours: stopped, timed out or broken off before they owned anything, so that no
 * restore says how they ended. The status-change event tells of them at once; it may be lost, so the sweep looks as well.
 */
import * as z from 'zod';
import { sfn } from '../aws/clients.ts';
import { describeExecution, type Ended, listEnded } from '../aws/executions.ts';
import type { Claim } from '../aws/ledger/claims.ts';
import { noteExecution, readExecutionNote, readLookedMs, writeLooked } from '../aws/ledger/executions.ts';
import { readHeader, updateRun } from '../aws/ledger/runs.ts';
import type { Table } from '../aws/ledger/table.ts';
import { kindOfOutcome } from '../core/notification-kinds.ts';
import { environment } from '../edge/environment.ts';
import { clusterNameOf } from '../edge/request.ts';
import { endingOfDead } from './claim.ts';
import { tell } from './tell.ts';

/** Lists of executions are eventually consistent (AWS Step Functions API reference, ListExecutions). */
const OVERLAP_MS = 600_000;
/** How far back the first look goes. */
const FIRST_LOOK_MS = 3_600_000;

/** Looks at those that ended since the last time; the schedule does, whatever events came. */
export async function tellUnheard(table: Table, claims: readonly Claim[], nowMs: number): Promise<undefined> {
  const sinceMs = ((await readLookedMs(table)) ?? nowMs - FIRST_LOOK_MS) - OVERLAP_MS;
  for (const status of ['ABORTED', 'TIMED_OUT', 'FAILED'] as const) {
    for (const ended of await listEnded(sfn, environment().stateMachineArn, status, sinceMs)) {
      await tellIfUnheard(table, ended, claims, nowMs);
    }
  }
  // Last: what could not be told is looked at again.
  await writeLooked(table, nowMs);
}

/** Nobody restores what this execution left, and nobody has said how it ended: people are told, once. */
export async function tellIfUnheard(
  table: Table,
  { executionArn, name }: Pick<Ended, 'executionArn' | 'name'>,
  claims: readonly Claim[],
  nowMs: number,
): Promise<undefined> {
  const { runId = name, toldAtMs } = await readExecutionNote(table, name);
  if (toldAtMs !== undefined) return;
  if (claims.some((claim) => claim.owner === executionArn || claim.runId === runId)) return;
  // It carried a run on, or gave one back: who came after it told how that ended.
  if (runId !== name && (await readExecutionNote(table, runId)).toldAtMs !== undefined) return;
  const { record } = await readHeader(table, runId);
  const cluster = record?.cluster ?? clusterIn((await describeExecution(sfn, executionArn))?.input);
  const ended = await endingOfDead(executionArn);
  const ending = record?.outcome ?? { ...ended, reason: `${ended.reason}; nothing was touched` };
  const message = `${cluster}: ${ending.outcome}. ${ending.reason}`;
  await tell([{ kind: kindOfOutcome(ending.outcome), cluster, runId, message }], record?.settings);
  if (record !== undefined && record.outcome === undefined) {
    await updateRun(table, runId, { outcome: ending, endedAtMs: nowMs });
  }
  await noteExecution(table, name, { toldAtMs: nowMs }, nowMs);
}

function clusterIn(input = ''): string {
  try {
    return clusterNameOf(z.object({ cluster: z.string() }).parse(JSON.parse(input)).cluster);
  } catch {
    return 'unknown';
  }
}
