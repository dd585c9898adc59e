/**
 * What the parts of the account see of each other. Each service is one folder and reaches the others only through the
 * port written here; `account.ts` puts them together. Nothing in here is an AWS API: those are registered as operations
 * with the dispatcher and answer in the SDK's output shapes.
 */
import type { LifecycleHook } from '@aws-sdk/client-auto-scaling';
import type { MetricAlarm, StateValue } from '@aws-sdk/client-cloudwatch';
import type { InstanceTypeInfo, ResponseLaunchTemplateData } from '@aws-sdk/client-ec2';
import type { VirtualClock } from './kernel/clock.ts';
import type { RandomStreams } from './kernel/random.ts';
import type { Actor, Observation } from './observation.ts';
import type { Readings } from './readings.ts';

/** Seconds, lowest and highest; drawn anew each time. */
export type Range = readonly [number, number];

/** How long things take: the scenario's word, else what the capture shows, else the documented default. */
export interface Timings {
  /** EC2 pending → running. */
  launchSeconds(group: string | null): Range;
  /** EC2 running → agent registered. */
  registerSeconds(group: string | null): Range;
  /** Task created on a host → RUNNING (pull included). */
  startSeconds(serviceName: string | null): Range;
  /** STOPPING → STOPPED of a task that obeys its stop signal; capped by stopTimeout by whoever draws it. */
  stopSeconds(serviceName: string | null): Range;
  /** Change → its event on the bus. */
  eventDelaySeconds(): Range;
}

/** One AWS call as an operation sees it. */
export interface Call {
  readonly functionName: string;
  readonly actor: Actor;
  /** How old the picture may be that a read answers from, milliseconds; 0 for a consistent one. */
  readonly lagMs: number;
}

/** Answers in the SDK's output shape (Dates are Dates), or throws `awsError`. Mutations act before they return. */
export type Operation = (input: never, call: Call) => unknown | Promise<unknown>;

export interface OperationRegistry {
  /** `register('ECS', { DescribeTasks: (input, call) => … })`: names as in the SDK's commands, without `Command`. */
  register(service: ServiceName, operations: Readonly<Record<string, Operation>>): void;
}

export type ServiceName =
  | 'ECS'
  | 'EC2'
  | 'AutoScaling'
  | 'ElasticLoadBalancingV2'
  | 'SSM'
  | 'DynamoDB'
  | 'EventBridge'
  | 'SNS'
  | 'SFN'
  | 'CloudWatch'
  | 'ECR'
  | 'ImageBuilder'
  | 'ServiceQuotas'
  | 'ApplicationAutoScaling';

/** An EC2 instance, live. Only `ec2/` writes it. */
export interface Instance {
  readonly instanceId: string;
  readonly imageId: string;
  readonly instanceType: string;
  readonly zone: string;
  readonly subnetId: string;
  readonly group: string | null;
  /** Plain text, decoded. */
  readonly userData: string | null;
  readonly launchTimeMs: number;
  state: 'pending' | 'running' | 'stopping' | 'stopped' | 'shutting-down' | 'terminated';
  readonly tags: Record<string, string>;
}

export interface LaunchRequest {
  readonly group: string | null;
  readonly imageId: string;
  readonly instanceType: string;
  readonly zone: string;
  readonly subnetId: string;
  readonly userData: string | null;
  readonly tags: Readonly<Record<string, string>>;
  readonly spot: boolean;
  /** What the template says beyond that; AWS's defaults where it is silent. */
  readonly disableApiTermination?: boolean;
  readonly metadataOptions?: {
    readonly httpTokens?: 'optional' | 'required';
    readonly httpPutResponseHopLimit?: number;
  };
}

export interface Ec2Port {
  instance(instanceId: string): Instance | undefined;
  instances(): Iterable<Instance>;
  /** Starts one instance, or says why not with EC2's own message. */
  launch(
    request: LaunchRequest,
    actor: Actor,
  ): { readonly instance: Instance } | { readonly failure: string };
  terminate(instanceId: string, actor: Actor): void;
  stop(instanceId: string, actor: Actor): void;
  /** A stopped one goes up again. */
  start(instanceId: string, actor: Actor): void;
  /** Literal id behind an `ImageId` of a template: itself, or what `resolve:ssm:` gives now. */
  resolveImage(reference: string): string | undefined;
  isSpot(instanceId: string): boolean;
  /** EC2's own word on why an instance ended, `Client.InternalError: Client error on launch` and the like. */
  stateReason(instanceId: string): string | undefined;
  /** As a template's owner: a new version with this image, based on the referenced one; its number. */
  newTemplateVersion(
    template: {
      readonly LaunchTemplateId?: string | undefined;
      readonly LaunchTemplateName?: string | undefined;
    },
    sourceVersion: string,
    imageId: string,
  ): string;
  setDefaultTemplateVersion(
    template: {
      readonly LaunchTemplateId?: string | undefined;
      readonly LaunchTemplateName?: string | undefined;
    },
    version: string,
  ): void;
  /** Known to EC2 and not deregistered, whatever its state. */
  imageExists(imageId: string): boolean;
  /** The version behind a template reference (number, `$Latest`, `$Default` or none) as of now, or EC2's refusal. */
  launchTemplate(reference: {
    readonly LaunchTemplateId?: string | undefined;
    readonly LaunchTemplateName?: string | undefined;
    readonly Version?: string | undefined;
  }): LaunchTemplateUse;
  /** GPU count, ENIs, vCPU and memory of a type, from the capture's instanceTypes. */
  instanceType(name: string): InstanceTypeRecord | undefined;
  /** Every type that this account knows, as DescribeInstanceTypes shows it. */
  instanceTypes(): readonly InstanceTypeInfo[];
  zoneOfSubnet(subnetId: string): string | undefined;
  /** Where a launch into this zone goes that names no subnet. */
  defaultSubnet(zone: string): string;
  /** One address of the subnet for a network interface of a task; false when none is left. */
  takeAddress(subnetId: string): boolean;
  releaseAddress(subnetId: string): void;
}

