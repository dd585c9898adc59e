/**
 * Rule 3: new hosts in. Min, Max and Desired go to the target size in one call; Min is the floor that keeps scaling
 * policies and managed scaling from taking the surge away while growth stays possible.
 */
import type { Host } from '../groups.ts';
import { type GroupLook, memoryOf } from '../look.ts';
import { wantedCapacity } from '../sizes.ts';
import type { Rule, Tick } from '../tick.ts';
import { heldBack } from './hold-back.ts';
import { effectiveSurge, isTooLateToLaunch } from './launches.ts';
import { trialHostsWanted } from './trial.ts';

/** An UpdateAutoScalingGroup of ours may take this long to show in a read. */
const SETTLE_MS = 60_000;

/** Instances of a warm pool end within this time, hooks apart; later it is no wait with a known end any more. */
const POOL_GONE_MS = 900_000;

export const registerHosts: Rule = (tick) => {
  for (const group of tick.look.groups) registerIn(tick, group);
};

function registerIn({ look, draft, freeze }: Tick, group: GroupLook): void {
  const memory = memoryOf(draft, group);
  if (group.plan.referenceOnly) return;
  if (freeze.all !== undefined || freeze.drains !== undefined) return;
  if (freeze.groups.has(group.name)) return;
  if (draft.register.some((action) => action.autoScalingGroupName === group.name)) return;
  // A launch takes what waits in the pool, with the old image, before it boots anything.
  if (group.facts.warmPool && memory.original.warmPool !== undefined) {
    draft.waits.push({ untilMs: draft.run.startedAtMs + POOL_GONE_MS, what: 'the warm pool to be gone' });
    return;
  }
  // Somebody may be scaling in: the second read decides whether the goal follows (rule 2).
  if (memory.foreignBelow !== undefined) return;

  const surge = Math.min(effectiveSurge({ draft }, group), trialHostsWanted({ look, draft }, group));
  const whole = withFirstNew({ draft }, group, surge);
  const back = heldBack({ look, draft }, group, whole);
  if (memory.heldBack !== undefined && back !== memory.heldBack && group.decrementsInFlight === 0)
    draft.noteGroup(group.name, { heldBack: back });
  const wanted = whole - back;
  const { minSize, maxSize, desiredCapacity } = group.facts;
  // With decrements on their way, desired is about to change by itself: an absolute size would undo one.
  if (desiredCapacity >= wanted || group.decrementsInFlight > 0) return;
  if (isTooLateToLaunch({ look }, group)) {
    for (const { instanceId } of group.outdatedLeft)
      draft.hold({ instanceId, rule: '3', reason: 'no new host could be used before the window closes' });
    return;
  }
  const asked = memory.launchesAskedAtMs;
  if (memory.set.desiredCapacity === wanted && asked !== undefined && look.nowMs - asked < SETTLE_MS) return;

  const isWhole = surge >= group.outdatedLeft.length;
  const max = Math.max(maxSize, wanted);
  draft.register.push({
    autoScalingGroupName: group.name,
    minSize: Math.max(minSize, wanted),
    maxSize: max,
    desiredCapacity: wanted,
    reason: `${group.outdatedLeft.length} outdated hosts left: ${wanted - memory.goal} new ones beside the ${memory.goal} of the goal`,
  });
  draft.noteGroup(group.name, {
    set: {
      ...memory.set,
      minSize: Math.max(minSize, wanted),
      desiredCapacity: wanted,
      ...(max !== maxSize && { maxSize: max }),
    },
    ...(isWhole && { heldBack: back }),
    launchesAskedAtMs: look.nowMs,
  });
  draft.phase ??= memory.waveReadyAtMs === undefined && surge < group.plan.surge ? 'trial' : 'registering';
}

/**
 * The target size of rule 3. Where more hosts stand than the goal wants and not one of them is new (protected hosts stay
 * when somebody sets desired to less), the first new ones come beside all that stand: nothing else could ever drain.
 */
function withFirstNew({ draft }: Pick<Tick, 'draft'>, group: GroupLook, surge: number): number {
  const { goal } = memoryOf(draft, group);
  const outdatedLeft = group.outdatedLeft.length;
  const whole = wantedCapacity({ goal, surge, outdatedLeft });
  const hasNew = group.ready.length + group.incoming.length > 0 || group.alive.some(isArriving);
  if (outdatedLeft === 0 || hasNew) return whole;
  const standing = group.alive.length - group.terminating;
  const beside = wantedCapacity({ goal: standing, surge, outdatedLeft });
  const { maxSize } = group.facts;
  return Math.max(whole, group.settings.raiseMaxSize ? beside : Math.min(beside, maxSize));
}

/** Launched lately: EC2 may not tell of it yet, nor of its image (eventual consistency, Amazon EC2 API reference). */
function isArriving({ facts }: Host): boolean {
  return facts?.imageId === undefined || facts.lifecycleState?.startsWith('Pending') === true;
}
