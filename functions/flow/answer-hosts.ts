/**
 * Notices about hosts, answered by what EC2 and ECS say of each host now. A repeat does nothing twice: entries are changed
 * from what they are, and executions are named for what they replace.
 */
import type { Cluster } from '@aws-sdk/client-ecs';
import { describeGroupInstances } from '../aws/auto-scaling-groups.ts';
import { unique } from '../aws/batches.ts';
import { autoScaling, ec2, ecs } from '../aws/clients.ts';
import { registeredAmong } from '../aws/container-instances.ts';
import { describeInstanceStatuses, describeInstances } from '../aws/instances.ts';
import { listPending } from '../aws/ledger/notes.ts';
import { changeNotice } from '../aws/ledger/notices.ts';
import { listSurpluses } from '../aws/ledger/surpluses.ts';
import type { Table } from '../aws/ledger/table.ts';
import {
  answerForHost,
  type HostAnswer,
  type MaintenancePolicies,
  type NamedHost,
} from '../core/notices/answer.ts';
import { AGAIN_AFTER_MS } from '../core/notices/due.ts';
import { isOpen, isOver, type NoticeEntry } from '../core/notices/entry.ts';
import { remindersDue } from '../core/notices/escalation.ts';
import { isScheduledEventOver } from '../core/notices/notice.ts';
import type { Provenance } from '../core/provenance.ts';
import type { Settings } from '../core/settings.ts';
import { parseRequest } from '../edge/request.ts';
import { dropRequests } from './call-off.ts';
import { isFree } from './claim.ts';
import { settingsOfCluster } from './followers.ts';
import { shortHash } from './purpose.ts';
import { startRun } from './start.ts';
import { tell } from './tell.ts';

/** That a request waits still is written down so often. */
const NOTED_AGAIN_MS = 3_600_000;

/** What was started, for which cluster. */
export interface StartedForNotice {
  readonly cluster: string;
  readonly executionArn: string;
  readonly started: boolean;
  readonly reason: string;
}

interface Answered {
  readonly entry: NoticeEntry;
  readonly instanceId: string;
  readonly host: NamedHost;
  readonly answer: HostAnswer;
}

/** Answers entries about hosts: starts what replaces them, closes what is over, tells what is not ours. */
export async function answerHosts(
  table: Table,
  entries: readonly NoticeEntry[],
  clusters: readonly Cluster[],
  origin: Provenance,
  nowMs: number,
): Promise<StartedForNotice[]> {
  const ids = unique(entries.flatMap(({ entity }) => (entity.of === 'instance' ? entity.instanceId : [])));
  if (ids.length === 0) return [];
  const { hosts, settingsOf } = await readNamedHosts(ids, clusters);
  const answered = entries.flatMap((entry): Answered[] => {
    if (entry.entity.of !== 'instance') return [];
    const { instanceId } = entry.entity;
    const host = hosts.get(instanceId) ?? {};
    return [{ entry, instanceId, host, answer: answerForHost(entry, host, nowMs) }];
  });
  for (const one of answered) await keepAnswer(table, one, settingsOf, nowMs);
  await dropGone(table, answered);
  const started: StartedForNotice[] = [];
  for (const [cluster, group] of groupedByCluster(answered)) {
    if (await isWaiting(table, cluster, group)) {
      for (const { entry } of group) await changeNotice(table, entry, (known) => inHand(known, nowMs));
      continue;
    }
    const start = await startReplacing(table, cluster, group, origin, nowMs);
    started.push({ cluster, ...start });
    for (const { entry } of group)
      await changeNotice(table, entry, (known) =>
        planned(known, cluster, start.executionArn, start.started ? nowMs : undefined),
      );
  }
  return started;
}

/**
 * Auto Scaling came first, or somebody: what waits for its window to replace them has nothing to do any more. Where hosts of
 * the surplus stand, a run still has to take those away.
 */
async function dropGone(table: Table, answered: readonly Answered[]): Promise<void> {
  const gone = answered.filter(
    ({ entry, answer }) => isOpen(entry) && answer.act === 'none' && answer.state === 'done',
  );
  const ids = new Set(gone.map(({ instanceId }) => instanceId));
  for (const cluster of unique(gone.flatMap(({ entry }) => entry.cluster ?? [])))
    if ((await listSurpluses(table, cluster)).length === 0) await dropRequests(table, cluster, ids);
}

/** Exactly these hosts, before the earliest of their dates. */
async function startReplacing(
  table: Table,
  cluster: string,
  group: readonly Answered[],
  origin: Provenance,
  nowMs: number,
) {
  const instances = [...new Set(group.map(({ instanceId }) => instanceId))].sort();
  const dates = group.flatMap(({ entry }) => entry.startMs ?? []);
  const deadline = dates.length === 0 ? undefined : new Date(Math.min(...dates)).toISOString();
  const request = { cluster, reason: 'retirement', instances, ...(deadline && { deadline }) };
  // What AWS said last is what it is for: a notice that came again, or with another date, is a cause of its own.
  // So is the next day, where a run has ended and the host stands there still.
  const isDueAgain =
    group.every(({ entry }) => nowMs - (entry.startedAtMs ?? nowMs) >= AGAIN_AFTER_MS) &&
    (await isFree(table, { cluster }));
  const saidMs = isDueAgain ? nowMs : Math.max(...group.map(({ entry }) => entry.updatedMs));
  return startRun(
    [cluster, 'retirement', shortHash(`${instances.join()} ${deadline}`)],
    request,
    saidMs,
    origin,
  );
}

