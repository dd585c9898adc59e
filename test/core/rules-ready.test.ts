/** Rule 4, sentence by sentence: what makes a new host room, and what does not. */
import { describe, expect, it } from 'vitest';
import { Draft } from '../../functions/core/draft.ts';
import type { Facts, HostFacts } from '../../functions/core/facts.ts';
import { sortHosts } from '../../functions/core/groups.ts';
import type { HostMemory } from '../../functions/core/memory.ts';
import { observe } from '../../functions/core/observe.ts';
import { defaults } from '../support/facts.ts';
import { drainingAfterTrial, plan, see, withGroupMemory, withHost, withRun } from '../support/mid-run.ts';

describe('rule 4: a new host', () => {
  const facts = drainingAfterTrial();
  const fresh = facts.hosts.find((host) => host.imageId === 'ami-new')?.instanceId ?? '';
  const nowMs = facts.observedAtMs;
  const connected = (...agoSeconds: number[]) =>
    agoSeconds.map((ago) => ({ atMs: nowMs - ago * 1000, connected: true }));

  /** Never found ready before, with these reads of its agent. */
  const unproved = (agentReads: HostMemory['agentReads'] = connected(20, 40)): Facts =>
    withRun(facts, {
      hosts: facts.memory.hosts.map(({ readySinceMs: _, ...host }) =>
        host.instanceId === fresh ? { ...host, agentReads } : host,
      ),
    });
  const kindIn = (seen: Facts, over: Partial<HostFacts> = {}) => {
    const looked = withHost(seen, fresh, over);
    const draft = new Draft(looked);
    observe(looked, plan, defaults, draft, nowMs);
    return sortHosts(looked, plan, defaults, draft, nowMs).get(fresh)?.kind;
  };

  it('is ready with all that the rule asks for', () => {
    expect(kindIn(unproved())).toBe('ready');
  });

  it.each<[string, Partial<HostFacts>, string]>([
    ['on another image than the target', { imageId: 'ami-other' }, 'foreign'],
    ['that Auto Scaling has not put into service', { lifecycleState: 'Pending:Wait' }, 'incoming'],
    ['whose container instance is not ACTIVE', { status: 'REGISTERING' }, 'incoming'],
    ['without its agent', { agentConnected: false }, 'incoming'],
  ])('%s is no room', (_, over, kind) => {
    expect(kindIn(unproved(), over)).toBe(kind);
  });

  it('has shown its agent on two of three reads at least 20 s apart', () => {
    expect(kindIn(unproved(connected(10)))).toBe('incoming');
    expect(kindIn(unproved(connected(20)))).toBe('ready');
    const flapping = [{ atMs: nowMs - 20_000, connected: false }, ...connected(40)];
    expect(kindIn(unproved(flapping))).toBe('ready');
    expect(kindIn(unproved([{ atMs: nowMs - 20_000, connected: false }]))).toBe('incoming');
  });
});

describe('rule 4: hosts that are not ready', () => {
  const facts = drainingAfterTrial();
  const nowMs = facts.observedAtMs;
  const fresh = facts.hosts.find((host) => host.imageId === 'ami-new')?.instanceId ?? '';
  const { waveReadyAtMs: _, ...group } = facts.memory.groups[0] as (typeof facts.memory.groups)[number];
  /** The first new host was never found ready. */
  const arriving = (over: Partial<HostMemory>, host: Partial<HostFacts>): Facts =>
    withRun(withHost(facts, fresh, host), {
      groups: [group],
      hosts: facts.memory.hosts.map(({ readySinceMs, agentReads, ...rest }) =>
        rest.instanceId === fresh
          ? { ...rest, ...over }
          : {
              ...rest,
              ...(readySinceMs !== undefined && { readySinceMs }),
              ...(agentReads && { agentReads }),
            },
      ),
    });

  it('hold back the first drain of the wave, unless they are stragglers', () => {
    const booting = arriving(
      { runningSinceMs: nowMs - 10_000 },
      { agentConnected: false, launchTimeMs: nowMs - 30_000 },
    );
    expect(see(booting).drain).toEqual([]);
    const late = arriving({ runningSinceMs: nowMs - 10_000 }, { agentConnected: false, launchTimeMs: 0 });
    expect(see(late).drain).not.toEqual([]);
    expect(see(withGroupMemory(booting, { waveReadyAtMs: nowMs })).drain).not.toEqual([]);
  });

  it('end after registrationTimeoutSeconds, so that another comes in their place', () => {
    const {
      containerInstanceArn: _arn,
      status: _status,
      ...bare
    } = facts.hosts.find((host) => host.instanceId === fresh) as HostFacts;
    const never = (runningSinceMs: number) => {
      const seen = arriving({ runningSinceMs }, {});
      return see({
        ...seen,
        hosts: seen.hosts.map((host) => (host.instanceId === fresh ? bare : host)),
        tasks: seen.tasks.filter((task) => task.instanceId !== fresh),
      });
    };
    const limitMs = defaults.registrationTimeoutSeconds * 1000;
    const end = never(nowMs - limitMs - 1).terminate.find((act) => act.instanceId === fresh);
    expect(end).toMatchObject({ decrement: false });
    expect(never(nowMs - limitMs).terminate.map((act) => act.instanceId)).not.toContain(fresh);
  });
});
