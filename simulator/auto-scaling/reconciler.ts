/**
 * A group looks at itself: replaces who is unhealthy, launches what is missing, ends what is too much, keeps its zones
 * even. It wakes about ten seconds after a change and at the moments that it set itself; nothing polls.
 */

import type { RandomStream } from '../kernel/random.ts';
import type { Actor } from '../observation.ts';
import type { Range, World } from '../world.ts';
import type { Activities } from './activities.ts';
import {
  actualCapacity,
  type Group,
  isPending,
  isSuspended,
  type Member,
  stamp,
  zoneCounts,
} from './group.ts';
import type { GroupStore } from './group-store.ts';
import type { Launcher } from './launcher.ts';
import type { Lifecycle } from './lifecycle.ts';
import { advanceRefresh } from './refresh.ts';
import { victimsOf } from './scale-in.ts';

/** Change → launch activity: 9 to 10 s in published activity logs of 2018 to 2026. */
const REACTION_SECONDS: Range = [8, 11];
/** Between two looks at a group that failed to launch; not documented ("repeated failing launches are rate limited"). */
const FIRST_RETRY_MS = 60_000;
const LONGEST_RETRY_MS = 900_000;
/** How long zones are uneven before rebalancing begins on its own: UNCONFIRMED, minutes in practice. */
const UNBALANCED_SECONDS: Range = [60, 300];

const HEALTH: Actor = { kind: 'aws', name: 'health-check' };
const REBALANCE: Actor = { kind: 'aws', name: 'az-rebalance' };

export class Reconciler {
  readonly #world: World;
  readonly #store: GroupStore;
  readonly #activities: Activities;
  readonly #launcher: Launcher;
  readonly #lifecycle: () => Lifecycle;
  readonly #random: RandomStream;

  constructor(
    world: World,
    store: GroupStore,
    activities: Activities,
    launcher: Launcher,
    lifecycle: () => Lifecycle,
  ) {
    this.#world = world;
    this.#store = store;
    this.#activities = activities;
    this.#launcher = launcher;
    this.#lifecycle = lifecycle;
    this.#random = world.random.stream('auto-scaling/reconciler');
  }

