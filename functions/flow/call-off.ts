/** Notices that AWS called off before anything was ended: told, and what was begun for them alone is given back. */
import { readClaim } from '../aws/ledger/claims.ts';
import { dropPending, listPending } from '../aws/ledger/notes.ts';
import { listNotices } from '../aws/ledger/notices.ts';
import type { Table } from '../aws/ledger/table.ts';
import { isOver, type NoticeEntry } from '../core/notices/entry.ts';
import { keyOfEntity } from '../core/notices/notice.ts';
import { type Provenance, provenanceText } from '../core/provenance.ts';
import { parseRequest } from '../edge/request.ts';
import { sendControl } from './control.ts';
import { tell } from './tell.ts';

export async function callOff(
  table: Table,
  news: readonly NoticeEntry[],
  origin: Provenance,
  nowMs: number,
): Promise<void> {
  const cancelled = news.filter(({ state }) => state === 'cancelled');
  if (cancelled.length === 0) return;
  const all = await listNotices(table);
  for (const { entity, code, cluster = 'none', execution = '', eventArn } of cancelled) {
    const message = `${keyOfEntity(entity)}: AWS called off ${code}`;
    await tell([{ kind: 'notice-cancelled', cluster, runId: execution, message, detail: { eventArn } }]);
  }
  for (const cluster of new Set(cancelled.flatMap((entry) => entry.cluster ?? []))) {
    const off = new Set(all.filter((one) => isOver(one)).map(({ entity }) => keyOfEntity(entity)));
    await dropRequests(table, cluster, off);
  }
  for (const execution of new Set(cancelled.flatMap((entry) => entry.execution ?? []))) {
    const of = all.filter((entry) => entry.execution === execution);
    const cluster = of[0]?.cluster;
    // The run has other hosts to replace: those go on.
    if (cluster === undefined || !of.every(isOver)) continue;
    const claim = await readClaim(table, cluster);
    if (claim?.owner !== execution) continue;
    await sendControl(table, claim, 'abort', `${provenanceText(origin)}: AWS called it off`, nowMs);
  }
}

/** Requests that wait to replace nothing but hosts of which all is called off, or over. */
async function dropRequests(table: Table, cluster: string, off: ReadonlySet<string>): Promise<void> {
  for (const pending of await listPending(table, cluster)) {
    const request = parseRequest(pending.request);
    if (!request.ok || request.value.reason !== 'retirement') continue;
    if (request.value.instances?.every((instanceId) => off.has(instanceId)))
      await dropPending(table, pending);
  }
}
