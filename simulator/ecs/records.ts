/**
 * ECS's live state: clusters, hosts, tasks, services. The records are the truth that checkers read (they satisfy the
 * views of `truth.ts`), so only the modules of this folder write them, and always through `journal.ts`, which tells the
 * watchers and keeps the pictures that APIs answer from.
 */
import type {
  Attribute,
  CapacityProviderStrategyItem,
  Cluster,
  Container,
  ContainerInstance,
  NetworkConfiguration,
  PlacementConstraint,
  PlacementStrategy,
  Service,
  ServiceEvent,
  Tag,
  Task,
} from '@aws-sdk/client-ecs';
import type { Timer } from '../kernel/clock.ts';
import type { Remembered } from '../kernel/lagging-store.ts';
import type { Actor, StopCause } from '../observation.ts';
import type { ContainerInstanceTruth, ServiceTruth, TaskTruth } from '../truth.ts';
import { Claims } from './claims.ts';
import type { DeploymentRecord } from './deployment-record.ts';
import type { HostHealth } from './host-health.ts';
import type { TaskTarget } from './targets.ts';
import type { Definition } from './task-definition.ts';

export interface ClusterRecord {
  readonly name: string;
  readonly arn: string;
  readonly source: Cluster;
  /** Hosts that are not INACTIVE. */
  readonly hosts: Set<HostRecord>;
  readonly services: Map<string, ServiceRecord>;
  /** Tasks that wait for a host of their capacity provider, oldest first. */
  readonly provisioning: Set<TaskRecord>;
}

export type HostStatus =
  | 'REGISTERING'
  | 'REGISTRATION_FAILED'
  | 'ACTIVE'
  | 'DRAINING'
  | 'DEREGISTERING'
  | 'INACTIVE';

/** What a host brings; ports are those that the agent keeps for itself. */
export interface HostSize {
  readonly cpu: number;
  readonly memoryMiB: number;
  readonly gpus: number;
  /** awsvpc tasks at the same time. */
  readonly enis: number;
  readonly ports: readonly string[];
  readonly udpPorts: readonly string[];
}

export class HostRecord implements ContainerInstanceTruth {
  readonly containerInstanceArn: string;
  readonly id: string;
  readonly instanceId: string;
  readonly cluster: string;
  readonly clusterRecord: ClusterRecord;
  readonly source: ContainerInstance;
  readonly registeredAtMs: number;
  readonly registered: HostSize;
  capacityProviderName: string | undefined;
  status: HostStatus = 'ACTIVE';
  statusReason: string | undefined;
  agentConnected = true;
  health: HostHealth = 'OK';
  healthChangedAtMs: number;
  /** The subnet that lends its trunk interface an address. */
  trunkSubnet: string | undefined;
  version = 1;
  attributes: Readonly<Record<string, string>> = {};
  /** Raised at each change of `attributes`, for whoever remembers an answer that rests on them. */
  attributesVersion = 0;
  attributeList: readonly Attribute[] = [];
  tags: Tag[] = [];
  /** The control plane's view: tasks whose desired status is RUNNING. */
  readonly claimed = new Claims();
  /** The agent's view: tasks that it has started and that have not let go yet. */
  readonly held = new Claims();
  /** awsvpc tasks with an interface, stopping ones included: AWS names CPU, memory and ports as freed early, not these. */
  enisInUse = 0;
  /** Tasks on it that are not STOPPED. */
  readonly tasks = new Set<TaskRecord>();
  /** STOPPED ones too, while ECS still lists them. */
  readonly listedTasks = new Set<TaskRecord>();
  /** The agent starts tasks in the order in which it got them. */
  readonly agentQueue: TaskRecord[] = [];
  /** ARNs of task definitions whose images lie on the host. */
  readonly cachedImages = new Set<string>();
  /** Work that waits for the agent to connect again. */
  readonly whenConnected: (() => void)[] = [];
  /** Who set it to DRAINING. */
  drainActor: Actor | null = null;
  drainingSinceMs: number | null = null;
  /** Its machine is on the way out or gone: nothing on it lives any more, whatever ECS believes. */
  dead: StopCause | null = null;
  reconnectTimer: Timer | undefined;
  flapTimer: Timer | undefined;

  constructor(
    identity: {
      readonly containerInstanceArn: string;
      readonly id: string;
      readonly instanceId: string;
      readonly registeredAtMs: number;
    },
    cluster: ClusterRecord,
    size: HostSize,
    source: ContainerInstance,
  ) {
    this.containerInstanceArn = identity.containerInstanceArn;
    this.id = identity.id;
    this.instanceId = identity.instanceId;
    this.registeredAtMs = identity.registeredAtMs;
    this.healthChangedAtMs = identity.registeredAtMs;
    this.cluster = cluster.name;
    this.clusterRecord = cluster;
    this.registered = size;
    this.source = source;
  }

