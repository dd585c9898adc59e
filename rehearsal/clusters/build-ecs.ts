/** The ECS and load balancer part of a generated capture. */

import { groupArn } from './build-groups.ts';
import { ACCOUNT, CAPTURED_AT, REGION, subnetOf } from './constants.ts';
import type { PlacedHost, PlacedTask } from './place.ts';
import type { ClusterSpec, Placement, ServiceSpec } from './spec.ts';
import { registeredOf } from './types.ts';

const arn = (kind: string, name: string) => `arn:aws:ecs:${REGION}:${ACCOUNT}:${kind}/${name}`;
const targetGroupArn = (service: string) =>
  `arn:aws:elasticloadbalancing:${REGION}:${ACCOUNT}:targetgroup/${service}/0000000000000001`;
const definitionArn = (family: string) => arn('task-definition', `${family}:1`);

export function ecsPart(spec: ClusterSpec, hosts: readonly PlacedHost[], tasks: readonly PlacedTask[]) {
  const cluster = spec.name ?? 'prod';
  const balanced = spec.services.filter((service) => service.loadBalancer);
  const enabled = spec.enabled === undefined ? 'true' : spec.enabled;
  const providers = spec.groups.flatMap((group) => (group.capacityProvider ? [group] : []));
  return {
    ecs: {
      clusters: [
        {
          clusterArn: arn('cluster', cluster),
          clusterName: cluster,
          status: 'ACTIVE',
          capacityProviders: providers.map((group) => group.capacityProvider),
          tags: enabled === null ? [] : [{ key: 'rollover:enabled', value: enabled }],
        },
      ],
      capacityProviders: providers.map((group) => ({
        capacityProviderArn: arn('capacity-provider', group.capacityProvider ?? ''),
        name: group.capacityProvider,
        status: 'ACTIVE',
        autoScalingGroupProvider: {
          autoScalingGroupArn: groupArn(group.name),
          managedScaling:
            group.managedTargetPercent === undefined
              ? { status: 'DISABLED' }
              : { status: 'ENABLED', targetCapacity: group.managedTargetPercent },
          managedTerminationProtection: group.managedTerminationProtection ? 'ENABLED' : 'DISABLED',
          managedDraining: group.managedDraining ? 'ENABLED' : 'DISABLED',
        },
      })),
      services: spec.services.map((service) => serviceOf(spec, service, hosts.length)),
      taskDefinitions: [
        ...spec.services.map((service) =>
          definitionOf(service.name, service, service.daemon ? 64 : 256, service.daemon ? 128 : 512),
        ),
        ...(spec.standalone ?? []).map((task) => definitionOf(task.family, task, 256, 512)),
      ],
      containerInstances: hosts.map((host) =>
        containerInstanceOf(cluster, host, spec.awsvpcTrunking ?? false),
      ),
      tasks: tasks.map((task) => taskOf(cluster, task)),
      protectedTasks: protectedTasksOf(spec, cluster, tasks),
      accountSettings: spec.awsvpcTrunking ? [{ name: 'awsvpcTrunking', value: 'enabled' }] : [],
    },
    applicationAutoScaling: scalingPart(spec, cluster),
    elasticLoadBalancingV2: {
      targetGroups: balanced.map((service) => ({
        TargetGroupArn: targetGroupArn(service.name),
        TargetGroupName: service.name,
        Protocol: 'HTTP',
        Port: 80,
        TargetType: service.networkMode === 'awsvpc' ? 'ip' : 'instance',
        HealthCheckIntervalSeconds: service.loadBalancer?.intervalSeconds ?? 10,
        HealthyThresholdCount: service.loadBalancer?.healthyThreshold ?? 3,
        UnhealthyThresholdCount: 2,
      })),
      targetGroupAttributes: balanced.map((service) => ({
        TargetGroupArn: targetGroupArn(service.name),
        Attributes: [
          {
            Key: 'deregistration_delay.timeout_seconds',
            Value: String(service.loadBalancer?.deregistrationDelaySeconds ?? 60),
          },
        ],
      })),
      targetHealth: balanced.map((service) => ({
        TargetGroupArn: targetGroupArn(service.name),
        TargetHealthDescriptions: tasks
          .filter((task) => task.service === service)
          .map((task) => ({ Target: targetOf(task), TargetHealth: { State: 'healthy' } })),
      })),
    },
  };
}

const STRATEGIES: Readonly<Record<Placement, readonly Record<string, string>[]>> = {
  binpack: [{ type: 'binpack', field: 'memory' }],
  random: [{ type: 'random' }],
  spread: [
    { type: 'spread', field: 'attribute:ecs.availability-zone' },
    { type: 'spread', field: 'instanceId' },
  ],
};

function protectedTasksOf(spec: ClusterSpec, cluster: string, tasks: readonly PlacedTask[]) {
  return spec.services.flatMap((service) => {
    const { count = 0, seconds = 0 } = service.protectedTasks ?? {};
    const own = tasks.filter((task) => task.service === service).slice(0, count);
    return own.map((task) => ({
      taskArn: arn('task', `${cluster}/${task.taskId}`),
      protectionEnabled: true,
      expirationDate: new Date(Date.parse(CAPTURED_AT) + seconds * 1000).toISOString(),
    }));
  });
}

