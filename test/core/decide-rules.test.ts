/** Single rules at single looks: a mid-run picture, one thing changed. */
import { beforeAll, describe, expect, it } from 'vitest';
import { decide } from '../../functions/core/decide.ts';
import type { Facts, GroupFacts, HostFacts, TaskFacts } from '../../functions/core/facts.ts';
import type { GroupMemory, HostMemory, RunMemory } from '../../functions/core/memory.ts';
import type { Plan } from '../../functions/core/plan.ts';
import type { Settings } from '../../functions/core/settings.ts';
import type { Step } from '../../functions/core/step.ts';
import { defaults, task } from '../support/facts.ts';
import { type ModelRun, runToEnd } from '../support/model-run.ts';

let run: ModelRun;
let plan: Plan;

beforeAll(() => {
  run = runToEnd({
    hosts: 6,
    services: [
      { name: 'web', desired: 24, stopSeconds: 90 },
      { name: 'agent', desired: 0, daemon: true, cpu: 10, memoryMiB: 10 },
    ],
  });
  plan = run.world.plan;
});

/** The look at which the step did what is asked for. */
function lookWhere(found: (step: Step) => boolean): Facts {
  const look = run.steps.find(({ step }) => found(step));
  if (look === undefined) throw new Error('no such look');
  return look.facts;
}
const terminating = () => lookWhere((step) => step.terminate.length > 0);
const baking = () => lookWhere((step) => step.phase === 'baking' && step.drain.length === 0);
const drainingAfterTrial = () =>
  lookWhere((step) => step.drain.length > 0 && !step.drain.some((act) => act.reason.startsWith('trial')));

const see = (facts: Facts, chosen: Partial<Settings> = {}, laterMs = 0) =>
  decide(facts, plan, { ...defaults, ...chosen }, facts.observedAtMs + laterMs);
const withGroup = (facts: Facts, over: Partial<GroupFacts>): Facts => ({
  ...facts,
  groups: facts.groups.map((group) => ({ ...group, ...over })),
});
const withHost = (facts: Facts, id: string | undefined, over: Partial<HostFacts>): Facts => ({
  ...facts,
  hosts: facts.hosts.map((host) => (host.instanceId === id ? { ...host, ...over } : host)),
});
const withRun = (facts: Facts, over: Partial<RunMemory>): Facts => ({
  ...facts,
  memory: { ...facts.memory, ...over },
});
const withGroupMemory = (facts: Facts, over: Partial<GroupMemory>): Facts =>
  withRun(facts, { groups: facts.memory.groups.map((group) => ({ ...group, ...over })) });
const withHostMemory = (facts: Facts, id: string | undefined, over: Partial<HostMemory>): Facts =>
  withRun(facts, {
    hosts: facts.memory.hosts.map((host) => (host.instanceId === id ? { ...host, ...over } : host)),
  });
const withTasks = (facts: Facts, tasks: readonly TaskFacts[]): Facts => ({
  ...facts,
  tasks: [...facts.tasks, ...tasks],
});
const alarm = { alarmName: 'errors', state: 'ALARM' } as const;
const nothing = (step: Step) => [...step.register, ...step.drain, ...step.terminate];

describe('rule 4: ready', () => {
  it.each([0, 1, 2])(
    'takes a host for ready after two reads of its agent, not after one: %i before this',
    (reads) => {
      const facts = lookWhere((step) => step.drain.some((act) => act.reason.startsWith('trial')));
      const agentReads = Array.from({ length: reads }, (_, n) => ({
        atMs: facts.observedAtMs - 20_000 * (n + 1),
        connected: true,
      }));
      const hosts = facts.memory.hosts.map(({ readySinceMs: _, ...host }) => ({ ...host, agentReads }));
      const waiting = see(withRun(facts, { hosts })).holds.filter((hold) =>
        hold.reason.includes('two reads'),
      );
      expect(waiting).toHaveLength(reads === 0 ? 6 : 0);
    },
  );

  it('waits for the daemons that ran everywhere when the run was planned', () => {
    const facts = lookWhere((step) => step.drain.some((act) => act.reason.startsWith('trial')));
    const fresh = withRun(facts, { hosts: facts.memory.hosts.map(({ readySinceMs: _, ...host }) => host) });
    const [first] = fresh.hosts.filter((host) => host.imageId === 'ami-new');
    const tasks = fresh.tasks.filter((item) => item.instanceId !== first?.instanceId);
    const step = see({ ...fresh, tasks });
    expect(step.holds).toContainEqual(
      expect.objectContaining({
        instanceId: first?.instanceId,
        rule: '4',
        reason: 'daemon agent does not run on it yet',
      }),
    );
  });

  it('forgives a ready host a lost agent for three minutes', () => {
    const facts = drainingAfterTrial();
    const [ready] = facts.memory.hosts.filter((host) => host.readySinceMs !== undefined);
    const away = (ms: number) => {
      const gone = withHost(facts, ready?.instanceId, { agentConnected: false });
      return see(withHostMemory(gone, ready?.instanceId, { agentGoneSinceMs: facts.observedAtMs - ms }));
    };
    const waitsFor = (step: Step) => step.holds.some((hold) => hold.instanceId === ready?.instanceId);
    expect(waitsFor(away(170_000))).toBe(false);
    expect(waitsFor(away(180_000))).toBe(true);
  });
});

