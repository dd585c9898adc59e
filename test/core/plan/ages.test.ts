/**
 * The age policy, played day by day on groups of any age: each day a run, or several, replaces the hosts that are due, and
 * what is replaced is as young as the run.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AgedHost, dueForAge } from '../../../functions/core/plan/ages.ts';

const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2026, 10, 22);
const HOUR_MS = 3_600_000;

interface Played {
  /** Hosts replaced, by day. */
  readonly replaced: readonly number[];
  /** The greatest age that any host reached, days. */
  readonly oldestDays: number;
}

/** `runs`: hours of the day at which a run begins, by day, over and over; a run takes `runHours`. */
function playDays(
  hosts: readonly AgedHost[],
  policy: { readonly maxInstanceAgeDays: number; readonly instanceAgeSpreadDays: number },
  days: number,
  runs: readonly (readonly number[])[] = [[2]],
  runHours = 1,
): Played {
  let now: readonly AgedHost[] = hosts;
  let serial = 0;
  let oldestDays = 0;
  const replaced = Array.from({ length: days }, () => 0);
  for (let day = 0; day < days; day++) {
    for (const hour of runs[day % runs.length] ?? []) {
      const atMs = START_MS + day * DAY_MS + hour * HOUR_MS;
      const due = dueForAge(now, policy, atMs);
      replaced[day] = (replaced[day] ?? 0) + due.size;
      // The old ones go when the run ends, the new ones have come when it began.
      for (const host of now)
        if (due.has(host.instanceId))
          oldestDays = Math.max(oldestDays, ageDays(host, atMs + runHours * HOUR_MS));
      now = now.map((host) =>
        due.has(host.instanceId) ? { instanceId: `i-new${serial++}`, launchTimeMs: atMs } : host,
      );
    }
  }
  const endMs = START_MS + days * DAY_MS;
  return { replaced, oldestDays: Math.max(oldestDays, ...now.map((host) => ageDays(host, endMs))) };
}

const ageDays = ({ launchTimeMs = 0 }: AgedHost, atMs: number) => (atMs - launchTimeMs) / DAY_MS;
const aged = (agesDays: readonly number[]): AgedHost[] =>
  agesDays.map((age, index) => ({ instanceId: `i-${index}`, launchTimeMs: START_MS - age * DAY_MS }));

const policies = fc.record({
  maxInstanceAgeDays: fc.integer({ min: 3, max: 60 }),
  instanceAgeSpreadDays: fc.integer({ min: 1, max: 40 }),
});
/** Once a day at any hour, now and then twice. */
const daily = fc.array(
  fc
    .uniqueArray(fc.integer({ min: 0, max: 23 }), { minLength: 1, maxLength: 2 })
    .map((h) => [...h].sort((a, b) => a - b)),
  { minLength: 1, maxLength: 5 },
);
const spreadOf = (policy: { maxInstanceAgeDays: number; instanceAgeSpreadDays: number }) =>
  Math.max(1, Math.min(policy.instanceAgeSpreadDays, Math.floor(policy.maxInstanceAgeDays / 2)));

