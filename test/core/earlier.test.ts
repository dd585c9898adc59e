/** A run that goes on with what earlier windows began speaks for the whole work. */
import { expect, it } from 'vitest';
import { isSameWork, withThis } from '../../functions/core/earlier.ts';
import type { Facts } from '../../functions/core/facts.ts';
import type { Earlier } from '../../functions/core/memory.ts';
import { run, see, withGroup, withGroupMemory, withRun } from '../support/mid-run.ts';
import { memory } from '../support/run.ts';

const EARLIER: Earlier = {
  startedAtMs: 1000,
  windows: 1,
  replaced: 2,
  moves: 8,
  imageIds: ['ami-0new'],
  triggeredBy: { kind: 'event', by: 'a retirement notice', id: '1' },
};

const LATER_MS = 240_000;

/** Before its first host is ready every launch fails: this window will replace nothing. */
function cannotLaunch(earlier?: Earlier): Facts {
  const facts = run().steps[0]?.facts;
  if (facts === undefined) throw new Error('no look');
  const failedLaunches = [30_000, 90_000, 210_000].map((atMs) => ({
    atMs,
    message: 'InsufficientInstanceCapacity',
  }));
  const failing = withGroupMemory(withGroup(facts, { failedLaunches }), { launchesAskedAtMs: 0 });
  return withRun(failing, earlier === undefined ? {} : { earlier });
}

it('the last window replaces nothing: the work ends FAILED only if no earlier one did either', () => {
  expect(see(cannotLaunch(), {}, LATER_MS).end?.outcome).toBe('FAILED');
  expect(see(cannotLaunch(EARLIER), {}, LATER_MS).end?.outcome).toBe('PARTIAL');
});

it('each window adds to what those before did, and keeps the first start and who triggered it', () => {
  const gone = { instanceId: 'i-0old', role: 'outdated', goneSinceMs: 1 } as const;
  const before = {
    ...memory,
    hosts: [gone, { ...gone, instanceId: 'i-0other', goneSinceMs: 2 }],
    movesSeen: 3,
  };
  const mine = { kind: 'command', by: 'alice', id: '2' } as const;
  expect(withThis({ ...before, earlier: EARLIER }, mine)).toEqual({
    ...EARLIER,
    windows: 2,
    replaced: 4,
    moves: 11,
  });
  expect(withThis(before, mine)).toMatchObject({
    startedAtMs: before.startedAtMs,
    windows: 1,
    triggeredBy: mine,
  });
});

it('is other work once another image is the target', () => {
  expect(isSameWork(EARLIER, ['ami-0new'])).toBe(true);
  expect(isSameWork(EARLIER, ['ami-0newer'])).toBe(false);
});
