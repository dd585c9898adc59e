import { describe, expect, it } from 'vitest';
import { decide } from '../../functions/core/decide.ts';
import type { Facts } from '../../functions/core/facts.ts';
import { defaults } from '../support/facts.ts';
import type { ModelOptions, ModelService } from '../support/model-options.ts';
import { type ModelRun, runToEnd } from '../support/model-run.ts';

const web = (desired: number, over: Partial<ModelService> = {}): ModelService => ({
  name: 'web',
  desired,
  ...over,
});
const agent: ModelService = { name: 'agent', desired: 0, daemon: true, cpu: 10, memoryMiB: 10 };
const spread = Array.from({ length: 20 }, (_, n) => ({
  name: `s${n}`,
  desired: 20,
  cpu: 250,
  memoryMiB: 300,
}));

const replaced = ({ world }: ModelRun) =>
  world.hosts.filter((host) => host.image === 'ami-old' && host.lifecycle === 'Terminating').length;
const acts = (run: ModelRun, kind: 'register' | 'drain' | 'terminate' | 'activate') =>
  run.steps.filter(({ step }) => step[kind].length > 0);

describe('a rollover from the first look to the last', () => {
  it.each<[string, ModelOptions, Parameters<typeof runToEnd>[1]]>([
    ['three hosts and a daemon', { hosts: 3, services: [web(6), agent] }, {}],
    ['one host with all there is', { hosts: 1, services: [web(2)] }, {}],
    ['no host', { hosts: 0, services: [] }, {}],
    ['hosts without tasks', { hosts: 4, services: [] }, {}],
    ['a service that may stop first', { hosts: 6, services: [web(12, { min: 50, max: 100 })] }, {}],
    ['a service of one that stops first', { hosts: 3, services: [web(1, { min: 0, max: 100 })] }, {}],
    ['a static port on every host', { hosts: 6, services: [web(6, { ports: ['80/tcp'] })] }, {}],
    ['a surge of one', { hosts: 7, services: [web(14)], surge: 1 }, {}],
    [
      'a MaxSize that may not rise but has room',
      { hosts: 4, services: [web(8)], maxSize: 6 },
      { settings: { raiseMaxSize: false } },
    ],
    ['no trial', { hosts: 5, services: [web(10)] }, { settings: { canaryInstances: 0 } }],
    [
      'everything in motion',
      { hosts: 5, services: [web(10)] },
      { settings: { maxTasksInMotionPercent: 100 } },
    ],
    ['two canaries', { hosts: 6, services: [web(12)] }, { settings: { canaryInstances: 2 } }],
    [
      'a host that never joins',
      { hosts: 6, services: [web(12)], registerSeconds: (n) => (n === 3 ? Number.POSITIVE_INFINITY : 60) },
      {},
    ],
    [
      'a standalone task that ends',
      { hosts: 3, services: [web(6)], standalone: [{ host: 1, endsAtSeconds: 5000 }] },
      {},
    ],
    ['long stops', { hosts: 4, services: [web(8, { stopSeconds: 400 })] }, {}],
    ['two zones of unequal size', { hosts: 5, zones: ['a', 'b'], services: [web(10)] }, {}],
  ])('replaces every host without harm: %s', (_, options, run) => {
    const result = runToEnd(options, run);
    expect(result.world.violations).toEqual([]);
    expect(result.end?.outcome).toBe('SUCCEEDED');
    expect(replaced(result)).toBe(options.hosts);
    expect(result.world.desired).toBe(options.hosts);
  });

  it('moves each task once when all may be in motion at once', () => {
    const run = runToEnd(
      { hosts: 50, services: spread },
      { settings: { maxTasksInMotionPercent: 100, canaryInstances: 0 } },
    );
    expect(run.world.moves).toBe(400);
  });

  it('keeps to a quarter in motion and bounces almost nothing off hosts that are well filled', () => {
    const run = runToEnd({ hosts: 50, services: spread });
    expect(Math.max(...run.world.peakShare.values())).toBeLessThanOrEqual(0.25);
    expect(run.world.moves).toBeLessThanOrEqual(400 * 1.05);
  });

  it('launches the canary alone, then the rest beside its trial, and drains no second host before all are ready', () => {
    const run = runToEnd({ hosts: 6, services: [web(12)] });
    const sizes = acts(run, 'register').map(({ step }) => step.register[0]?.desiredCapacity);
    expect(sizes).toEqual([7, 12]);
    const [firstDrain, secondDrain] = acts(run, 'drain');
    const standing = (facts: Facts | undefined) =>
      facts?.hosts.filter((host) => host.imageId === 'ami-new' && host.agentConnected);
    expect(firstDrain?.step.drain).toHaveLength(1);
    expect(standing(firstDrain?.facts)).toHaveLength(1);
    expect(standing(secondDrain?.facts)).toHaveLength(6);
  });

  it('drains no second host and terminates none until the trial has baked', () => {
    const run = runToEnd({ hosts: 6, services: [web(24)] });
    const [first, second] = acts(run, 'drain');
    const [firstEnd] = acts(run, 'terminate');
    const drainedAtMs = first?.facts.observedAtMs ?? 0;
    const replacements = second?.facts.tasks.filter((task) => task.createdAtMs >= drainedAtMs) ?? [];
    expect(replacements).toHaveLength(4);
    expect(replacements.every((task) => task.healthy)).toBe(true);
    for (const at of [second, firstEnd]) {
      for (const { createdAtMs, startedAtMs = createdAtMs } of replacements) {
        expect(at?.facts.observedAtMs).toBeGreaterThanOrEqual(startedAtMs + 300_000);
      }
    }
  });

  it('takes one more trial host when the first moves fewer than three tasks', () => {
    const run = runToEnd({ hosts: 6, services: [web(6)] });
    const baking = run.steps.findIndex(({ step }) => step.phase === 'baking');
    const before = run.steps.slice(0, baking + 1).flatMap(({ step }) => step.drain);
    expect(before).toHaveLength(2);
  });

  it('ends with zones as level as they began', () => {
    const run = runToEnd({ hosts: 9, services: [web(18)], surge: 2 });
    const zones = run.world.hosts.filter((host) => host.lifecycle === 'InService').map((host) => host.zone);
    expect(['a', 'b', 'c'].map((zone) => zones.filter((item) => item === zone).length)).toEqual([3, 3, 3]);
  });
});

