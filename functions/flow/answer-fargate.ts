/** Notices about tasks on Fargate: written down already, now a run of their cluster answers them, once it can. */
import type { Cluster } from '@aws-sdk/client-ecs';
import { ecs, sfn } from '../aws/clients.ts';
import { executionName, startOnce } from '../aws/executions.ts';
import { noteTrigger } from '../aws/ledger/notes.ts';
import { changeNotice, listNotices } from '../aws/ledger/notices.ts';
import type { Table } from '../aws/ledger/table.ts';
import { describeTasks } from '../aws/tasks.ts';
import { isRunDue } from '../core/notices/due.ts';
import { isOpen, isOver, keyOfEntry, type NoticeEntry } from '../core/notices/entry.ts';
import { remindersDue } from '../core/notices/escalation.ts';
import { keyOfEntity } from '../core/notices/notice.ts';
import type { Provenance } from '../core/provenance.ts';
import { isOpenFor } from '../core/redeploy/affected.ts';
import type { Settings } from '../core/settings.ts';
import { environment } from '../edge/environment.ts';
import type { StartedForNotice } from './answer-hosts.ts';
import { isFree } from './claim.ts';
import { settingsOfCluster } from './followers.ts';
import { shortHash } from './purpose.ts';
import { tell } from './tell.ts';

/** A message stays short enough to be read; the detail has them all. */
const NAMED_MAX = 20;

/** Starts a run for each cluster that has entries whose time it is. */
export async function answerFargate(
  table: Table,
  entries: readonly NoticeEntry[],
  clusters: readonly Cluster[],
  origin: Provenance,
  nowMs: number,
): Promise<StartedForNotice[]> {
  const open = entries.filter((entry) => entry.kind === 'fargate-tasks' && isOpen(entry));
  const byCluster = new Map<Cluster, NoticeEntry[]>();
  for (const entry of open) {
    const cluster = await clusterOf(entry, clusters);
    if (cluster === undefined) await leave(table, entry);
    else byCluster.set(cluster, [...(byCluster.get(cluster) ?? []), entry]);
  }
  const started: StartedForNotice[] = [];
  for (const [cluster, of] of byCluster) {
    const name = cluster.clusterName ?? '';
    const settings = settingsOfCluster(cluster);
    await remind(table, name, of, settings, nowMs);
    if (!of.some((entry) => isRunDue(entry, settings, nowMs)) || !(await isFree(table, { cluster: name })))
      continue;
    started.push(await startRetirement(table, name, of, origin, nowMs));
  }
  return started;
}

/** As its date nears, once for each stage and cluster, whatever the number of services. */
async function remind(
  table: Table,
  cluster: string,
  entries: readonly NoticeEntry[],
  settings: Settings,
  nowMs: number,
): Promise<void> {
  const due = entries.flatMap((entry) => {
    const reminders = remindersDue(entry, settings.deadlineMarginHours, nowMs);
    return reminders > (entry.reminders ?? 0) ? [{ entry, reminders }] : [];
  });
  if (due.length === 0) return;
  const names = due.map(({ entry }) => keyOfEntity(entry.entity)).sort();
  const from = new Date(Math.min(...due.flatMap(({ entry }) => entry.startMs ?? []))).toISOString();
  const message = `${cluster}: Fargate retires tasks from ${from} on, and ${names.length} of what it names are not done: ${names.slice(0, NAMED_MAX).join(', ')}`;
  const runId = due[0]?.entry.execution ?? '';
  await tell([{ kind: 'notice-reminder', cluster, runId, message, detail: { names, from } }], settings);
  for (const { entry, reminders } of due)
    await changeNotice(table, entry, (known) => known && { ...known, reminders });
}

async function startRetirement(
  table: Table,
  cluster: string,
  entries: readonly NoticeEntry[],
  origin: Provenance,
  nowMs: number,
): Promise<StartedForNotice> {
  const { retirementStateMachineArn } = environment();
  for (const entry of entries) {
    await changeNotice(table, entry, (known) =>
      known === undefined || isOver(known) ? undefined : { ...known, cluster, startedAtMs: nowMs },
    );
  }
  // The same for every delivery of the same news, while a run of that name goes on.
  const news = entries.map((entry) => `${keyOfEntry(entry)} ${entry.updatedMs}`).sort();
  const name = executionName([cluster, 'fargate', shortHash(news.join())]);
  const note = (attempt: string) => noteTrigger(table, attempt, origin, nowMs);
  const request = { cluster, reason: 'retirement' };
  const start = await startOnce(sfn, retirementStateMachineArn, name, request, nowMs, note);
  return { cluster, ...start };
}

/** The run found the cluster taken: it is due again as soon as that is free. */
export async function unstart(table: Table, cluster: string): Promise<void> {
  for (const entry of (await listNotices(table)).filter((one) => isOpenFor(one, cluster))) {
    await changeNotice(table, entry, (known) => {
      if (known === undefined || !isOpenFor(known, cluster)) return undefined;
      const { startedAtMs: _, ...rest } = known;
      return rest;
    });
  }
}

/** Old task ARNs do not name their cluster: then each that opted in is asked. */
async function clusterOf(
  { entity, cluster: known }: NoticeEntry,
  clusters: readonly Cluster[],
): Promise<Cluster | undefined> {
  const named = known ?? (entity.of === 'service' || entity.of === 'task' ? entity.cluster : undefined);
  if (named !== undefined) return clusters.find(({ clusterName }) => clusterName === named);
  if (entity.of !== 'task') return undefined;
  for (const cluster of clusters) {
    const found = await describeTasks(ecs, cluster.clusterName ?? '', [entity.taskArn]);
    if (found.length > 0) return cluster;
  }
  return undefined;
}

/** Of no cluster that opted in, or that there is: somebody is told once, nothing is done. */
async function leave(table: Table, entry: NoticeEntry): Promise<void> {
  const reason = 'no cluster that opted in has it: nothing is done about it';
  const { entity, code, eventArn } = entry;
  const message = `${code}: ${JSON.stringify(entity)}: ${reason}`;
  await tell([{ kind: 'notice-told', cluster: 'none', runId: '', message, detail: { eventArn, entity } }]);
  await changeNotice(table, entry, (known) => known && { ...known, state: 'told', reason });
}
