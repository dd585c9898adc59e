/** Rules 2, 3, 4 and 18: what others want of the group's sizes, how many hosts come, and which leave again. */
import { describe, expect, it } from 'vitest';
import { decide } from '../../functions/core/decide.ts';
import type { Facts, HostFacts, TaskFacts } from '../../functions/core/facts.ts';
import type { GroupMemory, HostMemory } from '../../functions/core/memory.ts';
import { defaults } from '../support/facts.ts';
import {
  plan,
  run,
  see,
  surgeStands,
  withGroup,
  withGroupMemory,
  withHost,
  withoutHosts,
  withRun,
  withTasks,
} from '../support/mid-run.ts';

const memoryAfter = (facts: Facts, laterMs = 0) => see(facts, {}, laterMs).remember.groups[0];

describe('rule 2: on two reads', () => {
  const noted = (facts: Facts): Facts => withGroupMemory(facts, memoryAfter(facts) ?? {});

  it.each([
    ['lowered', -2, 4],
    ['raised', 2, 8],
  ])(
    'desired that somebody %s moves the goal when the second read comes 15 s later, not before',
    (_, by, goal) => {
      const facts = noted(withGroup(surgeStands(), { desiredCapacity: 11 + by }));
      expect(memoryAfter(facts, 14_999)?.goal ?? 6).toBe(6);
      expect(see(facts, {}, 14_999).register).toEqual([]);
      expect(memoryAfter(facts, 15_000)).toMatchObject({ goal });
    },
  );

  it.each([
    ['lowered', -2, -3],
    ['raised', 2, 3],
  ])('a second read that differs is a first one: %s', (_, first, second) => {
    const once = noted(withGroup(surgeStands(), { desiredCapacity: 11 + first }));
    const other = memoryAfter(withGroup(once, { desiredCapacity: 11 + second }), 20_000);
    expect(other?.goal).toBe(6);
    expect(other?.foreignBelow ?? other?.foreignAbove).toMatchObject({
      count: Math.abs(second),
      sinceMs: surgeStands().observedAtMs + 20_000,
    });
  });

  it.each([-2, 2])('what is put back before the second read was nothing', (by) => {
    const once = noted(withGroup(surgeStands(), { desiredCapacity: 11 + by }));
    const back = memoryAfter(withGroup(once, { desiredCapacity: 11 }), 20_000);
    expect(back).toMatchObject({ goal: 6 });
    expect(back).not.toHaveProperty('foreignBelow');
    expect(back).not.toHaveProperty('foreignAbove');
  });

  it('our own change has a minute to show', () => {
    const facts = withGroup(surgeStands(), { desiredCapacity: 9 });
    const asked = (agoMs: number) =>
      memoryAfter(withGroupMemory(facts, { launchesAskedAtMs: facts.observedAtMs - agoMs }))?.foreignBelow;
    expect(asked(59_999)).toBeUndefined();
    expect(asked(60_000)).toMatchObject({ count: 2 });
  });

  it('our terminations on their way are left out: neither taken for a scale-in, nor hiding one', () => {
    const facts = surgeStands();
    const intent = { terminateIntentMs: facts.observedAtMs - 15_000, terminateDecrement: true };
    const onItsWay = withRun(facts, {
      hosts: facts.memory.hosts.map((host) =>
        host.instanceId === 'i-00005' ? { ...host, ...intent } : host,
      ),
    });
    expect(memoryAfter(onItsWay)?.foreignBelow).toBeUndefined();
    expect(memoryAfter(withGroup(onItsWay, { desiredCapacity: 10 }))?.foreignBelow).toMatchObject({
      count: 1,
    });
  });

  it('hosts that somebody’s scale-in has taken already lower the goal, where our floor was taken away', () => {
    const taken = withoutHosts(withGroup(surgeStands(), { desiredCapacity: 9, minSize: 0 }), [
      'i-00042',
      'i-00043',
    ]);
    const goalAfter = (over: Partial<GroupMemory>) =>
      memoryAfter(noted(withGroupMemory(taken, over)), 20_000)?.goal ?? 6;
    expect(goalAfter({ floorSeen: 11 })).toBe(4);
    expect(goalAfter({ floorSeen: 6 })).toBe(6);
  });
});