describe('a service that may stop first', () => {
  it('moves in one zone at a time, however much may be in motion', () => {
    const run = runToEnd(
      { hosts: 9, services: [web(18, { min: 0 })] },
      { settings: { maxTasksInMotionPercent: 100 } },
    );
    const drains = acts(run, 'drain');
    for (const { step, facts } of drains) {
      const zones = step.drain.map(
        (act) => facts.hosts.find((host) => host.instanceId === act.instanceId)?.zone,
      );
      expect(new Set(zones).size).toBe(1);
    }
    expect(Math.max(...drains.map(({ step }) => step.drain.length))).toBeGreaterThan(1);
    expect(run.end?.outcome).toBe('SUCCEEDED');
  });
});

describe('a rollover that cannot be completed', () => {
  it('judges an image bad whose canary never joins, and gives everything back', () => {
    const run = runToEnd({ hosts: 3, services: [web(3)], registerSeconds: () => Number.POSITIVE_INFINITY });
    expect(run.end).toMatchObject({
      outcome: 'ROLLED_BACK',
      reason: expect.stringContaining('never joined'),
    });
    expect(run.world.desired).toBe(3);
    expect(run.world.launches).toBe(1);
    expect(run.world.memory.imageJudgedBad).toBe(true);
    expect(replaced(run)).toBe(0);
  });

  it('holds hosts of a stuck service at once instead of waiting for it', () => {
    const run = runToEnd({ hosts: 3, services: [web(3, { max: 100 })] });
    expect(run.end).toMatchObject({
      outcome: 'PARTIAL',
      reason: expect.stringContaining('maximumPercent 100'),
    });
    expect(run.world.moves).toBe(0);
    expect(run.world.desired).toBe(3);
  });

  it('holds all when MaxSize leaves no room and may not rise', () => {
    const run = runToEnd({ hosts: 3, services: [web(3)] }, { settings: { raiseMaxSize: false } });
    expect(run.end?.reason).toContain('raiseMaxSize');
    expect(run.world.launches).toBe(0);
  });

  it.each(['wait', 'hold'] as const)(
    'keeps the host of a standalone task that never ends (%s), and ends PARTIAL',
    (standaloneTasks) => {
      const run = runToEnd(
        { hosts: 3, services: [web(6)], standalone: [{ host: 1, endsAtSeconds: 1e9 }] },
        { settings: { standaloneTasks } },
      );
      expect(run.end?.outcome).toBe('PARTIAL');
      expect(replaced(run)).toBe(2);
      expect(run.world.violations).toEqual([]);
      expect(run.world.desired).toBe(3);
      const old = run.world.hosts.filter(
        (host) => host.image === 'ami-old' && host.lifecycle === 'InService',
      );
      expect(old.map((host) => host.status)).toEqual(['ACTIVE']);
    },
  );

  it('stops a standalone task only where that was asked for', () => {
    const run = runToEnd(
      { hosts: 2, services: [], standalone: [{ host: 0, endsAtSeconds: 1e9 }] },
      { settings: { standaloneTasks: 'stop', standaloneTimeoutSeconds: 600 }, horizonSeconds: 3000 },
    );
    expect(run.steps.some(({ step }) => step.stopTasks.length > 0)).toBe(true);
    expect(run.world.kills).toBe(0);
  });

  it('says why each host that stays stays', () => {
    const run = runToEnd({ hosts: 6, services: [web(12)] });
    for (const { step, facts } of run.steps) {
      const drained = new Set([...step.drain, ...step.terminate].map((act) => act.instanceId));
      const waiting = facts.hosts.filter(
        (host) =>
          host.imageId === 'ami-old' && host.lifecycleState === 'InService' && host.status === 'ACTIVE',
      );
      for (const host of waiting) {
        const said = step.holds.some((item) => item.instanceId === host.instanceId);
        expect(said || drained.has(host.instanceId)).toBe(true);
      }
    }
  });
});

