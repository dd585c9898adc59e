import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideRedeploy, type RedeployFacts } from '../../../functions/core/redeploy/decide.ts';
import type { AffectedService, RedeployMemory, ServiceNow } from '../../../functions/core/redeploy/facts.ts';
import { affected, DAY_MS, NOW_MS, OLD, serviceNow, task } from './services.ts';

const SETTINGS = { servicesAtOnce: 2, drainTimeoutSeconds: 1800 };
const SHUT = { open: false, because: 'window', text: 'Sun 03:00-05:00 UTC' } as const;

function look(services: readonly AffectedService[], change: Partial<RedeployFacts> = {}) {
  return decideRedeploy({ observedAtMs: NOW_MS, services, ...change }, SETTINGS);
}

const named = (serviceName: string, change: Partial<AffectedService> = {}, now: Partial<ServiceNow> = {}) =>
  affected(now, { serviceName, ...change });
const verdict = (outcome: 'moved' | 'failed' | 'told' | 'already-new') => ({
  memory: { verdict: { outcome, reason: '', atMs: 0 } },
});

describe('a look at the services of a retirement', () => {
  it('begins with the nearest dates, as many as may move at once', () => {
    const step = look([named('c'), named('b', { startMs: NOW_MS + DAY_MS }), named('a')]);
    expect(step.force.map(({ serviceName }) => serviceName)).toEqual(['b', 'a']);
    expect(step.waiting).toEqual([
      {
        serviceName: 'c',
        reason: expect.stringContaining('its turn comes'),
        isHeld: false,
        isRehearsed: false,
      },
    ]);
    expect(step.ending).toBeUndefined();
  });

  it('writes down what it is about to do, with the deployment that stands', () => {
    const [first] = look([named('a')]).remember;
    expect(first?.memory).toMatchObject({ forcedAtMs: NOW_MS, deploymentBefore: 'ecs-svc/1' });
  });

  it('begins nothing outside the window, nor so late that it would not be done', () => {
    expect(look([named('a', { window: SHUT })])).toMatchObject({
      force: [],
      ending: { outcome: 'PENDING_WINDOW' },
    });
    const closing = (seconds: number) =>
      ({ window: { open: true, closesAtMs: NOW_MS + seconds * 1000 } }) as const;
    expect(look([named('a', closing(599))]).force).toEqual([]);
    expect(look([named('a', closing(600))]).force).toHaveLength(1);
  });

  it('says which of those that wait never had a game day', () => {
    const rehearsed = named('b', { window: SHUT, rehearsed: 'rehearsed 2026-11-01' });
    expect(look([named('a', { window: SHUT }), rehearsed]).ending?.reason).toMatch(/; never rehearsed: a$/);
    expect(look([rehearsed]).ending?.reason).not.toContain('never rehearsed');
  });

  it('lets the date of one service open the window of no other', () => {
    const step = look([named('a', { window: SHUT }), named('b')]);
    expect(step.force.map(({ serviceName }) => serviceName)).toEqual(['b']);
    expect(step.ending).toBeUndefined();
  });

  it('waits, when the window closes, for what it began', () => {
    const memory = { forcedAtMs: NOW_MS, deploymentBefore: 'ecs-svc/1' };
    expect(look([named('a', { memory, window: SHUT }), named('b', { window: SHUT })]).ending).toBeUndefined();
  });

  it('begins nothing more after a failure, and ends once nothing moves', () => {
    const step = look([named('a', verdict('failed')), named('b'), named('c', verdict('moved'))]);
    expect(step.force).toEqual([]);
    expect(step.ending?.outcome).toBe('PARTIAL');
    expect(step.remember).toEqual([
      {
        serviceName: 'b',
        memory: expect.objectContaining({ verdict: expect.objectContaining({ outcome: 'left-to-aws' }) }),
      },
    ]);
  });

  it.each([
    [['moved', 'already-new'], 'SUCCEEDED'],
    [['already-new'], 'NOTHING_TO_DO'],
    [['moved', 'told'], 'PARTIAL'],
    [['told'], 'REFUSED'],
    [['failed', 'told'], 'FAILED'],
  ] as const)('of which all ended as %j ends as %s', (outcomes, ending) => {
    const services = outcomes.map((outcome, at) => named(`s${at}`, verdict(outcome)));
    expect(look(services).ending?.outcome).toBe(ending);
  });

  it('gives up a service for which nothing moves', () => {
    const stuck = { deployment: { id: 'ecs-svc/2', rolloutState: 'IN_PROGRESS', reason: '' } } as const;
    const first = look([named('a', {}, stuck)]).remember[0]?.memory as RedeployMemory;
    const later = (seconds: number) =>
      look([named('a', { memory: first }, stuck)], { observedAtMs: NOW_MS + seconds * 1000 });
    expect(later(1799).ending).toBeUndefined();
    expect(later(1800).ending?.outcome).toBe('REFUSED');
  });
});

