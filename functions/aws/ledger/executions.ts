/** What is known of an execution beside its run: whose run it worked for, and whether people were told how it ended. */
import type { Table } from './table.ts';

const PARTITION = 'EXECUTION';
/** As long as Step Functions keeps the execution (Step Functions developer guide, "Quotas": 90 days). */
const KEPT_DAYS = 90;
const LOOKED = { pk: 'SWEPT', sk: 'executions' } as const;

export interface ExecutionNote {
  /** The run that it carries on or gives back, where that is not the one of its own name. */
  readonly runId?: string;
  readonly toldAtMs?: number;
}

export async function readExecutionNote(table: Table, name: string): Promise<ExecutionNote> {
  return (await table.get<ExecutionNote>(PARTITION, name))?.data ?? {};
}

/** Adds to what is noted. An execution is one after the other's: nobody else writes its note at the same time. */
export async function noteExecution(
  table: Table,
  name: string,
  note: ExecutionNote,
  nowMs: number,
): Promise<void> {
  const data = { ...(await readExecutionNote(table, name)), ...note };
  await table.put({ pk: PARTITION, sk: name, data, ttl: Math.floor(nowMs / 1000) + KEPT_DAYS * 86_400 });
}

/** When somebody last looked for executions that ended without a word; undefined before the first time. */
export async function readLookedMs(table: Table): Promise<number | undefined> {
  return (await table.get<{ atMs: number }>(LOOKED.pk, LOOKED.sk))?.data.atMs;
}

export async function writeLooked(table: Table, atMs: number): Promise<void> {
  await table.put({ ...LOOKED, data: { atMs } });
}
