/**
 * What AWS announces in the middle of a run, drawn from a seed: about hosts (early or late, twice, called off, or never
 * delivered, so that only EC2 itself shows it) and about tasks on Fargate, for which services are put beside the drawn ones.
 * Streams of its own: clusters and faults of every seed stay as they were.
 */
import type { RandomStream, RandomStreams } from '../../simulator/kernel/random.ts';
import { ACCOUNT, CAPTURED_AT, REGION, subnetOf, ZONES } from '../clusters/constants.ts';
import type { DrawnFault, DrawnFaults, DrawnKind } from './draw-faults.ts';
import { CLUSTER } from './draw-settings.ts';

const HOUR_MS = 3_600_000;
const SHARE_OF_SEEDS = 0.25;
/** Hours from the capture to AWS's date: within the margin, the next day, after days. */
const DUE_HOURS = [0.5, 6, 72, 240] as const;
const HOST_CODES = ['instance-retirement', 'instance-stop', 'system-reboot', 'system-maintenance'] as const;
const HOSTS = ['outdated:1', 'outdated:2', 'new:1'] as const;

type Json = Readonly<Record<string, unknown>>;

export interface DrawnNotices {
  readonly faults: readonly DrawnFault[];
  readonly heals: readonly DrawnFault[];
  /** Number of tasks of each service on Fargate. */
  readonly onFargate: readonly number[];
  /** EC2 has scheduled it for the first host before the capture, and nobody was told. */
  readonly unheard?: Json;
}

const NONE: DrawnNotices = { faults: [], heals: [], onFargate: [] };
const serviceName = (at: number) => `fargate-${at}`;
const inHours = (hours: number) => new Date(Date.parse(CAPTURED_AT) + hours * HOUR_MS).toISOString();

/** @param only as for faults: of the kinds that only this file draws */
export function drawNotices(
  streams: RandomStreams,
  { faults, healAtSeconds }: DrawnFaults,
  only: readonly DrawnKind[] | undefined,
): DrawnNotices {
  const random = streams.stream('campaign/notices');
  const isDrawn = random.chance(SHARE_OF_SEEDS);
  const isAboutHosts = random.chance(0.5);
  if (only === undefined) {
    if (!isDrawn || faults.length === 0) return NONE;
    const of = streams.stream(`campaign/notices/${isAboutHosts ? 'hosts' : 'fargate'}`);
    return isAboutHosts ? aboutHost(of, healAtSeconds) : aboutTasks(of, healAtSeconds);
  }
  if (only.includes('retire-fargate-tasks'))
    return aboutTasks(streams.stream('campaign/notices/fargate'), healAtSeconds);
  // Without an announcement there is nothing to call off.
  if (only.includes('cancel-instance-event'))
    return aboutHost(streams.stream('campaign/notices/hosts'), healAtSeconds, true);
  return NONE;
}

function aboutHost(
  random: RandomStream,
  healAtSeconds: number,
  isCalledOff = random.chance(0.4),
): DrawnNotices {
  const instance = random.pick(HOSTS);
  const code = random.pick(HOST_CODES);
  const notBefore = inHours(random.pick(DUE_HOURS));
  const moment = momentIn(random);
  const isUnheard = random.chance(0.25);
  const doubled = twice(random, healAtSeconds);
  const calledOff: DrawnFault = {
    kind: 'cancel-instance-event',
    ...(random.chance(0.5) ? { when: 'half-done' } : { atSeconds: random.integer(60, healAtSeconds) }),
    instance,
  };
  return {
    faults: [
      ...(isUnheard
        ? []
        : [{ kind: 'schedule-instance-event' as const, ...moment, instance, code, notBefore }]),
      ...(isCalledOff ? [calledOff] : []),
      ...doubled.faults,
    ],
    heals: doubled.heals,
    onFargate: [],
    ...(isUnheard && {
      unheard: {
        InstanceEventId: 'instance-event-0d59937288b749b32',
        Code: code,
        Description: 'The instance is running on degraded hardware',
        NotBefore: notBefore,
      },
    }),
  };
}

