/**
 * Once a day: what EC2 itself says of every host of the clusters that opted in. Notices are delivered at best effort and may
 * never come; DescribeInstanceStatus is free and needs no support plan (AWS Health user guide, "AWS Health API").
 */
import type { Cluster } from '@aws-sdk/client-ecs';
import { ec2, ecs } from '../aws/clients.ts';
import { ec2InstanceIds, listContainerInstances } from '../aws/container-instances.ts';
import { describeInstanceStatuses } from '../aws/instances.ts';
import { readSeen, writeSeen } from '../aws/ledger/notes.ts';
import type { Table } from '../aws/ledger/table.ts';
import { classifyScheduledEvent, isScheduledEventOver, type Notice } from '../core/notices/notice.ts';

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
    const notices = await eventsOf(cluster, nowMs);
    await writeSeen(table, { parameter: keyOf(clusterName), value: String(notices.length), seenAtMs: nowMs });
    return notices;
  }
  return [];
}

async function eventsOf({ clusterName = '', clusterArn = '' }: Cluster, nowMs: number): Promise<Notice[]> {
  const [, , , region = '', account = ''] = clusterArn.split(':');
  const hosts = await listContainerInstances(ecs, clusterName);
  const ids = ec2InstanceIds(hosts);
  const statuses = await describeInstanceStatuses(ec2, ids);
  return statuses.flatMap(({ InstanceId = '', Events = [] }) =>
    Events.map(({ InstanceEventId = '', Code = '', Description = '', NotBefore, NotAfter }) => {
      const isOver = isScheduledEventOver(Description);
      return {
        account,
        region,
        eventArn: `ec2:${InstanceEventId}`,
        code: Code,
        kind: classifyScheduledEvent(Code, Description),
        status: isOver ? ('closed' as const) : ('open' as const),
        ...(NotBefore && { startMs: NotBefore.getTime() }),
        ...(NotAfter && { endMs: NotAfter.getTime() }),
        updatedMs: nowMs,
        entities: [{ entity: { of: 'instance' as const, instanceId: InstanceId }, isResolved: isOver }],
      };
    }),
  );
}
