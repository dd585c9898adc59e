import { expect, it } from 'vitest';
import { play, SEEDS, wrongsOf } from './play.ts';

it.each(SEEDS)('the only host is replaced without a second without it (seed %i)', async (seed) => {
  const played = await play('p16a-a-group-of-one', seed);
  expect(wrongsOf(played)).toEqual([]);
  expect(played.result).toMatchObject({
    outcome: 'SUCCEEDED',
    restored: true,
    instances: { replaced: 1 },
    capacity: { peakInstances: 2 },
  });
  const healthy = played.lines('service').map((line) => line.healthy as number);
  expect(Math.min(...healthy)).toBeGreaterThanOrEqual(1);

  const statuses = new Map<string, string>();
  for (const { instanceId, status } of played.lines('container-instance')) {
    statuses.set(instanceId, status);
    expect([...statuses.values()]).toContain('ACTIVE');
  }
});

it.each(SEEDS)('where MaxSize may not be raised the plan refuses and says so (seed %i)', async (seed) => {
  const played = await play('p16b-a-group-of-one-that-may-not-grow', seed);
  expect(wrongsOf(played)).toEqual([]);
  expect(played.result.outcome).toBe('REFUSED');
  expect(played.result.reason).toMatch(/MaxSize is 1 with 1 desired, and raiseMaxSize is false/);
  expect(played.result.findings).toContainEqual(
    expect.objectContaining({ severity: 'blocks', field: 'MaxSize' }),
  );
  expect(played.changes()).toEqual([]);
  expect(played.notices('refused')).toHaveLength(1);
});
