import { expect, it } from 'vitest';
import { play, SEEDS, wrongsOf } from './play.ts';

const KEPT = 'i-00000000000000002';
const DAEMONS_ONLY = 'i-00000000000000004';

it.each(SEEDS)(
  'ends exactly the drained hosts, and not the one that somebody keeps (seed %i)',
  async (seed) => {
    const played = await play('p21-three-meanings-of-protected', seed);
    // The flag on the group and on each host is compared from outside.
    expect(wrongsOf(played)).toEqual([]);
    expect(played.result).toMatchObject({ outcome: 'PARTIAL', restored: true, instances: { replaced: 3 } });
    expect(Object.keys(played.held)).toEqual([KEPT]);
    expect(played.held[KEPT]?.reason).toMatch(/disableApiTermination is set/);
    expect(played.notices('host-held').map(({ message }) => message)).toEqual([
      expect.stringContaining('disableApiTermination'),
    ]);
    expect(played.endedAt(KEPT)).toBeUndefined();
    expect(played.statusesOf(KEPT).at(-1)?.status).toBe('ACTIVE');
    expect(played.endedAt(DAEMONS_ONLY)).toBeGreaterThan(0);
    // The account would end any that it chose itself: the hosts that went had nothing but daemons left.
    expect(played.result.tasks.killed).toBe(0);
  },
);
