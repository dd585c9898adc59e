import { expect, it } from 'vitest';
import { play, SEEDS, wrongsOf } from './play.ts';

/** One call that asks, and at most one that asks again before it gives up. */
const MOST_REQUESTS = 2;

it.each(SEEDS)('one zone without capacity: what is ready counts (seed %i)', async (seed) => {
  const played = await play('p29a-no-capacity-in-one-zone', seed);
  expect(wrongsOf(played)).toEqual([]);
  expect(played.result).toMatchObject({ outcome: 'SUCCEEDED', restored: true, instances: { replaced: 6 } });
  const launched = played.lines('host').filter(({ t, state }) => t > 0 && state === 'pending');
  expect(new Set(launched.map(({ zone }) => zone))).toEqual(new Set(['eu-west-1a', 'eu-west-1c']));

  // No old host drains before some new one has joined.
  const joined = played
    .lines('container-instance')
    .filter(({ instanceId, status }) => status === 'ACTIVE' && !played.oldHosts.includes(instanceId));
  const drained = played.oldHosts.map((id) => played.becameAt(id, 'DRAINING') ?? Number.NaN);
  expect(Math.min(...drained)).toBeGreaterThan(joined[0]?.t ?? Number.POSITIVE_INFINITY);
});

it.each(SEEDS)(
  'no capacity at all: nothing drains, and Auto Scaling’s own message is told (seed %i)',
  async (seed) => {
    const played = await play('p29b-the-quota-is-used-up', seed);
    expect(wrongsOf(played)).toEqual([]);
    expect(played.result).toMatchObject({ outcome: 'FAILED', restored: true, instances: { replaced: 0 } });
    expect(played.result.reason).toMatch(/more vCPU capacity than your current vCPU limit/);
    expect(played.notices('failed')[0]?.message).toMatch(/vCPU limit/);
    for (const id of played.oldHosts)
      expect(played.statusesOf(id).map(({ status }) => status)).toEqual(['ACTIVE']);
    const asked = played
      .calls('AutoScaling.UpdateAutoScalingGroup')
      .filter((call) => call.function === 'register');
    expect(asked.length).toBeLessThanOrEqual(MOST_REQUESTS);
  },
);