describe('rule 2: whose change it is', () => {
  it('our floor counts as seen once a read shows it', () => {
    const unseen = withGroupMemory(surgeStands(), { floorSeen: 6 });
    expect(memoryAfter(unseen)?.floorSeen).toBe(11);
    expect(memoryAfter(withGroup(unseen, { minSize: 9 }))?.floorSeen ?? 6).toBe(6);
  });

  it('a scale-in is answered with the sizes that keep every host, MaxSize too, and not under a freeze', () => {
    const lowered = withGroup(surgeStands(), { desiredCapacity: 9, minSize: 0, maxSize: 9 });
    const facts = withGroupMemory(lowered, memoryAfter(lowered) ?? {});
    const step = see(facts, {}, 20_000);
    expect(step.register).toMatchObject([{ minSize: 11, desiredCapacity: 11, maxSize: 11 }]);
    expect(step.remember.groups[0]).toMatchObject({
      goal: 4,
      set: { minSize: 11, desiredCapacity: 11, maxSize: 11 },
      launchesAskedAtMs: facts.observedAtMs + 20_000,
    });
    const red: Facts = { ...facts, alarms: [{ alarmName: 'errors', state: 'ALARM' }] };
    expect(see(red, { alarms: ['errors'] }, 20_000).register).toEqual([]);
  });

  it('a group of which only the reference is ours keeps its goal, whoever scales it', () => {
    const facts = withGroup(surgeStands(), { desiredCapacity: 15 });
    const seen: Facts = withGroupMemory(facts, {
      foreignAbove: { count: 4, sinceMs: facts.observedAtMs - 20_000, reads: 1 },
    });
    const only = { ...plan, groups: plan.groups.map((group) => ({ ...group, referenceOnly: true })) };
    const goal = (chosen: typeof plan) =>
      decide(seen, chosen, defaults, seen.observedAtMs).remember.groups[0]?.goal ?? 6;
    expect(goal(plan)).toBe(10);
    expect(goal(only)).toBe(6);
  });

  it.each([
    ['is still to come', 1, {}],
    ['was due before the run began', -600_000, {}],
    ['was taken in already', -1000, { scheduledDone: { evening: 499_000 } }],
    ['is Auto Scaling’s to carry out, since it is not suspended by us', -1000, { suspendedByUs: [] }],
  ])('a scheduled action that %s moves no goal', (_, inMs, memory) => {
    const facts = surgeStands();
    const due = (atMs: number) => [
      { name: 'evening', startMs: facts.observedAtMs + atMs, minSize: 5, desiredCapacity: 5 },
    ];
    const goal = (seen: Facts) => memoryAfter(seen)?.goal ?? 6;
    expect(goal(withGroup(facts, { scheduledActions: due(-1000) }))).toBe(5);
    expect(goal(withGroupMemory(withGroup(facts, { scheduledActions: due(inMs) }), memory))).toBe(6);
  });
});

