/**
 * Every change of ECS's state goes through here: counters follow, watchers are told, the pictures that APIs answer from
 * are renewed, and the event that AWS would send goes to the bus.
 */
import type { ContainerInstance, Service, Task } from '@aws-sdk/client-ecs';
import { LaggingStore } from '../kernel/lagging-store.ts';
import type { Actor } from '../observation.ts';
import type { World } from '../world.ts';
import {
  containerInstanceEvent,
  deploymentEvent,
  hostHealthEvent,
  serviceActionEvent,
  taskEvent,
} from './events.ts';
import { pictureOfHost, pictureOfService, pictureOfTask } from './pictures.ts';
import type { HostRecord, ServiceRecord, TaskRecord } from './records.ts';
import type { EcsState } from './state.ts';

/** Service events that DescribeServices gives. Source: Amazon ECS API reference, Service.events. */
const EVENTS_KEPT = 100;

/** What may change of a task. */
export type TaskChange = Partial<
  Pick<
    TaskRecord,
    | 'lastStatus'
    | 'desiredStatus'
    | 'healthy'
    | 'knownHealthy'
    | 'unhealthy'
    | 'containerHealthy'
    | 'cause'
    | 'stopCode'
    | 'stoppingAtMs'
    | 'stoppedAtMs'
    | 'runningAtMs'
    | 'pullStartedAtMs'
    | 'pullStoppedAtMs'
    | 'targetsDeregistering'
    | 'host'
  >
>;

export class Journal {
  readonly #world: World;
  readonly #state: EcsState;
  readonly hosts: LaggingStore<ContainerInstance>;
  readonly tasks: LaggingStore<Task>;
  readonly services: LaggingStore<Service>;
  /** Told after a task's change: the scheduler looks whether there is something to do. */
  onTask: (task: TaskRecord) => void = () => {};
  #quiet = false;

  constructor(world: World, state: EcsState) {
    this.#world = world;
    this.#state = state;
    this.hosts = new LaggingStore(world.clock);
    this.tasks = new LaggingStore(world.clock);
    this.services = new LaggingStore(world.clock);
  }

  /** Puts what the capture shows in place without telling anybody: it has not just happened. */
  quietly(run: () => void): void {
    this.#quiet = true;
    try {
      run();
    } finally {
      this.#quiet = false;
    }
  }

  /** A task that begins to exist. */
  addTask(task: TaskRecord): void {
    this.#state.addTask(task);
    task.service?.listedTasks.add(task);
    if (task.desiredStatus === 'RUNNING') task.service?.alive.add(task);
    this.#seat(task);
    this.#count(task, 1);
    this.#tell(task, { moved: true, takesRoom: task.host !== null });
  }

