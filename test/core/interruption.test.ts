/** Hosts that Spot takes back: no drain of ours, no room, and their tasks are in motion (decisions.md rules 4, 7, 8). */
import { describe, expect, it } from 'vitest';
import { defaults } from '../support/facts.ts';
import { drainingAfterTrial, plan, see, withRun } from '../support/mid-run.ts';

const facts = drainingAfterTrial();
const planned = plan.groups.flatMap(({ outdated }) => outdated);
const interrupted = (ids: readonly string[], secondsAgo: number) =>
  withRun(facts, {
    interruptions: ids.map((instanceId) => ({ instanceId, atMs: facts.observedAtMs - secondsAgo * 1000 })),
  });
const drainedOf = (ids: readonly string[], secondsAgo = 10) =>
  see(interrupted(ids, secondsAgo), {}, 0).drain.map(({ instanceId }) => instanceId);

describe('a host that Spot takes back', () => {
  const first = drainedOf([])[0] ?? '';

  it('is left to AWS, until ten minutes later it stands still', () => {
    expect(drainedOf([first])).not.toContain(first);
    expect(drainedOf([first], 599)).not.toContain(first);
    expect(drainedOf([first], 600)).toContain(first);
    const hold = see(interrupted([first], 10), {}, 0).holds.find(({ instanceId }) => instanceId === first);
    expect(hold).toMatchObject({ rule: '7', reason: 'Spot takes it back: it is left to AWS' });
  });

  it('takes of what may move: with as much on such hosts as may move, no other host drains', () => {
    const old = facts.hosts.filter(({ instanceId }) => planned.includes(instanceId));
    const others = old.filter(({ instanceId, status }) => instanceId !== first && status === 'ACTIVE');
    const { desiredCount = 0 } =
      facts.services.find(({ schedulingStrategy }) => schedulingStrategy === 'REPLICA') ?? {};
    const limit = Math.floor((desiredCount * defaults.maxTasksInMotionPercent) / 100);
    expect(limit).toBeGreaterThan(0);
    const taken: string[] = [];
    for (const { instanceId } of others) {
      const carried = facts.tasks.filter((task) => taken.includes(task.instanceId ?? '')).length;
      if (carried < limit) taken.push(instanceId);
    }
    expect(drainedOf(taken)).toEqual([]);
  });

  it('is no room: where all that is ready is taken back, nothing drains', () => {
    const fresh = facts.hosts.filter(({ instanceId }) => !planned.includes(instanceId));
    expect(drainedOf(fresh.map(({ instanceId }) => instanceId))).toEqual([]);
  });
});
