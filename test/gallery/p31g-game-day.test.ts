import { describe, expect, it } from 'vitest';
import { type Played, play, SEEDS, wrongsOf } from './play.ts';

/** From the log, not from the product: when each task was told to stop because of us, in order. */
function stopsOf(played: Played) {
  return played
    .lines('task')
    .filter(({ desiredStatus, cause }) => desiredStatus === 'STOPPED' && cause?.because === 'stop-task')
    .filter(({ taskArn, t }, at, all) => all.findIndex((one) => one.taskArn === taskArn) === at && t > 0);
}

/** Healthy tasks of the service, at a moment. */
function healthyAt(played: Played, serviceName: string, t: number): number | undefined {
  return played.lines('service').findLast((line) => line.serviceName === serviceName && line.t < t)?.healthy;
}

describe.each(SEEDS)('P31g, seed %i', (seed) => {
  it('stops one task at a time, waits for each service to be whole, and keeps what it measured', async () => {
    const played = await play('p31g-game-day', seed);
    expect(wrongsOf(played)).toEqual([]);
    const { outcome, services, redeployed, notifications } = played.result;
    expect(outcome).toBe('PARTIAL');

    const stops = stopsOf(played);
    expect(stops.map(({ group }) => group)).toEqual([
      ...Array(2).fill('service:web'),
      ...Array(2).fill('service:api'),
      'service:billing',
    ]);
    const desired = { 'service:web': 4, 'service:api': 3, 'service:billing': 2 } as const;
    for (const { group, t } of stops) {
      // Whole at each stop, the other services too.
      for (const [service, count] of Object.entries(desired))
        expect(healthyAt(played, service.replace('service:', ''), t), `${group} ${t}`).toBe(count);
    }
    for (const { desired: wanted, lowestHealthy } of services) expect(lowestHealthy).toBe(wanted - 1);
    // Who and why, for whoever finds the task.
    for (const { cause } of stops) expect(cause.text).toMatch(/^ecs-rollover game day .*started by hand/);
    // Another zone the second time; on Fargate another task.
    const zoneOf = (instanceId: string) =>
      played.lines('host').find((line) => line.instanceId === instanceId)?.zone;
    const web = stops.filter(({ group }) => group === 'service:web');
    expect(new Set(web.map(({ instanceId }) => zoneOf(instanceId))).size).toBe(2);
    // None of those that replaced one.
    for (const { taskArn } of stops) expect(played.task(taskArn)[0]?.t).toBe(0);

    expect(redeployed.map((one) => [one.service, one.outcome])).toEqual([
      ['web', 'recovered'],
      ['api', 'recovered'],
      ['billing', 'recovered'],
    ]);
    expect(redeployed[2]?.proof).toContain('protected from scale-in');
    expect(played.changes().map(({ operation }) => operation)).toEqual(Array(5).fill('ECS.StopTask'));
    expect(notifications).toHaveLength(1);
  });
});

describe.each(SEEDS)('P31h, seed %i', (seed) => {
  it('ends at the first service that does not come back, and touches no other', async () => {
    const played = await play('p31h-a-service-does-not-recover', seed);
    expect(wrongsOf(played)).toEqual([]);
    const { outcome, reason, durationSeconds } = played.result;
    expect(outcome).toBe('FAILED');
    expect(stopsOf(played).map(({ group }) => group)).toEqual(['service:web']);
    expect(played.changes()).toHaveLength(1);
    // Ten minutes as set, and a look before and after.
    expect(durationSeconds).toBeGreaterThan(600);
    expect(durationSeconds).toBeLessThan(660);
    expect(reason).toMatch(/^web: 10 min after .* 3 of 4 tasks run.*not touched any more: api/);
    const [told] = played.notices('failed');
    expect(told?.detail?.services).toEqual([
      expect.objectContaining({ service: 'web', outcome: 'not-recovered' }),
    ]);
  });

  it('never stops a second task where the answer to its call gets lost', async () => {
    const lost = { kind: 'lost-response', atSeconds: 0, operation: 'ECS.StopTask', times: 3 } as const;
    const stall = { kind: 'pending-stall', atSeconds: 0, service: 'web', seconds: 7200 } as const;
    const played = await play('p31h-a-service-does-not-recover', seed, { faults: [stall, lost] });
    expect(wrongsOf(played)).toEqual([]);
    expect(stopsOf(played)).toHaveLength(1);
    expect(played.result.outcome).toBe('FAILED');
  });
});

describe.each(SEEDS)('P31i, seed %i', (seed) => {
  it('changes nothing of services that did not opt in, and says what to do', async () => {
    const played = await play('p31i-not-opted-in', seed);
    expect(wrongsOf(played)).toEqual([]);
    expect(played.result.outcome).toBe('REFUSED');
    expect(played.result.reason).toContain('rollover:game-day=true');
    expect(played.changes()).toEqual([]);
    expect(played.notices('refused')).toHaveLength(1);
  });
});
