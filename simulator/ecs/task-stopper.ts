/**
 * A task's way down: DEACTIVATING (its targets leave the load balancers) → STOPPING (its containers get their stop
 * signal, and SIGKILL after stopTimeout) → DEPROVISIONING (its network interface goes) → STOPPED. The desired status is
 * STOPPED from the first moment. Source: Amazon ECS developer guide, task-lifecycle-explanation.
 */
import type { TaskStopCode } from '@aws-sdk/client-ecs';
import type { Actor, StopCause } from '../observation.ts';
import { LONGEST_STOP_TIMEOUT_SECONDS } from './fargate/platform.ts';
import type { Parts } from './parts.ts';
import type { TaskRecord } from './records.ts';

/** The word travels to the agent or the load balancer. */
const NOTICE_SECONDS = [0.2, 1.5] as const;
const ENI_DETACH_SECONDS = [5, 15] as const;
const CLEAN_UP_SECONDS = [0.5, 2] as const;
/** 128 and the number of the signal that ended the container: SIGTERM obeyed, or SIGKILL after stopTimeout. */
const TERMINATED = 143;
const KILLED = 137;
/** How long STOPPED tasks stay listed: "at least one hour". Source: Amazon ECS API reference, DescribeTasks. */
const LISTED_AFTER_STOP_MS = 3_600_000;

