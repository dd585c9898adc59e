/** To what sizes a group goes back: the originals, what others changed meanwhile, and never below what is in service. */
import type { GroupMemory } from './memory.ts';

export interface Sizes {
  readonly minSize: number;
  readonly maxSize: number;
  readonly desiredCapacity: number;
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
 * Lowering MaxSize or DesiredCapacity below the hosts in service would let Auto Scaling choose victims, so neither goes
 * there: a surplus that nobody could drain keeps its place. A scheduled action that fell due while we held it counts as
 * somebody's change (decisions.md rules 2 and 23). Hosts that stood above desired under their owner's protection stand
 * above it again.
 */
export function restoredSizes(group: GroupMemory, now: SizesNow): Sizes {
  const { original, scheduledDue: due, set } = group;
  const isOurs = (value: number, ours: readonly number[], last: number | undefined) =>
    value === last || ours.includes(value);
  const minSize =
    due?.minSize ?? (isOurs(now.minSize, now.minSizesSet, set.minSize) ? original.minSize : now.minSize);
  const maxSize =
    due?.maxSize ?? (isOurs(now.maxSize, now.maxSizesSet, set.maxSize) ? original.maxSize : now.maxSize);
  // Desired follows the goal, which took up what others changed; what came after the last look is above the last we set.
  const isNewer = now.desiredCapacity > (set.desiredCapacity ?? original.desiredCapacity);
  const goal = isNewer ? Math.max(group.goal, now.desiredCapacity) : group.goal;
  const { protectedAbove = 0 } = group;
  const standing = now.allProtected ? now.inService - protectedAbove : now.inService;
  // What others added above the MaxSize that only we had raised goes no further than their own.
  const desiredCapacity = Math.max(Math.min(goal, maxSize) - protectedAbove, minSize, standing);
  return { minSize, maxSize: Math.max(maxSize, desiredCapacity), desiredCapacity };
}
