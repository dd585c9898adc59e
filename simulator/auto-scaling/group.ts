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
import type { Timer } from '../kernel/clock.ts';
import type { LaggingStore } from '../kernel/lagging-store.ts';
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
  | 'Standby'
  | 'Detached';

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
  protectedFromScaleIn: boolean;
  inServiceAtMs: number | null;
  readonly waits: Map<string, HookWait>;
  /** Launch or termination in progress. */
  activity: Activity | undefined;
  /** Whose wish its end is. */
  endedBy: Actor | null;
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

export interface Refresh {
  shape: InstanceRefresh;
  readonly actor: Actor;
  readonly remaining: Set<string>;
  readonly total: number;
  lastProgressMs: number;
}

/** A move of hosts between zones: new ones first, then as many old ones. */
export interface Rebalance {
  readonly newIds: Set<string>;
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
  readonly hooks: Map<string, LifecycleHook>;
  readonly tags: Map<string, TagDescription>;
  /** Oldest first. */
  readonly activities: Activity[];
  readonly scheduled: Map<string, ScheduledAction>;
  readonly refreshes: Refresh[];
  warmPool: WarmPool | undefined;
  /** "At <t> a user request …": what was asked since the last activity that it explains. */
  causes: string[];
  /** Who asked last for another size. */
  capacityActor: Actor;
  /** Members whose instance is no longer running, not yet dealt with. */
  readonly suspects: Set<string>;
  tick: Timer | undefined;
  launchFailures: number;
  retryLaunchAtMs: number;
  rebalance: Rebalance | undefined;
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
  return member.lifecycleState.startsWith('Terminat');
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

export function activeRefresh(group: Group): Refresh | undefined {
  const last = group.refreshes.at(-1);
  const status = last?.shape.Status;
  return status === 'Pending' || status === 'InProgress' || status === 'Baking' ? last : undefined;
}

/** A refresh with a desired configuration launches from that; it becomes the group's own at the end. */
export function launchSourceOf(group: Group): LaunchSource {
  return activeRefresh(group)?.shape.DesiredConfiguration ?? group.source;
}

/** Source: AWS API reference for time stamps in activities: ISO 8601 without fractions. */
export function stamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
