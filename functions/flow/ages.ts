/**
 * The age policy's clock: once a day (UTC) each cluster that sets `maxInstanceAgeDays` is asked whether hosts are due, and
 * if so a run begins with `reason: age`. The run makes its own plan; here is only found out whether it is worth one.
 */
import type { Cluster } from '@aws-sdk/client-ecs';
import { describeGroupInstances, describeGroups } from '../aws/auto-scaling-groups.ts';
import { present, unique } from '../aws/batches.ts';
import { autoScaling, ec2, ecs } from '../aws/clients.ts';
import { ec2InstanceIds, listContainerInstances } from '../aws/container-instances.ts';
import { instanceTag } from '../aws/facts/hosts.ts';
import { tagsOf } from '../aws/facts/read-facts.ts';
import { describeInstances } from '../aws/instances.ts';
import { readSeen, writeSeen } from '../aws/ledger/notes.ts';
import type { Table } from '../aws/ledger/table.ts';
import { dueForAge } from '../core/plan/ages.ts';
import { EXEMPT_REASON_TAG, EXEMPT_UNTIL_TAG, taggedExemption } from '../core/plan/exempted.ts';
import { settingsFor } from '../core/settings.ts';
import { environment } from '../edge/environment.ts';
import { resolveSettings } from '../edge/settings.ts';
import { startRun } from './start.ts';

/** @returns what was started, if anything; safe to repeat */
export async function startForAge(
  table: Table,
  cluster: Cluster,
  nowMs: number,
): Promise<string | undefined> {
  const name = cluster.clusterName ?? '';
  const day = new Date(nowMs).toISOString().slice(0, 10);
  const parameter = `${name} age`;
  if ((await readSeen(table, parameter))?.value === day) return undefined;
  const due = await countDue(cluster, nowMs);
  const start =
    due === 0
      ? undefined
      : await startRun([name, 'age', day], { cluster: name, reason: 'age' }, 0, {
          kind: 'poll',
          by: `the age policy: ${due} host${due === 1 ? '' : 's'} due`,
          id: day,
        });
  // After the start: a crash in between finds them due again, and the start is idempotent.
  await writeSeen(table, { parameter, value: day, seenAtMs: nowMs });
  return start?.started === true ? `${name}: ${due} due for their age, ${start.reason}` : undefined;
}

async function countDue(cluster: Cluster, nowMs: number): Promise<number> {
  const hosts = await listContainerInstances(ecs, cluster.clusterName ?? '');
  const ids = ec2InstanceIds(hosts);
  const members = await describeGroupInstances(autoScaling, ids);
  const names = unique(present(members.map((member) => member.AutoScalingGroupName)));
  const groups = await describeGroups(autoScaling, names);
  const { settings: deployment, guardrails } = environment();
  // Settings with problems are left out and told by the run that anything else starts.
  const { settings } = resolveSettings(
    {
      deployment,
      clusterTags: tagsOf(cluster),
      groupTags: Object.fromEntries(
        groups.map(({ AutoScalingGroupName, Tags = [] }) => [
          AutoScalingGroupName ?? '',
          Object.fromEntries(Tags.map(({ Key, Value }) => [Key ?? '', Value ?? ''])),
        ]),
      ),
    },
    guardrails,
  );
  let due = 0;
  for (const name of names) {
    const policy = settingsFor(settings, name);
    if (policy.maxInstanceAgeDays === undefined) continue;
    const own = members.filter((member) => member.AutoScalingGroupName === name);
    const instances = await describeInstances(ec2, present(own.map((member) => member.InstanceId)));
    const ours = instances.flatMap((instance) => {
      const exemptUntil = instanceTag(instance, EXEMPT_UNTIL_TAG);
      const exemptReason = instanceTag(instance, EXEMPT_REASON_TAG);
      const tags = { ...(exemptUntil && { exemptUntil }), ...(exemptReason && { exemptReason }) };
      if (instance.LaunchTime === undefined || taggedExemption(tags, nowMs) !== undefined) return [];
      return [{ instanceId: instance.InstanceId ?? '', launchTimeMs: instance.LaunchTime.getTime() }];
    });
    due += dueForAge(ours, policy, nowMs).size;
  }
  return due;
}
