import { expect, it } from 'vitest';
import { type Line, type Played, play, SEEDS, wrongsOf } from './play.ts';

/** Changes of state of alarms whose names begin so, as they were told on the bus. */
const alarmsOf = (played: Played, prefix: string): Line[] =>
  played
    .lines('event')
    .filter((line) => line['detail-type'] === 'CloudWatch Alarm State Change')
    .filter((line) => line.detail.alarmName.startsWith(prefix));
const statesOf = (played: Played, prefix: string) =>
  alarmsOf(played, prefix).map(({ t, detail }) => ({ t, value: detail.state.value as string }));

/** Tasks that lost their host to anybody who did not drain it. */
const lost = (played: Played) =>
  played.lines('task').filter(({ cause }) => cause?.because === 'host-terminated');

it.each(SEEDS)('managed scaling goes on, and takes no new host (seed %i)', async (seed) => {
  const played = await play('p13a-managed-scaling-goes-on', seed);
  expect(wrongsOf(played)).toEqual([]);
  expect(played.result).toMatchObject({ outcome: 'SUCCEEDED', instances: { replaced: 6 } });
  expect(lost(played)).toEqual([]);
  expect(statesOf(played, 'TargetTracking-hosts-AlarmLow').map(({ value }) => value)).toContain('ALARM');

  const lastOld = Math.max(...played.oldHosts.map((id) => played.endedAt(id) ?? 0));
  const newHosts = new Set(played.lines('host').map(({ instanceId }) => instanceId as string));
  for (const id of played.oldHosts) newHosts.delete(id);
  expect(newHosts.size).toBeGreaterThanOrEqual(6);
  for (const id of newHosts) expect(played.endedAt(id) ?? lastOld).toBeGreaterThanOrEqual(lastOld);

  const web = played.lines('service').filter(({ serviceName }) => serviceName === 'web');
  expect(web.at(-1)).toMatchObject({ desired: 16, healthy: 16 });
  expect(played.calls('ECS.UpdateCapacityProvider')).toEqual([]);
});

it.each([
  ['p13b-two-groups-on-alarms', 1, 6],
  ['p13b-two-groups-on-alarms', 2, 6],
  ['p13c-a-group-at-rest-on-alarms', 1, 3],
  ['p13c-a-group-at-rest-on-alarms', 2, 3],
])('%s: alarms of the surge’s making take no host (seed %i)', async (folder, seed, replaced) => {
  const played = await play(folder, seed);
  expect(wrongsOf(played)).toEqual([]);
  expect(played.result).toMatchObject({ outcome: 'SUCCEEDED', instances: { outdated: replaced, replaced } });
  expect(lost(played)).toEqual([]);

  for (const group of ['blue', 'green']) {
    const low = statesOf(played, `TargetTracking-${group}-AlarmLow`);
    expect(low.map(({ value }) => value)).toContain('ALARM');
    expect(low.at(-1)?.value).toBe('OK');
    // Sizes and processes go back only then: the policy would act within a minute.
    const givenBack = played
      .lines('call')
      .filter(({ function: by, operation }) => by === 'restore' && /Update|Resume/.test(operation));
    expect(givenBack.length).toBeGreaterThan(0);
    expect(Math.min(...givenBack.map(({ t }) => t))).toBeGreaterThan(low.at(-1)?.t ?? 0);
  }
  const outdated = new Set(
    played
      .lines('host')
      .flatMap(({ t, image, instanceId }) => (t === 0 && /a1$/.test(image) ? instanceId : [])),
  );
  const atRest = played.oldHosts.filter((id) => !outdated.has(id));
  expect(atRest).toHaveLength(6 - replaced);
  for (const id of atRest) expect(played.endedAt(id)).toBeUndefined();
});
