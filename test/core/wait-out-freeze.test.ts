/** Rules 5 and 24: a freeze is waited out, as it was, for four hours at most. Single looks, one thing changed. */
import { expect, it } from 'vitest';
import type { Facts } from '../../functions/core/facts.ts';
import {
  alarm,
  baking,
  drainingAfterTrial,
  hasPassed,
  lookWhere,
  nothing,
  see,
  terminating,
  withHost,
  withHostMemory,
  withRun,
} from '../support/mid-run.ts';

const MINUTES = 60_000;
const HOURS = 60 * MINUTES;

const away = (facts: Facts): Facts => ({
  ...facts,
  hosts: facts.hosts.map((host) => ({ ...host, agentConnected: false })),
});
const frozenFor = (facts: Facts, ms: number): Facts =>
  withRun(facts, {
    lastProgressAtMs: facts.observedAtMs - ms,
    frozen: { sinceMs: facts.observedAtMs - ms, lastMs: facts.observedAtMs - MINUTES },
  });

it.each<[string, (facts: Facts) => Facts, object]>([
  ['many agents are away', away, {}],
  ['an alarm is red', (facts) => ({ ...facts, alarms: [alarm] }), { alarms: ['errors'] }],
])('while %s a run stands still for longer than a drain may, and says so once', (_, change, chosen) => {
  const step = see(frozenFor(change(drainingAfterTrial()), 3.9 * HOURS), chosen);
  expect(nothing(step)).toEqual([]);
  expect(step.activate).toEqual([]);
  expect(step.end).toBeUndefined();
  // Rule 24 counts from here once it is over.
  const still = frozenFor(away(baking()), HOURS);
  expect(see(still).remember.run?.lastProgressAtMs).toBe(still.observedAtMs);
  const told = step.notify.filter(({ kind }) => kind === 'frozen');
  expect(told).toHaveLength(1);
  const again = withRun(frozenFor(change(drainingAfterTrial()), 3.9 * HOURS), { told: ['frozen'] });
  expect(see(again, chosen).notify).toEqual([]);
});

it('ends after four hours, with the reason for every host that stays', () => {
  const ended = (facts: Facts) => see(frozenFor(away(facts), 4 * HOURS));
  const step = ended(baking());
  expect(step.end).toMatchObject({ outcome: 'FAILED', reason: expect.stringContaining('frozen for 4 h') });
  expect(step.remember.hosts.map(({ held }) => held?.reason)).toContainEqual(
    expect.stringContaining('agents are not connected'),
  );
  const replaced = lookWhere(
    (_, facts) => hasPassed(facts) && facts.memory.hosts.some(({ goneSinceMs }) => goneSinceMs !== undefined),
  );
  expect(ended(replaced).end?.outcome).toBe('PARTIAL');
});

it('takes a freeze that comes back within ten minutes for the same one', () => {
  const facts = away(drainingAfterTrial());
  const before = (agoMs: number) =>
    withRun(facts, {
      frozen: { sinceMs: facts.observedAtMs - 5 * HOURS, lastMs: facts.observedAtMs - agoMs },
    });
  expect(see(before(9 * MINUTES)).end).toBeDefined();
  expect(see(before(10 * MINUTES)).end).toBeUndefined();
});

it('says nothing of a freeze that is over within a minute', () => {
  expect(see(frozenFor(away(drainingAfterTrial()), 50_000)).notify).toEqual([]);
});

it('counts no clock of a host from before many agents were away', () => {
  const facts = terminating();
  const old = facts.memory.hosts.find(
    ({ role, drainingSinceMs, goneSinceMs }) =>
      role === 'outdated' && drainingSinceMs === undefined && goneSinceMs === undefined,
  )?.instanceId;
  const gone = withHostMemory(withHost(facts, old, { agentConnected: false, impaired: true }), old, {
    agentGoneSinceMs: facts.observedAtMs - HOURS,
  });
  const seen = (over: Partial<Facts['memory']>) => see(withRun(gone, over));
  const isTakenForDead = (step: ReturnType<typeof see>) =>
    [...step.terminate, ...step.holds].some(
      (item) => item.instanceId === old && ('because' in item ? item.because === 'dead' : item.rule === '21'),
    );
  expect(isTakenForDead(seen({}))).toBe(true);
  expect(isTakenForDead(seen({ agentsAwayAtMs: facts.observedAtMs - 9 * MINUTES }))).toBe(false);
  expect(isTakenForDead(seen({ agentsAwayAtMs: facts.observedAtMs - 10 * MINUTES }))).toBe(true);
});

it('a late new host and a slow drain have their time anew once the agents are back', () => {
  const facts = drainingAfterTrial();
  const draining = lookWhere((_, look) => look.hosts.some(({ status }) => status === 'DRAINING'));
  const late = (agentsAwayAtMs: number | undefined) =>
    see(withRun(draining, { ...(agentsAwayAtMs !== undefined && { agentsAwayAtMs }) }), {
      drainTimeoutSeconds: 1,
    });
  const held = (step: ReturnType<typeof see>) =>
    step.remember.hosts.filter(({ held: why }) => why !== undefined).length;
  expect(facts.observedAtMs).toBeGreaterThan(0);
  expect(held(late(undefined))).toBeGreaterThan(0);
  expect(held(late(draining.observedAtMs))).toBe(0);
});

it('new hosts that were never connected are no outage', () => {
  const facts = drainingAfterTrial();
  const isNew = (id: string) =>
    facts.memory.hosts.some((host) => host.instanceId === id && host.role === 'new');
  const silenced = {
    ...facts,
    hosts: facts.hosts.map((host) => (isNew(host.instanceId) ? { ...host, agentConnected: false } : host)),
  };
  expect(see(silenced).phase).toBe('frozen');
  const never = facts.memory.hosts.map(({ readySinceMs: _, agentReads: __, ...host }) => host);
  expect(see(withRun(silenced, { hosts: never })).phase).not.toBe('frozen');
});

it('machines that somebody stopped are no outage', () => {
  const facts = away(drainingAfterTrial());
  const stopped = { ...facts, hosts: facts.hosts.map((host) => ({ ...host, ec2State: 'stopped' as const })) };
  expect(see(facts).phase).toBe('frozen');
  expect(see(stopped).phase).not.toBe('frozen');
});
