/** How a drain begins: what is written down of it, how many hosts a step takes, and the reason each other host is given. */
import { describe, expect, it } from 'vitest';
import type { Facts, ServiceFacts } from '../../functions/core/facts.ts';
import type { Step } from '../../functions/core/step.ts';
import { resources, task } from '../support/facts.ts';
import { alarm, drainingAfterTrial, hasPassed, lookWhere, see, withRun } from '../support/mid-run.ts';
import { runToEnd } from '../support/model-run.ts';

const inTrial = () => lookWhere((step, facts) => step.drain.length > 0 && !hasPassed(facts));
const remembered = (step: Step, instanceId: string | undefined) =>
  step.remember.hosts.find((host) => host.instanceId === instanceId);
const rulesOf = (step: Step) => [...new Set(step.holds.map((hold) => hold.rule))];
const outdatedIn = (facts: Facts) =>
  facts.hosts.filter((host) => host.imageId === 'ami-old' && host.status === 'ACTIVE');

describe('what is written down of a drain before the call', () => {
  it('is when, which services and how many tasks; that it is the trial; and the first one of the run', () => {
    const facts = inTrial();
    const step = see(facts);
    const [act] = step.drain;
    expect(act?.reason).toMatch(/^trial: 4 tasks move/);
    expect(remembered(step, act?.instanceId)).toMatchObject({
      drainingSinceMs: facts.observedAtMs,
      served: ['web'],
      tasksAtDrain: 4,
      tasksLeft: 4,
      trial: true,
    });
    expect(step.remember.run?.firstDrainAtMs).toBe(facts.observedAtMs);
  });

  it('is no trial once that has passed, and not the first again', () => {
    const step = see(drainingAfterTrial());
    const [act] = step.drain;
    expect(act?.reason).toMatch(/^\d tasks move/);
    expect(remembered(step, act?.instanceId)).not.toHaveProperty('trial');
    expect(step.remember.run).not.toHaveProperty('firstDrainAtMs');
  });

  it('takes away what an earlier drain of the same host left: it was given back, and was empty', () => {
    const facts = drainingAfterTrial();
    const id = see(facts).drain[0]?.instanceId ?? '';
    const before = {
      instanceId: id,
      role: 'outdated' as const,
      autoScalingGroupName: 'group',
      activatedAtMs: 1,
      emptySinceMs: 2,
      drainingSeenAtMs: 3,
    };
    const again = withRun(facts, {
      hosts: [...facts.memory.hosts.filter((host) => host.instanceId !== id), before],
    });
    const after = remembered(see(again), id);
    expect(after).toMatchObject({ drainingSinceMs: facts.observedAtMs });
    for (const stale of ['activatedAtMs', 'emptySinceMs', 'drainingSeenAtMs'])
      expect(after).not.toHaveProperty(stale);
  });

  it('names the services in order, and the zone of each that may stop first', () => {
    const facts = drainingAfterTrial();
    const old = outdatedIn(facts);
    const of = (service: ServiceFacts): readonly ServiceFacts[] =>
      service.serviceName !== 'web'
        ? [service]
        : [
            service,
            {
              ...service,
              serviceName: 'api',
              serviceArn: 'arn:service/api',
              desiredCount: old.length,
              runningCount: old.length,
              minimumHealthyPercent: 0,
            },
          ];
    const api = {
      serviceName: 'api',
      healthyAtPlan: old.length,
      desiredAtPlan: old.length,
      tasksOnOutdated: old.length,
      unplacedAtPlan: 0,
    };
    const both = {
      ...facts,
      services: facts.services.flatMap(of),
      tasks: [
        ...facts.tasks,
        ...old.map(({ instanceId }) =>
          task({ taskArn: `api-${instanceId}`, instanceId, serviceName: 'api' }),
        ),
      ],
    };
    const step = see(withRun(both, { services: [...facts.memory.services, api] }));
    const [act] = step.drain;
    expect(remembered(step, act?.instanceId)?.served).toEqual(['api', 'web']);
    const zone = old.find((host) => host.instanceId === act?.instanceId)?.zone;
    const zones = step.remember.services.flatMap((service) =>
      service.motionZone === undefined ? [] : [[service.serviceName, service.motionZone]],
    );
    // One that starts first may be anywhere: web has none.
    expect(zones).toEqual([['api', zone]]);
  });
});

