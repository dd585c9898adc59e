import { describe, expect, it } from 'vitest';
import { play, SEEDS, wrongsOf } from './play.ts';

const PINNED = 'i-00000000000000001';
const RACKED = 'i-00000000000000002';

describe('P19, tasks that fit on no new host', () => {
  it.each(SEEDS)('keep their hosts out before anything drains (seed %i)', async (seed) => {
    const played = await play('p19-tasks-that-fit-no-new-host', seed);
    const { result } = played;

    expect(wrongsOf(played)).toEqual([]);
    expect(result.outcome).toBe('PARTIAL');
    expect(Object.keys(played.held).sort()).toEqual([PINNED, RACKED]);
    expect(played.held[PINNED]).toMatchObject({ blockedBy: { service: 'pinned' } });
    expect(played.held[PINNED]?.reason).toContain('attribute:ecs.ami-id == ami-0aaaaaaaaaaaaaaa1');
    expect(played.held[RACKED]).toMatchObject({ blockedBy: { service: 'racked' } });
    expect(played.held[RACKED]?.reason).toContain('attribute:rack == a');
    for (const host of [PINNED, RACKED]) {
      expect(played.statusesOf(host).map(({ status }) => status)).toEqual(['ACTIVE']);
    }
    expect(played.calls('ECS.PutAttributes')).toEqual([]);
    // Those that can move did: the two others are gone, and no service lost a task on the way.
    expect(result.instances.replaced).toBe(2);
    for (const { lowestHealthy, desired } of result.services) expect(lowestHealthy).toBe(desired);
  });
});
