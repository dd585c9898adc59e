/** A group and its members as Auto Scaling keeps them, with the small questions that everybody asks of them. */
import type {
  Activity,
  AutoScalingGroup,
  Instance,
  InstanceRefresh,
  LaunchTemplateSpecification,
  LifecycleHook,
  MixedInstancesPolicy,
  ScheduledUpdateGroupAction,
  TagDescription,
} from '@aws-sdk/client-auto-scaling';
import type { WarmPool } from '../capture/capture.ts';
import type { Timer, VirtualClock } from '../kernel/clock.ts';
import { type LaggingStore, Remembered } from '../kernel/lagging-store.ts';
import type { Actor } from '../observation.ts';

/** Source: Amazon EC2 Auto Scaling user guide, as-suspend-resume-processes. */
export const PROCESSES = [
  'Launch',
  'Terminate',
  'AddToLoadBalancer',
  'AlarmNotification',
  'AZRebalance',
  'HealthCheck',
  'InstanceRefresh',
  'ReplaceUnhealthy',
  'ScheduledActions',
] as const;
export type Process = (typeof PROCESSES)[number];

export type LifecycleState =
  | 'Pending'
  | 'Pending:Wait'
  | 'Pending:Proceed'
  | 'InService'
  | 'Terminating'
  | 'Terminating:Wait'
  | 'Terminating:Proceed'
  | 'Terminated'
  | 'EnteringStandby'
  | 'Standby'
  | 'Detached'
  | 'Warmed:Pending'
  | 'Warmed:Pending:Wait'
  | 'Warmed:Pending:Proceed'
  | PoolRest
  | 'Warmed:Terminating'
  | 'Warmed:Terminating:Wait'
  | 'Warmed:Terminating:Proceed'
  | 'Warmed:Terminated';

/** Where a warm pool's instance rests until it is pulled out. */
export type PoolRest = 'Warmed:Running' | 'Warmed:Stopped' | 'Warmed:Hibernated';

/** One hook that holds one member. */
export interface HookWait {
  readonly hook: LifecycleHook;
  readonly token: string;
  /** When the hook's global timeout is over, whatever the heartbeats say. */
  readonly latestMs: number;
  timer: Timer | undefined;
}

export interface Member {
  readonly instanceId: string;
  readonly instanceType: string;
  readonly zone: string;
  readonly spot: boolean;
  readonly weight: number;
  readonly weightedCapacity: string | undefined;
  readonly launchTemplate: LaunchTemplateSpecification | undefined;
  readonly launchConfigurationName: string | undefined;
  /** Present only for an override with an image of its own, as AWS tells it. */
  readonly imageId: string | undefined;
  readonly launchedAtMs: number;
  lifecycleState: LifecycleState;
  healthStatus: 'Healthy' | 'Unhealthy';
  /** Somebody said so by SetInstanceHealth. */
  isMarkedUnhealthy: boolean;
  protectedFromScaleIn: boolean;
  inServiceAtMs: number | null;
  readonly waits: Map<string, HookWait>;
  /** Launch or termination in progress. */
  activity: Activity | undefined;
  /** Whose wish its end is. */
  endedBy: Actor | null;
  /** It came out of the warm pool, or goes back into it instead of ending. */
  warmPool: 'came' | 'returns' | null;
}

/** Where launches come from: exactly one of the three. */
export interface LaunchSource {
  readonly LaunchTemplate?: LaunchTemplateSpecification | undefined;
  readonly MixedInstancesPolicy?: MixedInstancesPolicy | undefined;
  readonly LaunchConfigurationName?: string | undefined;
}

export interface ScheduledAction {
  shape: ScheduledUpdateGroupAction;
  timer: Timer | undefined;
}

export class Refresh {
  readonly #shape: Remembered<InstanceRefresh>;
  readonly actor: Actor;
  /** Members that still are to be replaced. */
  remaining: Set<string>;
  total: number;
  lastProgressMs: number;
  /** How many of the checkpoints have been reached. */
  checkpointsPassed = 0;
  /** Until when it waits at a checkpoint or bakes. */
  waitsUntilMs = 0;

  constructor(clock: VirtualClock, shape: InstanceRefresh, actor: Actor, remaining: Iterable<string>) {
    this.#shape = new Remembered(clock, shape);
    this.actor = actor;
    this.remaining = new Set(remaining);
    this.total = this.remaining.size;
    this.lastProgressMs = clock.nowMs;
  }

  /** As DescribeInstanceRefreshes gives it; changed as a whole. */
  get shape(): InstanceRefresh {
    return this.#shape.now;
  }

  set shape(shape: InstanceRefresh) {
    this.#shape.now = shape;
  }

  /** Undefined: not begun yet at that time. */
  shapeAsOf(lagMs: number): InstanceRefresh | undefined {
    return this.#shape.asOf(lagMs);
  }
}

/**
 * Members launched before others end: once they are in service and warmed up, as many victims go. Without victims of its
 * own the fullest zones give them.
 */
