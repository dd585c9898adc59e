/** A look at what open notices of Fargate name in one cluster, and what became of it, back into their entries. */
import { isDeepStrictEqual } from 'node:util';
import type { Cluster } from '@aws-sdk/client-ecs';
import { ec2, ecr, ecs, elasticLoadBalancing } from '../aws/clients.ts';
import { readEventWindows } from '../aws/event-windows.ts';
import { readServicesNow } from '../aws/facts/redeploy.ts';
import { serviceNameOf } from '../aws/facts/tasks.ts';
import { listResults } from '../aws/ledger/game-days.ts';
import { changeNotice, listNotices } from '../aws/ledger/notices.ts';
import { readRedeploys } from '../aws/ledger/redeploys.ts';
import type { Table } from '../aws/ledger/table.ts';
import { describeTasks } from '../aws/tasks.ts';
import { NEVER_REHEARSED, rehearsedText } from '../core/game-day/result.ts';
import type { NoticeEntry, NoticeState } from '../core/notices/entry.ts';
import type { NotificationKind } from '../core/notification-kinds.ts';
import { isOpenFor, type NamedService, servicesNamed } from '../core/redeploy/affected.ts';
import type { RedeployStep } from '../core/redeploy/decide.ts';
import type { AffectedService, RedeployMemory, RedeployOutcome } from '../core/redeploy/facts.ts';
import type { Settings } from '../core/settings.ts';
import { windowOf } from '../core/windows.ts';
import { tell } from './tell.ts';
import { dated } from './wait-period.ts';

/** Everything that one look needs. */
export interface Retirement {
  readonly services: readonly AffectedService[];
  readonly named: readonly NamedService[];
  /** Tasks of no service: Fargate stops them, and nobody starts them again. */
  readonly standalone: readonly NoticeEntry[];
  /** Tasks that are gone already. */
  readonly gone: readonly NoticeEntry[];
}

export async function readRetirement(
  table: Table,
  cluster: Cluster,
  settings: Settings,
  run: { readonly runId: string; readonly execution: string },
  nowMs: number,
): Promise<Retirement> {
  const name = cluster.clusterName ?? '';
  const clusterArn = cluster.clusterArn ?? '';
  const [listed, memories, results, hasEventWindow] = await Promise.all([
    listNotices(table),
    readRedeploys(table, run.runId),
    listResults(table, name),
    readEventWindows({ ecs, ec2 }, clusterArn),
  ]);
  const isOfThisRun = (entry: NoticeEntry) => entry.execution === run.execution && entry.cluster === name;
  const concerned = await dated(
    table,
    listed.filter((entry) => isOpenFor(entry, name) || isOfThisRun(entry)),
  );
  const arns = concerned.flatMap(({ entity }) => (entity.of === 'task' ? entity.taskArn : []));
  const tasks = new Map((await describeTasks(ecs, name, arns)).map((task) => [task.taskArn, task]));
  const taskOf = ({ entity }: NoticeEntry) => (entity.of === 'task' ? tasks.get(entity.taskArn) : undefined);
  const serviceOf = (entry: NoticeEntry) => {
    const task = taskOf(entry);
    return entry.serviceName ?? (task === undefined ? serviceIn(entry) : serviceNameOf(task));
  };
  // What AWS called off is left alone, but a deployment that was begun for it is watched to its end.
  const isBegun = (service = '') => memories.get(service)?.forcedAtMs !== undefined;
  const entries = concerned.filter((entry) => entry.state !== 'cancelled' || isBegun(serviceOf(entry)));
  const named = servicesNamed(entries, serviceOf);
  const single = entries.filter((entry) => entry.entity.of === 'task' && serviceOf(entry) === undefined);
  const isAlive = (entry: NoticeEntry) => (taskOf(entry)?.lastStatus ?? 'STOPPED') !== 'STOPPED';
  const region = clusterArn.split(':')[3] ?? '';
  const names = named.map(({ serviceName }) => serviceName);
  const now = await readServicesNow(
    { ecs, ecr, elb: elasticLoadBalancing },
    name,
    names,
    region,
    hasEventWindow,
  );
  return {
    named,
    services: named.map(({ entries: _, ...service }) => ({
      ...service,
      window: windowOf(settings, service.startMs, nowMs),
      rehearsed: rehearsedText(results.get(service.serviceName)),
      now: now.get(service.serviceName),
      memory: memories.get(service.serviceName) ?? {},
    })),
    standalone: single.filter(isAlive),
    gone: single.filter((entry) => !isAlive(entry)),
  };
}