/** A service as a small world moves it on: a forced deployment replaces its tasks, or fails. */
interface Modelled {
  now: ServiceNow;
  memory: RedeployMemory;
  readonly fails: boolean;
  readonly ticks: number;
  left: number;
  forced: number;
}

const modelled = fc.record({
  fails: fc.boolean(),
  ticks: fc.integer({ min: 1, max: 8 }),
  code: fc.constantFrom<ServiceNow['code']>({ is: 'same' }, { is: 'same' }, { is: 'moved', image: 'x' }),
  controller: fc.constantFrom<ServiceNow['deploymentController']>('ECS', 'ECS', 'CODE_DEPLOY'),
  tasks: fc.integer({ min: 0, max: 4 }),
});

describe('whatever the services', () => {
  it('each is deployed at most once, few at a time, only with the same code, none after a failure, and the run ends', () => {
    fc.assert(
      fc.property(fc.array(modelled, { minLength: 1, maxLength: 8 }), (drawn) => {
        const world: Modelled[] = drawn.map(({ fails, ticks, code, controller, tasks }) => ({
          now: serviceNow({
            code,
            deploymentController: controller,
            desiredCount: tasks,
            tasks: Array(tasks).fill(OLD),
          }),
          memory: {},
          fails,
          ticks,
          left: 0,
          forced: 0,
        }));
        let ending: string | undefined;
        for (let tick = 0; tick < 500 && ending === undefined; tick++) {
          const observedAtMs = NOW_MS + tick * 20_000;
          for (const one of world) advance(one, observedAtMs);
          const hadFailed = world.some(({ now }) => now.deployment.rolloutState === 'FAILED');
          const services = world.map(({ now, memory }, at) => named(`s${at}`, { memory }, now));
          const step = look(services, { observedAtMs });
          for (const { serviceName, memory } of step.remember) at(world, serviceName).memory = memory;
          for (const { serviceName } of step.force) begin(at(world, serviceName));
          if (hadFailed) expect(step.force).toEqual([]);
          expect(world.filter(({ left }) => left > 0).length).toBeLessThanOrEqual(SETTINGS.servicesAtOnce);
          ending = step.ending?.outcome;
        }
        expect(ending).toBeDefined();
        for (const { forced, now } of world) {
          expect(forced).toBeLessThanOrEqual(1);
          if (forced > 0) expect([now.code.is, now.deploymentController]).toEqual(['same', 'ECS']);
        }
      }),
    );
  });
});

function at(world: readonly Modelled[], serviceName: string): Modelled {
  return world[Number(serviceName.slice(1))] as Modelled;
}

function begin(one: Modelled): void {
  one.forced++;
  one.left = one.ticks;
  const deployment = { id: 'ecs-svc/2', rolloutState: 'IN_PROGRESS', reason: '' } as const;
  one.now = { ...one.now, deployment, deploymentsCount: 2 };
}

function advance(one: Modelled, nowMs: number): void {
  if (one.left === 0 || --one.left > 0) return;
  const rolloutState = one.fails ? 'FAILED' : 'COMPLETED';
  const tasks = one.fails ? one.now.tasks : one.now.tasks.map(() => task(nowMs));
  one.now = {
    ...one.now,
    tasks,
    deploymentsCount: 1,
    deployment: { id: 'ecs-svc/2', rolloutState, reason: '' },
  };
}
