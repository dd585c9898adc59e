import { describe, expect, it } from 'vitest';
import { play, SEEDS, wrongsOf } from './play.ts';

const STUCK = 'i-00000000000000003';

describe('P39, one host that cannot be emptied', () => {
  it.each(SEEDS)('does not hold up the others, and is tried once more last (seed %i)', async (seed) => {
    const played = await play('p39a-one-host-does-not-hold-up-the-others', seed);
    const { result } = played;

    expect(wrongsOf(played)).toEqual([]);
    expect(result.outcome).toBe('PARTIAL');
    expect(result.instances).toMatchObject({ outdated: 10, replaced: 9 });
    expect(Object.keys(played.held)).toEqual([STUCK]);
    expect(played.held[STUCK]?.reason).toMatch(/api .*exit code 1.*tried 2 times/);
    const others = played.oldHosts.filter((host) => host !== STUCK);
    const lastEndedAt = Math.max(...others.map((host) => played.endedAt(host) ?? Number.POSITIVE_INFINITY));
    const givenBackAt = played.statusesOf(STUCK).at(-1);
    expect(givenBackAt?.status).toBe('ACTIVE');
    // A whole drain timeout lies between the end of the others and its giving back: the second try.
    expect((givenBackAt?.t ?? 0) - lastEndedAt).toBeGreaterThanOrEqual(500);
  });

  it.each(SEEDS)('ends the run where no host may be held (seed %i)', async (seed) => {
    const played = await play('p39b-more-held-hosts-than-allowed', seed);
    const { result } = played;

    expect(wrongsOf(played)).toEqual([]);
    expect(result.outcome).toBe('PARTIAL');
    expect(result.reason).toContain('maxHeldInstances (0)');
    const heldAt = played.notices('host-held').find(({ detail }) => detail?.instanceId === STUCK)?.t ?? 0;
    const drainedLater = played.oldHosts.filter((host) => (played.becameAt(host, 'DRAINING') ?? 0) > heldAt);
    expect(drainedLater).toEqual([]);
    expect(result.instances.held).toHaveLength(10 - result.instances.replaced);
    expect(result.restored).toBe(true);
  });
});
