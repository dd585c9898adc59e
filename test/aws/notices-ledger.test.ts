import { beforeEach, describe, expect, it } from 'vitest';
import { changeNotice, listNotices } from '../../functions/aws/ledger/notices.ts';
import type { Table } from '../../functions/aws/ledger/table.ts';
import type { NoticeEntry } from '../../functions/core/notices/entry.ts';
import { fakeLedger } from '../support/fake-ledger.ts';

const ledger = fakeLedger();
const ENTRY: NoticeEntry = {
  account: '111122223333',
  region: 'eu-west-1',
  eventArn: 'arn:aws:health:eu-west-1::event/1',
  code: 'AWS_EC2_INSTANCE_RETIREMENT_SCHEDULED',
  kind: 'instance-end',
  entity: { of: 'instance', instanceId: 'i-0a' },
  state: 'seen',
  reason: '',
  firstSeenMs: 1,
  announcedMs: 1,
  updatedMs: 1,
};
const add = (known: NoticeEntry | undefined, reason: string) => ({
  ...(known ?? ENTRY),
  reason: `${known?.reason ?? ''}${reason}`,
});

describe('an entry of the ledger', () => {
  beforeEach(() => ledger.reset());

  it('is one for each thing that a notice names', async () => {
    await changeNotice(ledger.table, ENTRY, () => ENTRY);
    await changeNotice(ledger.table, ENTRY, (known) => add(known, 'b'));
    const other = { ...ENTRY, entity: { of: 'instance', instanceId: 'i-0b' } } as const;
    await changeNotice(ledger.table, other, () => other);
    expect((await listNotices(ledger.table)).map(({ reason }) => reason)).toEqual(['b', '']);
  });

  it('takes the changes of several at once, one after the other', async () => {
    await Promise.all(
      ['a', 'b', 'c'].map((text) => changeNotice(ledger.table, ENTRY, (known) => add(known, text))),
    );
    const [entry] = await listNotices(ledger.table);
    expect([...(entry?.reason ?? '')].sort().join('')).toBe('abc');
  });

  it('is left as it is where there is nothing new', async () => {
    await changeNotice(ledger.table, ENTRY, () => ENTRY);
    const writes = ledger.writes.length;
    expect(await changeNotice(ledger.table, ENTRY, () => undefined)).toEqual(ENTRY);
    expect(ledger.writes).toHaveLength(writes);
  });

  it('that others change without end is an error, not a loss', async () => {
    const busy: Table = { ...ledger.table, replace: async () => false };
    await expect(changeNotice(busy, ENTRY, () => ENTRY)).rejects.toThrow('keeps changing');
  });
});
