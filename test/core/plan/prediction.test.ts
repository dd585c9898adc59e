import { describe, expect, it } from 'vitest';
import type { Facts } from '../../../functions/core/facts.ts';
import type { Settings } from '../../../functions/core/settings.ts';
import { group, host, planOf, service, task } from './world.ts';

/** Hosts with four tasks each of services that are spread over all of them. */
function fleet(hosts: number): Partial<Facts> {
  const names = ['a', 'b', 'c', 'd'];
  return {
    groups: [group({ minSize: hosts, maxSize: 2 * hosts, desiredCapacity: hosts })],
    hosts: Array.from({ length: hosts }, (_, index) => host(index + 1)),
    services: names.map((serviceName) => service({ serviceName, desiredCount: hosts })),
    tasks: Array.from({ length: 4 * hosts }, (_, index) =>
      task(index, { serviceName: names[index % 4] as string, instanceId: `i-0${Math.floor(index / 4) + 1}` }),
    ),
  };
}

const predicted = (hosts: number, settings: Partial<Settings> = {}) =>
  planOf({ facts: fleet(hosts), settings }).predicted;

describe('the prediction', () => {
  it('moves each task once where all new hosts may stand beside the old', () => {
    expect(predicted(12).moves).toBe(48);
  });

  it('expects some tasks to move twice with little surge', () => {
    const { moves } = predicted(12, { surge: { count: 1 } });
    expect(moves).toBeGreaterThan(48);
    expect(moves).toBeLessThan(96);
  });

  it('takes longer with less surge, a smaller share in motion, or a bake', () => {
    const seconds = (settings: Partial<Settings>) => predicted(12, settings).durationSeconds;
    expect(seconds({ surge: { count: 1 } })).toBeGreaterThan(seconds({}));
    expect(seconds({ maxTasksInMotionPercent: 10 })).toBeGreaterThan(
      seconds({ maxTasksInMotionPercent: 100 }),
    );
    expect(seconds({ bakeSeconds: 600 }) - seconds({ bakeSeconds: 300 })).toBe(300);
    expect(seconds({ canaryInstances: 0 })).toBeLessThan(seconds({}));
  });

  it('costs extra instance-hours for the hosts that stand beside the old', () => {
    const { extraInstanceHours, durationSeconds } = predicted(12);
    expect(extraInstanceHours).toBeGreaterThan(0);
    expect(extraInstanceHours).toBeLessThanOrEqual((12 * durationSeconds) / 3600);
  });

  it('goes by how long hosts of the group took to join, and knows the target groups', () => {
    const slow = fleet(3);
    const joined =
      slow.hosts?.map((each) => ({ ...each, registeredAtMs: (each.launchTimeMs ?? 0) + 600_000 })) ?? [];
    const draining = slow.services?.map((each) => ({ ...each, deregistrationDelaySeconds: 300 })) ?? [];
    const base = planOf({ facts: slow }).predicted.durationSeconds;
    expect(planOf({ facts: { ...slow, hosts: joined } }).predicted.durationSeconds).toBeGreaterThanOrEqual(
      base + 540,
    );
    expect(
      planOf({ facts: { ...slow, services: draining } }).predicted.durationSeconds,
    ).toBeGreaterThanOrEqual(base + 240);
  });
});
