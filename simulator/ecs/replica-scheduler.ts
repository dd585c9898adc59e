/**
 * The service scheduler for REPLICA services: keeps `desired` tasks on hosts that stay, within
 * ceil(desired·min/100) healthy and floor(desired·max/100) started.
 * Source: Amazon ECS developer guide, deployment-type-ecs and container-instance-draining.
 *
 * It looks at a service a moment after something about it changed, never at all of them.
 */
import type { StopCause } from '../observation.ts';
import { maintenanceCause } from './fargate/retirement.ts';
import type { Parts } from './parts.ts';
import type { DeploymentRecord, HostRecord, ServiceRecord, TaskRecord } from './records.ts';
import { ServiceStarts } from './service-starts.ts';

/** Something changed → the scheduler has looked. */
const REACTION_SECONDS = [0.5, 2.5] as const;

const SCHEDULER = { kind: 'aws', name: 'service-scheduler' } as const;

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

  /** A host takes tasks again or for the first time. A service that is backing off does not notice. */
  hostActive(host: HostRecord): void {
    for (const task of host.tasks) if (task.service) this.look(task.service);
    this.#parts.queue.roomChanged(host.clusterRecord);
  }

  reachedRunning(service: ServiceRecord): void {
    service.failedStarts = 0;
    service.throttledUntilMs = 0;
  }

  startFailed(service: ServiceRecord, deployment: DeploymentRecord | null): void {
    if (deployment && deployment === service.primary) this.#parts.deployments.taskFailed(service, deployment);
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

    const surplus = staying.length - service.desired;
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
      const spared = !this.#parts.world.readings.drainingIgnoresProtection && this.#isProtected(task);
      if (!spared) return 'drain';
    }
    if (task.underMaintenance) return 'maintenance';
    if (task.deployment !== service.primary) return 'deployment';
    if (task.unhealthy && this.#isPastGrace(task, service)) return 'unhealthy';
    return undefined;
  }

  /** Stops what may be stopped without taking the service below its lower limit of healthy tasks. */
  #stopLeaving(service: ServiceRecord, leaving: readonly (readonly [TaskRecord, Leaving])[]): void {
    let spare = service.knownHealthy - service.lowerLimit;
    // Start first where the upper limit allows it, else one by one.
    let unhealthyMayStop =
      service.upperLimit > service.desired
        ? service.knownHealthy >= service.desired
          ? leaving.length
          : 0
        : 1;
    for (const [task, why] of leaving) {
      if (why === 'deployment' && this.#isProtected(task)) continue;
      if (why === 'unhealthy') {
        if (unhealthyMayStop-- <= 0) continue;
      } else if (task.knownHealthy) {
        if (spare <= 0) continue;
        spare--;
      }
      this.#parts.stopper.stop(task, this.#cause(task, why), 'ServiceSchedulerInitiated');
    }
  }

  /** What is not healthy goes first, then from the fullest zone; protected tasks stay. */
  #scaleIn(service: ServiceRecord, staying: TaskRecord[], surplus: number): void {
    const free = staying.filter((task) => !this.#isProtected(task));
    if (free.length < surplus)
      this.#parts.journal.serviceSays(
        service,
        `was unable to scale in. Reason: The number of protected tasks are more than the desired count of tasks.`,
      );
    const perZone = new Map<string, number>();
    for (const task of staying) {
      const zone = task.host?.zone ?? '';
      perZone.set(zone, (perZone.get(zone) ?? 0) + 1);
    }
    const crowd = (task: TaskRecord) => perZone.get(task.host?.zone ?? '') ?? 0;
    for (let left = Math.min(surplus, free.length); left > 0; left--) {
      const victim = free.reduce((best, task) => pickFirst(best, task, crowd));
      free.splice(free.indexOf(victim), 1);
      staying.splice(staying.indexOf(victim), 1);
      perZone.set(victim.host?.zone ?? '', crowd(victim) - 1);
      this.#parts.stopper.stop(
        victim,
        {
          because: 'scale-in',
          actor: SCHEDULER,
          ...(victim.instanceId !== null && { instanceId: victim.instanceId }),
          text: scalingText(service),
        },
        'ServiceSchedulerInitiated',
      );
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

  #isProtected(task: TaskRecord): boolean {
    return task.protectedUntilMs !== null && task.protectedUntilMs > this.#parts.world.clock.nowMs;
  }

  #isPastGrace(task: TaskRecord, service: ServiceRecord): boolean {
    const graceMs = (service.source.healthCheckGracePeriodSeconds ?? 0) * 1000;
    return (task.runningAtMs ?? 0) + graceMs <= this.#parts.world.clock.nowMs;
  }
}

function scalingText(service: ServiceRecord): string {
  return `Scaling activity initiated by (deployment ${service.primary.id})`;
}

/** The one that a scale-in would rather stop. */
function pickFirst(a: TaskRecord, b: TaskRecord, crowd: (task: TaskRecord) => number): TaskRecord {
  const order =
    Number(a.knownHealthy) - Number(b.knownHealthy) ||
    Number(a.lastStatus === 'RUNNING') - Number(b.lastStatus === 'RUNNING') ||
    crowd(b) - crowd(a) ||
    b.order - a.order;
  return order <= 0 ? a : b;
}

/** A successor was started, and is not just one too many that has been stopped again. */
function isReplaced(task: TaskRecord): boolean {
  return task.replacedBy !== null && task.replacedBy.cause?.because !== 'scale-in';
}
