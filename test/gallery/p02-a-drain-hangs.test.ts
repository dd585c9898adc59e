import { describe, expect, it } from 'vitest';
import { play, wrongsOf } from './play.ts';

const STUCK = 'i-00000000000000002';
const DRAIN_TIMEOUT_SECONDS = 600;
/** The clock starts when DRAINING is decided, the call comes later. */
const CALL_SECONDS = 5;
describe('P02, a drain that hangs', () => {
  it.each([1, 2, 3])('names what blocks, gives the host back and keeps the task (seed %i)', async (seed) => {
    const played = await play('p02-a-drain-hangs', seed);
    const { result } = played;

    expect(wrongsOf(played)).toEqual([]);
    expect(result.outcome).toBe('PARTIAL');
    expect(result.instances).toMatchObject({ outdated: 4, replaced: 3 });
    expect(Object.keys(played.held)).toEqual([STUCK]);
    expect(played.held[STUCK]?.blockedBy?.service).toBe('api');
    expect(played.held[STUCK]?.reason).toMatch(
      /^api moved no task for 10 min; .*exit code 1.*tried 2 times; next:/,
    );

    // The healthy task of `api` is the one that did not end at the start.
    const healthy = ['api-5', 'api-6'].filter((id) => played.toldToStopAt(id) === undefined);
    expect(healthy).toHaveLength(1);
    expect(played.task(healthy[0] ?? '').at(-1)).toMatchObject({ instanceId: STUCK, lastStatus: 'RUNNING' });
    expect(played.endedAt(STUCK)).toBeUndefined();
    const statuses = played.statusesOf(STUCK).map(({ status }) => status);
    expect(statuses.at(-1)).toBe('ACTIVE');
    // Between the tries it goes back to work where what it keeps in motion keeps another host (seeds 1 and 2).
    expect(statuses.filter((status) => status === 'DRAINING').length).toBeLessThanOrEqual(2);

    const drainingAt = played.becameAt(STUCK, 'DRAINING') ?? 0;
    const [told, ...again] = played.notices('host-held');
    expect(again).toEqual([]);
    expect(told?.message).toContain('api moved no task');
    expect((told?.t ?? 0) - drainingAt).toBeGreaterThanOrEqual(DRAIN_TIMEOUT_SECONDS - CALL_SECONDS);
    expect((told?.t ?? 0) - drainingAt).toBeLessThan(DRAIN_TIMEOUT_SECONDS + 120);
  });
});
