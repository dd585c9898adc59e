/**
 * Why each host of a run did not move at its last look, for people who ask: one item, in a partition of its own, since no
 * look reads it. Hosts are grouped by reason and packed: about ten bytes each, far from DynamoDB's 400 KB.
 */
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Hold } from '../../core/step.ts';
import { perContainer } from '../container-memory.ts';
import { expiry } from './runs.ts';
import type { Table } from './table.ts';

const LAST = 'LAST';
const pkOf = (runId: string) => `REASONS#${runId}`;

interface Stored {
  readonly atMs: number;
  readonly gzip: Uint8Array;
}

export interface Reasons {
  /** The look that they were first true of. */
  readonly atMs: number;
  readonly holds: readonly Hold[];
}

/** By run, what this container wrote last. */
const written = perContainer(() => new Map<string, string>());

/** Writes the reasons of a look, unless they are those of the look before. */
export async function keepReasons(
  table: Table,
  run: { readonly runId: string; readonly startedAtMs: number },
  holds: readonly Hold[],
  nowMs: number,
): Promise<void> {
  const text = JSON.stringify(
    [...Map.groupBy(holds, ({ instanceId: _, ...why }) => JSON.stringify(why))].map(([why, hosts]) => [
      JSON.parse(why),
      hosts.map(({ instanceId }) => instanceId).sort(),
    ]),
  );
  if (written().get(run.runId) === text) return;
  const data: Stored = { atMs: nowMs, gzip: gzipSync(text, { level: 1 }) };
  await table.put({ pk: pkOf(run.runId), sk: LAST, data: { ...data }, ttl: expiry(run.startedAtMs) });
  written().set(run.runId, text);
}

export async function readReasons(table: Table, runId: string): Promise<Reasons | undefined> {
  const stored = (await table.get<Stored>(pkOf(runId), LAST))?.data;
  if (stored === undefined) return undefined;
  const groups = JSON.parse(gunzipSync(stored.gzip).toString()) as [Omit<Hold, 'instanceId'>, string[]][];
  const holds = groups.flatMap(([why, ids]) => ids.map((instanceId) => ({ instanceId, ...why })));
  return { atMs: stored.atMs, holds };
}
