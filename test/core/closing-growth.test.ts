/** Rules 2 and 15 while a run closes: what others add to a group is theirs. */
import { describe, expect, it } from 'vitest';
import type { Facts } from '../../functions/core/facts.ts';
import { drainingAfterTrial, see, withGroup, withGroupMemory, withRun } from '../support/mid-run.ts';

/** Closing, with one host more than the goal; desired as we left it, or raised since then by `added`. */
function closing(added: number): Facts {
  const look = drainingAfterTrial();
  const standing = look.hosts.filter((host) => host.lifecycleState === 'InService').length;
  const ended = withRun(look, { phase: 'closing', ending: { outcome: 'PARTIAL', reason: 'nothing moves' } });
  const [memory] = look.memory.groups;
  if (memory === undefined) throw new Error('no group');
  const ours = withGroupMemory(ended, {
    goal: standing - 1,
    original: { ...memory.original, maxSize: standing + 9 },
    set: { ...memory.set, desiredCapacity: standing - added },
    launchesAskedAtMs: 0,
  });
  return withGroup(ours, { desiredCapacity: standing });
}
const actsOf = ({ drain, terminate }: ReturnType<typeof see>) => [...drain, ...terminate];

describe('growth by others while the run closes', () => {
  it('takes a host beyond the goal away where nobody raised desired', () => {
    expect(actsOf(see(closing(0)))).toHaveLength(1);
  });

  it('keeps the host that somebody asked for: the goal follows on the second read', () => {
    const facts = closing(1);
    const once = see(facts);
    expect(actsOf(once)).toEqual([]);
    const [noted] = once.remember.groups;
    if (noted === undefined) throw new Error('nothing noted');
    expect(noted.foreignAbove).toMatchObject({ count: 1 });
    const goal = facts.memory.groups[0]?.goal ?? 0;
    expect(noted.goal).toBe(goal);

    const twice = see(withGroupMemory(facts, noted), {}, 20_000);
    expect(actsOf(twice)).toEqual([]);
    expect(twice.remember.groups[0]).toMatchObject({
      goal: goal + 1,
      set: { desiredCapacity: facts.groups[0]?.desiredCapacity },
    });
  });
});
