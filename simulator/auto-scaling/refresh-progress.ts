/**
 * How an instance refresh goes on: as many at a time as its healthy bounds allow, waiting for warm-up, checkpoints,
 * protected and standby instances; blind to ECS.
 * Source: Amazon EC2 Auto Scaling user guide, instance-refresh-overview, asg-adding-checkpoints-instance-refresh; API
 * reference, RefreshPreferences.
 */
import type { World } from '../world.ts';
import { announceRefresh } from './events.ts';
import {
  activeRefresh,
  type Group,
  isPending,
  isSuspended,
  isTerminating,
  isWarmed,
  launchSourceOf,
  type Member,
  type Refresh,
  readyAtMs,
  stamp,
  warmupSeconds,
} from './group.ts';
import type { GroupStore } from './group-store.ts';
import { describedSource, isLaunchedFrom } from './launch-source.ts';
import type { Lifecycle } from './lifecycle.ts';
import { beginRollback, endRefresh } from './refresh.ts';
import { plannedReplacements, roomOf, surgeVictims } from './replacing.ts';
import type { Surges } from './surges.ts';
import type { WarmPools } from './warm-pool.ts';

/** "keeps retrying for an hour … If the problem persists after an hour, the operation fails" (asg-instance-refresh). */
const STUCK_MS = 3_600_000;
/** "The maximum amount of time that an instance refresh can continue to actively replace instances is 14 days." */
const LONGEST_MS = 14 * 86_400_000;
const WHY = 'an instance refresh';

export class RefreshProgress {
  readonly #world: World;
  readonly #store: GroupStore;
  readonly #surges: Surges;
  readonly #pools: WarmPools;
  readonly #lifecycle: () => Lifecycle;

  constructor(world: World, store: GroupStore, surges: Surges, pools: WarmPools, lifecycle: () => Lifecycle) {
    this.#world = world;
    this.#store = store;
    this.#surges = surges;
    this.#pools = pools;
    this.#lifecycle = lifecycle;
  }

  /** One look at the group's active refresh. */
  advance(group: Group): void {
    const refresh = activeRefresh(group);
    if (!refresh) return;
    if (refresh.shape.Status === 'Cancelling') {
      this.#finishCancelling(group, refresh);
      return;
    }
    // "InstanceRefresh does not replace instances" while any of the three is suspended.
    if (isSuspended(group, 'InstanceRefresh', 'Terminate', 'Launch')) return;
    const nowMs = this.#world.clock.nowMs;
    if (refresh.shape.Status === 'Pending') {
      refresh.shape = { ...refresh.shape, Status: 'InProgress' };
      refresh.lastProgressMs = nowMs;
      announceRefresh(this.#world, group, 'Started', refresh.shape.InstanceRefreshId);
    }
    const alarm = this.#soundingAlarm(refresh);
    if (alarm !== undefined) {
      this.#fail(group, refresh, `The CloudWatch alarm ${alarm} is in ALARM.`);
      return;
    }
    if (refresh.shape.Status === 'Baking') {
      if (nowMs >= refresh.waitsUntilMs) this.#succeed(group, refresh);
      return;
    }
    this.#count(group, refresh, nowMs);
    if (this.#isDone(group, refresh, nowMs)) {
      this.#complete(group, refresh, nowMs);
    } else if (nowMs - (refresh.shape.StartTime?.getTime() ?? nowMs) > LONGEST_MS) {
      this.#fail(group, refresh, 'The instance refresh exceeded the maximum duration of 14 days.');
    } else if (nowMs < refresh.waitsUntilMs) {
      refresh.lastProgressMs = nowMs;
    } else if (nowMs - refresh.lastProgressMs > STUCK_MS) {
      this.#fail(group, refresh, 'The instance refresh made no progress for an hour.');
    } else {
      this.#replace(group, refresh, nowMs);
    }
  }

  /** "If any of the alarms goes into ALARM state, the instance refresh fails" (CDK reference, InstanceRefreshOptions). */
  #soundingAlarm(refresh: Refresh): string | undefined {
    if (refresh.shape.Status === 'RollbackInProgress') return undefined;
    const { Alarms = [] } = refresh.shape.Preferences?.AlarmSpecification ?? {};
    return Alarms.find((name) => this.#world.alarms.stateOf(name) === 'ALARM');
  }

  /** When it is worth a look again. */
  nextLookMs(group: Group): number | undefined {
    const refresh = activeRefresh(group);
    if (!refresh) return undefined;
    if (refresh.shape.Status !== 'Cancelling' && isSuspended(group, 'InstanceRefresh', 'Terminate', 'Launch'))
      return undefined;
    const soonMs = this.#world.clock.nowMs + 30_000;
    return refresh.shape.Preferences?.AlarmSpecification ? soonMs : Math.max(soonMs, refresh.waitsUntilMs);
  }

  /** Members that went, however they went, need no replacement any more. */
  #count(group: Group, refresh: Refresh, nowMs: number): void {
    const { StandbyInstances: standby, ScaleInProtectedInstances: guarded } = refresh.shape.Preferences ?? {};
    const before = refresh.remaining.size;
    for (const id of refresh.remaining) {
      const member = group.members.get(id);
      const isIgnored =
        (member?.lifecycleState === 'Standby' && standby === 'Ignore') ||
        (member?.protectedFromScaleIn && guarded === 'Ignore');
      if (!member || isTerminating(member) || isIgnored) refresh.remaining.delete(id);
    }
    if (refresh.remaining.size < before) refresh.lastProgressMs = nowMs;
    const warming = this.#warming(group, refresh, nowMs).length;
    const left = Math.min(refresh.total, refresh.remaining.size + warming);
    const PercentageComplete = Math.floor((100 * (refresh.total - left)) / Math.max(1, refresh.total));
    if (PercentageComplete > (refresh.shape.PercentageComplete ?? 0)) refresh.lastProgressMs = nowMs;
    const was = refresh.shape.PercentageComplete ?? 0;
    refresh.shape = {
      ...refresh.shape,
      InstancesToUpdate: left,
      // Scaling out in between does not take it back.
      PercentageComplete: Math.max(was, Math.min(99, PercentageComplete)),
    };
    this.#passCheckpoints(group, refresh, nowMs);
  }

