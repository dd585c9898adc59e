import { expect, it } from 'vitest';
import { play, SEEDS, wrongsOf } from './play.ts';

it.each(SEEDS)('a scheduled action, AZRebalance and a stopped host in the middle (seed %i)', async (seed) => {
  const played = await play('p14a-other-hands-on-the-group', seed);
  expect(wrongsOf(played)).toEqual([]);
  expect(played.result).toMatchObject({ outcome: 'SUCCEEDED', instances: { outdated: 4, replaced: 4 } });
  // Whose host ends under them are those of the host that was stopped from outside.
  const lost = played.lines('task').filter(({ cause }) => cause?.because === 'host-terminated');
  for (const { cause } of lost) expect(cause.actor.kind).toBe('fault');
  expect(played.notices('scheduled-action')).toHaveLength(1);

  const hosts = new Set(played.lines('host').map(({ instanceId }) => instanceId as string));
  const left = [...hosts].filter((id) => played.lastStateOf(id) === 'running');
  expect(left).toHaveLength(2);
  expect(played.calls('AutoScaling.SuspendProcesses')).toHaveLength(1);
  expect(played.calls('AutoScaling.ResumeProcesses')).toHaveLength(1);
});

it.each(SEEDS)('what its owner had suspended stays suspended (seed %i)', async (seed) => {
  const played = await play('p14b-a-suspension-of-the-owner-stays', seed);
  // Its suspensions are compared from outside: AZRebalance resumed would be a leftover.
  expect(wrongsOf(played)).toEqual([]);
  expect(played.result).toMatchObject({ outcome: 'SUCCEEDED', restored: true, instances: { replaced: 4 } });
  expect(played.calls('AutoScaling.ResumeProcesses')).toHaveLength(1);
});