function aboutTasks(random: RandomStream, healAtSeconds: number): DrawnNotices {
  const onFargate = Array.from({ length: random.integer(1, 3) }, () => random.integer(1, 3));
  const startTime = inHours(random.pick(DUE_HOURS));
  const moment = momentIn(random);
  const service = serviceName(random.integer(0, onFargate.length - 1));
  const beside: readonly DrawnFault[] = [
    { kind: 'move-image-tag', atSeconds: 0, service },
    { kind: 'delete-image-digest', atSeconds: 0, service },
    { kind: 'deploy-service', ...momentIn(random), service, good: random.chance(0.5) },
    { kind: 'scale-service', ...momentIn(random), service, desired: random.integer(0, 4) },
  ];
  const other = random.pick(beside);
  const doubled = twice(random, healAtSeconds);
  return {
    faults: [
      ...(random.chance(0.5) ? [other] : []),
      ...onFargate.map((_, at): DrawnFault => {
        return { kind: 'retire-fargate-tasks', ...moment, service: serviceName(at), startTime };
      }),
      ...doubled.faults,
    ],
    heals: doubled.heals,
    onFargate,
  };
}

function momentIn(random: RandomStream): { readonly atSeconds: number } | { readonly when: string } {
  return random.chance(0.4)
    ? { atSeconds: random.integer(0, 1200) }
    : { when: random.pick(['canary-ready', 'first-drain', 'half-done']) };
}

function twice(random: RandomStream, healAtSeconds: number): Pick<DrawnNotices, 'faults' | 'heals'> {
  const fault = (atSeconds: number, share: number): DrawnFault => {
    return { kind: 'duplicate-events', atSeconds, share };
  };
  return random.chance(0.3)
    ? { faults: [fault(0, 1)], heals: [fault(healAtSeconds, 0)] }
    : { faults: [], heals: [] };
}

// biome-ignore lint/suspicious/noExplicitAny: a capture is JSON in AWS's shapes.
type Capture = Record<string, any>;

/** The capture with what the notices are about. */
export function withNotices(capture: Capture, { onFargate, unheard }: DrawnNotices): Capture {
  const parts = onFargate.map((desired, at) => fargateService(serviceName(at), desired));
  const ecs = { ...capture.ecs };
  for (const list of ['services', 'taskDefinitions', 'tasks'] as const)
    ecs[list] = [...ecs[list], ...parts.flatMap((part) => part[list])];
  const images = parts.flatMap((part) => part.images);
  const [first] = capture.ec2.instances;
  const instanceStatuses = [
    { InstanceId: first.InstanceId, InstanceState: { Code: 16, Name: 'running' }, Events: [unheard] },
  ];
  return {
    ...capture,
    ecs,
    ...(images.length > 0 && { ecr: { images } }),
    ...(unheard && { ec2: { ...capture.ec2, instanceStatuses } }),
  };
}

/** A service of ECS's own deployments on Fargate, its image in ECR. */
function fargateService(
  name: string,
  desired: number,
): Readonly<Record<'services' | 'taskDefinitions' | 'tasks' | 'images', readonly Json[]>> {
  const arn = (kind: string, id: string) => `arn:aws:ecs:${REGION}:${ACCOUNT}:${kind}/${id}`;
  const image = `${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com/${name}:1`;
  const imageDigest = `sha256:${Buffer.from(name).toString('hex').padEnd(64, '0')}`;
  const subnet = subnetOf(ZONES[0] ?? '');
  return {
    services: [
      {
        serviceName: name,
        serviceArn: arn('service', `${CLUSTER}/${name}`),
        clusterArn: arn('cluster', CLUSTER),
        status: 'ACTIVE',
        taskDefinition: arn('task-definition', `${name}:1`),
        desiredCount: desired,
        launchType: 'FARGATE',
        deploymentConfiguration: { minimumHealthyPercent: 100, maximumPercent: 200 },
        networkConfiguration: { awsvpcConfiguration: { subnets: [subnet] } },
      },
    ],
    taskDefinitions: [
      {
        taskDefinitionArn: arn('task-definition', `${name}:1`),
        family: name,
        revision: 1,
        networkMode: 'awsvpc',
        requiresCompatibilities: ['FARGATE'],
        cpu: '256',
        memory: '512',
        containerDefinitions: [{ name: 'main', image, essential: true }],
      },
    ],
    tasks: Array.from({ length: desired }, (_, at) => ({
      taskArn: arn('task', `${CLUSTER}/${Buffer.from(`${name}-${at}`).toString('hex').padStart(32, 'f')}`),
      clusterArn: arn('cluster', CLUSTER),
      taskDefinitionArn: arn('task-definition', `${name}:1`),
      group: `service:${name}`,
      launchType: 'FARGATE',
      lastStatus: 'RUNNING',
      desiredStatus: 'RUNNING',
      createdAt: '2026-11-01T12:00:00Z',
      startedAt: '2026-11-01T12:01:00Z',
      containers: [{ name: 'main', image, imageDigest, lastStatus: 'RUNNING' }],
    })),
    images: [{ registryId: ACCOUNT, repositoryName: name, imageDigest, imageTags: ['1'] }],
  };
}
