/** Work between its windows: no run has the cluster, but a request waits, and hosts of its surplus may stand. */
import { dropEarlier } from '../aws/ledger/earlier.ts';
import {
  dropApproval,
  dropPending,
  keepPending,
  listPending,
  type PendingRequest,
} from '../aws/ledger/notes.ts';
import { listSurpluses } from '../aws/ledger/surpluses.ts';
import type { Table } from '../aws/ledger/table.ts';
import type { SurplusLeft } from '../core/restoring.ts';

/** A request that waits for another run's end is that of somebody else's work. */
const isStopped = ({ waitsFor }: PendingRequest) => waitsFor !== 'other-run';

/** What the word came to. */
export interface Stopped {
  readonly reason: string;
  /** Hosts of the surplus stand: a run takes them away. */
  readonly hasSurplus: boolean;
}

/**
 * A word to requests that wait: `pause` lets them wait for `resume` instead of their window; the others drop them. What
 * earlier windows replaced stays, whatever the word.
 *
 * @param by who says it, in words
 * @returns undefined where nothing waits
 */
export async function stopWaiting(
  table: Table,
  cluster: string,
  mode: 'pause' | 'abort' | 'rollback',
  by: string,
): Promise<Stopped | undefined> {
  const waiting = (await listPending(table, cluster)).filter(isStopped);
  if (mode === 'pause') return pauseWaiting(table, waiting);
  const surpluses = await listSurpluses(table, cluster);
  for (const pending of waiting) {
    await dropPending(table, pending);
    await dropEarlier(table, pending);
    await dropApproval(table, pending);
  }
  if (waiting.length + surpluses.length === 0) return undefined;
  const what = waiting.map(({ purpose, waitsFor }) => `${purpose} (waited for ${waitsFor})`).join(', ');
  const dropped = waiting.length === 0 ? '' : `, dropped: ${what}`;
  return {
    reason: `${mode} by ${by} while no run had ${cluster}${dropped}; what is replaced stays replaced`,
    hasSurplus: surpluses.length > 0,
  };
}

async function pauseWaiting(table: Table, waiting: readonly PendingRequest[]): Promise<Stopped | undefined> {
  const windows = waiting.filter(({ waitsFor }) => waitsFor === 'window');
  for (const { notBeforeMs: _, ...pending } of windows) {
    await keepPending(table, { ...pending, waitsFor: 'resume' });
  }
  if (windows.length === 0) return undefined;
  const what = windows.map(({ purpose }) => purpose).join(', ');
  return { reason: `${what} waits for \`resume\` instead of its window`, hasSurplus: false };
}

/** Surpluses with which no request that waits goes on. `of`: the work that is being looked at. */
export async function orphanedSurpluses(
  table: Table,
  of: Pick<PendingRequest, 'cluster' | 'purpose'>,
): Promise<SurplusLeft[]> {
  const waiting = await listPending(table, of.cluster);
  const goesOn = waiting.some(
    ({ purpose, waitsFor }) => purpose !== of.purpose && (waitsFor === 'window' || waitsFor === 'resume'),
  );
  return goesOn ? [] : listSurpluses(table, of.cluster);
}
