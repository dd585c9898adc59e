/**
 * Rules 18 and 19: hosts beyond what goal and outdated explain leave again by drain, the emptiest first, and from the
 * fullest zone while zones are not level; and new hosts that never became ready are replaced.
 */
import type { Host } from '../groups.ts';
import { type GroupLook, memoryOf } from '../look.ts';
import type { GroupMemory } from '../memory.ts';
import { Motion } from '../motion.ts';
import { emptiness } from '../order.ts';
import { wantedCapacity } from '../sizes.ts';
import type { Rule, Tick } from '../tick.ts';
import { beginDrain, begunDrains } from './drain.ts';
import { effectiveSurge } from './launches.ts';
import { protectedSurplus } from './policies.ts';
import { end } from './terminate.ts';

/** A surplus must be seen for this long: between two reads of a changing group there is often one. */
const SURPLUS_SEEN_MS = 30_000;
/** What was asked of a group shows in reads of it by then. */
const ASKED_SHOWS_MS = 60_000;

export const removeSurplus: Rule = (tick) => {
  const { look, draft, freeze } = tick;
  if (freeze.all !== undefined || freeze.drains !== undefined) return;
  for (const group of look.groups) {
    if (group.plan.referenceOnly) continue;
    const memory = memoryOf(draft, group);
    if (freeze.groups.has(group.name) || memory.trialPassedAtMs === undefined) continue;
    const sizes = {
      goal: memory.goal,
      surge: effectiveSurge(tick, group),
      outdatedLeft: group.outdatedLeft.length,
    };
    const wanted = wantedCapacity(sizes);
    const leaving = group.alive.filter((host) => host.memory.surplus === 'remove').length;
    const desired = group.facts.desiredCapacity - group.decrementsInFlight;
    const surplus = Math.min(desired, group.alive.length - group.terminating) - wanted - leaving;
    if (surplus <= 0 || group.incoming.length > 0) {
      if (memory.surplusSinceMs !== undefined) draft.noteGroup(group.name, { surplusSinceMs: undefined });
      continue;
    }
    if (memory.surplusSinceMs === undefined) draft.noteGroup(group.name, { surplusSinceMs: look.nowMs });
    else if (look.nowMs - memory.surplusSinceMs >= SURPLUS_SEEN_MS) takeOneAway(tick, group);
  }
};

function takeOneAway(tick: Tick, group: GroupLook): void {
  const candidates = victims(group);
  const victim = candidates.find((host) => protectedSurplus(tick, host) === undefined) ?? candidates[0];
  if (victim === undefined) return;
  const room = tick.look.groups.flatMap((other) => other.ready).filter((host) => host !== victim);
  const motion = new Motion(tick.look, room, (name) => tick.draft.service(name)?.unplacedAtPlan ?? 0);
  for (const host of begunDrains(tick)) motion.include(host);
  const reason = protectedSurplus(tick, victim) ?? motion.accept(victim)?.reason;
  if (reason !== undefined) {
    tick.draft.hold({ instanceId: victim.instanceId, rule: '18', reason: `surplus, but ${reason}` });
    return;
  }
  beginDrain(tick, victim, false);
  tick.draft.noteHost(victim.instanceId, victim.memory, { surplus: 'remove' });
}

/** New hosts that may go: those whose going leaves the zones level, the emptiest first. */
export function victims(group: GroupLook): Host[] {
  const weight = unevenness(group);
  return group.ready
    .filter((host) => host.memory.surplus === undefined && host.standalone.length === 0)
    .sort(
      (a, b) =>
        weight(a) - weight(b) ||
        a.replicaCount - b.replicaCount ||
        emptiness(b) - emptiness(a) ||
        (a.instanceId < b.instanceId ? -1 : 1),
    );
}

/** By how many hosts, at least one, the zones would differ without the host. `leaving`: hosts that will be gone anyway. */
export function unevenness(
  group: GroupLook,
  leaving: ReadonlySet<Host> = new Set(group.outdatedLeft),
): (host: Host) => number {
  const zones = zoneCounts(group, leaving);
  const apart = new Map([...zones.keys()].map((zone) => [zone, Math.max(1, spreadWithout(zones, zone))]));
  return (host) => apart.get(host.zone) ?? 1;
}

/** By how many hosts the zones differ once one of this zone is gone. */
function spreadWithout(zones: ReadonlyMap<string, number>, gone: string): number {
  const left = [...zones].map(([zone, count]) => (zone === gone ? count - 1 : count));
  return Math.max(...left) - Math.min(...left);
}

/** Hosts per zone that stand when those that leave, the old unless told otherwise, have gone; zones without one included. */
export function zoneCounts(
  group: GroupLook,
  leaving: ReadonlySet<Host> = new Set(group.outdatedLeft),
): Map<string, number> {
  const counts = new Map(group.facts.zones.map((zone) => [zone, 0]));
  for (const host of group.alive) {
    if (host.kind !== 'terminating' && !leaving.has(host) && counts.has(host.zone))
      counts.set(host.zone, (counts.get(host.zone) ?? 0) + 1);
  }
  return counts;
}

