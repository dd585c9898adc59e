import { describe, expect, it } from 'vitest';
import { play, SEEDS, wrongsOf } from './play.ts';

const SINCE_AND_NEXT = /held since 2026-11-22T1[23]:\d\d:\d\dZ.*; next: the next run tries it again$/;

describe('P47, which host does not go on, and why', () => {
  it.each(SEEDS)(
    'each is told with what blocks it, since when, and what comes next (seed %i)',
    async (seed) => {
      const played = await play('p47-which-host-and-why', seed);
      const { held } = played;

      expect(wrongsOf(played)).toEqual([]);
      expect(played.result.outcome).toBe('PARTIAL');
      expect(Object.keys(held).sort()).toEqual([1, 2, 3, 4].map((n) => `i-0000000000000000${n}`));
      const [stuck, worker, api, job] = Object.keys(held)
        .sort()
        .map((id) => held[id]);
      expect(stuck).toMatchObject({ blockedBy: { service: 'stuck' } });
      expect(stuck?.reason).toMatch(/none may stop and none may start.*next: .*maximumPercent/);
      expect(worker).toMatchObject({ blockedBy: { service: 'worker' } });
      expect(worker?.reason).toMatch(/task worker-\d is protected for longer than 30 min/);
      expect(api).toMatchObject({ blockedBy: { service: 'api' } });
      expect(api?.blockedBy?.message).toMatch(/Essential container in task exited \(exit code 1\)/);
      expect(job?.reason).toMatch(/standalone task import-\d+ still runs after 30 min/);
      for (const host of [worker, api, job]) expect(host?.reason).toMatch(SINCE_AND_NEXT);
      for (const host of Object.values(held)) expect(host.reason).not.toMatch(/timed? ?out/i);

      // The last notice says of each the very sentence of the result.
      const stays = played.notices('partial')[0]?.detail?.stays as { instanceId: string; reason: string }[];
      for (const { instanceId, reason } of stays) expect(reason).toBe(held[instanceId]?.reason);
      expect(stays).toHaveLength(4);
    },
  );
});