  get zone(): string {
    return this.attributes['ecs.availability-zone'] ?? '';
  }

  get reallyFree(): { readonly cpu: number; readonly memoryMiB: number } {
    return {
      cpu: this.registered.cpu - this.held.cpu,
      memoryMiB: this.registered.memoryMiB - this.held.memoryMiB,
    };
  }
}

export type TaskStatus =
  | 'PROVISIONING'
  | 'PENDING'
  | 'ACTIVATING'
  | 'RUNNING'
  | 'DEACTIVATING'
  | 'STOPPING'
  | 'DEPROVISIONING'
  | 'STOPPED';

export class TaskRecord implements TaskTruth {
  readonly taskArn: string;
  readonly id: string;
  readonly group: string;
  readonly cluster: string;
  readonly clusterRecord: ClusterRecord;
  readonly service: ServiceRecord | null;
  readonly daemon: boolean;
  readonly definition: Definition;
  readonly source: Task;
  readonly createdAtMs: number;
  readonly startedBy: string | undefined;
  readonly deployment: DeploymentRecord | null;
  /** Position among all tasks ever made: an order that does not depend on ids. */
  readonly order: number;
  host: HostRecord | null = null;
  capacityProviderName: string | undefined;
  lastStatus: TaskStatus = 'PROVISIONING';
  desiredStatus: 'RUNNING' | 'STOPPED' = 'RUNNING';
  /** The truth. */
  healthy = false;
  /** What ECS counts: on a host that is gone a task stays healthy in its eyes until it learns. */
  knownHealthy = false;
  /** Was healthy once and then failed its checks. */
  unhealthy = false;
  containerHealthy = false;
  aged = false;
  version = 1;
  pullStartedAtMs: number | null = null;
  pullStoppedAtMs: number | null = null;
  /** Its containers have ended. */
  executionStoppedAtMs: number | null = null;
  runningAtMs: number | null = null;
  stoppingAtMs: number | null = null;
  stoppedAtMs: number | null = null;
  stopCode: Task['stopCode'];
  cause: StopCause | null = null;
  /** Scale-in protection; absent while it never had any. */
  protectedUntil: Remembered<number | null> | undefined;
  replaces: string | null = null;
  replacedBy: TaskRecord | null = null;
  targets: TaskTarget[] = [];
  targetsDeregistering = 0;
  /** Private address of an awsvpc task. */
  address: string | undefined;
  /** The subnet that lends it. */
  addressSubnet: string | undefined;
  /** Of a task on Fargate: its subnet and that one's zone. */
  subnet: string | undefined;
  ownZone: string | undefined;
  /** Fargate Spot takes its capacity back. */
  interrupted = false;
  /** What RunTask was given; a service's tasks have their service's. */
  networkConfiguration: NetworkConfiguration | undefined;
  /** Fargate takes its machine away: its scheduler replaces it. */
  underMaintenance = false;
  containers: Container[] = [];
  /** The agent has begun with it: it holds real room. */
  begun = false;
  /** The step that comes next on its way; cancelled when the way changes. */
  timer: Timer | undefined;
  healthTimers: Timer[] = [];

  constructor(
    identity: {
      readonly taskArn: string;
      readonly id: string;
      readonly group: string;
      readonly order: number;
      readonly createdAtMs: number;
      readonly startedBy: string | undefined;
    },
    cluster: ClusterRecord,
    service: ServiceRecord | null,
    deployment: DeploymentRecord | null,
    definition: Definition,
    source: Task,
  ) {
    this.taskArn = identity.taskArn;
    this.id = identity.id;
    this.group = identity.group;
    this.order = identity.order;
    this.createdAtMs = identity.createdAtMs;
    this.startedBy = identity.startedBy;
    this.cluster = cluster.name;
    this.clusterRecord = cluster;
    this.service = service;
    this.deployment = deployment;
    this.daemon = service?.schedulingStrategy === 'DAEMON';
    this.definition = definition;
    this.source = source;
  }

  get protectedUntilMs(): number | null {
    return this.protectedUntil?.now ?? null;
  }

  get serviceName(): string | null {
    return this.service?.serviceName ?? null;
  }

  get instanceId(): string | null {
    return this.host?.instanceId ?? null;
  }

  get zone(): string | undefined {
    return this.host?.zone ?? this.ownZone;
  }

  get taskDefinitionArn(): string {
    return this.definition.arn;
  }

  get cpu(): number {
    return this.definition.needs.cpu;
  }

  get memoryMiB(): number {
    return this.definition.needs.memoryMiB;
  }

  /** Fargate's tasks have no host of the cluster. */
  get fargate(): boolean {
    return this.source.launchType === 'FARGATE';
  }
}

