/**
 * Warm pools: instances launched ahead of need, kept stopped, hibernated or running until the group scales out.
 * Source: Amazon EC2 Auto Scaling user guide, ec2-auto-scaling-warm-pools, warm-pool-instance-lifecycle; API reference,
 * PutWarmPool, DeleteWarmPool.
 */
import type { PutWarmPoolType } from '@aws-sdk/client-auto-scaling';
import { awsError } from '../kernel/aws-error.ts';
import { pageOf } from '../kernel/pages.ts';
import type { Actor } from '../observation.ts';
import type { Call, World } from '../world.ts';
import { launchRefused } from './back-off.ts';
import { type Group, isSuspended, isTerminating, isWarmed, type Member, stamp, zoneCounts } from './group.ts';
import { type GroupStore, memberShape } from './group-store.ts';
import { launchOptions } from './launch-source.ts';
import type { Launcher } from './launcher.ts';
import type { Lifecycle } from './lifecycle.ts';
import { PAGES } from './page-rules.ts';

const WARM_POOL: Actor = { kind: 'aws', name: 'warm-pool' };
const RESTING: ReadonlySet<string> = new Set(['Warmed:Running', 'Warmed:Stopped', 'Warmed:Hibernated']);

export class WarmPools {
  readonly #world: World;
  readonly #store: GroupStore;
  readonly #launcher: Launcher;
  readonly #lifecycle: () => Lifecycle;
  readonly #wake: (group: Group) => void;

  constructor(
    world: World,
    store: GroupStore,
    launcher: Launcher,
    lifecycle: () => Lifecycle,
    wake: (group: Group) => void,
  ) {
    this.#world = world;
    this.#store = store;
    this.#launcher = launcher;
    this.#lifecycle = lifecycle;
    this.#wake = wake;
  }

  /**
   * Takes instances that rest in the pool into the group, from the pool to the emptiest zones first.
   *
   * @returns the capacity that came
   */
  pullOut(group: Group, capacity: number, actor: Actor, cause: () => string): number {
    if (!group.warmPool) return 0;
    const resting = [...group.members.values()].filter((member) => RESTING.has(member.lifecycleState));
    const counts = zoneCounts(group);
    let came = 0;
    while (came < capacity && resting.length > 0) {
      resting.sort((a, b) => (counts.get(b.zone) ?? 0) - (counts.get(a.zone) ?? 0));
      const member = resting.pop() as Member;
      counts.set(member.zone, (counts.get(member.zone) ?? 0) + 1);
      came += member.weight;
      this.#lifecycle().pullOut(group, member, actor, cause());
    }
    return came;
  }

  /** The pool follows the group: what is missing is launched into it, what is too much ends. */
  fit(group: Group): void {
    const { warmPool } = group;
    if (!warmPool) return;
    const members = [...group.members.values()].filter(
      (member) => isWarmed(member) && !isTerminating(member),
    );
    if (warmPool.Status === 'PendingDelete') {
      if (![...group.members.values()].some(isWarmed)) this.#gone(group);
      return;
    }
    const wanted = wantedSize(group);
    if (members.length < wanted && !isSuspended(group, 'Launch')) this.#fill(group, wanted - members.length);
    else if (members.length > wanted && !isSuspended(group, 'Terminate')) {
      const why = 'a difference between the desired and the actual size of the warm pool';
      for (const member of members.slice(wanted)) this.#end(group, member, why);
    }
  }

  /** A refresh also replaces the pool: what was launched before goes, and the pool fills anew. */
  renew(group: Group, isOld: (member: Member) => boolean): void {
    for (const member of [...group.members.values()])
      if (isWarmed(member) && !isTerminating(member) && isOld(member))
        this.#end(group, member, 'an instance refresh');
  }

  describe(input: { AutoScalingGroupName?: string; MaxRecords?: number; NextToken?: string }, call: Call) {
    const group = this.#store.get(input.AutoScalingGroupName);
    const page = pageOf(
      group.poolPictures.list(call.lagMs),
      (instance) => instance.InstanceId ?? '',
      `DescribeWarmPool/${input.AutoScalingGroupName ?? ''}`,
      { limit: input.MaxRecords, nextToken: input.NextToken },
      { ...PAGES, defaultLimit: 50, maxLimit: 50 },
    );
    return {
      ...(group.warmPool && { WarmPoolConfiguration: { ...group.warmPool } }),
      Instances: page.items,
      NextToken: page.nextToken,
    };
  }

