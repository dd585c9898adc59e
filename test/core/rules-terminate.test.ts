/** Rules 17, 18, 20 and 21: which host ends, which first, and whether its group shrinks with it. */
import { describe, expect, it } from 'vitest';
import { decide } from '../../functions/core/decide.ts';
import type { Facts, HostFacts } from '../../functions/core/facts.ts';
import type { GroupMemory, HostMemory } from '../../functions/core/memory.ts';
import type { Plan } from '../../functions/core/plan.ts';
import { TERMINATIONS_PER_STEP } from '../../functions/core/rules/terminate.ts';
import { defaults, task } from '../support/facts.ts';
import {
  drainingAfterTrial,
  plan,
  see,
  withGroup,
  withGroupMemory,
  withHost,
  withRun,
} from '../support/mid-run.ts';

/**
 * Five old hosts (2 in b, 3 in c, 4 in a, 5 in b, 6 in c) beside six new ones, two in each zone. The goal is six, so with
 * the whole surge desired is eleven.
 */
const base = () => drainingAfterTrial();
const ID = { b: 'i-00002', c: 'i-00003', a: 'i-00004', otherB: 'i-00005', otherC: 'i-00006' } as const;
const NEW_HOST = 'i-00043';

function remember(facts: Facts, id: string, over: Partial<HostMemory>): Facts {
  const known = facts.memory.hosts.find((host) => host.instanceId === id);
  const next: HostMemory = {
    ...(known ?? { instanceId: id, role: 'outdated', autoScalingGroupName: 'group' }),
    ...over,
  };
  return withRun(facts, {
    hosts: [...facts.memory.hosts.filter((host) => host.instanceId !== id), next],
  });
}

/** These have drained: their tasks run on a new host. */
function drained(ids: readonly string[], facts = base(), over: Partial<HostMemory> = {}): Facts {
  const moved: Facts = {
    ...facts,
    tasks: facts.tasks.flatMap((one) => {
      if (!ids.includes(one.instanceId ?? '')) return [one];
      return one.taskClass === 'daemon' || one.lastStatus !== 'RUNNING'
        ? []
        : [{ ...one, instanceId: NEW_HOST }];
    }),
  };
  const agoMs = (ms: number) => facts.observedAtMs - ms;
  return ids.reduce(
    (so, id) =>
      remember(withHost(so, id, { status: 'DRAINING' }), id, {
        drainingSinceMs: agoMs(120_000),
        drainingSeenAtMs: agoMs(100_000),
        emptySinceMs: agoMs(30_000),
        ...over,
      }),
    moved,
  );
}

const ending = (facts: Facts) => see(facts).terminate.map(({ instanceId }) => instanceId);
const sized = (facts: Facts, desired: number, over: Partial<GroupMemory> = {}) =>
  withGroupMemory(withGroup(facts, { desiredCapacity: desired, minSize: desired }), {
    set: { minSize: desired, desiredCapacity: desired, maxSize: 12 },
    ...over,
  });
const withSurge = (surge: number): Plan => ({
  ...plan,
  groups: plan.groups.map((group) => ({ ...group, surge })),
});
const shrinks = (facts: Facts, surge: number) =>
  decide(facts, withSurge(surge), defaults, facts.observedAtMs).terminate.map(({ decrement }) => decrement);

