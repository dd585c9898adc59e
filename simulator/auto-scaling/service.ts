/**
 * Amazon EC2 Auto Scaling of the account: groups that keep their size, their zones and their health by themselves, and
 * the calls that change what they keep.
 *
 * Starts with `seed()`, when all services exist; never ends before the account. Groups are not created or deleted here:
 * they are the capture's.
 */
import type {
  CancelInstanceRefreshType,
  DescribeInstanceRefreshesType,
  LifecycleHook,
  RollbackInstanceRefreshType,
  StartInstanceRefreshType,
} from '@aws-sdk/client-auto-scaling';
import type { Capture } from '../capture/capture.ts';
import type { Actor } from '../observation.ts';
import type { GroupTruth } from '../truth.ts';
import type { AutoScalingPort, Call, GroupCapacity, Instance, World } from '../world.ts';
import { Activities } from './activities.ts';
import {
  activeRefresh,
  type Group,
  isPending,
  isSuspended,
  isTerminating,
  isWarmed,
  readyAtMs,
  zoneCounts,
} from './group.ts';
import { GroupApi } from './group-api.ts';
import { GroupStore } from './group-store.ts';
import { HookApi } from './hook-api.ts';
import { InstanceApi } from './instance-api.ts';
import { LaunchApi } from './launch-api.ts';
import { launchImages } from './launch-source.ts';
import { Launcher } from './launcher.ts';
import { Lifecycle } from './lifecycle.ts';
import { Reconciler } from './reconciler.ts';
import {
  cancelRefresh,
  describeRefreshes,
  ownConfiguration,
  rollBackRefresh,
  startRefresh,
} from './refresh.ts';
import { ScalingPolicies } from './scaling-policies.ts';
import { ScheduledActions } from './scheduled-actions.ts';
import { groupsOf } from './seed.ts';
import { Sizes } from './sizes.ts';
import { sortedJson } from './sorted-json.ts';
import { WarmPools } from './warm-pool.ts';

const OUTSIDE: Actor = { kind: 'fault', name: 'outside' };

export class AutoScalingService implements AutoScalingPort {
  readonly #world: World;
  readonly #capture: Capture;
  readonly #store: GroupStore;
  readonly #activities: Activities;
  readonly #reconciler: Reconciler;
  readonly #lifecycle: Lifecycle;
  readonly #sizes: Sizes;
  readonly #scheduled: ScheduledActions;
  readonly #groupApi: GroupApi;
  readonly #policies: ScalingPolicies;
  readonly #hooks: HookApi;

