/**
 * Facts: what AWS said and what the ledger remembers, once, at `observedAtMs`. Plain readonly data; nothing here knows
 * how it was fetched. Times are epoch milliseconds, sizes are ECS's units (1,024 CPU units a vCPU, MiB of memory).
 */
import type { RunMemory } from './memory.ts';

/** Why a task is on a host, which decides how long a drain may wait for it. */
export type TaskClass = 'replica' | 'daemon' | 'standalone';

/** A task's place in its life, ECS's own words. Source: Amazon ECS developer guide, "Task lifecycle". */
export type TaskStatus =
  | 'PROVISIONING'
  | 'PENDING'
  | 'ACTIVATING'
  | 'RUNNING'
  | 'DEACTIVATING'
  | 'STOPPING'
  | 'DEPROVISIONING'
  | 'STOPPED';

/** Auto Scaling's lifecycle states (Amazon EC2 Auto Scaling API reference, LifecycleState); unlisted ones stay strings. */
export type LifecycleState =
  | 'Pending'
  | 'Pending:Wait'
  | 'Pending:Proceed'
  | 'InService'
  | 'Terminating'
  | 'Terminating:Wait'
  | 'Terminating:Proceed'
  | 'Terminated'
  | 'Detaching'
  | 'Detached'
  | 'EnteringStandby'
  | 'Standby'
  | (string & {});

export type ContainerInstanceStatus =
  | 'REGISTERING'
  | 'REGISTRATION_FAILED'
  | 'ACTIVE'
  | 'DRAINING'
  | 'DEREGISTERING'
  | 'INACTIVE';

export type Ec2State = 'pending' | 'running' | 'stopping' | 'stopped' | 'shutting-down' | 'terminated';

/** What a host offers or a task takes. `gpus` counts devices, `eniSlots` awsvpc tasks. */
export interface Resources {
  readonly cpu: number;
  readonly memoryMiB: number;
  readonly gpus: number;
  readonly eniSlots: number;
  /** Host ports taken or asked for, as `8080/tcp`. */
  readonly ports: readonly string[];
}

export interface TaskFacts {
  readonly taskArn: string;
  readonly taskDefinitionArn: string;
  readonly taskClass: TaskClass;
  /** Service name, or undefined for a standalone task. */
  readonly serviceName?: string;
  /** EC2 instance id of its host; undefined while PROVISIONING or PENDING without one. */
  readonly instanceId?: string;
  readonly containerInstanceArn?: string;
  readonly capacityProviderName?: string;
  readonly lastStatus: TaskStatus;
  readonly desiredStatus: 'RUNNING' | 'STOPPED';
  readonly healthStatus: 'HEALTHY' | 'UNHEALTHY' | 'UNKNOWN';
  /** An essential container has a health check: `healthStatus` will tell, and UNKNOWN means not yet. */
  readonly hasHealthCheck?: boolean;
  readonly createdAtMs: number;
  readonly startedAtMs?: number;
  readonly stoppingAtMs?: number;
  readonly stopCode?: string;
  readonly stoppedReason?: string;
  readonly exitCodes?: readonly number[];
  /** End of the task's scale-in protection; undefined when it is not protected. */
  readonly protectedUntilMs?: number;
  /** Targets of this task that a load balancer still deregisters (state `draining`). */
  readonly targetsDeregistering: number;
  /**
   * Counted healthy, as ECS does: RUNNING and HEALTHY where the container has a check, its targets `healthy` where it
   * has a load balancer, otherwise 40 s after RUNNING (ECS API reference, DeploymentConfiguration.minimumHealthyPercent).
   */
  readonly healthy: boolean;
}

export interface TaskDefinitionFacts {
  readonly taskDefinitionArn: string;
  readonly networkMode: 'awsvpc' | 'bridge' | 'host' | 'none';
  readonly needs: Resources;
  /** `memberOf` expressions of its placement constraints. */
  readonly memberOf: readonly string[];
  /** `requiresAttributes`: name, and the value where one is asked for. */
  readonly requiresAttributes: readonly { readonly name: string; readonly value?: string }[];
  readonly hostVolumes: readonly string[];
  readonly images: readonly string[];
  /** The longest `stopTimeout` of its containers; 30 s where none is given (ECS_CONTAINER_STOP_TIMEOUT's default). */
  readonly stopTimeoutSeconds: number;
}