describe('rule 3: new hosts first', () => {
  const first = () => {
    const [start] = run().steps;
    if (start === undefined) throw new Error('no look');
    return start.facts;
  };

  it('Min, Max and desired go to the target size in one call: Min is the floor, Max rises only where it must', () => {
    const facts = withGroupMemory(withGroup(surgeStands(), { desiredCapacity: 10, minSize: 10 }), {
      set: { minSize: 10, desiredCapacity: 10, maxSize: 12 },
    });
    expect(see(facts).register).toMatchObject([{ minSize: 11, desiredCapacity: 11, maxSize: 12 }]);
    expect(memoryAfter(facts)).toMatchObject({
      set: { minSize: 11, desiredCapacity: 11, maxSize: 12 },
      launchesAskedAtMs: facts.observedAtMs,
    });
    const low = see(withGroup(facts, { maxSize: 10 }));
    expect(low.register).toMatchObject([{ minSize: 11, desiredCapacity: 11, maxSize: 11 }]);
    expect(low.remember.groups[0]?.set.maxSize).toBe(11);
  });

  it('the trial’s host alone at first', () => {
    expect(see(first()).register).toMatchObject([{ minSize: 7, desiredCapacity: 7 }]);
    expect(see(first(), { canaryInstances: 0 }).register).toMatchObject([{ desiredCapacity: 12 }]);
  });

  it('is not asked for twice while EC2 says nothing yet of the one that comes', () => {
    const facts = withGroup(first(), { minSize: 7, desiredCapacity: 7 });
    const [host] = facts.hosts;
    if (host === undefined) throw new Error('no host');
    const { imageId: _, containerInstanceArn: __, ...unknown } = host;
    const coming: HostFacts = { ...unknown, instanceId: 'i-coming', lifecycleState: 'Pending' };
    const asked = withGroupMemory(
      { ...facts, hosts: [...facts.hosts, coming] },
      { set: { minSize: 7, desiredCapacity: 7 }, launchesAskedAtMs: facts.observedAtMs - 10_000 },
    );
    expect(see(asked).register).toEqual([]);
    // It stood there before, and its group wants fewer: the first new one comes beside it.
    const standing = { ...coming, imageId: 'ami-0other', lifecycleState: 'InService' };
    const beside = see({ ...asked, hosts: [...facts.hosts, standing] }).register;
    expect(beside).toMatchObject([{ desiredCapacity: 8 }]);
  });

  it('is asked for again after a minute, not sooner, where nothing came of it', () => {
    const asked = (agoMs: number) => {
      const facts = withoutHosts(surgeStands(), ['i-00043']);
      const lost = withGroupMemory(withGroup(facts, { desiredCapacity: 10, minSize: 10 }), {
        launchesAskedAtMs: facts.observedAtMs - agoMs,
        floorSeen: 10,
      });
      return see(lost).register.length;
    };
    expect(asked(59_999)).toBe(0);
    expect(asked(60_000)).toBe(1);
  });

  it('never raises MaxSize where that is not allowed', () => {
    const facts = withGroup(surgeStands(), { desiredCapacity: 8, minSize: 8, maxSize: 9 });
    const own = withGroupMemory(facts, { set: { minSize: 8, desiredCapacity: 8 } });
    expect(see(own, { raiseMaxSize: false }).register).toMatchObject([{ desiredCapacity: 9, maxSize: 9 }]);
  });

  it('waits for the wave, but when launches keep failing goes on with what is ready', () => {
    const facts = withGroupMemory(withoutHosts(surgeStands(), ['i-00043']), {
      waveReadyAtMs: undefined as never,
    });
    const failing = (failures: number, agoMs = 60_000): Facts =>
      withGroup(facts, {
        failedLaunches: Array.from({ length: failures }, (_, n) => ({
          atMs: facts.observedAtMs - agoMs - n * 40_000,
          message: 'no capacity',
        })),
      });
    const isReady = (seen: Facts) => memoryAfter(seen)?.waveReadyAtMs !== undefined;
    expect(isReady(facts)).toBe(false);
    expect(isReady(failing(2))).toBe(false);
    expect(isReady(failing(3))).toBe(true);
    expect(isReady(failing(3, 900_000))).toBe(false);
  });

  it('the whole wave is ready before its first drain: one that is still to join is waited for, a straggler is not', () => {
    const joining = (launchedAgoMs: number): Facts => {
      const facts = withGroupMemory(surgeStands(), { waveReadyAtMs: undefined as never });
      const late = withHost(facts, 'i-00043', {
        agentConnected: false,
        launchTimeMs: facts.observedAtMs - launchedAgoMs,
      });
      return withRun(late, {
        hosts: late.memory.hosts.filter(({ instanceId }) => instanceId !== 'i-00043'),
      });
    };
    const isReady = (facts: Facts) => memoryAfter(facts)?.waveReadyAtMs !== undefined;
    expect(isReady(joining(30_000))).toBe(false);
    expect(isReady(joining(450_000))).toBe(true);
  });
});

