/** Rules 7, 8 and 11 to 14, and protected tasks: single looks, one thing changed. */
import { describe, expect, it } from 'vitest';
import { decide } from '../../functions/core/decide.ts';
import type { Facts } from '../../functions/core/facts.ts';
import type { HostMemory } from '../../functions/core/memory.ts';
import type { Settings } from '../../functions/core/settings.ts';
import type { Step } from '../../functions/core/step.ts';
import { defaults, task } from '../support/facts.ts';
import {
  drainingAfterTrial,
  lookWhere,
  plan,
  run,
  see,
  withHost,
  withHostMemory,
  withRun,
  withTasks,
} from '../support/mid-run.ts';

describe('rules 11 to 14: drains that do not end', () => {
  const stuck = () => {
    const facts = lookWhere((step) => step.drain.length > 0);
    const [act] = run().steps.find(({ facts: seen }) => seen === facts)?.step.drain ?? [];
    const drained = withHost(facts, act?.instanceId, { status: 'DRAINING' });
    const memory: HostMemory = {
      instanceId: act?.instanceId ?? '',
      role: 'outdated',
      autoScalingGroupName: 'group',
      drainingSinceMs: facts.observedAtMs,
      drainingSeenAtMs: facts.observedAtMs,
      tasksAtDrain: 4,
      tasksLeft: 4,
      served: ['web'],
    };
    return {
      id: act?.instanceId,
      facts: withRun(drained, {
        hosts: [...drained.memory.hosts.filter((host) => host.instanceId !== memory.instanceId), memory],
      }),
    };
  };

  it('holds a drain without progress, names the service and what ECS last said, and keeps it DRAINING for a second try', () => {
    const { id, facts } = stuck();
    const services = facts.services.map((service) => ({
      ...service,
      events: [{ atMs: 0, message: '(service web) was unable to place a task' }],
    }));
    const step = see({ ...facts, services }, {}, 1_800_000);
    const held = step.remember.hosts.find((host) => host.instanceId === id)?.held;
    expect(held).toMatchObject({
      service: 'web',
      attempts: 1,
      message: expect.stringContaining('unable to place'),
    });
    expect(held?.final).toBeUndefined();
    expect(step.activate).toEqual([]);
    expect(step.notify).toContainEqual(expect.objectContaining({ kind: 'host-held', instanceId: id }));
  });

  it('goes back to ACTIVE for good after the second', () => {
    const { id, facts } = stuck();
    const step = see(withHostMemory(facts, id, { triedBefore: 1 }), {}, 1_800_000);
    expect(step.remember.hosts.find((host) => host.instanceId === id)?.held).toMatchObject({
      final: true,
      attempts: 2,
    });
    const next = see(
      withHostMemory(facts, id, {
        held: { reason: 'web moved no task', sinceMs: 0, attempts: 2, final: true },
      }),
      {},
      60_000,
    );
    expect(next.activate.map((act) => act.instanceId)).toEqual([id]);
  });

  it.each<[Settings['onDrainTimeout'], (step: Step) => boolean]>([
    ['stop-tasks', (step) => step.stopTasks.length === 4 && step.end === undefined],
    ['rollback', (step) => step.stopTasks.length === 0 && step.end?.outcome === 'ROLLED_BACK'],
  ])('does what onDrainTimeout %s says', (onDrainTimeout, expected) => {
    expect(expected(see(stuck().facts, { onDrainTimeout }, 1_800_000))).toBe(true);
  });

  it('repeats the call when a host that should be ACTIVE again still drains', () => {
    const { id, facts } = stuck();
    const {
      drainingSinceMs: _,
      drainingSeenAtMs: __,
      ...memory
    } = facts.memory.hosts.find((host) => host.instanceId === id) as HostMemory;
    const lost = withRun(facts, {
      hosts: [
        ...facts.memory.hosts.filter((host) => host.instanceId !== id),
        { ...memory, activatedAtMs: facts.observedAtMs },
      ],
    });
    expect(see(lost, {}, 30_000).activate.map((act) => act.instanceId)).toContain(id);
    expect(see(lost, {}, 30_000).remember.hosts.find((host) => host.instanceId === id)?.held).toBeUndefined();
  });
});