/** A launch template version that a launch would use now. */
export type LaunchTemplateUse =
  | {
      readonly id: string;
      readonly name: string;
      readonly version: number;
      readonly data: ResponseLaunchTemplateData;
    }
  | { readonly failure: string };

export interface InstanceTypeRecord {
  readonly instanceType: string;
  readonly vcpus: number;
  readonly memoryMiB: number;
  readonly gpus: number;
  readonly maximumNetworkInterfaces: number;
}

export interface AutoScalingPort {
  /** Group and lifecycle state of an instance; undefined when it belongs to none. */
  membership(instanceId: string): { readonly group: string; readonly lifecycleState: string } | undefined;
  groupOfArn(arn: string): string | undefined;
  /** Ends a lifecycle hook's wait, as CompleteLifecycleAction. */
  completeLifecycleAction(instanceId: string, hookName: string, result: 'CONTINUE' | 'ABANDON'): void;
  /** Starts a hook's heartbeat anew, as RecordLifecycleActionHeartbeat. */
  recordLifecycleActionHeartbeat(instanceId: string, hookName: string): void;
  /** As a scaling policy does: within the group's bounds, and nothing while AlarmNotification is suspended. */
  setDesiredCapacity(group: string, desired: number, actor: Actor): void;
  /** EC2's checks or a scheduled event of EC2 make the instance unhealthy in its group's eyes. */
  considerUnhealthy(instanceId: string): void;
  /** EC2 recommends to leave this Spot instance, or takes it in two minutes. */
  considerAtRisk(instanceId: string): void;
  isProtectedFromScaleIn(instanceId: string): boolean;
  /** Undefined when there is no such group. */
  capacityOf(group: string): GroupCapacity | undefined;
  /** As another service of AWS that manages the group; a hook of that name that is there already stays as it is. */
  putLifecycleHook(group: string, hook: LifecycleHook, actor: Actor): void;
  /** Does nothing when the group has no such hook. */
  deleteLifecycleHook(group: string, hookName: string, actor: Actor): void;
  /** As managed termination protection does to hosts that became empty or busy. */
  setProtection(instanceId: string, isProtected: boolean, actor: Actor): void;
}

/** A group as the policies that scale it see it. */
export interface GroupCapacity {
  readonly minSize: number;
  readonly maxSize: number;
  readonly desiredCapacity: number;
  /** Instances in service or on their way there. */
  readonly members: number;
  /** When the youngest of them was launched; -Infinity without any. */
  readonly lastLaunchMs: number;
  /** NewInstancesProtectedFromScaleIn. */
  readonly newInstancesProtected: boolean;
}

export interface LoadBalancingPort {
  /** Target of a task: `id` is an IP for awsvpc, else the EC2 instance id. Healthy after the group's own checks. */
  register(
    targetGroupArn: string,
    target: { readonly id: string; readonly port: number; readonly zone: string },
  ): void;
  /** Starts connection draining; `unused` runs when the deregistration delay is over. */
  deregister(
    targetGroupArn: string,
    target: { readonly id: string; readonly port: number },
    unused: () => void,
  ): void;
  isHealthy(targetGroupArn: string, target: { readonly id: string; readonly port: number }): boolean;
  /** On which targets get their traffic that name no port of their own. */
  portOf(targetGroupArn: string): number;
  /** A target that is registered and healthy already, as captured: nothing to wait for. */
  adopt(
    targetGroupArn: string,
    target: { readonly id: string; readonly port: number; readonly zone: string },
  ): void;
  /** The target's process is gone or stopped answering: it fails its checks from now on. */
  fail(targetGroupArn: string, target: { readonly id: string; readonly port: number }): void;
}

/** Metrics of a whole cluster on EC2, namespace AWS/ECS. */
export type ReservationMetric = 'CPUReservation' | 'MemoryReservation';

export interface EcsPort {
  /** ECS sets a host to DRAINING for managed draining or a Spot notice. */
  startDraining(instanceId: string, actor: Actor): void;
  /** Percent, as CloudWatch has it this minute; undefined while no task runs, or without such a cluster. */
  reservationOf(clusterName: string, metric: ReservationMetric): number | undefined;
  taskDefinition(arn: string): unknown;
}

