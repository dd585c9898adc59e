/** Reminders: louder as the date of an open notice nears, each once. Pure. */
import { isOpen, type NoticeEntry } from './entry.ts';

const HOUR_MS = 3_600_000;

/** Hours before the date; the last reminder comes when the margin begins, in which windows no longer hold anything back. */
const REMINDERS_HOURS = [72, 24] as const;

/** How many reminders should have been sent by now; more than `entry.reminders` means that one is due. */
export function remindersDue(
  entry: Pick<NoticeEntry, 'state' | 'startMs'>,
  deadlineMarginHours: number,
  nowMs: number,
): number {
  if (entry.startMs === undefined || !isOpen(entry)) return 0;
  const leftHours = (entry.startMs - nowMs) / HOUR_MS;
  const stages = [...new Set([...REMINDERS_HOURS, deadlineMarginHours])].sort((a, b) => b - a);
  return stages.filter((hours) => leftHours <= hours).length;
}

/** Open notices, and the hours until the nearest of their dates; undefined where none has one. */
export function outlook(
  entries: readonly Pick<NoticeEntry, 'state' | 'startMs'>[],
  nowMs: number,
): { readonly pending: number; readonly nearestHours?: number } {
  const open = entries.filter(isOpen);
  const dates = open.flatMap(({ startMs }) => startMs ?? []);
  if (dates.length === 0) return { pending: open.length };
  return { pending: open.length, nearestHours: (Math.min(...dates) - nowMs) / HOUR_MS };
}