describe('a host that ECS refuses to drain', () => {
  const refused = (over: Partial<NonNullable<HostMemory['drainRefused']>>, atMs = 60_000) => {
    const facts = lookWhere((step) => step.drain.length > 0);
    const [act] = run().steps.find(({ facts: seen }) => seen === facts)?.step.drain ?? [];
    const { observedAtMs } = facts;
    const memory: HostMemory = {
      instanceId: act?.instanceId ?? '',
      role: 'outdated',
      autoScalingGroupName: 'group',
      drainingSinceMs: observedAtMs,
      served: ['web'],
      drainRefused: {
        count: 3,
        firstAtMs: observedAtMs,
        lastAtMs: observedAtMs + 60_000,
        reason: 'INACTIVE',
        ...over,
      },
    };
    const others = facts.memory.hosts.filter((host) => host.instanceId !== memory.instanceId);
    const step = see(withRun(facts, { hosts: [...others, memory] }), {}, atMs);
    const drains = step.drain.filter((one) => one.instanceId === memory.instanceId);
    const held = step.remember.hosts.find((host) => host.instanceId === memory.instanceId)?.held;
    return { id: memory.instanceId, step, drains, held };
  };

  it('is held with the word of ECS, told, and not asked again', () => {
    const { id, step, drains, held } = refused({});
    expect(held).toMatchObject({ reason: 'ECS refuses to drain it: INACTIVE', final: true });
    expect(step.notify).toContainEqual(expect.objectContaining({ kind: 'host-held', instanceId: id }));
    expect(drains).toEqual([]);
    // Were the call believed refused and was not, the host would drain for ever.
    expect(step.activate.map((act) => act.instanceId)).toEqual([id]);
    expect(step.terminate.map((act) => act.instanceId)).not.toContain(id);
  });

  it.each([
    ['refused it twice only', { count: 2 }],
    ['refused it within a moment', { lastAtMs: 0 }],
  ])('is asked again where it %s', (_, over) => {
    const { drains, held } = refused(over);
    expect(held).toBeUndefined();
    expect(drains).toHaveLength(1);
  });
});

describe('rules 7 and 8: which host may drain', () => {
  /** Old hosts with so many tasks of web each, one ready host with so much memory left, tasks that wait for a place. */
  const tight = (onHosts: readonly number[], freeMiB: number, waiting = 0) => {
    const facts = drainingAfterTrial();
    const old = facts.hosts
      .filter((item) => item.imageId === 'ami-old' && item.status === 'ACTIVE')
      .slice(0, onHosts.length);
    const [ready] = facts.hosts.filter((item) => item.imageId === 'ami-new');
    if (ready === undefined) throw new Error('no new host');
    const on = (id: string | undefined, count: number) =>
      Array.from({ length: count }, (_, n) =>
        task({ taskArn: `${id}-${n}`, ...(id !== undefined && { instanceId: id }) }),
      );
    const left = { cpu: 2048, memoryMiB: freeMiB, gpus: 0, eniSlots: 9, ports: [] };
    const daemon = facts.tasks.filter(
      (item) => item.taskClass === 'daemon' && item.instanceId === ready.instanceId,
    );
    const total = onHosts.reduce((sum, count) => sum + count, 0);
    return {
      ids: old.map((item) => item.instanceId),
      facts: {
        ...facts,
        hosts: [
          { ...ready, remaining: left },
          // The first is the emptiest: it is tried first.
          ...old.map((item, n) => ({
            ...item,
            zone: 'a',
            remaining: { ...left, memoryMiB: 3000 - n * 1000 },
          })),
        ],
        tasks: [
          ...daemon,
          ...old.flatMap((item, n) => on(item.instanceId, onHosts[n] ?? 0)),
          ...on(undefined, waiting),
        ],
        services: facts.services.map((item) => ({ ...item, desiredCount: total + waiting })),
        memory: {
          ...facts.memory,
          hosts: facts.memory.hosts.filter((item) => item.instanceId === ready.instanceId),
        },
      },
    };
  };
  const drained = (facts: Facts) =>
    see(facts, { maxTasksInMotionPercent: 100 }).drain.map((act) => act.instanceId);

  it('drains what fits, and gives back what a host that does not fit was tried on', () => {
    const { ids, facts } = tight([3, 2], 500);
    expect(drained(facts)).toEqual([ids[1]]);
  });

  it('counts tasks that wait for a place already', () => {
    expect(drained(tight([1, 1], 700).facts)).toHaveLength(2);
    expect(drained(tight([1, 1], 700, 1).facts)).toHaveLength(1);
    expect(drained(tight([1, 1], 500, 2).facts)).toHaveLength(0);
  });

  it('asks for one largest task to spare while another host drains, and not of the only one', () => {
    expect(drained(tight([2], 400).facts)).toHaveLength(1);
    expect(drained(tight([1, 1], 400).facts)).toHaveLength(1);
    expect(drained(tight([1, 1], 600).facts)).toHaveLength(2);
  });

  it('trusts the free resources that ECS gives no further than the tasks that it lists', () => {
    const { facts } = tight([1], 4096);
    const [ready] = facts.hosts;
    const crowd = Array.from({ length: 20 }, (_, n) =>
      task({ taskArn: `new-${n}`, instanceId: ready?.instanceId ?? '', serviceName: 'other' }),
    );
    expect(drained(facts)).toHaveLength(1);
    expect(drained(withTasks(facts, crowd))).toHaveLength(0);
  });

  it('takes a host that it has set to DRAINING for draining although a read still says ACTIVE', () => {
    const facts = drainingAfterTrial();
    const [act] = see(facts).drain;
    const asked: HostMemory = {
      instanceId: act?.instanceId ?? '',
      role: 'outdated',
      autoScalingGroupName: 'group',
      drainingSinceMs: facts.observedAtMs,
      tasksAtDrain: 4,
    };
    const hosts = [...facts.memory.hosts.filter((item) => item.instanceId !== asked.instanceId), asked];
    const carried = (id: string) =>
      facts.tasks.filter((item) => item.instanceId === id && item.taskClass === 'replica').length;
    const again = see(withRun(facts, { hosts }), {}, 15_000);
    const moving = again.drain.reduce(
      (sum, other) => sum + carried(other.instanceId),
      carried(asked.instanceId),
    );
    expect(moving).toBeLessThanOrEqual(6);
    expect(again.drain.some((other) => other.instanceId === act?.instanceId)).toBe(false);
    const lost = see(withRun(facts, { hosts }), {}, 30_000);
    expect(lost.drain.some((other) => other.instanceId === act?.instanceId)).toBe(true);
  });

  it('keeps a service that may stop first in its zone until what left is healthy again elsewhere', () => {
    const facts = drainingAfterTrial();
    const fresh = new Set(
      facts.hosts.filter((item) => item.imageId === 'ami-new').map((item) => item.instanceId),
    );
    const missing = facts.tasks.find(
      (item) => item.serviceName === 'web' && fresh.has(item.instanceId ?? ''),
    );
    const stopFirst = {
      ...facts,
      services: facts.services.map((item) => ({ ...item, minimumHealthyPercent: 0 })),
      tasks: facts.tasks.map((item) => (item === missing ? { ...item, healthy: false } : item)),
    };
    const inZone = (motionZone: string) =>
      withRun(stopFirst, { services: facts.memory.services.map((item) => ({ ...item, motionZone })) });
    const zonesDrained = (from: Facts) =>
      see(from).drain.map((act) => from.hosts.find((item) => item.instanceId === act.instanceId)?.zone);
    expect(new Set(zonesDrained(inZone('b')))).toEqual(new Set(['b']));
    expect(new Set(zonesDrained(inZone('c')))).toEqual(new Set(['c']));
  });

  it('drains nothing more while demand has waited for a minute and ECS says why', () => {
    const facts = drainingAfterTrial();
    const sinceMs = facts.observedAtMs - 90_000;
    const starved = {
      ...facts,
      services: facts.services.map((item) => ({
        ...item,
        desiredCount: item.serviceName === 'web' ? 25 : item.desiredCount,
        events: [{ atMs: facts.observedAtMs - 30_000, message: '(service web) was unable to place a task' }],
      })),
    };
    const since = (unplacedSinceMs: number) =>
      withRun(starved, { services: facts.memory.services.map((item) => ({ ...item, unplacedSinceMs })) });
    expect(see(since(sinceMs), { maxTasksInMotionPercent: 100 }).holds).toContainEqual(
      expect.objectContaining({ rule: '13', service: 'web' }),
    );
    expect(see(since(sinceMs), { maxTasksInMotionPercent: 100 }).drain).toEqual([]);
    expect(see(since(facts.observedAtMs - 30_000), { maxTasksInMotionPercent: 100 }).drain).not.toEqual([]);
  });

  it.each(['keptOut', 'exempt'] as const)('touches no host that the plan calls %s', (kind) => {
    const facts = drainingAfterTrial();
    const [act] = see(facts).drain;
    const listed = { ...plan, [kind]: [{ instanceId: act?.instanceId ?? '', reason: 'not ours' }] };
    const step = decide(facts, listed, defaults, facts.observedAtMs);
    expect(step.drain.some((other) => other.instanceId === act?.instanceId)).toBe(false);
  });
});

