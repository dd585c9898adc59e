import { expect, it } from 'vitest';
import { play, SEEDS, wrongsOf } from './play.ts';

const FORCED = 'ECS.DeregisterContainerInstance';

it.each(SEEDS)('a ghost goes by force once EC2 says terminated (seed %i)', async (seed) => {
  const played = await play('p50a-ghost-mid-run', seed);
  expect(wrongsOf(played)).toEqual([]);
  expect(played.result).toMatchObject({ outcome: 'SUCCEEDED', instances: { replaced: 4 } });
  const ghost = 'i-00000000000000002';
  const terminatedAt =
    played.lines('host').find(({ instanceId, state }) => instanceId === ghost && state === 'terminated')?.t ??
    Number.POSITIVE_INFINITY;
  const [forced, ...more] = played.calls(FORCED);
  expect(more).toEqual([]);
  expect(forced?.t).toBeGreaterThan(terminatedAt);
  expect(played.result.durationSeconds).toBeLessThan(1500);
  expect(played.statusesOf(ghost).at(-1)?.status).toBe('INACTIVE');
});

it('a ghost whose instance EC2 has forgotten is not counted, waited for or touched', async () => {
  const played = await play('p50b-ghost-at-the-start', 1);
  expect(wrongsOf(played)).toEqual([]);
  expect(played.result).toMatchObject({ outcome: 'SUCCEEDED', instances: { replaced: 4 } });
  expect(played.calls(FORCED)).toEqual([]);
  expect(played.statusesOf('i-00000000000000009').map(({ status }) => status)).toEqual(['ACTIVE']);
});
