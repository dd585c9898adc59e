/** Sizes that a run had to leave above a group's own until its next window: whichever run comes next takes them over. */
import type { SurplusLeft } from '../../core/restoring.ts';
import type { Table } from './table.ts';

const PARTITION = 'SURPLUS';
const keyOf = (cluster: string, group: string) => `${cluster}#${group}`;

export async function keepSurplus(table: Table, cluster: string, left: SurplusLeft): Promise<void> {
  await table.put({ pk: PARTITION, sk: keyOf(cluster, left.autoScalingGroupName), data: { ...left } });
}

export async function dropSurplus(table: Table, cluster: string, group: string): Promise<void> {
  await table.remove(PARTITION, keyOf(cluster, group));
}

export async function listSurpluses(table: Table, cluster: string): Promise<SurplusLeft[]> {
  return (await table.query<SurplusLeft>(PARTITION, `${cluster}#`)).map(({ data }) => data);
}

/** Clusters in which such hosts stand. */
export async function listSurplusClusters(table: Table): Promise<string[]> {
  const keys = (await table.query(PARTITION)).map(({ sk }) => sk);
  return [...new Set(keys.map((key) => key.slice(0, key.indexOf('#'))))];
}
