/** When disruptive work may start: maintenance windows and freezes. Wall-clock arithmetic in each window's own time zone. */
import { DateTime } from 'luxon';
import type { Freeze, MaintenanceWindow, Settings } from './settings.ts';

export type WindowState =
  /** `closesAtMs` is undefined when nothing ever closes. */
  | { readonly open: true; readonly closesAtMs?: number }
  /** `opensAtMs` is undefined when no opening lies within the next year. */
  | {
      readonly open: false;
      readonly opensAtMs?: number;
      readonly because: 'window' | 'freeze';
      readonly text: string;
    };

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  readonly text: string;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const HORIZON_DAYS = 366;

/**
 * When a run may disrupt: in its windows, and from `deadlineMarginHours` before its deadline on, whatever windows and freezes
 * say: a host that AWS ends by itself kills what is on it (I10). The one place that reads a deadline.
 */
export function windowOf(
  settings: Pick<Settings, 'windows' | 'freezes' | 'deadlineMarginHours'>,
  deadlineMs: number | undefined,
  nowMs: number,
): WindowState {
  const state = windowState(settings.windows, settings.freezes, nowMs);
  if (deadlineMs === undefined) return state;
  const overridesMs = deadlineMs - settings.deadlineMarginHours * HOUR_MS;
  if (nowMs >= overridesMs) return { open: true };
  if (state.open) return (state.closesAtMs ?? 0) >= overridesMs ? { open: true } : state;
  return { ...state, opensAtMs: Math.min(state.opensAtMs ?? Number.POSITIVE_INFINITY, overridesMs) };
}

/** The window or freeze that would be closed now, were the deadline not near: people are told of it. */
export function overriddenBy(
  settings: Pick<Settings, 'windows' | 'freezes' | 'deadlineMarginHours'>,
  deadlineMs: number | undefined,
  nowMs: number,
): string | undefined {
  const state = windowState(settings.windows, settings.freezes, nowMs);
  return !state.open && windowOf(settings, deadlineMs, nowMs).open ? state.text : undefined;
}

/** Whether work may start now, until when, or when it may next. No windows means always open; a freeze closes all. */
export function windowState(
  windows: readonly MaintenanceWindow[],
  freezes: readonly Freeze[],
  nowMs: number,
): WindowState {
  const frozen = freezes.map(freezeSpan);
  const freeze = frozen.find((span) => contains(span, nowMs));
  if (freeze !== undefined) {
    return closed('freeze', freeze.text, nextOpening(windows, frozen, nowMs));
  }
  const nextFreezeMs = Math.min(
    ...frozen.map((span) => span.fromMs).filter((fromMs) => fromMs > nowMs),
    Number.POSITIVE_INFINITY,
  );
  if (windows.length === 0)
    return Number.isFinite(nextFreezeMs) ? { open: true, closesAtMs: nextFreezeMs } : { open: true };

  const closesAtMs = closingOf(windows, nowMs);
  if (closesAtMs === undefined) {
    return closed(
      'window',
      windows.map((window) => window.text).join(', '),
      nextOpening(windows, frozen, nowMs),
    );
  }
  const end = Math.min(closesAtMs, nextFreezeMs);
  return Number.isFinite(end) ? { open: true, closesAtMs: end } : { open: true };
}

function closed(because: 'window' | 'freeze', text: string, opensAtMs: number | undefined): WindowState {
  return { open: false, because, text, ...(opensAtMs !== undefined && { opensAtMs }) };
}

/** When the windows that are open now close for good: windows that touch or overlap are one. */
function closingOf(windows: readonly MaintenanceWindow[], nowMs: number): number | undefined {
  let endMs: number | undefined;
  // Adjoining windows can chain through a whole week; after eight days they will not end.
  const limitMs = nowMs + 8 * DAY_MS;
  for (;;) {
    const atMs: number = endMs ?? nowMs;
    const later = windows
      .flatMap((window) => spansAround(window, atMs))
      .filter((span) => span.fromMs <= atMs && span.toMs > atMs)
      .reduce<number | undefined>((latest, span) => Math.max(latest ?? 0, span.toMs), undefined);
    if (later === undefined) return endMs;
    endMs = later;
    if (endMs > limitMs) return Number.POSITIVE_INFINITY;
  }
}

function nextOpening(
  windows: readonly MaintenanceWindow[],
  frozen: readonly Span[],
  nowMs: number,
): number | undefined {
  let atMs = nowMs;
  // Each turn leaves one freeze or one window behind, so the horizon bounds the turns.
  while (atMs < nowMs + HORIZON_DAYS * DAY_MS) {
    const freeze = frozen.find((span) => contains(span, atMs));
    if (freeze !== undefined) {
      atMs = freeze.toMs;
      continue;
    }
    if (windows.length === 0 || closingOf(windows, atMs) !== undefined) return atMs;
    const next = Math.min(
      ...windows
        .flatMap((window) => spansWithin(window, atMs, 8))
        .map((span) => span.fromMs)
        .filter((fromMs) => fromMs > atMs),
    );
    if (!Number.isFinite(next)) return undefined;
    atMs = next;
  }
  return undefined;
}

const contains = (span: Span, atMs: number) => span.fromMs <= atMs && atMs < span.toMs;

const spansAround = (window: MaintenanceWindow, atMs: number) => spansWithin(window, atMs, 1);

/** The window's occurrences that begin from yesterday until `days` ahead, by the calendar of its time zone. */
function spansWithin(window: MaintenanceWindow, atMs: number, days: number): Span[] {
  const today = DateTime.fromMillis(atMs, { zone: window.timeZone }).startOf('day');
  const spans: Span[] = [];
  for (let offset = -1; offset <= days; offset += 1) {
    const day = today.plus({ days: offset });
    if (!window.weekdays.includes(day.weekday)) continue;
    const endDay = window.endMinute <= window.startMinute ? day.plus({ days: 1 }) : day;
    const fromMs = atMinute(day, window.startMinute);
    const toMs = atMinute(endDay, window.endMinute);
    // Moved ahead by the hour that spring leaves out, a window may end before it begins: there is none that day.
    if (toMs > fromMs) spans.push({ fromMs, toMs, text: window.text });
  }
  return spans;
}

/** A wall-clock minute of a day: a time that spring leaves out moves ahead, one that autumn repeats is its first. */
function atMinute(day: DateTime, minute: number): number {
  if (minute === 1440) return day.plus({ days: 1 }).startOf('day').toMillis();
  return day
    .set({ hour: Math.floor(minute / 60), minute: minute % 60, second: 0, millisecond: 0 })
    .toMillis();
}

function freezeSpan(freeze: Freeze): Span {
  const from = DateTime.fromISO(freeze.from, { zone: freeze.timeZone }).startOf('day');
  const to = DateTime.fromISO(freeze.to, { zone: freeze.timeZone }).startOf('day').plus({ days: 1 });
  return { fromMs: from.toMillis(), toMs: to.toMillis(), text: freeze.text };
}
