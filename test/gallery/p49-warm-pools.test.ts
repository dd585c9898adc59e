import { expect, it } from 'vitest';
import { play, SEEDS, wrongsOf } from './play.ts';

const OLD_IMAGE = 'ami-0aaaaaaaaaaaaaaa1';

it.each(SEEDS)('no host of the old image is left in service, or waits to come (seed %i)', async (seed) => {
  const played = await play('p49-a-warm-pool-keeps-no-old-host', seed);
  expect(wrongsOf(played)).toEqual([]);
  expect(played.result).toMatchObject({ outcome: 'SUCCEEDED', restored: true, instances: { replaced: 3 } });
  const hosts = played.lines('host');
  for (const { instanceId, image } of hosts)
    if (image === OLD_IMAGE)
      expect(['shutting-down', 'terminated']).toContain(played.lastStateOf(instanceId));
  const running = new Set(
    hosts.flatMap(({ instanceId }) => (played.lastStateOf(instanceId) === 'running' ? instanceId : [])),
  );
  expect(running.size).toBeGreaterThanOrEqual(5);
  const ofPool = played.lines('call').filter(({ operation }) => /(Put|Delete)WarmPool$/.test(operation));
  expect(ofPool.map(({ operation }) => operation)).toEqual([
    'AutoScaling.DeleteWarmPool',
    'AutoScaling.PutWarmPool',
  ]);
});
