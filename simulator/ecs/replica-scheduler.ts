/**
 * The service scheduler for REPLICA services: keeps `desired` tasks on hosts that stay, within
 * ceil(desired·min/100) healthy and floor(desired·max/100) started.
 * Source: Amazon ECS developer guide, deployment-type-ecs and container-instance-draining.
 *
 * It looks at a service a moment after something about it changed, never at all of them.
 */
import type { StopCause } from '../observation.ts';
import { complainOfState } from './complaints.ts';
import type { DeploymentRecord } from './deployment-record.ts';
import { maintenanceCause } from './fargate/retirement.ts';
import type { Parts } from './parts.ts';
import type { HostRecord, ServiceRecord, TaskRecord } from './records.ts';
import { tasksToStop } from './scale-in.ts';
import { ServiceStarts } from './service-starts.ts';
import { isProtected } from './task-protection.ts';

/** Something changed → the scheduler has looked. */
const REACTION_SECONDS = [0.5, 2.5] as const;

const SCHEDULER = { kind: 'aws', name: 'service-scheduler' } as const;

/** Source: Amazon ECS developer guide, service-event-messages-list. */
const cannotScaleIn = (deploymentId: string) =>
  `was unable to reach steady state because task set (${deploymentId}) was unable to scale in. Reason: The number of protected tasks are more than the desired count of tasks.`;

/** Why a task must go. */
type Leaving = 'drain' | 'deployment' | 'maintenance' | 'unhealthy';

