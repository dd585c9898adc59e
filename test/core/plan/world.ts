/** A small cluster to plan on: three hosts of one group in three zones, one service, a newer image in the template. */

import type {
  Facts,
  GroupFacts,
  HostFacts,
  ImageFacts,
  InstanceTypeFacts,
  Resources,
  ServiceFacts,
  TaskDefinitionFacts,
  TaskFacts,
  TemplateUse,
} from '../../../functions/core/facts.ts';
import type { PlanRequest } from '../../../functions/core/plan/context.ts';
import { makePlan } from '../../../functions/core/plan/make-plan.ts';
import type { PlanFacts } from '../../../functions/core/plan/plan-facts.ts';
import type { Plan } from '../../../functions/core/plan.ts';
import type { Settings } from '../../../functions/core/settings.ts';
import { DEFAULT_SETTINGS } from '../../../functions/edge/settings.ts';

export const NOW_MS = Date.UTC(2026, 10, 22, 12);
export const OLD = 'ami-0a01';
export const NEW = 'ami-0a02';
const ZONES = ['eu-west-1a', 'eu-west-1b', 'eu-west-1c'];

export const resources = (over: Partial<Resources> = {}): Resources => ({
  cpu: 2048,
  memoryMiB: 3800,
  gpus: 0,
  eniSlots: 2,
  ports: ['22/tcp'],
  ...over,
});

export const image = (over: Partial<ImageFacts> = {}): ImageFacts => ({
  imageId: NEW,
  name: 'al2023-ami-ecs-hvm-2023.0.20261101-kernel-6.1-x86_64',
  ownerId: '123456789012',
  ownerAlias: 'amazon',
  state: 'available',
  architecture: 'x86_64',
  rootDeviceName: '/dev/xvda',
  rootSnapshotSizeGiB: 30,
  imdsSupport: 'v2.0',
  platform: 'linux',
  createdAtMs: NOW_MS - 10 * 86_400_000,
  ...over,
});

export const instanceType = (over: Partial<InstanceTypeFacts> = {}): InstanceTypeFacts => ({
  instanceType: 'c5.large',
  architectures: ['x86_64'],
  bootModes: ['legacy-bios', 'uefi'],
  vcpus: 2,
  memoryMiB: 4096,
  gpus: 0,
  maximumNetworkInterfaces: 3,
  ...over,
});

export const template = (over: Partial<TemplateUse> = {}): TemplateUse => ({
  reference: { launchTemplateId: 'lt-web', version: '$Latest' },
  resolvedVersion: 7,
  imageReference: NEW,
  imageId: NEW,
  instanceTypes: ['c5.large'],
  ...over,
});

export const group = (over: Partial<GroupFacts> = {}): GroupFacts => ({
  autoScalingGroupName: 'web',
  autoScalingGroupArn:
    'arn:aws:autoscaling:eu-west-1:111122223333:autoScalingGroup:1:autoScalingGroupName/web',
  minSize: 3,
  maxSize: 6,
  desiredCapacity: 3,
  zones: ZONES,
  subnetIds: ['subnet-a', 'subnet-b', 'subnet-c'],
  templates: [template()],
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
  ...over,
});

export const host = (number: number, over: Partial<HostFacts> = {}): HostFacts => ({
  instanceId: `i-0${number}`,
  imageId: OLD,
  instanceType: 'c5.large',
  zone: ZONES[(number - 1) % 3] as string,
  ec2State: 'running',
  launchTimeMs: NOW_MS - 40 * 86_400_000,
  registeredAtMs: NOW_MS - 40 * 86_400_000 + 60_000,
  impaired: false,
  autoScalingGroupName: 'web',
  lifecycleState: 'InService',
  protectedFromScaleIn: false,
  containerInstanceArn: `arn:aws:ecs:eu-west-1:111122223333:container-instance/prod/${number}`,
  status: 'ACTIVE',
  agentConnected: true,
  registered: resources(),
  attributes: { 'ecs.ami-id': OLD, 'ecs.instance-type': 'c5.large' },
  ...over,
});