/** Sources: Application Auto Scaling API reference, ScalableTarget and ScalingPolicy. */
function scalingPart(spec: ClusterSpec, cluster: string) {
  const scaled = spec.services.flatMap(({ name, scaling }) =>
    scaling === undefined ? [] : [{ ResourceId: `service/${cluster}/${name}`, ...scaling }],
  );
  const of = { ServiceNamespace: 'ecs', ScalableDimension: 'ecs:service:DesiredCount' };
  return {
    scalableTargets: scaled.map(({ ResourceId, min, max }) => {
      return { ...of, ResourceId, MinCapacity: min, MaxCapacity: max };
    }),
    scalingPolicies: scaled.map(({ ResourceId, targetPercent }) => ({
      ...of,
      ResourceId,
      PolicyName: 'cpu',
      PolicyType: 'TargetTrackingScaling',
      TargetTrackingScalingPolicyConfiguration: {
        TargetValue: targetPercent,
        PredefinedMetricSpecification: { PredefinedMetricType: 'ECSServiceAverageCPUUtilization' },
      },
    })),
  };
}

const serialOf = (task: PlacedTask) => Number.parseInt(task.taskId.slice(-6), 16);
const addressOf = (task: PlacedTask) =>
  `10.1.${Math.floor(serialOf(task) / 250)}.${(serialOf(task) % 250) + 1}`;
const portOf = (task: PlacedTask) => task.service?.hostPort ?? 32_768 + (serialOf(task) % 20_000);

function targetOf(task: PlacedTask): Record<string, unknown> {
  return task.service?.networkMode === 'awsvpc'
    ? { Id: addressOf(task), Port: 8080 }
    : { Id: task.host.instanceId, Port: portOf(task) };
}

function serviceOf(spec: ClusterSpec, service: ServiceSpec, hosts: number): Record<string, unknown> {
  const cluster = spec.name ?? 'prod';
  const desired = service.daemon ? hosts : service.desired;
  const providers = service.capacityProviders ?? [];
  const constraints = [
    ...(service.distinctInstance ? [{ type: 'distinctInstance' }] : []),
    ...(service.memberOf ? [{ type: 'memberOf', expression: service.memberOf }] : []),
  ];
  return {
    serviceArn: arn('service', `${cluster}/${service.name}`),
    serviceName: service.name,
    clusterArn: arn('cluster', cluster),
    status: 'ACTIVE',
    schedulingStrategy: service.daemon ? 'DAEMON' : 'REPLICA',
    desiredCount: desired,
    runningCount: desired,
    pendingCount: 0,
    ...(providers.length > 0
      ? {
          capacityProviderStrategy: providers.map((capacityProvider) => ({
            capacityProvider,
            weight: service.shares?.[capacityProvider]?.weight ?? 1,
            base: service.shares?.[capacityProvider]?.base ?? 0,
          })),
        }
      : { launchType: 'EC2' }),
    taskDefinition: definitionArn(service.name),
    deploymentController: { type: 'ECS' },
    deploymentConfiguration: {
      minimumHealthyPercent: service.minimumHealthyPercent ?? (service.daemon ? 0 : 100),
      maximumPercent: service.maximumPercent ?? (service.daemon ? 100 : 200),
    },
    placementStrategy: service.daemon ? [] : STRATEGIES[service.placement ?? spec.placement ?? 'spread'],
    placementConstraints: constraints,
    loadBalancers: service.loadBalancer
      ? [{ targetGroupArn: targetGroupArn(service.name), containerName: service.name, containerPort: 8080 }]
      : [],
    ...(service.networkMode === 'awsvpc' && {
      networkConfiguration: {
        awsvpcConfiguration: {
          subnets: ['a', 'b', 'c'].map((zone) => subnetOf(zone)),
          assignPublicIp: 'DISABLED',
        },
      },
    }),
    availabilityZoneRebalancing: service.rebalancesZones ? 'ENABLED' : 'DISABLED',
    deployments: [
      {
        id: `ecs-svc/${service.name}`,
        status: 'PRIMARY',
        rolloutState: 'COMPLETED',
        desiredCount: desired,
        runningCount: desired,
        pendingCount: 0,
        taskDefinition: definitionArn(service.name),
        createdAt: '2026-10-01T03:00:00Z',
      },
    ],
    createdAt: '2025-01-01T00:00:00Z',
  };
}

