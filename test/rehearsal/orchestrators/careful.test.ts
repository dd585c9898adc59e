/** A judge that cries wolf is none: careful work by hand is left in peace, whatever is drawn. */
import { describe, expect, it } from 'vitest';
import { roll } from '../support/rolled-account.ts';
import { careful } from './careful.ts';

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