export class TaskStopper {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Orders a stop. Does nothing when the task is already told to stop. */
  stop(task: TaskRecord, cause: StopCause, stopCode: TaskStopCode): void {
    if (task.desiredStatus === 'STOPPED') return;
    task.interrupted = stopCode === 'SpotInterruption';
    const wasRunning = task.lastStatus === 'RUNNING';
    this.#letGo(task, cause, stopCode);
    const { host } = task;
    if (!host && !task.fargate) this.#after(task, CLEAN_UP_SECONDS, () => this.finish(task));
    else if (!task.begun) this.#deprovision(task);
    else if (wasRunning)
      this.#after(task, NOTICE_SECONDS, () =>
        task.targets.length > 0 && !task.interrupted ? this.#deactivate(task) : this.#halt(task),
      );
    else this.#after(task, CLEAN_UP_SECONDS, () => this.#halted(task));
  }

  /** An essential container ended by itself. */
  exit(task: TaskRecord, exitCode: number, actor: Actor, because: 'exit' | 'fault'): void {
    if (task.desiredStatus === 'STOPPED' || task.lastStatus !== 'RUNNING' || task.host?.dead) return;
    this.#die(
      task,
      { because, actor, exitCode, ...instanceOf(task), text: 'Essential container in task exited' },
      'EssentialContainerExited',
    );
    if (task.service) this.#parts.deployments.taskExited(task.service, task.deployment);
  }

  /** The task never came to RUNNING. */
  failStart(task: TaskRecord, text: string): void {
    if (task.desiredStatus === 'STOPPED') return;
    this.#die(
      task,
      { because: 'start-failed', actor: { kind: 'aws', name: 'ecs' }, ...instanceOf(task), text },
      'TaskFailedToStart',
    );
    if (task.service) this.#parts.scheduler.startFailed(task.service, task.deployment);
  }

  /** ECS learns that the task is gone with its host, or forgets it: STOPPED without any path. */
  lose(task: TaskRecord, cause: StopCause, stopCode: TaskStopCode | undefined): void {
    if (task.lastStatus === 'STOPPED') return;
    if (task.desiredStatus === 'RUNNING') this.#letGo(task, task.cause ?? cause, stopCode);
    this.#parts.world.clock.cancel(task.timer);
    this.#release(task);
    this.#dropTargets(task);
    this.finish(task);
  }

  /** Takes up a stop that was under way when the capture was made. */
  resume(task: TaskRecord): void {
    if (task.lastStatus === 'DEACTIVATING') this.#deactivate(task);
    else if (task.lastStatus === 'DEPROVISIONING') this.#halted(task);
    else if (task.begun) this.#halt(task);
    else this.#deprovision(task);
  }

  finish(task: TaskRecord): void {
    const { clock } = this.#parts.world;
    this.#releaseEni(task);
    if (task.runningAtMs !== null) task.executionStoppedAtMs ??= clock.nowMs;
    this.#parts.journal.changeTask(task, { lastStatus: 'STOPPED', stoppedAtMs: clock.nowMs });
    clock.after(LISTED_AFTER_STOP_MS, () => this.#parts.journal.forgetTask(task));
  }

  /** The control plane's side of a stop: room is free in its eyes at once. */
  #letGo(task: TaskRecord, cause: StopCause, stopCode: TaskStopCode | undefined): void {
    const { world, health, journal } = this.#parts;
    world.clock.cancel(task.timer);
    health.end(task);
    const { host } = task;
    if (host) {
      host.claimed.remove(task.definition.needs);
      const at = host.agentQueue.indexOf(task);
      if (at >= 0) host.agentQueue.splice(at, 1);
    }
    task.clusterRecord.provisioning.delete(task);
    journal.changeTask(task, {
      desiredStatus: 'STOPPED',
      healthy: false,
      knownHealthy: false,
      cause,
      stopCode,
      stoppingAtMs: world.clock.nowMs,
    });
    this.#parts.queue.roomChanged(task.clusterRecord);
  }

  #deactivate(task: TaskRecord): void {
    const { world, journal, health } = this.#parts;
    const { targets } = task;
    journal.changeTask(task, { lastStatus: 'DEACTIVATING', targetsDeregistering: targets.length });
    if (targets.length === 0) this.#halt(task);
    for (const target of targets) {
      health.unwatch(task, target);
      world.loadBalancing.deregister(target.targetGroupArn, target, () => {
        journal.changeTask(task, { targetsDeregistering: task.targetsDeregistering - 1 });
        if (task.targetsDeregistering === 0 && task.lastStatus === 'DEACTIVATING') this.#halt(task);
      });
    }
  }

  /** SIGTERM, and SIGKILL at stopTimeout. */
  #halt(task: TaskRecord): void {
    const { world, journal, starter } = this.#parts;
    journal.changeTask(task, { lastStatus: 'STOPPING' });
    starter.whenConnected(task.host, () => {
      if (task.lastStatus !== 'STOPPING') return;
      const drawn = world.random
        .stream('ecs/task-stops')
        .between(world.timings.stopSeconds(task.serviceName));
      const timeout = stopTimeoutOf(task);
      const seconds =
        Math.min(drawn, timeout) + world.faults.stuckStoppingSeconds(task.taskArn, task.serviceName);
      task.timer = world.clock.after(seconds * 1000, () =>
        starter.whenConnected(task.host, () => {
          if (task.lastStatus === 'STOPPING') this.#halted(task, drawn > timeout ? KILLED : TERMINATED);
        }),
      );
    });
  }

  #halted(task: TaskRecord, exitCode?: number): void {
    if (exitCode !== undefined) task.containers = task.containers.map((each) => ({ exitCode, ...each }));
    task.executionStoppedAtMs ??= this.#parts.world.clock.nowMs;
    this.#release(task);
    // Its targets have not been told before. Source: AWS knowledge center, fargate-spot-termination-notice.
    if (task.interrupted) this.#dropTargets(task);
    this.#deprovision(task);
  }

  #deprovision(task: TaskRecord): void {
    if (!task.definition.needs.eni) {
      this.#after(task, CLEAN_UP_SECONDS, () => this.finish(task));
      return;
    }
    this.#parts.journal.changeTask(task, { lastStatus: 'DEPROVISIONING' });
    this.#after(task, ENI_DETACH_SECONDS, () => this.finish(task));
  }

  /** Its containers are gone already: nothing is left to wait for but the clearing up. */
  #die(task: TaskRecord, cause: StopCause, stopCode: TaskStopCode): void {
    task.executionStoppedAtMs = this.#parts.world.clock.nowMs;
    this.#letGo(task, cause, stopCode);
    this.#release(task);
    this.#dropTargets(task);
    this.#deprovision(task);
  }

  #dropTargets(task: TaskRecord): void {
    const { world, journal, health } = this.#parts;
    if (task.targetsDeregistering > 0 || task.runningAtMs === null || task.targets.length === 0) return;
    journal.changeTask(task, { targetsDeregistering: task.targets.length });
    for (const target of task.targets) {
      health.unwatch(task, target);
      world.loadBalancing.fail(target.targetGroupArn, target);
      world.loadBalancing.deregister(target.targetGroupArn, target, () =>
        journal.changeTask(task, { targetsDeregistering: task.targetsDeregistering - 1 }),
      );
    }
  }

  #release(task: TaskRecord): void {
    const { host } = task;
    if (!host || !task.begun) return;
    task.begun = false;
    host.held.remove(task.definition.needs);
    this.#parts.starter.roomFreed(host);
  }

  #releaseEni(task: TaskRecord): void {
    if (!task.fargate && (!task.host || !task.definition.needs.eni)) return;
    if (task.host) task.host.enisInUse--;
    if (task.addressSubnet !== undefined) this.#parts.world.ec2.releaseAddress(task.addressSubnet);
    task.addressSubnet = undefined;
    this.#parts.queue.roomChanged(task.clusterRecord);
  }

  #after(task: TaskRecord, range: readonly [number, number], run: () => void): void {
    const { clock, random } = this.#parts.world;
    task.timer = clock.after(random.stream('ecs/task-stops').between(range) * 1000, run);
  }
}

/** No maximum is documented on EC2. Source: Amazon ECS developer guide, task_definition_parameters. */
function stopTimeoutOf(task: TaskRecord): number {
  const { stopTimeoutSeconds } = task.definition;
  return task.fargate ? Math.min(stopTimeoutSeconds, LONGEST_STOP_TIMEOUT_SECONDS) : stopTimeoutSeconds;
}

function instanceOf(task: TaskRecord): { readonly instanceId?: string } {
  return task.instanceId === null ? {} : { instanceId: task.instanceId };
}