describe('what others do meanwhile', () => {
  it('counts a host that somebody terminates as replaced, and removes the surplus that Auto Scaling made of it', () => {
    let done = false;
    const run = runToEnd(
      { hosts: 6, services: [web(12)] },
      {
        disturb: (world) => {
          const victim = world.hosts.find((host) => host.image === 'ami-old' && host.status === 'ACTIVE');
          if (done || world.memory.firstDrainAtMs === undefined || victim === undefined) return;
          done = true;
          world.tasks.splice(0, world.tasks.length, ...world.tasks.filter((task) => task.host !== victim.id));
          victim.lifecycle = 'Terminating';
        },
      },
    );
    expect(run.end?.outcome).toBe('SUCCEEDED');
    expect(run.world.desired).toBe(6);
    expect(run.world.kills).toBe(0);
  });

  it('lets a scale-out flow into the goal', () => {
    let done = false;
    const run = runToEnd(
      { hosts: 4, services: [web(8)] },
      {
        disturb: (world) => {
          if (done || world.memory.firstDrainAtMs === undefined) return;
          done = true;
          world.desired += 2;
          world.maxSize = Math.max(world.maxSize, world.desired);
        },
      },
    );
    expect(run.end?.outcome).toBe('SUCCEEDED');
    expect(run.world.desired).toBe(6);
  });

  it('respects a host that somebody sets back to ACTIVE while it drains', () => {
    let taken: string | undefined;
    const run = runToEnd(
      { hosts: 4, services: [web(8, { stopSeconds: 200 })] },
      {
        disturb: (world) => {
          const seen = world.memory.hosts.find((host) => host.drainingSeenAtMs !== undefined);
          if (taken !== undefined || seen === undefined) return;
          taken = seen.instanceId;
          for (const host of world.hosts) if (host.id === taken) host.status = 'ACTIVE';
        },
      },
    );
    expect(run.end?.outcome).toBe('PARTIAL');
    expect(run.world.hosts.find((host) => host.id === taken)).toMatchObject({
      lifecycle: 'InService',
      status: 'ACTIVE',
    });
  });

  it('leaves a host alone that somebody else drains', () => {
    const run = runToEnd(
      { hosts: 4, services: [web(8)] },
      {
        disturb: (world) => {
          const [first] = world.hosts;
          if (world.now === 0 && first !== undefined) first.status = 'DRAINING';
        },
      },
    );
    const [first] = run.world.hosts;
    expect(run.end?.outcome).toBe('PARTIAL');
    expect(run.end?.reason).toContain('somebody else set it to DRAINING');
    expect(first).toMatchObject({ lifecycle: 'InService', status: 'DRAINING' });
    expect(run.steps.flatMap(({ step }) => step.activate)).toEqual([]);
  });

  it.each(['abort', 'rollback'] as const)('gives back what it has on %s, wherever it stands', (mode) => {
    for (const atSeconds of [10, 150, 240, 400, 640, 700, 760]) {
      const run = runToEnd(
        { hosts: 6, services: [web(24, { stopSeconds: 90 })] },
        {
          disturb: (world) => {
            if (world.now < atSeconds || world.memory.control !== undefined) return;
            world.memory = { ...world.memory, control: { mode, atMs: world.now * 1000, by: 'an operator' } };
          },
        },
      );
      expect(run.end?.outcome).toBe(mode === 'abort' ? 'ABORTED' : 'ROLLED_BACK');
      expect(run.world.violations).toEqual([]);
      const alive = run.world.hosts.filter((host) => host.lifecycle === 'InService');
      expect(alive).toHaveLength(6);
      expect(alive.map((host) => host.status)).not.toContain('DRAINING');
    }
  });

  it('gives back all but the hosts that have work when it is paused, and waits', () => {
    for (const pausedAtSeconds of [50, 150, 300]) {
      const run = runToEnd(
        { hosts: 3, services: [web(6)] },
        {
          disturb: (world) => {
            const { control: _, ...rest } = world.memory;
            const isPaused = world.now >= pausedAtSeconds;
            world.memory = isPaused
              ? { ...rest, control: { mode: 'pause', atMs: 0, by: 'an operator' } }
              : rest;
          },
        },
      );
      expect(run.end).toMatchObject({
        outcome: 'PENDING_WINDOW',
        reason: expect.stringMatching(/paused by an operator/),
      });
      expect(run.world.violations).toEqual([]);
      const alive = run.world.hosts.filter((host) => host.lifecycle === 'InService');
      // A host too many has work, or AZRebalance would end an old one in its stead.
      const keepsLevel = (zone: string) => {
        const counts = ['a', 'b', 'c'].map(
          (one) => alive.filter((host) => host.zone === one).length - (one === zone ? 1 : 0),
        );
        return Math.max(...counts) - Math.min(...counts) > 1;
      };
      const isBusy = (id: string) => run.world.tasks.some((task) => task.host === id && !task.daemon);
      const idle = alive.filter(({ id, zone }) => !isBusy(id) && !keepsLevel(zone));
      expect(alive.length).toBeGreaterThanOrEqual(3);
      if (alive.length > 3) expect(idle).toEqual([]);
      expect(alive.map((host) => host.status)).not.toContain('DRAINING');
    }
  });
});

