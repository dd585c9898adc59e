/**
 * A cluster in few words, from which `build.ts` makes a capture in AWS's shapes. For clusters that nobody captured:
 * generated ones, benchmarks, tests. What is left out gets a value that real clusters often have.
 */

export type Placement = 'spread' | 'binpack' | 'random';

export interface ServiceSpec {
  readonly name: string;
  readonly desired: number;
  readonly minimumHealthyPercent?: number;
  readonly maximumPercent?: number;
  readonly cpu?: number;
  readonly memoryMiB?: number;
  readonly daemon?: boolean;
  readonly networkMode?: 'bridge' | 'awsvpc' | 'host';
  /** Static host port; none is a dynamic one. */
  readonly hostPort?: number;
  readonly loadBalancer?: {
    readonly deregistrationDelaySeconds?: number;
    readonly intervalSeconds?: number;
    readonly healthyThreshold?: number;
  };
  readonly containerHealthCheck?: boolean;
  readonly stopTimeoutSeconds?: number;
  readonly distinctInstance?: boolean;
  /** Its own placement strategy, and how its tasks stand when the cluster is captured; the cluster's when absent. */
  readonly placement?: Placement;
  /** ECS moves its tasks where a zone has more than another. */
  readonly rebalancesZones?: boolean;
  /** Target tracking on its average CPU, between these counts. */
  readonly scaling?: { readonly min: number; readonly max: number; readonly targetPercent: number };
  /** So many of its tasks are protected from scale-in at capture, for so long. */
  readonly protectedTasks?: { readonly count: number; readonly seconds: number };
  /** Names of the capacity providers of its strategy, weight 1 each; none is launch type EC2. */
  readonly capacityProviders?: readonly string[];
  /** Weight and base of those that have others than 1 and 0, by name. */
  readonly shares?: Readonly<Record<string, { readonly weight?: number; readonly base?: number }>>;
  readonly requiresAttributes?: readonly string[];
  readonly memberOf?: string;
}

export interface GroupSpec {
  readonly name: string;
  readonly hosts: number;
  readonly instanceType?: string;
  readonly minSize?: number;
  readonly maxSize?: number;
  /** How the group names its template's version. */
  readonly version?: '$Latest' | '$Default' | 'number';
  /** `ImageId` of the template, literal or `resolve:ssm:…`; the old image when absent. */
  readonly imageReference?: string;
  readonly oldImage?: string;
  /** Hosts of the group that run another image than the old one already, by index. */
  readonly images?: Readonly<Record<number, string>>;
  /** Instance types of a mixed-instances policy's overrides. */
  readonly overrides?: readonly string[];
  readonly capacityProvider?: string;
  /** Its capacity provider drains hosts that Auto Scaling ends; ECS has put its hook on the group. */
  readonly managedDraining?: boolean;
  /** ECS scales the group towards this share of its capacity, percent; absent: it does not. */
  readonly managedTargetPercent?: number;
  /** ECS protects hosts with tasks from scale-in; wants `protectedFromScaleIn` and managed scaling. */
  readonly managedTerminationProtection?: boolean;
  /** Lifecycle hooks that nobody answers: the host waits so long at its launch, and at its end, then goes on. */
  readonly launchHookSeconds?: number;
  readonly terminationHookSeconds?: number;
  readonly maxInstanceLifetimeSeconds?: number;
  readonly instanceMaintenancePolicy?: {
    readonly MinHealthyPercentage: number;
    readonly MaxHealthyPercentage: number;
  };
  /** Instances that wait stopped beside the group, which the account launches at once. */
  readonly warmPoolSize?: number;
  readonly zones?: readonly string[];
  readonly protectedFromScaleIn?: boolean;
}

export interface StandaloneSpec {
  readonly family: string;
  readonly cpu?: number;
  readonly memoryMiB?: number;
}

export interface ClusterSpec {
  readonly name?: string;
  readonly enabled?: 'true' | 'observe' | null;
  readonly groups: readonly GroupSpec[];
  readonly services: readonly ServiceSpec[];
  readonly standalone?: readonly StandaloneSpec[];
  /** How tasks were placed when the cluster was captured, and the services' own strategy. */
  readonly placement?: Placement;
  /** The account has opted in to trunk interfaces, and its hosts have them. */
  readonly awsvpcTrunking?: boolean;
  readonly oldImage?: string;
  readonly newImage?: string;
  /** Parameters beside; `image` of the public one is the new image. */
  readonly parameters?: Readonly<Record<string, string>>;
}