export class ServiceRecord implements ServiceTruth {
  readonly serviceName: string;
  readonly serviceArn: string;
  readonly cluster: string;
  readonly clusterRecord: ClusterRecord;
  readonly schedulingStrategy: 'REPLICA' | 'DAEMON';
  readonly fargate: boolean;
  source: Service;
  desired: number;
  minimumHealthyPercent: number;
  maximumPercent: number;
  strategy: readonly CapacityProviderStrategyItem[];
  placementConstraints: readonly PlacementConstraint[];
  placementStrategy: readonly PlacementStrategy[];
  deployments: DeploymentRecord[] = [];
  /** Every deployment since the capture, oldest first; those that are over too. */
  readonly pastDeployments: DeploymentRecord[] = [];
  /** The last one that completed: what the circuit breaker rolls back to. */
  lastCompleted: DeploymentRecord | undefined;
  events: readonly ServiceEvent[] = [];
  /** What its scheduler complains of, and since when: said again only after a while. */
  readonly complaints = new Map<string, number>();
  /** Tasks whose desired status is RUNNING, oldest first. */
  readonly alive = new Set<TaskRecord>();
  readonly listedTasks = new Set<TaskRecord>();
  /** Desired RUNNING per host. */
  readonly perHost = new Map<HostRecord, number>();
  /** The same per Availability Zone: the default strategy asks it for every task. */
  readonly perZone = new Map<string, number>();
  running = 0;
  pending = 0;
  healthy = 0;
  knownHealthy = 0;
  /** Tasks that left or must leave and for which no other has been started yet, oldest first. */
  readonly unreplaced = new Set<TaskRecord>();
  steady = false;
  codeChanges = 0;
  /** Failed placements in a row, and until when the scheduler does not try again. */
  failedPlacements = 0;
  retryPlacementAtMs = 0;
  /** Tasks in a row that never reached RUNNING, and until when starts are held back for it. */
  failedStarts = 0;
  throttledUntilMs = 0;
  /** Starts in the current minute, for the quota. */
  startsSinceMs = 0;
  startsInMinute = 0;
  /** Tasks started to even out the zones, each with the one that goes once it is healthy. */
  readonly moves = new Map<TaskRecord, TaskRecord>();
  /** ECS has begun to rebalance its zones and has not said how that ended. */
  rebalancing = false;
  /** Its images cannot be pulled any more. */
  pullsFail = false;
  /** Which hosts its constraints allow, remembered while neither side changes. */
  readonly allowed = new Map<HostRecord, { readonly version: number; readonly allowed: boolean }>();

  constructor(source: Service, cluster: ClusterRecord) {
    this.source = source;
    this.serviceName = source.serviceName ?? '';
    this.serviceArn = source.serviceArn ?? '';
    this.cluster = cluster.name;
    this.clusterRecord = cluster;
    this.schedulingStrategy = source.schedulingStrategy === 'DAEMON' ? 'DAEMON' : 'REPLICA';
    this.fargate =
      source.launchType === 'FARGATE' ||
      (source.capacityProviderStrategy ?? []).some((item) => item.capacityProvider?.startsWith('FARGATE'));
    this.desired = source.desiredCount ?? 0;
    const daemon = this.schedulingStrategy === 'DAEMON';
    // Source: Amazon ECS API reference, DeploymentConfiguration; other controllers use the defaults on EC2.
    const own = (source.deploymentController?.type ?? 'ECS') === 'ECS' ? source.deploymentConfiguration : {};
    this.minimumHealthyPercent = own?.minimumHealthyPercent ?? (daemon ? 0 : 100);
    this.maximumPercent = daemon ? 100 : (own?.maximumPercent ?? 200);
    this.strategy = this.fargate ? [] : (source.capacityProviderStrategy ?? []);
    this.placementConstraints = source.placementConstraints ?? [];
    this.placementStrategy = source.placementStrategy ?? [];
  }

  get primary(): DeploymentRecord {
    const first = this.deployments[0];
    if (!first) throw new Error(`service ${this.serviceName} has no deployment`);
    return first;
  }

  get taskDefinitionArn(): string {
    return this.primary.definition.arn;
  }

  get deploying(): boolean {
    return this.deployments.length > 1 || this.primary.rolloutState === 'IN_PROGRESS';
  }

  /** Healthy tasks that must stay. Source: Amazon ECS developer guide, deployment-type-ecs. */
  get lowerLimit(): number {
    return Math.ceil((this.desired * this.minimumHealthyPercent) / 100);
  }

  /** RUNNING and PENDING tasks that are allowed at a time. Same source. */
  get upperLimit(): number {
    return Math.floor((this.desired * this.maximumPercent) / 100);
  }
}
