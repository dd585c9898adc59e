/**
 * Tags that cannot be read: told once, when they come or change. The runs of that cluster are refused until they are
 * mended; no other cluster waits for it.
 */
import type { Cluster } from '@aws-sdk/client-ecs';
import { tagsOf } from '../aws/facts/read-facts.ts';
import { readSeen, writeSeen } from '../aws/ledger/notes.ts';
import type { Table } from '../aws/ledger/table.ts';
import { tell } from './tell.ts';

const OPT_IN = 'rollover:enabled';
/** What people write to say no. */
const NO = ['', 'false', 'no', 'off', 'disabled', 'none'];
const KNOWN = ['true', 'observe', ...NO];

/** What is wrong with a cluster's opt-in: it takes no part, and nobody would ever hear why. */
export function optInProblem(cluster: Cluster): string | undefined {
  const written = tagsOf(cluster)[OPT_IN];
  if (written === undefined || KNOWN.includes(written.trim().toLowerCase())) return undefined;
  return `cluster tags, ${OPT_IN}: must be true or observe, not "${written}"; the cluster takes no part`;
}

/** Tells problems that were not told yet, and remembers that they are; none: that they are mended. */
export async function tellProblems(
  table: Table,
  cluster: string,
  problems: readonly string[],
  nowMs: number,
): Promise<void> {
  // No parameter has a colon in its name: nothing else is remembered under this key.
  const key = `${cluster} rollover:settings`;
  const value = problems.join('\n');
  const told = await readSeen(table, key);
  if ((told?.value ?? '') === value) return;
  if (problems.length > 0) {
    const message = `${cluster}: tags or settings that cannot be read; until they are mended it is not rolled: ${problems.join('; ')}`;
    await tell([{ kind: 'settings-problem', cluster, runId: 'none', message, detail: { problems } }]);
  }
  await writeSeen(table, { parameter: key, value, seenAtMs: nowMs });
}
