import type { ContainerInstance, Service, Task, TaskDefinition } from '@aws-sdk/client-ecs';
import type { Capture } from '../../../simulator/capture/capture.ts';
import type { Readings } from '../../../simulator/readings.ts';
import type { FaultBoard } from '../../../simulator/world.ts';

export const ACCOUNT = '111122223333';
export const REGION = 'eu-west-1';
const ECS = `arn:aws:ecs:${REGION}:${ACCOUNT}`;
export const START_MS = Date.parse('2026-11-22T12:00:00Z');
export const ZONES = ['eu-west-1a', 'eu-west-1b', 'eu-west-1c'];

export interface HostSpec {
  readonly id: string;
  readonly zone?: string;
  readonly cpu?: number;
  readonly memory?: number;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly connected?: boolean;
  readonly provider?: string;
  /** Its Auto Scaling group; `group` unless said. */
  readonly group?: string;
}

export interface ServiceSpec extends Partial<Service> {
  readonly name: string;
  readonly desired: number;
  readonly min?: number;
  readonly max?: number;
  /** One host id per task that runs already. */
  readonly on?: readonly string[];
  readonly definition?: Partial<TaskDefinition>;
  readonly targetGroup?: boolean;
}

export interface AccountSpec {
  readonly hosts: readonly HostSpec[];
  readonly services?: readonly ServiceSpec[];
  /** Tasks of no service: family and host. */
  readonly standalone?: readonly { readonly family: string; readonly on: string }[];
  readonly seed?: number;
  readonly readings?: Partial<Readings>;
  readonly faults?: Partial<FaultBoard>;
  readonly startSeconds?: readonly [number, number];
  readonly stopSeconds?: readonly [number, number];
  /** NewInstancesProtectedFromScaleIn of every group; true unless said. */
  readonly newInstancesProtected?: boolean;
  readonly change?: (capture: Capture) => void;
}

export function captureOf(spec: AccountSpec): Capture {
  const tasks: Task[] = [];
  const definitions: TaskDefinition[] = [];
  const services: Service[] = [];
  let count = 0;
  const task = (
    group: string,
    definition: TaskDefinition,
    on: string,
    startedBy: string | undefined,
  ): Task => ({
    taskArn: `${ECS}:task/prod/${String(count++).padStart(32, '0')}`,
    clusterArn: `${ECS}:cluster/prod`,
    containerInstanceArn: hostArn(on),
    taskDefinitionArn: definition.taskDefinitionArn,
    group,
    lastStatus: 'RUNNING',
    desiredStatus: 'RUNNING',
    createdAt: new Date(START_MS - 3_600_000),
    startedAt: new Date(START_MS - 3_580_000),
    launchType: 'EC2',
    ...(startedBy && { startedBy }),
  });
  for (const { name, desired, min, max, on, definition, targetGroup, ...rest } of spec.services ?? []) {
    const made = definitionOf(name, definition);
    definitions.push(made);
    const deploymentId = `ecs-svc/${name}`;
    services.push({
      serviceArn: `${ECS}:service/prod/${name}`,
      serviceName: name,
      clusterArn: `${ECS}:cluster/prod`,
      status: 'ACTIVE',
      desiredCount: desired,
      taskDefinition: made.taskDefinitionArn,
      schedulingStrategy: 'REPLICA',
      launchType: 'EC2',
      deploymentConfiguration: {
        ...(min !== undefined && { minimumHealthyPercent: min }),
        ...(max !== undefined && { maximumPercent: max }),
      },
      deployments: [
        {
          id: deploymentId,
          status: 'PRIMARY',
          taskDefinition: made.taskDefinitionArn,
          rolloutState: 'COMPLETED',
        },
      ],
      ...(targetGroup && {
        loadBalancers: [{ targetGroupArn: `arn:tg/${name}`, containerName: 'main', containerPort: 80 }],
      }),
      ...rest,
    });
    for (const host of on ?? []) tasks.push(task(`service:${name}`, made, host, deploymentId));
  }
  for (const { family, on } of spec.standalone ?? []) {
    const made = definitionOf(family, {});
    definitions.push(made);
    tasks.push(task(`family:${family}`, made, on, undefined));
  }
  return {
    version: 1,
    region: REGION,
    accountId: ACCOUNT,
    capturedAt: new Date(START_MS),
    ecs: {
      clusters: [{ clusterArn: `${ECS}:cluster/prod`, clusterName: 'prod', status: 'ACTIVE' }],
      capacityProviders: [],
      services,
      serviceRevisions: [],
      taskDefinitions: definitions,
      containerInstances: spec.hosts.map(hostOf),
      tasks,
      protectedTasks: [],
      accountSettings: [],
    },
    autoScaling: {
      autoScalingGroups: [],
      lifecycleHooks: [],
      scheduledActions: [],
      scalingPolicies: [],
      instanceRefreshes: [],
      warmPools: [],
    },
    ec2: {
      instances: [],
      launchTemplateVersions: [],
      images: [],
      instanceTypes: [],
      instanceStatuses: [],
      subnets: [],
      eventWindows: [],
    },
    ssm: { parameters: [] },
    elasticLoadBalancingV2: { targetGroups: [], targetGroupAttributes: [], targetHealth: [] },
    applicationAutoScaling: { scalableTargets: [], scalingPolicies: [] },
    cloudWatch: { alarms: [] },
    ecr: { images: [] },
    serviceQuotas: { quotas: [] },
  };
}

export function hostArn(instanceId: string): string {
  return `${ECS}:container-instance/prod/ci-${instanceId}`;
}

function hostOf({ id, zone, cpu, memory, attributes, connected, provider }: HostSpec): ContainerInstance {
  const all = {
    'ecs.ami-id': 'ami-old',
    'ecs.instance-type': 'm5.large',
    'ecs.availability-zone': zone ?? 'eu-west-1a',
    'ecs.subnet-id': `subnet-${(zone ?? 'eu-west-1a').slice(-1)}`,
    ...attributes,
  };
  return {
    containerInstanceArn: hostArn(id),
    ec2InstanceId: id,
    status: 'ACTIVE',
    agentConnected: connected ?? true,
    registeredAt: new Date(START_MS - 86_400_000),
    registeredResources: [
      { name: 'CPU', type: 'INTEGER', integerValue: cpu ?? 2048 },
      { name: 'MEMORY', type: 'INTEGER', integerValue: memory ?? 7680 },
      { name: 'PORTS', type: 'STRINGSET', stringSetValue: ['22', '2375', '2376', '51678', '51679'] },
      { name: 'PORTS_UDP', type: 'STRINGSET', stringSetValue: [] },
    ],
    attributes: Object.entries(all).map(([name, value]) => ({ name, value })),
    ...(provider && { capacityProviderName: provider }),
  };
}

function definitionOf(family: string, over: Partial<TaskDefinition> = {}): TaskDefinition {
  return {
    taskDefinitionArn: `${ECS}:task-definition/${family}:1`,
    family,
    revision: 1,
    status: 'ACTIVE',
    networkMode: 'bridge',
    cpu: '256',
    memory: '512',
    containerDefinitions: [
      {
        name: 'main',
        image: `${family}:1`,
        essential: true,
        portMappings: [{ containerPort: 80, hostPort: 0 }],
      },
    ],
    ...over,
  };
}
