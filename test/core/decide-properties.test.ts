/** What holds whatever the cluster looks like: generated worlds, and generated single looks. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { healthyFloor } from '../../functions/core/arithmetic.ts';
import { decide } from '../../functions/core/decide.ts';
import { Draft } from '../../functions/core/draft.ts';
import type { Facts } from '../../functions/core/facts.ts';
import { sortHosts } from '../../functions/core/groups.ts';
import type { Settings } from '../../functions/core/settings.ts';
import { defaults } from '../support/facts.ts';
import type { ModelOptions } from '../support/model-options.ts';
import { type ModelRun, runToEnd } from '../support/model-run.ts';

const limits = fc.constantFrom([100, 200], [100, 150], [50, 200], [50, 100], [0, 100], [75, 125], [100, 100]);
const service = fc.record({
  desired: fc.integer({ min: 0, max: 9 }),
  limits,
  port: fc.boolean(),
  size: fc.integer({ min: 50, max: 400 }),
});
/** Hosts that hold their share, `slack` times, and two tasks more: full enough to matter, never too small to start. */
function memoryFor(
  services: readonly { desired: number; size: number }[],
  hosts: number,
  slack: number,
): number {
  const total = services.reduce((sum, { desired, size }) => sum + desired * size, 0);
  const largest = Math.max(0, ...services.map(({ size }) => size));
  return Math.ceil((total / hosts) * slack) + 2 * largest + 20;
}
const worlds: fc.Arbitrary<ModelOptions> = fc
  .record({
    hosts: fc.integer({ min: 1, max: 7 }),
    surge: fc.integer({ min: 1, max: 7 }),
    zones: fc.constantFrom(['a'], ['a', 'b'], ['a', 'b', 'c']),
    services: fc.array(service, { maxLength: 4 }),
    daemon: fc.boolean(),
    pack: fc.constantFrom('spread' as const, 'binpack' as const),
    bootSeconds: fc.integer({ min: 20, max: 300 }),
    slack: fc.constantFrom(1, 1.5, 3),
  })
  .map(({ services, daemon, bootSeconds, slack, ...rest }) => ({
    ...rest,
    cpu: 8192,
    memoryMiB: memoryFor(services, rest.hosts, slack),
    registerSeconds: () => bootSeconds,
    services: [
      ...services.map(({ desired, limits: [min = 100, max = 200], port, size }, n) => ({
        name: `s${n}`,
        // A static port allows one task a host; the rest would be unplaced from the start.
        desired: port ? Math.min(desired, rest.hosts) : desired,
        min,
        max,
        memoryMiB: size,
        ...(port && { ports: [`${8000 + n}/tcp`] }),
      })),
      ...(daemon ? [{ name: 'agent', desired: 0, daemon: true, cpu: 10, memoryMiB: 10 }] : []),
    ],
  }));
const settings: fc.Arbitrary<Partial<Settings>> = fc.record({
  maxTasksInMotionPercent: fc.integer({ min: 1, max: 100 }),
  canaryInstances: fc.nat({ max: 3 }),
  bakeSeconds: fc.constantFrom(0, 120),
  raiseMaxSize: fc.boolean(),
});

const byId = <T extends { readonly instanceId: string }>(items: readonly T[]) =>
  new Map(items.map((item) => [item.instanceId, item]));

function tasksOn(facts: Facts, instanceId: string) {
  return facts.tasks.filter((task) => task.instanceId === instanceId && task.taskClass !== 'daemon');
}