describe('rule 17: ended by id', () => {
  it('the fullest zone gives first, counted anew after each', () => {
    expect(ending(drained([ID.b, ID.a, ID.otherB, ID.otherC]))).toEqual([ID.b, ID.otherC, ID.a, ID.otherB]);
  });

  it('what is about to be done stands in the ledger: when, and with which decrement', () => {
    const facts = remember(drained([ID.b]), ID.b, { readsAfterIntent: 5, decrementCounted: true });
    const noted = see(facts).remember.hosts.find(({ instanceId }) => instanceId === ID.b);
    expect(noted).toMatchObject({ terminateIntentMs: facts.observedAtMs, terminateDecrement: true });
    expect(noted).not.toHaveProperty('readsAfterIntent');
    expect(noted).not.toHaveProperty('decrementCounted');
  });

  it('names its container instance and why: drained, surplus or dead', () => {
    const old = see(drained([ID.b])).terminate[0];
    expect(old).toMatchObject({ because: 'drained', containerInstanceArn: `arn:ci/${ID.b}` });
    const surplus = drained([NEW_HOST], base(), { surplus: 'remove' });
    expect(see(surplus).terminate).toMatchObject([{ instanceId: NEW_HOST, because: 'surplus' }]);
  });

  it('ends no more in one step than its guard can read anew in time, and says so of the rest', () => {
    const seen = drained([NEW_HOST], base(), { surplus: 'remove' });
    const model = seen.hosts.find(({ instanceId }) => instanceId === NEW_HOST) as HostFacts;
    const memory = seen.memory.hosts.find(({ instanceId }) => instanceId === NEW_HOST) as HostMemory;
    const copies = Array.from(
      { length: TERMINATIONS_PER_STEP + 2 },
      (_, n) => `i-9${String(n).padStart(4, '0')}`,
    );
    const facts = withRun(
      { ...seen, hosts: [...seen.hosts, ...copies.map((instanceId) => ({ ...model, instanceId }))] },
      { hosts: [...seen.memory.hosts, ...copies.map((instanceId) => ({ ...memory, instanceId }))] },
    );
    const step = see(facts);
    expect(step.terminate).toHaveLength(TERMINATIONS_PER_STEP);
    const waiting = step.holds.filter(({ reason }) => reason.includes('enough terminations'));
    expect(waiting).toHaveLength(3);
    expect(waiting[0]?.rule).toBe('17');
  });

  it('holds for good, in the ledger too, what disableApiTermination protects', () => {
    const step = see(withHost(drained([ID.b]), ID.b, { apiTerminationProtected: true }));
    const held = step.remember.hosts.find(({ instanceId }) => instanceId === ID.b)?.held;
    expect(held).toMatchObject({ final: true, reason: 'disableApiTermination is set on the instance' });
  });

  it('somebody’s instance refresh keeps it by rule 5, anything else by rule 17', () => {
    const facts = drained([ID.b]);
    const rule = (change: Facts) => see(change).holds.find(({ instanceId }) => instanceId === ID.b)?.rule;
    expect(rule(withGroup(facts, { instanceRefreshInProgress: true }))).toBe('5');
    expect(rule(withHost(facts, ID.b, { lifecycleState: 'Pending:Wait' }))).toBe('17');
  });

  it('a red alarm ends nothing', () => {
    const facts: Facts = { ...drained([ID.b]), alarms: [{ alarmName: 'errors', state: 'ALARM' }] };
    expect(see(facts).terminate).toHaveLength(1);
    expect(see(facts, { alarms: ['errors'] }).terminate).toEqual([]);
  });

  describe('asks for no more healthy tasks of what it served', () => {
    /** So many of web's tasks are healthy. */
    const healthy = (count: number, facts: Facts): Facts => ({
      ...facts,
      tasks: Array.from({ length: count }, (_, n) => task({ taskArn: `t${n}`, instanceId: NEW_HOST })),
    });
    const served = drained([ID.b, ID.c, ID.a, ID.otherB, ID.otherC], base(), { served: ['web'] });
    const planned = (healthyAtPlan: number) =>
      withRun(served, { services: served.memory.services.map((one) => ({ ...one, healthyAtPlan })) });
    const web = (over: Partial<Facts['services'][number]>, facts: Facts): Facts => ({
      ...facts,
      services: facts.services.map((one) => (one.serviceName === 'web' ? { ...one, ...over } : one)),
    });
    const isEnded = (facts: Facts) => ending(facts).length > 0;

    it('than were healthy when the run was planned', () => {
      expect(isEnded(healthy(20, planned(20)))).toBe(true);
      expect(isEnded(healthy(19, planned(20)))).toBe(false);
    });

    it('than its own minimum wants', () => {
      const half = web({ minimumHealthyPercent: 50 }, planned(24));
      expect(isEnded(healthy(12, half))).toBe(true);
      expect(isEnded(healthy(11, half))).toBe(false);
      const scaledIn = web({ desiredCount: 10 }, planned(24));
      expect(isEnded(healthy(10, scaledIn))).toBe(true);
      expect(isEnded(healthy(9, scaledIn))).toBe(false);
    });

    it('of a service that somebody deleted: it asks for none', () => {
      expect(isEnded(drained([ID.b], base(), { served: ['deleted'] }))).toBe(true);
    });
  });

  it('three minutes without effect on two reads, and the call counts as lost', () => {
    const lost = (afterMs: number) => {
      const facts = base();
      const intent = {
        terminateIntentMs: facts.observedAtMs - afterMs,
        terminateDecrement: true,
        readsAfterIntent: 2,
      };
      const noted = see(remember(facts, ID.b, intent)).remember.hosts;
      return noted.find(({ instanceId }) => instanceId === ID.b)?.intentsLostUntilMs !== undefined;
    };
    expect(lost(179_999)).toBe(false);
    expect(lost(180_000)).toBe(true);
  });

  it('the fifth that is lost holds the host: whatever is in the way does not go by itself', () => {
    const held = (intentsLost: number) => {
      const facts = base();
      const intent = { terminateIntentMs: facts.observedAtMs - 180_000, readsAfterIntent: 2, intentsLost };
      const noted = see(remember(facts, ID.b, intent)).remember.hosts;
      return noted.find(({ instanceId }) => instanceId === ID.b)?.held;
    };
    expect(held(3)).toBeUndefined();
    expect(held(4)).toMatchObject({ final: true, reason: expect.stringContaining('asked for 5 times') });
  });
});

