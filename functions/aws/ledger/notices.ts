/** Notices of AWS in the ledger: what is known and was done of each thing they name, one item each. */
import { keyOfEntry, type NoticeEntry } from '../../core/notices/entry.ts';
import type { Table } from './table.ts';

const PARTITION = 'NOTICE';
/** Health keeps events for 90 days (AWS Health user guide, "What is AWS Health?"); evidence is kept as long as history. */
const KEPT_DAYS = 400;
const CHANGE_TRIES = 8;

/** Every entry. */
export async function listNotices(table: Table): Promise<NoticeEntry[]> {
  return (await table.query<NoticeEntry>(PARTITION)).map(({ data }) => data);
}

/**
 * Changes one entry from what it is at that very moment; `change` may be asked several times, and answers undefined to
 * leave it. Several deliveries at once each find what the other wrote.
 *
 * @returns the entry as it is now; undefined when there is none.
 * @throws Error when others keep changing it.
 */
export async function changeNotice(
  table: Table,
  of: Pick<NoticeEntry, 'account' | 'eventArn' | 'entity'>,
  change: (known: NoticeEntry | undefined) => NoticeEntry | undefined,
): Promise<NoticeEntry | undefined> {
  const sk = keyOfEntry(of);
  for (let tries = 0; tries < CHANGE_TRIES; tries++) {
    const item = await table.get<NoticeEntry>(PARTITION, sk);
    const entry = change(item?.data);
    if (entry === undefined) return item?.data;
    const ttl = Math.ceil(entry.firstSeenMs / 1000) + KEPT_DAYS * 86_400;
    const next = { pk: PARTITION, sk, data: { ...entry }, version: (item?.version ?? 0) + 1, ttl };
    if (await table.replace(next, item?.version)) return entry;
  }
  throw new Error(`the notice ${sk} keeps changing`);
}
