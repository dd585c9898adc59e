/** Rules 13 to 15: demand that finds no place while hosts drain. */
import { describe, expect, it } from 'vitest';
import type { Facts, ServiceFacts, TaskFacts } from '../../functions/core/facts.ts';
import type { HostMemory } from '../../functions/core/memory.ts';
import { backOffUntilMs } from '../../functions/core/rules/unplaced.ts';
import { task } from '../support/facts.ts';
import { drainingAfterTrial, see, withRun, withTasks } from '../support/mid-run.ts';

const MINUTE = 60_000;
const FAILED =
  '(service web) was unable to place a task because no container instance met all of its requirements.';
const THROTTLED = '(service web) is unable to consistently start tasks successfully.';
const STEADY = '(service web) has reached a steady state.';

describe('rule 14: until when the scheduler backs off', () => {
  const until = (nowMinutes: number, ...events: ServiceFacts['events']) => {
    const untilMs = backOffUntilMs({ events }, nowMinutes * MINUTE);
    return untilMs === undefined ? undefined : untilMs / MINUTE;
  };
  const said = (message: string, atMinutes = 0) => ({ atMs: atMinutes * MINUTE, message });

  it.each<[string, number, ServiceFacts['events'], number | undefined]>([
    ['20 minutes after a failed attempt', 5, [said(FAILED)], 20],
    ['30 when it throttles itself', 5, [said(THROTTLED)], 30],
    ['counted from the last attempt that ECS told of', 25, [said(FAILED, 12), said(FAILED)], 32],
    ['from the attempts that it may not have told of, while nothing is placed', 25, [said(FAILED)], 40],
    ['from the attempt that ends right now', 20, [said(FAILED)], 40],
    ['from an attempt that our clock has yet to reach', 0, [said(FAILED, 1)], 21],
    ['no longer once the service was steady', 5, [said(STEADY, 2), said(FAILED)], undefined],
    ['still when ECS is about to say it again', 360, [said(FAILED)], 380],
    ['no longer when ECS would have said it again', 361, [said(FAILED)], undefined],
    [
      'not at all when ECS told of no failure',
      5,
      [said(STEADY), said('(service web) registered 1 targets')],
      undefined,
    ],
  ])('%s', (_, nowMinutes, events, expected) => {
    expect(until(nowMinutes, ...events)).toBe(expected);
  });
});

