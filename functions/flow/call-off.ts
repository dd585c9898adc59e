/**
 * Notices that AWS called off before anything was ended: told once, and what was begun for them alone is given back. A run
 * that has other hosts to replace keeps those; the host goes back to ACTIVE in it. Until all that is done, each sweep comes
 * back to it.
 */
import { unique } from '../aws/batches.ts';
import { ec2, sfn } from '../aws/clients.ts';
import { describeExecution } from '../aws/executions.ts';
import { describeInstances } from '../aws/instances.ts';
import { readClaim } from '../aws/ledger/claims.ts';
import { dropPending, listPending } from '../aws/ledger/notes.ts';
import { changeNotice, listNotices } from '../aws/ledger/notices.ts';
import { readRun, writeSpared } from '../aws/ledger/runs.ts';
import type { Table } from '../aws/ledger/table.ts';
import { isOpen, isOver, isToBeCalledOff, type NoticeEntry } from '../core/notices/entry.ts';
import { keyOfEntity } from '../core/notices/notice.ts';
import { type Provenance, provenanceText } from '../core/provenance.ts';
import { parseRequest } from '../edge/request.ts';
import { sendControl } from './control.ts';
import { tell } from './tell.ts';

export async function callOff(
  table: Table,
  entries: readonly NoticeEntry[],
  origin: Provenance,
  nowMs: number,
): Promise<void> {
  const cancelled = await withoutGone(table, entries.filter(isToBeCalledOff));
  if (cancelled.length === 0) return;
  for (const entry of cancelled.filter(({ calledOff }) => calledOff !== 'told')) {
    const { entity, code, cluster = 'none', execution = '', eventArn } = entry;
    const message = `${keyOfEntity(entity)}: AWS called off ${code}`;
    await tell([{ kind: 'notice-cancelled', cluster, runId: execution, message, detail: { eventArn } }]);
    await note(table, entry, 'told');
  }
  const all = await listNotices(table);
  for (const cluster of unique(cancelled.map((entry) => entry.cluster))) {
    const of = cancelled.filter((entry) => entry.cluster === cluster);
    if (cluster !== undefined && !(await giveBack(table, cluster, of, all, origin, nowMs))) continue;
    for (const entry of of) await note(table, entry, 'settled');
  }
}

async function note(table: Table, entry: NoticeEntry, calledOff: 'told' | 'settled'): Promise<void> {
  await changeNotice(table, entry, (known) =>
    known?.state === 'cancelled' && known.calledOff !== calledOff ? { ...known, calledOff } : undefined,
  );
}

/** AWS closes a notice as well once its host is gone: then it is done, not called off. */
async function withoutGone(table: Table, cancelled: readonly NoticeEntry[]): Promise<NoticeEntry[]> {
  const ids = cancelled.flatMap(({ entity }) => (entity.of === 'instance' ? entity.instanceId : []));
  const there = new Set(
    (await describeInstances(ec2, unique(ids))).flatMap(({ InstanceId, State }) =>
      State?.Name === 'terminated' || State?.Name === 'shutting-down' ? [] : (InstanceId ?? []),
    ),
  );
  const stays: NoticeEntry[] = [];
  for (const entry of cancelled) {
    if (entry.entity.of !== 'instance' || there.has(entry.entity.instanceId)) {
      stays.push(entry);
      continue;
    }
    const reason = 'EC2 has terminated it, and AWS closed the notice';
    await changeNotice(table, entry, (known) =>
      known?.state === 'cancelled' ? { ...known, state: 'done', reason } : undefined,
    );
  }
  return stays;
}

/** @returns false while an execution that was started for them may still take the cluster: it is looked at again */
async function giveBack(
  table: Table,
  cluster: string,
  cancelled: readonly NoticeEntry[],
  all: readonly NoticeEntry[],
  origin: Provenance,
  nowMs: number,
): Promise<boolean> {
  const named = new Set(all.filter(isOpen).map(({ entity }) => keyOfEntity(entity)));
  const off = new Set(
    all.filter(isOver).flatMap(({ entity }) => {
      const key = keyOfEntity(entity);
      return named.has(key) ? [] : [key];
    }),
  );
  await dropRequests(table, cluster, off);
  const claim = await readClaim(table, cluster);
  for (const execution of unique(cancelled.flatMap((entry) => entry.execution ?? []))) {
    if (execution === claim?.owner) continue;
    if ((await describeExecution(sfn, execution))?.status === 'RUNNING') return false;
  }
  if (claim === undefined) return true;
  const run = await readRun(table, claim.runId);
  if (run === undefined) return false;
  const { record, memory } = run;
  const isFargates = record.mode === 'redeploy';
  const asked = record.request.reason === 'retirement' ? namedIn(record.request) : [];
  const ofThisRun = all.filter((entry) => entry.execution === record.execution && entry.cluster === cluster);
  const isAllOff = isFargates
    ? ofThisRun.length > 0 && ofThisRun.every(isOver)
    : asked.length > 0 && asked.every((instanceId) => off.has(instanceId));
  if (isAllOff) {
    await sendControl(table, claim, 'abort', `${provenanceText(origin)}: AWS called it off`, nowMs);
    return true;
  }
  // Of hosts that joined a run for others only those are spared that it would not have replaced without their notice.
  const joined = (memory?.joins ?? []).flatMap(({ hosts }) =>
    hosts.flatMap((host) => (host.autoScalingGroupName === undefined ? [] : host.instanceId)),
  );
  for (const instanceId of unique([...asked, ...joined])) {
    if (off.has(instanceId)) await writeSpared(table, claim.runId, instanceId, nowMs);
  }
  return true;
}

/** Requests that wait to replace nothing but hosts of which all is called off, or over. */
export async function dropRequests(table: Table, cluster: string, off: ReadonlySet<string>): Promise<void> {
  for (const pending of await listPending(table, cluster)) {
    const request = parseRequest(pending.request);
    if (!request.ok || request.value.reason !== 'retirement') continue;
    if (request.value.instances?.every((instanceId) => off.has(instanceId)))
      await dropPending(table, pending);
  }
}

function namedIn(request: Readonly<Record<string, unknown>>): readonly string[] {
  const { instances } = request;
  return Array.isArray(instances) ? instances.map(String) : [];
}
