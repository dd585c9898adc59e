/**
 * What strikes a run, drawn from a seed. Half of the kinds are switched off for each seed, so that a rare kind is not
 * always drowned by the loud ones (swarm testing: Groce, Zhang, Eide, Chen, Regehr, ISSTA 2012), and one seed in eight has
 * none. Every fault either strikes once or ends by itself; what would stand for ever ends at `healAtSeconds`.
 */
import type { FaultKind } from '../../simulator/faults/schema.ts';
import type { RandomStream, RandomStreams } from '../../simulator/kernel/random.ts';
import { CAPTURED_AT, OLD_IMAGE } from '../clusters/constants.ts';
import type { ClusterSpec } from '../clusters/spec.ts';
import { IMAGE_PARAMETER } from './draw-cluster.ts';
import { busEvent, CLUSTER } from './draw-settings.ts';

export type DrawnFault = Readonly<Record<string, unknown>> & { readonly kind: DrawnKind };

/** Drawn beside the faults (draw-notices.ts). */
const NOTICE_KINDS = ['retire-fargate-tasks', 'cancel-instance-event'] as const;
type NoticeKind = (typeof NOTICE_KINDS)[number];
export type DrawnKind = FaultKind;

/** An alarm of every drawn cluster; in the settings of those that draw the kind `alarm`. */
export const ALARM = 'errors';
/** What an owner publishes in the middle of a run. */
export const NEXT_IMAGE = 'ami-0cccccccccccccc3';

const MOST_FAULTS = 4;
const HOUR_MS = 3_600_000;

interface Scene {
  readonly random: RandomStream;
  readonly spec: ClusterSpec;
  readonly healAtSeconds: number;
  /** When something strikes that strikes once. */
  moment(): Moment;
  group(): string;
  /** One that ECS keeps at a count; undefined where the cluster has none. */
  service(): string | undefined;
}

type Moment = { readonly atSeconds: number } | { readonly when: string };
type Arguments = Readonly<Record<string, unknown>>;

/** Calls that change something: an answer lost, or the moment after one, matters most here. */
const CHANGING_CALLS = [
  'ECS.UpdateContainerInstancesState',
  'AutoScaling.TerminateInstanceInAutoScalingGroup',
  'AutoScaling.UpdateAutoScalingGroup',
  'AutoScaling.SuspendProcesses',
  'AutoScaling.ResumeProcesses',
  'EC2.CreateLaunchTemplateVersion',
  'DynamoDB.PutItem',
  'DynamoDB.BatchWriteItem',
  'SNS.Publish',
  'SFN.StartExecution',
];
const STATES = ['Plan', 'Prepare', 'Assess', 'Register', 'Drain', 'Terminate', 'Restore', 'Report'] as const;
const READ_SERVICES = ['ECS', 'AutoScaling', 'EC2', 'ElasticLoadBalancingV2', 'SFN'];
const ROLES = ['outdated:1', 'draining:1', 'canary', 'new:2', 'outdated:2'];