function definitionOf(
  family: string,
  needs: Partial<ServiceSpec>,
  cpu: number,
  memoryMiB: number,
): Record<string, unknown> {
  const balanced = needs.loadBalancer !== undefined || needs.hostPort !== undefined;
  const hostPort = needs.networkMode === 'awsvpc' ? 8080 : (needs.hostPort ?? 0);
  return {
    taskDefinitionArn: definitionArn(family),
    family,
    revision: 1,
    status: 'ACTIVE',
    networkMode: needs.networkMode ?? 'bridge',
    cpu: String(needs.cpu ?? cpu),
    memory: String(needs.memoryMiB ?? memoryMiB),
    requiresAttributes: (needs.requiresAttributes ?? []).map((name) => ({ name })),
    containerDefinitions: [
      {
        name: family,
        image: `${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com/${family}:stable`,
        essential: true,
        cpu: needs.cpu ?? cpu,
        memory: needs.memoryMiB ?? memoryMiB,
        portMappings: balanced ? [{ containerPort: 8080, hostPort, protocol: 'tcp' }] : [],
        ...(needs.stopTimeoutSeconds !== undefined && { stopTimeout: needs.stopTimeoutSeconds }),
        ...(needs.containerHealthCheck && {
          healthCheck: {
            command: ['CMD-SHELL', 'true'],
            interval: 10,
            retries: 3,
            timeout: 5,
            startPeriod: 10,
          },
        }),
      },
    ],
  };
}

function containerInstanceOf(cluster: string, host: PlacedHost, isTrunked: boolean): Record<string, unknown> {
  const { cpu, memoryMiB } = registeredOf(host.instanceType);
  const ports = ['22', '2375', '2376', '51678', '51679'];
  const resources = (cpuUnits: number, memory: number, taken: readonly string[]) => [
    { name: 'CPU', type: 'INTEGER', integerValue: cpuUnits },
    { name: 'MEMORY', type: 'INTEGER', integerValue: memory },
    { name: 'PORTS', type: 'STRINGSET', stringSetValue: taken },
    { name: 'PORTS_UDP', type: 'STRINGSET', stringSetValue: [] },
  ];
  return {
    containerInstanceArn: arn('container-instance', `${cluster}/${containerInstanceId(host)}`),
    ec2InstanceId: host.instanceId,
    ...(host.capacityProvider && { capacityProviderName: host.capacityProvider }),
    version: 42,
    versionInfo: { agentVersion: '1.105.1', dockerVersion: 'DockerVersion: 25.0.8' },
    registeredResources: resources(cpu, memoryMiB, ports),
    remainingResources: resources(host.cpu, host.memoryMiB, [...ports, ...[...host.ports].map(String)]),
    status: 'ACTIVE',
    agentConnected: true,
    runningTasksCount: host.tasks.length,
    pendingTasksCount: 0,
    attributes: [
      { name: 'ecs.availability-zone', value: host.zone },
      { name: 'ecs.instance-type', value: host.instanceType },
      { name: 'ecs.os-type', value: 'linux' },
      { name: 'ecs.os-family', value: 'LINUX' },
      { name: 'ecs.cpu-architecture', value: 'x86_64' },
      { name: 'ecs.subnet-id', value: subnetOf(host.zone) },
      { name: 'ecs.vpc-id', value: 'vpc-0000000000000000a' },
      { name: 'com.amazonaws.ecs.capability.docker-remote-api.1.24' },
      ...(isTrunked ? [{ name: 'ecs.awsvpc-trunk-id', value: `eni-${host.instanceId.slice(2)}` }] : []),
    ],
    registeredAt: '2026-10-01T02:01:10Z',
  };
}

const containerInstanceId = (host: PlacedHost) => `c${host.index.toString(16).padStart(31, '0')}`;

function taskOf(cluster: string, task: PlacedTask): Record<string, unknown> {
  const taskArn = arn('task', `${cluster}/${task.taskId}`);
  return {
    taskArn,
    clusterArn: arn('cluster', cluster),
    containerInstanceArn: arn('container-instance', `${cluster}/${containerInstanceId(task.host)}`),
    taskDefinitionArn: definitionArn(task.family),
    group: task.service ? `service:${task.service.name}` : `family:${task.family}`,
    startedBy: task.service ? `ecs-svc/${task.service.name}` : 'nightly',
    launchType: 'EC2',
    lastStatus: 'RUNNING',
    desiredStatus: 'RUNNING',
    healthStatus: task.service?.containerHealthCheck ? 'HEALTHY' : 'UNKNOWN',
    cpu: String(task.cpu),
    memory: String(task.memoryMiB),
    availabilityZone: task.host.zone,
    createdAt: '2026-10-01T03:00:00Z',
    startedAt: '2026-10-01T03:00:21Z',
    containers: [
      {
        containerArn: arn('container', `${cluster}/${task.taskId}/c`),
        taskArn,
        name: task.family,
        lastStatus: 'RUNNING',
        networkBindings:
          task.service?.loadBalancer && task.service.networkMode !== 'awsvpc'
            ? [{ bindIP: '0.0.0.0', containerPort: 8080, hostPort: portOf(task), protocol: 'tcp' }]
            : [],
        networkInterfaces:
          task.service?.networkMode === 'awsvpc'
            ? [{ attachmentId: `eni-${task.taskId.slice(-8)}`, privateIpv4Address: addressOf(task) }]
            : [],
      },
    ],
  };
}