export interface Surge {
  readonly reason: 'rebalance' | 'refresh' | 'health' | 'lifetime' | 'capacity';
  readonly newIds: Set<string>;
  readonly victims: readonly string[];
  readonly actor: Actor;
  /** The victims' end in the words of an activity's cause. */
  readonly why: string;
}

export interface Group {
  readonly name: string;
  readonly arn: string;
  /** Everything that no process of the account looks at, in AWS's shape. */
  base: AutoScalingGroup;
  minSize: number;
  maxSize: number;
  desiredCapacity: number;
  zones: string[];
  /** Subnets by zone. */
  subnets: Map<string, string[]>;
  source: LaunchSource;
  newInstancesProtected: boolean;
  /** Process → AWS's reason text. */
  readonly suspended: Map<string, string>;
  readonly members: Map<string, Member>;
  readonly memberPictures: LaggingStore<Instance>;
  /** Members in the warm pool: no part of the group's own description. */
  readonly poolPictures: LaggingStore<Instance>;
  readonly hooks: Map<string, LifecycleHook>;
  readonly tags: Map<string, TagDescription>;
  /** Oldest first. */
  readonly activities: Activity[];
  readonly scheduled: Map<string, ScheduledAction>;
  readonly refreshes: Refresh[];
  warmPool: WarmPool['WarmPoolConfiguration'] | undefined;
  /** "At <t> a user request …": what was asked since the last activity that it explains. */
  causes: string[];
  /** Who asked last for another size. */
  capacityActor: Actor;
  /** Members whose instance is no longer running, not yet dealt with. */
  readonly suspects: Set<string>;
  tick: Timer | undefined;
  launchFailures: number;
  retryLaunchAtMs: number;
  /** Since when every launch has failed; null after one that came into service. */
  failingSinceMs: number | null;
  readonly surges: Surge[];
  unbalancedSinceMs: number | null;
  rebalanceAfterMs: number;
  saidAllProtected: boolean;
}

const COUNTED: ReadonlySet<LifecycleState> = new Set([
  'Pending',
  'Pending:Wait',
  'Pending:Proceed',
  'InService',
]);

/** Members that count as the group's actual capacity; those on their way out and in Standby do not. */
export function isCounted(member: Member): boolean {
  return COUNTED.has(member.lifecycleState);
}

export function isPending(member: Member): boolean {
  return isCounted(member) && member.lifecycleState !== 'InService';
}

export function isTerminating(member: Member): boolean {
  return member.lifecycleState.includes('Terminat');
}

export function isWarmed(member: Member): boolean {
  return member.lifecycleState.startsWith('Warmed:');
}

export function actualCapacity(group: Group): number {
  let sum = 0;
  for (const member of group.members.values()) if (isCounted(member)) sum += member.weight;
  return sum;
}

/** Counted members by zone; a zone of the group without any is 0, a zone it has left is there while members are. */
export function zoneCounts(group: Group): Map<string, number> {
  const counts = new Map(group.zones.map((zone) => [zone, 0]));
  for (const member of group.members.values()) {
    if (isCounted(member)) counts.set(member.zone, (counts.get(member.zone) ?? 0) + 1);
  }
  return counts;
}

export function isSuspended(group: Group, ...processes: Process[]): boolean {
  return processes.some((process) => group.suspended.has(process));
}

const ACTIVE_REFRESH: ReadonlySet<string | undefined> = new Set([
  'Pending',
  'InProgress',
  'Baking',
  'Cancelling',
  'RollbackInProgress',
]);

export function activeRefresh(group: Group): Refresh | undefined {
  const last = group.refreshes.at(-1);
  return last && ACTIVE_REFRESH.has(last.shape.Status) ? last : undefined;
}

/**
 * A refresh with a desired configuration launches from that, which becomes the group's own at the end; one that rolls
 * back launches from what the group has.
 */
export function launchSourceOf(group: Group): LaunchSource {
  const refresh = activeRefresh(group);
  return (
    (refresh?.shape.Status !== 'RollbackInProgress' && refresh?.shape.DesiredConfiguration) || group.source
  );
}

/**
 * Seconds after InService until an instance counts as ready. Source: Auto Scaling user guide,
 * understand-instance-refresh-default-values: the default instance warmup, else the health check grace period.
 */
export function warmupSeconds(group: Group, own?: number): number {
  if (own !== undefined) return own;
  const warmup = group.base.DefaultInstanceWarmup;
  return warmup !== undefined && warmup >= 0 ? warmup : (group.base.HealthCheckGracePeriod ?? 0);
}

/** When a member in service is ready; undefined before that. */
export function readyAtMs(member: Member, seconds: number): number | undefined {
  if (member.lifecycleState !== 'InService' || member.inServiceAtMs === null) return undefined;
  return member.inServiceAtMs + seconds * 1000;
}

/** Source: AWS API reference for time stamps in activities: ISO 8601 without fractions. */
export function stamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
