/**
 * Rule 2: what others want of the group while we roll it. The goal is the desired capacity less the surplus that our
 * ledger knows; changes by others flow into it once two reads agree.
 */
import type { GroupFacts } from '../facts.ts';
import { type GroupLook, memoryOf } from '../look.ts';
import type { GroupMemory } from '../memory.ts';
import { desiredSet, settled, withDesired } from '../restoring.ts';
import type { Rule, Tick } from '../tick.ts';

const READS_APART_MS = 15_000;
/** A size that we asked for may take this long to show. */
const OWN_CHANGE_MS = 60_000;

export const followOthers: Rule = (tick) => {
  for (const group of tick.look.groups) {
    // Only its reference is ours: whoever scales it needs nothing from us.
    if (group.plan.referenceOnly) continue;
    applyDueActions(tick, group);
    noteFloor(tick, group);
    if (!isSettling(tick, group)) {
      followScaleOut(tick, group);
      followScaleIn(tick, group);
    }
  }
};

/** While the run closes: what others add stays theirs, and is no surplus of ours (rules 2 and 15). */
export const followGrowth: Rule = (tick) => {
  for (const group of tick.look.groups) {
    const memory = memoryOf(tick.draft, group);
    // A restore that died between the ledger and its call, or right after it.
    if (memory.givingBack !== undefined) {
      const { givenBack } = settled(memory, group.facts);
      tick.draft.noteGroup(group.name, { givenBack, givingBack: undefined });
    }
    if (group.plan.referenceOnly) continue;
    // A way back raises sizes too.
    noteFloor(tick, group);
    if (!isSettling(tick, group)) followScaleOut(tick, group);
  }
};

function isSettling({ look, draft }: Tick, group: GroupLook): boolean {
  const { launchesAskedAtMs } = memoryOf(draft, group);
  return launchesAskedAtMs !== undefined && look.nowMs - launchesAskedAtMs < OWN_CHANGE_MS;
}

/** Our floor has been read: only then can somebody have taken it away. Before, our call may never have been made. */
function noteFloor({ draft }: Tick, group: GroupLook): void {
  const { set, floorSeen } = memoryOf(draft, group);
  const { minSize } = group.facts;
  if (minSize === set.minSize && floorSeen !== minSize) draft.noteGroup(group.name, { floorSeen: minSize });
}

function followScaleOut({ look, draft }: Tick, group: GroupLook): void {
  const memory = memoryOf(draft, group);
  const count = group.facts.desiredCapacity - group.staleDecrements - desiredSet(memory, group.facts);
  const before = memory.foreignAbove;
  if (count <= 0) {
    if (before !== undefined) draft.noteGroup(group.name, { foreignAbove: undefined });
    return;
  }
  if (before?.count !== count) {
    draft.noteGroup(group.name, { foreignAbove: { count, sinceMs: look.nowMs, reads: 1 } });
    return;
  }
  if (look.nowMs - before.sinceMs < READS_APART_MS) return;
  draft.noteGroup(group.name, {
    goal: memory.goal + count,
    ...withDesired(memory, group.facts.desiredCapacity - group.staleDecrements),
    foreignAbove: undefined,
  });
}

/**
 * Desired that somebody lowered below the hosts that stand means that Auto Scaling is about to choose victims: Min and
 * desired go back up in one call, the goal takes the difference, and the surplus leaves by drain. With fewer hosts than
 * we expect as well, and the floor taken away, the victims are gone already: the goal follows. A host beyond a desired
 * capacity that nobody lowered is one that Auto Scaling launched before it ends another: a maintenance policy above 100 %
 * lets it exceed desired. Source: Amazon EC2 Auto Scaling user guide, ec2-auto-scaling-instance-maintenance-policy.
 */
