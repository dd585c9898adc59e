import { expect, it } from 'vitest';
import { play, wrongsOf } from './play.ts';

it.each([
  ['p17a-daemon-does-not-start', 1],
  ['p17b-daemon-dies-after-a-while', 1],
  ['p17b-daemon-dies-after-a-while', 2],
] as const)('%s: the run ends, by the daemon’s name (seed %i)', async (folder, seed) => {
  const played = await play(folder, seed);
  expect(wrongsOf(played)).toEqual([]);
  expect(played.result).toMatchObject({ outcome: 'ROLLED_BACK', restored: true, instances: { replaced: 0 } });
  expect(played.result.reason).toContain('daemon logs');
  const drained = played.oldHosts.filter((host) => played.becameAt(host, 'DRAINING') !== undefined);
  expect(drained).toHaveLength(folder.startsWith('p17a') ? 0 : 1);
});

it('no replica runs on a host without its daemon, and none drains before the daemon is healthy', async () => {
  const played = await play('p17c-daemons-first-and-last', 1);
  expect(wrongsOf(played)).toEqual([]);
  expect(played.result).toMatchObject({ outcome: 'SUCCEEDED', instances: { replaced: 4 } });
  const firstDrain = Math.min(...played.oldHosts.map((host) => played.becameAt(host, 'DRAINING') ?? 0));
  const healthy = played
    .lines('task')
    .filter(
      ({ group, instanceId, healthy: isHealthy }) =>
        group === 'service:logs' && isHealthy && !played.oldHosts.includes(instanceId),
    );
  expect(firstDrain).toBeGreaterThan(healthy[0]?.t ?? Number.POSITIVE_INFINITY);
  const withDaemon = new Set<string>();
  const replicas = new Map<string, Set<string>>();
  for (const { taskArn, group, instanceId, lastStatus } of played.lines('task')) {
    const on = replicas.get(instanceId) ?? new Set();
    replicas.set(instanceId, on);
    if (group === 'service:logs') {
      if (lastStatus === 'RUNNING') withDaemon.add(instanceId);
      if (lastStatus === 'STOPPED') {
        expect([...on], `logs stopped on ${instanceId}`).toEqual([]);
        withDaemon.delete(instanceId);
      }
    } else if (lastStatus === 'STOPPED') on.delete(taskArn);
    else {
      on.add(taskArn);
      if (lastStatus === 'RUNNING' && !played.oldHosts.includes(instanceId))
        expect(withDaemon.has(instanceId), `${group} on ${instanceId}`).toBe(true);
    }
  }
});