export class ReplicaScheduler {
  readonly #parts: Parts;
  readonly #dirty = new Set<ServiceRecord>();
  readonly #starts: ServiceStarts;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#starts = new ServiceStarts(parts, (service) => this.look(service));
  }

  /** Looks at the service soon; asked often, it looks once. */
  look(service: ServiceRecord): void {
    if (service.schedulingStrategy === 'DAEMON' || this.#dirty.has(service)) return;
    this.#dirty.add(service);
    const { clock, random } = this.#parts.world;
    clock.after(random.stream('ecs/scheduler').between(REACTION_SECONDS) * 1000, () => {
      this.#dirty.delete(service);
      this.#evaluate(service);
    });
  }

  /** Whatever became of a task, its service may have something to do. */
  taskChanged(task: TaskRecord): void {
    const { service } = task;
    if (!service || task.daemon) return;
    if (task.desiredStatus === 'STOPPED' && task.cause?.because !== 'scale-in' && !isReplaced(task))
      service.unreplaced.add(task);
    if (task.knownHealthy) this.#parts.deployments.taskHealthy(service, task);
    this.look(service);
  }

  /** PENDING tasks of services are stopped at once, RUNNING ones by the rules; standalone tasks are left alone. */
  hostDrains(host: HostRecord): void {
    const services = new Set<ServiceRecord>();
    for (const task of [...host.tasks]) {
      const { service } = task;
      if (!service || task.daemon || task.desiredStatus === 'STOPPED') continue;
      services.add(service);
      if (task.lastStatus === 'RUNNING') continue;
      this.#parts.stopper.stop(task, this.#cause(task, 'drain'), 'ServiceSchedulerInitiated');
    }
    for (const service of services) this.look(service);
    this.#parts.queue.hostChanged(host);
  }

  /** A host takes tasks again or for the first time. */
  hostActive(host: HostRecord): void {
    for (const task of host.tasks) if (task.service) this.look(task.service);
    this.#starts.hostJoined(host.clusterRecord);
    this.#parts.queue.roomChanged(host.clusterRecord);
    this.#parts.zones.hostJoined(host.clusterRecord);
  }

  /** Its failed starts do not count any more. Source: Amazon ECS developer guide, service-throttle-logic. */
  reachedRunning(service: ServiceRecord, deployment: DeploymentRecord | null): void {
    service.failedStarts = 0;
    service.throttledUntilMs = 0;
    if (deployment) this.#parts.deployments.taskRan(deployment);
  }

  startFailed(service: ServiceRecord, deployment: DeploymentRecord | null): void {
    if (deployment) this.#parts.deployments.startFailed(service, deployment);
    this.#starts.startFailed(service);
  }

  /** A new revision or configuration: old failures do not count any more. */
  reset(service: ServiceRecord): void {
    service.failedStarts = 0;
    service.throttledUntilMs = 0;
    service.failedPlacements = 0;
    service.retryPlacementAtMs = 0;
    service.allowed.clear();
    this.look(service);
  }

  #evaluate(service: ServiceRecord): void {
    const staying: TaskRecord[] = [];
    const leaving: [TaskRecord, Leaving][] = [];
    for (const task of service.alive) {
      const why = this.#whyLeaves(task, service);
      if (why) leaving.push([task, why]);
      else {
        staying.push(task);
        service.unreplaced.delete(task);
      }
    }
    for (const [task] of leaving) if (!isReplaced(task)) service.unreplaced.add(task);

    const waiting = this.#parts.zones.review(service, staying, leaving.length > 0 || service.deploying);
    const surplus = staying.length - service.desired - waiting;
    if (surplus > 0) this.#scaleIn(service, staying, surplus);
    this.#stopLeaving(service, leaving);

    const missing = service.desired - staying.length;
    // Stopped tasks make room at once: what is RUNNING and PENDING by desired status counts.
    if (missing > 0)
      this.#starts.start(service, Math.min(missing, service.upperLimit - service.alive.size), missing);
    else this.#starts.satisfied(service);
    this.#parts.deployments.review(service, leaving.length === 0 && missing === 0 && surplus <= 0);
  }

  #whyLeaves(task: TaskRecord, service: ServiceRecord): Leaving | undefined {
    if (task.host?.status === 'DRAINING') {
      const spared =
        !this.#parts.world.readings.drainingIgnoresProtection &&
        isProtected(task, this.#parts.world.clock.nowMs);
      if (!spared) return 'drain';
    }
    if (task.underMaintenance) return 'maintenance';
    if (task.deployment !== service.primary) return 'deployment';
    if (task.unhealthy && this.#isPastGrace(task, service)) return 'unhealthy';
    return undefined;
  }

  /** Stops what may be stopped without taking the service below its lower limit of healthy tasks. */
  #stopLeaving(service: ServiceRecord, leaving: readonly (readonly [TaskRecord, Leaving])[]): void {
    const { nowMs } = this.#parts.world.clock;
    let spare = service.knownHealthy - service.lowerLimit;
    // Start first where the upper limit allows it, else one by one.
    let unhealthyMayStop =
      service.upperLimit > service.desired
        ? service.knownHealthy >= service.desired
          ? leaving.length
          : 0
        : 1;
    const hasFailed = service.primary.rolloutState === 'FAILED';
    for (const [task, why] of leaving) {
      // Nothing would take its place; and protected tasks stay until their protection ends.
      if (why === 'deployment' && (hasFailed || isProtected(task, nowMs))) continue;
      if (why === 'unhealthy') {
        if (unhealthyMayStop-- <= 0) continue;
        this.#parts.deployments.checkFailed(service, task.deployment);
      } else if (task.knownHealthy) {
        if (spare <= 0) continue;
        spare--;
      }
      this.#parts.stopper.stop(task, this.#cause(task, why), 'ServiceSchedulerInitiated');
    }
  }

  #scaleIn(service: ServiceRecord, staying: TaskRecord[], surplus: number): void {
    const victims = tasksToStop(service, staying, surplus, this.#parts.world.clock.nowMs);
    if (victims.length < surplus) complainOfState(this.#parts, service, cannotScaleIn(service.primary.id));
    for (const victim of victims) {
      staying.splice(staying.indexOf(victim), 1);
      const cause: StopCause = {
        because: 'scale-in',
        actor: SCHEDULER,
        ...(victim.instanceId !== null && { instanceId: victim.instanceId }),
        text: scalingText(service),
      };
      this.#parts.stopper.stop(victim, cause, 'ServiceSchedulerInitiated');
    }
  }

  #cause(task: TaskRecord, why: Leaving): StopCause {
    const { service, host } = task;
    if (why === 'maintenance') return maintenanceCause();
    return {
      because: why,
      actor: why === 'drain' ? (host?.drainActor ?? SCHEDULER) : SCHEDULER,
      ...(host && { instanceId: host.instanceId }),
      text:
        why === 'unhealthy'
          ? `Task failed ${task.targets.length > 0 ? `ELB health checks in (target-group ${task.targets[0]?.targetGroupArn})` : 'container health checks'}`
          : service
            ? scalingText(service)
            : '',
    };
  }

  #isPastGrace(task: TaskRecord, service: ServiceRecord): boolean {
    const graceMs = (service.source.healthCheckGracePeriodSeconds ?? 0) * 1000;
    return (task.runningAtMs ?? 0) + graceMs <= this.#parts.world.clock.nowMs;
  }
}

function scalingText(service: ServiceRecord): string {
  return `Scaling activity initiated by (deployment ${service.primary.id})`;
}

/** A successor was started, and is not just one too many that has been stopped again. */
function isReplaced(task: TaskRecord): boolean {
  return task.replacedBy !== null && task.replacedBy.cause?.because !== 'scale-in';
}
