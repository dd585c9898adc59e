/**
 * The account as its watchers' lines tell it, kept up to date line by line, so that no checker walks the whole truth at
 * each event. Begins with the truth at the start; `observe` takes one line up and says what it means.
 */
import type { Actor, Observation, TaskObservation } from '../../simulator/observation.ts';
import type { TaskTruth, Truth } from '../../simulator/truth.ts';
import { isOurs } from './checker.ts';
import { HostLine, TaskLine } from './lines.ts';
import { ServiceMotion } from './service-motion.ts';

/** What an observation means. */
export type Change =
  | {
      readonly kind: 'task';
      readonly task: TaskLine;
      /** First time RUNNING. */
      readonly started: boolean;
      /** First time healthy. */
      readonly arrived: boolean;
      /** Its place is empty from now on: told to stop, or gone. */
      readonly left: boolean;
      /** It was healthy a moment ago. */
      readonly lostHealth: boolean;
      readonly stopped: boolean;
    }
  | {
      readonly kind: 'drain';
      readonly host: HostLine;
      readonly by?: Actor;
      /** Of the services that it carries: tasks in motion the moment before. */
      readonly inMotionBefore: ReadonlyMap<ServiceMotion, number>;
    }
  | { readonly kind: 'registered' | 'activate'; readonly host: HostLine; readonly by?: Actor }
  | { readonly kind: 'ended'; readonly host: HostLine; readonly by?: Actor }
  | { readonly kind: 'sizes'; readonly group: string; readonly by: Actor; readonly members: number }
  | { readonly kind: 'service'; readonly motion: ServiceMotion };

export class Chronicle {
  readonly hosts = new Map<string, HostLine>();
  readonly tasks = new Map<string, TaskLine>();
  /** REPLICA services, by `cluster/name`. */
  readonly services = new Map<string, ServiceMotion>();
  readonly #truth: Truth;
  readonly #hostsByContainerInstance = new Map<string, HostLine>();

  constructor(truth: Truth) {
    this.#truth = truth;
    this.readServices();
    for (const host of truth.hosts()) {
      const line = new HostLine(host, true, truth.nowMs);
      line.state = host.state;
      line.lifecycleState = host.lifecycleState;
      this.hosts.set(host.instanceId, line);
    }
    for (const instance of truth.containerInstances()) {
      const host = this.hosts.get(instance.instanceId);
      if (!host) continue;
      host.cluster = nameOf(instance.cluster);
      this.#hostsByContainerInstance.set(nameOf(instance.containerInstanceArn), host);
      host.status = instance.status;
      host.statusAtStart = instance.status;
      host.agentConnected = instance.agentConnected;
      if (instance.agentConnected) host.connectedAtMs = instance.registeredAtMs;
      host.size = instance.registered;
      host.registeredAtMs = instance.registeredAtMs;
    }
    for (const task of truth.tasks()) {
      const healthy = task.healthy && task.desiredStatus === 'RUNNING';
      const line = this.#meet(task.taskArn, task, task.createdAtMs);
      Object.assign(line, { lastStatus: task.lastStatus, healthy, startedAtMs: task.runningAtMs });
      if (healthy) line.arrivedAtMs = truth.nowMs;
      noteProtection(line, task.protectedUntilMs, Number.NEGATIVE_INFINITY);
      if (task.desiredStatus === 'STOPPED') line.leftAtMs = truth.nowMs;
      line.host?.tasks.add(line);
      this.#addShare(line);
    }
  }

  motionOf(task: TaskLine): ServiceMotion | undefined {
    return task.serviceName === undefined || task.daemon
      ? undefined
      : this.services.get(`${task.cluster}/${task.serviceName}`);
  }

  hostOfContainerInstance(arnOrId: string): HostLine | undefined {
    return this.#hostsByContainerInstance.get(nameOf(arnOrId));
  }

  /** Reads limits and new services again: they change without a line of their own. */
  readServices(): void {
    for (const service of this.#truth.services()) {
      if (service.schedulingStrategy !== 'REPLICA') continue;
      const cluster = nameOf(service.cluster);
      const key = `${cluster}/${service.serviceName}`;
      const known = this.services.get(key);
      const { serviceName, desired, minimumHealthyPercent, maximumPercent } = service;
      const limits = { minimumHealthyPercent, maximumPercent };
      if (!known) this.services.set(key, new ServiceMotion({ serviceName, cluster, desired, ...limits }));
      else {
        known.minimumHealthyPercent = service.minimumHealthyPercent;
        known.maximumPercent = service.maximumPercent;
      }
    }
  }