function followScaleIn({ look, draft, freeze }: Tick, group: GroupLook): void {
  const memory = memoryOf(draft, group);
  const standing = group.alive.length - group.terminating;
  const desired = group.facts.desiredCapacity - group.decrementsInFlight;
  const below = standing - desired;
  const expected = desiredSet(memory, group.facts);
  const lowered = expected - (group.decrementsInFlight - group.staleDecrements) - desired;
  const floor = memory.set.minSize;
  const isFloorGone = floor !== undefined && memory.floorSeen === floor && group.facts.minSize < floor;
  const executed = below <= 0 && isFloorGone ? lowered : 0;
  const count = below > 0 ? Math.min(below, lowered) : executed;
  const before = memory.foreignBelow;
  if (count <= 0) {
    if (before !== undefined) draft.noteGroup(group.name, { foreignBelow: undefined });
    return;
  }
  if (before?.count !== count) {
    draft.noteGroup(group.name, { foreignBelow: { count, sinceMs: look.nowMs, reads: 1 } });
    return;
  }
  if (look.nowMs - before.sinceMs < READS_APART_MS || freeze.all !== undefined) return;

  const goal = Math.max(0, memory.goal - count);
  if (below <= 0) {
    draft.noteGroup(group.name, {
      goal,
      set: { ...memory.set, desiredCapacity: group.facts.desiredCapacity },
      foreignBelow: undefined,
    });
    return;
  }
  const kept = standing - (below - count);
  const maxSize = Math.max(group.facts.maxSize, kept);
  draft.register.push({
    autoScalingGroupName: group.name,
    minSize: kept,
    maxSize,
    desiredCapacity: kept,
    reason: `somebody scaled in by ${count}: the ${kept} hosts are kept until the surplus has drained`,
  });
  draft.noteGroup(group.name, {
    goal,
    set: {
      ...memory.set,
      minSize: kept,
      desiredCapacity: kept,
      ...(maxSize > group.facts.maxSize && { maxSize }),
    },
    foreignBelow: undefined,
    launchesAskedAtMs: look.nowMs,
  });
}

/** A scheduled action whose time comes while we hold ScheduledActions suspended changes the goal at once. */
function applyDueActions({ look, draft }: Tick, group: GroupLook): void {
  const memory = memoryOf(draft, group);
  if (!memory.suspendedByUs.includes('ScheduledActions')) return;
  const seen: Record<string, number> = {};
  const done = { ...memory.scheduledDone };
  let due: ScheduledAction | undefined;
  for (const action of group.facts.scheduledActions) {
    if (action.startMs === undefined) continue;
    seen[action.name] = action.startMs;
    // Once its time is past, AWS shows a recurring action's next start: what we saw earlier is the one that passed.
    const passed = [memory.scheduledSeen?.[action.name], action.startMs].filter(
      (startMs) =>
        startMs !== undefined &&
        startMs <= look.nowMs &&
        startMs >= draft.run.startedAtMs &&
        startMs > (done[action.name] ?? 0),
    )[0];
    if (passed === undefined) continue;
    due = action;
    done[action.name] = passed;
  }
  if (due !== undefined || JSON.stringify(seen) !== JSON.stringify(memory.scheduledSeen ?? {})) {
    draft.noteGroup(group.name, { scheduledSeen: seen, scheduledDone: done });
  }
  if (due === undefined) return;

  const { minSize, maxSize, desiredCapacity } = due;
  const goal = goalAfter(due, ownBounds(group.facts, memory), memory.goal);
  if (goal === undefined) {
    draft.tell(
      'scheduled-action',
      `scheduled action ${due.name} of ${group.name} fell due and asks for what its sizes do not allow: it changes nothing`,
    );
    return;
  }
  draft.noteGroup(group.name, {
    goal,
    scheduledDue: {
      ...memory.scheduledDue,
      ...(minSize !== undefined && { minSize }),
      ...(maxSize !== undefined && { maxSize }),
      ...(desiredCapacity !== undefined && { desiredCapacity }),
    },
  });
  draft.tell('scheduled-action', `scheduled action ${due.name} of ${group.name} fell due and moved the goal`);
}

type ScheduledAction = GroupFacts['scheduledActions'][number];

interface Bounds {
  readonly minSize: number;
  readonly maxSize: number;
}

/** The group's sizes without what we set for the surge: the originals, and what others changed since. */
export function ownBounds(facts: Bounds, { original, set, scheduledDue }: GroupMemory): Bounds {
  const own = (size: keyof Bounds) => {
    const isOurs =
      facts[size] === set[size] || (facts[size] > original[size] && facts[size] <= (set[size] ?? 0));
    return scheduledDue?.[size] ?? (isOurs ? original[size] : facts[size]);
  };
  return { minSize: own('minSize'), maxSize: own('maxSize') };
}

/**
 * The goal after an action; undefined where Auto Scaling would refuse it: a desired capacity that an action names must lie
 * between the sizes, as in UpdateAutoScalingGroup; one that it does not name follows them.
 */
function goalAfter(action: ScheduledAction, own: Bounds, goal: number): number | undefined {
  const { minSize = own.minSize, maxSize = own.maxSize, desiredCapacity } = action;
  if (minSize > maxSize) return undefined;
  if (desiredCapacity === undefined) return Math.max(minSize, Math.min(maxSize, goal));
  return desiredCapacity < minSize || desiredCapacity > maxSize ? undefined : desiredCapacity;
}