/** By kind: the fault, and what ends it again; nothing where the cluster has nothing that it could happen to. */
const DRAWS: Readonly<Record<Exclude<DrawnKind, NoticeKind>, (scene: Scene) => Arguments[]>> = {
  'image-never-registers': ({ random }) => [
    random.chance(0.6) ? { atSeconds: 0 } : { when: random.pick(['canary-ready', 'first-drain']) },
  ],
  'image-breaks-tasks': ({ random }) => [
    {
      ...(random.chance(0.6) ? { atSeconds: 0 } : { when: random.pick(['first-drain', 'half-done']) }),
      exitCode: random.pick([1, 137, 139]),
      afterSeconds: random.pick([5, 60, 200]),
      share: random.pick([1, 1, 0.5]),
    },
  ],
  'agent-disconnects': ({ random, moment }) => [
    {
      ...moment(),
      ...(random.chance(0.6) ? { instance: random.pick(ROLES) } : { share: random.pick([0.2, 0.5, 1]) }),
      seconds: random.pick([60, 400, 1500]),
    },
  ],
  'terminate-instance': onHost,
  'stop-instance': onHost,
  'spot-interruption': onHost,
  'launch-fails': ({ random, moment, spec }) => [
    {
      ...moment(),
      ...(random.chance(0.5) && { zone: random.pick(spec.groups[0]?.zones ?? []) }),
      message: 'We currently do not have sufficient capacity in the Availability Zone you requested.',
      ...(random.chance(0.5) ? { times: random.integer(1, 4) } : { seconds: random.pick([300, 1200, 5400]) }),
    },
  ],
  'api-error': ({ random, moment }) => [
    random.chance(0.6)
      ? {
          ...moment(),
          operation: random.pick([...CHANGING_CALLS, ...READ_SERVICES.map((name) => `${name}.*`)]),
          error: random.pick(['ThrottlingException', 'ServerException']),
          rate: random.pick([0.05, 0.2]),
          seconds: random.pick([600, 3600]),
        }
      : {
          ...moment(),
          operation: random.pick([...CHANGING_CALLS, ...READ_SERVICES.map((name) => `${name}.*`)]),
          error: random.pick(['ThrottlingException', 'ServerException', 'ValidationError']),
          times: random.integer(1, 3),
        },
  ],
  'lost-response': ({ random, moment }) => [
    { ...moment(), operation: random.pick(CHANGING_CALLS), times: random.integer(1, 2) },
  ],
  'handler-crash': ({ random }) => {
    const state = random.pick(STATES);
    const isSweep = random.chance(0.15);
    return [
      {
        ...(isSweep
          ? { atSeconds: random.integer(0, 1800) }
          : { when: `enter-state:${state}:${random.integer(1, 3)}` }),
        function: isSweep ? 'sweep' : state.toLowerCase(),
        afterCalls: random.integer(0, 14),
        times: random.integer(1, 2),
      },
    ];
  },
  'stop-execution': ({ moment }) => [moment()],
  'stale-reads': ({ random, healAtSeconds }) => {
    const service = random.pick(READ_SERVICES);
    const atSeconds = random.integer(0, healAtSeconds - 1);
    return [
      { atSeconds, service, lagSeconds: random.pick([15, 60, 120]) },
      { atSeconds: healAtSeconds, service, lagSeconds: 0 },
    ];
  },
  'task-stuck-stopping': ({ random, moment, service }) =>
    ofService(service(), (name) => ({ ...moment(), service: name, seconds: random.pick([200, 900, 2400]) })),
  'pending-stall': ({ random, moment, service }) =>
    ofService(service(), (name) => ({ ...moment(), service: name, seconds: random.pick([120, 600, 1100]) })),
  'protect-task': ({ random, moment, service }) =>
    ofService(service(), (name) => ({
      ...moment(),
      service: name,
      seconds: random.pick([300, 2000, 20_000]),
    })),
  'end-task': ({ random, moment, service, spec }) => {
    const [job] = spec.standalone ?? [];
    if (job && random.chance(0.5)) return [{ ...moment(), family: job.family, exitCode: 0 }];
    return ofService(service(), (name) => ({ ...moment(), service: name, exitCode: 1 }));
  },
  'scale-service': ({ random, moment, service }) =>
    ofService(service(), (name) => ({ ...moment(), service: name, desired: random.integer(0, 10) })),
  'deploy-service': ({ random, moment, service }) =>
    ofService(service(), (name) => ({ ...moment(), service: name, good: random.chance(0.6) })),
  'scheduled-action': ({ random, moment, spec }) => {
    const group = random.pick(spec.groups);
    const desired = Math.max(0, group.hosts + random.pick([-1, 0, 1, 2]));
    return [{ ...moment(), group: group.name, desired }];
  },
  'az-rebalance': ({ moment, group }) => [{ ...moment(), group: group() }],
  'managed-scale-in': ({ moment, group }) => [{ ...moment(), group: group() }],
  'set-instance-active': ({ random }) => [
    { when: random.pick(['first-drain', 'half-done']), instance: 'draining:1' },
  ],
  'change-launch-template': ({ random, moment, group }) => [
    { ...moment(), group: group(), image: random.pick([OLD_IMAGE, NEXT_IMAGE]) },
  ],
  'start-instance-refresh': ({ moment, group }) => [{ ...moment(), group: group() }],
  'publish-image': ({ moment }) => [{ ...moment(), parameter: IMAGE_PARAMETER, image: NEXT_IMAGE }],
  'delete-image-digest': ({ moment, service }) =>
    ofService(service(), (name) => ({ ...moment(), service: name })),
  'move-image-tag': ({ moment, service }) => ofService(service(), (name) => ({ ...moment(), service: name })),
  'schedule-instance-event': ({ random, moment }) => [
    {
      ...moment(),
      instance: random.pick(ROLES),
      code: random.pick(['instance-retirement', 'system-reboot']),
      notBefore: new Date(Date.parse(CAPTURED_AT) + random.pick([6, 72, 240]) * HOUR_MS).toISOString(),
    },
  ],
  'send-event': ({ random, moment, healAtSeconds }) => {
    const mode = random.pick(['abort', 'rollback', 'pause', 'pause', 'roll']);
    const asked = { ...moment(), event: requested(mode) };
    // Who pauses also resumes.
    return mode === 'pause' ? [asked, { atSeconds: healAtSeconds, event: requested('resume') }] : [asked];
  },
  'duplicate-events': untilHealed,
  'drop-events': untilHealed,
  alarm: ({ random, moment }) => [{ ...moment(), name: ALARM, seconds: random.pick([120, 900]) }],
};

