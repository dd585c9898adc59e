/** Rule 2 after a crash between the ledger and the call: sizes that we remember, and that were never set. */
import { expect, it } from 'vitest';
import { drainingAfterTrial, see, withGroup, withGroupMemory } from '../support/mid-run.ts';

it.each([
  ['never read in force is no scale-in: the goal stays', 0, 0],
  ['that was read, and is gone with its hosts, is somebody’s: the goal follows', 1, 1],
])('a floor of ours %s', (_, seen, less) => {
  const look = drainingAfterTrial();
  const [memory] = look.memory.groups;
  const standing = look.hosts.filter((host) => host.lifecycleState === 'InService').length;
  if (memory === undefined) throw new Error('no group');
  const floor = standing + 1;
  const facts = withGroupMemory(withGroup(look, { minSize: 0, desiredCapacity: standing }), {
    set: { ...memory.set, minSize: floor, desiredCapacity: floor },
    ...(seen === 1 && { floorSeen: floor }),
    foreignBelow: { count: 1, sinceMs: look.observedAtMs - 30_000, reads: 1 },
    launchesAskedAtMs: 0,
  });
  const noted = see(facts).remember.groups[0];
  expect(memory.goal - (noted?.goal ?? memory.goal)).toBe(less);
});
