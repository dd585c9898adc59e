/** Each checker is proved by an orchestrator that it catches, in the real account. */
import { SetDesiredCapacityCommand } from '@aws-sdk/client-auto-scaling';
import { describe, expect, it } from 'vitest';
import {
  type Hands,
  type Orchestrator,
  type RollOptions,
  roll,
  SMALL_CLUSTER,
} from '../support/rolled-account.ts';
import { careful } from './careful.ts';
import { GROUP, group, until } from './moves.ts';
import * as wrong from './wrong.ts';

/** A person scales out once the surge is there. */
async function scaleOut(hands: Hands): Promise<void> {
  await until(hands, async () => (await group(hands)).DesiredCapacity === 8);
  await hands.wait(600);
  await hands.autoScaling.send(
    new SetDesiredCapacityCommand({ AutoScalingGroupName: GROUP, DesiredCapacity: 8 }),
  );
}

const CASES: [string, Orchestrator, string[], RollOptions?][] = [
  ['drains before capacity is there', wrong.drainsBeforeCapacity, ['I3'], { outcome: 'FAILED' }],
  ['believes runningTasksCount', wrong.believesRunningTasksCount, ['I1']],
  ['ends hosts by lowering desired capacity', wrong.lowersDesired, ['I1']],
  ['shrinks a group to have its hosts replaced', wrong.scalesToReplace, ['I1', 'I2']],
  ['forgets to resume what it suspended', wrong.forgetsToResume, ['I4']],
  ['restores from a stale snapshot', wrong.restoresAStaleSnapshot, ['I4'], { beside: { outside: scaleOut } }],
  ['touches a group before it has written down what it was', wrong.remembersNothing, ['I4']],
  ['moves a service of minimum 50 % in two zones at once', wrong.halvesAService, ['I5']],
  [
    'runs twice at a time',
    careful,
    ['I6'],
    { beside: { second: careful }, judged: { runOf: (name) => name } },
  ],
  ['leaves a host out in silence', wrong.skipsInSilence, ['I7'], { outcome: 'PARTIAL' }],
  ['leaves a host DRAINING', wrong.leavesDraining, ['I8'], { outcome: 'PARTIAL' }],
  ['detaches a host and dies before it ends it', wrong.detachesThenDies, ['I8'], { outcome: 'FAILED' }],
  ['acts on a cluster that did not opt in', careful, ['I9'], { judged: { clusters: new Set() } }],
  ['acts on a group that is another manager’s', careful, ['I9'], { judged: { groups: new Set() } }],
  ['acts outside of its window', careful, ['I10'], { judged: { isOpen: () => false } }],
  ['sends more hosts in a call than AWS takes', wrong.sendsTooMany, ['I11']],
  ['reads one page of a list', wrong.readsOnePage, ['I11']],
  ['forces a deployment', wrong.forcesADeployment, ['I12']],
  ['drains everything at once', wrong.drainsAllAtOnce, ['I13', 'I5']],
  ['deregisters a live host by force', wrong.deregistersByForce, ['I1']],
  ['ends a host that it did not drain', wrong.killsThroughEc2, ['I1', 'I2']],
  ['waits for a list of tasks taken before the drain', wrong.waitsForTheFirstListOnly, ['I1']],
  [
    'stops a task that a person started',
    wrong.stopsStandaloneTasks,
    ['I1'],
    { cluster: { ...SMALL_CLUSTER, standalone: [{ family: 'nightly' }] } },
  ],
];

describe('an orchestrator that', () => {
  it.each(CASES.map(([what, ...rest]) => [what, rest] as const))(
    '%s is caught',
    async (_what, [orchestrator, expected, options]) => {
      const { told } = await roll(orchestrator, options);
      expect(told).toEqual(expect.arrayContaining(expected));
    },
  );

  it('repeats a decrement is caught where AWS takes it for another one', async () => {
    const told = new Set<string>();
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      for (const invariant of (await roll(wrong.retriesADecrement, { seed })).told) told.add(invariant);
    }
    expect([...told]).toContain('I4');
  });

  it('kills tasks has them counted', async () => {
    const { measured } = await roll(wrong.killsThroughEc2, { outcome: 'FAILED' });
    expect(measured.tasks.killed).toBeGreaterThanOrEqual(4);
  });
});
