/** EC2, Auto Scaling and load balancing alone on a virtual clock, with a group of six hosts in three zones. */
import type { AutoScalingGroup, Instance as Member } from '@aws-sdk/client-auto-scaling';
import type { Instance, LaunchTemplateVersion } from '@aws-sdk/client-ec2';
import { AutoScalingService } from '../../../simulator/auto-scaling/service.ts';
import type { Capture } from '../../../simulator/capture/capture.ts';
import { MeasuredAlarms } from '../../../simulator/cloudwatch/measured-alarms.ts';
import { Metrics } from '../../../simulator/cloudwatch/metrics.ts';
import { Alarms } from '../../../simulator/cloudwatch/service.ts';
import { Ec2Service } from '../../../simulator/ec2/service.ts';
import { LoadBalancingService } from '../../../simulator/elastic-load-balancing/service.ts';
import { VirtualClock } from '../../../simulator/kernel/clock.ts';
import { RandomStreams } from '../../../simulator/kernel/random.ts';
import type { Actor, Observation } from '../../../simulator/observation.ts';
import { drawReadings, type Readings } from '../../../simulator/readings.ts';
import { createSignals } from '../../../simulator/signals.ts';
import type {
  FaultBoard,
  LifecycleChange,
  Operation,
  ServiceEvent,
  World,
} from '../../../simulator/world.ts';
import { QUIET, START_MS, TIMINGS } from '../support/kernel.ts';

export const OLD_IMAGE = 'ami-00000000000000001';
export const NEW_IMAGE = 'ami-00000000000000002';
export const ARM_IMAGE = 'ami-00000000000000003';
export const TEMPLATE = 'lt-00000000000000001';
export const ZONES = ['eu-west-1a', 'eu-west-1b', 'eu-west-1c'];
export const USER: Actor = { kind: 'function', name: 'tester' };

export const hostId = (n: number) => `i-${String(n).padStart(17, '0')}`;

const image = (ImageId: string, Architecture: 'x86_64' | 'arm64') => ({
  ImageId,
  Architecture,
  State: 'available' as const,
  OwnerId: '111122223333',
  Name: ImageId,
  CreationDate: '2026-11-01T00:00:00.000Z',
  VirtualizationType: 'hvm' as const,
  RootDeviceType: 'ebs' as const,
  EnaSupport: true,
});

