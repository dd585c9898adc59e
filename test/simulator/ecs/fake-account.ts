/** Just enough of an account around ECS: machines that appear and vanish, target groups with plain checks. */
import type { LifecycleHook } from '@aws-sdk/client-auto-scaling';
import type { MetricAlarm } from '@aws-sdk/client-cloudwatch';
import type { ContainerInstance, Service, Task, TaskDefinition } from '@aws-sdk/client-ecs';
import type { Capture } from '../../../simulator/capture/capture.ts';
import { EcsService } from '../../../simulator/ecs/ecs-service.ts';
import { VirtualClock } from '../../../simulator/kernel/clock.ts';
import { RandomStreams } from '../../../simulator/kernel/random.ts';
import type { Actor, Observation, TaskObservation } from '../../../simulator/observation.ts';
import { drawReadings, type Readings } from '../../../simulator/readings.ts';
import { createSignals } from '../../../simulator/signals.ts';
import type { Call, FaultBoard, Instance, Operation, ServiceEvent, World } from '../../../simulator/world.ts';

export const ACCOUNT = '111122223333';
const REGION = 'eu-west-1';
const ECS = `arn:aws:ecs:${REGION}:${ACCOUNT}`;
export const START_MS = Date.parse('2026-11-22T12:00:00Z');
export const ZONES = ['eu-west-1a', 'eu-west-1b', 'eu-west-1c'];
const TARGET_HEALTHY_SECONDS = 30;
const DEREGISTRATION_SECONDS = 60;

export const us: Actor = { kind: 'function', name: 'drain' };
const aws: Actor = { kind: 'aws', name: 'test' };

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

export function fakeAccount(spec: AccountSpec) {
  const capture = captureOf(spec);
  spec.change?.(capture);
  const clock = new VirtualClock(START_MS);
  const signals = createSignals(clock);
  const operations: Record<string, Operation> = {};
  const observations: { readonly atMs: number; readonly observation: Observation }[] = [];
  const events: ServiceEvent[] = [];
  const instances = new Map<string, Instance>();
  const completedHooks: string[] = [];
  const desiredCapacities: { readonly group: string; readonly desired: number; readonly actor: string }[] =
    [];
  const protectedHosts = new Set<string>();
  const alarms = new Map<string, MetricAlarm>();
  const hooks = new Map<string, LifecycleHook>();
  for (const { id, zone, group = 'group' } of spec.hosts)
    instances.set(id, { ...machine(id, 'ami-old', zone ?? 'eu-west-1a'), group });
  const balancing = targetGroups(clock, signals);
  const random = new RandomStreams(spec.seed ?? 1);
  const metrics: Parameters<World['metrics']['publish']>[] = [];
  const world: World = {
    accountId: ACCOUNT,
    region: REGION,
    clock,
    random,
    readings: drawReadings(random, {
      drainingIgnoresProtection: true,
      statusChangeEmitsEvent: true,
      ...spec.readings,
    }),
    metrics: { publish: (...metric) => void metrics.push(metric) },
    alarms: {
      stateOf: () => undefined,
      nameLike: (prefix) => [...alarms.keys()].find((name) => name.startsWith(prefix)),
      put: (alarm) =>
        void alarms.set(alarm.AlarmName ?? '', { ...alarms.get(alarm.AlarmName ?? ''), ...alarm }),
      setState: (name, StateValue) => void alarms.set(name, { ...alarms.get(name), StateValue }),
      remove: (name) => void alarms.delete(name),
    },
    timings: {
      launchSeconds: () => [10, 10],
      registerSeconds: () => [40, 40],
      startSeconds: () => spec.startSeconds ?? [20, 20],
      stopSeconds: () => spec.stopSeconds ?? [5, 5],
      eventDelaySeconds: () => [0, 0],
    },
    registry: { register: (_, added) => void Object.assign(operations, added) },
    signals,
    faults: { ...noFaults, ...spec.faults },
    record: (observation) => void observations.push({ atMs: clock.nowMs, observation }),
    ec2: {
      instance: (id: string) => instances.get(id),
      instances: () => instances.values(),
      launch: () => ({ failure: 'not in this test' }),
      terminate: () => {},
      stop: () => {},
      resolveImage: (reference: string) => reference,
      instanceType: () => ({
        instanceType: 'm5.large',
        vcpus: 2,
        memoryMiB: 8192,
        gpus: 0,
        maximumNetworkInterfaces: 3,
      }),
      takeAddress: () => true,
      releaseAddress: () => {},
      zoneOfSubnet: (subnet: string) => ZONES.find((zone) => subnet.endsWith(zone.slice(-1))),
    } as unknown as World['ec2'],
    autoScaling: {
      membership: () => undefined,
      groupOfArn: () => undefined,
      recordLifecycleActionHeartbeat: () => {},
      completeLifecycleAction: (instanceId: string, hook: string) =>
        void completedHooks.push(`${instanceId} ${hook}`),
      setDesiredCapacity: (group: string, desired: number, actor: Actor) =>
        void desiredCapacities.push({ group, desired, actor: actor.name }),
      capacityOf: (group: string) => {
        const members = [...instances.values()].filter(
          (instance) => instance.group === group && instance.state === 'running',
        );
        return {
          minSize: 0,
          maxSize: 1000,
          desiredCapacity:
            desiredCapacities.findLast((each) => each.group === group)?.desired ?? members.length,
          members: members.length,
          lastLaunchMs: Math.max(...members.map(({ launchTimeMs }) => launchTimeMs)),
          newInstancesProtected: spec.newInstancesProtected ?? true,
        };
      },
      putLifecycleHook: (group: string, hook: LifecycleHook) => void hooks.set(group, hook),
      deleteLifecycleHook: (group: string) => void hooks.delete(group),
      isProtectedFromScaleIn: (id: string) => protectedHosts.has(id),
      setProtection: (id: string, isProtected: boolean) =>
        void (isProtected ? protectedHosts.add(id) : protectedHosts.delete(id)),
    } as unknown as World['autoScaling'],
    loadBalancing: balancing,
    ecs: undefined as never,
    ssm: undefined as never,
    bus: { emit: (event) => void events.push(event) },
  };
  const ecs = new EcsService(world, capture);
  ecs.seed();
  clock.install();

  function setState(id: string, state: Instance['state'], actor: Actor = aws): void {
    const instance = instances.get(id);
    if (!instance) throw new Error(`no machine ${id}`);
    instance.state = state;
    signals.instanceState(instance, actor);
  }

  return {
    ecs,
    world,
    clock,
    signals,
    observations,
    events,
    completedHooks,
    desiredCapacities,
    protectedHosts,
    metrics,
    alarms,
    hooks,
    capture,
    /** Lets so many virtual seconds pass. */
    async pass(seconds: number): Promise<void> {
      const untilMs = clock.nowMs + seconds * 1000;
      clock.at(untilMs, () => {});
      await clock.run(() => clock.nowMs >= untilMs, untilMs);
    },
    /** Calls an operation as the SDK's dispatcher would. */
    call<T = Record<string, never>>(operation: string, input: object = {}, call: Partial<Call> = {}): T {
      const run = operations[operation];
      if (!run) throw new Error(`${operation} is not registered`);
      return run({ cluster: 'prod', ...input } as never, {
        functionName: 'drain',
        actor: us,
        lagMs: 0,
        ...call,
      }) as T;
    },
    drain: (...ids: string[]) => {
      for (const id of ids) ecs.setStatus(id, 'DRAINING', us);
    },
    /** A machine that starts to run now; its agent reports 40 s later. */
    boot(id: string, zone = 'eu-west-1a', image = 'ami-new', group: string | null = 'group'): void {
      instances.set(id, { ...machine(id, image, zone), group, launchTimeMs: clock.nowMs });
      setState(id, 'running');
    },
    terminate(id: string, actor: Actor = us): void {
      setState(id, 'shutting-down', actor);
      clock.after(30_000, () => setState(id, 'terminated', actor));
    },
    setState,
    tasksOf: (service: string) => ecs.tasks().filter((task) => task.serviceName === service),
    service: (name: string) => {
      const found = ecs.services().find(({ serviceName }) => serviceName === name);
      if (!found) throw new Error(`no service ${name}`);
      return found;
    },
    /** Lowest and highest of something that is watched at every observation of a service's tasks. */
    taskLines: () =>
      observations.flatMap(({ atMs, observation }) =>
        observation.kind === 'task' ? [{ atMs, ...(observation as TaskObservation) }] : [],
      ),
  };
}