export const definition = (over: Partial<TaskDefinitionFacts> = {}): TaskDefinitionFacts => ({
  taskDefinitionArn: 'web:1',
  networkMode: 'bridge',
  needs: resources({ cpu: 256, memoryMiB: 512, eniSlots: 0, ports: [] }),
  memberOf: [],
  requiresAttributes: [],
  hostVolumes: [],
  images: [],
  stopTimeoutSeconds: 30,
  ...over,
});

export const service = (over: Partial<ServiceFacts> = {}): ServiceFacts => ({
  serviceName: 'web',
  serviceArn: 'arn:aws:ecs:eu-west-1:111122223333:service/prod/web',
  schedulingStrategy: 'REPLICA',
  deploymentController: 'ECS',
  deploymentStrategy: 'ROLLING',
  taskDefinitionArn: 'web:1',
  desiredCount: 8,
  runningCount: 8,
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
  deregistrationDelaySeconds: 60,
  ...over,
});

export const task = (number: number, over: Partial<TaskFacts> = {}): TaskFacts => ({
  taskArn: `task-${number}`,
  taskDefinitionArn: 'web:1',
  taskClass: 'replica',
  serviceName: 'web',
  instanceId: `i-0${((number - 1) % 3) + 1}`,
  lastStatus: 'RUNNING',
  desiredStatus: 'RUNNING',
  healthStatus: 'UNKNOWN',
  createdAtMs: NOW_MS - 86_400_000,
  startedAtMs: NOW_MS - 86_400_000 + 20_000,
  targetsDeregistering: 0,
  healthy: true,
  ...over,
});

export const world = (over: Partial<Facts> = {}): Facts => ({
  observedAtMs: NOW_MS,
  clusterArn: 'arn:aws:ecs:eu-west-1:111122223333:cluster/prod',
  clusterName: 'prod',
  clusterTags: {},
  defaultCapacityProviders: [],
  groups: [group()],
  hosts: [1, 2, 3].map((number) => host(number)),
  services: [service()],
  tasks: [1, 2, 3, 4, 5, 6].map((number) => task(number)),
  taskDefinitions: [definition()],
  alarms: [],
  subnetZones: { 'subnet-a': 'eu-west-1a', 'subnet-b': 'eu-west-1b', 'subnet-c': 'eu-west-1c' },
  freeAddresses: { 'subnet-a': 200, 'subnet-b': 200, 'subnet-c': 200 },
  memory: {
    runId: '',
    startedAtMs: NOW_MS,
    phase: 'rolling',
    lastProgressAtMs: NOW_MS,
    daemonsAtPlan: [],
    groups: [],
    hosts: [],
    services: [],
    movesSeen: 0,
  },
  ...over,
});

export const planFacts = (over: Partial<PlanFacts> = {}): PlanFacts => ({
  accountId: '111122223333',
  images: [image(), image({ imageId: OLD, createdAtMs: NOW_MS - 60 * 86_400_000 })],
  instanceTypes: [instanceType()],
  parameters: [],
  templates: [],
  sharedTemplates: [],
  quotas: [{ families: ['c', 'm'], purchase: 'on-demand', quotaCode: 'L-1216C47A', limit: 640 }],
  targetGroups: [],
  digests: {},
  serviceDigests: {},
  quarantine: [],
  pastRuns: [],
  managedInstanceProviders: [],
  warmPoolInstanceIds: [],
  ...over,
});

/** Everything that a plan is made of; what a test does not name is the small cluster's. */
export interface Situation {
  readonly facts?: Partial<Facts>;
  readonly planFacts?: Partial<PlanFacts>;
  readonly settings?: Partial<Settings>;
  readonly request?: PlanRequest;
}

export function planOf(situation: Situation = {}): Plan {
  return makePlan(
    world(situation.facts),
    planFacts(situation.planFacts),
    { ...DEFAULT_SETTINGS, ...situation.settings },
    situation.request ?? {},
    NOW_MS,
  );
}

/** Codes of the findings of one severity, once each. */
export function codes(plan: Plan, severity?: 'blocks' | 'outage' | 'note'): string[] {
  const found = plan.findings.filter((finding) => severity === undefined || finding.severity === severity);
  return [...new Set(found.map(({ code }) => code))].sort();
}
