/** Clusters that nobody thought of, with the settings and the seed to roll them with, for properties of whole runs. */
import fc from 'fast-check';
import { buildCapture } from '../../rehearsal/clusters/build.ts';
import { CAPTURED_AT, LAUNCHED_AT, NEW_IMAGE, ZONES } from '../../rehearsal/clusters/constants.ts';
import type {
  ClusterSpec,
  GroupSpec,
  Placement,
  ServiceSpec,
  StandaloneSpec,
} from '../../rehearsal/clusters/spec.ts';

export interface GeneratedRun {
  readonly spec: ClusterSpec;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly seed: number;
}

const PARAMETER = '/golden/ecs/image-id';
const MOST_TASKS = 30;
/** Of every captured host. */
export const AGE_SECONDS = (Date.parse(CAPTURED_AT) - Date.parse(LAUNCHED_AT)) / 1000;

/** Mostly absent: what most clusters do not have. */
const sometimes = <T>(...values: T[]): fc.Arbitrary<T | undefined> =>
  fc.option(fc.constantFrom(...values), { nil: undefined, freq: 3 });

/** Without what is undefined. */
function given<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

interface Managed {
  readonly managedTargetPercent: number | undefined;
  readonly hasManagedProtection: boolean;
  readonly managedDraining: boolean;
}

function unmanaged<T extends Managed>(options: T): Omit<T, keyof Managed> {
  const { managedTargetPercent, hasManagedProtection, managedDraining, ...rest } = options;
  return rest;
}

/** Managed termination protection wants managed scaling, and a group that protects its new instances. */
function managed({ managedTargetPercent, hasManagedProtection, managedDraining }: Managed) {
  const isProtecting = managedTargetPercent !== undefined && hasManagedProtection;
  return {
    managedDraining,
    ...(managedTargetPercent !== undefined && { managedTargetPercent }),
    ...(isProtecting && { managedTerminationProtection: true, protectedFromScaleIn: true }),
  };
}

const group = (name: string): fc.Arbitrary<GroupSpec> =>
  fc
    .record({
      hosts: fc.integer({ min: 1, max: 5 }),
      instanceType: fc.constantFrom('m5.large', 'm5.xlarge', 'c5.xlarge', 'm5.2xlarge'),
      isFixedSize: fc.boolean(),
      zones: fc.integer({ min: 1, max: 3 }),
      version: fc.constantFrom('$Latest' as const, '$Default' as const, 'number' as const),
      hasProvider: fc.boolean(),
      protectedFromScaleIn: fc.boolean(),
      isFirstDone: fc.boolean(),
      warmPoolSize: sometimes(1, 2),
      /** Wishes: they hold where the group has a provider. */
      managedTargetPercent: sometimes(100, 80),
      hasManagedProtection: fc.boolean(),
      managedDraining: fc.boolean(),
      overrides: sometimes(['m5.xlarge', 'm5.large'], ['m5.2xlarge', 'c5.xlarge', 'm5.xlarge']),
      launchHookSeconds: sometimes(45, 240),
      terminationHookSeconds: sometimes(60, 600),
      /** Never reached in the run: what Auto Scaling takes for its age by itself is no matter of this property. */
      maxInstanceLifetimeSeconds: sometimes(90 * 86_400),
      instanceMaintenancePolicy: sometimes(
        { MinHealthyPercentage: 100, MaxHealthyPercentage: 150 },
        { MinHealthyPercentage: 50, MaxHealthyPercentage: 100 },
      ),
    })
    .map(({ hosts, isFixedSize, zones, hasProvider, isFirstDone, warmPoolSize, ...rest }) => ({
      name,
      hosts,
      ...given(unmanaged(rest)),
      ...(hasProvider && managed(rest)),
      ...(isFixedSize ? { minSize: hosts, maxSize: hosts } : { minSize: 0, maxSize: 3 * hosts }),
      zones: ZONES.slice(0, zones),
      imageReference: `resolve:ssm:${PARAMETER}`,
      ...(warmPoolSize !== undefined && { warmPoolSize }),
      ...(hasProvider && { capacityProvider: `${name}-provider` }),
      ...(isFirstDone && hosts > 1 && { images: { 0: NEW_IMAGE } }),
    }));

const percents = fc.constantFrom(
  [100, 200],
  [100, 150],
  [50, 200],
  [50, 100],
  [75, 125],
  [0, 100],
  [0, 200],
  [90, 110],
  [100, 100],
);

/** `provider` and `port` are wishes: they hold where the cluster has a provider, and one service at most asks for a port. */
const service = fc.record({
  desired: fc.integer({ min: 0, max: 9 }),
  percents,
  cpu: fc.constantFrom(64, 128, 256, 512),
  memoryMiB: fc.constantFrom(128, 256, 512, 1024, 2048),
  hasLoadBalancer: fc.boolean(),
  deregistrationDelaySeconds: fc.constantFrom(0, 30, 60, 300),
  containerHealthCheck: fc.boolean(),
  stopTimeoutSeconds: fc.constantFrom(2, 30, 120),
  network: fc.constantFrom('bridge' as const, 'bridge' as const, 'awsvpc' as const, 'port' as const),
  distinctInstance: fc.boolean(),
  wantsProvider: fc.boolean(),
  placement: sometimes('spread' as const, 'binpack' as const, 'random' as const),
  /** A wish: only a service that spreads over zones and may start first can have it. */
  rebalancesZones: fc.boolean(),
  scaling: sometimes({ min: 1, max: 12, targetPercent: 50 }, { min: 2, max: 4, targetPercent: 75 }),
  protectedTasks: sometimes(
    { count: 1, seconds: 600 },
    { count: 2, seconds: 3600 },
    { count: 1, seconds: 20_000 },
  ),
  /** Of the first two providers: AWS allows one base alone, and wants one weight above zero. */
  shares: fc.constantFrom(
    undefined,
    [{ weight: 1 }, { weight: 4 }],
    [{ weight: 1, base: 2 }, { weight: 1 }],
    [{ weight: 0, base: 1 }, { weight: 1 }],
    [{ weight: 3 }, { weight: 1, base: 3 }],
  ),
});