  observe(observation: Observation, atMs: number): Change | undefined {
    switch (observation.kind) {
      case 'host': {
        const host = this.#hostOf(observation, atMs);
        const wasUp = host.isUp;
        host.state = observation.state;
        if (observation.state === 'running') host.runningAtMs ??= atMs;
        if (observation.state === 'terminated') host.terminatedAtMs ??= atMs;
        if (!wasUp || host.isUp) return undefined;
        host.endedAtMs = atMs;
        this.#withSharesOf(host, () => {
          host.endedByUs = isOurs(observation.actor);
        });
        return { kind: 'ended', host, ...(observation.actor && { by: observation.actor }) };
      }
      case 'lifecycle': {
        const host = this.hosts.get(observation.instanceId);
        if (host) host.lifecycleState = observation.lifecycleState;
        return undefined;
      }
      case 'container-instance':
        return this.#takeStatus(observation, atMs);
      case 'task':
        return this.#takeTask(observation, atMs);
      case 'service': {
        const key = `${nameOf(observation.cluster)}/${observation.serviceName}`;
        if (!this.services.has(key)) this.readServices();
        const motion = this.services.get(key);
        if (!motion) return undefined;
        if (motion.desired !== observation.desired) motion.setDesired(observation.desired);
        return { kind: 'service', motion };
      }
      case 'group':
        return {
          kind: 'sizes',
          group: observation.group,
          by: observation.actor,
          members: this.#membersOf(observation.group),
        };
      case 'call':
        if (observation.operation === 'ECS.UpdateService' || observation.operation === 'ECS.CreateService')
          this.readServices();
        return undefined;
      case 'fault':
        this.readServices();
        return undefined;
      default:
        return undefined;
    }
  }

  #takeStatus(
    observation: Extract<Observation, { kind: 'container-instance' }>,
    atMs: number,
  ): Change | undefined {
    const host = this.hosts.get(observation.instanceId);
    if (!host) return undefined;
    this.#hostsByContainerInstance.set(nameOf(observation.containerInstanceArn), host);
    const statusBefore = host.status;
    if (host.agentConnected && !observation.agentConnected) host.agentLostAtMs = atMs;
    if (observation.agentConnected) {
      host.agentLostAtMs = undefined;
      host.connectedAtMs ??= atMs;
    }
    host.agentConnected = observation.agentConnected;
    host.cluster = nameOf(observation.cluster);
    host.status = observation.status;
    if (statusBefore === observation.status) return undefined;

    const by = observation.actor && { by: observation.actor };
    if (host.registeredAtMs === undefined && observation.status === 'ACTIVE') {
      host.registeredAtMs = atMs;
      host.size = this.#truth.containerInstanceOf(host.instanceId)?.registered;
      return { kind: 'registered', host };
    }
    if (observation.status === 'DRAINING') {
      const before = new Map(this.#motionsOn(host).map((motion) => [motion, motion.inMotion]));
      this.#withSharesOf(host, () => {
        host.drainedByUs = isOurs(observation.actor);
      });
      host.drainingSinceMs = atMs;
      for (const motion of before.keys()) {
        const carried = host.tasksToMove.filter((task) => this.motionOf(task) === motion).length;
        motion.carriedMost = Math.max(motion.carriedMost, carried);
      }
      if (host.drainedByUs) host.drainedByUsAtMs ??= atMs;
      return { kind: 'drain', host, inMotionBefore: before, ...by };
    }
    this.#withSharesOf(host, () => {
      // A host that ends was drained all the same: what still stops on it went because of us.
      if (observation.status === 'ACTIVE') host.drainedByUs = false;
    });
    return observation.status === 'ACTIVE' ? { kind: 'activate', host, ...by } : undefined;
  }

  #takeTask(observation: TaskObservation, atMs: number): Change {
    const known = this.tasks.get(observation.taskArn);
    if (known) this.#removeShare(known);
    const task = known ?? this.#meet(observation.taskArn, observation, atMs);
    const wasHealthy = task.healthy;
    const left = observation.desiredStatus === 'STOPPED' || observation.lastStatus === 'STOPPED';
    if (observation.instanceId !== null) this.#place(task, observation.instanceId, atMs);
    task.lastStatus = observation.lastStatus;
    task.healthy = observation.healthy && !left;
    if (observation.cause && !isLostToOthers(task)) task.cause = observation.cause;
    if (!left) noteProtection(task, this.#truth.task(observation.taskArn)?.protectedUntilMs ?? null, atMs);

    const change = {
      kind: 'task' as const,
      task,
      started: observation.lastStatus === 'RUNNING' && task.startedAtMs === null,
      arrived: task.healthy && task.arrivedAtMs === undefined,
      left: left && task.leftAtMs === undefined,
      lostHealth: wasHealthy && !task.healthy,
      stopped: observation.lastStatus === 'STOPPED' && task.stoppedAtMs === undefined,
    };
    if (change.started) task.startedAtMs = atMs;
    if (change.arrived) task.arrivedAtMs = atMs;
    if (change.left) task.leftAtMs = atMs;
    if (change.stopped) {
      task.stoppedAtMs = atMs;
      task.host?.tasks.delete(task);
    }
    this.#addShare(task);
    this.#tellMotion(change, atMs);
    return change;
  }

  #tellMotion(change: Extract<Change, { kind: 'task' }>, atMs: number): void {
    const { task } = change;
    const motion = this.motionOf(task);
    if (!motion) return;
    if (change.arrived) motion.arrive(task.replaces);
    if (!change.left) return;
    const zone = task.host?.zone ?? '';
    motion.leave({
      taskArn: task.taskArn,
      zone,
      ours: isBecauseOfUs(task),
      cause: task.cause,
      sinceMs: atMs,
    });
  }

  #meet(taskArn: string, seen: TaskTruth | TaskObservation, atMs: number): TaskLine {
    const truth = 'createdAtMs' in seen ? seen : this.#truth.task(taskArn);
    const line = new TaskLine(
      {
        taskArn,
        cluster: nameOf(seen.cluster),
        group: seen.group,
        daemon: seen.daemon,
        ...(typeof seen.replaces === 'string' && { replaces: seen.replaces }),
        cpu: truth?.cpu ?? 0,
        memoryMiB: truth?.memoryMiB ?? 0,
      },
      truth?.createdAtMs ?? atMs,
      !('createdAtMs' in seen),
    );
    this.tasks.set(taskArn, line);
    if (seen.instanceId !== null) this.#place(line, seen.instanceId, atMs);
    return line;
  }

  #place(task: TaskLine, instanceId: string, atMs: number): void {
    if (task.host?.instanceId === instanceId) return;
    const host = this.hosts.get(instanceId);
    if (!host) return;
    task.host?.tasks.delete(task);
    task.host = host;
    task.placedAtMs = atMs;
    // A host with a stopping task may make its new one wait for room: that is no start delay.
    task.placedBesideStopping = [...host.tasks].some((other) => other.leftAtMs !== undefined);
    if (task.stoppedAtMs === undefined) host.tasks.add(task);
  }

  #hostOf(observation: Extract<Observation, { kind: 'host' }>, atMs: number): HostLine {
    const known = this.hosts.get(observation.instanceId);
    if (known) return known;
    const { instanceId, image, group, zone } = observation;
    const line = new HostLine({ instanceId, imageId: image, group, zone }, false, atMs);
    this.hosts.set(instanceId, line);
    return line;
  }

  /** Hosts that the group counts against its desired capacity. */
  #membersOf(group: string): number {
    let members = 0;
    for (const host of this.hosts.values()) {
      if (host.group === group && host.isUp && isMember(host.lifecycleState)) members++;
    }
    return members;
  }

  #motionsOn(host: HostLine): ServiceMotion[] {
    return [...new Set(host.tasksToMove.flatMap((task) => this.motionOf(task) ?? []))];
  }

  #withSharesOf(host: HostLine, change: () => void): void {
    for (const task of host.tasks) this.#removeShare(task);
    change();
    for (const task of host.tasks) this.#addShare(task);
  }

  #addShare(task: TaskLine): void {
    if (task.leftAtMs === undefined) this.motionOf(task)?.add(task.share);
  }

  #removeShare(task: TaskLine): void {
    if (task.leftAtMs === undefined) this.motionOf(task)?.remove(task.share);
  }
}

