/** How many hosts a group may have beside the old, and whether its launches fail. */
import { type GroupLook, memoryOf } from '../look.ts';
import { drainSeconds } from '../motion.ts';
import { readySecondsOf } from '../plan/prediction.ts';
import { surgeWithin } from '../sizes.ts';
import type { Tick } from '../tick.ts';

/**
 * Attempts that failed within this time, this many, with nothing on its way: go on with what is ready (rule 3). Auto
 * Scaling tries every zone in one attempt, each with a failure of its own, and tries again minutes later: a zone that is
 * out of capacity now often has some then.
 */
const FAILING_MS = 900_000;
const FAILED_ATTEMPTS = 3;
/** Failures closer together than this belong to one attempt. */
const ATTEMPT_MS = 30_000;

/** The plan's surge, within what MaxSize allows where it may not rise. */
export function effectiveSurge({ draft }: Pick<Tick, 'draft'>, group: GroupLook): number {
  const { goal } = memoryOf(draft, group);
  return surgeWithin(group.plan.surge, goal, group.facts.maxSize, group.settings.raiseMaxSize);
}

/** A host launched now would not be ready in time for even the quickest drain to finish before the window closes. */
export function isTooLateToLaunch({ look }: Pick<Tick, 'look'>, group: GroupLook): boolean {
  const { window, nowMs } = look;
  if (!window.open || window.closesAtMs === undefined || group.outdatedLeft.length === 0) return false;
  const like = group.ready.length > 0 ? group.ready : group.outdatedLeft;
  const readySeconds = readySecondsOf(like.flatMap((host) => host.facts ?? []));
  const quickestSeconds = Math.min(...group.outdatedLeft.map((host) => drainSeconds(host, look)));
  return nowMs + (readySeconds + quickestSeconds) * 1000 > window.closesAtMs;
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
  return attempts(recent.map((failure) => failure.atMs)) >= FAILED_ATTEMPTS && !pending
    ? recent[0]?.message
    : undefined;
}

function attempts(failedAtMs: readonly number[]): number {
  let count = 0;
  let lastMs = Number.NEGATIVE_INFINITY;
  for (const atMs of [...failedAtMs].sort((a, b) => a - b)) {
    if (atMs - lastMs < ATTEMPT_MS) continue;
    count += 1;
    lastMs = atMs;
  }
  return count;
}