const settings = fc.record(
  {
    surge: fc.constantFrom('10%', '34%', '100%', 1, 2),
    maxTasksInMotionPercent: fc.constantFrom(10, 25, 50, 100),
    canaryInstances: fc.constantFrom(0, 1, 2),
    bakeSeconds: fc.constantFrom(0, 60, 300),
    raiseMaxSize: fc.constantFrom(true, true, false),
    standaloneTasks: fc.constantFrom('wait', 'hold', 'stop'),
    standaloneTimeoutSeconds: fc.constantFrom(300, 1800),
    protectedTasks: fc.constantFrom('wait', 'hold', 'stop'),
    protectedTimeoutSeconds: fc.constantFrom(900, 2700),
    drainTimeoutSeconds: fc.constantFrom(900, 1800),
    onDrainTimeout: fc.constantFrom('hold', 'hold', 'stop-tasks', 'rollback'),
    /** The clock begins at 12:00: closing in the middle of a run, soon, and opening later. */
    windows: sometimes('daily 11:00-13:00 UTC', 'daily 11:30-12:40 UTC', 'daily 14:00-16:30 UTC'),
  },
  { requiredKeys: ['standaloneTimeoutSeconds', 'protectedTimeoutSeconds'] },
);

export const generatedRun: fc.Arbitrary<GeneratedRun> = fc
  .record({
    groups: fc.oneof(
      fc.tuple(group('web')),
      fc.tuple(group('web'), group('batch')),
      fc.tuple(group('web'), group('batch'), group('edge')),
    ),
    services: fc.array(service, { maxLength: 6 }),
    daemons: fc.integer({ min: 0, max: 2 }),
    standalone: fc.array(fc.constantFrom<StandaloneSpec>({ family: 'job' }, { family: 'report', cpu: 512 }), {
      maxLength: 2,
    }),
    placement: fc.constantFrom('spread' as const, 'binpack' as const, 'random' as const),
    awsvpcTrunking: fc.boolean(),
    settings,
    seed: fc.integer({ min: 1, max: 100_000 }),
  })
  .map(({ groups, services, daemons, standalone, placement, awsvpcTrunking, settings: chosen, seed }) => {
    const providers = groups.flatMap(({ capacityProvider }) => capacityProvider ?? []);
    const daemonSpecs = Array.from({ length: daemons }, (_, at): ServiceSpec => {
      return { name: `daemon-${at}`, desired: 0, daemon: true };
    });
    let spec: ClusterSpec = {
      groups,
      services: daemonSpecs,
      placement,
      awsvpcTrunking,
      parameters: { [PARAMETER]: NEW_IMAGE },
    };
    let tasks = 0;
    for (const [at, wish] of services.entries()) {
      const isPortTaken = spec.services.some(({ hostPort }) => hostPort !== undefined);
      const added = serviceSpec(`svc-${at}`, wish, { providers, placement, isPortTaken });
      const grown = { ...spec, services: [...spec.services, added] };
      if (tasks + added.desired > MOST_TASKS || !hasRoom(grown)) continue;
      tasks += added.desired;
      spec = grown;
    }
    const withJobs = {
      ...spec,
      standalone: [...new Map(standalone.map((job) => [job.family, job])).values()],
    };
    return { spec: hasRoom(withJobs) ? withJobs : spec, settings: given(chosen), seed };
  });

type Wish = typeof service extends fc.Arbitrary<infer T> ? T : never;

function serviceSpec(
  name: string,
  wish: Wish,
  {
    providers,
    placement: common,
    isPortTaken,
  }: {
    readonly providers: readonly string[];
    readonly placement: Placement;
    readonly isPortTaken: boolean;
  },
): ServiceSpec {
  const {
    percents: limits,
    hasLoadBalancer,
    deregistrationDelaySeconds,
    network,
    wantsProvider,
    shares,
    placement,
    rebalancesZones,
    scaling,
    protectedTasks,
    ...rest
  } = wish;
  const [minimumHealthyPercent = 100, maximumPercent = 200] = limits;
  const spreads = (placement ?? common) === 'spread';
  const isScaled = scaling !== undefined && rest.desired >= scaling.min && rest.desired <= scaling.max;
  return {
    name,
    ...given({ placement, protectedTasks }),
    ...(isScaled && { scaling }),
    ...(rebalancesZones && spreads && maximumPercent > 100 && { rebalancesZones }),
    minimumHealthyPercent,
    maximumPercent,
    desired: rest.desired,
    cpu: rest.cpu,
    memoryMiB: rest.memoryMiB,
    stopTimeoutSeconds: rest.stopTimeoutSeconds,
    containerHealthCheck: rest.containerHealthCheck,
    distinctInstance: rest.distinctInstance,
    ...(network === 'awsvpc' && { networkMode: network }),
    ...(network === 'port' && !isPortTaken && { hostPort: 8080 }),
    ...(hasLoadBalancer && { loadBalancer: { deregistrationDelaySeconds } }),
    ...(wantsProvider && providers.length > 0 && { capacityProviders: providers }),
    ...(wantsProvider &&
      providers.length === 2 &&
      shares !== undefined && {
        shares: Object.fromEntries(providers.map((provider, at) => [provider, shares[at] ?? {}])),
      }),
  };
}

function hasRoom(spec: ClusterSpec): boolean {
  try {
    buildCapture(spec);
    return true;
  } catch {
    return false;
  }
}