describe('hosts that are replaced for their age', () => {
  it('never get older than the limit, with a run a day that takes no longer than a day, for limits from three days on', () => {
    fc.assert(
      fc.property(
        policies,
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 40 }),
        daily,
        fc.integer({ min: 1, max: 23 }),
        (policy, shares, runs, runHours) => {
          const limit = policy.maxInstanceAgeDays;
          // Young enough that the policy can still be in time: it has been on before.
          const hosts = aged(shares.map((share) => share * Math.max(0, limit - 3)));
          const { oldestDays } = playDays(hosts, policy, limit * 2 + 5, runs, runHours);
          expect(oldestDays).toBeLessThanOrEqual(limit);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('are never more on one day than their share, if the policy was on from the beginning, however often it runs', () => {
    fc.assert(
      fc.property(
        policies,
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 40 }),
        daily,
        (policy, shares, runs) => {
          fc.pre(policy.maxInstanceAgeDays >= 6);
          const spread = spreadOf(policy);
          const hosts = aged(shares.map((share) => share * (policy.maxInstanceAgeDays - spread - 3)));
          const { replaced } = playDays(hosts, policy, policy.maxInstanceAgeDays * 3, runs);
          expect(Math.max(...replaced)).toBeLessThanOrEqual(Math.ceil(hosts.length / spread));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('are on no day more than the share and what the limit forces, if the policy comes late', () => {
    fc.assert(
      fc.property(
        policies,
        // A host of today takes a place of today's share.
        fc.array(fc.integer({ min: 1, max: 80 }), { minLength: 1, maxLength: 40 }),
        daily,
        (policy, agesDays, runs) => {
          fc.pre(policy.maxInstanceAgeDays >= 6);
          const hosts = aged(agesDays);
          // Counted apart: a host whose last whole day before the limit is k days off has k + 1 days for it.
          const left = agesDays
            .map((age) => policy.maxInstanceAgeDays - Math.ceil(age) - 2)
            .sort((a, b) => a - b);
          const late = left.filter((days) => days < 0).length;
          const forced = Math.max(
            0,
            ...left.slice(late).map((days, index) => Math.ceil((index + 1) / (days + 1))),
          );
          const share = Math.max(Math.ceil(hosts.length / spreadOf(policy)), forced);
          const { replaced } = playDays(hosts, policy, Math.floor(policy.maxInstanceAgeDays / 2), runs);
          expect(replaced[0]).toBeLessThanOrEqual(late + share);
          expect(Math.max(0, ...replaced.slice(1))).toBeLessThanOrEqual(share);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('goes by launch and id alone, not by the order in which hosts are listed', () => {
    const hosts = aged(Array.from({ length: 20 }, () => 24));
    const policy = { maxInstanceAgeDays: 30, instanceAgeSpreadDays: 5 };
    const due = dueForAge(hosts, policy, START_MS + HOUR_MS);
    expect(due.size).toBe(4);
    expect([...dueForAge(hosts.toReversed(), policy, START_MS + HOUR_MS).keys()].sort()).toEqual(
      [...due.keys()].sort(),
    );
  });

  it('does a group that was launched at once over the days of the spread, the last a day before its limit', () => {
    const { replaced } = playDays(
      aged(Array.from({ length: 20 }, () => 20)),
      { maxInstanceAgeDays: 30, instanceAgeSpreadDays: 5 },
      10,
    );
    expect(replaced).toEqual([0, 0, 0, 0, 4, 4, 4, 4, 4, 0]);
  });

  it('are no more on a day on which a second run begins, also where the limit forces more than the share', () => {
    const { replaced } = playDays(
      aged(Array.from({ length: 51 }, () => 26)),
      { maxInstanceAgeDays: 30, instanceAgeSpreadDays: 7 },
      4,
      [[2, 8, 14]],
    );
    expect(replaced).toEqual([17, 17, 17, 0]);
  });

  it('are not those that were launched a moment ago, however short the limit', () => {
    const policy = { maxInstanceAgeDays: 1, instanceAgeSpreadDays: 7 };
    expect(dueForAge(aged([0]), policy, START_MS + HOUR_MS).size).toBe(0);
    expect(dueForAge(aged([0]), policy, START_MS + 7 * HOUR_MS).size).toBe(1);
  });

  it('names age, limit and share', () => {
    const policy = { maxInstanceAgeDays: 30, instanceAgeSpreadDays: 5 };
    expect(dueForAge(aged([40]), policy, START_MS).get('i-0')).toBe('it is 40 days old, the limit is 30');
    expect(dueForAge(aged([28, 28]), policy, START_MS).get('i-0')).toMatch(
      /^it is 28 days old, the limit is 30: today is its day, 2 a day at most$/,
    );
  });

  it('are none without a limit, and no host that EC2 gives no launch time', () => {
    const policy = { maxInstanceAgeDays: 30, instanceAgeSpreadDays: 5 };
    expect(dueForAge(aged([400]), { instanceAgeSpreadDays: 7 }, START_MS).size).toBe(0);
    expect(dueForAge([{ instanceId: 'i-1' }], policy, START_MS).size).toBe(0);
  });
});
