import { expect, it } from 'vitest';
import { type Played, play, SEEDS, wrongsOf } from './play.ts';

/** Hosts that run at the end, with the group that each was launched by. */
function standing(played: Played) {
  const last = new Map(played.lines('host').map((line) => [line.instanceId, line]));
  return [...last.values()].filter(({ state }) => state === 'running');
}

it.each([
  ['p30a-draining-host-vanishes', 1],
  ['p30b-next-in-queue-host-vanishes', 2],
  ['p30c-new-host-vanishes', 1],
  ['p30d-canary-host-vanishes', 2],
  ['p43-new-host-ends-before-it-joins', 1],
] as const)('%s: the run goes on (seed %i)', async (folder, seed) => {
  const played = await play(folder, seed);
  expect(wrongsOf(played)).toEqual([]);
  expect(played.result).toMatchObject({ outcome: 'SUCCEEDED', instances: { replaced: 4 }, restored: true });
  expect(standing(played).map(({ image }) => image)).toEqual(Array(4).fill('ami-0bbbbbbbbbbbbbbb2'));
  // Nobody asks for the end of what somebody else has ended, and no hook of others is completed.
  const ended = new Set(
    played.lines('host').flatMap((line) => (line.state === 'terminated' ? line.instanceId : [])),
  );
  expect(played.calls('AutoScaling.TerminateInstanceInAutoScalingGroup')).toHaveLength(
    ended.size - played.lines('fault').length,
  );
  expect(played.calls('AutoScaling.CompleteLifecycleAction')).toEqual([]);
});

it.each(SEEDS)('P26: no host is left outside its group (seed %i)', async (seed) => {
  const played = await play('p26-no-orphans', seed);
  expect(wrongsOf(played)).toEqual([]);
  expect(played.result).toMatchObject({ outcome: 'SUCCEEDED', instances: { replaced: 4 } });
  expect(played.calls('AutoScaling.DetachInstances')).toEqual([]);
  expect(played.calls('EC2.TerminateInstances')).toEqual([]);
  expect(standing(played).map(({ group }) => group)).toEqual(Array(4).fill('hosts'));
});
