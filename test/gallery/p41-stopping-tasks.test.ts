import { describe, expect, it } from 'vitest';
import { play, SEEDS, wrongsOf } from './play.ts';

const FIRST = 'i-00000000000000001';
const SECOND = 'i-00000000000000002';
const STOPS_SECONDS = 1100;
/** Longest start that is no wait for a place: documented image pull and container start, and a look of the scheduler. */
const STARTS_SECONDS = 120;

describe('P41, tasks that stop hold their room', () => {
  it.each(SEEDS)('and nothing drains into it, nor stands still without a reason (seed %i)', async (seed) => {
    const played = await play('p41-stopping-tasks-hold-their-room', seed);

    expect(wrongsOf(played)).toEqual([]);
    expect(played.result.outcome).toBe('SUCCEEDED');
    expect(played.result.instances.held).toEqual([]);
    expect(played.result.capacity.peakInstances).toBeLessThanOrEqual(3);

    const told = played.toldToStopAt('slow-1') ?? Number.NaN;
    const stopped = played.task('slow-1').at(-1);
    expect(stopped).toMatchObject({ lastStatus: 'STOPPED' });
    expect((stopped?.t ?? 0) - told).toBeGreaterThanOrEqual(STOPS_SECONDS);
    expect(played.endedAt(FIRST)).toBeGreaterThan(stopped?.t ?? Number.POSITIVE_INFINITY);
    expect(played.endedAt(SECOND)).toBeDefined();

    // Each replacement runs soon after it was made: none waited for what stops.
    const made = new Map<string, number>();
    for (const { taskArn, t, lastStatus } of played.lines('task')) {
      if (t > 0 && !made.has(taskArn)) made.set(taskArn, t);
      if (t > 0 && lastStatus === 'RUNNING') expect(t - (made.get(taskArn) ?? t)).toBeLessThan(STOPS_SECONDS);
      if (t > 0 && lastStatus === 'ACTIVATING')
        expect(t - (made.get(taskArn) ?? t)).toBeLessThan(STARTS_SECONDS);
    }
    const silent = played.lines('decision').filter(({ reason }) => !reason);
    expect(silent).toEqual([]);
  });
});