  /** The group looks at itself soon; at once means about ten seconds. */
  wake(group: Group, atMs = this.#world.clock.nowMs + this.#random.between(REACTION_SECONDS) * 1000): void {
    if (group.tick && !group.tick.cancelled && group.tick.atMs <= atMs) return;
    this.#world.clock.cancel(group.tick);
    group.tick = this.#world.clock.at(atMs, () => {
      group.tick = undefined;
      this.#look(group);
    });
  }

  /** Uneven zones are evened out now, however long they have been so; even ones swap one host. */
  rebalanceNow(group: Group): void {
    if (group.rebalance || isSuspended(group, 'AZRebalance', 'Launch')) return;
    const counts = zoneCounts(group);
    const [fewest] = [...counts].sort((a, b) => a[1] - b[1])[0] ?? [];
    if (fewest !== undefined) this.#beginRebalance(group, 1, [fewest], counts);
  }

  #look(group: Group): void {
    this.#examine(group);
    this.#replaceUnhealthy(group);
    advanceRefresh(this.#world, group, (member, actor, cause) =>
      this.#lifecycle().terminate(group, member, actor, cause),
    );
    this.#goOnRebalancing(group);
    this.#matchCapacity(group);
    this.#considerBalance(group);
    this.#planNextLook(group);
  }

  /** Members whose instance does not run are unhealthy, unless nobody checks. */
  #examine(group: Group): void {
    if (isSuspended(group, 'HealthCheck')) return;
    for (const instanceId of group.suspects) {
      const member = group.members.get(instanceId);
      if (member?.lifecycleState === 'InService') {
        member.healthStatus = 'Unhealthy';
        this.#store.memberChanged(group, member);
      }
      group.suspects.delete(instanceId);
    }
  }

  /**
   * Terminate first, at most a tenth of the group at a time; waits while launches are under way and a tenth is missing.
   * Source: Auto Scaling user guide, health-checks-overview.
   */
  #replaceUnhealthy(group: Group): void {
    if (isSuspended(group, 'ReplaceUnhealthy', 'Terminate')) return;
    const members = [...group.members.values()];
    const unhealthy = members.filter(
      (member) => member.healthStatus === 'Unhealthy' && member.lifecycleState === 'InService',
    );
    if (unhealthy.length === 0) return;
    const healthy = members.filter(
      (member) => member.lifecycleState === 'InService' && member.healthStatus === 'Healthy',
    ).length;
    const atOnce = Math.max(1, Math.floor(group.desiredCapacity / 10));
    if (members.some(isPending) && healthy + unhealthy.length <= group.desiredCapacity - atOnce) return;
    for (const member of unhealthy.slice(0, atOnce)) {
      const at = stamp(this.#world.clock.nowMs);
      const cause = `At ${at} an instance was taken out of service in response to an EC2 health check indicating it has been terminated or stopped.`;
      this.#lifecycle().terminate(group, member, HEALTH, cause);
      group.causes.push(
        `At ${at} an instance was launched in response to an unhealthy instance needing to be replaced.`,
      );
    }
  }

  #matchCapacity(group: Group): void {
    const target = group.desiredCapacity + (group.rebalance?.newIds.size ?? 0);
    const actual = actualCapacity(group);
    if (actual < target) this.#launchMissing(group, target, actual);
    else if (actual > target && !isSuspended(group, 'Terminate')) this.#scaleIn(group, actual, target);
    else group.saidAllProtected = false;
  }

  #launchMissing(group: Group, target: number, actual: number): void {
    const nowMs = this.#world.clock.nowMs;
    if (isSuspended(group, 'Launch') || nowMs < group.retryLaunchAtMs) return;
    const { failures, members } = this.#launcher.launch(
      group,
      target - actual,
      group.capacityActor,
      `an instance was started in response to a difference between desired and actual capacity, increasing the capacity from ${actual} to ${target}.`,
    );
    if (members.length > 0 && failures.length < group.zones.length) group.launchFailures = 0;
    if (actualCapacity(group) >= target) return;
    group.launchFailures++;
    const waitMs = Math.min(FIRST_RETRY_MS * 2 ** (group.launchFailures - 1), LONGEST_RETRY_MS);
    group.retryLaunchAtMs = nowMs + waitMs;
  }

  #scaleIn(group: Group, actual: number, target: number): void {
    const nowMs = this.#world.clock.nowMs;
    const { members, protectedCount } = victimsOf(group, actual - target, this.#random, nowMs);
    let capacity = actual;
    for (const member of members) {
      const text = `an instance was taken out of service in response to a difference between desired and actual capacity, shrinking the capacity from ${capacity} to ${capacity - member.weight}.`;
      capacity -= member.weight;
      const cause = `${this.#activities.because(group, text)}  At ${stamp(nowMs)} instance ${member.instanceId} was selected for termination.`;
      this.#lifecycle().terminate(group, member, group.capacityActor, cause);
    }
    if (protectedCount > 0 && !group.saidAllProtected) {
      // Desired stays where it was set: it has fallen although nobody goes.
      group.saidAllProtected = true;
      const message =
        'Could not scale to desired capacity because all remaining instances are protected from scale in.';
      const cause = this.#activities.because(group, 'the group could not be scaled in.');
      this.#activities.fail(group, 'Terminating EC2 instance', cause, message, group.zones[0] ?? '');
    }
  }

  /** Once the new ones are in service, as many old ones go from the fullest zones. */
  #goOnRebalancing(group: Group): void {
    const newIds = group.rebalance?.newIds;
    if (!newIds) return;
    for (const id of newIds) if (!group.members.has(id)) newIds.delete(id);
    const waits = [...newIds].some((id) => group.members.get(id)?.lifecycleState !== 'InService');
    // Without Terminate the group stays larger, by up to a tenth, until it is resumed.
    if (waits || isSuspended(group, 'Terminate')) return;
    const nowMs = this.#world.clock.nowMs;
    const { members } = victimsOf(group, newIds.size, this.#random, nowMs, newIds);
    group.rebalance = undefined;
    for (const member of members) {
      const cause = `At ${stamp(nowMs)} an instance was taken out of service in response to instances having been launched to balance the group's zones.  At ${stamp(nowMs)} instance ${member.instanceId} was selected for termination.`;
      this.#lifecycle().terminate(group, member, REBALANCE, cause);
    }
  }

  #considerBalance(group: Group): void {
    const counts = zoneCounts(group);
    const inZones = group.zones.map((zone) => counts.get(zone) ?? 0);
    const isUneven = group.zones.length > 1 && Math.max(...inZones) - Math.min(...inZones) > 1;
    const nowMs = this.#world.clock.nowMs;
    if (!isUneven) {
      group.unbalancedSinceMs = null;
      return;
    }
    if (group.unbalancedSinceMs === null) {
      group.unbalancedSinceMs = nowMs;
      group.rebalanceAfterMs = nowMs + this.#random.between(UNBALANCED_SECONDS) * 1000;
    }
    if (nowMs < group.rebalanceAfterMs || group.rebalance || !this.#isQuiet(group)) return;
    if (isSuspended(group, 'AZRebalance', 'Launch')) return;
    const even = Math.floor(inZones.reduce((sum, count) => sum + count, 0) / inZones.length);
    const short = group.zones.filter((zone) => (counts.get(zone) ?? 0) < even);
    const missing = short.reduce((sum, zone) => sum + even - (counts.get(zone) ?? 0), 0);
    this.#beginRebalance(group, Math.max(1, missing), short, counts);
  }

  /** Launch before terminate; the group may exceed its maximum by a tenth, at least by one (auto-scaling-benefits). */
  #beginRebalance(
    group: Group,
    wanted: number,
    zones: readonly string[],
    counts: ReadonlyMap<string, number>,
  ): void {
    const margin = group.maxSize + Math.max(1, Math.floor(group.maxSize / 10)) - actualCapacity(group);
    const several = Math.min(wanted, margin);
    if (several < 1 || zones.length === 0) return;
    const names = [...counts.keys()].join(' ');
    const numbers = [...counts.values()].join(' ');
    const { members } = this.#launcher.launch(
      group,
      several,
      REBALANCE,
      `availability zones ${names} had ${numbers} instances respectively.  An instance was launched to aid in balancing the group's zones.`,
      zones,
    );
    if (members.length > 0) group.rebalance = { newIds: new Set(members.map((member) => member.instanceId)) };
    // Whether it worked or not, the zones are looked at anew only after a while.
    group.unbalancedSinceMs = null;
  }

  #isQuiet(group: Group): boolean {
    if (actualCapacity(group) !== group.desiredCapacity) return false;
    for (const member of group.members.values()) if (isPending(member)) return false;
    return true;
  }

  #planNextLook(group: Group): void {
    const nowMs = this.#world.clock.nowMs;
    const moments: number[] = [];
    const isShort = actualCapacity(group) < group.desiredCapacity;
    if (isShort && !isSuspended(group, 'Launch')) moments.push(group.retryLaunchAtMs);
    if (group.unbalancedSinceMs !== null && !isSuspended(group, 'AZRebalance', 'Launch')) {
      moments.push(group.rebalanceAfterMs);
    }
    if (group.refreshes.at(-1)?.shape.Status === 'InProgress') moments.push(nowMs + 30_000);
    const hasUnhealthy = [...group.members.values()].some(isReplaceable);
    if (hasUnhealthy && !isSuspended(group, 'ReplaceUnhealthy', 'Terminate')) moments.push(nowMs + 30_000);
    const next = Math.min(...moments);
    if (Number.isFinite(next)) this.wake(group, Math.max(next, nowMs + 1000));
  }
}

function isReplaceable(member: Member): boolean {
  return member.healthStatus === 'Unhealthy' && member.lifecycleState === 'InService';
}
