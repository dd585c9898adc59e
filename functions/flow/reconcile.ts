/**
 * Once a day: what EC2 itself says of every host of the clusters that opted in. Notices are delivered at best effort and may
 * never come; DescribeInstanceStatus is free and needs no support plan (AWS Health user guide, "AWS Health API").
 */
import type { Cluster } from '@aws-sdk/client-ecs';
import { ec2, ecs } from '../aws/clients.ts';
import { ec2InstanceIds, listContainerInstances } from '../aws/container-instances.ts';
import { describeInstanceStatuses } from '../aws/instances.ts';
import { readSeen, writeSeen } from '../aws/ledger/notes.ts';
import { listNotices } from '../aws/ledger/notices.ts';
import type { Table } from '../aws/ledger/table.ts';
import { isOpen } from '../core/notices/entry.ts';
import {
  classifyScheduledEvent,
  isOfEc2,
  isScheduledEventDone,
  isScheduledEventOver,
  type Notice,
  nameOfScheduledEvent,
} from '../core/notices/notice.ts';

const DAY_MS = 86_400_000;
const keyOf = (cluster: string) => `scheduled events of ${cluster}`;

/**
 * Events that EC2 has scheduled for the hosts of one cluster, as notices: of the first that was not asked about for a day. One
 * at a time, since a large cluster takes half an invocation.
 */
export async function scheduledEvents(
  table: Table,
  clusters: readonly Cluster[],
  nowMs: number,
): Promise<Notice[]> {
  for (const cluster of clusters) {
    const { clusterName = '' } = cluster;
    const last = await readSeen(table, keyOf(clusterName));
    if (last !== undefined && nowMs - last.seenAtMs < DAY_MS) continue;
    const notices = await eventsOf(table, cluster, nowMs);
    await writeSeen(table, { parameter: keyOf(clusterName), value: String(notices.length), seenAtMs: nowMs });
    return notices;
  }
  return [];
}

/**
 * What EC2 shows, and what it shows no more: that an event which it has called off stays visible is not documented, so one
 * that is gone before its date is over as well.
 */
async function eventsOf(
  table: Table,
  { clusterName = '', clusterArn = '' }: Cluster,
  nowMs: number,
): Promise<Notice[]> {
  const [, , , region = '', account = ''] = clusterArn.split(':');
  const hosts = await listContainerInstances(ecs, clusterName);
  const ids = ec2InstanceIds(hosts);
  const statuses = await describeInstanceStatuses(ec2, ids);
  const shown = new Map(
    statuses.map(({ InstanceId, Events = [] }) => [
      InstanceId,
      new Set(Events.map(({ InstanceEventId = '' }) => nameOfScheduledEvent(InstanceEventId))),
    ]),
  );
  const gone = (await listNotices(table)).flatMap((entry): Notice[] => {
    const [name] = [entry.eventArn, ...(entry.alsoCalled ?? [])].filter(isOfEc2);
    const visible = entry.entity.of === 'instance' ? shown.get(entry.entity.instanceId) : undefined;
    if (name === undefined || visible === undefined || visible.has(name) || !isOpen(entry)) return [];
    const { kind, code, eventArn, startMs, endMs } = entry;
    const dates = { ...(startMs !== undefined && { startMs }), ...(endMs !== undefined && { endMs }) };
    const entities = [{ entity: entry.entity, isResolved: false }];
    return [
      { account, region, eventArn, code, kind, status: 'closed', ...dates, updatedMs: nowMs, entities },
    ];
  });
  const known = statuses.flatMap(({ InstanceId = '', Events = [] }) =>
    Events.map(({ InstanceEventId = '', Code = '', Description = '', NotBefore, NotAfter }) => {
      const isOver = isScheduledEventOver(Description);
      const isDone = isScheduledEventDone(Description);
      return {
        account,
        region,
        eventArn: nameOfScheduledEvent(InstanceEventId),
        code: Code,
        kind: classifyScheduledEvent(Code, Description),
        status: isOver ? ('closed' as const) : ('open' as const),
        ...(NotBefore && { startMs: NotBefore.getTime() }),
        ...(NotAfter && { endMs: NotAfter.getTime() }),
        updatedMs: nowMs,
        entities: [{ entity: { of: 'instance' as const, instanceId: InstanceId }, isResolved: isDone }],
      };
    }),
  );
  return [...known, ...gone];
}
