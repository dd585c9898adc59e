/**
 * The life of a group's members: Pending(:Wait) → InService → Terminating(:Wait) → Terminated, with the hooks that hold
 * them, and the same in a warm pool: Warmed:Pending(:Wait) → Warmed:Stopped → (Pending …) or Warmed:Terminating(:Wait).
 * Source: Amazon EC2 Auto Scaling user guide, ec2-auto-scaling-lifecycle, lifecycle-hooks, warm-pool-instance-lifecycle.
 *
 * Starts when EC2 took the launch; ends when the instance is terminated or detached. `wake` asks the group to look at
 * itself again.
 */
import type { LifecycleHook } from '@aws-sdk/client-auto-scaling';
import { awsError } from '../kernel/aws-error.ts';
import type { RandomStream } from '../kernel/random.ts';
import type { Actor } from '../observation.ts';
import type { Instance, Range, World } from '../world.ts';
import type { Activities } from './activities.ts';
import { launchDied } from './back-off.ts';
import { announceActivity, announceHook, type Transition } from './events.ts';
import {
  type Group,
  type HookWait,
  isPending,
  isTerminating,
  isWarmed,
  type LifecycleState,
  type Member,
  type PoolRest,
  stamp,
} from './group.ts';
import type { GroupStore } from './group-store.ts';
import { joinTargetGroups, leaveTargetGroups } from './target-groups.ts';

const AUTO_SCALING: Actor = { kind: 'aws', name: 'auto-scaling' };
/** EC2 running → InService without a hook; activities of groups without hooks end seconds after the boot. */
const SETTLE_SECONDS: Range = [1, 4];
/** How soon Auto Scaling learns of an instance that no longer runs; "at once" in its guide, seconds in practice. */
const NOTICE_SECONDS: Range = [2, 30];
const MOST_HOOK_SECONDS = 172_800;

export class Lifecycle {
  readonly #world: World;
  readonly #store: GroupStore;
  readonly #activities: Activities;
  readonly #wake: (group: Group) => void;
  readonly #random: RandomStream;

  constructor(world: World, store: GroupStore, activities: Activities, wake: (group: Group) => void) {
    this.#world = world;
    this.#store = store;
    this.#activities = activities;
    this.#wake = wake;
    this.#random = world.random.stream('auto-scaling/lifecycle');
  }