describe('a host that does not drain', () => {
  it('is told what comes first: new hosts, then the trial', () => {
    expect(rulesOf(see(inTrial()))).toEqual(['8']);
    const early = lookWhere((step) => step.phase === 'trial');
    expect(rulesOf(see(early))).toEqual(['4']);
    expect(see(early).holds[0]?.reason).toBe('new hosts come first');
  });

  it('is told of an alarm, and none drains', () => {
    const facts = { ...drainingAfterTrial(), alarms: [alarm] };
    const step = see(facts, { alarms: ['errors'] });
    expect(step.drain).toEqual([]);
    expect(step.holds.filter((hold) => hold.rule === '5')).toHaveLength(outdatedIn(facts).length);
  });

  it('is told which tasks the settings keep it for', () => {
    const facts = drainingAfterTrial();
    const id = see(facts).drain[0]?.instanceId ?? '';
    const job: Facts['tasks'][number] = {
      ...task({ taskArn: 'job', instanceId: id }),
      taskClass: 'standalone',
    };
    const { serviceName: _, ...alone } = job;
    const step = see({ ...facts, tasks: [...facts.tasks, alone] }, { standaloneTasks: 'hold' });
    expect(step.holds).toContainEqual(expect.objectContaining({ instanceId: id, rule: 'standalone' }));
    expect(step.drain.map((act) => act.instanceId)).not.toContain(id);
  });
});

describe('the hosts of one step', () => {
  // UpdateContainerInstancesState takes ten hosts a call; a step makes six such calls at most.
  it('are sixty, and the others are told that they are next', () => {
    const { steps } = runToEnd(
      { hosts: 70, services: [{ name: 'web', desired: 1 }] },
      { settings: { canaryInstances: 0 }, horizonSeconds: 600 },
    );
    const first = steps.find(({ step }) => step.drain.length > 0)?.step;
    expect(first?.drain).toHaveLength(60);
    expect(first?.holds.filter((hold) => hold.rule === '9').length).toBeGreaterThanOrEqual(9);
  });
});

describe('tasks that would go to another old host', () => {
  /**
   * Web packs its tasks. Three of them stand on one old host, three on another that draws them and may not drain yet; a
   * third old host has none.
   */
  const packed = (idleMayDrain: boolean) => {
    const facts = drainingAfterTrial();
    const old = outdatedIn(facts).slice(0, 3);
    const fresh = facts.hosts.filter((host) => host.imageId === 'ami-new').slice(0, 1);
    const [drawn = '', magnet = '', idle = ''] = old.map((host) => host.instanceId);
    const web: Partial<ServiceFacts> = { placementStrategy: [{ type: 'binpack', field: 'memory' }] };
    const protectedUntilMs = facts.observedAtMs + 600_000;
    const on = (instanceId: string, n: number, more: Partial<Facts['tasks'][number]> = {}) =>
      task({ taskArn: `${instanceId}-${n}`, instanceId, ...more });
    const seen: Facts = {
      ...facts,
      hosts: [...fresh, ...old].map((host, at) => ({
        ...host,
        zone: 'a',
        remaining: resources({ cpu: 2000, memoryMiB: [4000, 3800, 1700, 3900][at] ?? 0, eniSlots: 9 }),
      })),
      tasks: [
        ...facts.tasks.filter((one) => one.taskClass === 'daemon' && one.instanceId === fresh[0]?.instanceId),
        ...[0, 1, 2].map((n) => on(drawn, n)),
        ...[0, 1, 2].map((n) => on(magnet, n, { protectedUntilMs })),
        ...(idleMayDrain ? [] : [on(idle, 0, { serviceName: 'jobs', protectedUntilMs })]),
      ],
      services: facts.services.map((service) => ({ ...service, desiredCount: 6, ...web })),
      memory: {
        ...facts.memory,
        hosts: facts.memory.hosts.filter((host) => host.instanceId === fresh[0]?.instanceId),
      },
    };
    return { seen, drawn, idle };
  };
  const chosen = { maxTasksInMotionPercent: 50 };

  it('wait while something else is on its way', () => {
    const { seen, drawn, idle } = packed(true);
    const step = see(seen, chosen);
    expect(step.drain.map((act) => act.instanceId)).toEqual([idle]);
    expect(step.holds).toContainEqual(expect.objectContaining({ instanceId: drawn, rule: '10' }));
  });

  it('do not wait where nothing else would move: that would be for ever', () => {
    const { seen, drawn } = packed(false);
    expect(see(seen, chosen).drain.map((act) => act.instanceId)).toEqual([drawn]);
  });

  it('do not keep a host with a date', () => {
    const { seen, drawn, idle } = packed(true);
    const dated = {
      instanceId: drawn,
      role: 'outdated' as const,
      autoScalingGroupName: 'group',
      deadlineMs: seen.observedAtMs + 3_600_000,
    };
    const step = see(withRun(seen, { hosts: [...seen.memory.hosts, dated] }), chosen);
    expect(step.drain.map((act) => act.instanceId)).toEqual([drawn, idle]);
  });
});
