/** Five-field cron expressions of scheduled actions. Source: Auto Scaling user guide, ec2-auto-scaling-scheduled-scaling. */
import { DateTime } from 'luxon';

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
/** Any expression that can fire does so within a leap-year cycle. */
const MOST_DAYS = 366 * 4 + 1;

/**
 * The first time after `afterMs` at which the expression fires; undefined when it never does. A local time that a
 * change of clocks leaves out is skipped.
 *
 * @throws when the expression is not five fields of numbers, names, ranges, lists and steps
 */
export function nextCron(expression: string, afterMs: number, timeZone = 'Etc/UTC'): number | undefined {
  const fields = expression.trim().split(/\s+/);
  const [minute, hour, dayOfMonth, month, dayOfWeek] = fields;
  if (!minute || !hour || !dayOfMonth || !month || !dayOfWeek || fields.length !== 5) {
    throw new Error(`${expression} is not a cron expression of five fields`);
  }
  const minutes = valuesOf(minute, 0, 59);
  const hours = valuesOf(hour, 0, 23);
  const months = new Set(valuesOf(month, 1, 12, MONTHS, 1));
  const daysOfMonth = new Set(valuesOf(dayOfMonth, 1, 31));
  const daysOfWeek = new Set(valuesOf(dayOfWeek, 0, 7, DAYS, 0).map((day) => day % 7));
  const isDay = (date: DateTime) => {
    const inMonth = daysOfMonth.has(date.day);
    const inWeek = daysOfWeek.has(date.weekday % 7);
    // Classic cron: when both fields are restricted, either is enough.
    return dayOfMonth !== '*' && dayOfWeek !== '*' ? inMonth || inWeek : inMonth && inWeek;
  };
  let day = DateTime.fromMillis(afterMs, { zone: timeZone }).startOf('day');
  for (let tried = 0; tried < MOST_DAYS; tried++, day = day.plus({ days: 1 })) {
    if (!months.has(day.month) || !isDay(day)) continue;
    for (const h of hours) {
      for (const m of minutes) {
        const at = day.set({ hour: h, minute: m });
        if (at.hour === h && at.minute === m && at.toMillis() > afterMs) return at.toMillis();
      }
    }
  }
  return undefined;
}

function valuesOf(
  field: string,
  least: number,
  most: number,
  names: readonly string[] = [],
  base = 0,
): number[] {
  const numberOf = (text: string) => {
    const named = names.indexOf(text.toUpperCase().slice(0, 3));
    const value = named >= 0 ? named + base : Number(text);
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new Error(`${text} is not between ${least} and ${most}`);
    }
    return value;
  };
  const found = new Set<number>();
  for (const part of field.split(',')) {
    const [range = '', step = '1'] = part.split('/');
    const [low = '', high] = range.split('-');
    const from = range === '*' ? least : numberOf(low);
    const to = range === '*' || (high === undefined && part.includes('/')) ? most : numberOf(high ?? low);
    const by = Number(step);
    if (!Number.isInteger(by) || by < 1) throw new Error(`${step} is not a step`);
    for (let value = from; value <= to; value += by) found.add(value);
  }
  return [...found].sort((a, b) => a - b);
}