/** Kinds that a campaign can draw. */
const FAULTS = Object.keys(DRAWS) as readonly (keyof typeof DRAWS)[];
export const DRAWN_KINDS: readonly DrawnKind[] = [...FAULTS, ...NOTICE_KINDS];

export interface DrawnFaults {
  readonly faults: readonly DrawnFault[];
  /** Armed beside them: they end what would stand for ever. */
  readonly heals: readonly DrawnFault[];
  /** From here on nothing strikes by itself any more; what a moment brings later ends by its own length. */
  readonly healAtSeconds: number;
}

/** @param only these kinds alone; empty: no faults at all; undefined: all of them, half switched off */
export function drawFaults(
  streams: RandomStreams,
  spec: ClusterSpec,
  only: readonly DrawnKind[] | undefined,
): DrawnFaults {
  const random = streams.stream('campaign/faults');
  const healAtSeconds = random.integer(1800, 5400);
  const isInnocent = random.chance(0.125);
  const count = random.integer(1, MOST_FAULTS);
  const swarm = FAULTS.filter(() => random.chance(0.5));
  const chosen: readonly DrawnKind[] = only ?? swarm;
  const kinds = FAULTS.filter((kind) => chosen.includes(kind));
  if (kinds.length === 0 || (isInnocent && only === undefined))
    return { faults: [], heals: [], healAtSeconds };
  const drawn = Array.from({ length: count }, (_, at) => {
    const kind = random.pick(kinds);
    const scene = sceneOf(streams.stream(`campaign/fault/${at}`), spec, healAtSeconds);
    return DRAWS[kind](scene).map((args): DrawnFault => ({ kind, ...args }));
  });
  return {
    faults: drawn.flatMap(([fault]) => fault ?? []),
    heals: drawn.flatMap(([, ...heals]) => heals),
    healAtSeconds,
  };
}

function sceneOf(random: RandomStream, spec: ClusterSpec, healAtSeconds: number): Scene {
  const services = spec.services.filter(({ daemon, desired }) => !daemon && desired > 0);
  return {
    random,
    spec,
    healAtSeconds,
    group: () => random.pick(spec.groups).name,
    service: () => (services.length === 0 ? undefined : random.pick(services).name),
    moment() {
      switch (random.integer(0, 6)) {
        case 0:
          return { atSeconds: random.integer(0, healAtSeconds) };
        case 1:
          return { when: 'canary-ready' };
        case 2:
          return { when: 'first-drain' };
        case 3:
          return { when: 'half-done' };
        case 4:
          return { when: `after-call:${random.pick(CHANGING_CALLS)}:${random.integer(1, 5)}` };
        case 5:
          return { when: `enter-state:${random.pick(STATES)}:${random.integer(1, 2)}` };
        default:
          return { atSeconds: random.integer(0, 900) };
      }
    },
  };
}

function onHost({ random, moment }: Scene): Arguments[] {
  return [{ ...moment(), instance: random.pick(ROLES) }];
}

function ofService(name: string | undefined, draw: (name: string) => Arguments): Arguments[] {
  return name === undefined ? [] : [draw(name)];
}

function untilHealed({ random, healAtSeconds }: Scene): Arguments[] {
  const atSeconds = random.integer(0, healAtSeconds - 1);
  return [
    { atSeconds, share: random.pick([0.3, 1]) },
    { atSeconds: healAtSeconds, share: 0 },
  ];
}

/** A request on the bus. `resume`, `pause`, `abort`, `rollback` are about the run that is under way. */
function requested(mode: string): Arguments {
  return busEvent('ecs-rollover', 'Rollover Requested', { cluster: CLUSTER, mode });
}
