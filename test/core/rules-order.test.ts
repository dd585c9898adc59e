/** Rule 10, what rules 6 and 8 say beside room, standalone tasks, and the pace: which host is tried when. */
import { describe, expect, it } from 'vitest';
import type { Host } from '../../functions/core/groups.ts';
import type { GroupLook } from '../../functions/core/look.ts';
import { type Circumstances, DrainOrder } from '../../functions/core/order.ts';
import { alignedSeconds, readsPerLook, tickSeconds } from '../../functions/core/pace.ts';
import { resources, task } from '../support/facts.ts';
import { drainingAfterTrial, see, withTasks } from '../support/mid-run.ts';

describe('rule 10: which host is tried first', () => {
  const AT_REST: Circumstances = {
    attraction: { effectOf: () => ({ bounces: 0, spares: 0 }) },
    motion: { fillOf: () => 0 },
  };
  const host = (
    instanceId: string,
    over: { zone?: string; freeMiB?: number; impaired?: boolean; bouncedAtMs?: number; deadlineMs?: number },
  ) =>
    ({
      instanceId,
      zone: over.zone ?? 'a',
      replicas: new Map(),
      facts: {
        impaired: over.impaired ?? false,
        registered: resources({ cpu: 1000, memoryMiB: 1000 }),
        remaining: resources({ cpu: 1000, memoryMiB: over.freeMiB ?? 500 }),
      },
      memory: {
        ...(over.bouncedAtMs !== undefined && { bouncedAtMs: over.bouncedAtMs }),
        ...(over.deadlineMs !== undefined && { deadlineMs: over.deadlineMs }),
      },
    }) as unknown as Host;
  const tried = (hosts: readonly Host[], circumstances = AT_REST, groups: readonly GroupLook[] = []) => {
    const order = new DrainOrder(hosts, groups, circumstances);
    const ids: string[] = [];
    for (let next = order.next(); next !== undefined; next = order.next()) ids.push(next.instanceId);
    return ids;
  };

  it('is one with a retirement date, then the emptiest; one that received a bounce comes last', () => {
    const hosts = [
      host('i-full', { freeMiB: 100 }),
      host('i-bounced', { freeMiB: 900, bouncedAtMs: 1 }),
      host('i-vacant', { freeMiB: 900 }),
      host('i-retired', { freeMiB: 50, impaired: true }),
    ];
    expect(tried(hosts)).toEqual(['i-retired', 'i-vacant', 'i-full', 'i-bounced']);
  });

  it('is one with a deadline before all others, the nearest first, wherever it stands', () => {
    const hosts = [
      host('i-a1', { freeMiB: 900 }),
      host('i-a2', { freeMiB: 900 }),
      host('i-later', { freeMiB: 900, deadlineMs: 2 }),
      host('i-sooner', { zone: 'b', freeMiB: 50, bouncedAtMs: 1, deadlineMs: 1 }),
    ];
    expect(tried(hosts).slice(0, 2)).toEqual(['i-sooner', 'i-later']);
    expect(tried(hosts)).toHaveLength(4);
  });

  it('is the magnet before the emptiest', () => {
    const spares = (one: Host) => ({ bounces: 0, spares: one.instanceId === 'i-magnet' ? 3 : 0 });
    const hosts = [host('i-magnet', { freeMiB: 100 }), host('i-vacant', { freeMiB: 900 })];
    expect(tried(hosts, { ...AT_REST, attraction: { effectOf: spares } })).toEqual(['i-magnet', 'i-vacant']);
  });

  it('comes from the zones in turn, the one with the most old hosts first', () => {
    const hosts = ['a1', 'a2', 'a3', 'b1', 'b2'].map((id) => host(id, { zone: id.charAt(0) }));
    expect(
      tried(hosts)
        .map((id) => id.charAt(0))
        .join(''),
    ).toMatch(/^a(ab|ba)ab?/);
    expect(
      tried(hosts)
        .slice(0, 4)
        .filter((id) => id.startsWith('b')),
    ).not.toEqual([]);
  });
});

describe('rules 6 and 8, beside room', () => {
  const draining = drainingAfterTrial();

  it('a service that may neither start nor stop first keeps its hosts, which are held for good at once', () => {
    const services = draining.services.map((one) => ({
      ...one,
      minimumHealthyPercent: 100,
      maximumPercent: 100,
    }));
    const step = see({ ...draining, services });
    expect(step.drain).toEqual([]);
    const held = step.remember.hosts.filter((one) => one.held?.final === true);
    expect(held.length).toBeGreaterThan(0);
    expect(held[0]?.held?.reason).toMatch(/may neither start nor stop a task first .*100.*100/);
  });

  it('no more tasks start than the new hosts can pull images for, but where none does', () => {
    const fresh = draining.hosts.filter((one) => one.imageId === 'ami-new');
    const starting = fresh.flatMap((one) =>
      Array.from({ length: 30 }, (_, n) =>
        task({
          taskArn: `${one.instanceId}-${n}`,
          instanceId: one.instanceId,
          serviceName: 'other',
          taskDefinitionArn: 'tiny:1',
          lastStatus: 'PENDING',
          healthy: false,
        }),
      ),
    );
    expect(see(draining).drain).not.toEqual([]);
    expect(see(withTasks(draining, starting.slice(1))).holds).toContainEqual(
      expect.objectContaining({ rule: '8', reason: 'enough tasks are starting on the new hosts for now' }),
    );
  });
});

describe('standaloneTasks', () => {
  const job = (instanceId: string | undefined) =>
    task({ taskArn: 'job', taskClass: 'standalone', ...(instanceId !== undefined && { instanceId }) });

  it('hold keeps the host of a task that belongs to no service from being drained; wait does not', () => {
    const facts = drainingAfterTrial();
    const [first] = see(facts).drain;
    const seen = withTasks(facts, [job(first?.instanceId)]);
    const drains = (standaloneTasks: 'hold' | 'wait') =>
      see(seen, { standaloneTasks, maxTasksInMotionPercent: 100 }).drain.map((act) => act.instanceId);
    expect(drains('hold')).not.toContain(first?.instanceId);
    expect(drains('wait')).toContain(first?.instanceId);
  });
});

describe('the pace', () => {
  it('is a look every 15 s at most, and five reads a second', () => {
    expect(tickSeconds(1)).toBe(15);
    expect(tickSeconds(75)).toBe(15);
    expect(tickSeconds(500)).toBe(100);
  });

  it('counts of a large cluster what is described and what has changed, in whichever rate takes longer', () => {
    const large = { hosts: 5000, tasks: 50_000, services: 500, groups: 5, moving: 0 };
    expect(readsPerLook(large)).toBe(57);
    expect(readsPerLook({ ...large, moving: 20 })).toBe(97);
    expect(readsPerLook({ ...large, moving: 5000 })).toBe(257);
    expect(readsPerLook({ ...large, services: 3000 })).toBe(330);
    expect(readsPerLook({ ...large, hosts: 300, tasks: 3000 })).toBe(6 + 60 + 55 + 7);
  });

  it('lets a look fall on what is known to come, without coming more often', () => {
    expect(alignedSeconds(15, [], 0)).toBe(15);
    expect(alignedSeconds(15, [40_000], 0)).toBe(20);
    expect(alignedSeconds(15, [10_000, 600_000], 0)).toBe(15);
  });
});
