import { expect, it } from 'vitest';
import { play, SEEDS, wrongsOf } from './play.ts';

/** Of three each at the start: one may be away. */
const LEAST_PER_ZONE = 2;

it.each(SEEDS)(
  'no zone is emptied before another, and tasks are as even at the end (seed %i)',
  async (seed) => {
    const played = await play('p34-zones-stay-even', seed);
    expect(wrongsOf(played)).toEqual([]);
    expect(played.result).toMatchObject({ outcome: 'SUCCEEDED', instances: { replaced: 9 } });
    const zones = new Map(played.lines('host').map(({ instanceId, zone }) => [instanceId, zone as string]));

    const active = new Map<string, boolean>();
    for (const { t, instanceId, status } of played.lines('container-instance')) {
      active.set(instanceId, status === 'ACTIVE');
      if (t === 0) continue;
      const perZone = Map.groupBy(
        [...active].filter(([, isActive]) => isActive),
        ([id]) => zones.get(id),
      );
      expect(perZone.size).toBe(3);
      for (const hosts of perZone.values()) expect(hosts.length).toBeGreaterThanOrEqual(LEAST_PER_ZONE);
    }

    const last = new Map(played.lines('task').map((line) => [line.taskArn, line]));
    const web = [...last.values()].filter(
      ({ group, lastStatus }) => group === 'service:web' && lastStatus === 'RUNNING',
    );
    expect(web).toHaveLength(9);
    const counts = [...Map.groupBy(web, ({ instanceId }) => zones.get(instanceId)).values()].map(
      (some) => some.length,
    );
    expect(counts).toHaveLength(3);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  },
);
