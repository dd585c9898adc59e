/** How many hosts a group may have beside the old, and whether its launches fail. */
import { type GroupLook, memoryOf } from '../look.ts';
import { surgeWithin } from '../sizes.ts';
import type { Tick } from '../tick.ts';

/** Launch failures within this time, this many, with nothing on its way: go on with what is ready (rule 3). */
const FAILING_MS = 900_000;
const FAILED_LAUNCHES = 3;

/** The plan's surge, within what MaxSize allows where it may not rise. */
export function effectiveSurge({ look, draft }: Pick<Tick, 'look' | 'draft'>, group: GroupLook): number {
  const { goal } = memoryOf(draft, group);
  return surgeWithin(group.plan.surge, goal, group.facts.maxSize, look.settings.raiseMaxSize);
}

/** Launches keep failing and none is on its way: the group's own words, else undefined. */
export function launchTrouble(
  { look, draft }: Pick<Tick, 'look' | 'draft'>,
  group: GroupLook,
): string | undefined {
  const asked = memoryOf(draft, group).launchesAskedAtMs ?? draft.run.startedAtMs;
  const recent = group.facts.failedLaunches.filter(
    (failure) => failure.atMs >= asked && look.nowMs - failure.atMs < FAILING_MS,
  );
  const pending = group.incoming.length > 0;
  return recent.length >= FAILED_LAUNCHES && !pending ? recent[0]?.message : undefined;
}
