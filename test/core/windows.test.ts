import { DateTime } from 'luxon';
import { describe, expect, it } from 'vitest';
import type { Freeze, MaintenanceWindow } from '../../functions/core/settings.ts';
import { overriddenBy, windowOf, windowState } from '../../functions/core/windows.ts';

const at = (text: string, zone = 'Europe/Berlin') => DateTime.fromISO(text, { zone }).toMillis();
const window = (
  weekdays: number[],
  start: string,
  end: string,
  timeZone = 'Europe/Berlin',
): MaintenanceWindow => {
  const minute = (text: string) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
  return {
    text: `${weekdays.join()} ${start}-${end} ${timeZone}`,
    weekdays,
    startMinute: minute(start),
    endMinute: minute(end),
    timeZone,
  };
};
const freeze = (from: string, to: string): Freeze => ({
  text: `${from}..${to}`,
  from,
  to,
  timeZone: 'Europe/Berlin',
});
const tuesday = window([2], '02:00', '05:00');

describe('maintenance windows', () => {
  it('are always open when there are none', () => {
    expect(windowState([], [], at('2026-11-24T12:00'))).toEqual({ open: true });
  });

  it.each([
    ['2026-11-24T01:59', false],
    ['2026-11-24T02:00', true],
    ['2026-11-24T04:59', true],
    ['2026-11-24T05:00', false],
    ['2026-11-25T03:00', false],
  ])('take %s in a window of Tuesday 02:00 to 05:00 as open: %s', (now, open) => {
    expect(windowState([tuesday], [], at(now)).open).toBe(open);
  });

  it('say when they close and when the next opens', () => {
    expect(windowState([tuesday], [], at('2026-11-24T03:00'))).toEqual({
      open: true,
      closesAtMs: at('2026-11-24T05:00'),
    });
    expect(windowState([tuesday], [], at('2026-11-24T05:00'))).toMatchObject({
      open: false,
      because: 'window',
      opensAtMs: at('2026-12-01T02:00'),
    });
  });

  it('reach over midnight into a day that they do not name', () => {
    const night = window([5], '22:00', '04:00');
    expect(windowState([night], [], at('2026-11-28T03:59'))).toEqual({
      open: true,
      closesAtMs: at('2026-11-28T04:00'),
    });
    expect(windowState([night], [], at('2026-11-27T03:00')).open).toBe(false);
  });

  it('reach to the end of their day where they end at 24:00, also on the day that has 25 hours', () => {
    const evening = window([7], '22:00', '24:00');
    expect(windowState([evening], [], at('2026-10-25T23:00'))).toEqual({
      open: true,
      closesAtMs: at('2026-10-26T00:00'),
    });
  });

  it('name no opening where none comes, and all of them where several are closed', () => {
    const never = { ...tuesday, weekdays: [] };
    const state = windowState([never], [], at('2026-11-24T03:00'));
    expect(state).toEqual({ open: false, because: 'window', text: never.text });
    expect(state).not.toHaveProperty('opensAtMs');
    expect(windowState([tuesday, window([3], '02:00', '05:00')], [], at('2026-11-26T03:00'))).toMatchObject({
      text: '2 02:00-05:00 Europe/Berlin, 3 02:00-05:00 Europe/Berlin',
    });
  });

  it('are one where they touch', () => {
    const both = [window([2], '02:00', '05:00'), window([2], '05:00', '07:00')];
    expect(windowState(both, [], at('2026-11-24T03:00'))).toMatchObject({
      closesAtMs: at('2026-11-24T07:00'),
    });
  });

  it('never close when they cover the week', () => {
    const all = window([1, 2, 3, 4, 5, 6, 7], '00:00', '00:00');
    expect(windowState([all], [], at('2026-11-24T03:00'))).toEqual({ open: true });
  });

  it('follow the clock of their zone through both changes of the year', () => {
    const sunday = window([7], '01:00', '04:00');
    // 2026-03-29: 02:00 to 03:00 does not exist, two hours are left; 2026-10-25: it comes twice, four hours.
    const open = (now: string) => windowState([sunday], [], at(now));
    expect(open('2026-03-29T01:00')).toMatchObject({ closesAtMs: at('2026-03-29T01:00') + 2 * 3_600_000 });
    expect(open('2026-10-25T01:00')).toMatchObject({ closesAtMs: at('2026-10-25T01:00') + 4 * 3_600_000 });
  });

  it('move ahead by the hour that spring leaves out, and vanish where that leaves nothing of them', () => {
    const inTheGap = window([7], '02:10', '02:50');
    expect(windowState([inTheGap], [], at('2026-03-28T12:00'))).toMatchObject({
      opensAtMs: at('2026-03-29T03:10'),
    });
    const acrossTheGap = window([7], '02:30', '03:30');
    expect(windowState([acrossTheGap], [], at('2026-03-28T12:00'))).toMatchObject({
      opensAtMs: at('2026-04-05T02:30'),
    });
  });

  it('count in the zone that they name, not in ours', () => {
    const tokyo = window([2], '02:00', '05:00', 'Asia/Tokyo');
    expect(windowState([tokyo], [], at('2026-11-24T03:00', 'Asia/Tokyo')).open).toBe(true);
    expect(windowState([tokyo], [], at('2026-11-24T03:00')).open).toBe(false);
  });
});