describe('protected tasks', () => {
  const guarded = (untilMs: number) => {
    const facts = drainingAfterTrial();
    const [act] = run().steps.find(({ facts: seen }) => seen === facts)?.step.drain ?? [];
    const tasks = facts.tasks.map((item) =>
      item.instanceId === act?.instanceId
        ? { ...item, protectedUntilMs: facts.observedAtMs + untilMs }
        : item,
    );
    return { id: act?.instanceId, facts: { ...facts, tasks } };
  };
  const drains = (step: Step, id: string | undefined) => step.drain.some((act) => act.instanceId === id);

  it.each<[Settings['protectedTasks'], boolean]>([
    ['wait', false],
    ['hold', true],
    ['stop', false],
  ])('keep their host ACTIVE under %s', (protectedTasks, held) => {
    const { id, facts } = guarded(60_000);
    const step = see(facts, { protectedTasks });
    expect(drains(step, id)).toBe(false);
    expect(step.remember.hosts.find((host) => host.instanceId === id)?.held !== undefined).toBe(held);
  });

  it('are drained past the limit only where stop was chosen', () => {
    const { id = '', facts: first } = guarded(1e9);
    const waited = { instanceId: id, role: 'outdated', protectedSinceMs: first.observedAtMs - 1000 } as const;
    const facts = withRun(first, { hosts: [...first.memory.hosts, waited] });
    expect(drains(see(facts, { protectedTasks: 'stop', protectedTimeoutSeconds: 1 }), id)).toBe(true);
    const step = see(facts, { protectedTasks: 'wait', protectedTimeoutSeconds: 1 });
    expect(drains(step, id)).toBe(false);
    expect(step.remember.hosts.find((host) => host.instanceId === id)?.held?.because).toBe('protected');
  });
});