  /** EC2 says that an instance changed state. */
  onInstanceState(instance: Instance): void {
    const group = this.#store.groupOfInstance(instance.instanceId);
    const member = group?.members.get(instance.instanceId);
    if (!group || !member || instance.state === 'pending') return;
    const { lifecycleState: state } = member;
    if (isTerminating(member)) {
      if (instance.state === 'terminated' && !state.endsWith(':Wait')) this.#terminated(group, member);
    } else if (instance.state === 'running') {
      if (state === 'Pending' || state === 'Warmed:Pending')
        this.#soon(SETTLE_SECONDS, () => this.#launched(group, member));
    } else if (isWarmed(member)) {
      this.#warmedStateChanged(group, member, instance);
    } else if (isPending(member)) {
      this.#soon(NOTICE_SECONDS, () => this.#diedWhilePending(group, member));
    } else if (state === 'InService') {
      this.#soon(NOTICE_SECONDS, () => {
        if (!group.members.has(member.instanceId)) return;
        group.suspects.add(member.instanceId);
        this.#wake(group);
      });
    }
  }

  /** Begins the end of a member; nothing when it is ending already. */
  terminate(group: Group, member: Member, actor: Actor, cause: string): void {
    if (isTerminating(member)) return;
    const wasPending = isPending(member) || member.lifecycleState.startsWith('Warmed:Pending');
    this.#dropWaits(member);
    member.endedBy = actor;
    member.warmPool = null;
    if (wasPending)
      this.#activities.end(member.activity, 'Cancelled', 'Instance was terminated before it was in service');
    const what = isWarmed(member) ? 'Terminating EC2 instance from warm pool' : 'Terminating EC2 instance';
    member.activity = this.#activities.start(group, `${what}: ${member.instanceId}`, cause, {
      subnetId: this.#world.ec2.instance(member.instanceId)?.subnetId,
      zone: member.zone,
    });
    this.#goOut(group, member);
  }

  /**
   * Back into the warm pool instead of an end: the hooks of a termination hold it at "the `Warmed:Pending:Wait` state" (Auto
   * Scaling user guide, warm-pool-instance-lifecycle); that the launch hooks are not run again is UNCONFIRMED.
   */
  returnToPool(group: Group, member: Member, actor: Actor, cause: string): void {
    if (isTerminating(member)) return;
    member.endedBy = actor;
    member.warmPool = 'returns';
    const description = `Moving EC2 instance to warm pool: ${member.instanceId}`;
    member.activity = this.#activities.start(group, description, cause, { zone: member.zone });
    this.#goOut(group, member);
  }

  /** Out of the warm pool towards service: the hooks of a launch run again (warm-pool-instance-lifecycle). */
  pullOut(group: Group, member: Member, actor: Actor, cause: string): void {
    const wasRunning = member.lifecycleState === 'Warmed:Running';
    const description = `Launching a new EC2 instance from warm pool: ${member.instanceId}`;
    member.activity = this.#activities.start(group, description, cause, { zone: member.zone });
    member.activity.StatusCode = 'PreInService';
    member.warmPool = 'came';
    member.protectedFromScaleIn = group.newInstancesProtected;
    this.#store.enter(group, member, 'Pending');
    if (wasRunning) this.#soon(SETTLE_SECONDS, () => this.#launched(group, member));
    else this.#world.ec2.start(member.instanceId, actor);
  }

  /** Everything that still waits in the pool's hooks goes at once: a forced deletion of the pool. */
  dropFromPool(group: Group, member: Member, actor: Actor, cause: string): void {
    this.terminate(group, member, actor, cause);
    if (member.lifecycleState !== 'Warmed:Terminating:Wait') return;
    this.#dropWaits(member);
    this.#store.enter(group, member, 'Warmed:Terminating:Proceed');
    this.#end(group, member);
  }

  /** A captured member that was on its way goes on, its hooks' time beginning anew. */
  adopt(group: Group, member: Member): void {
    if (isTerminating(member)) {
      this.#hold(group, member, 'terminate');
      if (member.waits.size === 0) this.#end(group, member);
    } else if (this.#world.ec2.instance(member.instanceId)?.state === 'running') {
      if (isPending(member)) member.lifecycleState = 'Pending';
      else if (member.lifecycleState.startsWith('Warmed:Pending')) member.lifecycleState = 'Warmed:Pending';
      else return;
      this.#launched(group, member);
    }
  }

  /**
   * CompleteLifecycleAction. A CONTINUE ends this hook's wait; ABANDON ends all of them. A launch that is abandoned is
   * terminated and replaced; a termination goes on either way.
   *
   * @throws `ValidationError` when this hook does not hold the instance
   */
  complete(
    group: Group,
    instanceId: string | undefined,
    hookName: string,
    token: string | undefined,
    result: string,
  ): void {
    const { member, wait } = this.#waiting(group, instanceId, hookName, token);
    this.#released(group, member, wait, result);
  }

  /** @throws `ValidationError` when this hook does not hold the instance */
  heartbeat(group: Group, instanceId: string | undefined, hookName: string, token: string | undefined): void {
    const { member, wait } = this.#waiting(group, instanceId, hookName, token);
    this.#arm(group, member, wait);
  }

  #waiting(group: Group, instanceId: string | undefined, hookName: string, token: string | undefined) {
    for (const member of instanceId === undefined
      ? group.members.values()
      : [group.members.get(instanceId)]) {
      const wait = member?.waits.get(hookName);
      if (member && wait && (token === undefined || token === wait.token)) return { member, wait };
    }
    throw awsError(
      'ValidationError',
      instanceId === undefined
        ? `No active Lifecycle Action found with token ${token ?? ''}`
        : `No active Lifecycle Action found with instance ID ${instanceId}`,
    );
  }

  #released(group: Group, member: Member, wait: HookWait, result: string): void {
    if (member.waits.get(wait.hook.LifecycleHookName ?? '') !== wait) return;
    this.#world.clock.cancel(wait.timer);
    member.waits.delete(wait.hook.LifecycleHookName ?? '');
    const abandoned = result === 'ABANDON';
    if (isTerminating(member) || member.warmPool === 'returns') {
      if (abandoned) this.#dropWaits(member);
      if (member.waits.size > 0) return;
      this.#enter(group, member, isTerminating(member) ? 'Terminating:Proceed' : 'Pending:Proceed');
      this.#end(group, member);
    } else if (abandoned) {
      this.#abandon(group, member, wait);
    } else if (member.waits.size === 0) {
      this.#enter(group, member, 'Pending:Proceed');
      this.#soon([0.5, 2], () => this.#ready(group, member));
    }
  }

  /** A launch that is abandoned: the group "automatically terminates and replaces the instance" (lifecycle-hooks). */
  #abandon(group: Group, member: Member, wait: HookWait): void {
    this.#dropWaits(member);
    const launch = member.activity;
    member.activity = undefined;
    this.#activities.end(
      launch,
      'Cancelled',
      `Instance failed to complete user's Lifecycle Action: Lifecycle Action with token ${wait.token} was abandoned: Lifecycle Action Completed with ABANDON Result`,
    );
    announceActivity(this.#world, group, member, launch, 'launch', 'Unsuccessful');
    launchDied(group, this.#world.clock.nowMs);
    const cause = `At ${stamp(this.#world.clock.nowMs)} an instance was taken out of service in response to a launch lifecycle action that was abandoned.`;
    this.terminate(group, member, AUTO_SCALING, cause);
  }

  #dropWaits(member: Member): void {
    for (const wait of member.waits.values()) this.#world.clock.cancel(wait.timer);
    member.waits.clear();
  }

  #goOut(group: Group, member: Member): void {
    if (member.warmPool === 'returns') this.#store.enter(group, member, 'Warmed:Pending');
    else this.#enter(group, member, 'Terminating');
    leaveTargetGroups(this.#world, group, member);
    this.#hold(group, member, 'terminate');
    // Whoever heard of the hook may have ended its wait already, and the member has gone on by itself.
    if (/(Terminating|Pending)$/.test(member.lifecycleState)) this.#end(group, member);
    this.#wake(group);
  }

  #launched(group: Group, member: Member): void {
    const { lifecycleState: state } = member;
    if (state !== 'Pending' && state !== 'Warmed:Pending') return;
    if (member.warmPool !== 'returns') this.#hold(group, member, 'launch');
    if (member.lifecycleState === state) this.#ready(group, member);
  }

  #ready(group: Group, member: Member): void {
    if (isTerminating(member)) return;
    if (isWarmed(member)) this.#rest(group, member);
    else this.#inService(group, member);
  }

  #inService(group: Group, member: Member): void {
    if (!isPending(member)) return;
    member.inServiceAtMs = this.#world.clock.nowMs;
    this.#activities.end(member.activity, 'Successful');
    this.#store.enter(group, member, 'InService');
    joinTargetGroups(this.#world, group, member);
    announceActivity(this.#world, group, member, member.activity, 'launch', 'Successful');
    member.activity = undefined;
    member.warmPool = null;
    group.launchFailures = 0;
    group.failingSinceMs = null;
    this.#wake(group);
  }

  /** The pool's instance has done its work: it stops, hibernates or runs on, as the pool's state says. */
  #rest(group: Group, member: Member): void {
    if (restOf(group) === 'Warmed:Running') this.#resting(group, member, 'Warmed:Running');
    else this.#world.ec2.stop(member.instanceId, AUTO_SCALING);
  }

  #resting(group: Group, member: Member, state: PoolRest): void {
    this.#activities.end(member.activity, 'Successful');
    this.#store.enter(group, member, state);
    announceActivity(this.#world, group, member, member.activity, 'launch', 'Successful');
    member.activity = undefined;
    member.warmPool = null;
    this.#wake(group);
  }

  #warmedStateChanged(group: Group, member: Member, instance: Instance): void {
    const isOnItsWay = member.lifecycleState.startsWith('Warmed:Pending');
    if (instance.state === 'stopping') return;
    if (instance.state === 'stopped' && isOnItsWay) {
      const rest = restOf(group);
      this.#resting(group, member, rest === 'Warmed:Running' ? 'Warmed:Stopped' : rest);
    } else if (instance.state === 'terminated' || instance.state === 'shutting-down') {
      this.#soon(NOTICE_SECONDS, () => {
        if (!group.members.has(member.instanceId) || isTerminating(member)) return;
        this.#activities.end(member.activity, 'Failed', 'Instance was terminated while in the warm pool');
        this.#store.enter(group, member, 'Warmed:Terminated');
        this.#store.removeMember(group, member);
        this.#wake(group);
      });
    }
  }

  /** The instance went away before it was in service: the launch failed, in the words of what EC2 says of it. */
  #diedWhilePending(group: Group, member: Member): void {
    if (!isPending(member)) return;
    const why = this.#world.ec2.stateReason(member.instanceId) ?? 'Client.UserInitiatedShutdown';
    this.#activities.end(
      member.activity,
      'Failed',
      `Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: ${why}`,
    );
    announceActivity(this.#world, group, member, member.activity, 'launch', 'Unsuccessful');
    launchDied(group, this.#world.clock.nowMs);
    this.#store.enter(group, member, 'Terminated');
    this.#store.removeMember(group, member);
    this.#world.ec2.terminate(member.instanceId, AUTO_SCALING);
    this.#wake(group);
  }

  #end(group: Group, member: Member): void {
    const instance = this.#world.ec2.instance(member.instanceId);
    if (member.warmPool === 'returns' && instance?.state === 'running') {
      this.#rest(group, member);
    } else if (!instance || instance.state === 'terminated') this.#terminated(group, member);
    else {
      leaveTargetGroups(this.#world, group, member, () =>
        this.#world.ec2.terminate(member.instanceId, member.endedBy ?? AUTO_SCALING),
      );
    }
  }

  #terminated(group: Group, member: Member): void {
    this.#activities.end(member.activity, 'Successful');
    announceActivity(this.#world, group, member, member.activity, 'terminate', 'Successful');
    this.#enter(group, member, 'Terminated');
    this.#store.removeMember(group, member);
    this.#wake(group);
  }

  /** In the pool the states carry its prefix. */
  #enter(
    group: Group,
    member: Member,
    state:
      | 'Pending:Wait'
      | 'Pending:Proceed'
      | 'Terminating'
      | 'Terminating:Wait'
      | 'Terminating:Proceed'
      | 'Terminated',
  ): void {
    const entered: LifecycleState = isWarmed(member) ? `Warmed:${state}` : state;
    this.#store.enter(group, member, entered);
  }

  /** Puts all hooks of this transition on the member; it waits for every one of them. */
  #hold(group: Group, member: Member, transition: Transition): void {
    const name = `autoscaling:EC2_INSTANCE_${transition === 'launch' ? 'LAUNCHING' : 'TERMINATING'}`;
    const hooks = [...group.hooks.values()].filter((hook) => hook.LifecycleTransition === name);
    if (hooks.length === 0) return;
    const isComing = transition === 'launch' || member.warmPool === 'returns';
    const waits = hooks.map((hook) => this.#newWait(hook));
    for (const wait of waits) member.waits.set(wait.hook.LifecycleHookName ?? '', wait);
    if (member.activity) member.activity.StatusCode = 'MidLifecycleAction';
    this.#enter(group, member, isComing ? 'Pending:Wait' : 'Terminating:Wait');
    for (const wait of waits) {
      // Whoever was told of the state may have completed it at once.
      if (member.waits.get(wait.hook.LifecycleHookName ?? '') !== wait) continue;
      this.#arm(group, member, wait);
      announceHook(this.#world, group, member, wait, transition);
    }
  }

  #newWait(hook: LifecycleHook): HookWait {
    const latestMs = this.#world.clock.nowMs + globalTimeoutSeconds(hook) * 1000;
    const random = this.#random;
    const token = `${random.hex(8)}-${random.hex(4)}-4${random.hex(3)}-9${random.hex(3)}-${random.hex(12)}`;
    return { hook, token, latestMs, timer: undefined };
  }

  /** A heartbeat starts the hook's own time anew, within the global one. */
  #arm(group: Group, member: Member, wait: HookWait): void {
    this.#world.clock.cancel(wait.timer);
    const heartbeatMs = (wait.hook.HeartbeatTimeout ?? 3600) * 1000;
    wait.timer = this.#world.clock.at(Math.min(this.#world.clock.nowMs + heartbeatMs, wait.latestMs), () =>
      this.#released(group, member, wait, wait.hook.DefaultResult ?? 'ABANDON'),
    );
  }

  #soon(seconds: Range, run: () => void): void {
    this.#world.clock.after(this.#random.between(seconds) * 1000, run);
  }
}

/** "48 hours or 100 times the heartbeat timeout, whichever is smaller" (user guide, lifecycle-hooks). */
export function globalTimeoutSeconds(hook: LifecycleHook): number {
  return Math.min(MOST_HOOK_SECONDS, 100 * (hook.HeartbeatTimeout ?? 3600));
}

/** Source: API reference, PutWarmPool: "Default is Stopped". */
function restOf(group: Group): PoolRest {
  const state = group.warmPool?.PoolState;
  return state === 'Running' || state === 'Hibernated' ? `Warmed:${state}` : 'Warmed:Stopped';
}