/** Captured `hosts` of one group `web`, spread over the zones in turn. */
export function smallCapture(
  options: {
    readonly hosts?: number;
    readonly zoneOf?: (n: number) => string;
    readonly group?: Partial<AutoScalingGroup>;
    readonly templates?: readonly LaunchTemplateVersion[];
  } = {},
): Capture {
  const hosts = Array.from({ length: options.hosts ?? 6 }, (_, n) => n + 1);
  const zoneOf = options.zoneOf ?? ((n: number) => ZONES[n % ZONES.length] as string);
  const subnetOf = (zone: string) => `subnet-${zone}`;
  const member = (n: number): Member => ({
    InstanceId: hostId(n),
    InstanceType: 'm5.large',
    AvailabilityZone: zoneOf(n),
    LifecycleState: 'InService',
    HealthStatus: 'Healthy',
    LaunchTemplate: { LaunchTemplateId: TEMPLATE, LaunchTemplateName: 'web', Version: '1' },
    ProtectedFromScaleIn: false,
  });
  const instance = (n: number): Instance => ({
    InstanceId: hostId(n),
    ImageId: OLD_IMAGE,
    InstanceType: 'm5.large',
    State: { Code: 16, Name: 'running' },
    LaunchTime: new Date(START_MS - 86_400_000 + n * 1000),
    Placement: { AvailabilityZone: zoneOf(n) },
    SubnetId: subnetOf(zoneOf(n)),
    RootDeviceType: 'ebs',
    Tags: [{ Key: 'aws:autoscaling:groupName', Value: 'web' }],
  });
  return {
    version: 1,
    region: 'eu-west-1',
    accountId: '111122223333',
    capturedAt: new Date(START_MS),
    ecs: {
      clusters: [],
      capacityProviders: [],
      services: [],
      serviceRevisions: [],
      taskDefinitions: [],
      containerInstances: [],
      tasks: [],
      protectedTasks: [],
      accountSettings: [],
    },
    autoScaling: {
      autoScalingGroups: [
        {
          AutoScalingGroupName: 'web',
          AutoScalingGroupARN:
            'arn:aws:autoscaling:eu-west-1:111122223333:autoScalingGroup:1:autoScalingGroupName/web',
          MinSize: 0,
          MaxSize: 20,
          DesiredCapacity: hosts.length,
          DefaultCooldown: 300,
          HealthCheckType: 'EC2',
          CreatedTime: new Date(START_MS),
          AvailabilityZones: ZONES,
          VPCZoneIdentifier: ZONES.map(subnetOf).join(','),
          LaunchTemplate: { LaunchTemplateId: TEMPLATE, LaunchTemplateName: 'web', Version: '1' },
          Instances: hosts.map(member),
          ...options.group,
        },
      ],
      lifecycleHooks: [],
      scheduledActions: [],
      scalingPolicies: [],
      instanceRefreshes: [],
      warmPools: [],
    },
    ec2: {
      instances: hosts.map(instance),
      launchTemplateVersions: [
        ...(options.templates ?? [
          {
            LaunchTemplateId: TEMPLATE,
            LaunchTemplateName: 'web',
            VersionNumber: 1,
            DefaultVersion: true,
            LaunchTemplateData: {
              ImageId: OLD_IMAGE,
              InstanceType: 'm5.large',
              UserData: Buffer.from('#!/bin/bash\necho ECS_CLUSTER=prod >> /etc/ecs/ecs.config').toString(
                'base64',
              ),
              BlockDeviceMappings: [
                { DeviceName: '/dev/xvda', Ebs: { SnapshotId: 'snap-1', VolumeSize: 30 } },
              ],
            },
          },
        ]),
      ],
      images: [image(OLD_IMAGE, 'x86_64'), image(NEW_IMAGE, 'x86_64'), image(ARM_IMAGE, 'arm64')],
      instanceTypes: [
        {
          InstanceType: 'm5.large',
          ProcessorInfo: { SupportedArchitectures: ['x86_64'] },
          VCpuInfo: { DefaultVCpus: 2 },
          MemoryInfo: { SizeInMiB: 8192 },
          SupportedBootModes: ['legacy-bios', 'uefi'],
          NetworkInfo: { MaximumNetworkInterfaces: 3, EnaSupport: 'required' },
        },
      ],
      instanceStatuses: [],
      subnets: ZONES.map((zone) => ({
        SubnetId: subnetOf(zone),
        VpcId: 'vpc-1',
        AvailabilityZone: zone,
        AvailableIpAddressCount: 100,
      })),
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

export interface GroupActivity {
  readonly StatusCode: string;
  readonly Description: string;
  readonly Cause: string;
  readonly StatusMessage?: string;
}

export interface SmallAccount {
  readonly clock: VirtualClock;
  readonly ec2: Ec2Service;
  readonly autoScaling: AutoScalingService;
  readonly loadBalancing: LoadBalancingService;
  readonly alarms: Alarms;
  readonly observations: readonly Observation[];
  readonly events: readonly ServiceEvent[];
  readonly parameters: Map<string, string>;
  readonly lifecycleChanges: readonly LifecycleChange[];
  /** Calls an operation as AWS would be called, without the dispatcher's latency and throttling. */
  call<T = unknown>(service: string, operation: string, input?: object, lagMs?: number): T;
  /** The error's name and message, or undefined when the call succeeded. */
  refusal(service: string, operation: string, input?: object): string | undefined;
  onLifecycle(listener: (change: LifecycleChange) => void): void;
  pass(seconds: number): Promise<void>;
  group(): AutoScalingGroup;
  /** Activities of the group, newest first. */
  activities(): GroupActivity[];
  close(): void;
}

export function smallAccount(
  capture: Capture = smallCapture(),
  options: {
    readonly seed?: number;
    readonly faults?: Partial<FaultBoard>;
    readonly readings?: Partial<Readings>;
    /** Of any cluster and metric, percent. */
    readonly reservation?: () => number | undefined;
  } = {},
): SmallAccount {
  const clock = new VirtualClock(START_MS);
  const observations: Observation[] = [];
  const events: ServiceEvent[] = [];
  const operations = new Map<string, Operation>();
  const parameters = new Map<string, string>();
  const lifecycleChanges: LifecycleChange[] = [];
  const signals = createSignals(clock);
  const random = new RandomStreams(options.seed ?? 1);
  const world = {
    accountId: capture.accountId,
    region: capture.region,
    clock,
    random,
    readings: drawReadings(random, options.readings),
    timings: TIMINGS,
    registry: {
      register: (service: string, some: Readonly<Record<string, Operation>>) => {
        for (const [name, operation] of Object.entries(some)) operations.set(`${service}.${name}`, operation);
      },
    },
    signals,
    faults: { ...QUIET, ...options.faults },
    record: (observation: Observation) => void observations.push(observation),
    ecs: {
      startDraining: () => undefined,
      taskDefinition: () => undefined,
      reservationOf: () => options.reservation?.(),
    },
    ssm: {
      valueOf: (name: string) => parameters.get(name),
      put: (name: string, value: string) => void parameters.set(name, value),
    },
    bus: { emit: (event: ServiceEvent) => void events.push(event) },
  } as unknown as {
    -readonly [K in keyof World]: World[K];
  } & { ec2: Ec2Service; autoScaling: AutoScalingService };
  world.metrics = new Metrics({ clock, registry: world.registry });
  const alarms = new Alarms({ ...world, accountId: world.accountId }, capture.cloudWatch.alarms);
  world.alarms = alarms;
  signals.onLifecycle((change) => lifecycleChanges.push(change));
  const ec2 = new Ec2Service(world, capture);
  world.ec2 = ec2;
  const autoScaling = new AutoScalingService(world, capture);
  world.autoScaling = autoScaling;
  const loadBalancing = new LoadBalancingService(world, capture);
  world.loadBalancing = loadBalancing;
  clock.install();
  ec2.seed();
  autoScaling.seed();
  loadBalancing.seed();
  new MeasuredAlarms(world, capture.cloudWatch.alarms).seed();

  const call = <T = unknown>(service: string, operation: string, input: object = {}, lagMs = 0) => {
    const found = operations.get(`${service}.${operation}`);
    if (!found) throw new Error(`${service}.${operation} is not registered`);
    return found(input as never, { functionName: 'tester', actor: USER, lagMs }) as T;
  };
  return {
    clock,
    ec2,
    autoScaling,
    loadBalancing,
    alarms,
    observations,
    events,
    parameters,
    lifecycleChanges,
    onLifecycle: (listener) => signals.onLifecycle(listener),
    call,
    refusal(service, operation, input) {
      try {
        call(service, operation, input);
        return undefined;
      } catch (error) {
        return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      }
    },
    async pass(seconds) {
      const untilMs = clock.nowMs + seconds * 1000;
      let over = false;
      clock.at(untilMs, () => {
        over = true;
      });
      await clock.run(() => over, untilMs + 1);
    },
    group: () =>
      call<{ AutoScalingGroups: AutoScalingGroup[] }>('AutoScaling', 'DescribeAutoScalingGroups')
        .AutoScalingGroups[0] as AutoScalingGroup,
    activities: () =>
      (
        call('AutoScaling', 'DescribeScalingActivities', { AutoScalingGroupName: 'web' }) as {
          Activities: [];
        }
      ).Activities,
    close: () => clock.uninstall(),
  };
}
