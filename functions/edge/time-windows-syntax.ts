/**
 * How people write time: `Tue 02:00-05:00 Europe/Berlin` for a maintenance window, `2026-12-20..2027-01-03 Europe/Berlin`
 * for a freeze. Only the grammar is here; what is open when is decided in the core.
 */
import { DateTime, IANAZone } from 'luxon';
import type { Freeze, MaintenanceWindow } from '../core/settings.ts';

export const WINDOW_EXAMPLE = 'Tue 02:00-05:00 Europe/Berlin';
export const FREEZE_EXAMPLE = '2026-12-20..2027-01-03 Europe/Berlin';

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const FULL_DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];
const ZONE = 'must name a time zone of the IANA database, such as Europe/Berlin or UTC';
const EVERY_DAY = [1, 2, 3, 4, 5, 6, 7];

/** A parsed text, or what is wrong with it, as the end of a sentence that begins with its path. */
export type Read<T> = { readonly value: T } | { readonly problem: string };

/**
 * `<days> <HH:MM>-<HH:MM> <time zone>`. Days are `Tue`, a range `Mon-Fri`, a list with commas or plus signs
 * (`Tue,Thu`, `Sat+Sun`: tag values allow no comma), or `daily`. An end at or before the start is on the next day.
 */
export function readWindow(text: string): Read<MaintenanceWindow> {
  const match = /^(\S+)\s+(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})(?:\s+(\S+))?$/.exec(text.trim());
  if (match === null) return wrong(`must read like "${WINDOW_EXAMPLE}"`);
  const [, days = '', startHour, startMinute, endHour, endMinute, timeZone] = match;

  const weekdays = readDays(days);
  if (weekdays === undefined) {
    return wrong('must begin with days such as Tue, Mon-Fri, Sat+Sun or daily');
  }
  const start = minuteOfDay(startHour, startMinute);
  const end = minuteOfDay(endHour, endMinute);
  if (start === undefined || start === 1440 || end === undefined) {
    return wrong('must have times from 00:00 to 23:59, or 24:00 as its end');
  }
  if (timeZone === undefined) {
    return wrong(`must end with a time zone, such as in "${WINDOW_EXAMPLE}", or UTC`);
  }
  if (!IANAZone.isValidZone(timeZone)) return wrong(ZONE);
  return { value: { text: text.trim(), weekdays, startMinute: start, endMinute: end % 1440, timeZone } };
}

/** `<date>..<date> <time zone>`, one date for one day; also `/` or `to` between the dates. Without a zone it is UTC. */
export function readFreeze(text: string): Read<Freeze> {
  const match = /^(\d{4}-\d{2}-\d{2})(?:\s*(?:\.\.|\/|to|\s-\s|–)\s*(\d{4}-\d{2}-\d{2}))?(?:\s+(\S+))?$/.exec(
    text.trim(),
  );
  if (match === null) return wrong(`must read like "${FREEZE_EXAMPLE}"`);
  const [, from = '', to = from, timeZone = 'UTC'] = match;
  for (const date of [from, to]) {
    if (!DateTime.fromISO(date, { zone: 'utc' }).isValid) {
      return wrong(`must have dates of the calendar; ${date} is not one`);
    }
  }
  if (to < from) return wrong(`must end on or after its first day; ${to} is before ${from}`);
  if (!IANAZone.isValidZone(timeZone)) return wrong(ZONE);
  return { value: { text: text.trim(), from, to, timeZone } };
}

function readDays(text: string): number[] | undefined {
  const written = text.toLowerCase();
  if (['daily', '*', 'everyday'].includes(written)) return EVERY_DAY;
  const days = new Set<number>();
  for (const part of written.split(/[,+]/)) {
    const [first, last = first, ...more] = part.split('-').map(dayNumber);
    if (first === undefined || last === undefined || more.length > 0) return undefined;
    for (let day = first; ; day = (day % 7) + 1) {
      days.add(day);
      if (day === last) break;
    }
  }
  return [...days].sort((a, b) => a - b);
}

function dayNumber(name: string): number | undefined {
  const index = Math.max(DAYS.indexOf(name), FULL_DAYS.indexOf(name));
  return index < 0 ? undefined : index + 1;
}

function minuteOfDay(hour: string | undefined, minute: string | undefined): number | undefined {
  const minutes = Number(hour) * 60 + Number(minute);
  return Number(minute) < 60 && minutes <= 1440 ? minutes : undefined;
}

function wrong(problem: string): { readonly problem: string } {
  return { problem };
}
