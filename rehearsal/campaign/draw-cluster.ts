/**
 * A cluster that nobody thought of, drawn from a seed: up to three groups, services of every arithmetic, daemons,
 * standalone and protected tasks. Every part draws from a stream of its own, so that a new question about one part leaves
 * the others of every seed as they were.
 */
import type { RandomStream, RandomStreams } from '../../simulator/kernel/random.ts';
import { buildCapture } from '../clusters/build.ts';
import { NEW_IMAGE, ZONES } from '../clusters/constants.ts';
import type { ClusterSpec, GroupSpec, Placement, ServiceSpec } from '../clusters/spec.ts';

/** Holds the image that the drawn groups' templates resolve; its owner publishes there. */
export const IMAGE_PARAMETER = '/golden/ecs/image-id';
const GROUP_NAMES = ['web', 'batch', 'edge'];
const MOST_TASKS = 30;
const PLACEMENTS: readonly Placement[] = ['spread', 'binpack', 'random'];
const NINETY_DAYS_SECONDS = 90 * 86_400;

/** `[minimumHealthyPercent, maximumPercent]` */
const PERCENTS: readonly (readonly [number, number])[] = [
  [100, 200],
  [100, 150],
  [50, 200],
  [50, 100],
  [75, 125],
  [0, 100],
  [0, 200],
  [90, 110],
  [100, 100],
];

/** Of the first two providers: AWS allows one base alone, and wants one weight above zero. */
const SHARES = [
  [{ weight: 1 }, { weight: 4 }],
  [{ weight: 1, base: 2 }, { weight: 1 }],
  [{ weight: 0, base: 1 }, { weight: 1 }],
  [{ weight: 3 }, { weight: 1, base: 3 }],
] as const;

/** Mostly absent: what most clusters do not have. */
export function sometimes<T>(random: RandomStream, values: readonly T[]): T | undefined {
  return random.chance(0.25) ? random.pick(values) : undefined;
}

/** Without what is undefined. */
export function given<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

/** The cluster of this seed; it always has room for its own tasks. */
export function drawCluster(streams: RandomStreams): ClusterSpec {
  const random = streams.stream('campaign/cluster');
  const groups = GROUP_NAMES.slice(0, random.integer(1, GROUP_NAMES.length)).map((name) =>
    drawGroup(name, streams.stream(`campaign/group/${name}`)),
  );
  const placement = random.pick(PLACEMENTS);
  const daemons = Array.from({ length: random.integer(0, 2) }, (_, at): ServiceSpec => {
    return { name: `daemon-${at}`, desired: 0, daemon: true };
  });
  let spec: ClusterSpec = {
    groups,
    services: daemons,
    placement,
    awsvpcTrunking: random.chance(0.5),
    parameters: { [IMAGE_PARAMETER]: NEW_IMAGE },
  };
  let tasks = 0;
  const wishes = random.integer(0, 6);
  for (let at = 0; at < wishes; at += 1) {
    const added = drawService(`svc-${at}`, streams.stream(`campaign/service/${at}`), spec);
    const grown = { ...spec, services: [...spec.services, added] };
    if (tasks + added.desired > MOST_TASKS || !hasRoom(grown)) continue;
    tasks += added.desired;
    spec = grown;
  }
  const jobs = [{ family: 'job' }, { family: 'report', cpu: 512 }].filter(() => random.chance(0.25));
  const withJobs = { ...spec, standalone: jobs };
  return hasRoom(withJobs) ? withJobs : spec;
}

