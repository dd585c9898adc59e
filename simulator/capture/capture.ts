/**
 * A cluster as AWS describes it: lists of the SDK's own output shapes, nothing of ours (public contract). `parse.ts`
 * makes one from JSON; every list is present here, dates are Dates, AWS's defaults are filled in.
 */
import type {
  ScalableTarget,
  ScalingPolicy as ServiceScalingPolicy,
} from '@aws-sdk/client-application-auto-scaling';
import type {
  AutoScalingGroup,
  InstanceRefresh,
  LifecycleHook,
  ScalingPolicy,
  ScheduledUpdateGroupAction,
  WarmPoolConfiguration,
  Instance as WarmPoolInstance,
} from '@aws-sdk/client-auto-scaling';
import type { MetricAlarm } from '@aws-sdk/client-cloudwatch';
import type {
  Image,
  Instance,
  InstanceEventWindow,
  InstanceStatus,
  InstanceTypeInfo,
  LaunchTemplateVersion,
  Subnet,
} from '@aws-sdk/client-ec2';
import type { ImageDetail } from '@aws-sdk/client-ecr';
import type {
  CapacityProvider,
  Cluster,
  ContainerInstance,
  ProtectedTask,
  Service,
  ServiceRevision,
  Setting,
  Task,
  TaskDefinition,
} from '@aws-sdk/client-ecs';
import type {
  TargetGroup,
  TargetGroupAttribute,
  TargetHealthDescription,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { ServiceQuota } from '@aws-sdk/client-service-quotas';
import type { Parameter } from '@aws-sdk/client-ssm';

export interface WarmPool {
  AutoScalingGroupName: string;
  WarmPoolConfiguration: WarmPoolConfiguration;
  Instances: WarmPoolInstance[];
}

export interface Capture {
  version: 1;
  region: string;
  accountId: string;
  capturedAt: Date;
  ecs: {
    clusters: Cluster[];
    capacityProviders: CapacityProvider[];
    services: Service[];
    serviceRevisions: ServiceRevision[];
    taskDefinitions: TaskDefinition[];
    containerInstances: ContainerInstance[];
    tasks: Task[];
    protectedTasks: ProtectedTask[];
    accountSettings: Setting[];
  };
  autoScaling: {
    autoScalingGroups: AutoScalingGroup[];
    lifecycleHooks: LifecycleHook[];
    scheduledActions: ScheduledUpdateGroupAction[];
    scalingPolicies: ScalingPolicy[];
    instanceRefreshes: InstanceRefresh[];
    warmPools: WarmPool[];
  };
  ec2: {
    instances: Instance[];
    launchTemplateVersions: LaunchTemplateVersion[];
    images: Image[];
    instanceTypes: InstanceTypeInfo[];
    instanceStatuses: InstanceStatus[];
    subnets: Subnet[];
    eventWindows: InstanceEventWindow[];
  };
  ssm: { parameters: Parameter[] };
  elasticLoadBalancingV2: {
    targetGroups: TargetGroup[];
    targetGroupAttributes: { TargetGroupArn: string; Attributes: TargetGroupAttribute[] }[];
    targetHealth: { TargetGroupArn: string; TargetHealthDescriptions: TargetHealthDescription[] }[];
  };
  applicationAutoScaling: { scalableTargets: ScalableTarget[]; scalingPolicies: ServiceScalingPolicy[] };
  cloudWatch: { alarms: MetricAlarm[] };
  /** Says nothing of what it does not list: unknown. */
  ecr: { images: ImageDetail[] };
  /** Likewise. */
  serviceQuotas: { quotas: ServiceQuota[] };
}
