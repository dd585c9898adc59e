import { expect, it } from 'vitest';
import { play, wrongsOf } from './play.ts';

it.each([1, 2])('a daemon that dies on new hosts ends the run, by its name (seed %i)', async (seed) => {
  const played = await play('p17a-daemon-does-not-start', seed);
  expect(wrongsOf(played)).toEqual([]);
  expect(played.result).toMatchObject({ outcome: 'ROLLED_BACK', restored: true, instances: { replaced: 0 } });
  expect(played.result.reason).toContain('daemon logs');
});

it.each([1, 2])('no replica runs on a host without its daemon (seed %i)', async (seed) => {
  const played = await play('p17c-daemons-first-and-last', seed);
  expect(wrongsOf(played)).toEqual([]);
  expect(played.result).toMatchObject({ outcome: 'SUCCEEDED', instances: { replaced: 4 } });
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
