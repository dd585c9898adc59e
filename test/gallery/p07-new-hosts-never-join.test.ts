import { expect, it } from 'vitest';
import { type Played, play, wrongsOf } from './play.ts';

const drained = (played: Played) =>
  played.oldHosts.filter((host) => played.becameAt(host, 'DRAINING') !== undefined);
const running = (played: Played) =>
  [...new Set(played.lines('host').map(({ instanceId }) => instanceId))].filter(
    (host) => played.lastStateOf(host) === 'running',
  );

it.each([
  ['p07a-hosts-never-register', 'never joined', 1, 1],
  ['p07b-hosts-join-the-default-cluster', 'never joined', 1, 1],
  ['p07c-agents-disconnect-at-once', 'does not become ready', 2, 3],
] as const)('%s: %s', async (folder, reason, launched, seed) => {
  const played = await play(folder, seed);
  expect(wrongsOf(played).filter((wrong) => !wrong.endsWith('never fired'))).toEqual([]);
  expect(played.result.outcome).toBe('ROLLED_BACK');
  expect(played.result.reason).toContain(reason);
  expect(drained(played)).toEqual([]);
  expect(running(played)).toEqual(played.oldHosts);
  // Nothing of theirs is in the cluster, and what is in another one is not ours.
  const ofEcs = played.changes().filter(({ operation }) => operation.startsWith('ECS.'));
  if (launched === 1) expect(ofEcs).toEqual([]);
  // One at a time; Auto Scaling may have begun to launch the successor of the one that was taken away.
  const all = new Set(played.lines('host').map(({ instanceId }) => instanceId)).size;
  expect(all - 4).toBeGreaterThanOrEqual(launched);
  expect(all - 4).toBeLessThanOrEqual(launched === 1 ? 1 : launched + 1);
  expect(played.result.durationSeconds).toBeGreaterThan(600);
  expect(played.result.restored).toBe(true);
});

it('agents that are lost in the trial condemn the image, and nothing is left of it', async () => {
  const played = await play('p07d-agents-disconnect-in-the-trial', 1);
  // What ECS could not stop any more counts as killed (design of the result), as on any dead host.
  expect(wrongsOf(played).filter((wrong) => !wrong.endsWith('tasks killed'))).toEqual([]);
  expect(played.result).toMatchObject({ outcome: 'ROLLED_BACK', restored: true, instances: { replaced: 0 } });
  expect(played.result.reason).toContain('does not stay connected');
  expect(running(played)).toEqual(played.oldHosts);
  expect(drained(played)).toHaveLength(1);
  for (const { lowestHealthy, allowedMinimum } of played.result.services)
    expect(lowestHealthy).toBeGreaterThanOrEqual(allowedMinimum);
});