describe('rule 5: freeze', () => {
  it.each<[string, (facts: Facts) => Facts, Partial<Settings>]>([
    ['an alarm is red', (facts) => ({ ...facts, alarms: [alarm] }), { alarms: ['errors'] }],
    ['somebody refreshes the group', (facts) => withGroup(facts, { instanceRefreshInProgress: true }), {}],
    [
      'many agents are gone at once',
      (facts) => ({
        ...facts,
        hosts: facts.hosts.map((host, n) => (n % 3 === 0 ? { ...host, agentConnected: false } : host)),
      }),
      {},
    ],
    ['the run is paused', (facts) => withRun(facts, { control: { mode: 'pause', atMs: 0, by: 'me' } }), {}],
  ])('does nothing while %s', (_, change, chosen) => {
    expect(nothing(see(drainingAfterTrial(), chosen))).not.toEqual([]);
    expect(nothing(see(change(drainingAfterTrial()), chosen))).toEqual([]);
    expect(nothing(see(change(terminating()), chosen))).toEqual([]);
  });

  it('takes no notice of an alarm that the settings do not name', () => {
    expect(see({ ...drainingAfterTrial(), alarms: [alarm] }).drain).not.toEqual([]);
  });

  it('drains no host of a service that is deploying', () => {
    const facts = drainingAfterTrial();
    const services = facts.services.map((service) => ({ ...service, deploying: true }));
    const step = see({ ...facts, services });
    expect(step.drain).toEqual([]);
    expect(step.holds).toContainEqual(
      expect.objectContaining({ rule: '5', reason: 'web is deploying', service: 'web' }),
    );
  });

  it('believes in a foreign template only when a read a minute later agrees, then freezes the group', () => {
    const facts = drainingAfterTrial();
    const [use] = facts.groups[0]?.templates ?? [];
    if (use === undefined) throw new Error('no template');
    const changed = withGroup(facts, { templates: [{ ...use, imageId: 'ami-theirs' }] });
    expect(see(changed).drain).not.toEqual([]);
    const sinceMs = facts.observedAtMs - 60_000;
    const seenBefore = withGroupMemory(changed, {
      foreignTemplate: { imageId: 'ami-theirs', sinceMs, reads: 1 },
    });
    expect(nothing(see(seenBefore))).toEqual([]);
  });

  it('drains nothing outside the window, nor what could not finish before it closes', () => {
    const facts = { ...drainingAfterTrial(), observedAtMs: Date.UTC(2026, 10, 24, 2, 30) };
    const moved = withRun(facts, {
      lastProgressAtMs: facts.observedAtMs,
      startedAtMs: facts.observedAtMs - 60_000,
    });
    const window = (startMinute: number, endMinute: number) => ({
      windows: [{ text: 'Tue', weekdays: [2], startMinute, endMinute, timeZone: 'UTC' }],
    });
    expect(see(moved, window(120, 300)).drain).not.toEqual([]);
    expect(see(moved, window(180, 300)).drain).toEqual([]);
    expect(see(moved, window(120, 152)).drain).toEqual([]);
    expect(
      see(withRun(moved, { deadlineMs: facts.observedAtMs + 3_600_000 }), window(180, 300)).drain,
    ).not.toEqual([]);
  });
});

describe('the image on trial', () => {
  it('is judged bad when an alarm turns red in the bake', () => {
    const step = see({ ...baking(), alarms: [alarm] }, { alarms: ['errors'] });
    expect(step.end).toMatchObject({ outcome: 'ROLLED_BACK', reason: expect.stringContaining('errors') });
    expect(step.remember.run?.imageJudgedBad).toBe(true);
  });

  const deaths = (facts: Facts, count: number, over: Partial<TaskFacts> = {}) => {
    const [ready] = facts.hosts.filter((host) => host.imageId === 'ami-new');
    return Array.from({ length: count }, (_, n) =>
      task({
        taskArn: `dead-${n}`,
        instanceId: ready?.instanceId ?? '',
        lastStatus: 'STOPPED',
        desiredStatus: 'STOPPED',
        healthy: false,
        createdAtMs: facts.observedAtMs - 1000,
        stopCode: 'EssentialContainerExited',
        stoppedReason: 'OutOfMemoryError',
        exitCodes: [137],
        ...over,
      }),
    );
  };

  it.each<[string, number, Partial<TaskFacts>, boolean]>([
    ['two tasks die on new hosts', 2, {}, true],
    ['two tasks do not start', 2, { stopCode: 'TaskFailedToStart', exitCodes: [] }, true],
    ['one dies', 1, {}, false],
    ['tasks end well', 2, { exitCodes: [0] }, false],
    ['the scheduler stops them', 2, { stopCode: 'ServiceSchedulerInitiated' }, false],
    ['they were of another task definition: somebody’s deployment', 2, { taskDefinitionArn: 'web:2' }, false],
  ])('when %s', (_, count, over, bad) => {
    const facts = baking();
    const step = see(withTasks(facts, deaths(facts, count, over)));
    expect(step.end?.outcome).toBe(bad ? 'ROLLED_BACK' : undefined);
    if (bad) expect(step.activate.length + step.drain.length).toBeGreaterThan(0);
  });

  it('is not blamed for a service that was ailing before', () => {
    const facts = baking();
    const ailing = withRun(facts, {
      services: facts.memory.services.map((item) => ({ ...item, healthyAtPlan: item.desiredAtPlan - 1 })),
    });
    expect(see(withTasks(ailing, deaths(ailing, 5))).end).toBeUndefined();
  });
});

