import { describe, expect, it } from 'vitest';
import { play, SEEDS } from './play.ts';

const NAMED = ['i-03bb4d8a6bce4456a', 'i-0c0365b5a3867cc38'];

describe.each(SEEDS)('P18b, seed %i', (seed) => {
  it('replaces exactly the hosts that the notice names, once, however often it comes', async () => {
    const played = await play('p18b-a-notice-of-retirement', seed);
    expect(played.result).toMatchObject({ outcome: 'SUCCEEDED', violations: [], leftovers: [] });
    const drained = played
      .lines('container-instance')
      .filter(({ t, status }) => t > 0 && status === 'DRAINING')
      .map((line) => line.instanceId);
    expect([...new Set(drained)].sort()).toEqual(NAMED);
    for (const instanceId of NAMED)
      expect(played.lastStateOf(instanceId)).toMatch(/shutting-down|terminated/);
    // As many new hosts as old ones went: a repeat that was answered again would have launched more.
    const launched = played.lines('host').filter(({ t, state }) => t > 0 && state === 'pending');
    expect(launched).toHaveLength(NAMED.length);
    const stopped = played.lines('host').filter(({ state }) => state === 'stopping' || state === 'stopped');
    expect(stopped).toEqual([]);
  });
});
