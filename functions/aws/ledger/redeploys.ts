/** What a run remembers of the services whose Fargate tasks it has replaced: one item each, beside the run's own. */
import type { RedeployMemory } from '../../core/redeploy/facts.ts';
import { type Control, expiry, pkOfRun } from './runs.ts';
import type { Table } from './table.ts';

const PREFIX = 'REDEPLOY#';

interface RedeployItem {
  readonly serviceName: string;
  readonly memory: RedeployMemory;
}

/** By service name. */
export async function readRedeploys(
  table: Table,
  runId: string,
): Promise<ReadonlyMap<string, RedeployMemory>> {
  const items = await table.query<RedeployItem>(pkOfRun(runId), PREFIX);
  return new Map(items.map(({ data }) => [data.serviceName, data.memory]));
}

/** Written before the deployment that it speaks of is forced. */
export async function writeRedeploys(
  table: Table,
  runId: string,
  changed: readonly RedeployItem[],
  nowMs: number,
): Promise<void> {
  await table.putAll(
    changed.map((item) => ({
      pk: pkOfRun(runId),
      sk: `${PREFIX}${item.serviceName}`,
      data: { ...item },
      ttl: expiry(nowMs),
    })),
  );
}

/** What somebody asked of this run, if anything. */
export async function readControl(table: Table, runId: string): Promise<Control | undefined> {
  return (await table.get<Control>(pkOfRun(runId), 'CONTROL'))?.data;
}