function serviceIn({ entity }: NoticeEntry): string | undefined {
  return entity.of === 'service' ? entity.service : undefined;
}

/** What an outcome of this run means for the notice: what is left to AWS, or failed, is looked at again each day. */
const STATE_AFTER: Readonly<Record<RedeployOutcome, NoticeState>> = {
  moved: 'done',
  'already-new': 'done',
  gone: 'done',
  told: 'told',
  'left-to-aws': 'left',
  failed: 'left',
  missed: 'missed',
};

/** What somebody has to know of: services that are not as they should be. */
const TOLD_OF: Readonly<Partial<Record<RedeployOutcome, NotificationKind>>> = {
  failed: 'service-failed',
  'left-to-aws': 'service-left-to-aws',
  missed: 'service-missed',
  told: 'service-told',
};

function whatCameOf(
  { verdict, forcedAtMs }: RedeployMemory,
  rehearsed: string,
): Pick<NoticeEntry, 'state' | 'reason'> {
  if (verdict !== undefined) return { state: STATE_AFTER[verdict.outcome], reason: verdict.reason };
  return forcedAtMs === undefined
    ? { state: 'planned', reason: `its turn comes; ${rehearsed}` }
    : { state: 'acting', reason: `a new deployment was begun; ${rehearsed}` };
}

/**
 * Writes into the entries what the look made of them, and tells what somebody has to know. Before the run remembers it: what
 * a crash interrupts is told again, not left out.
 */
export async function keepVerdicts(
  table: Table,
  { named, services, standalone, gone }: Retirement,
  step: RedeployStep,
  run: { readonly cluster: string; readonly runId: string; readonly execution: string },
  settings: Settings,
): Promise<void> {
  const say = (kind: NotificationKind, message: string, detail: Readonly<Record<string, unknown>>) =>
    tell(
      [{ kind, cluster: run.cluster, runId: run.runId, message: `${run.cluster}: ${message}`, detail }],
      settings,
    );
  const keep = (entry: NoticeEntry, after: Pick<NoticeEntry, 'state' | 'reason' | 'serviceName'>) =>
    changeNotice(table, entry, (known) => {
      // Called off, perhaps since this look: what the run sees of it is no news of the notice.
      if (known === undefined || known.state === 'cancelled') return undefined;
      const seen =
        known.execution === run.execution ? {} : { execution: run.execution, startedAtMs: Date.now() };
      const next = { ...known, ...after, ...seen };
      return isDeepStrictEqual(next, known) ? undefined : next;
    });
  for (const { serviceName, memory } of step.remember) {
    const { verdict } = memory;
    const service = services.find((one) => one.serviceName === serviceName);
    const entries = named.find((one) => one.serviceName === serviceName)?.entries ?? [];
    for (const entry of entries)
      await keep(entry, { ...whatCameOf(memory, service?.rehearsed ?? NEVER_REHEARSED), serviceName });
    const isNews = entries.some((entry) => entry.reason !== verdict?.reason);
    const kind = verdict && TOLD_OF[verdict.outcome];
    if (verdict !== undefined && isNews && kind !== undefined) {
      const { outcome, reason } = verdict;
      const rehearsed = service?.rehearsed;
      await say(kind, `${serviceName}: ${outcome}. ${reason} (${rehearsed})`, {
        service: serviceName,
        outcome,
        rehearsed,
      });
    }
    if (service?.memory.progress === undefined && service?.now?.isSpotOnly === true)
      await say(
        'service-on-spot-only',
        `${serviceName} runs on FARGATE_SPOT alone: it may lose tasks at any time`,
        {
          service: serviceName,
        },
      );
  }
  for (const entry of gone)
    await keep(entry, { state: 'done', reason: 'ECS has the task as stopped, or not any more' });
  for (const entry of standalone) {
    const from = entry.startMs === undefined ? 'its date' : new Date(entry.startMs).toISOString();
    const reason = `it is of no service: Fargate stops it from ${from} on and nothing starts it again`;
    if (entry.state === 'told') continue;
    const task = entry.entity.of === 'task' ? entry.entity.taskArn : '';
    await say('standalone-task-retires', `${task}: ${reason}. Start it anew before that`, { task });
    await keep(entry, { state: 'told', reason });
  }
}
