/**
 * The date of notices about tasks on Fargate that name none: AWS waits for the account's wait period and then retires them.
 *
 * Source: Amazon ECS developer guide, prepare-task-retirement, and Amazon ECS API reference, PutAccountSetting: account
 * setting `fargateTaskRetirementWaitPeriod`, 0 (at once), 7 or 14 calendar days from the notification, 7 by default.
 */
import { readAccountSetting } from '../aws/account-settings.ts';
import { ecs } from '../aws/clients.ts';
import { changeNotice } from '../aws/ledger/notices.ts';
import type { Table } from '../aws/ledger/table.ts';
import type { NoticeEntry } from '../core/notices/entry.ts';

const DEFAULT_DAYS = 7;
const DAY_MS = 86_400_000;

/**
 * The entries, each with a date. It is kept in the ledger, so that window, margin and reminders go by it; a date that AWS
 * names later takes its place.
 */
export async function dated(table: Table, entries: readonly NoticeEntry[]): Promise<NoticeEntry[]> {
  if (entries.every(({ startMs }) => startMs !== undefined)) return [...entries];
  const value = await readAccountSetting(ecs, 'fargateTaskRetirementWaitPeriod');
  const days = value === undefined || value === '' ? DEFAULT_DAYS : Number(value);
  const waitMs = (Number.isFinite(days) ? days : DEFAULT_DAYS) * DAY_MS;
  const withDate = async (entry: NoticeEntry) =>
    entry.startMs === undefined
      ? ((await changeNotice(table, entry, (known) =>
          known === undefined || known.startMs !== undefined
            ? undefined
            : { ...known, startMs: known.announcedMs + waitMs },
        )) ?? entry)
      : entry;
  return Promise.all(entries.map(withDate));
}
