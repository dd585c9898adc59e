import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  heard,
  keyOfEntry,
  type NoticeEntry,
  type NoticeState,
} from '../../../functions/core/notices/entry.ts';
import type { Notice } from '../../../functions/core/notices/notice.ts';

const NOW_MS = Date.parse('2026-11-22T12:00:00Z');
const DAY_MS = 86_400_000;
const NOTICE: Notice = {
  account: '111122223333',
  region: 'eu-west-1',
  eventArn: 'arn:aws:health:eu-west-1::event/AWS_EC2_INSTANCE_RETIREMENT_SCHEDULED_1',
  code: 'AWS_EC2_INSTANCE_RETIREMENT_SCHEDULED',
  kind: 'instance-end',
  status: 'open',
  startMs: NOW_MS + 9 * DAY_MS,
  updatedMs: 1000,
  entities: [],
};
const NAMED = { entity: { of: 'instance', instanceId: 'i-0a' }, isResolved: false } as const;

type Word = Partial<Notice> & { readonly isResolved?: boolean };

function entryAfter(words: readonly Word[], state?: NoticeState): NoticeEntry | undefined {
  let entry: NoticeEntry | undefined;
  for (const { isResolved = false, ...change } of words) {
    entry = heard(entry, { ...NOTICE, ...change }, { ...NAMED, isResolved }, NOW_MS) ?? entry;
    if (entry !== undefined && state !== undefined) entry = { ...entry, state };
  }
  return entry;
}

describe('an entry', () => {
  it('begins as seen, with its date', () => {
    expect(entryAfter([{}])).toMatchObject({
      state: 'seen',
      startMs: NOW_MS + 9 * DAY_MS,
      firstSeenMs: NOW_MS,
    });
  });

  it('hears a repeat, or a copy from the backup Region, no more', () => {
    const first = entryAfter([{}]);
    expect(heard(first, NOTICE, NAMED, NOW_MS)).toBeUndefined();
  });

  it('takes from an older word only since when it is announced', () => {
    const older = { ...NOTICE, updatedMs: 999, status: 'closed' } as const;
    expect(heard(entryAfter([{}]), older, NAMED, NOW_MS)).toEqual({ ...entryAfter([{}]), announcedMs: 999 });
  });

  it('takes a new date from an update', () => {
    const startMs = NOW_MS + 20 * DAY_MS;
    expect(entryAfter([{}, { startMs, updatedMs: 2000 }])).toMatchObject({ state: 'seen', startMs });
  });

  it.each(['seen', 'planned', 'acting'] as const)(
    'that is %s is cancelled by a close before its date',
    (state) => {
      const entry = heard(
        entryAfter([{}], state),
        { ...NOTICE, status: 'closed', updatedMs: 2000 },
        NAMED,
        NOW_MS,
      );
      expect(entry?.state).toBe('cancelled');
    },
  );

  it('that is closed after its date, or resolved, waits for what can be seen of it', () => {
    const late = { status: 'closed', startMs: NOW_MS - 1, updatedMs: 2000 } as const;
    expect(entryAfter([{}, late])?.state).toBe('seen');
    expect(entryAfter([{}, { updatedMs: 2000, isResolved: true }])?.state).toBe('seen');
  });

  it('that was cancelled stands again when it is announced again', () => {
    const words: Word[] = [{}, { status: 'closed', updatedMs: 2000 }, { updatedMs: 3000 }];
    expect(entryAfter(words)?.state).toBe('seen');
  });

  it.each(['done', 'told'] as const)('that is %s stays so, whatever AWS says later', (state) => {
    const entry = entryAfter([{}], state);
    expect(heard(entry, { ...NOTICE, status: 'closed', updatedMs: 2000 }, NAMED, NOW_MS)?.state).toBe(state);
    expect(heard(entry, { ...NOTICE, updatedMs: 2000 }, NAMED, NOW_MS)?.state).toBe(state);
  });

  it('is the same in whatever order its deliveries come', () => {
    const word = fc.record({
      updatedMs: fc.integer({ min: 1, max: 6 }),
      status: fc.constantFrom<Notice['status']>('open', 'closed'),
    });
    // One time of AWS has one content.
    const words = fc.uniqueArray(word, { selector: ({ updatedMs }) => updatedMs, minLength: 1 });
    const shuffled = words.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    fc.assert(
      fc.property(shuffled, ([inOrder, inAnyOrder]) => {
        const sorted = [...inOrder].sort((a, b) => a.updatedMs - b.updatedMs);
        expect(entryAfter(inAnyOrder)?.state).toBe(entryAfter([sorted.at(-1) ?? {}])?.state);
        expect(entryAfter(inAnyOrder)?.announcedMs).toBe(sorted[0]?.updatedMs);
        expect(entryAfter([...inAnyOrder, ...inAnyOrder])).toEqual(entryAfter(inAnyOrder));
      }),
    );
  });

  it('is kept apart by account, event and thing', () => {
    const of = (account: string, eventArn: string, instanceId: string) =>
      keyOfEntry({ account, eventArn, entity: { of: 'instance', instanceId } });
    expect(
      new Set([of('1', 'a', 'i-1'), of('2', 'a', 'i-1'), of('1', 'b', 'i-1'), of('1', 'a', 'i-2')]).size,
    ).toBe(4);
  });
});
