/** When a fault fires: at a second, or right after an effect. This file knows the effects. */
import type { Observation, StopCause, TaskObservation } from '../observation.ts';
import type { Truth } from '../truth.ts';
import type { FaultContext } from './context.ts';
import { operationMatcher } from './operations.ts';
import type { Roles } from './roles.ts';

/** `first-drain`, `canary-ready`, `half-done`, `after-call:ECS.DescribeTasks:3`, `enter-state:Drain:1`. */
export const MOMENT_PATTERN =
  /^(?:first-drain|canary-ready|half-done|after-call:[A-Za-z0-9]+\.(?:\*|[A-Za-z0-9]+):[1-9]\d*|enter-state:[^:]+:[1-9]\d*)$/;

export const MOMENTS_IN_WORDS =
  'first-drain, canary-ready, half-done, after-call:<Service.Operation>:<n> or enter-state:<State>:<n>';

/** Told every observation in order; answers whether its moment has come. Once true it is not asked again. */
export type Moment = (observation: Observation) => boolean;

/** @throws when `when` does not match `MOMENT_PATTERN`; the schema has refused that before. */
export function momentOf(when: string, roles: Roles, progress: Progress, truth: Truth): Moment {
  if (when === 'first-drain') return isOurDrain;
  if (when === 'canary-ready') return (observation) => isCanaryReady(observation, roles, truth);
  if (when === 'half-done')
    return ({ kind }) => (kind === 'task' || kind === 'host') && progress.isHalfDone();

  const [kind, what, count] = when.split(':');
  if (what === undefined) throw new Error(`no such moment: ${when}`);
  let left = Number(count);
  if (kind === 'after-call') {
    const matches = operationMatcher(what);
    return (observation) =>
      observation.kind === 'call' &&
      observation.function !== 'outside' &&
      // An error had no effect after which something could fire.
      ['ok', 'partial', 'lost'].includes(observation.answer) &&
      matches(observation.operation) &&
      --left <= 0;
  }
  return (observation) => observation.kind === 'state' && observation.name === what && --left <= 0;
}

/** Why a task stops that its host made stop. */
const LEAVES_HOST: ReadonlySet<StopCause['because']> = new Set(['drain', 'host-terminated', 'host-stopped']);

function isOurDrain(observation: Observation): boolean {
  return (
    observation.kind === 'container-instance' &&
    observation.status === 'DRAINING' &&
    observation.actor?.kind === 'function'
  );
}

/** The run's first new host is InService, ACTIVE and connected. */
function isCanaryReady(observation: Observation, roles: Roles, truth: Truth): boolean {
  if (observation.kind !== 'lifecycle' && observation.kind !== 'container-instance') return false;
  const canary = roles.new(1);
  if (canary === undefined || observation.instanceId !== canary) return false;
  const registered = truth.containerInstanceOf(canary);
  return (
    truth.host(canary)?.lifecycleState === 'InService' &&
    registered?.status === 'ACTIVE' &&
    registered.agentConnected
  );
}

/** How far the run has come: the replica tasks and the hosts that it found when it planned, and what became of them. */
export class Progress {
  readonly #context: FaultContext;
  readonly #truth: Truth;
  #hosts: ReadonlySet<string> | undefined;
  #tasks: ReadonlySet<string> = new Set();
  /** Task → the planned one that it stands for, replacements of replacements included. */
  readonly #standsFor = new Map<string, string>();
  /** Tasks that were told to stop because of their host, and those whose replacement runs. */
  readonly #left = new Set<string>();
  readonly #succeeded = new Set<string>();
  readonly #moved = new Set<string>();
  readonly #terminated = new Set<string>();

  constructor(context: FaultContext, truth: Truth) {
    this.#context = context;
    this.#truth = truth;
  }

  observe(observation: Observation): void {
    if (!this.#hosts) this.#begin();
    if (observation.kind === 'task') this.#observeTask(observation);
    if (
      observation.kind === 'host' &&
      observation.state === 'terminated' &&
      this.#hosts?.has(observation.instanceId)
    )
      this.#terminated.add(observation.instanceId);
  }

  /** Half of the planned tasks moved, or half of the hosts terminated, whichever is first. */
  isHalfDone(): boolean {
    if (!this.#hosts) return false;
    const movedHalf = this.#tasks.size > 0 && this.#moved.size * 2 >= this.#tasks.size;
    return movedHalf || this.#terminated.size * 2 >= this.#hosts.size;
  }

  #begin(): void {
    const outdated = this.#context.outdated();
    if (outdated.length === 0) return;
    this.#hosts = new Set(outdated);
    this.#tasks = new Set(
      outdated
        .flatMap((instanceId) => this.#truth.tasksOn(instanceId))
        .filter((task) => task.serviceName !== null && !task.daemon)
        .map((task) => task.taskArn),
    );
  }

  /** Replacements for what failed or was deployed anew move nothing. */
  #observeTask({ taskArn, replaces, lastStatus, cause }: TaskObservation): void {
    if (cause && LEAVES_HOST.has(cause.because)) {
      this.#left.add(taskArn);
      this.#countMove(taskArn);
    }
    const planned = replaces === undefined ? undefined : this.#plannedOf(replaces);
    if (replaces === undefined || planned === undefined) return;
    this.#standsFor.set(taskArn, planned);
    if (lastStatus !== 'RUNNING') return;
    this.#succeeded.add(replaces);
    this.#countMove(replaces);
  }

  /** A task has moved when it left its host and its replacement runs, in whichever order. */
  #countMove(taskArn: string): void {
    const planned = this.#plannedOf(taskArn);
    if (planned !== undefined && this.#left.has(taskArn) && this.#succeeded.has(taskArn))
      this.#moved.add(planned);
  }

  #plannedOf(taskArn: string): string | undefined {
    return this.#tasks.has(taskArn) ? taskArn : this.#standsFor.get(taskArn);
  }
}
