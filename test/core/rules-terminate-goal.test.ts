/** Rules 2 and 16 to 18: single looks, one thing changed. */
import { describe, expect, it } from 'vitest';
import type { Facts, HostFacts } from '../../functions/core/facts.ts';
import type { Step } from '../../functions/core/step.ts';
import { task } from '../support/facts.ts';
import {
  drainingAfterTrial,
  plan,
  run,
  see,
  terminating,
  withGroup,
  withGroupMemory,
  withHost,
  withHostMemory,
  withRun,
  withTasks,
} from '../support/mid-run.ts';

describe('rules 16 to 18: terminate', () => {
  const first = () => {
    const facts = terminating();
    const act = see(facts).terminate[0];
    if (act === undefined) throw new Error('nothing ends');
    return { facts, id: act.instanceId };
  };
  const ends = (step: Step, id: string) => step.terminate.some((act) => act.instanceId === id);

  it.each<[string, (facts: Facts, id: string) => Facts]>([
    [
      'a task is still stopping',
      (facts, id) =>
        withTasks(facts, [task({ instanceId: id, lastStatus: 'STOPPING', desiredStatus: 'STOPPED' })]),
    ],
    [
      'a target still deregisters',
      (facts, id) =>
        withTasks(facts, [
          task({ instanceId: id, lastStatus: 'STOPPED', desiredStatus: 'STOPPED', targetsDeregistering: 1 }),
        ]),
    ],
    [
      'a standalone task runs',
      (facts, id) => withTasks(facts, [task({ instanceId: id, taskClass: 'standalone' })]),
    ],
    [
      'it was empty on one read only',
      (facts, id) => withHostMemory(facts, id, { emptySinceMs: facts.observedAtMs - 14_999 }),
    ],
    [
      'a daemon stops and two minutes are not over',
      (facts, id) =>
        withHostMemory(
          withTasks(facts, [task({ instanceId: id, taskClass: 'daemon', serviceName: 'agent' })]),
          id,
          { emptySinceMs: facts.observedAtMs - 119_000 },
        ),
    ],
    ['its container instance is ACTIVE', (facts, id) => withHost(facts, id, { status: 'ACTIVE' })],
    ['Auto Scaling moves it', (facts, id) => withHost(facts, id, { lifecycleState: 'EnteringStandby' })],
    ['a launch hook still holds it', (facts, id) => withHost(facts, id, { lifecycleState: 'Pending:Wait' })],
    [
      'it is protected from termination',
      (facts, id) => withHost(facts, id, { apiTerminationProtected: true }),
    ],
    [
      'a service that it served is short',
      (facts) => ({ ...facts, tasks: facts.tasks.map((item) => ({ ...item, healthy: false })) }),
    ],
    [
      'its group’s trial bakes',
      (facts) =>
        withRun(facts, {
          groups: facts.memory.groups.map(({ trialPassedAtMs: _, ...group }) => ({
            ...group,
            bakeStartedAtMs: facts.observedAtMs - 1000,
          })),
        }),
    ],
  ])('does not end a host while %s', (_, change) => {
    const { facts, id } = first();
    expect(ends(see(facts), id)).toBe(true);
    expect(ends(see(change(facts, id)), id)).toBe(false);
  });

  it('ends it although a daemon has not stopped two minutes after the rest', () => {
    const { facts, id } = first();
    const late = withTasks(facts, [task({ instanceId: id, taskClass: 'daemon', serviceName: 'agent' })]);
    expect(ends(see(withHostMemory(late, id, { emptySinceMs: facts.observedAtMs - 121_000 })), id)).toBe(
      true,
    );
  });

  it('asks again only after two reads that still say InService', () => {
    const { facts, id } = first();
    const asked = (readsAfterIntent: number, laterMs: number) => {
      const memory = withHostMemory(facts, id, {
        terminateIntentMs: facts.observedAtMs - laterMs,
        terminateDecrement: true,
        readsAfterIntent,
      });
      const forgotten = see(memory).remember.hosts.find((host) => host.instanceId === id);
      return forgotten?.terminateIntentMs === undefined;
    };
    expect(asked(0, 240_000)).toBe(false);
    expect(asked(1, 120_000)).toBe(false);
    expect(asked(1, 240_000)).toBe(true);
  });

  it('has Min lowered again where the call that should have lowered it came to nothing', () => {
    const { facts } = first();
    const { desiredCapacity = 0 } = facts.groups[0] ?? {};
    const standing = withGroup(facts, { minSize: desiredCapacity });
    const meant = { ...facts.memory.groups[0]?.set, minSize: desiredCapacity - 1 };

    const act = see(withGroupMemory(standing, { set: meant })).terminate.find((one) => one.decrement);

    expect(act?.minSizeBefore).toBe(desiredCapacity - 1);
  });

  it('sets no absolute size while a decrement is on its way', () => {
    const { facts, id } = first();
    const small = withGroup(facts, { desiredCapacity: facts.hosts.length });
    const needsMore = withGroupMemory(small, {
      goal: facts.hosts.length,
      set: { desiredCapacity: facts.hosts.length },
    });
    expect(see(needsMore).register).toHaveLength(1);
    const asked = { terminateIntentMs: facts.observedAtMs - 15_000, terminateDecrement: true };
    expect(see(withHostMemory(needsMore, id, asked)).register).toEqual([]);
  });

  it('expects one host less once a decrement shows, so that a scale-out after it is seen as one', () => {
    const { facts, id } = first();
    const asked = { terminateIntentMs: facts.observedAtMs - 15_000, terminateDecrement: true };
    const expected = facts.groups[0]?.desiredCapacity ?? 0;
    const before = withGroupMemory(withHostMemory(facts, id, asked), { set: { desiredCapacity: expected } });
    const gone = withHost(before, id, { lifecycleState: 'Terminating' });
    expect(see(gone).remember.groups[0]?.set.desiredCapacity).toBe(expected - 1);
  });

  it('takes a ghost away only when EC2 says terminated', () => {
    const { facts, id } = first();
    const ghost = (ec2State: HostFacts['ec2State']) =>
      see(
        withHostMemory(
          withHost(facts, id, {
            ...(ec2State !== undefined && { ec2State }),
            lifecycleState: 'Terminated',
            agentConnected: false,
          }),
          id,
          { goneSinceMs: facts.observedAtMs - 100_000 },
        ),
      );
    expect(ghost('terminated').deregister.map((act) => act.instanceId)).toEqual([id]);
    expect(ghost('shutting-down').deregister).toEqual([]);
  });

  it('holds no host any more that somebody else has ended', () => {
    const facts = drainingAfterTrial();
    const id = see(facts).drain[0]?.instanceId ?? '';
    const held = { reason: 'nothing moves', sinceMs: 0, attempts: 1, final: true };
    const memory = { instanceId: id, role: 'outdated', autoScalingGroupName: 'group', held } as const;
    const others = facts.memory.hosts.filter((host) => host.instanceId !== id);
    const holding = withRun(facts, { hosts: [...others, memory] });
    const noted = (look: Facts) => see(look).remember.hosts.find((host) => host.instanceId === id);
    expect((noted(holding) ?? memory).held).toEqual(held);

    const ended = noted(withHost(holding, id, { ec2State: 'shutting-down' }));
    expect(ended?.goneSinceMs).toBe(facts.observedAtMs);
    expect(ended?.held).toBeUndefined();
    for (const lifecycleState of ['Detached', 'Terminating:Wait'] as const) {
      const stands = noted(withHost(holding, id, { lifecycleState })) ?? memory;
      expect(stands.held).toEqual(held);
    }
  });

  it('replaces a dead host without draining it, once there is room for its tasks', () => {
    const facts = drainingAfterTrial();
    const [act] = see(facts).drain;
    const dead = withHost(facts, act?.instanceId, { agentConnected: false, impaired: true });
    const silent = withRun(dead, {
      hosts: [
        ...dead.memory.hosts.filter((host) => host.instanceId !== act?.instanceId),
        {
          instanceId: act?.instanceId ?? '',
          role: 'outdated',
          autoScalingGroupName: 'group',
          agentGoneSinceMs: facts.observedAtMs - 600_000,
        },
      ],
    });
    const step = see(silent);
    expect(step.terminate).toContainEqual(
      expect.objectContaining({ instanceId: act?.instanceId, because: 'dead' }),
    );
    expect(step.drain.some((other) => other.instanceId === act?.instanceId)).toBe(false);
    const alive = see(withHost(silent, act?.instanceId, { impaired: false }));
    expect(alive.terminate.some((other) => other.instanceId === act?.instanceId)).toBe(false);
  });
});

