/** Rule 5, look by look: what is frozen, for whom, and the words that people are told. */
import { describe, expect, it } from 'vitest';
import { Draft } from '../../functions/core/draft.ts';
import type { Facts } from '../../functions/core/facts.ts';
import { lookAt } from '../../functions/core/look.ts';
import type { Plan } from '../../functions/core/plan.ts';
import { freezeOf } from '../../functions/core/rules/freeze.ts';
import type { Settings } from '../../functions/core/settings.ts';
import { defaults } from '../support/facts.ts';
import {
  drainingAfterTrial,
  lookWhere,
  plan,
  withGroup,
  withGroupMemory,
  withRun,
} from '../support/mid-run.ts';

const frozen = (facts: Facts, settings: Partial<Settings> = {}, by: Plan = plan) => {
  const draft = new Draft(facts);
  const look = lookAt(facts, by, { ...defaults, ...settings }, draft, facts.observedAtMs);
  return { ...freezeOf(look, draft), draft };
};
/** Of the hosts of the look the first so many have no agent. */
const silent = (facts: Facts, count: number): Facts => ({
  ...facts,
  hosts: facts.hosts.map((host, at) => ({ ...host, agentConnected: at >= count })),
});
/** The hosts of the look that stand there, as many as asked for. */
const withHosts = (facts: Facts, count: number): Facts => {
  const [one] = facts.hosts.filter((host) => host.imageId === 'ami-old' && host.status === 'ACTIVE');
  if (one === undefined) throw new Error('no old host');
  return {
    ...facts,
    tasks: [],
    memory: { ...facts.memory, hosts: [] },
    hosts: Array.from({ length: count }, (_, at) => ({
      ...one,
      instanceId: `i-${at}`,
      containerInstanceArn: `arn:ci/${at}`,
    })),
  };
};

describe('agents that are away together', () => {
  it.each([
    [2, 5, false],
    [3, 14, true],
    [3, 15, false],
    [4, 15, true],
  ])('%s of %s: everything is frozen: %s', (away, of, all) => {
    const freeze = frozen(silent(withHosts(drainingAfterTrial(), of), away));
    expect(freeze.all).toBe(all ? `${away} of ${of} agents are not connected at this look` : undefined);
    expect(freeze.agentsAway).toBe(all ? true : undefined);
  });

  it('do not count hosts that somebody stopped, that EC2 has ended, or that never were connected', () => {
    const facts = withHosts(drainingAfterTrial(), 5);
    const away = silent(facts, 3);
    const [first, second, third, ...others] = away.hosts;
    if (first === undefined || second === undefined || third === undefined) throw new Error('no hosts');
    const hosts = (over: object) =>
      frozen({ ...away, hosts: [{ ...first, ...over }, second, third, ...others] }).all;
    expect(hosts({})).toBeDefined();
    expect(hosts({ ec2State: 'stopped' })).toBeUndefined();
    expect(hosts({ ec2State: 'terminated' })).toBeUndefined();
    const { containerInstanceArn: _, ...unregistered } = first;
    expect(frozen({ ...away, hosts: [unregistered, second, third, ...others] }).all).toBeUndefined();
  });

  it('count a new host from the first read that found it connected', () => {
    const facts = silent(withHosts(drainingAfterTrial(), 5), 3);
    const fresh = facts.hosts.map((host, at) => (at === 0 ? { ...host, imageId: 'ami-new' } : host));
    const seen = (reads: readonly boolean[], readySinceMs?: number) =>
      frozen(
        withRun(
          { ...facts, hosts: fresh },
          {
            hosts: [
              {
                instanceId: 'i-0',
                role: 'new',
                autoScalingGroupName: 'group',
                agentReads: reads.map((connected, atMs) => ({ atMs, connected })),
                ...(readySinceMs !== undefined && { readySinceMs }),
              },
            ],
          },
        ),
      ).all;
    expect(seen([])).toBeUndefined();
    expect(seen([false, false])).toBeUndefined();
    expect(seen([false, true])).toBeDefined();
    expect(seen([], 1)).toBeDefined();
  });

  it('do not keep things from being given back', () => {
    const away = silent(withHosts(drainingAfterTrial(), 5), 3);
    expect(frozen(withRun(away, { phase: 'closing' })).all).toBeUndefined();
  });
});