/** While it waits nothing is due again. */
function inHand(known: NoticeEntry | undefined, nowMs: number): NoticeEntry | undefined {
  const isFresh = nowMs - (known?.startedAtMs ?? 0) < NOTED_AGAIN_MS;
  return known === undefined || isOver(known) || isFresh ? undefined : { ...known, startedAtMs: nowMs };
}

/** A request for all of them waits already: for its window, for somebody's yes, or for the run that has the cluster. */
async function isWaiting(table: Table, cluster: string, group: readonly Answered[]): Promise<boolean> {
  const waiting = (await listPending(table, cluster)).flatMap(({ request }) => {
    const parsed = parseRequest(request);
    return parsed.ok && parsed.value.reason === 'retirement' ? [new Set(parsed.value.instances)] : [];
  });
  return waiting.some((named) => group.every(({ instanceId }) => named.has(instanceId)));
}

function groupedByCluster(answered: readonly Answered[]): Map<string, Answered[]> {
  const byCluster = new Map<string, Answered[]>();
  for (const one of answered) {
    const { cluster } = one.host;
    if (one.answer.act !== 'replace' || cluster === undefined) continue;
    byCluster.set(cluster, [...(byCluster.get(cluster) ?? []), one]);
  }
  return byCluster;
}

function planned(
  known: NoticeEntry | undefined,
  cluster: string,
  execution: string,
  startedAtMs: number | undefined,
): NoticeEntry | undefined {
  if (known === undefined || isOver(known)) return undefined;
  if (known.execution === execution && startedAtMs === undefined) return undefined;
  const since = startedAtMs ?? known.startedAtMs;
  const started = since === undefined ? {} : { startedAtMs: since };
  return {
    ...known,
    state: 'planned',
    reason: `to be replaced by ${execution}`,
    cluster,
    execution,
    ...started,
  };
}

/** Writes what became of the entry, and tells what is new of it: once, since it is told by whoever changes the entry. */
async function keepAnswer(
  table: Table,
  { entry, host, answer, instanceId }: Answered,
  settingsOf: (cluster: string | undefined) => Settings,
  nowMs: number,
): Promise<void> {
  const settings = settingsOf(host.cluster);
  let before: NoticeEntry | undefined;
  const after = await changeNotice(table, entry, (known) => {
    before = known;
    if (known === undefined || isOver(known)) return undefined;
    const reminders = remindersDue(known, settings.deadlineMarginHours, nowMs);
    const state = answer.act === 'none' ? answer.state : known.state;
    const reason = answer.act === 'none' && state !== known.state ? answer.reason : known.reason;
    if (state === known.state && reminders <= (known.reminders ?? 0)) return undefined;
    return {
      ...known,
      state,
      reason,
      reminders,
      ...(host.cluster && { cluster: host.cluster }),
      // What was begun for it is given back at the next sweep.
      ...(state === 'cancelled' && { calledOff: 'told' as const }),
    };
  });
  if (before === undefined || after === undefined || after === before) return;
  const kind = after.state !== before.state ? (`notice-${after.state}` as const) : 'notice-reminder';
  const date =
    after.startMs === undefined ? 'without a date' : `from ${new Date(after.startMs).toISOString()} on`;
  const message = `${instanceId}: ${after.code}, ${date}: ${after.reason}`;
  const detail = { instanceId, code: after.code, eventArn: after.eventArn, state: after.state };
  await tell(
    [{ kind, cluster: host.cluster ?? 'none', runId: after.execution ?? '', message, detail }],
    settings,
  );
}

/** Each instance as EC2 knows it, with the cluster that has it among those that opted in. */
async function readNamedHosts(
  ids: readonly string[],
  clusters: readonly Cluster[],
): Promise<{
  readonly hosts: ReadonlyMap<string, NamedHost>;
  readonly settingsOf: (cluster: string | undefined) => Settings;
}> {
  const [instances, statuses, members] = await Promise.all([
    describeInstances(ec2, ids),
    describeInstanceStatuses(ec2, ids),
    describeGroupInstances(autoScaling, ids),
  ]);
  const lifecycleOf = new Map(members.map((one) => [one.InstanceId, one.LifecycleState]));
  const settings = new Map<string, Settings>();
  const ofNone = settingsOfCluster();
  const clusterOf = new Map<string, string>();
  for (const cluster of clusters) {
    const name = cluster.clusterName ?? '';
    settings.set(name, settingsOfCluster(cluster));
    for (const id of (await registeredAmong(ecs, name, ids)).keys()) clusterOf.set(id, name);
  }
  const openEvents = new Map(
    statuses.map(({ InstanceId, Events }) => [
      InstanceId,
      (Events ?? []).some(({ Description }) => !isScheduledEventOver(Description)),
    ]),
  );
  const settingsOf = (cluster = '') => settings.get(cluster) ?? ofNone;
  const hosts = instances.map(({ InstanceId = '', State }) => {
    const cluster = clusterOf.get(InstanceId);
    const hasOpenEvent = openEvents.get(InstanceId);
    const lifecycleState = lifecycleOf.get(InstanceId);
    const host: NamedHost = {
      ...(State?.Name && { state: State.Name }),
      ...(hasOpenEvent !== undefined && { hasOpenEvent }),
      ...(cluster !== undefined && { cluster }),
      ...(lifecycleState !== undefined && { lifecycleState }),
      policies: policiesOf(settingsOf(cluster)),
    };
    return [InstanceId, host] as const;
  });
  return { hosts: new Map(hosts), settingsOf };
}

function policiesOf(settings: Settings): MaintenancePolicies {
  return {
    'instance-reboot': settings.onRebootMaintenance,
    'instance-network': settings.onNetworkMaintenance,
    'instance-power': settings.onPowerMaintenance,
  };
}
