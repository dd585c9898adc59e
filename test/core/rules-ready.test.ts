/** Rule 4, sentence by sentence: what makes a new host room, and what does not. */
import { describe, expect, it } from 'vitest';
import { Draft } from '../../functions/core/draft.ts';
import type { Facts, HostFacts } from '../../functions/core/facts.ts';
import { sortHosts } from '../../functions/core/groups.ts';
import type { HostMemory } from '../../functions/core/memory.ts';
import { observe } from '../../functions/core/observe.ts';
import { defaults } from '../support/facts.ts';
import { drainingAfterTrial, plan, withHost, withRun } from '../support/mid-run.ts';

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
