/**
 * Faults that do something once: what a person, another tool or AWS itself does in the middle of a run. Each is looked
 * up first (is there such a host, service, group?) and done second, so that it is announced before its effects.
 */
import type { RandomStream } from '../kernel/random.ts';
import type { Actor } from '../observation.ts';
import type { TaskTruth, Truth } from '../truth.ts';
import { type BoardKind, isTask } from './board.ts';
import type { Fault, FaultKind, FaultOf } from './schema.ts';

/** What the account's services let a fault do. */
export interface FaultTargets {
  terminateInstance(instanceId: string, actor: Actor): void;
  stopInstance(instanceId: string, actor: Actor): void;
  interruptSpotInstance(instanceId: string, actor: Actor): void;
  scheduleInstanceEvent(instanceId: string, code: string, notBeforeMs: number): void;
  callOffInstanceEvents(instanceId: string): void;
  disconnectAgent(instanceId: string, seconds: number): void;
  setInstanceActive(instanceId: string, actor: Actor): void;
  endTask(taskArn: string, exitCode: number, actor: Actor): void;
  protectTask(taskArn: string, seconds: number): void;
  scaleService(serviceName: string, desired: number, actor: Actor): void;
  deployService(serviceName: string, good: boolean, actor: Actor): void;
  changeLaunchTemplate(group: string, imageId: string, actor: Actor): void;
  putScheduledAction(group: string, desired: number, atMs: number, actor: Actor): void;
  rebalanceZones(group: string, actor: Actor): void;
  scaleIn(group: string, actor: Actor): void;
  startInstanceRefresh(group: string, actor: Actor): void;
  publishImage(parameter: string, imageId: string): void;
  /** ARNs of the executions that run. */
  runningExecutions(): readonly string[];
  stopExecution(executionArn: string, actor: Actor): void;
  sendEvent(event: Readonly<Record<string, unknown>>): void;
  soundAlarm(name: string, seconds: number): void;
  deleteImageDigest(serviceName: string): void;
  moveImageTag(serviceName: string): void;
  retireFargateTask(taskArn: string, startTimeMs: number): void;
}

/** Undefined: nothing there yet that it could happen to. */
type Prepared = (() => void) | undefined;

type ActionKind = Exclude<FaultKind, BoardKind>;

interface Action<K extends ActionKind> {
  prepare(fault: FaultOf<K>, scene: Scene, instanceId: string): Prepared;
}

interface Scene {
  readonly targets: FaultTargets;
  readonly truth: Truth;
  readonly random: RandomStream;
  readonly actor: Actor;
}

const ACTIONS: { readonly [K in ActionKind]: Action<K> } = {
  'agent-disconnects': {
    prepare: (fault, { targets, truth, random }, instanceId) => {
      const hosts =
        fault.share === undefined
          ? [instanceId].filter((host) => truth.containerInstanceOf(host))
          : someConnected(truth, random, fault.share);
      return some(hosts, (host) => targets.disconnectAgent(host, fault.seconds));
    },
  },
  'terminate-instance': {
    prepare:
      (_, { targets, actor }, instanceId) =>
      () =>
        targets.terminateInstance(instanceId, actor),
  },
  'stop-instance': {
    prepare:
      (_, { targets, actor }, instanceId) =>
      () =>
        targets.stopInstance(instanceId, actor),
  },
  'spot-interruption': {
    prepare: (_, { targets, truth, actor }, instanceId) =>
      truth.host(instanceId)?.state === 'running'
        ? () => targets.interruptSpotInstance(instanceId, actor)
        : undefined,
  },
  'stop-execution': {
    prepare: (_, { targets, actor }) =>
      some(targets.runningExecutions(), (execution) => targets.stopExecution(execution, actor)),
  },
  'protect-task': {
    prepare: (fault, { targets, truth }) =>
      some(runningTasks(truth, fault), (task) => targets.protectTask(task.taskArn, fault.seconds)),
  },
  'end-task': {
    prepare: (fault, { targets, truth, actor }) => {
      const tasks = runningTasks(truth, fault);
      // Of a service one task crashes; of a family of standalone tasks all have done their work.
      const ending = fault.service === undefined ? tasks : tasks.slice(0, 1);
      return some(ending, (task) => targets.endTask(task.taskArn, fault.exitCode, actor));
    },
  },
  'scale-service': {
    prepare: (fault, { targets, truth, actor }) =>
      some(servicesNamed(truth, fault.service), (name) => targets.scaleService(name, fault.desired, actor)),
  },
  'deploy-service': {
    prepare: (fault, { targets, truth, actor }) =>
      some(servicesNamed(truth, fault.service), (name) => targets.deployService(name, fault.good, actor)),
  },
  'scheduled-action': {
    prepare: (fault, { targets, truth, actor }) =>
      some(groupsNamed(truth, fault.group), (group) =>
        targets.putScheduledAction(group, fault.desired, truth.nowMs + SCHEDULED_ACTION_DUE_MS, actor),
      ),
  },
  'az-rebalance': {
    prepare: (fault, { targets, truth, actor }) =>
      some(groupsNamed(truth, fault.group), (group) => targets.rebalanceZones(group, actor)),
  },
  'managed-scale-in': {
    prepare: (fault, { targets, truth, actor }) =>
      some(groupsNamed(truth, fault.group), (group) => targets.scaleIn(group, actor)),
  },
  'set-instance-active': {
    prepare: (_, { targets, truth, actor }, instanceId) =>
      truth.containerInstanceOf(instanceId) && (() => targets.setInstanceActive(instanceId, actor)),
  },
  'change-launch-template': {
    prepare: (fault, { targets, truth, actor }) =>
      some(groupsNamed(truth, fault.group), (group) =>
        targets.changeLaunchTemplate(group, fault.image, actor),
      ),
  },
  'start-instance-refresh': {
    prepare: (fault, { targets, truth, actor }) =>
      some(groupsNamed(truth, fault.group), (group) => targets.startInstanceRefresh(group, actor)),
  },
  'publish-image': {
    prepare:
      (fault, { targets }) =>
      () =>
        targets.publishImage(fault.parameter, fault.image),
  },
  'delete-image-digest': {
    prepare: (fault, { targets, truth }) =>
      some(servicesNamed(truth, fault.service), (name) => targets.deleteImageDigest(name)),
  },
  'move-image-tag': {
    prepare: (fault, { targets, truth }) =>
      some(servicesNamed(truth, fault.service), (name) => targets.moveImageTag(name)),
  },
  'retire-fargate-tasks': {
    prepare: (fault, { targets, truth }) =>
      // Tasks on Fargate have no host of the account.
      some(
        runningTasks(truth, fault).filter(({ instanceId }) => instanceId === null),
        (task) => targets.retireFargateTask(task.taskArn, timeMs(fault.startTime)),
      ),
  },
  'schedule-instance-event': {
    prepare:
      (fault, { targets }, instanceId) =>
      () =>
        targets.scheduleInstanceEvent(instanceId, fault.code, timeMs(fault.notBefore)),
  },
  'cancel-instance-event': {
    prepare:
      (_, { targets }, instanceId) =>
      () =>
        targets.callOffInstanceEvents(instanceId),
  },
  'send-event': {
    prepare:
      (fault, { targets }) =>
      () =>
        targets.sendEvent(fault.event),
  },
  alarm: {
    prepare:
      (fault, { targets }) =>
      () =>
        targets.soundAlarm(fault.name, fault.seconds),
  },
};