describe('whatever the cluster', () => {
  it('ends, with nothing killed, no service under its minimum, and every host terminated or ACTIVE', () => {
    fc.assert(
      fc.property(worlds, settings, (options, chosen) => {
        const { world, end } = runToEnd(options, { settings: chosen });
        expect(world.violations).toEqual([]);
        expect(world.kills).toBe(0);
        expect(['SUCCEEDED', 'PARTIAL']).toContain(end?.outcome);
        expect(world.desired).toBe(options.hosts);
        const alive = world.hosts.filter((host) => host.lifecycle !== 'Terminating');
        expect(alive).toHaveLength(options.hosts);
        expect(alive.map((host) => host.status)).not.toContain('DRAINING');
      }),
      { numRuns: 120 },
    );
  });

  it('never terminates a host with a task that has not stopped, nor before a second look', () => {
    everyStep((run) => {
      for (const [n, { facts, step }] of run.steps.entries()) {
        for (const act of step.terminate) {
          expect(tasksOn(facts, act.instanceId).filter((task) => task.lastStatus !== 'STOPPED')).toEqual([]);
          const before = run.steps[n - 1]?.facts;
          expect(before && tasksOn(before, act.instanceId)).toEqual([]);
        }
      }
    });
  });

  it('never shrinks the group under its goal, nor sets sizes under what stands', () => {
    everyStep((run) => {
      for (const { facts, step } of run.steps) {
        const group = facts.groups[0];
        const goal = run.world.options.hosts;
        const shrinks = step.terminate.filter((act) => act.decrement).length;
        if (group !== undefined && shrinks > 0)
          expect(group.desiredCapacity - shrinks).toBeGreaterThanOrEqual(goal);
        const standing = facts.hosts.filter((host) => host.lifecycleState === 'InService').length;
        for (const act of step.register) {
          expect(act.desiredCapacity).toBeGreaterThanOrEqual(standing);
          expect(act.minSize).toBeLessThanOrEqual(act.desiredCapacity);
          expect(act.maxSize).toBeGreaterThanOrEqual(act.desiredCapacity);
        }
      }
    });
  });

  it('drains an outdated host only onto ready room, within the motion it was allowed', () => {
    everyStep((run, chosen) => {
      for (const { facts, step } of run.steps) {
        const hosts = byId(facts.hosts);
        const draining = new Set(step.drain.map((act) => act.instanceId));
        if (draining.size === 0) continue;
        const ready = facts.hosts.filter(
          (host) => host.imageId === 'ami-new' && host.status === 'ACTIVE' && host.agentConnected,
        );
        const moving = facts.tasks.filter(
          (task) => draining.has(task.instanceId ?? '') && task.taskClass === 'replica',
        );
        const needs = new Map(
          facts.taskDefinitions.map((item) => [item.taskDefinitionArn, item.needs.memoryMiB]),
        );
        const memory = moving.reduce((sum, task) => sum + (needs.get(task.taskDefinitionArn) ?? 0), 0);
        const free = ready
          .filter((host) => !draining.has(host.instanceId))
          .reduce((sum, host) => sum + (host.remaining?.memoryMiB ?? 0), 0);
        expect(memory).toBeLessThanOrEqual(free);
        for (const service of facts.services) {
          const mine = facts.tasks.filter(
            (task) => task.serviceName === service.serviceName && task.taskClass === 'replica',
          );
          const perHost = [...draining].map((id) => mine.filter((task) => task.instanceId === id).length);
          const leaving = (id: string | undefined) =>
            draining.has(id ?? '') || hosts.get(id ?? '')?.status === 'DRAINING';
          const elsewhere = mine.filter((task) => task.healthy && !leaving(task.instanceId)).length;
          if (Math.max(0, ...perHost) === 0) continue;
          const percent = chosen.maxTasksInMotionPercent ?? 25;
          const share = Math.max(1, Math.floor((service.desiredCount * percent) / 100), Math.max(...perHost));
          expect(service.desiredCount - elsewhere).toBeLessThanOrEqual(share);
        }
      }
    });
  });

  it('moves a service that may stop first in one zone at a time', () => {
    everyStep((run) => {
      for (const { facts, step } of run.steps) {
        const hosts = byId(facts.hosts);
        for (const service of facts.services) {
          const floor = healthyFloor(service.desiredCount, service.minimumHealthyPercent);
          if (floor >= service.desiredCount || service.schedulingStrategy === 'DAEMON') continue;
          const leaving = facts.tasks.filter((task) => {
            const host = hosts.get(task.instanceId ?? '');
            const now =
              step.drain.some((act) => act.instanceId === host?.instanceId) || host?.status === 'DRAINING';
            return task.serviceName === service.serviceName && task.desiredStatus === 'RUNNING' && now;
          });
          const zones = new Set(leaving.map((task) => hosts.get(task.instanceId ?? '')?.zone));
          expect(zones.size).toBeLessThanOrEqual(1);
        }
      }
    });
  });

  it('asks for nothing that contradicts it when it looks again at once, its own notes read', () => {
    everyStep((run, chosen) => {
      for (const { facts, step, atSeconds } of run.steps) {
        const again = decide(
          withNotes(facts, step),
          run.world.plan,
          { ...defaults, ...chosen },
          atSeconds * 1000,
        );
        const drained = new Set(step.drain.map((act) => act.instanceId));
        const ended = new Set(step.terminate.map((act) => act.instanceId));
        expect(again.activate.filter((act) => drained.has(act.instanceId))).toEqual([]);
        expect(again.terminate.filter((act) => ended.has(act.instanceId))).toEqual([]);
        expect(
          again.drain.filter((act) => step.activate.some((other) => other.instanceId === act.instanceId)),
        ).toEqual([]);
      }
    });
  });

  it('answers the same for the same', () => {
    everyStep((run, chosen) => {
      for (const { facts, step, atSeconds } of run.steps) {
        const again = decide(
          structuredClone(facts),
          run.world.plan,
          { ...defaults, ...chosen },
          atSeconds * 1000,
        );
        expect(again).toEqual(step);
      }
    });
  });

  it('puts each host in exactly one group, and none on two lists of acts', () => {
    everyStep((run, chosen) => {
      for (const { facts, step, atSeconds } of run.steps) {
        const draft = new Draft(facts);
        const hosts = sortHosts(facts, run.world.plan, { ...defaults, ...chosen }, draft, atSeconds * 1000);
        const known = [...facts.hosts, ...facts.memory.hosts].map((host) => host.instanceId);
        expect([...hosts.keys()]).toEqual([...new Set(known)].sort());
        const acted = [...step.drain, ...step.activate, ...step.terminate].map((act) => act.instanceId);
        expect(new Set(acted).size).toBe(acted.length);
      }
    });
  });
});

function everyStep(check: (run: ModelRun, chosen: Partial<Settings>) => void): void {
  fc.assert(
    fc.property(worlds, settings, (options, chosen) =>
      check(runToEnd(options, { settings: chosen }), chosen),
    ),
    { numRuns: 25 },
  );
}

function withNotes(facts: Facts, step: ReturnType<typeof decide>): Facts {
  const merged = <T>(old: readonly T[], changed: readonly T[], key: (item: T) => string) => [
    ...new Map([...old, ...changed].map((item) => [key(item), item])).values(),
  ];
  const { run, hosts, groups, services } = step.remember;
  return {
    ...facts,
    memory: {
      ...facts.memory,
      ...run,
      hosts: merged(facts.memory.hosts, hosts, (item) => item.instanceId),
      groups: merged(facts.memory.groups, groups, (item) => item.autoScalingGroupName),
      services: merged(facts.memory.services, services, (item) => item.serviceName),
    },
  };
}
