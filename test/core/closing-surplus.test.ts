/** Rule 23: hosts beyond the goal while a run closes. */
import { expect, it } from 'vitest';
import type { Facts } from '../../functions/core/facts.ts';
import { drainingAfterTrial, see, withGroupMemory, withHostMemory, withRun } from '../support/mid-run.ts';

const CLOSING = { phase: 'closing', ending: { outcome: 'PARTIAL', reason: 'nothing moves' } } as const;

/** Closing, with one host more than the goal. */
function closing(run: Partial<Facts['memory']> = {}): Facts {
  const look = drainingAfterTrial();
  const standing = look.hosts.filter((host) => host.lifecycleState === 'InService').length;
  return withGroupMemory(withRun(look, { ...CLOSING, ...run }), { goal: standing - 1, launchesAskedAtMs: 0 });
}

it('a surplus host that was taken out and is ACTIVE again drains again', () => {
  const facts = closing();
  const [{ instanceId } = { instanceId: '' }] = see(facts).drain;
  const back = see(withHostMemory(facts, instanceId, { surplus: 'remove' }));
  expect(back.drain.map((host) => host.instanceId)).toContain(instanceId);
});

it('the time in which the window was closed does not count towards giving a surplus host up', () => {
  const window = { text: 'Mon', weekdays: [1], startMinute: 0, endMinute: 60, timeZone: 'UTC' };
  const facts = closing({ closingSinceMs: 1 });
  const since = (step: ReturnType<typeof see>) => step.remember.run?.closingSinceMs ?? 1;
  expect(since(see(facts))).toBe(1);
  expect(since(see(facts, { windows: [window] }))).toBe(facts.observedAtMs);
});
