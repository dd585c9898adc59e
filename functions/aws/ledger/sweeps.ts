/** When the sweep last looked, and what it could not do: by this `rollover doctor` knows that its schedule is alive. */
import type { Table } from './table.ts';

export interface LastSweep {
  /** Epoch milliseconds. */
  readonly atMs: number;
  /** Sentences, each with the cluster or part that it is about. */
  readonly problems: readonly string[];
}

const KEY = { pk: 'SWEEP', sk: 'last' } as const;
/** DynamoDB's items hold 400 KB; the log has all. */
const PROBLEMS_MAX = 50;

export async function writeSweep(table: Table, { atMs, problems }: LastSweep): Promise<void> {
  await table.put({ ...KEY, data: { atMs, problems: problems.slice(0, PROBLEMS_MAX) } });
}

export async function readSweep(table: Table): Promise<LastSweep | undefined> {
  return (await table.get<LastSweep>(KEY.pk, KEY.sk))?.data;
}