/** One capacity provider of a strategy. Source: Amazon ECS API reference, CapacityProviderStrategyItem. */
export interface ProviderShare {
  readonly capacityProvider: string;
  /** So many tasks of the service run on it at least, before any weight counts. */
  readonly base: number;
  readonly weight: number;
}

export interface ServiceFacts {
  readonly serviceName: string;
  readonly serviceArn: string;
  readonly schedulingStrategy: 'REPLICA' | 'DAEMON';
  readonly deploymentController: 'ECS' | 'CODE_DEPLOY' | 'EXTERNAL';
  /** ROLLING, BLUE_GREEN, LINEAR, CANARY …; a strategy that we do not know is a finding. */
  readonly deploymentStrategy: string;
  readonly taskDefinitionArn: string;
  readonly desiredCount: number;
  readonly runningCount: number;
  readonly pendingCount: number;
  readonly minimumHealthyPercent: number;
  readonly maximumPercent: number;
  readonly launchType?: 'EC2' | 'FARGATE' | 'EXTERNAL';
  /** Names of the capacity providers of its strategy; empty without one. */
  readonly capacityProviders: readonly string[];
  /** The strategy itself, the cluster's default one where the service was made with neither strategy nor launch type. */
  readonly strategy: readonly ProviderShare[];
  readonly memberOf: readonly string[];
  readonly distinctInstance: boolean;
  readonly placementStrategy: readonly { readonly type: string; readonly field?: string }[];
  /** Subnets of awsvpc tasks; empty otherwise. */
  readonly subnets: readonly string[];
  readonly targetGroupArns: readonly string[];
  readonly healthCheckGracePeriodSeconds: number;
  readonly availabilityZoneRebalancing: boolean;
  /** A deployment is IN_PROGRESS, or more than one is listed. */
  readonly deploying: boolean;
  /** The newest service events, newest first: at most ten. */
  readonly events: readonly { readonly atMs: number; readonly message: string }[];
  /** The longest deregistration delay of its target groups, seconds. */
  readonly deregistrationDelaySeconds: number;
}

/** One EC2 instance of the cluster or of its groups, with what EC2, Auto Scaling and ECS say of it. */
export interface HostFacts {
  readonly instanceId: string;
  readonly imageId?: string;
  readonly instanceType?: string;
  readonly zone?: string;
  readonly subnetId?: string;
  readonly ec2State?: Ec2State;
  readonly launchTimeMs?: number;
  /** Tags of the instance that keep it out of rollovers, as written (plan/exempted.ts). */
  readonly exemptUntil?: string;
  readonly exemptReason?: string;
  /** EC2's own status checks say impaired, or an event is scheduled that retires or stops it. */
  readonly impaired: boolean;
  readonly apiTerminationProtected?: boolean;
  readonly autoScalingGroupName?: string;
  readonly lifecycleState?: LifecycleState;
  readonly protectedFromScaleIn: boolean;
  readonly autoScalingHealth?: 'Healthy' | 'Unhealthy';
  readonly containerInstanceArn?: string;
  readonly status?: ContainerInstanceStatus;
  readonly agentConnected: boolean;
  readonly registeredAtMs?: number;
  /** As the agent told: `1.105.1`, `DockerVersion: 25.0.8` (Amazon ECS API reference, VersionInfo). */
  readonly agentVersion?: string;
  readonly dockerVersion?: string;
  readonly capacityProviderName?: string;
  readonly registered?: Resources;
  /** What ECS says is left, which counts stopping tasks as gone already. */
  readonly remaining?: Resources;
  /** Attribute name → value; an attribute without value has `''`. */
  readonly attributes: Readonly<Record<string, string>>;
  /**
   * Of a large cluster: the tasks on it have changed since they were read, so that `tasks` may lack some and hold others
   * that are gone. Nothing is concluded from what is missing.
   */
  readonly tasksUnread?: boolean;
}

/** How a group says what it launches. */
export interface TemplateReference {
  readonly launchTemplateId: string;
  readonly launchTemplateName?: string;
  /** As written in the group: a number, `$Latest` or `$Default`. */
  readonly version: string;
}