  /** @throws `ValidationError` for sizes that do not fit, Spot launches, or a pool that is being deleted */
  put(input: PutWarmPoolType, call: Call): object {
    const group = this.#store.getOwn(input.AutoScalingGroupName);
    if (group.warmPool?.Status === 'PendingDelete') {
      throw awsError('ValidationError', 'The warm pool is being deleted. Wait until its deletion has ended.');
    }
    const { MaxGroupPreparedCapacity: most, MinSize: least = 0 } = input;
    if (least < 0) throw awsError('ValidationError', 'The warm pool MinSize must not be negative.');
    if (most !== undefined && most >= 0 && most < Math.max(least, group.minSize)) {
      throw awsError(
        'ValidationError',
        'MaxGroupPreparedCapacity must not be less than the MinSize of the warm pool or of the group.',
      );
    }
    const launch = launchOptions(this.#world, group);
    if ('options' in launch && launch.options.some((option) => option.spot)) {
      throw awsError(
        'ValidationError',
        "You can't add a warm pool to an Auto Scaling group that requests Spot Instances.",
      );
    }
    const { AutoScalingGroupName: _name, ...configuration } = input;
    const merged = { PoolState: 'Stopped' as const, MinSize: 0, ...group.warmPool, ...configuration };
    if (merged.MaxGroupPreparedCapacity === -1) delete merged.MaxGroupPreparedCapacity;
    group.warmPool = merged;
    this.#store.changed(group, call.actor);
    this.#wake(group);
    return {};
  }

  /**
   * A pool with instances goes only by force: `PendingDelete` until they have ended, whose lifecycle actions are dropped.
   *
   * @throws `ResourceInUseFault` while it holds instances, unless it is forced
   */
  delete(input: { AutoScalingGroupName?: string; ForceDelete?: boolean }, call: Call): object {
    const group = this.#store.getOwn(input.AutoScalingGroupName);
    if (!group.warmPool) throw awsError('ValidationError', 'The Auto Scaling group has no warm pool.');
    const members = [...group.members.values()].filter(isWarmed);
    if (members.length > 0 && !input.ForceDelete) {
      throw awsError('ResourceInUseFault', 'The warm pool still has instances; force the deletion or wait.');
    }
    if (members.length === 0) {
      this.#gone(group, call.actor);
      return {};
    }
    group.warmPool = { ...group.warmPool, Status: 'PendingDelete' };
    this.#store.changed(group, call.actor);
    const cause = `At ${stamp(this.#world.clock.nowMs)} an instance was taken out of the warm pool in response to its deletion.`;
    for (const member of members) this.#lifecycle().dropFromPool(group, member, call.actor, cause);
    return {};
  }

  /** As DescribeAutoScalingInstances shows them beside the others. */
  static shapes(group: Group) {
    return [...group.members.values()].filter(isWarmed).map(memberShape);
  }

  #fill(group: Group, missing: number): void {
    const nowMs = this.#world.clock.nowMs;
    if (nowMs < group.retryLaunchAtMs) return;
    const because = 'an instance was launched into the warm pool in response to a difference in its size.';
    const { members } = this.#launcher.launch(group, missing, WARM_POOL, because, { pool: true });
    if (members.length < missing) launchRefused(group, nowMs);
  }

  #end(group: Group, member: Member, why: string): void {
    const cause = `At ${stamp(this.#world.clock.nowMs)} an instance was taken out of the warm pool in response to ${why}.`;
    this.#lifecycle().terminate(group, member, WARM_POOL, cause);
  }

  #gone(group: Group, actor = WARM_POOL): void {
    group.warmPool = undefined;
    this.#store.changed(group, actor);
  }
}

/**
 * "the difference between the group's maximum capacity and its desired capacity", or that to MaxGroupPreparedCapacity, and
 * never less than MinSize.
 */
function wantedSize(group: Group): number {
  const { MaxGroupPreparedCapacity: prepared, MinSize: least = 0 } = group.warmPool ?? {};
  const most = prepared !== undefined && prepared >= 0 ? prepared : group.maxSize;
  return Math.max(most - group.desiredCapacity, least);
}
