/** What outlives a run: images judged bad, requests that wait, values last seen, and how runs ended. */

import type { Ending } from '../../core/outcome.ts';
import type { Quarantine } from '../../core/plan/plan-facts.ts';
import type { Provenance } from '../../core/provenance.ts';
import type { Table } from './table.ts';

/**
 * A request that waits: for its window, for the end of another run, for somebody to say `resume` or to approve it, or for
 * its image to have proved itself on another cluster.
 */
export interface PendingRequest {
  readonly cluster: string;
  /** What it is for; a second one for the same replaces the first. */
  readonly purpose: string;
  readonly request: Readonly<Record<string, unknown>>;
  readonly waitsFor: 'window' | 'other-run' | 'resume' | 'approval' | 'soak';
  readonly sinceMs: number;
  /** When its window opens, its image has soaked, or (approval) nobody need approve any more, where that is known. */
  readonly notBeforeMs?: number;
  /** Why it waits, where that takes a sentence. */
  readonly why?: string;
  /** Images that it would bring: what is approved, or has to soak. */
  readonly imageIds?: readonly string[];
  /** Where they have to soak. */
  readonly after?: { readonly cluster: string; readonly soakHours: number };
  /** What, or who, asked for it first. */
  readonly triggeredBy?: Provenance;
}

/** A value that triggers a run when it changes. */
export interface SeenValue {
  readonly parameter: string;
  readonly value: string;
  readonly version?: number;
  readonly seenAtMs: number;
}

/** How a run ended, for `after`, for rollbacks and for people. */
export interface HistoryEntry {
  readonly cluster: string;
  readonly runId: string;
  readonly startedAtMs: number;
  /** It went on with work that an earlier window had begun then. */
  readonly workSinceMs?: number;
  readonly endedAtMs: number;
  readonly ending: Ending;
  /** Images that counted as the target. */
  readonly imageIds: readonly string[];
  /** Absent: hosts were replaced. `redeploy`: services on Fargate got new deployments. `game-day`: tasks were stopped. */
  readonly kind?: 'redeploy' | 'game-day';
  /** Of runs since it is recorded. */
  readonly reason?: string;
  readonly triggeredBy?: Provenance;
  /** Who said yes to it, where somebody was asked (setting `approval`). */
  readonly approvedBy?: Pick<Approval, 'by' | 'atMs'>;
  readonly counts?: HistoryCounts;
}

/** Of the whole work, earlier windows included. */
export interface HistoryCounts {
  /** Hosts that the plan wanted to replace; those kept out are not among them. */
  readonly outdated: number;
  readonly replaced: number;
  readonly held: number;
  readonly keptOut: number;
  readonly moves: number;
}

const HISTORY_DAYS = 400;
/** As long as Step Functions keeps the execution (Step Functions developer guide, "Quotas": 90 days). */
const TRIGGER_DAYS = 90;

/** After so long an image may be tried again: what made it bad may have been repaired around it. */
export const QUARANTINE_DAYS = 30;

export async function quarantine(table: Table, entry: Quarantine): Promise<void> {
  const ttl = Math.floor(entry.atMs / 1000) + QUARANTINE_DAYS * 86_400;
  await table.put({ pk: 'QUARANTINE', sk: entry.imageId, data: { ...entry }, ttl });
}

/** Takes an image out of quarantine; says whether it was in there. */
export async function releaseImage(table: Table, imageId: string): Promise<boolean> {
  const entry = await table.get('QUARANTINE', imageId);
  if (entry !== undefined) await table.remove('QUARANTINE', imageId);
  return entry !== undefined;
}

export async function listQuarantine(table: Table): Promise<Quarantine[]> {
  const nowSeconds = Date.now() / 1000;
  const items = await table.query<Quarantine>('QUARANTINE');
  // DynamoDB deletes what has expired within a few days (Amazon DynamoDB developer guide, "TTL").
  return items.filter(({ ttl }) => ttl === undefined || ttl > nowSeconds).map(({ data }) => data);
}

export async function keepPending(table: Table, pending: PendingRequest): Promise<void> {
  await table.put({ pk: 'PENDING', sk: `${pending.cluster}#${pending.purpose}`, data: { ...pending } });
}

export async function listPending(table: Table, cluster?: string): Promise<PendingRequest[]> {
  const items = await table.query<PendingRequest>('PENDING', cluster === undefined ? '' : `${cluster}#`);
  return items.map(({ data }) => data);
}

