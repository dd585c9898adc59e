/**
 * A rollback after old hosts have gone: what they ran comes back, capacity first, whatever the template says by now.
 *
 * Starts when a run ends ROLLED_BACK and fewer hosts than the goal are left on what ran before. `prepare` pins the group
 * once more, to the image of the replaced hosts; then such hosts are launched beside the new ones, and the new ones leave
 * by drain as any surplus does. Ends when none of them is left; or, told as `new-hosts-stay`, when the old image cannot be
 * had any more: a host too many on an image that was judged bad is better than tasks without one.
 */
import type { Host } from '../groups.ts';
import { type GroupLook, memoryOf } from '../look.ts';
import { isRolling, span, type Tick } from '../tick.ts';
import { ownBounds } from './goal.ts';
import { launchTrouble } from './launches.ts';

/** An UpdateAutoScalingGroup of ours may take this long to show in a read. */
const SETTLE_MS = 60_000;

/** Whether the run replaces again what it brought in. */
export function goesBack({ look, draft }: Tick): boolean {
  if (isRolling(draft) || draft.run.ending?.outcome !== 'ROLLED_BACK' || draft.run.goBack === 'given-up')
    return false;
  return look.groups.some((group) => wantsBack(draft, group));
}

/** On the image that the run goes back from: a host that it brought in, or that has not joined, whoever launched it. */
export function isUnwanted(draft: Tick['draft'], { role, kind, facts }: Host): boolean {
  if (role !== 'new') return false;
  const hasNotJoined = kind === 'failed' && facts?.containerInstanceArn === undefined;
  return hasNotJoined || (facts?.launchTimeMs ?? 0) >= draft.run.startedAtMs;
}

/** A host that came back: of this run, and on what ran before. */
export function cameBack(draft: Tick['draft'], host: Host): boolean {
  const before = draft.group(host.autoScalingGroupName)?.imagesBefore ?? {};
  const isOurs = (host.facts?.launchTimeMs ?? 0) >= draft.run.startedAtMs && host.role === 'other';
  return isOurs && Object.values(before).includes(host.facts?.imageId ?? '');
}

/**
 * Asks for the next hosts of the old image, as many as the surge allows beside all that stand.
 *
 * @returns whether the group is still on its way back
 */
export function bringBack(tick: Tick, group: GroupLook): boolean {
  const { look, draft, freeze } = tick;
  if (!goesBack(tick) || !wantsBack(draft, group)) return false;
  const standing = group.alive.filter((host) => host.kind !== 'terminating');
  const unwanted = standing.filter((host) => isUnwanted(draft, host));
  if (draft.run.goBack !== 'pinned' || unwanted.length === 0) return unwanted.length > 0;
  const why = inVain(tick, group);
  if (why !== undefined) {
    giveUp(tick, group, why);
    return false;
  }
  const memory = memoryOf(draft, group);
  const missing = memory.goal - (standing.length - unwanted.length);
  const { desiredCapacity, minSize, maxSize } = group.facts;
  const asked = memory.launchesAskedAtMs ?? 0;
  const isComing = desiredCapacity > standing.length || look.nowMs - asked < SETTLE_MS;
  if (missing <= 0 || isComing || group.decrementsInFlight > 0 || freeze.all !== undefined) return true;
  const most = group.settings.raiseMaxSize
    ? Number.POSITIVE_INFINITY
    : ownBounds(group.facts, memory).maxSize;
  const besides = Math.max(1, memory.goal + group.plan.surge - standing.length);
  const wanted = Math.min(standing.length + Math.min(missing, besides), most);
  if (wanted <= standing.length) return true;
  const sizes = {
    minSize: Math.max(minSize, wanted),
    maxSize: Math.max(maxSize, wanted),
    desiredCapacity: wanted,
  };
  draft.register.push({
    autoScalingGroupName: group.name,
    ...sizes,
    reason: `back to what ran before: ${wanted - standing.length} of ${missing} hosts that are missing`,
  });
  const { minSize: min, desiredCapacity: desired, maxSize: max } = sizes;
  draft.noteGroup(group.name, {
    set: { ...memory.set, minSize: min, desiredCapacity: desired, ...(max !== maxSize && { maxSize: max }) },
    // What an earlier restore gave back is ours again.
    givenBack: undefined,
    launchesAskedAtMs: look.nowMs,
  });
  if (draft.run.closingSinceMs === undefined) draft.noteRun({ closingSinceMs: look.nowMs });
  return true;
}

/** It had other hosts before, some of them are gone, and it can be pinned to their image. */
function wantsBack(draft: Tick['draft'], group: GroupLook): boolean {
  if (group.plan.referenceOnly || draft.group(group.name)?.imagesBefore === undefined) return false;
  const standing = group.alive.filter((host) => host.kind !== 'terminating');
  const wanted = standing.filter((host) => !isUnwanted(draft, host));
  if (wanted.length === standing.length) return false;
  // Once begun it is seen through, also where all that was missing has come back already.
  return wanted.length < memoryOf(draft, group).goal || wanted.some((host) => cameBack(draft, host));
}

/** Why what ran before cannot be brought back. */
function inVain(tick: Tick, group: GroupLook): string | undefined {
  const { look, draft } = tick;
  const trouble = launchTrouble(tick, group);
  const isComing = group.alive.some((host) => cameBack(draft, host) && !isRoom(host));
  if (trouble !== undefined && !isComing) return `${group.name} cannot launch what ran before: ${trouble}`;
  const sinceMs = Math.max(draft.run.closingSinceMs ?? look.nowMs, draft.run.lastProgressAtMs);
  const limit = group.settings.drainTimeoutSeconds;
  return look.nowMs - sinceMs >= limit * 1000 ? `nothing moved for ${span(limit)}` : undefined;
}

const isRoom = ({ facts }: Host) => facts?.status === 'ACTIVE' && facts.agentConnected;

function giveUp({ draft }: Tick, group: GroupLook, why: string): void {
  draft.noteRun({ goBack: 'given-up' });
  const left = group.alive.filter((host) => isUnwanted(draft, host)).length;
  draft.tell(
    'new-hosts-stay',
    `${left} hosts of ${group.name} stay on the image that was rolled back: ${why}`,
  );
}
