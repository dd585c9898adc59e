import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  healthyFloor,
  type ServiceClass,
  serviceClass,
  taskCeiling,
} from '../../functions/core/arithmetic.ts';
import { mayMove, motionLimit } from '../../functions/core/budget.ts';
import { decrementsWith, surgeWithin, wantedCapacity } from '../../functions/core/sizes.ts';

const service = (desiredCount: number, minimumHealthyPercent: number, maximumPercent: number) => ({
  desiredCount,
  minimumHealthyPercent,
  maximumPercent,
});

describe('what a service lets ECS do', () => {
  it.each<[number, number, number, ServiceClass]>([
    [4, 100, 200, 'start-first'],
    [4, 50, 200, 'may-stop-first'],
    [4, 50, 100, 'may-stop-first'],
    [1, 0, 100, 'may-stop-first'],
    [1, 50, 150, 'stuck'],
    [1, 100, 150, 'stuck'],
    [2, 75, 125, 'stuck'],
    [3, 90, 110, 'stuck'],
    [4, 100, 100, 'stuck'],
    [10, 90, 100, 'may-stop-first'],
    [9, 90, 110, 'stuck'],
    [0, 100, 100, 'idle'],
    [2, 50, 100, 'may-stop-first'],
    [2, 100, 150, 'start-first'],
  ])('takes %i tasks at %i/%i as %s', (desired, min, max, expected) => {
    expect(serviceClass(service(desired, min, max))).toBe(expected);
  });

  it('rounds the floor up and the ceiling down', () => {
    expect(healthyFloor(3, 50)).toBe(2);
    expect(taskCeiling(3, 150)).toBe(4);
    expect(healthyFloor(7, 100)).toBe(7);
  });
});

describe('tasks in motion', () => {
  it.each([
    [8, 100, 200, 25, 2],
    [3, 100, 200, 25, 1],
    [40, 100, 200, 25, 10],
    [8, 50, 200, 100, 4],
    [10, 90, 200, 100, 1],
    [8, 50, 100, 25, 2],
    [8, 100, 200, 100, 8],
  ])('limits %i tasks at %i/%i and %i percent to %i', (desired, min, max, percent, limit) => {
    expect(motionLimit(service(desired, min, max), percent)).toBe(limit);
  });

  it('lets one host move when nothing else of the service does, whatever it carries', () => {
    expect(mayMove(4, 0, 2)).toBe(true);
    expect(mayMove(4, 1, 2)).toBe(false);
    expect(mayMove(1, 1, 2)).toBe(true);
    expect(mayMove(0, 9, 2)).toBe(true);
  });

  it('never lets a service that may stop first lose more than its minimum leaves', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.nat(100), fc.nat(100), (desired, min, percent) => {
        const limit = motionLimit(service(desired, min, 200), percent);
        expect(limit).toBeGreaterThanOrEqual(1);
        if (healthyFloor(desired, min) < desired) {
          expect(desired - limit).toBeGreaterThanOrEqual(healthyFloor(desired, min));
        }
      }),
    );
  });
});

describe('sizes', () => {
  it('wants a new host beside each outdated one, up to the surge', () => {
    expect(wantedCapacity({ goal: 10, surge: 3, outdatedLeft: 10 })).toBe(13);
    expect(wantedCapacity({ goal: 10, surge: 20, outdatedLeft: 4 })).toBe(14);
  });

  it('gives MaxSize the last word where it may not rise', () => {
    expect(surgeWithin(10, 10, 12, false)).toBe(2);
    expect(surgeWithin(10, 10, 8, false)).toBe(0);
    expect(surgeWithin(10, 10, 8, true)).toBe(10);
  });

  it('ends every run at its goal, having launched exactly one host for each outdated', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 60 }), (goal, surge) => {
        let desired = wantedCapacity({ goal, surge, outdatedLeft: goal });
        let launched = desired - goal;
        for (let outdatedLeft = goal; outdatedLeft > 0; outdatedLeft -= 1) {
          if (decrementsWith(desired, { goal, surge, outdatedLeft }, true)) desired -= 1;
          else launched += 1;
          expect(desired).toBeGreaterThanOrEqual(goal);
        }
        expect(desired).toBe(goal);
        expect(launched).toBe(goal);
      }),
    );
  });
});