export async function dropPending(
  table: Table,
  pending: Pick<PendingRequest, 'cluster' | 'purpose'>,
): Promise<void> {
  await table.remove('PENDING', `${pending.cluster}#${pending.purpose}`);
  await table.remove('WAIT', `${pending.cluster}#${pending.purpose}`);
}

const WAIT_DAYS = 30;
const WAIT_TRIES = 8;

/**
 * Whether this execution is the one that tells that a piece of work waits, and for what. Of several that find the same, at
 * the same time or one after the other, it is the first, until the work is dropped or waits for something else.
 */
export async function isFirstToWait(
  table: Table,
  { cluster, purpose }: Pick<PendingRequest, 'cluster' | 'purpose'>,
  what: string,
  execution: string,
  nowMs: number,
): Promise<boolean> {
  const sk = `${cluster}#${purpose}`;
  for (let tries = 0; tries < WAIT_TRIES; tries++) {
    const item = await table.get<{ what: string; execution: string }>('WAIT', sk);
    // A repeat of what was broken off tells it again, not never.
    if (item?.data.what === what) return item.data.execution === execution;
    const version = (item?.version ?? 0) + 1;
    const ttl = Math.floor(nowMs / 1000) + WAIT_DAYS * 86_400;
    if (await table.replace({ pk: 'WAIT', sk, data: { what, execution }, version, ttl }, item?.version))
      return true;
  }
  return true;
}

export async function readSeen(table: Table, parameter: string): Promise<SeenValue | undefined> {
  return (await table.get<SeenValue>('SEEN', parameter))?.data;
}

export async function writeSeen(table: Table, seen: SeenValue): Promise<void> {
  await table.put({ pk: 'SEEN', sk: seen.parameter, data: { ...seen } });
}

export async function writeHistory(table: Table, entry: HistoryEntry): Promise<void> {
  await table.put({
    pk: 'HISTORY',
    sk: `${entry.cluster}#${new Date(entry.endedAtMs).toISOString()}#${entry.runId}`,
    data: { ...entry },
    ttl: Math.floor(entry.endedAtMs / 1000) + HISTORY_DAYS * 86_400,
  });
}

/** How runs ended, oldest first: of one cluster, or of all. */
export async function listHistory(table: Table, cluster?: string): Promise<HistoryEntry[]> {
  const items = await table.query<HistoryEntry>('HISTORY', cluster === undefined ? '' : `${cluster}#`);
  return items.map(({ data }) => data);
}

/** Written before the execution is started, which reads it; a start that comes to nothing leaves a note that expires. */
export async function noteTrigger(
  table: Table,
  executionName: string,
  triggeredBy: Provenance,
  nowMs: number,
): Promise<void> {
  const ttl = Math.floor(nowMs / 1000) + TRIGGER_DAYS * 86_400;
  // The first cause of a name stands: later ones find the execution there already.
  await table.putNew({ pk: 'TRIGGER', sk: executionName, data: { ...triggeredBy }, ttl });
}

export async function readTrigger(table: Table, executionName: string): Promise<Provenance | undefined> {
  return (await table.get<Provenance>('TRIGGER', executionName))?.data;
}

/** Somebody's yes to a request: for these images, until its run has ended for good. */
export interface Approval {
  readonly cluster: string;
  readonly purpose: string;
  readonly imageIds: readonly string[];
  readonly atMs: number;
  readonly by: string;
}

/** A run that goes on over several windows needs one yes; a forgotten one expires. */
const APPROVAL_DAYS = 90;

export async function writeApproval(table: Table, approval: Approval): Promise<void> {
  const ttl = Math.floor(approval.atMs / 1000) + APPROVAL_DAYS * 86_400;
  const sk = `${approval.cluster}#${approval.purpose}`;
  await table.put({ pk: 'APPROVAL', sk, data: { ...approval }, ttl });
}

export async function readApproval(
  table: Table,
  { cluster, purpose }: Pick<Approval, 'cluster' | 'purpose'>,
): Promise<Approval | undefined> {
  return (await table.get<Approval>('APPROVAL', `${cluster}#${purpose}`))?.data;
}

export async function dropApproval(
  table: Table,
  { cluster, purpose }: Pick<Approval, 'cluster' | 'purpose'>,
): Promise<void> {
  await table.remove('APPROVAL', `${cluster}#${purpose}`);
}
