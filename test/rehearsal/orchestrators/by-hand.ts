/** Wrong orchestrators that roll the small cluster by hand: what each does, and what it must be told. */
import { SetDesiredCapacityCommand } from '@aws-sdk/client-auto-scaling';
import { type Hands, type Orchestrator, type RollOptions, SMALL_CLUSTER } from '../support/rolled-account.ts';
import { careful } from './careful.ts';
import * as gameDay from './game-day.ts';
import { GROUP, group, until } from './moves.ts';
import * as peers from './peers.ts';
import * as wrong from './wrong.ts';

export interface ByHand {
  readonly name: string;
  readonly orchestrator: Orchestrator;
  /** All of these must be told. */
  readonly caughtBy: readonly string[];
  readonly options?: RollOptions;
}

/** A person scales out once the surge is there. */
async function scaleOut(hands: Hands): Promise<void> {
  await until(hands, async () => (await group(hands)).DesiredCapacity === 8);
  await hands.wait(600);
  await hands.autoScaling.send(
    new SetDesiredCapacityCommand({ AutoScalingGroupName: GROUP, DesiredCapacity: 8 }),
  );
}

const by = (
  name: string,
  orchestrator: Orchestrator,
  caughtBy: readonly string[],
  options?: RollOptions,
): ByHand => ({ name, orchestrator, caughtBy, ...(options && { options }) });

const WITH_JOB: RollOptions = { cluster: { ...SMALL_CLUSTER, standalone: [{ family: 'nightly' }] } };
const FAILED: RollOptions = { outcome: 'FAILED' };
const WITH_MANAGED_DRAINING: RollOptions = {
  cluster: {
    ...SMALL_CLUSTER,
    groups: SMALL_CLUSTER.groups.map((one) => ({ ...one, capacityProvider: 'web', managedDraining: true })),
  },
};

export const BY_HAND: readonly ByHand[] = [
  by('drains before capacity is there', wrong.drainsBeforeCapacity, ['I3'], FAILED),
  by('believes runningTasksCount', wrong.believesRunningTasksCount, ['I1']),
  by('ends hosts by lowering desired capacity', wrong.lowersDesired, ['I1']),
  by('shrinks a group to have its hosts replaced', wrong.scalesToReplace, ['I1', 'I2']),
  by('forgets to resume what it suspended', wrong.forgetsToResume, ['I4']),
  by('restores from a stale snapshot', wrong.restoresAStaleSnapshot, ['I4'], {
    beside: { outside: scaleOut },
  }),
  by('touches a group before it has written down what it was', wrong.remembersNothing, ['I4']),
  by('repeats a decrement whose answer it never read', wrong.retriesADecrement, ['I4']),
  by('moves a service of minimum 50 % in two zones at once', wrong.halvesAService, ['I5']),
  by('runs twice at a time', careful, ['I6'], {
    beside: { second: careful },
    judged: { runOf: (name) => name },
  }),
  by('leaves a host out in silence', wrong.skipsInSilence, ['I7'], { outcome: 'PARTIAL' }),
  by('leaves a host DRAINING', wrong.leavesDraining, ['I8'], { outcome: 'PARTIAL' }),
  by('detaches a host and dies before it ends it', wrong.detachesThenDies, ['I8'], FAILED),
  by('acts on a cluster that did not opt in', careful, ['I9'], { judged: { clusters: new Set() } }),
  by('acts on a group that is another manager’s', careful, ['I9'], { judged: { groups: new Set() } }),
  by('acts outside of its window', careful, ['I10'], { judged: { isOpen: () => false } }),
  by('sends more hosts in a call than AWS takes', wrong.sendsTooMany, ['I11']),
  by('reads one page of a list', wrong.readsOnePage, ['I11']),
  by('forces a deployment', wrong.forcesADeployment, ['I12']),
  by('drains everything at once', wrong.drainsAllAtOnce, ['I13', 'I5']),
  by('deregisters a live host by force', wrong.deregistersByForce, ['I1']),
  by('ends a host that it did not drain', wrong.killsThroughEc2, ['I1', 'I2']),
  by('waits for a list of tasks taken before the drain', wrong.waitsForTheFirstListOnly, ['I1']),
  by('stops a task that a person started', wrong.stopsStandaloneTasks, ['I1'], WITH_JOB),
  by('doubles, waits for an exact count, gives up', peers.waitsForAnExactCount, ['I4'], {
    ...FAILED,
    beside: { outside: peers.scaleOutByOne },
  }),
  by('fails open: goes on when its patience ends', peers.goesOnAfterItsPatience, ['I1']),
  by('takes a host that drains already for done', peers.takesDrainingForDone, ['I1']),
  by('takes InService for ready', peers.believesInService, ['I3']),
  by('drains one host and lets the group end another', peers.drainsOneEndsAnother, ['I1']),
  by('begins from the start when run again', peers.rerunsFromTheStart, ['I4']),
  by('dies with a host in Standby', peers.diesWithAHostInStandby, ['I8'], FAILED),
  by('dies with processes suspended', peers.diesWithProcessesSuspended, ['I4'], FAILED),
  by('calls a failure a success', peers.callsAFailureASuccess, ['I7']),
  by('stops tasks to speed up a drain', peers.stopsTasksToSpeedUp, ['I1']),
  by('ends the wait of managed draining’s hook', peers.endsAnothersHook, ['I1'], WITH_MANAGED_DRAINING),
  by('sleeps instead of looking', peers.sleepsInsteadOfLooking, ['I1']),
  by('stops two tasks at once on a game day', gameDay.stopsTwoAtOnce, ['I13'], gameDay.OPTED_IN),
  by('stops a task of a service that did not opt in to game days', gameDay.stopsWhoDidNotOptIn, ['I1'], {
    ...gameDay.OPTED_IN,
  }),
];
