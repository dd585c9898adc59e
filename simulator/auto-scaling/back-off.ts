/**
 * Groups whose launches fail: tried less and less often, and given up by AWS after a day.
 * Source: Amazon EC2 Auto Scaling user guide, lifecycle-hooks ("repeatedly fail … slows down"), as-suspend-resume-processes.
 */
import { type Group, stamp } from './group.ts';

/** Between two tries of a group that failed to launch; how long is not documented. */
const FIRST_RETRY_MS = 60_000;
const LONGEST_RETRY_MS = 900_000;
/** "trying to launch instances for over 24 hours but have not succeeded" (as-suspend-resume-processes). */
const GIVEN_UP_AFTER_MS = 24 * 3_600_000;

/** EC2 refused: the next try waits twice as long as the one before. */
export function launchRefused(group: Group, nowMs: number): void {
  group.failingSinceMs ??= nowMs;
  group.launchFailures++;
  const waitMs = Math.min(FIRST_RETRY_MS * 2 ** (group.launchFailures - 1), LONGEST_RETRY_MS);
  group.retryLaunchAtMs = nowMs + waitMs;
}

/** An instance came but never into service: its replacement waits from the second one on. */
export function launchDied(group: Group, nowMs: number): void {
  group.failingSinceMs ??= nowMs;
  if (group.launchFailures > 0) launchRefused(group, nowMs);
  else group.launchFailures = 1;
}

/**
 * AWS stops trying by itself; whoever resumes Launch starts the day anew.
 *
 * @returns whether it has just suspended Launch. The words of the reason are UNCONFIRMED.
 */
export function suspendedByAws(group: Group, nowMs: number): boolean {
  if (group.failingSinceMs === null || nowMs - group.failingSinceMs <= GIVEN_UP_AFTER_MS) return false;
  group.failingSinceMs = null;
  if (group.suspended.has('Launch')) return false;
  group.suspended.set(
    'Launch',
    `Administratively suspended at ${stamp(nowMs)}: launches have failed for more than 24 hours`,
  );
  return true;
}
