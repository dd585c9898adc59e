/** Times and ages as evidence says them, and dates as a person writes them. */

export const DAY_MS = 86_400_000;

/** To the second. */
export function iso(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** Whole days, rounded down, never below 0. */
export function daysBetween(fromMs: number, toMs: number): number {
  return Math.max(0, Math.floor((toMs - fromMs) / DAY_MS));
}

/**
 * `2026-11-01`, a day of UTC, or a moment such as `2026-11-01T06:00Z`.
 *
 * @param edge which end of a day is meant
 * @returns undefined for what is neither
 */
export function readDate(text: string, edge: 'start' | 'end'): number | undefined {
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const isMoment = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})$/.test(text);
  const ms = Date.parse(text);
  if ((!isDay && !isMoment) || Number.isNaN(ms)) return undefined;
  // Date.parse takes 31 February for a day of March.
  if (isDay && !new Date(ms).toISOString().startsWith(text)) return undefined;
  return isDay && edge === 'end' ? ms + DAY_MS - 1 : ms;
}
