/**
 * The account's truth, for those who watch from outside: no lag, no pages, no throttle. Read-only views of live state;
 * never hand them to code under test.
 */
import type { StopCause } from './observation.ts';

export interface HostTruth {
  readonly instanceId: string;
  readonly imageId: string;
  readonly instanceType: string;
  readonly group: string | null;
  readonly zone: string;
  readonly state: 'pending' | 'running' | 'stopping' | 'stopped' | 'shutting-down' | 'terminated';
  readonly launchTimeMs: number;
  readonly lifecycleState: string | null;
  readonly protectedFromScaleIn: boolean;
  readonly containerInstanceArn: string | null;
}

export interface ContainerInstanceTruth {
  readonly containerInstanceArn: string;
  readonly instanceId: string;
  readonly cluster: string;
  readonly status: string;
  readonly agentConnected: boolean;
  readonly registeredAtMs: number;
  readonly capacityProviderName?: string | undefined;
  readonly attributes: Readonly<Record<string, string>>;
  readonly tags: readonly { readonly key?: string | undefined; readonly value?: string | undefined }[];
  /** What the agent can still use: stopping tasks count until they are STOPPED. */
  readonly reallyFree: { readonly cpu: number; readonly memoryMiB: number };
  readonly registered: { readonly cpu: number; readonly memoryMiB: number };
}

export interface TaskTruth {
  readonly taskArn: string;
  readonly group: string;
  readonly cluster: string;
  readonly serviceName: string | null;
  readonly daemon: boolean;
  readonly instanceId: string | null;
  readonly lastStatus: string;
  readonly desiredStatus: 'RUNNING' | 'STOPPED';
  readonly healthy: boolean;
  readonly createdAtMs: number;
  readonly runningAtMs: number | null;
  readonly stoppedAtMs: number | null;
  readonly protectedUntilMs: number | null;
  readonly taskDefinitionArn: string;
  readonly cause: StopCause | null;
  readonly replaces: string | null;
  readonly cpu: number;
  readonly memoryMiB: number;
  readonly targetsDeregistering: number;
}

export interface ServiceTruth {
  readonly serviceName: string;
  readonly serviceArn: string;
  readonly cluster: string;
  readonly schedulingStrategy: 'REPLICA' | 'DAEMON';
  readonly desired: number;
  readonly healthy: number;
  readonly minimumHealthyPercent: number;
  readonly maximumPercent: number;
  readonly taskDefinitionArn: string;
  /** Capacity providers with what the service asks of each; empty without a strategy. */
  readonly strategy?: readonly {
    readonly capacityProvider?: string | undefined;
    readonly base?: number | undefined;
    readonly weight?: number | undefined;
  }[];
  readonly deploying: boolean;
  /** Deployments of the same definition whose tags by then named other images. */
  readonly codeChanges?: number;
}

/** Everything of a group that an orchestrator could touch: `restored` compares two of these. */
export interface GroupTruth {
  readonly group: string;
  readonly minSize: number;
  readonly maxSize: number;
  readonly desiredCapacity: number;
  readonly suspendedProcesses: readonly string[];
  readonly newInstancesProtectedFromScaleIn: boolean;
  /** LaunchTemplate or MixedInstancesPolicy as AWS would describe it, JSON with sorted keys. */
  readonly launchSource: string;
  /** Image ids that a launch would use now, per template use, references resolved. */
  readonly launchImages: readonly string[];
  readonly warmPool: string | null;
  readonly tags: Readonly<Record<string, string>>;
  readonly instanceIds: readonly string[];
}

export interface LaunchTemplateTruth {
  readonly launchTemplateId: string;
  readonly defaultVersion: number;
  readonly latestVersion: number;
}

export interface Truth {
  readonly nowMs: number;
  hosts(): readonly HostTruth[];
  host(instanceId: string): HostTruth | undefined;
  containerInstances(): readonly ContainerInstanceTruth[];
  containerInstanceOf(instanceId: string): ContainerInstanceTruth | undefined;
  /** Tasks that are not STOPPED. */
  tasks(): readonly TaskTruth[];
  /** Any task of this run, stopped ones too. */
  task(taskArn: string): TaskTruth | undefined;
  /** Tasks on the host that are not STOPPED. */
  tasksOn(instanceId: string): readonly TaskTruth[];
  services(): readonly ServiceTruth[];
  groups(): readonly GroupTruth[];
  launchTemplates(): readonly LaunchTemplateTruth[];
}