describe('rule 4: a new host that is not ready in time', () => {
  const NEW = 'i-00043';
  const late = (over: Partial<HostFacts>, runningForMs = 600_001): Facts => {
    const facts = surgeStands();
    const {
      containerInstanceArn: _,
      status: __,
      ...machine
    } = facts.hosts.find(({ instanceId }) => instanceId === NEW) ?? ({} as HostFacts);
    const host = { ...machine, agentConnected: false, ...over } as HostFacts;
    const memory: HostMemory = {
      instanceId: NEW,
      role: 'new',
      autoScalingGroupName: 'group',
      runningSinceMs: facts.observedAtMs - runningForMs,
    };
    const bare = withoutHosts(facts, [NEW]);
    return withRun({ ...bare, hosts: [...bare.hosts, host] }, { hosts: [...bare.memory.hosts, memory] });
  };

  it('is ended, so that another comes, and counted', () => {
    const step = see(late({}));
    expect(step.terminate).toMatchObject([{ instanceId: NEW, decrement: false, because: 'surplus' }]);
    expect(step.remember.groups[0]?.failedNew).toBe(1);
    expect(see(late({}, 600_000)).terminate).toEqual([]);
  });

  it('drains like any other where it registered after all', () => {
    const step = see(late({ status: 'ACTIVE', containerInstanceArn: 'arn:ci/late' }));
    expect(step.terminate).toEqual([]);
    expect(step.drain.map(({ instanceId }) => instanceId)).toContain(NEW);
    expect(step.remember.hosts.find(({ instanceId }) => instanceId === NEW)?.surplus).toBe('swap');
  });

  it('stays as long as a task on it is protected', () => {
    const facts = late({ status: 'ACTIVE', containerInstanceArn: 'arn:ci/late' });
    const drains = (protectedUntilMs: number) => {
      const [model] = facts.tasks.filter(({ taskClass }) => taskClass === 'replica');
      const task = { ...model, taskArn: 'late', instanceId: NEW, protectedUntilMs } as TaskFacts;
      return see(withTasks(facts, [task])).drain.some(({ instanceId }) => instanceId === NEW);
    };
    expect(drains(facts.observedAtMs)).toBe(true);
    expect(drains(facts.observedAtMs + 1)).toBe(false);
  });
});

describe('rule 18: hosts beyond what goal and outdated explain', () => {
  /** The goal is five, and nobody lowered it in this look: one new host is too many. */
  const tooMany = (over: Partial<GroupMemory> = {}) =>
    withGroupMemory(surgeStands(), { goal: 5, surplusSinceMs: surgeStands().observedAtMs - 30_000, ...over });
  const leaving = (facts: Facts) =>
    see(facts).remember.hosts.flatMap(({ instanceId, surplus }) => (surplus === undefined ? [] : instanceId));

  it('leave by drain, one a look, the emptiest first, once they were seen for half a minute', () => {
    const facts = tooMany();
    const [victim] = leaving(facts);
    expect(leaving(facts)).toHaveLength(1);
    expect(see(facts).drain.map(({ instanceId }) => instanceId)).toContain(victim);
    const tasksOn = (id: string | undefined) =>
      facts.tasks.filter((one) => one.instanceId === id && one.taskClass === 'replica').length;
    expect(tasksOn(victim)).toBe(0);
    expect(leaving(tooMany({ surplusSinceMs: facts.observedAtMs - 29_999 }))).toEqual([]);
  });

  it('stay as long as their tasks are protected: another one goes', () => {
    const facts = tooMany();
    const [victim = ''] = leaving(facts);
    const guarded = (isGuarded: (id: string | undefined) => boolean): Facts => ({
      ...facts,
      tasks: facts.tasks.map((task) =>
        isGuarded(task.instanceId) ? { ...task, protectedUntilMs: facts.observedAtMs + 1 } : task,
      ),
    });
    expect(leaving(guarded((id) => id === victim))).not.toContain(victim);
    const all = guarded(() => true);
    expect(leaving(all)).toEqual([]);
    expect(see(all).holds.find(({ instanceId }) => instanceId === victim)?.reason).toMatch(
      /^surplus, but \d+ protected task/,
    );
  });

  it('are first noted', () => {
    const { surplusSinceMs: _, ...memory } = tooMany().memory.groups[0] as GroupMemory;
    const facts = withRun(surgeStands(), { groups: [memory] });
    expect(leaving(facts)).toEqual([]);
    expect(memoryAfter(facts)?.surplusSinceMs).toBe(facts.observedAtMs);
    expect(memoryAfter(tooMany({ goal: 6 }))).not.toHaveProperty('surplusSinceMs');
  });

  it('never one with a standalone task, nor one while others are still to join', () => {
    const facts = tooMany();
    const [victim = ''] = leaving(facts);
    const [model] = facts.tasks;
    if (model === undefined) throw new Error('no task');
    const busy: Facts = {
      ...facts,
      tasks: [...facts.tasks, { ...model, taskArn: 'job', taskClass: 'standalone', instanceId: victim }],
    };
    expect(leaving(busy)).not.toContain(victim);
    const joining = withRun(withHost(facts, 'i-00037', { agentConnected: false }), {
      hosts: facts.memory.hosts.filter(({ instanceId }) => instanceId !== 'i-00037'),
    });
    expect(leaving(joining)).toEqual([]);
  });
});
