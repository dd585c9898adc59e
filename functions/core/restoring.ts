/** To what sizes a group goes back: the originals, what others changed meanwhile, and never below what is in service. */
import type { GroupMemory } from './memory.ts';

export interface Sizes {
  readonly minSize: number;
  readonly maxSize: number;
  readonly desiredCapacity: number;
}

/** What a run had to leave above a group's own sizes when its window closed: only drains would take it away. */
export interface SurplusLeft {
  readonly autoScalingGroupName: string;
  /** The target of the hosts that the run brought in. */
  readonly imageIds: readonly string[];
  /** As they were left. */
  readonly desiredCapacity: number;
  readonly maxSize: number;
  /** Without what the run brought in. */
  readonly own: Pick<Sizes, 'desiredCapacity' | 'maxSize'>;
}

/** What a group wants of its own: who lowered desired since then took the surplus first, who raised it wants more. */
export function ownDesired({ desiredCapacity, own }: SurplusLeft, now: number): number {
  const added = now - desiredCapacity;
  return added >= 0 ? own.desiredCapacity + added : Math.min(own.desiredCapacity, now);
}

export interface Restored extends Sizes {
  /** Undefined where nothing stands above the group's own sizes. */
  readonly left: SurplusLeft | undefined;
}

/** What stands when the run is over. */
export interface SizesNow extends Sizes {
  readonly inService: number;
  /** Every one of them is protected from scale-in by its owner: a lower desired capacity ends none. */
  readonly allProtected: boolean;
  /** Every value that the run set; any other is somebody else's and stays. */
  readonly minSizesSet: readonly number[];
  readonly maxSizesSet: readonly number[];
}

/**
 * The desired capacity that our last call left: without what we meant to raise it to and never did. Min rises with it, so a
 * Min of ours that no read has shown, and that is not in force now, was never set.
 */
export function desiredSet(memory: GroupMemory, now: Sizes): number {
  const { givenBack, set, original, floorSeen } = settled(memory, now);
  if (givenBack !== undefined) return givenBack.desiredCapacity;
  const floor = floorSeen ?? original.minSize;
  const isRaisedInVain = set.minSize !== undefined && floor < set.minSize && now.minSize < set.minSize;
  if (isRaisedInVain) return floorSeen ?? original.desiredCapacity;
  return set.desiredCapacity ?? original.desiredCapacity;
}

/** What memory holds once our own desired capacity is another one. */
export function withDesired(
  { set, givenBack }: GroupMemory,
  desiredCapacity: number,
): Pick<GroupMemory, 'set' | 'givenBack'> {
  return {
    set: { ...set, desiredCapacity },
    ...(givenBack && { givenBack: { ...givenBack, desiredCapacity } }),
  };
}

/** A call that was about to give sizes back, and perhaps never made: the sizes tell. */
export function settled({ givingBack, ...memory }: GroupMemory, now: Sizes): GroupMemory {
  if (givingBack === undefined || isSame(givingBack.from, now)) return memory;
  return { ...memory, givenBack: givingBack.to };
}

export function isSame(a: Sizes, b: Sizes): boolean {
  return a.minSize === b.minSize && a.maxSize === b.maxSize && a.desiredCapacity === b.desiredCapacity;
}

/**
 * Lowering MaxSize or DesiredCapacity below the hosts in service would let Auto Scaling choose victims, so neither goes
 * there: a surplus that nobody could drain keeps its place. A scheduled action that fell due while we held it counts as
 * somebody's change (decisions.md rules 2 and 23). Hosts that stood above desired under their owner's protection stand
 * above it again.
 */
export function restoredSizes(memory: GroupMemory, now: SizesNow): Restored {
  const group = settled(memory, now);
  const { original, scheduledDue: due, set, givenBack } = group;
  const isOurs = (value: number, ours: readonly number[], last: number | undefined) =>
    value === last || ours.includes(value);
  const changedSince = (knob: keyof Sizes) =>
    givenBack !== undefined && now[knob] !== givenBack[knob] ? now[knob] : undefined;
  const minSize =
    changedSince('minSize') ??
    due?.minSize ??
    (isOurs(now.minSize, now.minSizesSet, set.minSize) ? original.minSize : now.minSize);
  const maxSize =
    changedSince('maxSize') ??
    due?.maxSize ??
    (isOurs(now.maxSize, now.maxSizesSet, set.maxSize) ? original.maxSize : now.maxSize);
  // Whoever takes hosts away after desired went back has chosen them already: it is not raised against them.
  const isTheirs = givenBack !== undefined && now.desiredCapacity <= givenBack.desiredCapacity;
  if (isTheirs && now.desiredCapacity < group.goal) {
    return { ...now, minSize: Math.min(minSize, now.desiredCapacity), maxSize, left: undefined };
  }
  // Desired follows the goal, which took up what others changed; what came after the last look is above the last we set.
  const expected = desiredSet(group, now);
  const isNewer = now.desiredCapacity > expected;
  // Somebody lowered it, and all hosts stand all the same, for they are protected.
  const lowered = now.allProtected ? Math.max(0, expected - now.desiredCapacity) : 0;
  const goal = isNewer ? Math.max(group.goal, now.desiredCapacity) : group.goal - lowered;
  const { protectedAbove = 0 } = group;
  const standing = now.allProtected ? now.inService - protectedAbove - lowered : now.inService;
  // What others added above the MaxSize that only we had raised goes no further than their own.
  const own = { desiredCapacity: Math.max(Math.min(goal, maxSize) - protectedAbove, minSize), maxSize };
  const desiredCapacity = Math.max(own.desiredCapacity, standing);
  const sizes = { minSize, maxSize: Math.max(maxSize, desiredCapacity), desiredCapacity };
  const isAbove = desiredCapacity > own.desiredCapacity || sizes.maxSize > maxSize;
  const { autoScalingGroupName, targetImageIds: imageIds } = group;
  return {
    ...sizes,
    left: isAbove
      ? { autoScalingGroupName, imageIds, desiredCapacity, maxSize: sizes.maxSize, own }
      : undefined,
  };
}