describe('freezes', () => {
  const december = freeze('2026-12-20', '2027-01-03');

  it('close everything for whole days, both ends included', () => {
    expect(windowState([], [december], at('2026-12-19T23:59'))).toMatchObject({
      open: true,
      closesAtMs: at('2026-12-20T00:00'),
    });
    expect(windowState([], [december], at('2026-12-20T00:00'))).toMatchObject({
      open: false,
      because: 'freeze',
    });
    expect(windowState([], [december], at('2027-01-03T23:59'))).toMatchObject({
      open: false,
      opensAtMs: at('2027-01-04T00:00'),
    });
  });

  it('limit what is open before them, and not once they are over', () => {
    expect(windowState([tuesday], [freeze('2026-11-24', '2026-11-24')], at('2026-11-17T03:00'))).toEqual({
      open: true,
      closesAtMs: at('2026-11-17T05:00'),
    });
    expect(windowState([], [freeze('2026-11-01', '2026-11-10')], at('2026-11-24T03:00'))).toEqual({
      open: true,
    });
    const always = window([1, 2, 3, 4, 5, 6, 7], '00:00', '00:00');
    expect(windowState([always], [december], at('2026-12-19T12:00'))).toEqual({
      open: true,
      closesAtMs: at('2026-12-20T00:00'),
    });
  });

  it('close a window that is open and push its next opening behind them', () => {
    expect(windowState([tuesday], [december], at('2026-12-22T03:00'))).toMatchObject({
      open: false,
      because: 'freeze',
      opensAtMs: at('2027-01-05T02:00'),
    });
  });
});

describe('a deadline', () => {
  // Tuesday 02:00 to 05:00; the margin is 24 hours.
  const settings = { windows: [tuesday], freezes: [], deadlineMarginHours: 24 };
  const seen = (now: string, deadline: string) => windowOf(settings, at(deadline), at(now));

  it('opens all from its margin on, and not before', () => {
    expect(seen('2026-11-25T11:59', '2026-11-26T12:00')).toMatchObject({ open: false });
    expect(seen('2026-11-25T12:00', '2026-11-26T12:00')).toEqual({ open: true });
    expect(
      windowOf(
        { ...settings, freezes: [freeze('2026-11-20', '2026-12-20')] },
        at('2026-11-26T12:00'),
        at('2026-11-25T12:00'),
      ),
    ).toEqual({ open: true });
  });

  it('tells which window or freeze it goes before, and nothing where none is in its way', () => {
    const told = (now: string, deadline?: string) =>
      overriddenBy(settings, deadline === undefined ? undefined : at(deadline), at(now));
    expect(told('2026-11-25T12:00', '2026-11-26T12:00')).toBe(tuesday.text);
    expect(told('2026-11-25T11:59', '2026-11-26T12:00')).toBeUndefined();
    expect(told('2026-11-24T03:00', '2026-11-24T12:00')).toBeUndefined();
    expect(told('2026-11-25T12:00')).toBeUndefined();
  });

  it('says when it opens: at the window or at the margin, whichever comes first', () => {
    expect(seen('2026-11-25T00:00', '2026-11-28T12:00')).toMatchObject({ opensAtMs: at('2026-11-27T12:00') });
    expect(seen('2026-11-25T00:00', '2026-12-20T12:00')).toMatchObject({ opensAtMs: at('2026-12-01T02:00') });
  });

  it('lets a window not close in which its margin begins', () => {
    expect(seen('2026-11-24T03:00', '2026-11-25T04:00')).toEqual({ open: true });
    expect(seen('2026-11-24T03:00', '2026-11-25T06:00')).toEqual({
      open: true,
      closesAtMs: at('2026-11-24T05:00'),
    });
  });
});