describe('rule 18: with decrement', () => {
  it('while all have their successors beside them the group shrinks with each, and Min before it', () => {
    const step = see(drained([ID.b, ID.a, ID.otherB, ID.otherC]));
    expect(step.terminate.map(({ decrement, minSizeBefore }) => [decrement, minSizeBefore])).toEqual([
      [true, 10],
      [true, 9],
      [true, 8],
      [true, 7],
    ]);
    expect(step.remember.groups[0]?.set.minSize).toBe(7);
  });

  it('with a smaller surge hosts make room for their successors until only the last are left', () => {
    const facts = sized(drained([ID.b, ID.a, ID.otherB, ID.otherC]), 8);
    expect(shrinks(facts, 2)).toEqual([false, false, false, true]);
  });

  it('a host that is held for good waits for no successor', () => {
    const held = { reason: 'web is stuck', sinceMs: 0, attempts: 1, final: true };
    const facts = sized(drained([ID.b, ID.a, ID.otherB, ID.otherC]), 8);
    expect(shrinks(remember(facts, ID.c, { held }), 2)).toEqual([false, false, true, true]);
  });

  it('never below the goal, even in the closing phase', () => {
    const closing = (desired: number) =>
      see(
        withRun(sized(drained([ID.b]), desired, { launchesAskedAtMs: 0 }), {
          phase: 'closing',
          ending: { outcome: 'PARTIAL', reason: 'nothing moves' },
        }),
      ).terminate.find(({ instanceId }) => instanceId === ID.b)?.decrement;
    expect(closing(7)).toBe(true);
    expect(closing(6)).toBe(false);
  });

  it('counts the size that the same step asks for: it stands before hosts end', () => {
    const step = see(sized(drained([ID.b]), 10, { launchesAskedAtMs: 0 }));
    expect(step.register).toMatchObject([{ desiredCapacity: 11 }]);
    expect(step.terminate).toMatchObject([{ decrement: true, minSizeBefore: 10 }]);
  });

  it('counts what is on its way already', () => {
    const intent = { terminateIntentMs: base().observedAtMs - 15_000, terminateDecrement: true };
    const facts = remember(drained([ID.b]), ID.otherB, intent);
    expect(see(facts).terminate).toMatchObject([{ decrement: true, minSizeBefore: 9 }]);
  });

  it('leaves a Min alone that is the owner’s and not in the way', () => {
    const facts = withGroupMemory(withGroup(drained([ID.b]), { minSize: 3 }), {
      set: { desiredCapacity: 11, maxSize: 12 },
    });
    const step = see(facts);
    expect(step.terminate[0]?.decrement).toBe(true);
    expect(step.terminate[0]).not.toHaveProperty('minSizeBefore');
    expect(step.remember.groups).toEqual([]);
    const exact = withGroupMemory(withGroup(facts, { minSize: 10 }), {
      set: { minSize: 10, desiredCapacity: 11 },
    });
    expect(see(exact).terminate[0]).not.toHaveProperty('minSizeBefore');
  });

  it('each group has its own sizes', () => {
    const one = drained([ID.b, ID.otherB]);
    const twin = <T extends { readonly instanceId: string }>(item: T) => ({
      ...item,
      instanceId: `${item.instanceId}-twin`,
      autoScalingGroupName: 'twin',
    });
    const renamed = <T>(item: T) => ({ ...item, autoScalingGroupName: 'twin' });
    const facts: Facts = {
      ...one,
      groups: [...one.groups, ...one.groups.map(renamed)],
      hosts: [...one.hosts, ...one.hosts.map(twin)],
      memory: {
        ...one.memory,
        groups: [...one.memory.groups, ...one.memory.groups.map(renamed)],
        hosts: [...one.memory.hosts, ...one.memory.hosts.map(twin)],
      },
    };
    const both: Plan = {
      ...plan,
      groups: [
        ...plan.groups,
        ...plan.groups.map((group) => ({
          ...renamed(group),
          outdated: group.outdated.map((id) => `${id}-twin`),
        })),
      ],
    };
    const step = decide(facts, both, defaults, facts.observedAtMs);
    const floors = (name: string) =>
      step.terminate.flatMap((act) => (act.autoScalingGroupName === name ? act.minSizeBefore : []));
    expect(floors('group')).toEqual([10, 9]);
    expect(floors('twin')).toEqual([10, 9]);
  });
});