  changeTask(task: TaskRecord, change: TaskChange): void {
    const { service } = task;
    const desiredBefore = task.desiredStatus;
    const before = task.lastStatus;
    const healthyBefore = service?.healthy;
    this.#count(task, -1);
    Object.assign(task, change);
    task.version++;
    if (change.host) this.#seat(task);
    if (task.desiredStatus === 'STOPPED') service?.alive.delete(task);
    this.#count(task, 1);
    if (task.lastStatus === 'STOPPED') {
      this.#state.aliveTasks.delete(task);
      task.host?.tasks.delete(task);
    }
    this.#tell(task, {
      moved: before !== task.lastStatus || desiredBefore !== task.desiredStatus,
      takesRoom: change.host !== undefined || desiredBefore !== task.desiredStatus,
      healthChanged: service !== null && healthyBefore !== service.healthy,
    });
    this.onTask(task);
  }

  /** Removes a stopped task from what ECS lists. */
  forgetTask(task: TaskRecord): void {
    this.#state.forgetTask(task);
    this.tasks.remove(task.id);
    task.service?.listedTasks.delete(task);
    task.host?.listedTasks.delete(task);
  }

  hostChanged(host: HostRecord, options: { readonly actor?: Actor; readonly emits: boolean }): void {
    this.touchHost(host, options.emits);
    this.recordHost(host, options.actor);
  }

  /**
   * Renews the picture. A change that AWS lists as a cause of an event raises the version too, and only such a change.
   * Sources: Amazon ECS API reference, ContainerInstance.version; developer guide, ecs_container_instance_events.
   */
  touchHost(host: HostRecord, emits: boolean): void {
    if (emits && !this.#quiet) host.version++;
    const picture = pictureOfHost(host);
    this.hosts.put(host.id, picture);
    if (emits && !this.#quiet)
      this.#world.bus.emit(containerInstanceEvent(picture, host.clusterRecord.arn, this.#world.clock.nowMs));
  }

  /** What ECS tells of a host's health changed. Source: ecs_container_instance_health_events. */
  hostHealthChanged(host: HostRecord): void {
    this.touchHost(host, false);
    if (!this.#quiet) this.#world.bus.emit(hostHealthEvent(pictureOfHost(host), host.clusterRecord.arn));
  }

  recordHost(host: HostRecord, actor?: Actor): void {
    if (this.#quiet) return;
    this.#world.record({
      kind: 'container-instance',
      instanceId: host.instanceId,
      containerInstanceArn: host.containerInstanceArn,
      cluster: host.cluster,
      status: host.status,
      agentConnected: host.agentConnected,
      ...(actor && { actor }),
    });
  }

  /** Counts or configuration of a service changed. */
  serviceChanged(service: ServiceRecord, seen: boolean): void {
    this.services.put(service.serviceArn, pictureOfService(service));
    if (seen) this.recordService(service);
  }

  recordService(service: ServiceRecord): void {
    if (this.#quiet) return;
    this.#world.record({
      kind: 'service',
      serviceName: service.serviceName,
      cluster: service.cluster,
      desired: service.desired,
      healthy: service.healthy,
    });
  }

  recordTask(task: TaskRecord): void {
    if (this.#quiet) return;
    this.#world.record({
      kind: 'task',
      taskArn: task.taskArn,
      group: task.group,
      cluster: task.cluster,
      instanceId: task.instanceId,
      lastStatus: task.lastStatus,
      desiredStatus: task.desiredStatus,
      healthy: task.healthy,
      daemon: task.daemon,
      ...(task.cause && { cause: task.cause }),
      ...(task.replaces !== null && { replaces: task.replaces }),
    });
  }

  /** A line under the service's events, with AWS's text after "(service NAME) ". */
  serviceSays(service: ServiceRecord, message: string): void {
    const id = this.#world.random.stream('ecs/service-events').hex(32);
    const event = {
      id: `${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-${id.slice(16, 20)}-${id.slice(20)}`,
      createdAt: new Date(this.#world.clock.nowMs),
      message: `(service ${service.serviceName}) ${message}`,
    };
    service.events = [event, ...service.events.slice(0, EVENTS_KEPT - 1)];
    this.serviceChanged(service, false);
  }

  serviceAction(
    service: ServiceRecord,
    eventType: 'INFO' | 'WARN' | 'ERROR',
    eventName: string,
    extra: Readonly<Record<string, unknown>> = {},
  ): void {
    if (this.#quiet) return;
    this.#world.bus.emit(
      serviceActionEvent(
        service.serviceArn,
        service.clusterRecord.arn,
        { eventType, eventName, ...extra },
        this.#world.clock.nowMs,
      ),
    );
  }

  deploymentEvent(service: ServiceRecord, detail: Readonly<Record<string, unknown>>): void {
    if (this.#quiet) return;
    this.#world.bus.emit(deploymentEvent(service.serviceArn, detail, this.#world.clock.nowMs));
  }

  #seat(task: TaskRecord): void {
    if (!task.host) return;
    task.host.listedTasks.add(task);
    if (task.lastStatus !== 'STOPPED') task.host.tasks.add(task);
  }

  #tell(
    task: TaskRecord,
    told: { readonly moved: boolean; readonly takesRoom: boolean; readonly healthChanged?: boolean },
  ): void {
    const picture = pictureOfTask(task);
    this.tasks.put(task.id, picture);
    this.recordTask(task);
    if (told.moved) {
      if (!this.#quiet) this.#world.bus.emit(taskEvent(picture, this.#world.clock.nowMs));
      // Placing a task on a host or stopping it changes the host's resources; beyond that nothing is documented.
      if (task.host)
        this.touchHost(task.host, told.takesRoom || this.#world.readings.taskStatusCountsAsHostChange);
    }
    if (task.service) this.serviceChanged(task.service, told.healthChanged ?? false);
  }

  #count(task: TaskRecord, sign: 1 | -1): void {
    const { service, deployment } = task;
    if (!service) return;
    if (task.healthy) service.healthy += sign;
    if (task.knownHealthy) service.knownHealthy += sign;
    if (task.desiredStatus !== 'RUNNING') return;
    if (task.host) {
      bump(service.perHost, task.host, sign);
      bump(service.perZone, task.host.zone, sign);
    }
    const kind = task.lastStatus === 'RUNNING' ? 'running' : 'pending';
    service[kind] += sign;
    if (deployment) deployment[kind] += sign;
  }
}

function bump<K>(counts: Map<K, number>, key: K, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}
