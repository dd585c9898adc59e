/** Rules 4 and 5, and the verdict on the image: single looks, one thing changed. */
import { describe, expect, it } from 'vitest';
import type { Facts, TaskFacts } from '../../functions/core/facts.ts';
import type { Settings } from '../../functions/core/settings.ts';
import type { Step } from '../../functions/core/step.ts';
import { task } from '../support/facts.ts';
import {
  alarm,
  baking,
  drainingAfterTrial,
  lookWhere,
  nothing,
  see,
  terminating,
  withGroup,
  withGroupMemory,
  withHost,
  withHostMemory,
  withRun,
  withTasks,
} from '../support/mid-run.ts';

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
      expect(waiting).toHaveLength(reads === 0 ? 1 : 0);
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
        reason: 'daemon agent does not run on it, or is not healthy there, yet',
      }),
    );
  });

  it.each([
    ['UNKNOWN', true, true],
    ['UNHEALTHY', true, true],
    ['HEALTHY', true, false],
    ['UNKNOWN', false, false],
  ] as const)('asks a daemon that is %s, with a check: %s, to be healthy', (healthStatus, checked, waits) => {
    const facts = lookWhere((step) => step.drain.some((act) => act.reason.startsWith('trial')));
    const fresh = withRun(facts, { hosts: facts.memory.hosts.map(({ readySinceMs: _, ...host }) => host) });
    const tasks = fresh.tasks.map((item) =>
      item.taskClass === 'daemon' ? { ...item, healthStatus, hasHealthCheck: checked } : item,
    );
    expect(see({ ...fresh, tasks }).holds.some(({ rule }) => rule === '4')).toBe(waits);
  });

  it('asks a daemon that has died there already to settle first', () => {
    const facts = lookWhere((step) => step.drain.some((act) => act.reason.startsWith('trial')));
    const fresh = withRun(facts, { hosts: facts.memory.hosts.map(({ readySinceMs: _, ...host }) => host) });
    const waits = (healthy: boolean, exitCodes: number[]) => {
      const daemons = fresh.tasks.filter(({ taskClass }) => taskClass === 'daemon');
      const tasks = [
        ...fresh.tasks.map((item) => (item.taskClass === 'daemon' ? { ...item, healthy } : item)),
        ...daemons.slice(-1).map((item) => ({
          ...item,
          taskArn: 'dead',
          lastStatus: 'STOPPED' as const,
          desiredStatus: 'STOPPED' as const,
          stopCode: 'EssentialContainerExited',
          exitCodes,
        })),
      ];
      return see({ ...fresh, tasks }).holds.some(({ rule }) => rule === '4');
    };
    expect(waits(false, [1])).toBe(true);
    expect(waits(true, [1])).toBe(false);
    expect(waits(false, [0])).toBe(false);
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

describe('rule 3: register', () => {
  it('asks for no new host while the warm pool that the run deletes is there: it would come out of it', () => {
    const facts = lookWhere((step) => step.register.length > 0);
    const [group] = facts.memory.groups;
    const original = { ...group?.original, warmPool: '{"MinSize":1}' } as NonNullable<
      typeof group
    >['original'];
    const memory = withGroupMemory(facts, { original });
    expect(see(withGroup(memory, { warmPool: true })).register).toEqual([]);
    expect(see(withGroup(memory, { warmPool: false })).register).toHaveLength(1);
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

  it('believes in a foreign template only when a read a minute later agrees, then leaves the group to them', () => {
    const facts = drainingAfterTrial();
    const [use] = facts.groups[0]?.templates ?? [];
    if (use === undefined) throw new Error('no template');
    const changed = withGroup(facts, { templates: [{ ...use, imageId: 'ami-theirs' }] });
    expect(see(changed).drain).not.toEqual([]);
    const sinceMs = facts.observedAtMs - 60_000;
    const seenBefore = withGroupMemory(changed, {
      foreignTemplate: { imageId: 'ami-theirs', sinceMs, reads: 1 },
    });
    const step = see(seenBefore);
    expect(step.end).toMatchObject({ outcome: 'PARTIAL', reason: expect.stringContaining('ami-theirs') });
    const old = facts.hosts.filter((host) => host.imageId === 'ami-old').map((host) => host.instanceId);
    expect(step.drain.filter((act) => old.includes(act.instanceId))).toEqual([]);
    expect(step.remember.hosts.map((item) => item.held?.reason)).toContainEqual(
      expect.stringContaining('ami-theirs'),
    );
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
    // Empty ones of the surplus go by way of DRAINING.
    const outside = new Set(see(moved, window(180, 300)).drain.map(({ instanceId }) => instanceId));
    expect(
      facts.tasks.filter(
        ({ instanceId, taskClass }) => outside.has(instanceId ?? '') && taskClass !== 'daemon',
      ),
    ).toEqual([]);
    expect(see(moved, window(180, 300)).end).toMatchObject({ outcome: 'PENDING_WINDOW' });
    expect(see(moved, window(120, 152)).drain).toEqual([]);
    expect(see(moved, window(120, 152)).end).toBeUndefined();
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

  it('is not blamed for a deployment that has given up, but for what dies after it', () => {
    const facts = baking();
    const died = (createdAtMs: number) => {
      const deployedAtMs = facts.observedAtMs - 100_000;
      const services = facts.memory.services.map((item) => ({ ...item, deployedAtMs }));
      return see(withTasks(withRun(facts, { services }), deaths(facts, 5, { createdAtMs }))).end?.outcome;
    };
    expect(died(facts.observedAtMs - 110_000)).toBeUndefined();
    expect(died(facts.observedAtMs - 30_000)).toBe('ROLLED_BACK');
  });

  it('is not blamed for a task definition that came during the run, even once its deployment has given up', () => {
    const facts = baking();
    const deployed = {
      ...facts,
      services: facts.services.map((item) => ({ ...item, taskDefinitionArn: 'web:2' })),
    };
    expect(see(withTasks(deployed, deaths(facts, 5, { taskDefinitionArn: 'web:2' }))).end).toBeUndefined();
  });

  it('is not blamed for a service that is deploying', () => {
    const facts = baking();
    const deploying = { ...facts, services: facts.services.map((item) => ({ ...item, deploying: true })) };
    expect(see(withTasks(deploying, deaths(facts, 5))).end).toBeUndefined();
  });

  it('is not blamed for a service that was ailing before', () => {
    const facts = baking();
    const ailing = withRun(facts, {
      services: facts.memory.services.map((item) => ({ ...item, healthyAtPlan: item.desiredAtPlan - 1 })),
    });
    expect(see(withTasks(ailing, deaths(ailing, 5))).end).toBeUndefined();
  });
});