export type FakeAccount = ReturnType<typeof fakeAccount>;

const noFaults: FaultBoard = {
  neverRegisters: () => false,
  breaksTask: () => undefined,
  launchFailure: () => undefined,
  stuckStoppingSeconds: () => 0,
  pendingStallSeconds: () => 0,
  apiError: () => undefined,
  losesResponse: () => false,
  staleMs: () => 0,
  crashesAfterCall: () => false,
  dropsEvent: () => false,
  duplicatesEvent: () => false,
};

function machine(id: string, imageId: string, zone: string): Instance {
  return {
    instanceId: id,
    imageId,
    instanceType: 'm5.large',
    zone,
    subnetId: `subnet-${zone.slice(-1)}`,
    group: 'group',
    userData: null,
    launchTimeMs: START_MS - 86_400_000,
    state: 'running',
    tags: {},
  };
}

function targetGroups(
  clock: VirtualClock,
  signals: ReturnType<typeof createSignals>,
): World['loadBalancing'] {
  const healthy = new Set<string>();
  const keyOf = (arn: string, target: { readonly id: string; readonly port: number }) =>
    `${arn}|${target.id}|${target.port}`;
  return {
    register: (arn, target) =>
      void clock.after(TARGET_HEALTHY_SECONDS * 1000, () => {
        healthy.add(keyOf(arn, target));
        signals.targetHealth(arn, target.id, target.port);
      }),
    adopt: (arn, target) => void healthy.add(keyOf(arn, target)),
    deregister: (arn, target, unused) => {
      healthy.delete(keyOf(arn, target));
      clock.after(DEREGISTRATION_SECONDS * 1000, unused);
    },
    portOf: () => 80,
    isHealthy: (arn, target) => healthy.has(keyOf(arn, target)),
    fail: (arn, target) => {
      healthy.delete(keyOf(arn, target));
    },
  };
}

function captureOf(spec: AccountSpec): Capture {
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
