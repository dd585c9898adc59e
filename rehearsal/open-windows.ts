/**
 * Is a maintenance window open? Asked by the judge, so worked out here by walking the wall clock of the window's zone,
 * not by the code that decides.
 */
import { DateTime } from 'luxon';
import type { Freeze, MaintenanceWindow, Settings } from '../functions/core/settings.ts';

export function isOpenAt({ windows, freezes }: Pick<Settings, 'windows' | 'freezes'>, atMs: number): boolean {
  if (freezes.some((freeze) => isFrozen(freeze, atMs))) return false;
  return windows.length === 0 || windows.some((window) => covers(window, atMs));
}

/** A window that ends at or before its start reaches into the next day, where yesterday's weekday counts. */
function covers({ weekdays, startMinute, endMinute, timeZone }: MaintenanceWindow, atMs: number): boolean {
  const local = DateTime.fromMillis(atMs, { zone: timeZone });
  const minute = local.hour * 60 + local.minute;
  const today = weekdays.includes(local.weekday);
  if (endMinute > startMinute) return today && minute >= startMinute && minute < endMinute;
  const yesterday = weekdays.includes(local.minus({ days: 1 }).weekday);
  return (today && minute >= startMinute) || (yesterday && minute < endMinute);
}

function isFrozen({ from, to, timeZone }: Freeze, atMs: number): boolean {
  const day = DateTime.fromMillis(atMs, { zone: timeZone }).toISODate() ?? '';
  return day >= from && day <= to;
}
