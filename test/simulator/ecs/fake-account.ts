/** Just enough of an account around ECS: machines that appear and vanish, target groups with plain checks. */
import type { LifecycleHook } from '@aws-sdk/client-auto-scaling';
import type { MetricAlarm } from '@aws-sdk/client-cloudwatch';
import { EcsService } from '../../../simulator/ecs/ecs-service.ts';
import { VirtualClock } from '../../../simulator/kernel/clock.ts';
import { RandomStreams } from '../../../simulator/kernel/random.ts';
import type { Actor, Observation, TaskObservation } from '../../../simulator/observation.ts';
import { drawReadings } from '../../../simulator/readings.ts';
import { createSignals } from '../../../simulator/signals.ts';
import type { Call, FaultBoard, Instance, Operation, ServiceEvent, World } from '../../../simulator/world.ts';
import { ACCOUNT, type AccountSpec, captureOf, REGION, START_MS, ZONES } from './fake-capture.ts';

const TARGET_HEALTHY_SECONDS = 30;
const DEREGISTRATION_SECONDS = 60;

export const us: Actor = { kind: 'function', name: 'drain' };
const aws: Actor = { kind: 'aws', name: 'test' };

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