describe('rules 11 to 14: drains that do not end', () => {
  const stuck = () => {
    const facts = lookWhere((step) => step.drain.length > 0);
    const [act] = run.steps.find(({ facts: seen }) => seen === facts)?.step.drain ?? [];
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

describe('protected tasks', () => {
  const guarded = (untilMs: number) => {
    const facts = drainingAfterTrial();
    const [act] = run.steps.find(({ facts: seen }) => seen === facts)?.step.drain ?? [];
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
    const { id, facts } = guarded(1e9);
    expect(drains(see(facts, { protectedTasks: 'stop', protectedTimeoutSeconds: 1 }), id)).toBe(true);
    const step = see(facts, { protectedTasks: 'wait', protectedTimeoutSeconds: 1 });
    expect(drains(step, id)).toBe(false);
    expect(step.remember.hosts.find((host) => host.instanceId === id)?.held?.final).toBe(true);
  });
});

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
    [
      'it is protected from termination',
      (facts, id) => withHost(facts, id, { apiTerminationProtected: true }),
    ],
    [
      'a service that it served is short',
      (facts) => ({ ...facts, tasks: facts.tasks.map((item) => ({ ...item, healthy: false })) }),
    ],
    [
      'the group’s trial has not passed',
      (facts) =>
        withGroupMemory(facts, {
          trialPassedAtMs: facts.observedAtMs + 1,
          bakeStartedAtMs: facts.observedAtMs,
        } as Partial<GroupMemory>),
    ],
  ])('does not end a host while %s', (what, change) => {
    const { facts, id } = first();
    let changed = change(facts, id);
    if (what.includes('trial')) {
      changed = withRun(changed, {
        groups: changed.memory.groups.map(({ trialPassedAtMs: _, ...group }) => group),
      });
    }
    expect(ends(see(changed), id)).toBe(false);
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
    expect(asked(0, 90_000)).toBe(false);
    expect(asked(1, 30_000)).toBe(false);
    expect(asked(1, 90_000)).toBe(true);
  });

  it('sets no absolute size while a decrement is on its way', () => {
    const { facts, id } = first();
    const shrunk = withGroup(facts, { desiredCapacity: 7 });
    const inFlight = withHostMemory(shrunk, id, {
      terminateIntentMs: facts.observedAtMs - 15_000,
      terminateDecrement: true,
    });
    expect(see(inFlight).register).toEqual([]);
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
    const facts = withGroup(drainingAfterTrial(), { desiredCapacity: 10 });
    const once = see(facts);
    expect(once.register).toEqual([]);
    const noted = once.remember.groups[0];
    if (noted === undefined) throw new Error('nothing noted');
    const twice = see(withGroupMemory(facts, noted), {}, 20_000);
    expect(twice.register).toMatchObject([{ minSize: 12, desiredCapacity: 12 }]);
    expect(twice.remember.groups[0]?.goal).toBe(4);
  });

  it('moves the goal when a scheduled action falls due that we hold back', () => {
    const facts = drainingAfterTrial();
    const due = withGroup(facts, {
      scheduledActions: [
        { name: 'evening', startMs: facts.observedAtMs - 1000, desiredCapacity: 9, minSize: 2 },
      ],
    });
    const step = see(due);
    expect(step.remember.groups[0]).toMatchObject({
      goal: 9,
      scheduledDue: { desiredCapacity: 9, minSize: 2 },
    });
    const noted = step.remember.groups[0];
    expect(see(withGroupMemory(due, { ...noted, goal: 7 })).remember.groups[0]?.goal ?? 7).toBe(7);
  });

  it('ends with the group’s own words when launches keep failing and nothing is ready', () => {
    const [start] = run.steps;
    if (start === undefined) throw new Error('no look');
    const failure = { atMs: 30_000, message: 'We currently do not have sufficient capacity' };
    const facts = withGroupMemory(withGroup(start.facts, { failedLaunches: [failure, failure, failure] }), {
      launchesAskedAtMs: 0,
    });
    expect(see(facts, {}, 60_000).end).toMatchObject({
      outcome: 'FAILED',
      reason: expect.stringContaining('sufficient capacity'),
    });
  });
});
