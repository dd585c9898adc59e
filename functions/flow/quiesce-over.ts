/**
 * What protected tasks were asked is taken back where their host stays, and no look has done it: the run's last one failed,
 * or its act did. The ledger says who was asked; whether the tag is there, the host itself.
 */
import { ecs } from '../aws/clients.ts';
import { taggedAmong, untagHost } from '../aws/host-tags.ts';
import { readRun, remember } from '../aws/ledger/runs.ts';
import type { Table } from '../aws/ledger/table.ts';
import type { RunMemory } from '../core/memory.ts';
import { QUIESCE_TAG, quiesceOver } from '../core/rules/quiesce.ts';
import { tell } from './tell.ts';

interface Of {
  readonly cluster: string;
  readonly runId: string;
}

/**
 * Safe to repeat: a host without the tag is not touched, who was told is not told again.
 *
 * @returns what could not be taken back, for people
 */
export async function takeQuiesceBack(
  table: Table,
  { cluster, runId }: Of,
  { hosts }: Pick<RunMemory, 'hosts'>,
  fence: () => Promise<void>,
): Promise<readonly string[]> {
  if (hosts.every(({ quiesce }) => quiesce === undefined)) return [];
  // Hosts may have been written since that memory was read.
  const run = await readRun(table, runId);
  if (run?.memory === undefined) return [];
  const asked = run.memory.hosts.flatMap((host) =>
    host.quiesce === undefined || host.goneSinceMs !== undefined || host.terminateIntentMs !== undefined
      ? []
      : [{ host, quiesce: host.quiesce }],
  );
  if (asked.length === 0) return [];

  const unheard = asked.filter(({ quiesce }) => quiesce.overAtMs === undefined);
  // Told before remembered: after a crash between the two somebody hears it twice, never not at all.
  await tell(
    unheard.map(({ host: { instanceId }, quiesce }) => {
      const { detail, ...notice } = quiesceOver(instanceId, quiesce);
      return { ...notice, cluster, runId, detail: { instanceId, ...detail } };
    }),
    run.record.settings,
  );
  const overAtMs = Date.now();
  await remember(table, run.memory, {
    groups: [],
    hosts: unheard.map(({ host, quiesce }) => ({ ...host, quiesce: { ...quiesce, overAtMs } })),
    services: [],
  });

  const problems: string[] = [];
  const ids = asked.map(({ host }) => host.instanceId);
  for (const arn of await taggedAmong(ecs, cluster, ids, QUIESCE_TAG)) {
    await fence();
    const problem = await untagHost(ecs, arn, QUIESCE_TAG);
    if (problem !== undefined) problems.push(`the tag ${QUIESCE_TAG} stays: ${problem}`);
  }
  return problems;
}