/**
 * Rule 19: with all outdated hosts replaced and zones apart by more than one, one more host is brought in (Auto Scaling
 * takes the emptiest zone) and the surplus rule takes one from the fullest: AZRebalance, once resumed, would do it
 * without asking ECS.
 */
export const levelZones: Rule = (tick) => {
  const { look, draft, freeze } = tick;
  if (freeze.all !== undefined || freeze.drains !== undefined) return;
  for (const group of look.groups) {
    if (group.plan.referenceOnly) continue;
    if (!canLevel(tick, group)) continue;
    const memory = memoryOf(draft, group);
    const desired = memory.goal + 1;
    const maxSize = Math.max(group.facts.maxSize, desired);
    draft.register.push({
      autoScalingGroupName: group.name,
      minSize: group.facts.minSize,
      maxSize,
      desiredCapacity: desired,
      reason: 'zones differ by more than one host: one comes to the emptiest, then one leaves the fullest',
    });
    draft.noteGroup(group.name, {
      set: { ...memory.set, desiredCapacity: desired, ...(maxSize > group.facts.maxSize && { maxSize }) },
      zoneSwaps: (memory.zoneSwaps ?? 0) + 1,
      zonesAtSwap: mostFirst(zoneCounts(group)),
      launchesAskedAtMs: look.nowMs,
    });
    draft.phase ??= 'registering';
  }
};

function canLevel(tick: Tick, group: GroupLook): boolean {
  const { look, draft, freeze } = tick;
  const memory = memoryOf(draft, group);
  if (freeze.groups.has(group.name) || !wantsLevelling(tick, group)) return false;
  return isAtGoal(group, memory, look.nowMs);
}

/** Nothing is on its way: what was asked for has come and gone again. */
function isAtGoal({ facts, alive }: GroupLook, memory: GroupMemory, nowMs: number): boolean {
  if (facts.desiredCapacity !== memory.goal || alive.length !== memory.goal) return false;
  return nowMs - (memory.launchesAskedAtMs ?? 0) >= ASKED_SHOWS_MS;
}

function mostFirst(zones: ReadonlyMap<string, number>): number[] {
  return [...zones.values()].sort((a, b) => b - a);
}

/** All is replaced but the zones are apart, and there is reason to hope that a swap would help. */
export function wantsLevelling({ look, draft }: Tick, group: GroupLook): boolean {
  const memory = memoryOf(draft, group);
  if (group.plan.outdated.length === 0 || group.outdatedLeft.length > 0 || group.terminating > 0)
    return false;
  if (memory.original.suspendedProcesses.includes('AZRebalance')) return false;
  if (group.alive.some((host) => host.role !== 'new')) return false;
  if (!group.settings.raiseMaxSize && group.facts.maxSize <= memory.goal) return false;
  if (group.facts.failedLaunches.some((failure) => failure.atMs >= draft.run.startedAtMs)) return false;
  const counts = mostFirst(zoneCounts(group));
  const [most = 0] = counts;
  if (most - (counts.at(-1) ?? 0) <= 1 || (memory.zoneSwaps ?? 0) >= counts.length * 2) return false;
  // Where Auto Scaling has no room in the emptiest zone, the next one would come to the fullest too.
  const wasInVain = String(memory.zonesAtSwap) === String(counts) && isAtGoal(group, memory, look.nowMs);
  return !wasInVain;
}

/** Rule 4: a new host that is not ready in time is replaced and no longer waited for. */
export const replaceFailed: Rule = (tick) => {
  const { look, draft, freeze } = tick;
  if (freeze.all !== undefined || freeze.drains !== undefined) return;
  for (const group of look.groups) {
    if (group.plan.referenceOnly) continue;
    const { bakeStartedAtMs, trialPassedAtMs } = memoryOf(draft, group);
    const bakes = bakeStartedAtMs !== undefined && trialPassedAtMs === undefined;
    if (bakes || freeze.groups.has(group.name)) continue;
    for (const host of group.hosts) {
      if (host.kind !== 'failed' || host.facts?.lifecycleState !== 'InService') continue;
      draft.hold({ instanceId: host.instanceId, rule: '4', reason: 'it did not become ready in time' });
      const memory = memoryOf(draft, group);
      if (host.facts.containerInstanceArn === undefined || host.facts.status !== 'ACTIVE') {
        if (host.tasks.length > 0) continue;
        end(tick, group, host);
      } else {
        // Tasks came to it all the same: they move like others.
        if (protectedSurplus(tick, host) !== undefined) continue;
        const refusal = tick.motion().accept(host);
        if (refusal !== undefined) continue;
        beginDrain(tick, host, false);
        draft.noteHost(host.instanceId, host.memory, { surplus: 'swap' });
      }
      draft.noteGroup(group.name, { failedNew: (memory.failedNew ?? 0) + 1 });
    }
  }
};
