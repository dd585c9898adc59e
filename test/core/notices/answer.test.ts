import { describe, expect, it } from 'vitest';
import {
  answerForHost,
  type MaintenancePolicies,
  type NamedHost,
} from '../../../functions/core/notices/answer.ts';
import type { NoticeEntry } from '../../../functions/core/notices/entry.ts';
import { outlook, remindersDue } from '../../../functions/core/notices/escalation.ts';
import type { NoticeKind } from '../../../functions/core/notices/notice.ts';

const NOW_MS = Date.parse('2026-11-22T12:00:00Z');
const HOUR_MS = 3_600_000;
const POLICIES: MaintenancePolicies = {
  'instance-reboot': 'replace',
  'instance-network': 'wait',
  'instance-power': 'tell',
};
const HOST: NamedHost = {
  state: 'running',
  cluster: 'prod',
  lifecycleState: 'InService',
  policies: POLICIES,
  hasOpenEvent: true,
};

function entry(kind: NoticeKind, change: Partial<NoticeEntry> = {}): NoticeEntry {
  return {
    account: '111122223333',
    region: 'eu-west-1',
    eventArn: 'arn:aws:health:eu-west-1::event/1',
    code: 'AWS_EC2_SOMETHING',
    kind,
    entity: { of: 'instance', instanceId: 'i-0a' },
    state: 'seen',
    reason: 'announced',
    firstSeenMs: NOW_MS,
    announcedMs: NOW_MS,
    updatedMs: NOW_MS,
    startMs: NOW_MS + 200 * HOUR_MS,
    ...change,
  };
}

const answer = (kind: NoticeKind, host: NamedHost = HOST, change: Partial<NoticeEntry> = {}) =>
  answerForHost(entry(kind, change), host, NOW_MS);

describe('a host that a notice names', () => {
  it.each<[NoticeKind, object]>([
    ['instance-end', { act: 'replace' }],
    ['instance-reboot', { act: 'replace' }],
    ['instance-network', { act: 'none', state: 'seen' }],
    ['instance-power', { act: 'none', state: 'told' }],
    ['unknown', { act: 'none', state: 'told' }],
  ])('for %s is answered by what its owner wants', (kind, expected) => {
    expect(answer(kind)).toMatchObject(expected);
  });

  it('that ends is replaced whatever the policies of maintenance say', () => {
    expect(
      answer('instance-end', { ...HOST, policies: { ...POLICIES, 'instance-reboot': 'tell' } }).act,
    ).toBe('replace');
  });

  it.each([
    ['terminated', 'done'],
    [undefined, 'done'],
    ['shutting-down', 'planned'],
  ] as const)('that EC2 has as %s is %s, not replaced again', (state, expected) => {
    const { state: _, ...rest } = HOST;
    const host = state === undefined ? rest : { ...rest, state };
    expect(answer('instance-end', host, { state: 'planned' })).toMatchObject({
      act: 'none',
      state: expected,
    });
  });

  it('of no cluster that opted in is told of, and left alone', () => {
    const { cluster: _, ...elsewhere } = HOST;
    expect(answer('instance-end', elsewhere)).toMatchObject({ act: 'none', state: 'told' });
  });

  it('whose maintenance is over by the word of EC2 is done', () => {
    const over = { ...HOST, hasOpenEvent: false };
    expect(answer('instance-network', over, { startMs: NOW_MS })).toMatchObject({
      act: 'none',
      state: 'done',
    });
    expect(answer('instance-network', over).act).toBe('none');
    expect(answer('instance-network', over)).toMatchObject({ state: 'seen' });
  });

  it('that should have ended and still runs is replaced all the same', () => {
    expect(answer('instance-end', { ...HOST, hasOpenEvent: false }, { startMs: NOW_MS - 1 }).act).toBe(
      'replace',
    );
  });

  it.each(['done', 'cancelled', 'missed', 'told'] as const)('whose notice is %s is not touched', (state) => {
    expect(answer('instance-end', HOST, { state })).toMatchObject({ act: 'none', state });
  });
});

describe('reminders', () => {
  const due = (hours: number, state: NoticeEntry['state'] = 'seen', margin = 24) =>
    remindersDue({ state, startMs: NOW_MS + hours * HOUR_MS }, margin, NOW_MS);

  it('come three days, a day and the margin before the date', () => {
    expect([73, 72, 25, 24, 6, 5.9].map((hours) => due(hours, 'planned', 6))).toEqual([0, 1, 1, 2, 3, 3]);
  });

  it('are one where the margin is a day', () => {
    expect(due(1)).toBe(2);
  });

  it('do not come for what is over or not ours', () => {
    expect((['done', 'cancelled', 'missed', 'told'] as const).map((state) => due(1, state))).toEqual([
      0, 0, 0, 0,
    ]);
  });
});

describe('the outlook', () => {
  it('counts what is open and looks at the nearest date', () => {
    const open = { state: 'seen', startMs: NOW_MS + 5 * HOUR_MS } as const;
    const later = { state: 'planned', startMs: NOW_MS + 9 * HOUR_MS } as const;
    const done = { state: 'done', startMs: NOW_MS + HOUR_MS } as const;
    expect(outlook([later, done, open], NOW_MS)).toEqual({ pending: 2, nearestHours: 5 });
    expect(outlook([done], NOW_MS)).toEqual({ pending: 0 });
  });
});