describe('alarms', () => {
  const facts = (state: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA', alarmName = 'errors') => ({
    ...drainingAfterTrial(),
    alarms: [{ alarmName, state }],
  });

  it('freeze all when they are the settings’ and red', () => {
    expect(frozen(facts('ALARM'), { alarms: ['errors'] }).all).toBe('alarm errors is in ALARM');
    expect(frozen(facts('OK'), { alarms: ['errors'] }).all).toBeUndefined();
    // A gap in the data is no verdict: CloudWatch user guide, AlarmThatSendsEmail ("INSUFFICIENT_DATA").
    expect(frozen(facts('INSUFFICIENT_DATA'), { alarms: ['errors'] }).all).toBeUndefined();
    expect(frozen(facts('ALARM', 'others'), { alarms: ['errors'] }).all).toBeUndefined();
  });

  it('say nothing of agents, and do not keep things from being given back', () => {
    expect(frozen(facts('ALARM'), { alarms: ['errors'] })).not.toHaveProperty('agentsAway');
    const closing = withRun(facts('ALARM'), { phase: 'closing' });
    expect(frozen(closing, { alarms: ['errors'] }).all).toBeUndefined();
  });
});

describe('closed windows', () => {
  const at = (iso: string) => ({ ...drainingAfterTrial(), observedAtMs: Date.parse(iso) });
  const tuesday = {
    text: 'Tue 02:00-05:00 UTC',
    weekdays: [2],
    startMinute: 120,
    endMinute: 300,
    timeZone: 'UTC',
  };
  const freeze = { text: '2026-12-20..2027-01-03', from: '2026-12-20', to: '2027-01-03', timeZone: 'UTC' };

  it('stop drains and nothing else, and say until when', () => {
    const closed = frozen(at('2026-11-24T06:00:00Z'), { windows: [tuesday] });
    expect(closed.drains).toBe('outside the window Tue 02:00-05:00 UTC until 2026-12-01T02:00:00.000Z');
    expect(closed.all).toBeUndefined();
    expect(frozen(at('2026-12-24T06:00:00Z'), { freezes: [freeze] }).drains).toBe(
      'the freeze 2026-12-20..2027-01-03 holds until 2027-01-04T00:00:00.000Z',
    );
    const never = { ...tuesday, weekdays: [] };
    expect(frozen(at('2026-11-24T06:00:00Z'), { windows: [never] }).drains).toBe(
      'outside the window Tue 02:00-05:00 UTC',
    );
    expect(frozen(at('2026-11-24T03:00:00Z'), { windows: [tuesday] })).not.toHaveProperty('drains');
  });
});

describe('a group', () => {
  it('is frozen while somebody else refreshes its instances', () => {
    const facts = withGroup(drainingAfterTrial(), { instanceRefreshInProgress: true });
    expect(frozen(facts).groups.get('group')).toContain('instance refresh');
    expect(frozen(drainingAfterTrial()).groups.size).toBe(0);
  });

  it('is frozen behind its trial until somebody approves of what comes after', () => {
    const asked = { approval: 'after-canary' as const };
    expect(frozen(drainingAfterTrial(), asked).groups.get('group')).toContain('approval');
    const trial = lookWhere((step) => step.phase === 'trial');
    expect(frozen(trial, asked).groups.size).toBe(0);
  });

  it('is believed to launch what somebody else chose once reads a minute apart agree', () => {
    const facts = drainingAfterTrial();
    const [use] = facts.groups[0]?.templates ?? [];
    if (use === undefined) throw new Error('no template');
    const theirs = withGroup(facts, { templates: [{ ...use, imageId: 'ami-theirs' }] });
    const first = frozen(theirs);
    expect(first.groups.size).toBe(0);
    expect(first.draft.group('group')?.foreignTemplate).toEqual({
      imageId: 'ami-theirs',
      sinceMs: facts.observedAtMs,
      reads: 1,
    });
    const since = (agoMs: number, imageId = 'ami-theirs') =>
      withGroupMemory(theirs, {
        foreignTemplate: { imageId, sinceMs: facts.observedAtMs - agoMs, reads: 1 },
      });
    expect(frozen(since(59_999)).groups.size).toBe(0);
    expect(frozen(since(60_000)).groups.get('group')).toContain('another image');
    // A third image begins the minute anew.
    expect(frozen(since(60_000, 'ami-third')).groups.size).toBe(0);
    // It was our own pin that did not show yet.
    const over = withGroupMemory(facts, {
      foreignTemplate: { imageId: 'ami-theirs', sinceMs: facts.observedAtMs - 60_000, reads: 1 },
    });
    expect(frozen(over).draft.group('group')).not.toHaveProperty('foreignTemplate');
  });
});