/** A scripted scheduled action falls due this long after it was put (public contract). */
const SCHEDULED_ACTION_DUE_MS = 60_000;

export class ScriptedActions {
  readonly #targets: FaultTargets;
  readonly #truth: Truth;
  readonly #random: RandomStream;

  constructor(targets: FaultTargets, truth: Truth, random: RandomStream) {
    this.#targets = targets;
    this.#truth = truth;
    this.#random = random;
  }

  /** @returns what to do, or undefined while there is nothing that it could happen to */
  prepare(fault: Fault, instanceId: string | undefined): Prepared {
    const action = ACTIONS[fault.kind as ActionKind] as Action<ActionKind>;
    const scene: Scene = {
      targets: this.#targets,
      truth: this.#truth,
      random: this.#random,
      actor: { kind: 'fault', name: fault.kind },
    };
    return action.prepare(fault as FaultOf<ActionKind>, scene, instanceId ?? '');
  }
}

function some<T>(items: readonly T[], act: (item: T) => void): Prepared {
  if (items.length === 0) return undefined;
  return () => items.forEach(act);
}

function servicesNamed(truth: Truth, name: string): string[] {
  return truth.services().some((service) => service.serviceName === name) ? [name] : [];
}

/** The named group, or all that have hosts. */
function groupsNamed(truth: Truth, name: string | undefined): string[] {
  return truth
    .groups()
    .filter(({ group, instanceIds }) => (name === undefined ? instanceIds.length > 0 : group === name))
    .map(({ group }) => group);
}

/** Oldest first. `family` means standalone tasks only. */
function runningTasks(
  truth: Truth,
  which: {
    readonly service?: string | undefined;
    readonly family?: string | undefined;
    readonly task?: string | undefined;
  },
): TaskTruth[] {
  return truth
    .tasks()
    .filter((task) => task.desiredStatus === 'RUNNING')
    .filter((task) => {
      if (which.task !== undefined) return isTask(which.task, task.taskArn);
      if (which.family !== undefined)
        return task.serviceName === null && familyOf(task.taskDefinitionArn) === which.family;
      return task.serviceName === which.service;
    })
    .sort((a, b) => a.createdAtMs - b.createdAtMs || (a.taskArn < b.taskArn ? -1 : 1));
}

/** This share of the hosts whose agent is connected, rounded up, drawn without repetition. */
function someConnected(truth: Truth, random: RandomStream, share: number): string[] {
  const left = truth
    .containerInstances()
    .filter((host) => host.agentConnected)
    .map((host) => host.instanceId)
    .sort();
  const drawn: string[] = [];
  for (let count = Math.ceil(left.length * share); count > 0; count--)
    drawn.push(...left.splice(random.integer(0, left.length - 1), 1));
  return drawn;
}

/** `web` of `arn:…:task-definition/web:7`: a task may have been run with a group of another name. */
function familyOf(taskDefinitionArn: string): string {
  return taskDefinitionArn.split('/').at(-1)?.split(':')[0] ?? '';
}

function timeMs(time: string | number): number {
  return typeof time === 'number' ? time * 1000 : Date.parse(time);
}