  constructor(world: World, capture: Capture) {
    this.#world = world;
    this.#capture = capture;
    const wake = (group: Group) => this.#reconciler.wake(group);
    this.#store = new GroupStore(world);
    this.#activities = new Activities(world);
    const launcher = new Launcher(world, this.#store, this.#activities);
    const lifecycle = () => this.#lifecycle;
    const pools = new WarmPools(world, this.#store, launcher, lifecycle, wake);
    this.#reconciler = new Reconciler(world, {
      store: this.#store,
      activities: this.#activities,
      launcher,
      pools,
      lifecycle,
    });
    this.#lifecycle = new Lifecycle(world, this.#store, this.#activities, wake);
    this.#sizes = new Sizes(world, this.#store, this.#activities, wake);
    this.#scheduled = new ScheduledActions(world, this.#store, this.#sizes);
    const { scalingPolicies } = capture.autoScaling;
    this.#policies = new ScalingPolicies(world, this.#store, scalingPolicies, (group, desired) =>
      this.setDesiredCapacity(group.name, desired, { kind: 'aws', name: 'scaling-policy' }),
    );
    this.#groupApi = new GroupApi(world, this.#store, this.#sizes, scalingPolicies, {
      wake,
      resumed: (group) => this.#policies.resumed(group),
    });
    const instances = new InstanceApi(world, {
      store: this.#store,
      sizes: this.#sizes,
      activities: this.#activities,
      lifecycle: this.#lifecycle,
      wake,
    });
    this.#hooks = new HookApi(world.clock, this.#store, this.#lifecycle);
    this.#register(
      instances,
      new LaunchApi(world, { store: this.#store, sizes: this.#sizes, launcher }),
      pools,
    );
    world.signals.onInstanceState((instance: Instance) => this.#lifecycle.onInstanceState(instance));
  }

  /** The groups of the capture; what is unbalanced or missing in them is dealt with from the first seconds on. */
  seed(): void {
    this.#policies.seed();
    for (const group of groupsOf(this.#world, this.#capture)) {
      this.#store.add(group);
      for (const member of group.members.values()) {
        const state = this.#world.ec2.instance(member.instanceId)?.state;
        if (state !== undefined && state !== 'running' && state !== 'pending' && !isWarmed(member))
          group.suspects.add(member.instanceId);
        this.#world.record({
          kind: 'lifecycle',
          instanceId: member.instanceId,
          group: group.name,
          lifecycleState: member.lifecycleState,
        });
      }
      const onTheirWay = [...group.members.values()].filter(
        (member) =>
          isPending(member) || isTerminating(member) || member.lifecycleState.startsWith('Warmed:Pending'),
      );
      // Once everybody else is seeded too.
      this.#world.clock.after(0, () => {
        for (const member of onTheirWay) this.#lifecycle.adopt(group, member);
      });
      this.#scheduled.seed(group);
      this.#hooks.seed(group);
      this.#reconciler.wake(group);
    }
  }

  membership(instanceId: string): { readonly group: string; readonly lifecycleState: string } | undefined {
    const group = this.#store.groupOfInstance(instanceId);
    const member = group?.members.get(instanceId);
    return group && member && { group: group.name, lifecycleState: member.lifecycleState };
  }

  /** Not before the grace period is over: it holds for all checks but that of the instance's state. */
  considerUnhealthy(instanceId: string): void {
    const group = this.#store.groupOfInstance(instanceId);
    const member = group?.members.get(instanceId);
    if (!group || !member) return;
    const nowMs = this.#world.clock.nowMs;
    const graceEndsMs = readyAtMs(member, group.base.HealthCheckGracePeriod ?? 0) ?? nowMs;
    if (graceEndsMs > nowMs) {
      this.#world.clock.at(graceEndsMs, () => this.considerUnhealthy(instanceId));
      return;
    }
    group.suspects.add(instanceId);
    this.#reconciler.wake(group);
  }

  considerAtRisk(instanceId: string): void {
    const group = this.#store.groupOfInstance(instanceId);
    const member = group?.members.get(instanceId);
    if (group && member) this.#reconciler.leaveSpot(group, member);
  }

  isProtectedFromScaleIn(instanceId: string): boolean {
    return this.#store.groupOfInstance(instanceId)?.members.get(instanceId)?.protectedFromScaleIn ?? false;
  }

  /** Managed termination protection takes it off empty hosts; somebody else may put it on. */
  setProtection(instanceId: string, isProtected: boolean, actor: Actor): void {
    const group = this.#store.groupOfInstance(instanceId);
    const member = group?.members.get(instanceId);
    if (!group || !member || member.protectedFromScaleIn === isProtected) return;
    member.protectedFromScaleIn = isProtected;
    group.saidAllProtected = false;
    this.#store.memberChanged(group, member);
    this.#store.changed(group, actor);
    this.#reconciler.wake(group);
  }

  groupOfArn(arn: string): string | undefined {
    const name = arn.split('autoScalingGroupName/')[1];
    return this.#store.all().find((group) => group.arn === arn)?.name ?? this.#store.find(name)?.name;
  }

  completeLifecycleAction(instanceId: string, hookName: string, result: 'CONTINUE' | 'ABANDON'): void {
    const group = this.#store.groupOfInstance(instanceId);
    if (!group?.members.get(instanceId)?.waits.has(hookName)) return;
    this.#lifecycle.complete(group, instanceId, hookName, undefined, result);
  }

  recordLifecycleActionHeartbeat(instanceId: string, hookName: string): void {
    const group = this.#store.groupOfInstance(instanceId);
    if (group?.members.get(instanceId)?.waits.has(hookName))
      this.#lifecycle.heartbeat(group, instanceId, hookName, undefined);
  }

  /**
   * As a scaling policy does it: within the bounds, and not while AlarmNotification is suspended (Auto Scaling user
   * guide, as-suspend-resume-processes).
   */
  setDesiredCapacity(name: string, desired: number, actor: Actor): void {
    const group = this.#store.find(name);
    if (!group || isSuspended(group, 'AlarmNotification')) return;
    const within = Math.min(group.maxSize, Math.max(group.minSize, desired));
    if (within === group.desiredCapacity) return;
    this.#sizes.explicit(group, within, actor, 'a monitor alarm triggered a policy');
  }

  capacityOf(name: string): GroupCapacity | undefined {
    const group = this.#store.find(name);
    if (!group) return undefined;
    let [members, lastLaunchMs] = [0, Number.NEGATIVE_INFINITY];
    for (const member of group.members.values()) {
      if (member.lifecycleState !== 'InService' && !isPending(member)) continue;
      members++;
      lastLaunchMs = Math.max(lastLaunchMs, member.launchedAtMs);
    }
    const { minSize, maxSize, desiredCapacity, newInstancesProtected } = group;
    return { minSize, maxSize, desiredCapacity, members, lastLaunchMs, newInstancesProtected };
  }

  putLifecycleHook(name: string, hook: LifecycleHook, actor: Actor): void {
    const group = this.#store.find(name);
    if (!group || group.hooks.has(hook.LifecycleHookName ?? '')) return;
    const input = { LifecycleHookName: hook.LifecycleHookName, ...hook, AutoScalingGroupName: name };
    this.#hooks.putLifecycleHook(input, { functionName: actor.name, actor, lagMs: 0 });
  }

  deleteLifecycleHook(name: string, hookName: string, actor: Actor): void {
    const input = { AutoScalingGroupName: name, LifecycleHookName: hookName };
    if (this.#store.find(name)?.hooks.has(hookName))
      this.#hooks.deleteLifecycleHook(input, { functionName: actor.name, actor, lagMs: 0 });
  }

  /** Managed scaling takes hosts away, as far as the minimum and AlarmNotification allow. */
  scaleIn(name: string, by = 1, actor: Actor = { kind: 'aws', name: 'managed-scaling' }): void {
    const group = this.#store.find(name);
    if (group) this.setDesiredCapacity(name, group.desiredCapacity - by, actor);
  }

  /** Zones are evened out now, unless AZRebalance is suspended. */
  rebalance(name: string): void {
    this.#reconciler.rebalanceNow(this.#store.get(name));
  }

  /**
   * With the group's own template as desired configuration, so that template updates are refused until it is over;
   * without one where AWS takes none.
   */
  startInstanceRefresh(name: string, actor: Actor = OUTSIDE): void {
    const group = this.#store.get(name);
    const DesiredConfiguration = ownConfiguration(this.#world, group);
    startRefresh(
      this.#world,
      group,
      { AutoScalingGroupName: name, ...(DesiredConfiguration && { DesiredConfiguration }) },
      actor,
    );
    this.#reconciler.wake(group);
  }

  /** A daily action, first due at `atMs`; it stays listed. */
  putScheduledAction(name: string, desired: number, atMs: number): void {
    const at = new Date(atMs);
    this.#scheduled.put({
      AutoScalingGroupName: name,
      ScheduledActionName: `scheduled-${atMs}`,
      StartTime: at,
      Recurrence: `${at.getUTCMinutes()} ${at.getUTCHours()} * * *`,
      DesiredCapacity: desired,
    });
  }

  /**
   * The group's owner brings another image: a new version of its template, and the reference moved to it as far as the
   * form of reference asks for it (a number: the group's; `$Default`: the template's; `$Latest` follows by itself).
   */
  changeLaunchTemplate(name: string, imageId: string, actor: Actor = OUTSIDE): void {
    const group = this.#store.get(name);
    const mixed = group.source.MixedInstancesPolicy?.LaunchTemplate;
    const specification = mixed?.LaunchTemplateSpecification ?? group.source.LaunchTemplate;
    if (!specification) return;
    const reference = specification.Version ?? '$Default';
    const version = this.#world.ec2.newTemplateVersion(specification, reference, imageId);
    if (reference === '$Default') this.#world.ec2.setDefaultTemplateVersion(specification, version);
    // What UpdateAutoScalingGroup refuses, its owner cannot do either.
    else if (reference !== '$Latest' && !activeRefresh(group)?.shape.DesiredConfiguration) {
      const LaunchTemplateSpecification = { ...specification, Version: version };
      group.source = mixed
        ? {
            MixedInstancesPolicy: {
              ...group.source.MixedInstancesPolicy,
              LaunchTemplate: { ...mixed, LaunchTemplateSpecification },
            },
          }
        : { LaunchTemplate: LaunchTemplateSpecification };
    }
    this.#store.changed(group, actor);
  }

  groups(): GroupTruth[] {
    return this.#store.all().map((group) => ({
      group: group.name,
      minSize: group.minSize,
      maxSize: group.maxSize,
      desiredCapacity: group.desiredCapacity,
      suspendedProcesses: [...group.suspended.keys()].sort(),
      newInstancesProtectedFromScaleIn: group.newInstancesProtected,
      launchSource: sortedJson(group.source),
      launchImages: launchImages(this.#world, group),
      warmPool: group.warmPool ? sortedJson(group.warmPool) : null,
      tags: Object.fromEntries([...group.tags.values()].map(({ Key, Value }) => [Key ?? '', Value ?? ''])),
      instanceIds: [...group.members.values()]
        .filter((member) => !isWarmed(member))
        .map(({ instanceId }) => instanceId),
    }));
  }

  /** Counted members by zone, for those who watch. */
  zoneCounts(name: string): ReadonlyMap<string, number> {
    return zoneCounts(this.#store.get(name));
  }

  #cancelInstanceRefresh(input: CancelInstanceRefreshType) {
    const group = this.#store.getOwn(input.AutoScalingGroupName);
    const InstanceRefreshId = cancelRefresh(this.#world, group, input.WaitForTransitioningInstances ?? true);
    this.#reconciler.wake(group);
    return { InstanceRefreshId };
  }

  #rollbackInstanceRefresh(input: RollbackInstanceRefreshType) {
    const group = this.#store.getOwn(input.AutoScalingGroupName);
    const InstanceRefreshId = rollBackRefresh(this.#world, group);
    this.#reconciler.wake(group);
    return { InstanceRefreshId };
  }

  #startInstanceRefresh(input: StartInstanceRefreshType, call: Call) {
    const group = this.#store.getOwn(input.AutoScalingGroupName);
    const InstanceRefreshId = startRefresh(this.#world, group, input, call.actor);
    this.#reconciler.wake(group);
    return { InstanceRefreshId };
  }

  #register(instances: InstanceApi, launches: LaunchApi, pools: WarmPools): void {
    const hooks = this.#hooks;
    const groups = this.#groupApi;
    const scheduled = this.#scheduled;
    this.#world.registry.register('AutoScaling', {
      DescribeAutoScalingGroups: groups.describeAutoScalingGroups.bind(groups),
      UpdateAutoScalingGroup: groups.updateAutoScalingGroup.bind(groups),
      SetDesiredCapacity: groups.setDesiredCapacity.bind(groups),
      SuspendProcesses: groups.suspendProcesses.bind(groups),
      ResumeProcesses: groups.resumeProcesses.bind(groups),
      CreateOrUpdateTags: groups.createOrUpdateTags.bind(groups),
      DeleteTags: groups.deleteTags.bind(groups),
      DescribeTags: groups.describeTags.bind(groups),
      DescribePolicies: groups.describePolicies.bind(groups),
      DescribeWarmPool: pools.describe.bind(pools),
      PutWarmPool: pools.put.bind(pools),
      DeleteWarmPool: pools.delete.bind(pools),
      DescribeAutoScalingInstances: instances.describeAutoScalingInstances.bind(instances),
      TerminateInstanceInAutoScalingGroup: instances.terminateInstanceInAutoScalingGroup.bind(instances),
      SetInstanceProtection: instances.setInstanceProtection.bind(instances),
      SetInstanceHealth: instances.setInstanceHealth.bind(instances),
      AttachInstances: instances.attachInstances.bind(instances),
      DetachInstances: instances.detachInstances.bind(instances),
      EnterStandby: instances.enterStandby.bind(instances),
      ExitStandby: instances.exitStandby.bind(instances),
      LaunchInstances: launches.launchInstances.bind(launches),
      DescribeLifecycleHooks: hooks.describeLifecycleHooks.bind(hooks),
      PutLifecycleHook: hooks.putLifecycleHook.bind(hooks),
      DeleteLifecycleHook: hooks.deleteLifecycleHook.bind(hooks),
      CompleteLifecycleAction: hooks.completeLifecycleAction.bind(hooks),
      RecordLifecycleActionHeartbeat: hooks.recordLifecycleActionHeartbeat.bind(hooks),
      DescribeScheduledActions: scheduled.describe.bind(scheduled),
      PutScheduledUpdateGroupAction: scheduled.put.bind(scheduled),
      DeleteScheduledAction: scheduled.delete.bind(scheduled),
      DescribeScalingActivities: (input: { AutoScalingGroupName?: string }, call: Call) =>
        this.#activities.describe(
          input.AutoScalingGroupName === undefined
            ? this.#store.all()
            : [this.#store.get(input.AutoScalingGroupName)],
          input,
          call.lagMs,
        ),
      DescribeInstanceRefreshes: (input: DescribeInstanceRefreshesType, call: Call) =>
        describeRefreshes(this.#store.get(input.AutoScalingGroupName), input, call.lagMs),
      StartInstanceRefresh: (input: StartInstanceRefreshType, call: Call) =>
        this.#startInstanceRefresh(input, call),
      CancelInstanceRefresh: (input: CancelInstanceRefreshType) => this.#cancelInstanceRefresh(input),
      RollbackInstanceRefresh: (input: RollbackInstanceRefreshType) => this.#rollbackInstanceRefresh(input),
    });
  }
}
