/** When a run is to look (again) at what a notice of Fargate names. Pure. */
import type { Settings } from '../settings.ts';
import { windowOf } from '../windows.ts';
import type { NoticeEntry } from './entry.ts';

/** What an earlier run had to leave is looked at again so often: tags and digests change, AWS acts by itself. */
export const AGAIN_AFTER_MS = 20 * 3_600_000;

/**
 * At once for what no run has seen; then whenever its window, or its date, has opened since the last one, and each day.
 */
export function isRunDue(
  entry: Pick<NoticeEntry, 'startMs' | 'startedAtMs'>,
  settings: Pick<Settings, 'windows' | 'freezes' | 'deadlineMarginHours'>,
  nowMs: number,
): boolean {
  const { startedAtMs, startMs } = entry;
  if (startedAtMs === undefined || nowMs - startedAtMs >= AGAIN_AFTER_MS) return true;
  const isOpenAt = (atMs: number) => windowOf(settings, startMs, atMs).open;
  return isOpenAt(nowMs) && !isOpenAt(startedAtMs);
}
