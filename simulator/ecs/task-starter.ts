/**
 * A task's way up: PROVISIONING → PENDING → ACTIVATING → RUNNING.
 * Source: Amazon ECS developer guide, task-lifecycle-explanation.
 *
 * The control plane takes a host's room as free as soon as a task there is told to stop; the agent does not. It starts
 * tasks in the order in which it got them, each when its room is really there. Source: AWS, July 2023, "Amazon ECS
 * enables faster task launches"; amazon-ecs-agent, docker_task_engine.go, `waitingTaskQueue`.
 */
import type { NetworkConfiguration, Task } from '@aws-sdk/client-ecs';
import { shortageOf } from './claims.ts';
import type { DeploymentRecord } from './deployment-record.ts';
import type { Parts } from './parts.ts';
import { type ClusterRecord, type HostRecord, type ServiceRecord, TaskRecord } from './records.ts';
import { bindPorts, targetsOf } from './targets.ts';
import type { Definition } from './task-definition.ts';
import { isAtLeast } from './trunks.ts';

/** Share of the start that an awsvpc task spends on its network interface. Source: ecs_task_events sample, 14.5 of 21 s. */
const ENI_SHARE = 0.3;
const ACTIVATING_SHARE = 0.1;
/** Where in its start a task fails whose image cannot be pulled. */
const PULL_SHARE = 0.6;
/** How long a container of a revision that cannot work lives. */
const CRASH_SECONDS = [5, 20] as const;

/** Source: amazon-ecs-agent issue 5138 ("15 to 20 minutes"); how often is not told. */
const STALL_SHARE = 0.1;
const STALL_SECONDS = [900, 1200] as const;

/** Agents that start a task as soon as its own room is free. Source: amazon-ecs-agent, CHANGELOG (1.73.1 took it back). */
const FIRST_EAGER_AGENT = [1, 75, 0];

/** `ECS_CONTAINER_START_TIMEOUT` on Linux and on Windows. Source: Amazon ECS developer guide, ecs-agent-config. */
const START_TIMEOUT_MS = 180_000;
const WINDOWS_START_TIMEOUT_MS = 480_000;

export interface NewTask {
  readonly cluster: ClusterRecord;
  readonly service: ServiceRecord | null;
  readonly deployment: DeploymentRecord | null;
  readonly definition: Definition;
  readonly group: string;
  readonly startedBy?: string | undefined;
  readonly capacityProviderName?: string | undefined;
  /** The task that it stands in for. */
  readonly replaces?: TaskRecord | undefined;
  /** What RunTask was given: launch type, overrides, tags. */
  readonly source?: Task;
  readonly networkConfiguration?: NetworkConfiguration | undefined;
}

export class TaskStarter {
  readonly #parts: Parts;
  #addresses = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Makes a task and sends it to its host; without one it waits in PROVISIONING (or runs on Fargate). */
  create(wanted: NewTask, host: HostRecord | null): TaskRecord {
    const { world, state, journal } = this.#parts;
    const id = world.random.stream('ecs/ids').hex(32);
    const { cluster } = wanted;
    const task = new TaskRecord(
      {
        id,
        taskArn: `arn:aws:ecs:${world.region}:${world.accountId}:task/${cluster.name}/${id}`,
        group: wanted.group,
        order: state.nextOrder(),
        createdAtMs: world.clock.nowMs,
        startedBy: wanted.startedBy,
      },
      cluster,
      wanted.service,
      wanted.deployment,
      wanted.definition,
      { launchType: 'EC2', ...wanted.source },
    );
    task.capacityProviderName = wanted.capacityProviderName;
    task.networkConfiguration = wanted.networkConfiguration;
    if (task.fargate) this.#parts.fargate.place(task);
    task.replaces = wanted.replaces?.taskArn ?? null;
    task.containers = (wanted.definition.source.containerDefinitions ?? []).map((container) => ({
      containerArn: `arn:aws:ecs:${world.region}:${world.accountId}:container/${cluster.name}/${id}/${container.name}`,
      taskArn: task.taskArn,
      name: container.name,
      image: container.image,
      lastStatus: 'PENDING',
      cpu: String(container.cpu ?? 0),
      ...(container.memory !== undefined && { memory: String(container.memory) }),
      ...this.#parts.deployments.digestOf(wanted.definition, container.name),
    }));
    if (host) {
      this.#claim(task, host);
      task.host = host;
      task.lastStatus = this.#firstStatus(task);
    }
    journal.addTask(task);
    if (host || task.fargate) this.#proceed(task);
    return task;
  }

