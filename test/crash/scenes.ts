/**
 * Small clusters whose runs between them make every call of the product that changes something, each in a few virtual
 * minutes: a crash is tried at every call of every handler in each of them.
 */
import { buildCapture } from '../../rehearsal/clusters/build.ts';
import { NEW_IMAGE } from '../../rehearsal/clusters/constants.ts';
import type { ClusterSpec, ServiceSpec } from '../../rehearsal/clusters/spec.ts';
import { type Json, parameterChanged } from '../support/small-cluster.ts';

export interface Scene {
  readonly name: string;
  readonly capture: Json;
  readonly scenario: Readonly<Record<string, unknown>>;
  /** Of the functions, beside what every deployment has. */
  readonly environment?: Readonly<Record<string, string>>;
  /** How its run ends without a crash. */
  readonly outcome: string;
  readonly seed: number;
  /** Tasks that it stops at most by StopTask, whatever happens; without it nobody counts. */
  readonly mostStops?: number;
  /** What its run takes at most without a crash, virtual seconds. */
  readonly seconds: number;
}

const PARAMETER = '/golden/ecs/image-id';
/** Short, where AWS takes minutes: what is tried is the order of things, and each second is a call to try. */
const timings = { launchSeconds: 2, registerSeconds: 4, startSeconds: 2, stopSeconds: 2 };
const settings = { bakeSeconds: 0, imageSource: NEW_IMAGE };
const AT_START = { atSeconds: 0 };

const web: ServiceSpec = { name: 'web', desired: 3 };
const logs: ServiceSpec = { name: 'logs', desired: 0, daemon: true };

/**
 * Started by an event; hooks at both ends, managed scaling, termination protection and draining, a parameter in the
 * template, a scheduled action that falls due in the middle, a standalone task that may be stopped, a host that EC2 takes.
 */
const roll: Scene = {
  name: 'roll',
  seed: 1,
  seconds: 600,
  outcome: 'SUCCEEDED',
  capture: captureOf({
    groups: [
      {
        name: 'hosts',
        hosts: 3,
        imageReference: `resolve:ssm:${PARAMETER}`,
        version: '$Default',
        capacityProvider: 'hosts-provider',
        managedTargetPercent: 100,
        protectedFromScaleIn: true,
        managedTerminationProtection: true,
        managedDraining: true,
        launchHookSeconds: 5,
        terminationHookSeconds: 5,
      },
    ],
    services: [{ ...web, capacityProviders: ['hosts-provider'] }, logs],
    standalone: [{ family: 'job' }],
    parameters: { [PARAMETER]: NEW_IMAGE },
  }),
  scenario: {
    event: parameterChanged(PARAMETER),
    timings,
    settings: {
      ...settings,
      imageSource: 'launch-template',
      standaloneTasks: 'stop',
      standaloneTimeoutSeconds: 20,
    },
    faults: [
      { kind: 'scheduled-action', when: 'first-drain', group: 'hosts', desired: 4 },
      { kind: 'terminate-instance', when: 'first-drain', instance: 'outdated:3' },
    ],
  },
};

/** The image kills what moves to it: everything goes back, the default version included. */
const rollback: Scene = {
  name: 'rollback',
  seed: 1,
  seconds: 600,
  outcome: 'ROLLED_BACK',
  capture: captureOf({
    groups: [{ name: 'hosts', hosts: 2, version: '$Default' }],
    services: [{ ...web, desired: 2 }, logs],
  }),
  scenario: {
    timings,
    settings,
    faults: [{ kind: 'image-breaks-tasks', ...AT_START, exitCode: 137, afterSeconds: 5, share: 1 }],
  },
};

/** A host takes two tasks. The image kills what starts once a host has gone: what ran before is launched anew, and back. */
const goBack: Scene = {
  name: 'go-back',
  seed: 1,
  seconds: 900,
  outcome: 'ROLLED_BACK',
  capture: captureOf({
    groups: [{ name: 'hosts', hosts: 2, version: '$Default' }],
    services: [{ ...web, desired: 4, memoryMiB: 6000 }],
  }),
  scenario: {
    timings,
    settings: { ...settings, surge: 1 },
    faults: [
      {
        kind: 'image-breaks-tasks',
        when: 'after-call:AutoScaling.TerminateInstanceInAutoScalingGroup:1',
        exitCode: 137,
        afterSeconds: 20,
        share: 1,
      },
    ],
  },
};

/** A warm pool that is emptied and put back, a default version that moves, protection flags of our own. */
const warmPool: Scene = {
  name: 'warm-pool',
  seed: 1,
  seconds: 600,
  outcome: 'SUCCEEDED',
  capture: captureOf({
    groups: [{ name: 'hosts', hosts: 2, version: '$Default', warmPoolSize: 1 }],
    services: [{ ...web, desired: 2 }, logs],
  }),
  scenario: { timings, settings },
};

/** One host keeps a task that nobody may stop, and the window closes in the middle and opens again. */
const heldAndWindow: Scene = {
  name: 'held-and-window',
  seed: 1,
  seconds: 4000,
  outcome: 'PARTIAL',
  capture: captureOf({
    groups: [{ name: 'hosts', hosts: 3, version: 'number' }],
    services: [web, logs],
    standalone: [{ family: 'job' }],
  }),
  scenario: {
    timings,
    settings: {
      ...settings,
      maxTasksInMotionPercent: 100,
      standaloneTasks: 'wait',
      standaloneTimeoutSeconds: 300,
      windows: ['daily 11:00-12:06 UTC', 'daily 12:45-15:00 UTC'],
    },
  },
};

/** Longer than one execution may be, several times: each hands the run over to the next. */
const handedOver: Scene = {
  name: 'handed-over',
  seed: 1,
  seconds: 600,
  outcome: 'SUCCEEDED',
  capture: captureOf({
    groups: [{ name: 'hosts', hosts: 1, version: '$Latest' }],
    services: [{ ...web, desired: 1 }],
  }),
  scenario: { timings, settings: { ...settings, canaryInstances: 0 } },
  environment: { HISTORY_EVENTS_MAX: '20' },
};

/** Two services of which single tasks are stopped, one behind a load balancer. */
const gameDay: Scene = {
  name: 'game-day',
  seed: 1,
  seconds: 600,
  outcome: 'SUCCEEDED',
  mostStops: 2,
  capture: captureOf({
    groups: [{ name: 'hosts', hosts: 2 }],
    services: [
      {
        ...web,
        minimumHealthyPercent: 50,
        loadBalancer: { deregistrationDelaySeconds: 5, intervalSeconds: 5 },
      },
      { name: 'api', desired: 2, minimumHealthyPercent: 50 },
    ],
  }),
  scenario: {
    timings,
    request: {
      cluster: 'prod',
      mode: 'game-day',
      services: ['api', 'web'],
    },
  },
};
for (const service of gameDay.capture.ecs.services)
  service.tags = [{ key: 'rollover:game-day', value: 'true' }];

export const SCENES: readonly Scene[] = [
  roll,
  rollback,
  goBack,
  warmPool,
  heldAndWindow,
  handedOver,
  gameDay,
];

function captureOf(spec: ClusterSpec): Json {
  return JSON.parse(JSON.stringify(buildCapture(spec)));
}