/** The chain behind a stop leads to us: we drained or ended its host, or stopped the task itself. */
export function isBecauseOfUs(task: TaskLine): boolean {
  const { cause } = task;
  if (!cause || !isOurs(cause.actor)) return false;
  return cause.because !== 'exit' && cause.because !== 'unhealthy' && cause.because !== 'start-failed';
}

/**
 * Somebody else ended its machine, a Spot interruption for one: what ECS does with the task after that, as it empties a host
 * that we happen to drain, takes no task from anybody (§6: because of us).
 */
function isLostToOthers({ cause }: TaskLine): boolean {
  const isWithHost = cause?.because === 'host-terminated' || cause?.because === 'host-stopped';
  return isWithHost && !isOurs(cause.actor);
}

function noteProtection(task: TaskLine, untilMs: number | null, atMs: number): void {
  if (untilMs === null) task.protection = undefined;
  else
    task.protection = {
      untilMs,
      sinceMs: task.isProtectedAt(atMs) ? (task.protection?.sinceMs ?? atMs) : atMs,
    };
}

/** Last element of an ARN, or the name itself. */
export function nameOf(arnOrName: string): string {
  return arnOrName.slice(arnOrName.lastIndexOf('/') + 1);
}

function isMember(lifecycleState: string | null): boolean {
  return lifecycleState === null || lifecycleState === 'InService' || lifecycleState.startsWith('Pending');
}
