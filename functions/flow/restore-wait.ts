/**
 * `restore` waits for what has to end first, somebody's instance refresh or the launch of a host: a wait with a known end,
 * told once, and no failure. Hosts and other groups are back by then; the machine looks again, and comes back to `restore`.
 */
import { type Run, remember } from '../aws/ledger/runs.ts';
import type { Table } from '../aws/ledger/table.ts';
import type { Ending } from '../core/outcome.ts';
import { NO_ACTS, type RunState } from '../edge/run-state.ts';
import { tell } from './tell.ts';

/** It takes from minutes to days: each pause is a share of the time that was waited already. */
const PAUSE_SHARE = 0.2;
const PAUSE_MIN_MS = 60_000;
/** Well below the claim's expiry, which every look renews. */
const PAUSE_MAX_MS = 600_000;

/** `waitsFor`: each, in words. */
export async function awaitEnds(
  table: Table,
  state: RunState & { readonly ending: Ending },
  { record, memory }: Run,
  waitsFor: readonly string[],
): Promise<RunState> {
  if (memory === undefined) throw new Error(`run ${state.runId} has no memory`);
  const nowMs = Date.now();
  const { cluster, runId, ending } = state;
  const sinceMs = memory.restoreAwaitedSinceMs ?? nowMs;
  if (memory.restoreAwaitedSinceMs === undefined) {
    const message = `${cluster}: ${ending.outcome}, but not all is put back yet: that waits for ${waitsFor.join('; for ')}`;
    await tell([{ kind: 'restore-waits', cluster, runId, message }], record.settings);
  }
  const run = { phase: 'closing', ending, restoreAwaitedSinceMs: sinceMs } as const;
  await remember(table, memory, { run, groups: [], hosts: [], services: [] });
  const pauseMs = Math.min(PAUSE_MAX_MS, Math.max(PAUSE_MIN_MS, (nowMs - sinceMs) * PAUSE_SHARE));
  return { ...state, step: NO_ACTS, next: 'wait', nextLookAt: new Date(nowMs + pauseMs).toISOString() };
}