describe('rule 21: a dead host', () => {
  const dead = (facts: Facts) =>
    remember(withHost(facts, ID.b, { agentConnected: false, impaired: true }), ID.b, {
      agentGoneSinceMs: facts.observedAtMs - 600_000,
    });

  it('stays while its tasks have no room elsewhere', () => {
    const facts = dead(base());
    const full = {
      ...facts,
      hosts: facts.hosts.map((host) =>
        host.imageId === 'ami-new' && host.remaining !== undefined
          ? { ...host, remaining: { ...host.remaining, memoryMiB: 0 } }
          : host,
      ),
    };
    expect(ending(facts)).toContain(ID.b);
    const step = see(full);
    expect(step.terminate).toEqual([]);
    expect(step.holds).toContainEqual(expect.objectContaining({ instanceId: ID.b, rule: '21' }));
  });

  it('is not ended while Auto Scaling has it in another state than InService', () => {
    expect(ending(withHost(dead(base()), ID.b, { lifecycleState: 'Pending:Wait' }))).not.toContain(ID.b);
  });
});

describe('rules 20 and 21: hosts that are gone and still listed', () => {
  const gone = (sinceMs: number, over: Partial<HostFacts>) => {
    const facts = base();
    return see(remember(withHost(facts, ID.b, over), ID.b, { goneSinceMs: facts.observedAtMs - sinceMs }));
  };
  const told = (sinceMs: number, over: Partial<HostFacts>) =>
    gone(sinceMs, over).notify.some(({ kind }) => kind === 'terminating-wait');

  it('somebody’s hook that keeps one for more than a quarter of an hour is told', () => {
    expect(told(900_001, { lifecycleState: 'Terminating:Wait' })).toBe(true);
    expect(told(900_000, { lifecycleState: 'Terminating:Wait' })).toBe(false);
    expect(told(3_600_000, { lifecycleState: 'Terminating' })).toBe(false);
  });

  it('what ECS calls INACTIVE is no ghost', () => {
    const inactive = { ec2State: 'terminated', lifecycleState: 'Terminated', agentConnected: false } as const;
    expect(gone(90_000, { ...inactive, status: 'INACTIVE' }).deregister).toEqual([]);
  });

  it('a ghost is given a minute and a half to go by itself', () => {
    const ghost = { ec2State: 'terminated', lifecycleState: 'Terminated', agentConnected: false } as const;
    expect(gone(89_999, ghost).deregister).toEqual([]);
    expect(gone(90_000, ghost).deregister).toMatchObject([{ instanceId: ID.b }]);
  });
});
