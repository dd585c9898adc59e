import { describe, expect, it } from 'vitest';
import { isRunDue } from '../../../functions/core/notices/due.ts';
import { parseSettings } from '../../../functions/edge/settings.ts';
import { defaults } from '../../support/facts.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = Date.parse('2026-11-22T13:00:00Z');

function settings(windows: string) {
  const parsed = parseSettings({ windows });
  if (!parsed.ok) throw new Error(parsed.problems.join());
  return { ...defaults, windows: parsed.value.windows ?? [] };
}

const due = (hoursAgo: number | undefined, windows = 'Sun 12:00-14:00 UTC', startsInHours = 200) =>
  isRunDue(
    {
      startMs: NOW_MS + startsInHours * HOUR_MS,
      ...(hoursAgo !== undefined && { startedAtMs: NOW_MS - hoursAgo * HOUR_MS }),
    },
    settings(windows),
    NOW_MS,
  );

describe('a run for a notice', () => {
  it('is due at once for what no run has seen', () => {
    expect(due(undefined, 'Mon 12:00-14:00 UTC')).toBe(true);
  });

  it('is due again when the window has opened since, and not while it stays as it was', () => {
    expect(due(2)).toBe(true);
    expect(due(0.5)).toBe(false);
    expect(due(2, 'Mon 12:00-14:00 UTC')).toBe(false);
  });

  it('is due when its date has come within the margin since', () => {
    expect(due(2, 'Mon 12:00-14:00 UTC', 23)).toBe(true);
    expect(due(2, 'Mon 12:00-14:00 UTC', 21)).toBe(false);
  });

  it('is due each day for what an earlier run had to leave', () => {
    expect(due(20, 'Mon 12:00-14:00 UTC')).toBe(true);
    expect(due(19, 'Mon 12:00-14:00 UTC')).toBe(false);
  });
});
