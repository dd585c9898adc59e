import { describe, expect, it } from 'vitest';
import { play, SEEDS, wrongsOf } from './play.ts';

const TAKEN = ['i-00000000000000007', 'i-0000000000000000a'];

describe.each(SEEDS)('seed %i', (seed) => {
  it.each([
    ['p44a-spot-takes-hosts', false],
    ['p44b-hosts-that-drain-themselves', true],
  ])('%s: they count as moving and are left to AWS, and the run goes on', async (folder, drains) => {
    const played = await play(folder, seed);
    expect(wrongsOf(played)).toEqual([]);
    expect(played.result).toMatchObject({ outcome: 'SUCCEEDED', instances: { outdated: 12, replaced: 12 } });
    const [web] = played.result.services;
    expect(web?.lowestHealthy).toBeGreaterThanOrEqual(web?.allowedMinimum ?? Number.NaN);

    const warnedAt = played.lines('fault')[0]?.t ?? Number.NaN;
    const endsAt = Math.min(...TAKEN.map((host) => played.endedAt(host) ?? Number.NaN));
    const drainedMeanwhile = played.oldHosts.filter((host) => {
      const at = played.becameAt(host, 'DRAINING') ?? Number.POSITIVE_INFINITY;
      return !TAKEN.includes(host) && at > warnedAt && at < endsAt;
    });
    // Of 24 tasks 7 may be missing: four go with the two hosts, and each host carries two.
    expect(drainedMeanwhile).toHaveLength(1);
    for (const host of TAKEN) {
      const byItself = played.statusesOf(host).filter(({ t }) => t < (played.endedAt(host) ?? 0));
      expect(byItself.map(({ status }) => status)).toEqual(drains ? ['ACTIVE', 'DRAINING'] : ['ACTIVE']);
    }
    expect(played.notices('spot-interruption').map(({ detail }) => detail?.instanceId)).toEqual(TAKEN);
  });
});
