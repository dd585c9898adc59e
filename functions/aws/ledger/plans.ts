/** The plan in the ledger: its long lists in slices, so that no item comes near DynamoDB's 400 KB. */
import type { Plan } from '../../core/plan.ts';
import { inBatches } from '../batches.ts';
import type { Item, Table } from './table.ts';

const LISTS = ['groups', 'findings', 'keptOut', 'exempt'] as const;
type ListName = (typeof LISTS)[number];
/** Findings are the longest, about 600 bytes each; a group lists its outdated hosts, 20 bytes each. */
const SLICE: Readonly<Record<ListName, number>> = { groups: 1, findings: 200, keptOut: 500, exempt: 500 };

const SLICE_PREFIX = 'PLAN#';

type PlanHeader = Omit<Plan, ListName> & { readonly slices: Readonly<Record<ListName, number>> };

/** Writes the plan; the header last, so that a half-written plan is never read. An earlier plan of the run gives way. */
export async function writePlan(table: Table, pk: string, plan: Plan, ttl: number): Promise<void> {
  const items: Item[] = [];
  const slices = { groups: 0, findings: 0, keptOut: 0, exempt: 0 };
  for (const name of LISTS) {
    for (const entries of inBatches<unknown>(plan[name], SLICE[name])) {
      items.push({ pk, sk: sliceKey(name, slices[name]), data: { entries }, ttl });
      slices[name] += 1;
    }
  }
  await table.putAll(items);
  const { groups: _groups, findings: _findings, keptOut: _keptOut, exempt: _exempt, ...rest } = plan;
  await table.put({ pk, sk: 'PLAN', data: { ...rest, slices }, ttl });
}

/** The plan among a run's items; undefined when there is none. */
export function planIn(items: readonly Item[]): Plan | undefined {
  const header = items.find((item) => item.sk === 'PLAN')?.data as PlanHeader | undefined;
  if (header === undefined) return undefined;
  const { slices, ...rest } = header;
  // Thousands of hosts are items of the same run, and a large plan has hundreds of slices.
  const sliceAt = new Map(
    items.filter(({ sk }) => sk.startsWith(SLICE_PREFIX)).map((item) => [item.sk, item]),
  );
  const list = <T>(name: ListName): T[] =>
    Array.from({ length: slices[name] }, (_, at) => {
      const item = sliceAt.get(sliceKey(name, at));
      return ((item?.data as { entries?: T[] } | undefined)?.entries ?? []) as T[];
    }).flat();
  return {
    ...rest,
    groups: list('groups'),
    findings: list('findings'),
    keptOut: list('keptOut'),
    exempt: list('exempt'),
  };
}

function sliceKey(name: ListName, at: number): string {
  return `${SLICE_PREFIX}${name}#${String(at).padStart(4, '0')}`;
}