describe('speed', () => {
  it('decides about a thousand hosts and ten thousand tasks in well under a second', () => {
    const services = Array.from({ length: 100 }, (_, n) => ({ name: `s${n}`, desired: 1 }));
    const run = runToEnd({ hosts: 10, services }, { horizonSeconds: 400 });
    const facts = run.steps.at(-1)?.facts;
    if (facts === undefined) throw new Error('no facts');
    const clones = Array.from({ length: 100 }, (_, n) => n);
    const renamed = (id: string | undefined, n: number) => `${id}-${n}`;
    const large = {
      ...facts,
      hosts: clones.flatMap((n) =>
        facts.hosts.map((host) => ({ ...host, instanceId: renamed(host.instanceId, n) })),
      ),
      tasks: clones.flatMap((n) =>
        facts.tasks.map((task) => ({
          ...task,
          instanceId: renamed(task.instanceId, n),
          taskArn: renamed(task.taskArn, n),
        })),
      ),
      services: facts.services.map((service) => ({ ...service, desiredCount: 100 })),
    };
    const plan = {
      ...run.world.plan,
      groups: run.world.plan.groups.map((group) => ({
        ...group,
        outdated: clones.flatMap((n) => group.outdated.map((id) => renamed(id, n))),
      })),
    };
    decide(large, plan, defaults, facts.observedAtMs);
    const before = performance.now();
    decide(large, plan, defaults, facts.observedAtMs);
    expect(performance.now() - before).toBeLessThan(1000);
  });
});
