import { describe, expect, it } from 'vitest';
import { explainHost, heldBy } from '../../functions/core/explain.ts';
import type { HostMemory } from '../../functions/core/memory.ts';
import { memory, plan } from '../support/run.ts';

const SINCE_MS = Date.parse('2026-11-22T12:21:46.500Z');
const held: NonNullable<HostMemory['held']> = {
  reason: 'api moved no task for 30 min',
  service: 'api',
  message: 'its tasks die: Essential container in task exited (exit code 1)',
  sinceMs: SINCE_MS,
  attempts: 1,
};
const host = (changed: Partial<HostMemory>): HostMemory => ({
  instanceId: 'i-0old',
  role: 'outdated',
  autoScalingGroupName: 'hosts',
  ...changed,
});
const explain = (changed: Partial<HostMemory>, phase: 'rolling' | 'closed' = 'rolling') =>
  explainHost('i-0old', { plan, memory: { ...memory, phase, hosts: [host(changed)] } });

describe('why a host still stands', () => {
  it('is said of a held one as everywhere else: blocker, its own words, since when, what comes next', () => {
    expect(explain({ held })).toEqual({ instanceId: 'i-0old', state: 'held', ...heldBy(held) });
    expect(explain({ held }).reason).toBe(
      'api moved no task for 30 min; its tasks die: Essential container in task exited (exit code 1); ' +
        'held since 2026-11-22T12:21:46Z; next: tried again once the other hosts are done',
    );
    expect(explain({ held }).blockedBy).toEqual({ service: 'api', message: held.message });
  });

  it.each([
    [{ ...held, final: true, attempts: 2 }, 'rolling', /tried 2 times; next: the next run tries it again$/],
    [held, 'closed', /next: the next run tries it again$/],
    [
      { ...held, because: 'protected' },
      'rolling',
      /once the other hosts are done, if no task on it is protected/,
    ],
  ] as const)('promises no try that will not come (%#)', (hold, phase, sentence) => {
    expect(explain({ held: hold }, phase).reason).toMatch(sentence);
  });

  it('is the finding and what to change of one that the plan keeps out', () => {
    const message = 'lonely may neither start nor stop a task first';
    const keptOut = {
      ...plan,
      keptOut: [{ instanceId: 'i-0kept', reason: message }],
      findings: [
        {
          severity: 'blocks',
          scope: 'host',
          code: 'service-stuck',
          instanceId: 'i-0kept',
          service: 'lonely',
          field: 'deploymentConfiguration.maximumPercent',
          message,
          remedy: 'raise maximumPercent to at least 200',
        },
      ],
    } as const;
    const said = explainHost('i-0kept', { plan: keptOut, memory });
    expect(said).toMatchObject({ state: 'kept out', blockedBy: { service: 'lonely', message } });
    expect(said.reason).toContain('deploymentConfiguration.maximumPercent is changed (raise maximumPercent');
  });

  it('is what the last decision said of one that waits', () => {
    const holds = [
      { instanceId: 'i-0old', rule: '7', reason: '1 of web’s tasks are in motion', service: 'web' },
    ];
    const said = explainHost('i-0old', { plan, memory: { ...memory, hosts: [host({})] }, holds });
    expect(said).toMatchObject({ state: 'waiting', blockedBy: { service: 'web' } });
    expect(said.reason).toContain('1 of web’s tasks are in motion');
  });

  it.each([
    [{ drainingSinceMs: SINCE_MS, tasksAtDrain: 4, tasksLeft: 1 }, 'draining', /1 of 4 tasks left/],
    [{ drainingSinceMs: SINCE_MS, terminateIntentMs: SINCE_MS }, 'ending', /being terminated since 2026/],
    [{ terminateIntentMs: SINCE_MS, goneSinceMs: SINCE_MS }, 'replaced', /gone since 2026/],
  ] as const)('is told of one that goes (%#)', (changed, state, sentence) => {
    expect(explain(changed)).toMatchObject({ state, reason: expect.stringMatching(sentence) });
  });

  it('is told of a host that the run has nothing to do with, and of one before the run began', () => {
    expect(explainHost('i-0other', { plan, memory }).state).toBe('not of this run');
    expect(explainHost('i-0old', { plan, memory: undefined })).toMatchObject({ state: 'waiting' });
  });
});