  /** A task that waited for its capacity provider gets a host. */
  assign(task: TaskRecord, host: HostRecord): void {
    this.#claim(task, host);
    this.#parts.journal.changeTask(task, { host, lastStatus: this.#firstStatus(task) });
    this.#proceed(task);
  }

  /** The agent starts what fits now, in order. */
  admit(host: HostRecord): void {
    if (!host.agentConnected || host.dead) return;
    for (let next = host.agentQueue[0]; next; next = host.agentQueue[0]) {
      if (waitsForAllStops(host) || shortageOf(host.registered, host.held, next.definition.needs)) return;
      host.agentQueue.shift();
      this.#begin(next, this.#remainingMs.get(next) ?? 0);
    }
  }

  /**
   * A task has let go of its room. The agent may miss that: what it has queued then waits for the next task that comes or
   * goes, or for its periodic look.
   */
  roomFreed(host: HostRecord): void {
    const { clock, random, readings } = this.#parts.world;
    if (readings.queuedTaskMayStall && host.agentQueue.length > 0) {
      const stream = random.stream('ecs/agent-stalls');
      if (stream.chance(STALL_SHARE)) {
        clock.after(stream.between(STALL_SECONDS) * 1000, () => this.admit(host));
        return;
      }
    }
    this.admit(host);
  }

  /** Runs now, or when the agent is back: it can neither hear nor tell anything meanwhile. */
  whenConnected(host: HostRecord | null, run: () => void): void {
    if (host && !host.agentConnected) host.whenConnected.push(run);
    else run();
  }

  /** Takes up a task that was on its way when the capture was made. */
  resume(task: TaskRecord): void {
    this.#proceed(task);
  }

  readonly #remainingMs = new WeakMap<TaskRecord, number>();

