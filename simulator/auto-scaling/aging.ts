/**
 * Members that are replaced because of their age or because Spot capacity is running out.
 * Sources: Amazon EC2 Auto Scaling user guide, asg-max-instance-lifetime, ec2-auto-scaling-capacity-rebalancing.
 */
import type { Actor } from '../observation.ts';
import type { World } from '../world.ts';
import { type Group, isCounted, isSuspended, type Member, stamp, warmupSeconds } from './group.ts';
import type { Lifecycle } from './lifecycle.ts';
import { maintenanceBounds, plannedReplacements, roomOf, surgeVictims } from './replacing.ts';
import type { Surges } from './surges.ts';

const LIFETIME: Actor = { kind: 'aws', name: 'max-instance-lifetime' };
const CAPACITY: Actor = { kind: 'aws', name: 'capacity-rebalance' };
/**
 * "one at a time, with a pause between replacements", but where the lifetime leaves no time for that "by up to 10 percent of
 * the current capacity" (asg-max-instance-lifetime): always that many here, the harder of the two.
 */
const SHARE_AT_ONCE = 0.1;

export class Aging {
  readonly #world: World;
  readonly #surges: Surges;
  readonly #lifecycle: () => Lifecycle;

  constructor(world: World, surges: Surges, lifecycle: () => Lifecycle) {
    this.#world = world;
    this.#surges = surges;
    this.#lifecycle = lifecycle;
  }

  /** Those that have reached the maximum lifetime; protected ones stay. Terminate first, unless a policy asks otherwise. */
  replaceOld(group: Group): void {
    const lifetimeMs = lifetimeOf(group);
    if (lifetimeMs === undefined || isSuspended(group, 'Launch', 'Terminate')) return;
    const nowMs = this.#world.clock.nowMs;
    const replaced = surgeVictims(group);
    const old = inServiceOf(group).filter(
      (member) =>
        !member.protectedFromScaleIn &&
        member.launchedAtMs + lifetimeMs <= nowMs &&
        !replaced.has(member.instanceId),
    );
    if (old.length === 0) return;
    old.sort((a, b) => a.launchedAtMs - b.launchedAtMs);
    const atOnce = Math.max(1, Math.floor(group.desiredCapacity * SHARE_AT_ONCE));
    const shares = { minPercentage: 100 - SHARE_AT_ONCE * 100, maxPercentage: 100, isMaxExplicit: false };
    const room = roomOf(group, maintenanceBounds(group) ?? shares, nowMs, warmupSeconds(group));
    const { endFirst, launchFirst } = plannedReplacements(old.slice(0, atOnce), room);
    const why = 'the instance having reached the maximum instance lifetime';
    for (const member of endFirst) {
      const cause = `At ${stamp(nowMs)} an instance was taken out of service in response to ${why}.`;
      this.#lifecycle().terminate(group, member, LIFETIME, cause);
    }
    const victims = launchFirst.map((member) => member.instanceId);
    const because = 'an instance was launched to replace an instance that reached its maximum lifetime.';
    if (victims.length === 0 || nowMs < group.retryLaunchAtMs) return;
    this.#surges.begin(group, { reason: 'lifetime', victims, actor: LIFETIME, why, because }, victims.length);
  }

  /** The next moment at which a member reaches it. */
  nextOldMs(group: Group): number | undefined {
    const lifetimeMs = lifetimeOf(group);
    if (lifetimeMs === undefined || isSuspended(group, 'Launch', 'Terminate')) return undefined;
    let next: number | undefined;
    for (const member of inServiceOf(group)) {
      if (member.protectedFromScaleIn) continue;
      const atMs = member.launchedAtMs + lifetimeMs;
      if (next === undefined || atMs < next) next = atMs;
    }
    return next;
  }

  /** EC2 recommends to leave a Spot instance: launches first, then ends it; up to a tenth above the maximum. */
  leaveSpot(group: Group, member: Member): void {
    if (!group.base.CapacityRebalance || !member.spot || member.lifecycleState !== 'InService') return;
    if (isSuspended(group, 'Launch') || surgeVictims(group).has(member.instanceId)) return;
    const counted = [...group.members.values()].filter(isCounted).length;
    if (counted >= group.maxSize + Math.max(1, Math.floor(group.maxSize / 10))) return;
    const why = 'an EC2 instance rebalance recommendation';
    const because = `an instance was launched in response to ${why} for instance ${member.instanceId}.`;
    const victims = [member.instanceId];
    this.#surges.begin(group, { reason: 'capacity', victims, actor: CAPACITY, why, because }, 1);
  }
}

function lifetimeOf(group: Group): number | undefined {
  const seconds = group.base.MaxInstanceLifetime;
  return seconds === undefined || seconds <= 0 ? undefined : seconds * 1000;
}

function inServiceOf(group: Group): Member[] {
  return [...group.members.values()].filter((member) => member.lifecycleState === 'InService');
}