describe('rule 2: what others want of the group', () => {
  it('answers a scale-in on the second read: sizes up to what stands, the goal down', () => {
    const before = drainingAfterTrial();
    const standing = before.hosts.filter((item) => item.lifecycleState === 'InService').length;
    const facts = withGroup(before, { desiredCapacity: standing - 2 });
    const once = see(facts);
    expect(once.register).toEqual([]);
    const noted = once.remember.groups[0];
    if (noted === undefined) throw new Error('nothing noted');
    const twice = see(withGroupMemory(facts, noted), {}, 20_000);
    expect(twice.register).toMatchObject([{ minSize: standing, desiredCapacity: standing }]);
    expect(twice.remember.groups[0]?.goal).toBe(4);
  });

  it('takes a host that Auto Scaling launches before it ends another for no scale-in', () => {
    const facts = drainingAfterTrial();
    const [model] = facts.hosts.filter((item) => item.lifecycleState === 'InService');
    if (model === undefined) throw new Error('no host');
    const { containerInstanceArn: _, ...launched } = { ...model, instanceId: 'i-replacing' };
    const desiredCapacity = facts.hosts.filter((item) => item.lifecycleState === 'InService').length;
    const replacing: Facts = {
      ...facts,
      hosts: [...facts.hosts, { ...launched, lifecycleState: 'Pending' }],
    };
    const own = withGroupMemory(withGroup(replacing, { desiredCapacity }), {
      set: { ...facts.memory.groups[0]?.set, desiredCapacity },
      launchesAskedAtMs: 0,
    });
    const once = see(own);
    expect(once.remember.groups[0]?.foreignBelow).toBeUndefined();

    const lowered = withGroup(own, { desiredCapacity: desiredCapacity - 1 });
    const noted = see(lowered).remember.groups[0];
    expect(noted?.foreignBelow).toMatchObject({ count: 1 });
    const twice = see(withGroupMemory(lowered, noted ?? {}), {}, 20_000);
    expect(twice.register).toMatchObject([{ minSize: desiredCapacity, desiredCapacity }]);
    expect(twice.remember.groups[0]?.goal).toBe((facts.memory.groups[0]?.goal ?? 0) - 1);
  });

  it('moves the goal when a scheduled action falls due that we hold back', () => {
    const facts = drainingAfterTrial();
    const due = withGroup(facts, {
      scheduledActions: [
        { name: 'evening', startMs: facts.observedAtMs - 1000, desiredCapacity: 9, minSize: 2, maxSize: 9 },
      ],
    });
    const step = see(due);
    expect(step.remember.groups[0]).toMatchObject({
      goal: 9,
      scheduledDue: { desiredCapacity: 9, minSize: 2, maxSize: 9 },
    });
    const noted = step.remember.groups[0];
    expect(see(withGroupMemory(due, { ...noted, goal: 7 })).remember.groups[0]?.goal ?? 7).toBe(7);
  });

  it('lets a scheduled action change nothing that Auto Scaling would refuse it: above the MaxSize of before the surge', () => {
    const facts = drainingAfterTrial();
    const original = facts.memory.groups[0]?.original.maxSize ?? 0;
    const goal = facts.memory.groups[0]?.goal;
    expect(facts.groups[0]?.maxSize).toBeGreaterThan(original);
    const action = { name: 'evening', startMs: facts.observedAtMs - 1000 };
    const due = (over: object) => see(withGroup(facts, { scheduledActions: [{ ...action, ...over }] }));
    const refused = due({ desiredCapacity: original + 1 });
    expect(refused.remember.groups[0]?.goal ?? goal).toBe(goal);
    expect(refused.remember.groups[0]?.scheduledDue).toBeUndefined();
    expect(refused.notify).toContainEqual(expect.objectContaining({ kind: 'scheduled-action' }));
    expect(due({ desiredCapacity: original }).remember.groups[0]?.goal ?? goal).toBe(original);
  });

  it('takes no old read of Auto Scaling for somebody who scaled out', () => {
    const facts = terminating();
    const [host] = facts.hosts.filter(({ lifecycleState }) => lifecycleState === 'InService');
    const desired = (facts.memory.groups[0]?.set.desiredCapacity ?? 0) - 1;
    const set = { ...facts.memory.groups[0]?.set, desiredCapacity: desired };
    const gone = withHostMemory(
      withHost(withGroupMemory(facts, { set }), host?.instanceId, { ec2State: 'shutting-down' }),
      host?.instanceId,
      { terminateIntentMs: 0, terminateDecrement: true, decrementCounted: true, goneSinceMs: 0 },
    );
    const old = withGroup(gone, { desiredCapacity: desired + 1 });
    const first = see(old);
    expect(first.remember.groups[0]?.foreignAbove).toBeUndefined();
    const fresh = withHost(old, host?.instanceId, { lifecycleState: 'Terminating' });
    expect(see(fresh).remember.groups[0]?.foreignAbove).toMatchObject({ count: 1 });
  });

  /** Failures at these moments, and what the look at four minutes makes of them. */
  function endAfterFailedLaunches(failedAtMs: readonly number[]) {
    const [start] = run().steps;
    if (start === undefined) throw new Error('no look');
    const message = 'We currently do not have sufficient capacity';
    const failedLaunches = failedAtMs.map((atMs) => ({ atMs, message }));
    const facts = withGroupMemory(withGroup(start.facts, { failedLaunches }), { launchesAskedAtMs: 0 });
    return see(facts, {}, 240_000);
  }

  it('ends with the group’s own words when launches keep failing and nothing is ready', () => {
    expect(endAfterFailedLaunches([30_000, 90_000, 210_000]).end).toMatchObject({
      outcome: 'FAILED',
      reason: expect.stringContaining('sufficient capacity'),
    });
  });

  it('names every host that stays because launches keep failing', () => {
    const step = endAfterFailedLaunches([30_000, 90_000, 210_000]);
    const outdated = plan.groups.flatMap((group) => group.outdated).sort();
    const held = step.remember.hosts.filter((host) => host.held?.final === true);
    expect(held.map((host) => host.instanceId).sort()).toEqual(outdated);
    const told = step.notify.filter(({ kind }) => kind === 'host-held');
    expect(told.map(({ instanceId }) => instanceId).sort()).toEqual(outdated);
    expect(held[0]?.held?.reason).toContain('sufficient capacity');
  });

  it('takes the failures of one attempt in every zone for one failure, and waits for the next attempt', () => {
    expect(endAfterFailedLaunches([30_000, 30_000, 31_000]).end).toBeUndefined();
  });
});