export interface SsmPort {
  /** Current value, or undefined. Accepts a name, an ARN, `name:version` and `name:label`. */
  valueOf(name: string): string | undefined;
  put(name: string, value: string): void;
}

/** An AWS service's own event, before the envelope. */
export interface ServiceEvent {
  readonly source: string;
  readonly detailType: string;
  readonly resources: readonly string[];
  /** Where it was delivered first, when not in the account's Region: somebody forwards it from there. */
  readonly region?: string;
  readonly detail: Readonly<Record<string, unknown>>;
  /** The detail is made, each time it is read, of what never changes again: the bus need not take it down now. */
  readonly isLasting?: true;
  /** Best effort sources (Auto Scaling, AMI, SSM, Spot) may lose events; durable ones (ECS, Health) only repeat them. */
  readonly delivery: 'best-effort' | 'durable';
}

export interface EventBusPort {
  /** Puts an event of an AWS service on the default bus, after the usual delay. */
  emit(event: ServiceEvent): void;
}

/** CloudWatch as services write to it. */
export interface MetricsPort {
  /** One datapoint, now. `dimensions` as in the published metric: `{ ClusterName: 'prod', ServiceName: 'web' }`. */
  publish(
    namespace: string,
    metricName: string,
    dimensions: Readonly<Record<string, string>>,
    value: number,
  ): void;
}

/** Alarms of CloudWatch as services keep them for their own policies. */
export interface AlarmsPort {
  /** Undefined when there is no such alarm. */
  stateOf(name: string): StateValue | undefined;
  /** Name of an alarm that begins so. */
  nameLike(prefix: string): string | undefined;
  /** Makes it, or changes its rule; its state stays. */
  put(alarm: MetricAlarm): void;
  setState(name: string, value: StateValue, reason: string): void;
  remove(name: string): void;
}

/** What changed inside, told at once and in order: how one service notices another. */
export interface Signals {
  onInstanceState(listener: (instance: Instance, actor: Actor) => void): void;
  instanceState(instance: Instance, actor: Actor): void;
  onLifecycle(listener: (change: LifecycleChange) => void): void;
  lifecycle(change: LifecycleChange): void;
  onTargetHealth(listener: (targetGroupArn: string, targetId: string, port: number) => void): void;
  targetHealth(targetGroupArn: string, targetId: string, port: number): void;
  /** After every change of the account's state, whatever it was: checkers look now. */
  onSettled(listener: () => void): void;
}

export interface LifecycleChange {
  readonly instanceId: string;
  readonly group: string;
  readonly lifecycleState: string;
  /** Hooks that wait now, by name; only in `Pending:Wait` and `Terminating:Wait`. */
  readonly waitingHooks: readonly string[];
}

/** What faults do to the services: asked at the moment it matters. Each answer may be drawn. */
export interface FaultBoard {
  /** A host of this image boots but its agent never joins. */
  neverRegisters(imageId: string): boolean;
  /** Tasks of this service (or `family:…`) die on hosts of this image; drawn per task start. */
  breaksTask(
    imageId: string,
    serviceName: string | null,
  ): { readonly exitCode: number; readonly afterSeconds: number } | undefined;
  /** EC2's refusal of a launch in this zone, as the StatusMessage. */
  launchFailure(zone: string): string | undefined;
  /** Extra seconds that a stopping task stays in STOPPING. */
  stuckStoppingSeconds(taskArn: string, serviceName: string | null): number;
  /** Seconds that a task stays PENDING for no reason (agent issue 5138). */
  pendingStallSeconds(serviceName: string | null): number;
  /** An error to answer instead of doing the call. */
  apiError(operation: string): string | undefined;
  /** The call is done but its answer gets lost. */
  losesResponse(operation: string): boolean;
  /** Milliseconds by which reads of this service lag, on top of the usual. */
  staleMs(service: ServiceName): number;
  /** The function dies after this call of its invocation. */
  crashesAfterCall(functionName: string, callsSoFar: number): boolean;
  dropsEvent(): boolean;
  duplicatesEvent(): boolean;
}

/** Everything a service of the account may use. */
export interface World {
  readonly accountId: string;
  readonly region: string;
  readonly clock: VirtualClock;
  readonly random: RandomStreams;
  readonly timings: Timings;
  /** AWS's behaviour where it is unconfirmed. */
  readonly readings: Readings;
  readonly registry: OperationRegistry;
  readonly signals: Signals;
  readonly faults: FaultBoard;
  /** Tells the watchers. Services record after the change is in place. */
  record(observation: Observation): void;
  /** Filled in by `account.ts` before anything runs; never read in a constructor. */
  readonly ec2: Ec2Port;
  readonly autoScaling: AutoScalingPort;
  readonly loadBalancing: LoadBalancingPort;
  readonly ecs: EcsPort;
  readonly ssm: SsmPort;
  readonly bus: EventBusPort;
  readonly metrics: MetricsPort;
  readonly alarms: AlarmsPort;
}