/** One place where a group names a template: the group itself, its mixed-instances base, or one override. */
export interface TemplateUse {
  readonly reference: TemplateReference;
  readonly resolvedVersion: number;
  /** `ImageId` as the version writes it: an id, `resolve:ssm:…`, or undefined when the version has none. */
  readonly imageReference?: string;
  /** The literal image that a launch would use now. */
  readonly imageId?: string;
  /** Instance types this use launches, of the template or of the overrides that share it. */
  readonly instanceTypes: readonly string[];
  /** Index of the override; undefined for the group's own template or the policy's base. */
  readonly override?: number;
}

/** `heartbeatSeconds`: how long the hook holds a host when nobody completes it or asks for more. */
export interface LifecycleHookFacts {
  readonly name: string;
  readonly heartbeatSeconds: number;
}

export interface GroupFacts {
  readonly autoScalingGroupName: string;
  readonly autoScalingGroupArn: string;
  readonly minSize: number;
  readonly maxSize: number;
  readonly desiredCapacity: number;
  readonly zones: readonly string[];
  readonly subnetIds: readonly string[];
  readonly templates: readonly TemplateUse[];
  readonly launchConfigurationName?: string;
  readonly mixedInstances: boolean;
  readonly weighted: boolean;
  readonly attributeBased: boolean;
  readonly operator?: string;
  readonly status?: string;
  readonly suspendedProcesses: readonly string[];
  readonly newInstancesProtectedFromScaleIn: boolean;
  readonly capacityProviderName?: string;
  readonly managedTerminationProtection: boolean;
  readonly managedScaling: boolean;
  readonly managedDraining: boolean;
  readonly terminationHooks: readonly LifecycleHookFacts[];
  readonly launchHooks: readonly LifecycleHookFacts[];
  readonly warmPool: boolean;
  readonly instanceRefreshInProgress: boolean;
  readonly scheduledActions: readonly {
    readonly name: string;
    readonly startMs?: number;
    readonly minSize?: number;
    readonly maxSize?: number;
    readonly desiredCapacity?: number;
  }[];
  /** Launches that failed since the run began, newest first, with Auto Scaling's own StatusMessage. */
  readonly failedLaunches: readonly {
    readonly atMs: number;
    readonly message: string;
    readonly zone?: string;
  }[];
  readonly tags: Readonly<Record<string, string>>;
}

export interface ImageFacts {
  readonly imageId: string;
  readonly name?: string;
  readonly ownerId?: string;
  readonly ownerAlias?: string;
  readonly state:
    | 'available'
    | 'pending'
    | 'failed'
    | 'deregistered'
    | 'disabled'
    | 'invalid'
    | (string & {});
  readonly architecture?: string;
  readonly bootMode?: string;
  readonly platform?: 'windows' | 'linux';
  readonly rootDeviceName?: string;
  readonly rootSnapshotSizeGiB?: number;
  readonly encrypted?: boolean;
  readonly kmsKeyId?: string;
  readonly imdsSupport?: string;
  readonly createdAtMs?: number;
  readonly deprecatedAtMs?: number;
  readonly allowed?: boolean;
}

export interface InstanceTypeFacts {
  readonly instanceType: string;
  readonly architectures: readonly string[];
  readonly bootModes: readonly string[];
  readonly vcpus: number;
  readonly memoryMiB: number;
  readonly gpus: number;
  readonly maximumNetworkInterfaces: number;
}

export interface AlarmFacts {
  readonly alarmName: string;
  readonly state: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';
}

/** What stands in the account now. `memory` is the ledger's part: what we did and saw before. */
export interface Facts {
  readonly observedAtMs: number;
  readonly clusterArn: string;
  readonly clusterName: string;
  readonly clusterTags: Readonly<Record<string, string>>;
  readonly defaultCapacityProviders: readonly string[];
  readonly groups: readonly GroupFacts[];
  readonly hosts: readonly HostFacts[];
  readonly services: readonly ServiceFacts[];
  /**
   * Every task whose desired status is RUNNING; of draining hosts without such a task also those that are stopping or
   * STOPPED; and the STOPPED ones that AWS still lists for new hosts (a task that dies there may mean a bad image).
   */
  readonly tasks: readonly TaskFacts[];
  readonly taskDefinitions: readonly TaskDefinitionFacts[];
  readonly alarms: readonly AlarmFacts[];
  /** Zone of each subnet that a service or group names. */
  readonly subnetZones: Readonly<Record<string, string>>;
  /** Free addresses of those subnets; a subnet that is absent is unknown. */
  readonly freeAddresses: Readonly<Record<string, number>>;
  readonly memory: RunMemory;
}
