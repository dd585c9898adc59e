import { expect, it } from 'vitest';
import { play, SEEDS, wrongsOf } from './play.ts';

const THEIRS = 'i-00000000000000002';
const HOUR = 3600;

it.each(SEEDS)('a host that somebody drains is theirs (seed %i)', async (seed) => {
  const played = await play('p38a-somebody-drains-already', seed);
  expect(wrongsOf(played)).toEqual([]);
  expect(played.result).toMatchObject({ outcome: 'SUCCEEDED', instances: { outdated: 3, replaced: 3 } });
  expect(played.result.instances.exempt).toMatchObject([
    { instanceId: THEIRS, reason: expect.stringMatching(/somebody else set it to DRAINING/) },
  ]);
  expect(played.statusesOf(THEIRS).map(({ status }) => status)).toEqual(['DRAINING']);
  expect(played.endedAt(THEIRS)).toBeUndefined();
});

it.each(SEEDS)(
  'managed draining’s hook finds empty hosts, and nobody completes it for it (seed %i)',
  async (seed) => {
    const played = await play('p38b-managed-draining-has-its-hook', seed);
    expect(wrongsOf(played)).toEqual([]);
    expect(played.result).toMatchObject({ outcome: 'SUCCEEDED', restored: true, instances: { replaced: 4 } });
    expect(played.calls('AutoScaling.CompleteLifecycleAction')).toEqual([]);
    expect(played.calls('EC2.TerminateInstances')).toEqual([]);
    expect(played.calls('AutoScaling.TerminateInstanceInAutoScalingGroup').length).toBeGreaterThanOrEqual(4);
    expect(played.result.durationSeconds).toBeLessThan(HOUR);
  },
);

it.each(SEEDS)('a host that somebody sets back to ACTIVE is let be (seed %i)', async (seed) => {
  const played = await play('p38c-somebody-takes-a-host-back', seed);
  expect(wrongsOf(played)).toEqual([]);
  expect(played.result).toMatchObject({ outcome: 'PARTIAL', instances: { replaced: 3 } });
  const [taken, ...others] = Object.keys(played.held);
  expect(others).toEqual([]);
  expect(played.held[taken ?? '']?.reason).toMatch(/somebody else set it back to ACTIVE/);
  expect(played.statusesOf(taken ?? '').map(({ status }) => status)).toEqual([
    'ACTIVE',
    'DRAINING',
    'ACTIVE',
  ]);
  expect(played.endedAt(taken ?? '')).toBeUndefined();
  expect(played.notices('host-held')).toHaveLength(1);
});
