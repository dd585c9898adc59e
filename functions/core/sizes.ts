/** The sizes of a group during a run (decisions.md rules 2, 3 and 18): all of it follows from one line of arithmetic. */

export interface SizeFacts {
  /** Hosts that should stand when the run is over. */
  readonly goal: number;
  /** Hosts beside the old that the run may have at most: settings, MaxSize and quota taken into account. */
  readonly surge: number;
  /** Outdated hosts that are still to be replaced. */
  readonly outdatedLeft: number;
}

/** Desired capacity while the run lasts: each outdated host has its replacement beside it, up to the surge. */
export function wantedCapacity({ goal, surge, outdatedLeft }: SizeFacts): number {
  return goal + Math.min(surge, outdatedLeft);
}

/**
 * Whether the group shrinks with this termination. Without decrement Auto Scaling launches the next new host, in the
 * emptiest zone; with it, desired must stay at what the rest of the run wants, which is never less than the goal.
 */
export function decrementsWith(
  desired: number,
  sizes: SizeFacts,
  /** Whether the host that ends is one of `outdatedLeft`. */
  isOutdated: boolean,
): boolean {
  const left = sizes.outdatedLeft - (isOutdated ? 1 : 0);
  return desired - 1 >= wantedCapacity({ ...sizes, outdatedLeft: left });
}

/** Room for new hosts beside the old: the plan's surge, cut where MaxSize may not rise. */
export function surgeWithin(surge: number, goal: number, maxSize: number, raiseMaxSize: boolean): number {
  return raiseMaxSize ? surge : Math.max(0, Math.min(surge, maxSize - goal));
}
