/** Builders of facts with AWS's defaults, so that what a test sets is what matters in it. */
import type {
  Ec2State,
  GroupFacts,
  HostFacts,
  LifecycleState,
  Resources,
  ServiceFacts,
  TaskDefinitionFacts,
  TaskFacts,
} from '../../functions/core/facts.ts';
import type { Plan } from '../../functions/core/plan.ts';
import type { Settings } from '../../functions/core/settings.ts';

export const resources = (over: Partial<Resources> = {}): Resources => ({
  cpu: 0,
  memoryMiB: 0,
  gpus: 0,
  eniSlots: 0,
  ports: [],
  ...over,
});

export function defaultGroup(image: string): GroupFacts {
  return {
    autoScalingGroupName: 'group',
    autoScalingGroupArn: 'arn:group',
    minSize: 0,
    maxSize: 0,
    desiredCapacity: 0,
    zones: ['a', 'b', 'c'],
    subnetIds: [],
    templates: [
      {
        reference: { launchTemplateId: 'lt-1', version: '2' },
        resolvedVersion: 2,
        imageId: image,
        imageReference: image,
        instanceTypes: ['m5.large'],
      },
    ],
    mixedInstances: false,
    weighted: false,
    attributeBased: false,
    suspendedProcesses: [],
    newInstancesProtectedFromScaleIn: false,
    managedTerminationProtection: false,
    managedScaling: false,
    managedDraining: false,
    terminationHooks: [],
    launchHooks: [],
    warmPool: false,
    instanceRefreshInProgress: false,
    scheduledActions: [],
    failedLaunches: [],
    tags: {},
  };
}

export interface HostOptions {
  readonly imageId: string;
  readonly zone: string;
  readonly ec2State: Ec2State;
  readonly launchTimeMs: number;
  readonly lifecycleState: LifecycleState;
  readonly joined: boolean;
  readonly status: 'ACTIVE' | 'DRAINING';
  readonly free: { readonly cpu: number; readonly memoryMiB: number; readonly ports: readonly string[] };
  readonly registered: { readonly cpu: number; readonly memoryMiB: number };
}

export function host(instanceId: string, options: HostOptions): HostFacts {
  const { imageId, zone, ec2State, launchTimeMs, lifecycleState, joined } = options;
  return {
    instanceId,
    imageId,
    instanceType: 'm5.large',
    zone,
    ec2State,
    launchTimeMs,
    impaired: false,
    autoScalingGroupName: 'group',
    lifecycleState,
    protectedFromScaleIn: false,
    agentConnected: joined,
    attributes: {},
    ...(joined && {
      containerInstanceArn: `arn:ci/${instanceId}`,
      status: options.status,
      registered: resources({ ...options.registered, eniSlots: 100 }),
      remaining: resources({ ...options.free, eniSlots: 100 }),
    }),
  };
}

export function service(serviceName: string, over: Partial<ServiceFacts> = {}): ServiceFacts {
  return {
    serviceName,
    serviceArn: `arn:service/${serviceName}`,
    schedulingStrategy: 'REPLICA',
    deploymentController: 'ECS',
    deploymentStrategy: 'ROLLING',
    taskDefinitionArn: serviceName,
    desiredCount: 1,
    runningCount: 1,
    pendingCount: 0,
    minimumHealthyPercent: 100,
    maximumPercent: 200,
    capacityProviders: [],
    strategy: [],
    memberOf: [],
    distinctInstance: false,
    placementStrategy: [],
    subnets: [],
    targetGroupArns: [],
    healthCheckGracePeriodSeconds: 0,
    availabilityZoneRebalancing: false,
    deploying: false,
    events: [],
    deregistrationDelaySeconds: 0,
    ...over,
  };
}

export function definition(taskDefinitionArn: string, needs: Partial<Resources> = {}): TaskDefinitionFacts {
  return {
    taskDefinitionArn,
    networkMode: 'bridge',
    needs: resources(needs),
    memberOf: [],
    requiresAttributes: [],
    hostVolumes: [],
    images: [],
    stopTimeoutSeconds: 30,
  };
}

export function task(over: Partial<TaskFacts> = {}): TaskFacts {
  return {
    taskArn: 't1',
    taskDefinitionArn: 'web',
    taskClass: 'replica',
    serviceName: 'web',
    lastStatus: 'RUNNING',
    desiredStatus: 'RUNNING',
    healthStatus: 'UNKNOWN',
    createdAtMs: 0,
    targetsDeregistering: 0,
    healthy: true,
    ...over,
  };
}

export function defaultPlan(options: {
  readonly surge: number;
  readonly outdated: readonly string[];
  readonly target: string;
}): Plan {
  return {
    verdict: 'roll',
    reason: 'outdated hosts',
    groups: [
      {
        autoScalingGroupName: 'group',
        target: { source: 'launch-template', images: [], imageIds: [options.target], resolvesAlready: false },
        surge: options.surge,
        outdated: options.outdated,
        referenceOnly: false,
      },
    ],
    keptOut: [],
    exempt: [],
    findings: [],
    predicted: { durationSeconds: 0, moves: 0, extraInstanceHours: 0 },
    taskCount: 0,
  };
}

export const defaults: Settings = {
  surge: { percent: 100 },
  surgeMaxInstances: 100,
  maxTasksInMotionPercent: 25,
  canaryInstances: 1,
  bakeSeconds: 300,
  registrationTimeoutSeconds: 600,
  drainTimeoutSeconds: 1800,
  standaloneTasks: 'wait',
  standaloneTimeoutSeconds: 14_400,
  protectedTasks: 'wait',
  protectedTimeoutSeconds: 43_200,
  onDrainTimeout: 'hold',
  alarms: [],
  imageSource: 'launch-template',
  imageOwners: ['amazon', 'self'],
  minImageAgeHours: 0,
  instanceAgeSpreadDays: 7,
  raiseMaxSize: true,
  windows: [],
  freezes: [],
  approval: 'none',
  approvalTimeoutHours: 24,
  onRebootMaintenance: 'replace',
  onNetworkMaintenance: 'wait',
  onPowerMaintenance: 'replace',
  servicesAtOnce: 3,
  deadlineMarginHours: 24,
};
