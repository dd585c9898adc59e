/**
 * What happens in a quarter of a year: an image each week, notices about hosts and about services on Fargate, drawn from a
 * seed. Hosts are picked when their notice comes, since by then others stand than at the beginning.
 */
import type { RandomStreams } from '../../simulator/kernel/random.ts';

export const DAY_SECONDS = 86_400;
export const WEEK_SECONDS = 7 * DAY_SECONDS;

/** A notice about a host comes so often on average, and one about Fargate tasks twice a month. */
const HOST_NOTICE_EVERY_DAYS = 9;
const FARGATE_NOTICE_EVERY_DAYS = 15;
/** How far ahead EC2 and Fargate announce: mostly two weeks and one, at times two days. */
const HOST_NOTICE_AHEAD_DAYS = [14, 14, 9, 2] as const;
const FARGATE_WAIT_DAYS = 7;
const CODES = ['instance-retirement', 'instance-stop', 'system-reboot'] as const;
/** One in so many is called off before its date. */
const CALLED_OFF_SHARE = 0.2;

export interface HostNotice {
  readonly atSeconds: number;
  readonly dueSeconds: number;
  readonly code: (typeof CODES)[number];
  /** In [0, 1): which of the hosts that stand then. */
  readonly pick: number;
  readonly calledOffAtSeconds?: number;
}

export interface FargateNotice {
  readonly atSeconds: number;
  readonly startSeconds: number;
}

export interface DrawnQuarter {
  readonly weeks: number;
  readonly images: readonly { readonly atSeconds: number; readonly imageId: string }[];
  readonly hosts: readonly HostNotice[];
  readonly fargate: readonly FargateNotice[];
}

/** Notices come early enough for their dates to lie within the weeks played. */
export function drawQuarter(streams: RandomStreams, weeks: number): DrawnQuarter {
  const end = weeks * WEEK_SECONDS;
  const images = streams.stream('quarter/images');
  const hosts = streams.stream('quarter/hosts');
  const fargate = streams.stream('quarter/fargate');
  const moments = (everyDays: number, random: typeof hosts) => {
    const found: number[] = [];
    let at = random.between([0, everyDays * DAY_SECONDS]);
    while (at < end) {
      found.push(Math.floor(at));
      at += random.between([0.3, 1.7]) * everyDays * DAY_SECONDS;
    }
    return found;
  };
  return {
    weeks,
    images: Array.from({ length: weeks }, (_, week) => ({
      // The first is there when the quarter begins; the others come on some working day.
      atSeconds: week === 0 ? 0 : week * WEEK_SECONDS + images.integer(0, 4 * DAY_SECONDS),
      imageId: `ami-0${(week + 1).toString(16).padStart(2, '0')}${'5'.repeat(14)}`,
    })),
    hosts: moments(HOST_NOTICE_EVERY_DAYS, hosts)
      .map((atSeconds): HostNotice => {
        const aheadSeconds = hosts.pick(HOST_NOTICE_AHEAD_DAYS) * DAY_SECONDS;
        const code = hosts.pick(CODES);
        const pick = hosts.next();
        const isCalledOff = hosts.chance(CALLED_OFF_SHARE);
        const calledOffAtSeconds = Math.floor(atSeconds + hosts.next() * aheadSeconds);
        const dueSeconds = atSeconds + aheadSeconds;
        return { atSeconds, dueSeconds, code, pick, ...(isCalledOff && { calledOffAtSeconds }) };
      })
      .filter(({ dueSeconds }) => dueSeconds < end),
    fargate: moments(FARGATE_NOTICE_EVERY_DAYS, fargate)
      .map((atSeconds) => ({ atSeconds, startSeconds: atSeconds + FARGATE_WAIT_DAYS * DAY_SECONDS }))
      .filter(({ startSeconds }) => startSeconds < end),
  };
}
