/** What earlier windows did of work that is not over: whichever run goes on with it takes it over. */
import type { Earlier } from '../../core/memory.ts';
import type { Table } from './table.ts';

/** Whose work: as a request that waits is named. */
export interface Work {
  readonly cluster: string;
  readonly purpose: string;
}

const PARTITION = 'EARLIER';
/** As long as a run can be read. */
const KEPT_DAYS = 90;
const keyOf = ({ cluster, purpose }: Work) => `${cluster}#${purpose}`;

export async function keepEarlier(table: Table, work: Work, earlier: Earlier, nowMs: number): Promise<void> {
  const ttl = Math.floor(nowMs / 1000) + KEPT_DAYS * 86_400;
  await table.put({ pk: PARTITION, sk: keyOf(work), data: { ...earlier }, ttl });
}

export async function readEarlier(table: Table, work: Work): Promise<Earlier | undefined> {
  return (await table.get<Earlier>(PARTITION, keyOf(work)))?.data;
}

export async function dropEarlier(table: Table, work: Work): Promise<void> {
  await table.remove(PARTITION, keyOf(work));
}
