/**
 * A group looks at itself: replaces who is unhealthy, launches what is missing, ends what is too much, keeps its zones
 * even. It wakes about ten seconds after a change and at the moments that it set itself; nothing polls.
 */

import type { RandomStream } from '../kernel/random.ts';
import type { Range, World } from '../world.ts';
import type { Activities } from './activities.ts';
import { Aging } from './aging.ts';
import { launchRefused, suspendedByAws } from './back-off.ts';
import { actualCapacity, type Group, isSuspended, type Member, stamp } from './group.ts';
import type { GroupStore } from './group-store.ts';
import { Health, isReplaceable } from './health.ts';
import type { Launcher } from './launcher.ts';
import type { Lifecycle } from './lifecycle.ts';
import { RefreshProgress } from './refresh-progress.ts';
import { victimsOf } from './scale-in.ts';
import { Surges } from './surges.ts';
import type { WarmPools } from './warm-pool.ts';
import { ZoneBalance } from './zone-balance.ts';

/** Change → launch activity: 9 to 10 s in published activity logs of 2018 to 2026. */
const REACTION_SECONDS: Range = [8, 11];
/** Between two looks at something that is under way. */
const NEXT_LOOK_MS = 30_000;

export class Reconciler {
  readonly #world: World;
  readonly #store: GroupStore;
  readonly #activities: Activities;
  readonly #launcher: Launcher;
  readonly #lifecycle: () => Lifecycle;
  readonly #pools: WarmPools;
  readonly #surges: Surges;
  readonly #health: Health;
  readonly #aging: Aging;
  readonly #refresh: RefreshProgress;
  readonly #zones: ZoneBalance;
  readonly #random: RandomStream;

  constructor(
    world: World,
    parts: {
      readonly store: GroupStore;
      readonly activities: Activities;
      readonly launcher: Launcher;
      readonly pools: WarmPools;
      readonly lifecycle: () => Lifecycle;
    },
  ) {
    const { store, activities, launcher, pools, lifecycle } = parts;
    this.#world = world;
    this.#store = store;
    this.#activities = activities;
    this.#launcher = launcher;
    this.#lifecycle = lifecycle;
    this.#pools = pools;
    this.#random = world.random.stream('auto-scaling/reconciler');
    this.#surges = new Surges(world, launcher, lifecycle, this.#random);
    this.#health = new Health(world, store, this.#surges, lifecycle);
    this.#aging = new Aging(world, this.#surges, lifecycle);
    this.#refresh = new RefreshProgress(world, store, this.#surges, pools, lifecycle);
    this.#zones = new ZoneBalance(world, this.#surges, this.#random);
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

  rebalanceNow(group: Group): void {
    this.#zones.now(group);
  }

  /** EC2 recommends that the Spot instance be left. */
  leaveSpot(group: Group, member: Member): void {
    this.#aging.leaveSpot(group, member);
    this.wake(group);
  }

  #look(group: Group): void {
    this.#health.examine(group);
    this.#health.replaceUnhealthy(group);
    this.#refresh.advance(group);
    this.#aging.replaceOld(group);
    this.#surges.advance(group);
    this.#matchCapacity(group);
    this.#pools.fit(group);
    this.#zones.consider(group);
    this.#planNextLook(group);
  }

  #matchCapacity(group: Group): void {
    const target = group.desiredCapacity + Surges.extra(group);
    const actual = actualCapacity(group);
    if (actual < target) this.#launchMissing(group, target, actual);
    else if (actual > target && !isSuspended(group, 'Terminate')) this.#scaleIn(group, actual, target);
    else group.saidAllProtected = false;
  }

  #launchMissing(group: Group, target: number, actual: number): void {
    const nowMs = this.#world.clock.nowMs;
    if (isSuspended(group, 'Launch') || nowMs < group.retryLaunchAtMs) return;
    if (suspendedByAws(group, nowMs)) {
      this.#store.changed(group, { kind: 'aws', name: 'auto-scaling' });
      return;
    }
    const text = `an instance was started in response to a difference between desired and actual capacity, increasing the capacity from ${actual} to ${target}.`;
    const came = this.#pools.pullOut(group, target - actual, group.capacityActor, () =>
      this.#activities.because(group, text),
    );
    if (came >= target - actual) return;
    const { failures, members } = this.#launcher.launch(
      group,
      target - actual - came,
      group.capacityActor,
      text,
    );
    if (members.length > 0 && failures.length < group.zones.length) group.launchFailures = 0;
    if (actualCapacity(group) < target) launchRefused(group, nowMs);
  }

  #scaleIn(group: Group, actual: number, target: number): void {
    const nowMs = this.#world.clock.nowMs;
    const { members, protectedCount } = victimsOf(group, actual - target, this.#random, nowMs);
    let capacity = actual;
    const isReused = group.warmPool?.InstanceReusePolicy?.ReuseOnScaleIn ?? false;
    for (const member of members) {
      const text = `an instance was taken out of service in response to a difference between desired and actual capacity, shrinking the capacity from ${capacity} to ${capacity - member.weight}.`;
      capacity -= member.weight;
      const cause = `${this.#activities.because(group, text)}  At ${stamp(nowMs)} instance ${member.instanceId} was selected for termination.`;
      if (isReused && member.healthStatus === 'Healthy')
        this.#lifecycle().returnToPool(group, member, group.capacityActor, cause);
      else this.#lifecycle().terminate(group, member, group.capacityActor, cause);
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

  #planNextLook(group: Group): void {
    const nowMs = this.#world.clock.nowMs;
    const moments: number[] = [];
    const mayLaunch = !isSuspended(group, 'Launch');
    const isShort = actualCapacity(group) < group.desiredCapacity;
    if (isShort && mayLaunch) moments.push(group.retryLaunchAtMs);
    if (group.warmPool && mayLaunch && group.retryLaunchAtMs > nowMs) moments.push(group.retryLaunchAtMs);
    if (group.unbalancedSinceMs !== null && !isSuspended(group, 'AZRebalance', 'Launch')) {
      moments.push(group.rebalanceAfterMs);
    }
    const refreshMs = this.#refresh.nextLookMs(group);
    if (refreshMs !== undefined) moments.push(refreshMs);
    const oldMs = this.#aging.nextOldMs(group);
    if (oldMs !== undefined) moments.push(Math.max(oldMs, nowMs + NEXT_LOOK_MS));
    if (!isSuspended(group, 'Terminate')) {
      for (const readyMs of Surges.moments(group)) moments.push(readyMs);
      const hasUnhealthy = [...group.members.values()].some(isReplaceable);
      if (hasUnhealthy && !isSuspended(group, 'ReplaceUnhealthy')) moments.push(nowMs + NEXT_LOOK_MS);
    }
    let next = Number.POSITIVE_INFINITY;
    for (const moment of moments) next = Math.min(next, moment);
    if (Number.isFinite(next)) this.wake(group, Math.max(next, nowMs + 1000));
  }
}
