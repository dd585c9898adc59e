import { expect, it } from 'vitest';
import { type Played, play, SEEDS, wrongsOf } from './play.ts';

const MINUTE = 60;
const seconds = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / 1000;

/** When hosts began to drain or were launched. */
const disruptive = (played: Played) => [
  ...played.oldHosts.flatMap((id) => played.becameAt(id, 'DRAINING') ?? []),
  ...played.lines('host').flatMap(({ t, state }) => (t > 0 && state === 'pending' ? [t] : [])),
];

it.each(SEEDS)('a new image waits for the window and goes on in the next one (seed %i)', async (seed) => {
  const played = await play('p11a-a-new-image-waits-for-the-window', seed);
  const at = (time: string) => seconds('2026-10-24T22:50:00Z', time);
  // 01:00 to 01:40 and 04:00 to 06:00 in Berlin: between the two summer time ends.
  const windows = [
    [at('2026-10-24T23:00:00Z'), at('2026-10-24T23:40:00Z')],
    [at('2026-10-25T03:00:00Z'), at('2026-10-25T05:00:00Z')],
  ] as const;

  expect(wrongsOf(played)).toEqual([]);
  expect(played.result).toMatchObject({ outcome: 'SUCCEEDED', instances: { outdated: 4, replaced: 4 } });
  for (const t of disruptive(played)) expect(windows.some(([from, to]) => t >= from && t < to)).toBe(true);
  const ended = played.oldHosts.map((id) => played.endedAt(id) ?? 0);
  expect(ended.filter((t) => t < windows[0][1]).length).toBeGreaterThan(0);
  expect(ended.filter((t) => t > windows[1][0]).length).toBeGreaterThan(0);
  const started = played.notices('started').map(({ t }) => t);
  expect(started).toHaveLength(2);
  windows.forEach(([from], at) => {
    expect((started[at] ?? 0) - from).toBeGreaterThanOrEqual(0);
    expect((started[at] ?? 0) - from).toBeLessThan(10 * MINUTE);
  });
  const [first, second, ...more] = played.notices('pending_window').map(({ t }) => t);
  expect(first).toBeLessThan(MINUTE);
  expect(second).toBeGreaterThan(windows[0][1] - 60 * MINUTE);
  expect(second).toBeLessThan(windows[0][1] + 30 * MINUTE);
  expect(more).toEqual([]);
});

it.each(SEEDS)('nothing starts in a freeze (seed %i)', async (seed) => {
  const played = await play('p11b-and-for-the-end-of-the-freeze', seed);
  const opens = seconds('2027-01-03T21:30:00Z', '2027-01-03T23:00:00Z');

  expect(wrongsOf(played)).toEqual([]);
  expect(played.result).toMatchObject({ outcome: 'SUCCEEDED', instances: { replaced: 2 } });
  expect(Math.min(...disruptive(played))).toBeGreaterThanOrEqual(opens);
  expect(Math.min(...played.changes().map(({ t }) => t))).toBeGreaterThanOrEqual(opens);
  expect((played.notices('started')[0]?.t ?? 0) - opens).toBeLessThan(10 * MINUTE);
  expect(played.notices('pending_window')).toHaveLength(1);
});
