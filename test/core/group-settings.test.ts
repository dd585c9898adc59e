/**
 * What the tags of an Auto Scaling group say is in force for its hosts, whatever the cluster's say (design 7.2). Of drains:
 * rules-overdue.test.ts.
 */
import { describe, expect, it } from 'vitest';
import type { Facts, TaskFacts } from '../../functions/core/facts.ts';
import type { Settings } from '../../functions/core/settings.ts';
import { drainingAfterTrial, run, see, withTasks } from '../support/mid-run.ts';

const inGroup = (own: Partial<Settings>): Partial<Settings> => ({ byGroup: { group: own } });
const first = (): Facts => {
  const [start] = run().steps;
  if (start === undefined) throw new Error('no look');
  return start.facts;
};

describe('settings of a group', () => {
  it('canaryInstances: the whole wave at once', () => {
    expect(see(first()).register).toMatchObject([{ desiredCapacity: 7 }]);
    expect(see(first(), inGroup({ canaryInstances: 0 })).register).toMatchObject([{ desiredCapacity: 12 }]);
  });

  it('raiseMaxSize: no further than its own', () => {
    const own = inGroup({ canaryInstances: 0, raiseMaxSize: false });
    const [{ maxSize = 0 } = {}] = first().groups;
    expect(see(first(), own).register.every((act) => act.maxSize <= maxSize)).toBe(true);
  });

  it('standaloneTasks: held where its group says so', () => {
    const [model] = first().tasks;
    if (model === undefined) throw new Error('an empty cluster');
    const { serviceName: _, ...task } = model;
    const job: TaskFacts = { ...task, taskArn: 'job', taskClass: 'standalone', instanceId: lastOld() };
    const held = (own: Partial<Settings>) => {
      const step = see(withTasks(drainingAfterTrial(), [job]), inGroup(own));
      return step.holds.some(({ reason }) => reason.includes('standaloneTasks is hold'));
    };
    expect(held({})).toBe(false);
    expect(held({ standaloneTasks: 'hold' })).toBe(true);
  });
});

/** An old host that does not drain yet. */
function lastOld(): string {
  const { hosts, memory } = drainingAfterTrial();
  const old = new Set(
    memory.hosts.flatMap(({ role, instanceId }) => (role === 'outdated' ? [instanceId] : [])),
  );
  return (
    hosts.findLast(({ instanceId, status }) => old.has(instanceId) && status === 'ACTIVE')?.instanceId ?? ''
  );
}
