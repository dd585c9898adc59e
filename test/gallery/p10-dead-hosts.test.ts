import { expect, it } from 'vitest';
import { play, SEEDS, wrongsOf } from './play.ts';

const SECOND = 'i-00000000000000002';
const END = 'AutoScaling.TerminateInstanceInAutoScalingGroup';

it.each(SEEDS)('a dead host goes without a drain, once there is room (seed %i)', async (seed) => {
  const played = await play('p10a-dead-host', seed);
  // Its tasks count as killed: ECS could not stop them any more (design of the result).
  expect(wrongsOf(played).filter((wrong) => !wrong.endsWith('tasks killed'))).toEqual([]);
  expect(played.result).toMatchObject({ outcome: 'SUCCEEDED', instances: { replaced: 4 }, restored: true });
  const goneAt = played
    .lines('container-instance')
    .find(({ instanceId, agentConnected }) => instanceId === SECOND && agentConnected === false)?.t;
  const endedAt = played.endedAt(SECOND) ?? 0;
  expect(endedAt - (goneAt ?? 0)).toBeGreaterThanOrEqual(600);
  expect(endedAt - (goneAt ?? 0)).toBeLessThan(1200);
  const tasks = new Set(
    played
      .lines('task')
      .filter((line) => line.t === 0 && line.instanceId === SECOND && line.group !== 'service:logs')
      .map(({ taskArn }) => taskArn),
  );
  expect(played.result.tasks.killed).toBeLessThanOrEqual(tasks.size);
  for (const { healthy, desired } of [
    ...new Map(played.lines('service').map((l) => [l.serviceName, l])).values(),
  ])
    expect(healthy).toBeGreaterThanOrEqual(desired);
});

it('agents that flap change nothing', async () => {
  const played = await play('p10b-agent-flaps', 1);
  expect(wrongsOf(played)).toEqual([]);
  expect(played.result).toMatchObject({ outcome: 'SUCCEEDED', instances: { replaced: 4 } });
  expect(played.notices('host-held')).toEqual([]);
  expect(played.result.tasks.killed).toBe(0);
});

it.each(SEEDS)(
  'most agents gone for longer than a drain may stand still: nothing is done meanwhile (seed %i)',
  async (seed) => {
    const played = await play('p10c-mass-disconnect', seed);
    expect(wrongsOf(played)).toEqual([]);
    expect(played.result).toMatchObject({ outcome: 'SUCCEEDED', instances: { replaced: 9 } });
    const from = played.lines('fault')[0]?.t ?? 0;
    const acts = played
      .changes()
      .filter(({ t, operation }) => t > from + 60 && t < from + 2400 && operation !== 'ECS.PutAttributes');
    expect(acts.map(({ operation }) => operation)).toEqual([]);
    expect(played.notices('frozen')).toHaveLength(1);
    expect(played.notices('host-held')).toEqual([]);
    expect(played.result.tasks.killed).toBe(0);
  },
);

it.each(SEEDS)(
  'a silent host that EC2 calls well is held, its tasks live, the run ends (seed %i)',
  async (seed) => {
    const played = await play('p10e-silent-host', seed);
    expect(wrongsOf(played)).toEqual([]);
    expect(played.result).toMatchObject({ outcome: 'PARTIAL', instances: { replaced: 3 }, restored: true });
    expect(played.held[SECOND]?.reason).toContain('its agent has been away');
    expect(played.endedAt(SECOND)).toBeUndefined();
    expect(played.statusesOf(SECOND).at(-1)?.status).toBe('ACTIVE');
    expect(played.result.durationSeconds).toBeLessThan(3 * 3600);
    expect(played.calls(END).length).toBeGreaterThan(0);
  },
);

it.each(SEEDS)(
  'a dead host that AWS announces goes without a drain, alone and once, and the notice is done (seed %i)',
  async (seed) => {
    const played = await play('p10f-dead-host-is-announced', seed);
    expect(wrongsOf(played).filter((wrong) => !wrong.endsWith('tasks killed'))).toEqual([]);
    expect(played.result).toMatchObject({ outcome: 'SUCCEEDED', instances: { outdated: 1, replaced: 1 } });
    const ended = played.lines('host').filter(({ t, state }) => t > 0 && state === 'shutting-down');
    expect(ended.map(({ instanceId }) => instanceId)).toEqual([SECOND]);
    // One new host in place of one: a second answer would have launched another.
    const launched = played.lines('host').filter(({ t, state }) => t > 0 && state === 'pending');
    expect(launched).toHaveLength(1);
    expect(played.calls(END)).toHaveLength(1);
    expect(played.endedAt(SECOND)).toBeGreaterThanOrEqual(660);
    expect(played.endedAt(SECOND)).toBeLessThan(1200);
    // Never as one that drains: its tasks would not stop.
    const draining = played.lines('container-instance').filter(({ status }) => status === 'DRAINING');
    expect(draining.map(({ instanceId }) => instanceId).filter((id) => id !== SECOND)).toEqual([]);
    for (const { healthy, desired } of [
      ...new Map(played.lines('service').map((l) => [l.serviceName, l])).values(),
    ])
      expect(healthy).toBeGreaterThanOrEqual(desired);
    expect(played.notices('notice-done')).toHaveLength(1);
  },
);
