/**
 * How many members may be missing, and how many too many there may be, while a group replaces some of them.
 * Sources: Amazon EC2 Auto Scaling user guide, instance-maintenance-policy-overview-and-considerations; API reference,
 * RefreshPreferences.MaxHealthyPercentage.
 */
import {
  actualCapacity,
  type Group,
  isCounted,
  isPending,
  type Member,
  readyAtMs,
  warmupSeconds,
} from './group.ts';

export interface HealthyBounds {
  readonly minPercentage: number;
  readonly maxPercentage: number;
  /** Somebody set the maximum: what fits neither bound is then launched before anything ends. */
  readonly isMaxExplicit: boolean;
}

/** The group's maintenance policy; undefined when it has none, or both values were cleared with -1. */
export function maintenanceBounds(group: Group): HealthyBounds | undefined {
  const { MinHealthyPercentage: min, MaxHealthyPercentage: max } = group.base.InstanceMaintenancePolicy ?? {};
  if (min === undefined || max === undefined || min < 0 || max < 0) return undefined;
  return { minPercentage: min, maxPercentage: max, isMaxExplicit: true };
}

export interface Room {
  /** Capacity that may end before its replacement is there. */
  readonly toTerminate: number;
  /** Capacity that may be launched on top of the group's desired one. */
  readonly toLaunch: number;
}

/**
 * @param warmup seconds after InService until a new member counts
 */
export function roomOf(
  group: Group,
  bounds: HealthyBounds,
  nowMs: number,
  warmup = warmupSeconds(group),
): Room {
  let ready = 0;
  let unready = 0;
  let unhealthy = 0;
  // Those whose successors are on their way will go by themselves; rebalanced zones give as many as they got.
  const leaving = surgeVictims(group);
  for (const surge of group.surges) if (surge.victims.length === 0) ready -= surge.newIds.size;
  for (const member of group.members.values()) {
    if (isPending(member)) unready++;
    if (member.lifecycleState !== 'InService' || leaving.has(member.instanceId)) continue;
    if (member.healthStatus === 'Unhealthy') unhealthy += member.weight;
    else if ((readyAtMs(member, warmup) ?? 0) > nowMs) unready++;
    else ready += member.weight;
  }
  const { desiredCapacity: desired } = group;
  const least = Math.ceil((desired * bounds.minPercentage) / 100);
  const most = Math.floor((desired * bounds.maxPercentage) / 100);
  const toTerminate = Math.max(0, ready - least);
  const toLaunch = Math.max(0, most - (actualCapacity(group) - unhealthy));
  if (toTerminate > 0 || toLaunch > 0 || unready > 0 || ready < desired) return { toTerminate, toLaunch };
  // Neither bound leaves room and nothing is under way: one at a time goes on all the same.
  return bounds.isMaxExplicit ? { toTerminate: 0, toLaunch: 1 } : { toTerminate: 1, toLaunch: 0 };
}

/** Which of these members end first and which after a replacement has come, in their order. */
export function plannedReplacements(
  members: readonly Member[],
  room: Room,
): { readonly endFirst: Member[]; readonly launchFirst: Member[] } {
  const endFirst: Member[] = [];
  const launchFirst: Member[] = [];
  let { toTerminate, toLaunch } = room;
  for (const member of members) {
    if (!isCounted(member)) continue;
    // A heavy one goes with the last bit of room, or it would never go.
    if (toTerminate > 0) {
      toTerminate -= member.weight;
      endFirst.push(member);
    } else if (toLaunch > 0) {
      toLaunch -= member.weight;
      launchFirst.push(member);
    } else break;
  }
  return { endFirst, launchFirst };
}

/** Members that a replacement is being launched for. */
export function surgeVictims(group: Group): Set<string> {
  return new Set(group.surges.flatMap((surge) => surge.victims));
}
