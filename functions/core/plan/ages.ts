/**
 * Which hosts are replaced for their age, and when: before the limit, and never all of one launch date on one day. Pure, and
 * the same at every look: what was replaced today shows as hosts that were launched today, so a second run of the day takes
 * no second share (a host that was launched today for another reason takes a place of it, too).
 */
import type { HostFacts } from '../facts.ts';
import type { Settings } from '../settings.ts';

const DAY_MS = 86_400_000;
/** A run that begins on a host's last day, at any hour of it, has a whole day to end before the limit. */
const DAYS_FOR_A_RUN = 1;
/** Up to this limit a host's last day is that of its launch: it stays for a quarter of the limit all the same. */
const SHORT_LIMIT_DAYS = 2;
const YOUNG_SHARE = 1 / 4;

export type AgedHost = Pick<HostFacts, 'instanceId' | 'launchTimeMs'>;
export type AgePolicy = Pick<Settings, 'maxInstanceAgeDays' | 'instanceAgeSpreadDays'>;

interface Dated {
  readonly instanceId: string;
  readonly launchTimeMs: number;
  /** The last day, since 1970 in UTC, on which a run is sure to be in time. */
  readonly lastDay: number;
}

/**
 * The hosts of one group that are to be replaced today for their age, each with why.
 *
 * The days are filled from the last one backwards: each host gets the latest day, up to its own last one, on which fewer
 * than a day's share are due. What is done today leaves every other host's day as it was, so a run a day does exactly its
 * share, in the order of launch and then of id. Where the limit forces more (the policy is new, runs were missed), the share
 * grows to what has to be done a day, no further. A host that should have been gone yesterday is due whatever the share.
 */
export function dueForAge(
  hosts: readonly AgedHost[],
  { maxInstanceAgeDays: limitDays, instanceAgeSpreadDays }: AgePolicy,
  nowMs: number,
): ReadonlyMap<string, string> {
  const due = new Map<string, string>();
  if (limitDays === undefined) return due;
  const today = Math.floor(nowMs / DAY_MS);
  const dated = hosts
    .flatMap(({ instanceId, launchTimeMs }): Dated[] =>
      launchTimeMs === undefined
        ? []
        : [{ instanceId, launchTimeMs, lastDay: lastDayOf(launchTimeMs, limitDays) }],
    )
    // The hosts of one launch date in the order of their ids, which AWS draws: no zone and no subnet goes first.
    .sort((a, b) => a.lastDay - b.lastDay || (a.instanceId < b.instanceId ? -1 : 1));
  const share = shareOf(dated, Math.min(instanceAgeSpreadDays, Math.floor(limitDays / 2)), today);
  const launchedToday = dated.filter(({ launchTimeMs }) => Math.floor(launchTimeMs / DAY_MS) === today);
  const ofToday = filledFromTheEnd(dated, share, Math.max(0, share - launchedToday.length), today);
  for (const host of dated) {
    const ageDays = (nowMs - host.launchTimeMs) / DAY_MS;
    if (limitDays <= SHORT_LIMIT_DAYS && ageDays < limitDays * YOUNG_SHARE) continue;
    if (host.lastDay > today && !ofToday.has(host.instanceId)) continue;
    const age = `it is ${Math.floor(ageDays)} days old, the limit is ${limitDays}`;
    due.set(host.instanceId, ageDays > limitDays ? age : `${age}: today is its day, ${share} a day at most`);
  }
  return due;
}

function lastDayOf(launchTimeMs: number, limitDays: number): number {
  return Math.floor(launchTimeMs / DAY_MS + limitDays) - 1 - DAYS_FOR_A_RUN;
}

/** A day's share: of the group over the days of the spread, or what the nearest last days ask for. */
function shareOf(dated: readonly Dated[], spreadDays: number, today: number): number {
  let share = Math.ceil(dated.length / Math.max(1, spreadDays));
  let inTime = 0;
  for (const { lastDay } of dated) {
    if (lastDay < today) continue;
    inTime += 1;
    share = Math.max(share, Math.ceil(inTime / (lastDay - today + 1)));
  }
  return share;
}

/** The hosts whose day is today. `dated` by last day. */
function filledFromTheEnd(
  dated: readonly Dated[],
  share: number,
  roomToday: number,
  today: number,
): ReadonlySet<string> {
  const ofToday = new Set<string>();
  let day = Number.POSITIVE_INFINITY;
  let taken = 0;
  for (const { instanceId, lastDay } of dated.toReversed()) {
    if (lastDay < day) [day, taken] = [lastDay, 0];
    // Every later day up to its last one is full.
    if (taken >= (day === today ? roomToday : share)) [day, taken] = [day - 1, 0];
    if (day < today || (day === today && roomToday === 0)) break;
    taken += 1;
    if (day === today) ofToday.add(instanceId);
  }
  return ofToday;
}