  #passCheckpoints(group: Group, refresh: Refresh, nowMs: number): void {
    const { CheckpointPercentages: checkpoints = [], CheckpointDelay: delay = 3600 } =
      refresh.shape.Preferences ?? {};
    const percentage = checkpoints[refresh.checkpointsPassed];
    if (percentage === undefined || refresh.shape.Status !== 'InProgress') return;
    const replaced = refresh.total - (refresh.shape.InstancesToUpdate ?? 0);
    if (replaced < goalOf(refresh, percentage)) return;
    refresh.checkpointsPassed++;
    refresh.waitsUntilMs = nowMs + delay * 1000;
    announceRefresh(this.#world, group, 'Checkpoint Reached', refresh.shape.InstanceRefreshId, {
      CheckpointPercentage: percentage,
      CheckpointDelay: delay,
    });
  }

  #isDone(group: Group, refresh: Refresh, nowMs: number): boolean {
    if (refresh.remaining.size > 0) return false;
    const checkpoints = refresh.shape.Preferences?.CheckpointPercentages;
    if (checkpoints?.at(-1) === 100 && nowMs < refresh.waitsUntilMs) return false;
    if (group.surges.some((surge) => surge.reason === 'refresh')) return false;
    if (this.#warming(group, refresh, nowMs).length > 0) return false;
    let healthy = 0;
    for (const member of group.members.values())
      if (member.lifecycleState === 'InService') healthy += member.weight;
    return healthy >= group.desiredCapacity;
  }

  /** A checkpoint below 100 ends the refresh there: "To replace all instances … the last number in the array must be 100". */
  #complete(group: Group, refresh: Refresh, nowMs: number): void {
    if (this.#renewsPool(group, refresh)) {
      refresh.lastProgressMs = nowMs;
      return;
    }
    const bakeSeconds = refresh.shape.Preferences?.BakeTime ?? 0;
    if (refresh.shape.Status === 'RollbackInProgress') {
      endRefresh(this.#world, group, refresh, 'RollbackSuccessful');
    } else if (bakeSeconds > 0) {
      refresh.waitsUntilMs = nowMs + bakeSeconds * 1000;
      refresh.shape = { ...refresh.shape, Status: 'Baking', PercentageComplete: 100, InstancesToUpdate: 0 };
    } else this.#succeed(group, refresh);
  }

  /** "An instance refresh first replaces InService instances. Then it replaces instances in the warm pool." */
  #renewsPool(group: Group, refresh: Refresh): boolean {
    const source = launchSourceOf(group);
    const { Preferences, StartTime } = refresh.shape;
    const startMs = StartTime?.getTime() ?? 0;
    const isOld = (member: Member) =>
      (!Preferences?.SkipMatching && member.launchedAtMs < startMs) ||
      !isLaunchedFrom(this.#world, group, member, source);
    this.#pools.renew(group, isOld);
    return [...group.members.values()].some((member) => isWarmed(member) && isOld(member));
  }

  /** At its end the desired configuration becomes the group's own. */
  #succeed(group: Group, refresh: Refresh): void {
    const { DesiredConfiguration: desired } = refresh.shape;
    endRefresh(this.#world, group, refresh, 'Successful');
    if (desired) group.source = describedSource(this.#world, desired);
    this.#store.changed(group, refresh.actor);
  }

  #fail(group: Group, refresh: Refresh, reason: string): void {
    if (refresh.shape.Status === 'RollbackInProgress') {
      endRefresh(this.#world, group, refresh, 'RollbackFailed', reason);
    } else if (refresh.shape.Preferences?.AutoRollback) {
      beginRollback(this.#world, group, refresh, reason);
    } else endRefresh(this.#world, group, refresh, 'Failed', reason);
  }

  #finishCancelling(group: Group, refresh: Refresh): void {
    const isBusy = [...group.members.values()].some((member) => isPending(member) || isTerminating(member));
    if (!isBusy) endRefresh(this.#world, group, refresh, 'Cancelled', 'Cancelled due to user request.');
  }

  #replace(group: Group, refresh: Refresh, nowMs: number): void {
    const { Preferences: preferences = {} } = refresh.shape;
    const { MinHealthyPercentage: min = 90, MaxHealthyPercentage: max } = preferences;
    const warmup = warmupSeconds(group, preferences.InstanceWarmup);
    const room = roomOf(
      group,
      { minPercentage: min, maxPercentage: max ?? 100, isMaxExplicit: max !== undefined },
      nowMs,
      warmup,
    );
    const replaced = surgeVictims(group);
    const candidates: Member[] = [];
    for (const id of refresh.remaining) {
      const member = group.members.get(id);
      if (!member || replaced.has(id)) continue;
      if (member.lifecycleState === 'Standby' && preferences.StandbyInstances === 'Terminate') {
        this.#terminate(group, refresh, member);
        continue;
      }
      if (member.lifecycleState !== 'InService') continue;
      if (member.protectedFromScaleIn && preferences.ScaleInProtectedInstances !== 'Refresh') continue;
      candidates.push(member);
    }
    const upToCheckpoint = candidates.slice(0, this.#untilCheckpoint(refresh, replaced.size));
    const { endFirst, launchFirst } = plannedReplacements(upToCheckpoint, room);
    for (const member of endFirst) this.#terminate(group, refresh, member);
    if (launchFirst.length === 0 || nowMs < group.retryLaunchAtMs) return;
    const victims = launchFirst.map((member) => member.instanceId);
    const because = `an instance was launched in response to ${WHY}.`;
    const surge = { reason: 'refresh', victims, actor: refresh.actor, why: WHY, because } as const;
    this.#surges.begin(group, surge, victims.length);
  }

  /** How many more may be begun before the next checkpoint. */
  #untilCheckpoint(refresh: Refresh, underWay: number): number {
    const checkpoint = refresh.shape.Preferences?.CheckpointPercentages?.[refresh.checkpointsPassed];
    if (checkpoint === undefined || refresh.shape.Status !== 'InProgress') return Number.POSITIVE_INFINITY;
    const begun = refresh.total - refresh.remaining.size + underWay;
    return Math.max(0, goalOf(refresh, checkpoint) - begun);
  }

  #terminate(group: Group, refresh: Refresh, member: Member): void {
    const cause = `At ${stamp(this.#world.clock.nowMs)} an instance was taken out of service in response to ${WHY}.`;
    this.#lifecycle().terminate(group, member, refresh.actor, cause);
  }

  /** Replacements that are not ready yet: they came after the refresh began. */
  #warming(group: Group, refresh: Refresh, nowMs: number): Member[] {
    const warmup = warmupSeconds(group, refresh.shape.Preferences?.InstanceWarmup);
    return [...group.members.values()].filter((member) => {
      if (isWarmed(member) || refresh.remaining.has(member.instanceId)) return false;
      if (isPending(member)) return true;
      const readyMs = readyAtMs(member, warmup);
      return readyMs !== undefined && readyMs > nowMs;
    });
  }
}

function goalOf(refresh: Refresh, percentage: number): number {
  return Math.ceil((refresh.total * percentage) / 100);
}