  #claim(task: TaskRecord, host: HostRecord): void {
    host.claimed.add(task.definition.needs);
    if (task.definition.needs.eni) host.enisInUse++;
  }

  #firstStatus(task: TaskRecord): 'PROVISIONING' | 'PENDING' {
    return task.definition.needs.eni ? 'PROVISIONING' : 'PENDING';
  }

  #proceed(task: TaskRecord): void {
    const { clock, random, timings } = this.#parts.world;
    const stream = random.stream('ecs/task-starts');
    const totalMs = stream.between(timings.startSeconds(task.serviceName)) * 1000;
    const eniMs = task.definition.needs.eni || task.fargate ? totalMs * ENI_SHARE : 0;
    const queuedMs = task.fargate ? this.#parts.fargate.launchDelayMs(task) : 0;
    this.#remainingMs.set(task, totalMs - eniMs);
    if (eniMs === 0) this.#deliver(task);
    else
      task.timer = clock.after(queuedMs + eniMs, () => {
        if (!this.#attachInterface(task)) return;
        this.#parts.journal.changeTask(task, { lastStatus: 'PENDING' });
        this.#deliver(task);
      });
  }

  /** A subnet without a free address refuses the interface. */
  #attachInterface(task: TaskRecord): boolean {
    const subnet = task.fargate ? task.subnet : task.host?.attributes['ecs.subnet-id'];
    if (subnet === undefined) return true;
    if (this.#parts.world.ec2.takeAddress(subnet)) {
      task.addressSubnet = subnet;
      return true;
    }
    this.#parts.stopper.failStart(
      task,
      `Unexpected EC2 error while attempting to Create Network Interface in subnet '${subnet}': InsufficientFreeAddressesInSubnet`,
    );
    return false;
  }

  #deliver(task: TaskRecord): void {
    const { host } = task;
    if (!host) {
      this.#begin(task, this.#remainingMs.get(task) ?? 0);
      return;
    }
    host.agentQueue.push(task);
    this.admit(host);
  }

  #begin(task: TaskRecord, remainingMs: number): void {
    const { clock, faults } = this.#parts.world;
    task.host?.held.add(task.definition.needs);
    task.begun = true;
    const stallMs = faults.pendingStallSeconds(task.serviceName) * 1000;
    const pull = () => {
      this.#parts.journal.changeTask(task, { pullStartedAtMs: clock.nowMs });
      const isCached = task.host?.cachedImages.has(task.taskDefinitionArn) ?? false;
      if ((task.service?.pullsFail && !isCached) || task.deployment?.defect === 'fails-to-start') {
        task.timer = clock.after(remainingMs * PULL_SHARE, () => this.#failPull(task));
        return;
      }
      task.timer = clock.after(remainingMs * (1 - ACTIVATING_SHARE), () => {
        this.#parts.journal.changeTask(task, { lastStatus: 'ACTIVATING', pullStoppedAtMs: clock.nowMs });
        const startMs = remainingMs * ACTIVATING_SHARE;
        const limitMs = startTimeoutMs(task);
        task.timer = clock.after(Math.min(startMs, limitMs), () =>
          this.whenConnected(task.host, () =>
            startMs > limitMs ? this.#failContainerStart(task, limitMs) : this.#run(task),
          ),
        );
      });
    };
    if (stallMs > 0) task.timer = clock.after(stallMs, pull);
    else pull();
  }

  #failPull(task: TaskRecord): void {
    const container = task.containers[0];
    this.#parts.stopper.failStart(
      task,
      `CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref ${container?.image ?? ''}: not found`,
    );
  }

  /** Source of the text: Amazon ECS developer guide, stopped-task-error-codes. */
  #failContainerStart(task: TaskRecord, limitMs: number): void {
    this.#parts.stopper.failStart(
      task,
      `DockerTimeoutError: Could not transition to started; timed out after waiting ${limitMs / 60_000}m0s`,
    );
  }

  #run(task: TaskRecord): void {
    if (task.desiredStatus !== 'RUNNING' || task.host?.dead) return;
    const { world, journal, health, scheduler } = this.#parts;
    task.host?.cachedImages.add(task.taskDefinitionArn);
    bindPorts(task, world.random.stream('ecs/ports'), () => this.nextAddress());
    task.targets = targetsOf(task);
    journal.changeTask(task, {
      lastStatus: 'RUNNING',
      runningAtMs: world.clock.nowMs,
      // A task of no service has nobody who waits for its health.
      ...(!task.service &&
        task.definition.healthCheckSeconds === null && { healthy: true, knownHealthy: true }),
    });
    for (const target of task.targets) {
      health.watch(task, target);
      world.loadBalancing.register(target.targetGroupArn, {
        id: target.id,
        port: target.port,
        zone: task.zone ?? '',
      });
    }
    health.begin(task);
    if (task.service) scheduler.reachedRunning(task.service, task.deployment);
    this.#breakIfFaulty(task);
  }

  #breakIfFaulty(task: TaskRecord): void {
    const { clock, faults, ec2, random } = this.#parts.world;
    if (task.deployment?.defect === 'exits') {
      const seconds = random.stream('ecs/task-starts').between(CRASH_SECONDS);
      clock.after(seconds * 1000, () =>
        this.#parts.stopper.exit(task, 1, { kind: 'aws', name: 'ecs' }, 'exit'),
      );
    }
    if (!task.host) return;
    const image = ec2.instance(task.host.instanceId)?.imageId ?? task.host.attributes['ecs.ami-id'] ?? '';
    const broken = faults.breaksTask(image, task.serviceName ?? task.group);
    if (broken)
      clock.after(broken.afterSeconds * 1000, () =>
        this.#parts.stopper.exit(
          task,
          broken.exitCode,
          { kind: 'fault', name: 'image-breaks-tasks' },
          'exit',
        ),
      );
  }

  /** A private address that no other task has; the account keeps no subnets' address ranges. */
  nextAddress(): string {
    const at = this.#addresses++;
    return `10.254.${Math.floor(at / 250) % 250}.${(at % 250) + 4}`;
  }
}

/** Older agents start nothing while anything on the host still stops. Source: AWS, July 2023 (see above). */
function waitsForAllStops(host: HostRecord): boolean {
  const version = host.source.versionInfo?.agentVersion;
  if (version === undefined || version === '1.73.0' || isAtLeast(version, FIRST_EAGER_AGENT)) return false;
  for (const task of host.tasks) if (task.begun && task.desiredStatus === 'STOPPED') return true;
  return false;
}

function startTimeoutMs(task: TaskRecord): number {
  const isWindows = task.host?.attributes['ecs.os-type'] === 'windows';
  return isWindows ? WINDOWS_START_TIMEOUT_MS : START_TIMEOUT_MS;
}
