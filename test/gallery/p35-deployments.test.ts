import { expect, it } from 'vitest';
import { play, SEEDS, wrongsOf } from './play.ts';

it.each(SEEDS)('a failing deployment is not the image’s fault (seed %i)', async (seed) => {
  const played = await play('p35a-failing-deployment-is-not-the-image', seed);
  expect(wrongsOf(played)).toEqual([]);
  expect(['FAILED', 'PARTIAL']).toContain(played.result.outcome);
  expect(played.result.reason).not.toContain('ami-');
  expect(played.result.restored).toBe(true);
  expect(played.calls('ECS.UpdateService')).toEqual([]);
  const [end] = played.notices(played.result.outcome.toLowerCase());
  expect(end?.message).toContain('web');
});

it.each(SEEDS)('a deployment in the middle is waited for (seed %i)', async (seed) => {
  const played = await play('p35c-deployment-in-the-middle', seed);
  expect(wrongsOf(played)).toEqual([]);
  expect(played.result).toMatchObject({ outcome: 'SUCCEEDED', instances: { replaced: 4 } });
  expect(played.calls('ECS.UpdateService')).toEqual([]);
});
