/** Rules 11 and 12: what a drain that does not end leads to. */
import { describe, expect, it } from 'vitest';
import type { Facts } from '../../functions/core/facts.ts';
import type { HostMemory } from '../../functions/core/memory.ts';
import type { Settings } from '../../functions/core/settings.ts';
import { drainingAfterTrial, see, withRun } from '../support/mid-run.ts';

describe('rules 11 and 12', () => {
  const before = drainingAfterTrial();
  const nowMs = before.observedAtMs;
  const old = before.hosts.filter((host) => host.imageId === 'ami-old' && host.status === 'ACTIVE');
  const slow = old[0]?.instanceId;

  /** The first old host drains and web has not moved for longer than the limit. */
  const stuck = (
    memory: Partial<HostMemory> = {},
    change: (facts: Facts) => Facts = (facts) => facts,
  ): Facts => {
    const mine: HostMemory = {
      instanceId: slow ?? '',
      role: 'outdated',
      autoScalingGroupName: 'group',
      drainingSinceMs: nowMs - 1_900_000,
      drainingSeenAtMs: nowMs - 1_900_000,
      tasksAtDrain: 4,
      tasksLeft: 4,
      served: ['web'],
      ...memory,
    };
    const facts = change({
      ...before,
      hosts: before.hosts.map((host) =>
        host.instanceId === slow ? { ...host, status: 'DRAINING' as const } : host,
      ),
    });
    return withRun(facts, {
      hosts: [...facts.memory.hosts.filter((host) => host.instanceId !== slow), mine],
      services: facts.memory.services.map(({ lastProgressMs: _, ...service }) => service),
    });
  };
  const activated = (facts: Facts) => see(facts).activate.map((act) => act.instanceId);
  const heldOf = (facts: Facts) => see(facts).remember.hosts.find((host) => host.instanceId === slow)?.held;
  /** One task of web has found no place. */
  const withOneLost = (facts: Facts): Facts => ({
    ...facts,
    services: facts.services.map((service) =>
      service.serviceName === 'web' ? { ...service, desiredCount: 25 } : service,
    ),
  });

  it('an overdue host stays DRAINING, where it could take nothing back', () => {
    expect(heldOf(stuck())).toMatchObject({ service: 'web' });
    expect(activated(stuck())).toEqual([]);
  });

  it('by the limit and the policy of its group, where its tags give it one', () => {
    const step = (own: Partial<Settings>) => see(stuck(), { byGroup: { group: own } });
    const held = (own: Partial<Settings>) =>
      step(own).remember.hosts.find((host) => host.instanceId === slow)?.held;
    expect(held({ drainTimeoutSeconds: 3600 })).toBeUndefined();
    expect(held({ drainTimeoutSeconds: 1200 })?.reason).toContain('20 min');
    expect(step({ onDrainTimeout: 'stop-tasks' }).stopTasks).not.toEqual([]);
  });

  it('it goes back at once where it can take back what is blocked', () => {
    expect(activated(stuck({}, withOneLost))).toEqual([slow]);
    const isFull = (facts: Facts): Facts => ({
      ...withOneLost(facts),
      hosts: facts.hosts.map((host) =>
        host.instanceId === slow && host.remaining !== undefined
          ? { ...host, remaining: { ...host.remaining, memoryMiB: 10 } }
          : host,
      ),
    });
    expect(activated(stuck({}, isFull))).toEqual([]);
  });

  it('is tried once more only when the other drains of its pool are over', () => {
    const held = { reason: 'web moved no task', sinceMs: 0, attempts: 1 };
    const reopened = (facts: Facts) =>
      see(facts).remember.hosts.some((host) => host.instanceId === slow && host.triedBefore === 1);
    expect(reopened(stuck({ held }))).toBe(false);
    const alone = stuck({ held }, (facts) => ({
      ...facts,
      hosts: facts.hosts.filter((host) => host.imageId === 'ami-new' || host.instanceId === slow),
      tasks: facts.tasks.filter(
        (one) => !old.some((host) => host.instanceId === one.instanceId && host.instanceId !== slow),
      ),
    }));
    expect(reopened(alone)).toBe(true);
  });

  it('a task that stops for too long is told, and holds nothing', () => {
    const stopping = (ms: number) =>
      stuck({}, (facts) => ({
        ...facts,
        tasks: facts.tasks.map((one) =>
          one.instanceId === slow && one.taskClass === 'replica'
            ? {
                ...one,
                desiredStatus: 'STOPPED' as const,
                lastStatus: 'STOPPING' as const,
                stoppingAtMs: nowMs - ms,
              }
            : one,
        ),
      }));
    const told = (facts: Facts) => see(facts).notify.map(({ kind }) => kind);
    expect(told(stopping(3_600_000))).toContain('slow-stop');
    expect(heldOf(stopping(3_600_000))).toBeUndefined();
    expect(told(stopping(60_000))).not.toContain('slow-stop');
  });
});
