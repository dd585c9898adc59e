import { describe, expect, it } from 'vitest';
import { play, wrongsOf } from './play.ts';

const NAMED = ['i-00000000000000003', 'i-00000000000000007'];

/** The clock of both stories starts on Sunday, 2026-11-22 at noon, UTC. */
const secondsUntil = (iso: string) => (Date.parse(iso) - Date.parse('2026-11-22T12:00:00Z')) / 1000;

describe.each([
  ['p18d-retiring-hosts-wait-for-the-window', '2026-11-22T16:00:00Z', '2026-11-22T19:00:00Z'],
  ['p18e-no-window-before-the-date', '2026-11-22T16:00:00Z', '2026-11-23T16:00:00Z'],
])('%s', (folder, from, until) => {
  it('replaces the two in time, the others never, and says once that it waits', async () => {
    const played = await play(folder, 1);

    expect(wrongsOf(played)).toEqual([]);
    expect(played.result.outcome).toBe('SUCCEEDED');
    expect(played.oldHosts.filter((host) => played.endedAt(host) !== undefined).sort()).toEqual(NAMED);
    const first = Math.min(...played.changes().map(({ t }) => t));
    expect(first).toBeGreaterThanOrEqual(secondsUntil(from));
    // The sweep comes every five minutes.
    expect(first).toBeLessThan(secondsUntil(from) + 400);
    expect(Math.max(...played.changes().map(({ t }) => t))).toBeLessThan(secondsUntil(until));
    expect(played.notices('pending_window')).toHaveLength(1);
    const [started] = played.notices('started');
    const isOutside = folder.startsWith('p18e');
    expect(started?.message.includes('outside of Wed 02:00-05:00 Europe/Berlin, since the deadline')).toBe(
      isOutside,
    );
  });
});
