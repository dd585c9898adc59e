import { describe, expect, it } from 'vitest';
import { play, SEEDS } from './play.ts';

const NAMED = ['i-03bb4d8a6bce4456a', 'i-0c0365b5a3867cc38'];

describe.each(SEEDS)('P27, seed %i', (seed) => {
  it('gives everything back once AWS calls the notice off, and hears no older word after that', async () => {
    const played = await play('p27-a-notice-is-called-off', seed);
    expect(played.result).toMatchObject({ outcome: 'ABORTED', violations: [], leftovers: [] });
    for (const instanceId of NAMED) {
      expect(played.lastStateOf(instanceId)).toBe('running');
      expect(played.statusesOf(instanceId).at(-1)?.status).toBe('ACTIVE');
    }
    expect(NAMED.some((instanceId) => played.becameAt(instanceId, 'DRAINING') !== undefined)).toBe(true);
    const started = played.lines('notification').filter(({ subject }) => /: started$/.test(subject));
    expect(started).toHaveLength(1);
  });
});