describe('rules 13 to 15: demand that waits while hosts drain', () => {
  /** Two hosts drain with all their tasks; web lacks one more than it runs, for a minute and a half. */
  const starved = (over: { readonly host?: Partial<HostMemory>; readonly roomMiB?: number } = {}) => {
    const before = drainingAfterTrial();
    const nowMs = before.observedAtMs;
    const ids = before.hosts
      .filter((host) => host.imageId === 'ami-old' && host.status === 'ACTIVE')
      .slice(0, 2)
      .map((host) => host.instanceId);
    const replicas = (id: string) =>
      before.tasks.filter((one) => one.instanceId === id && one.taskClass === 'replica').length;
    const draining = ids.map(
      (instanceId, n): HostMemory => ({
        instanceId,
        role: 'outdated',
        autoScalingGroupName: 'group',
        drainingSinceMs: nowMs - (120_000 - n * MINUTE),
        drainingSeenAtMs: nowMs - 30_000,
        tasksAtDrain: replicas(instanceId),
        tasksLeft: replicas(instanceId),
        served: ['web'],
        ...over.host,
      }),
    );
    const [older, younger] = ids;
    const facts: Facts = withRun(
      {
        ...before,
        hosts: before.hosts.map((host) => ({
          ...host,
          ...(ids.includes(host.instanceId) && { status: 'DRAINING' as const }),
          ...(host.imageId === 'ami-new' &&
            host.remaining !== undefined &&
            over.roomMiB !== undefined && { remaining: { ...host.remaining, memoryMiB: over.roomMiB } }),
        })),
        services: before.services.map((service) => ({
          ...service,
          desiredCount: service.serviceName === 'web' ? 25 : service.desiredCount,
          events: [{ atMs: nowMs - MINUTE, message: FAILED }],
        })),
      },
      {
        lookedAtMs: nowMs - 15_000,
        hosts: [...before.memory.hosts.filter((host) => !ids.includes(host.instanceId)), ...draining],
        services: before.memory.services.map((service) => ({ ...service, unplacedSinceMs: nowMs - 90_000 })),
      },
    );
    return { facts, older, younger };
  };
  const clockOf = (facts: Facts, id: string | undefined) =>
    see(facts).remember.hosts.find((host) => host.instanceId === id)?.clockStoppedMs;

  it('takes no notice of what was unplaced when the run was planned', () => {
    const { facts } = starved();
    const fresh = (unplacedAtPlan: number) =>
      withRun(facts, {
        services: facts.memory.services.map(({ unplacedSinceMs: _, ...one }) => ({ ...one, unplacedAtPlan })),
      });
    const isNoted = (from: Facts) =>
      see(from).remember.services.some((one) => one.unplacedSinceMs !== undefined);
    expect(isNoted(fresh(0))).toBe(true);
    expect(isNoted(fresh(25))).toBe(false);
  });

  it('stops the drain clocks while the scheduler backs off although there is room', () => {
    const { facts, older } = starved();
    expect(clockOf(facts, older)).toBe(15_000);
    expect(see(facts).activate).toEqual([]);
  });

  it('stops a clock for 30 minutes at most in all', () => {
    const { facts, older } = starved({ host: { clockStoppedMs: 1_795_000 } });
    expect(clockOf(facts, older) ?? 1_795_000).toBeLessThanOrEqual(1_800_000);
    expect(see(facts).reason).not.toContain('backs off');
  });

  it('gives back the youngest draining host that has lost nothing, where there is no room', () => {
    const { facts, younger } = starved({ roomMiB: 0 });
    expect(see(facts).activate.map((act) => act.instanceId)).toEqual([younger]);
  });

  it('gives back none that has lost a task: it would attract what still moves', () => {
    const { facts } = starved({ roomMiB: 0, host: { tasksAtDrain: 99 } });
    expect(see(facts).activate).toEqual([]);
  });

  const provisioning = (count: number): TaskFacts[] =>
    Array.from({ length: count }, (_, n) =>
      task({ taskArn: `waits-${n}`, serviceName: 'other', lastStatus: 'PROVISIONING', healthy: false }),
    );

  it('gives hosts back before PROVISIONING tasks reach the limit of a cluster', () => {
    const { facts, older, younger } = starved();
    expect(see(withTasks(facts, provisioning(299))).activate).toEqual([]);
    expect(
      see(withTasks(facts, provisioning(300)))
        .activate.map((act) => act.instanceId)
        .sort(),
    ).toEqual([older, younger].sort());
  });

  it('drains nothing more when a task waits in PROVISIONING on two looks', () => {
    const { facts } = starved();
    const waits = task({ taskArn: 'waits', serviceName: 'web', lastStatus: 'PROVISIONING', healthy: false });
    const seen = (agoMs: number) =>
      withRun(
        withTasks({ ...facts, services: facts.services.map((one) => ({ ...one, events: [] })) }, [waits]),
        {
          services: facts.memory.services.map((one) => ({
            ...one,
            unplacedSinceMs: facts.observedAtMs - agoMs,
          })),
        },
      );
    const rules = (from: Facts) => see(from, { maxTasksInMotionPercent: 100 }).holds.map((hold) => hold.rule);
    expect(rules(seen(15_000))).toContain('13');
    expect(rules(seen(5_000))).not.toContain('13');
  });

  it('forgives a service that stops first the seconds that its tasks take to go, where ECS says nothing', () => {
    const { facts } = starved();
    // 300 s without a word, the deregistration delay, and the task definition's stopTimeout (30 s where it has none).
    const silent = (agoSeconds: number, deregistrationDelaySeconds: number) =>
      withRun(
        {
          ...facts,
          services: facts.services.map((one) => ({ ...one, events: [], deregistrationDelaySeconds })),
        },
        {
          services: facts.memory.services.map((one) => ({
            ...one,
            unplacedSinceMs: facts.observedAtMs - agoSeconds * 1000,
          })),
        },
      );
    const stop =
      facts.taskDefinitions.find((one) => one.taskDefinitionArn === 'web')?.stopTimeoutSeconds ?? 30;
    const isRefused = (agoSeconds: number, delaySeconds: number) =>
      see(silent(agoSeconds, delaySeconds), { maxTasksInMotionPercent: 100 }).holds.some(
        (hold) => hold.rule === '13',
      );
    expect(isRefused(300 + stop, 0)).toBe(false);
    expect(isRefused(301 + stop, 0)).toBe(true);
    expect(isRefused(301 + stop, 60)).toBe(false);
    expect(isRefused(361 + stop, 60)).toBe(true);
  });

  it('believes a word of ECS from before the demand for six hours: it may not have said it again', () => {
    const { facts } = starved();
    const said = (hoursBefore: number) => {
      const sinceMs = facts.observedAtMs - 90_000;
      const events = [{ atMs: sinceMs - hoursBefore * 60 * MINUTE, message: FAILED }];
      const step = see(
        { ...facts, services: facts.services.map((one) => ({ ...one, events })) },
        { maxTasksInMotionPercent: 100 },
      );
      return step.holds.some((hold) => hold.rule === '13');
    };
    expect(said(6)).toBe(true);
    expect(said(6.01)).toBe(false);
  });

  it('forgets the wait once no more is unplaced than at the plan', () => {
    const { facts } = starved();
    const placed = withRun(facts, {
      services: facts.memory.services.map((one) => ({ ...one, unplacedAtPlan: 25 })),
    });
    const web = see(placed).remember.services.find((one) => one.serviceName === 'web');
    expect(web).toBeDefined();
    expect(web).not.toHaveProperty('unplacedSinceMs');
  });

  it('keeps nothing of the drain of a host that it gives back', () => {
    const { facts, younger } = starved({ roomMiB: 0, host: { trial: true, clockStoppedMs: 1 } });
    const after = see(facts).remember.hosts.find((host) => host.instanceId === younger);
    expect(after?.activatedAtMs).toBe(facts.observedAtMs);
    for (const field of [
      'drainingSinceMs',
      'drainingSeenAtMs',
      'trial',
      'tasksAtDrain',
      'tasksLeft',
      'clockStoppedMs',
    ])
      expect(after).not.toHaveProperty(field);
  });

  it('gives back no host that carries nothing of what waits', () => {
    const { facts } = starved({ roomMiB: 0 });
    const others = facts.tasks.map((one) =>
      one.instanceId !== undefined && one.serviceName === 'web' && isDraining(facts, one.instanceId)
        ? { ...one, serviceName: 'other' }
        : one,
    );
    expect(see({ ...facts, tasks: others }).activate).toEqual([]);
  });
});

function isDraining(facts: Facts, instanceId: string): boolean {
  return facts.hosts.some((host) => host.instanceId === instanceId && host.status === 'DRAINING');
}
