/** A judge that cries wolf is none: careful work by hand is left in peace, whatever is drawn. */
import { describe, expect, it } from 'vitest';
import { roll, SMALL_CLUSTER } from '../support/rolled-account.ts';
import { careful, swift } from './careful.ts';
import { OPTED_IN, rehearsesWithCare } from './game-day.ts';

describe('a careful orchestrator', () => {
  it.each([1, 2, 3])('is told nothing, and moves each task once (seed %i)', async (seed) => {
    const { violations, measured, seconds, failure } = await roll(careful, { seed });
    expect(failure).toBeUndefined();
    expect(violations).toEqual([]);
    expect(measured.instances).toEqual({ outdated: 4, replaced: 4 });
    expect(measured.tasks).toMatchObject({ total: 16, killed: 0 });
    expect(measured.restored).toBe(true);
    expect(measured.capacity).toMatchObject({ instancesBefore: 4, peakInstances: 8 });
    expect(measured.bound.durationSeconds).toBeGreaterThan(0);
    expect(measured.bound.durationSeconds).toBeLessThanOrEqual(seconds);
  });
});

describe('a game day that is played with care', () => {
  it('is told nothing of its stops', async () => {
    const { violations, measured, failure } = await roll(rehearsesWithCare, OPTED_IN);
    expect(failure).toBeUndefined();
    // No host was replaced: that much it is told, since it is judged as a rollover.
    expect(violations.filter(({ invariant }) => invariant !== 'I7')).toEqual([]);
    expect(measured.tasks.killed).toBe(0);
  });
});

describe('a swift orchestrator that may move everything at once', () => {
  /** Without a service that may stop first: of that one, two zones at a time are wrong whatever the share. */
  const cluster = {
    ...SMALL_CLUSTER,
    services: SMALL_CLUSTER.services.filter(({ name }) => name !== 'worker'),
  };

  it.each([1, 2, 3])(
    'is told nothing, moves each task once, and is near the bound (seed %i)',
    async (seed) => {
      const settings = { maxTasksInMotionPercent: 100 };
      const { violations, measured, seconds } = await roll(swift, { seed, settings, cluster });
      expect(violations).toEqual([]);
      expect(measured.tasks).toEqual({
        total: 8,
        moves: 8,
        movesPerTask: 1,
        mostMovesOfOneTask: 1,
        killed: 0,
      });
      const bound = measured.bound.durationSeconds ?? 0;
      expect(bound).toBeLessThanOrEqual(seconds);
      expect(bound).toBeGreaterThan(seconds / 2);
    },
  );
});
