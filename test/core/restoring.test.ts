/** What a group goes back to when hosts of the surplus have to stay until the next window (rule 23). */
import { describe, expect, it } from 'vitest';
import { desiredSet, ownDesired, restoredSizes, type SurplusLeft } from '../../functions/core/restoring.ts';
import { groupMemory } from '../support/run.ts';

const NONE_SET = { minSizesSet: [4], maxSizesSet: [6], allProtected: false };
const now = (inService: number) => ({ minSize: 4, maxSize: 6, desiredCapacity: 6, inService, ...NONE_SET });

describe('sizes that are given back', () => {
  const memory = { ...groupMemory, set: { minSize: 4, maxSize: 6, desiredCapacity: 6 } };

  it('are the own ones where no host stands above them', () => {
    expect(restoredSizes(memory, now(2))).toEqual({
      minSize: 2,
      maxSize: 4,
      desiredCapacity: 2,
      left: undefined,
    });
  });

  it('hold hosts that stand above, and say what the group’s own sizes are', () => {
    expect(restoredSizes(memory, now(5))).toMatchObject({
      maxSize: 5,
      desiredCapacity: 5,
      left: { desiredCapacity: 5, maxSize: 5, own: { desiredCapacity: 2, maxSize: 4 } },
    });
  });

  it('follow who lowered desired since the last look, where protection keeps every host', () => {
    const lowered = (allProtected: boolean) =>
      restoredSizes(
        {
          ...memory,
          original: { ...memory.original, minSize: 0 },
          goal: 3,
          set: { ...memory.set, desiredCapacity: 3 },
        },
        {
          ...now(3),
          desiredCapacity: 2,
          allProtected,
        },
      );
    expect(lowered(true)).toMatchObject({ desiredCapacity: 2 });
    expect(lowered(false)).toMatchObject({ desiredCapacity: 3 });
  });
});

it('once given back, a desired capacity that somebody lowered stays, however often restore comes back', () => {
  const goal = 2;
  const theirs = { minSize: 0, maxSize: 4, desiredCapacity: 1 };
  const seen = { ...theirs, inService: 1, ...NONE_SET };
  const before = { ...groupMemory, goal, original: { ...groupMemory.original, minSize: 0 } };
  const first = restoredSizes({ ...before, givenBack: { ...theirs, desiredCapacity: goal } }, seen);
  expect(first).toMatchObject(theirs);
  expect(restoredSizes({ ...before, givenBack: theirs }, seen)).toMatchObject(theirs);
});

describe('sizes that a crash left in doubt', () => {
  const all = { inService: 4, allProtected: true, minSizesSet: [4, 6], maxSizesSet: [6] };
  const begun = {
    ...groupMemory,
    original: { ...groupMemory.original, minSize: 0, desiredCapacity: 3, maxSize: 6 },
    goal: 3,
    floorSeen: 4,
  };

  it('a raise that is in the ledger alone is nobody’s scale-in', () => {
    const memory = { ...begun, set: { minSize: 6, maxSize: 6, desiredCapacity: 6 } };
    const stands = { minSize: 4, maxSize: 6, desiredCapacity: 4, ...all };
    expect(desiredSet(memory, stands)).toBe(4);
    expect(restoredSizes(memory, stands)).toMatchObject({ minSize: 0, desiredCapacity: 4 });
    // In force, and then lowered under hosts that stay: somebody's.
    const lowered = restoredSizes({ ...memory, floorSeen: 6 }, { ...stands, minSize: 0, inService: 4 });
    expect(lowered).toMatchObject({ desiredCapacity: 2 });
  });

  it('a repeat of giving back takes what it did for its own, and what it only meant to do for nothing', () => {
    const from = { minSize: 4, maxSize: 6, desiredCapacity: 4 };
    const to = { minSize: 0, maxSize: 6, desiredCapacity: 4 };
    const memory = {
      ...begun,
      floorSeen: 6,
      set: { minSize: 6, maxSize: 6, desiredCapacity: 6 },
      givingBack: { from, to },
    };
    expect(restoredSizes(memory, { ...to, ...all })).toMatchObject(to);
    expect(restoredSizes({ ...memory, set: from, floorSeen: 4 }, { ...from, ...all })).toMatchObject(to);
  });
});

describe('the own desired capacity of a group with a surplus', () => {
  const left: SurplusLeft = {
    autoScalingGroupName: 'hosts',
    imageIds: ['ami-0new'],
    desiredCapacity: 14,
    maxSize: 14,
    own: { desiredCapacity: 10, maxSize: 12 },
  };

  it.each([
    ['as it was left', 14, 10],
    ['raised by two', 16, 12],
    ['lowered within the surplus, which is what went', 12, 10],
    ['lowered below its own', 8, 8],
  ])('%s: %i wants %i', (_, desired, own) => {
    expect(ownDesired(left, desired)).toBe(own);
  });
});
