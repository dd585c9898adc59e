/** A game day that may not begin now. */
import { keepPending } from '../aws/ledger/notes.ts';
import type { Table } from '../aws/ledger/table.ts';
import type { Provenance } from '../core/provenance.ts';
import type { Settings } from '../core/settings.ts';
import { windowOf } from '../core/windows.ts';
import type { RunState } from '../edge/run-state.ts';
import { purposeOf } from './purpose.ts';

/** The request waits for the next time that its window opens; before its first stop nothing of it is done. */
export async function waitForWindow(
  table: Table,
  { cluster, request }: Pick<RunState, 'cluster' | 'request'>,
  settings: Settings,
  triggeredBy: Provenance,
  nowMs: number,
): Promise<void> {
  const now = windowOf(settings, undefined, nowMs);
  // Open, but closes too soon: the next one.
  const next = now.open ? windowOf(settings, undefined, now.closesAtMs ?? nowMs) : now;
  const notBeforeMs = next.open ? undefined : next.opensAtMs;
  await keepPending(table, {
    cluster,
    purpose: purposeOf(request),
    request: { ...request },
    waitsFor: 'window',
    sinceMs: nowMs,
    triggeredBy,
    ...(notBeforeMs !== undefined && { notBeforeMs }),
  });
}
