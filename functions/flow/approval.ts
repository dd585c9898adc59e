/** Somebody's yes: whether a run needs it, has it, or gets it (settings `approval` and `approvalTimeoutHours`). */
import {
  type Approval,
  keepPending,
  listPending,
  type PendingRequest,
  readApproval,
  writeApproval,
} from '../aws/ledger/notes.ts';
import { type Run, writeApproved } from '../aws/ledger/runs.ts';
import type { Table } from '../aws/ledger/table.ts';
import type { Plan } from '../core/plan.ts';
import type { Settings } from '../core/settings.ts';

/** Without a trial there is nothing to look at before the rest begins: then it is asked for before all of it. */
export function isAskedBeforeStart({ approval, canaryInstances }: Settings): boolean {
  return approval === 'before-start' || (approval === 'after-canary' && canaryInstances === 0);
}

/** What a yes is about: an image that came later is another question. */
export function imagesOf(plan: Plan): readonly string[] {
  return [...new Set(plan.groups.flatMap((group) => group.target.imageIds))].sort();
}

export async function isApproved(
  table: Table,
  of: Pick<Approval, 'cluster' | 'purpose'>,
  imageIds: readonly string[],
): Promise<Approval | undefined> {
  const approval = await readApproval(table, of);
  const covers = approval !== undefined && imageIds.every((id) => approval.imageIds.includes(id));
  return covers ? approval : undefined;
}

/** Asks once: a repeat of the same request for the same images waits with the first. @returns whether it is new */
export async function askApproval(table: Table, pending: PendingRequest): Promise<boolean> {
  const asked = (await listPending(table, pending.cluster)).find(
    (one) => one.purpose === pending.purpose && one.waitsFor === 'approval',
  );
  const isSame =
    asked !== undefined &&
    !isExpired(asked, pending.sinceMs) &&
    JSON.stringify(asked.imageIds) === JSON.stringify(pending.imageIds);
  if (!isSame) await keepPending(table, pending);
  return !isSame;
}

export function isExpired({ notBeforeMs }: PendingRequest, nowMs: number): boolean {
  return notBeforeMs !== undefined && nowMs >= notBeforeMs;
}

/**
 * Approves every request of a cluster that waits for it.
 *
 * @returns the first, to go on with now; the others follow one another
 */
export async function approvePending(
  table: Table,
  cluster: string,
  by: string,
  nowMs: number,
): Promise<PendingRequest | undefined> {
  const waiting = (await listPending(table, cluster)).filter(
    (one) => (one.waitsFor === 'approval' && !isExpired(one, nowMs)) || one.waitsFor === 'resume',
  );
  const [first, ...others] = waiting.sort((a, b) => a.sinceMs - b.sinceMs);
  for (const pending of waiting) {
    if (pending.waitsFor !== 'approval') continue;
    const { purpose, imageIds = [] } = pending;
    await writeApproval(table, { cluster, purpose, imageIds, atMs: nowMs, by });
  }
  for (const pending of others) {
    if (pending.waitsFor !== 'approval') continue;
    const { notBeforeMs: _, ...rest } = pending;
    await keepPending(table, { ...rest, waitsFor: 'other-run' });
  }
  return first;
}

/** Approves what waits after the trial of the run that holds the cluster. @returns whether anything did */
export async function approveRun(
  table: Table,
  { record, memory }: Run,
  purpose: string,
  by: string,
  nowMs: number,
): Promise<boolean> {
  if (memory?.approvalWantedAtMs === undefined || memory.approved !== undefined) return false;
  const imageIds = [...new Set(memory.groups.flatMap((group) => group.targetImageIds))];
  await writeApproval(table, { cluster: record.cluster, purpose, imageIds, atMs: nowMs, by });
  await writeApproved(table, record.runId, { atMs: nowMs, by });
  return true;
}