function drawGroup(name: string, random: RandomStream): GroupSpec {
  const hosts = random.integer(1, 5);
  const isFixedSize = random.chance(0.5);
  const warmPoolSize = sometimes(random, [1, 2]);
  const isFirstDone = random.chance(0.5) && hosts > 1;
  const group = {
    name,
    hosts,
    instanceType: random.pick(['m5.large', 'm5.xlarge', 'c5.xlarge', 'm5.2xlarge']),
    zones: ZONES.slice(0, random.integer(1, ZONES.length)),
    version: random.pick(['$Latest', '$Default', 'number'] as const),
    imageReference: `resolve:ssm:${IMAGE_PARAMETER}`,
    minSize: isFixedSize ? hosts : 0,
    maxSize: isFixedSize ? hosts : 3 * hosts,
    protectedFromScaleIn: random.chance(0.5),
    ...given({
      warmPoolSize,
      overrides: sometimes(random, [
        ['m5.xlarge', 'm5.large'],
        ['m5.2xlarge', 'c5.xlarge', 'm5.xlarge'],
      ]),
      launchHookSeconds: sometimes(random, [45, 240]),
      terminationHookSeconds: sometimes(random, [60, 600]),
      // Never reached in a run: what Auto Scaling takes for its age by itself is no matter of these properties.
      maxInstanceLifetimeSeconds: sometimes(random, [NINETY_DAYS_SECONDS]),
      instanceMaintenancePolicy: sometimes(random, [
        { MinHealthyPercentage: 100, MaxHealthyPercentage: 150 },
        { MinHealthyPercentage: 50, MaxHealthyPercentage: 100 },
      ]),
    }),
    ...(isFirstDone && { images: { 0: NEW_IMAGE } }),
  };
  return random.chance(0.5) ? { ...group, ...drawProvider(name, random) } : group;
}

/** Managed termination protection wants managed scaling, and a group that protects its new instances. */
function drawProvider(name: string, random: RandomStream): Partial<GroupSpec> {
  const managedTargetPercent = sometimes(random, [100, 80]);
  const isProtecting = managedTargetPercent !== undefined && random.chance(0.5);
  return {
    capacityProvider: `${name}-provider`,
    managedDraining: random.chance(0.5),
    ...given({ managedTargetPercent }),
    ...(isProtecting && { managedTerminationProtection: true, protectedFromScaleIn: true }),
  };
}

function drawService(name: string, random: RandomStream, spec: ClusterSpec): ServiceSpec {
  const providers = spec.groups.flatMap(({ capacityProvider }) => capacityProvider ?? []);
  const desired = random.integer(0, 9);
  const [minimumHealthyPercent, maximumPercent] = random.pick(PERCENTS);
  const network = random.pick(['bridge', 'bridge', 'awsvpc', 'port'] as const);
  const placement = sometimes(random, PLACEMENTS);
  const spreads = (placement ?? spec.placement) === 'spread';
  const scaling = sometimes(random, [
    { min: 1, max: 12, targetPercent: 50 },
    { min: 2, max: 4, targetPercent: 75 },
  ]);
  const isScaled = scaling !== undefined && desired >= scaling.min && desired <= scaling.max;
  const protectedTasks = sometimes(random, [
    { count: 1, seconds: 600 },
    { count: 2, seconds: 3600 },
    { count: 1, seconds: 20_000 },
  ]);
  const rebalancesZones = random.chance(0.5) && spreads && maximumPercent > 100;
  const hasProviders = random.chance(0.5) && providers.length > 0;
  const shares = hasProviders && providers.length === 2 && random.chance(0.8) ? random.pick(SHARES) : [];
  const isPortTaken = spec.services.some(({ hostPort }) => hostPort !== undefined);
  const deregistrationDelaySeconds = random.pick([0, 30, 60, 300]);
  return {
    name,
    desired,
    minimumHealthyPercent,
    maximumPercent,
    cpu: random.pick([64, 128, 256, 512]),
    memoryMiB: random.pick([128, 256, 512, 1024, 2048]),
    stopTimeoutSeconds: random.pick([2, 30, 120]),
    containerHealthCheck: random.chance(0.5),
    distinctInstance: random.chance(0.5),
    ...given({ placement, protectedTasks }),
    ...(isScaled && { scaling }),
    ...(rebalancesZones && { rebalancesZones }),
    ...(network === 'awsvpc' && { networkMode: network }),
    ...(network === 'port' && !isPortTaken && { hostPort: 8080 }),
    ...(random.chance(0.5) && { loadBalancer: { deregistrationDelaySeconds } }),
    ...(hasProviders && { capacityProviders: providers }),
    ...(shares.length > 0 && {
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
