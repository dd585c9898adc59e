import { expect, it } from 'vitest';
import { play, SEEDS, wrongsOf } from './play.ts';

it.each(SEEDS)('MaxSize is raised by one for the run, and lowered again (seed %i)', async (seed) => {
  const played = await play('p28a-max-is-raised-and-lowered', seed);
  expect(wrongsOf(played)).toEqual([]);
  expect(played.result).toMatchObject({
    outcome: 'SUCCEEDED',
    restored: true,
    instances: { replaced: 6 },
    capacity: { peakInstances: 7 },
  });
});

it.each(SEEDS)(
  'where it may not be raised the plan refuses, and nothing is touched (seed %i)',
  async (seed) => {
    const played = await play('p28b-max-may-not-be-raised', seed);
    expect(wrongsOf(played)).toEqual([]);
    expect(played.result.outcome).toBe('REFUSED');
    expect(played.result.findings).toContainEqual(
      expect.objectContaining({
        severity: 'blocks',
        field: 'MaxSize',
        remedy: expect.stringMatching(/raise MaxSize/),
      }),
    );
    expect(played.changes()).toEqual([]);
  },
);
