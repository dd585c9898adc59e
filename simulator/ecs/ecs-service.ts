/**
 * The account's Amazon ECS: container instances, tasks, and the service schedulers that move them.
 *
 * Seeded from a capture; knows AWS's behaviour and nothing of who drives it. The other services of the account are
 * reached through `World`, callers through the operations that it registers.
 */
import type { Capture } from '../capture/capture.ts';
import type { Actor } from '../observation.ts';
import type { ContainerInstanceTruth, ServiceTruth, TaskTruth } from '../truth.ts';
import type { EcsPort, ReservationMetric, World } from '../world.ts';
import { AgentRegistry } from './agent-registry.ts';
import { idOf } from './arn.ts';
import { keepDrainingHooks, ManagedDraining } from './capacity-providers/managed-draining.ts';
import { ManagedScaling } from './capacity-providers/managed-scaling.ts';
import { CapacityProviders } from './capacity-providers/providers.ts';
import { ProvisioningQueue } from './capacity-providers/provisioning-queue.ts';
import { clusterReservation } from './cluster-reservation.ts';
import { DaemonScheduler } from './daemon-scheduler.ts';
import { Deployments } from './deployments.ts';
import { Fargate } from './fargate/fargate.ts';
import { Health } from './health.ts';
import { HostLoss } from './host-loss.ts';
import { Journal } from './journal.ts';
import { capacityProviderOperations } from './operations/capacity-providers.ts';
import { clusterOperations } from './operations/clusters.ts';
import { containerInstanceOperations } from './operations/container-instances.ts';
import { serviceDeploymentOperations } from './operations/service-deployments.ts';
import { serviceOperations, setDesired } from './operations/services.ts';
import { startTaskOperations } from './operations/start-task.ts';
import { tagOperations } from './operations/tags.ts';
import { taskOperations } from './operations/tasks.ts';
import type { Parts } from './parts.ts';
import type { HostRecord, ServiceRecord, TaskRecord } from './records.ts';
import { ReplicaScheduler } from './replica-scheduler.ts';
import { seed } from './seed.ts';
import { EcsState } from './state.ts';
import { protect } from './task-protection.ts';
import { TaskStarter } from './task-starter.ts';
import { TaskStopper } from './task-stopper.ts';
import { ZoneRebalancing } from './zone-rebalancing.ts';

/** A task, or all of a service or family. */
export type TaskSelector =
  | { readonly task: string }
  | { readonly service: string }
  | { readonly family: string };

export class EcsService implements EcsPort {
  readonly #parts: Parts;

  constructor(world: World, capture: Capture) {
    const state = new EcsState(capture);
    const journal = new Journal(world, state);
    const parts: { -readonly [K in keyof Parts]: Parts[K] } = {
      world,
      capture,
      state,
      journal,
    } as Parts;
    parts.registry = new AgentRegistry(parts);
    parts.loss = new HostLoss(parts);
    parts.health = new Health(parts);
    parts.starter = new TaskStarter(parts);
    parts.stopper = new TaskStopper(parts);
    parts.fargate = new Fargate(parts);
    parts.scheduler = new ReplicaScheduler(parts);
    parts.daemons = new DaemonScheduler(parts);
    parts.deployments = new Deployments(parts);
    parts.queue = new ProvisioningQueue(parts);
    parts.providers = new CapacityProviders(capture, world.clock);
    parts.scaling = new ManagedScaling(parts);
    parts.zones = new ZoneRebalancing(parts);
    this.#parts = parts;
    const managedDraining = new ManagedDraining(parts);

    journal.onTask = (task) => {
      parts.scheduler.taskChanged(task);
      parts.daemons.taskChanged(task);
      if (task.lastStatus === 'STOPPED') parts.fargate.retirement.taskStopped(task);
      if (task.lastStatus === 'STOPPED' && task.host) managedDraining.look(task.host);
    };
    world.signals.onInstanceState((instance, actor) => {
      if (instance.state === 'running') parts.registry.instanceRuns(instance);
      else parts.loss.instanceChanged(instance, actor);
    });
    world.signals.onLifecycle((change) => {
      managedDraining.lifecycleChanged(change);
      const instance = world.ec2.instance(change.instanceId);
      // Out of a warm pool: the agent of a machine that runs already may join now.
      if (change.lifecycleState === 'Pending' && instance?.state === 'running')
        parts.registry.instanceRuns(instance);
    });
    world.signals.onTargetHealth((targetGroupArn, targetId, port) =>
      parts.health.targetChanged(targetGroupArn, targetId, port),
    );
    world.registry.register('ECS', {
      ...clusterOperations(parts),
      ...capacityProviderOperations(parts),
      ...containerInstanceOperations(parts),
      ...serviceOperations(parts),
      ...serviceDeploymentOperations(parts),
      ...taskOperations(parts),
      ...startTaskOperations(parts),
      ...tagOperations(parts),
    });
  }

  /** Puts the captured state in place; call it once, when all ports of the world exist. */
  seed(): void {
    seed(this.#parts);
    keepDrainingHooks(this.#parts);
    this.#parts.scaling.sync();
  }

  // What checkers read.

  /** All that are not INACTIVE; `cluster` is its name. */
  containerInstances(): readonly ContainerInstanceTruth[] {
    return [...this.#parts.state.clusters.values()].flatMap(({ hosts }) => [...hosts]);
  }

  containerInstanceOf(instanceId: string): ContainerInstanceTruth | undefined {
    return this.#parts.state.hostOfInstance.get(instanceId);
  }

  tasks(): readonly TaskTruth[] {
    return [...this.#parts.state.aliveTasks];
  }

  task(taskArn: string): TaskTruth | undefined {
    return this.#parts.state.everyTask.get(idOf(taskArn));
  }

  tasksOn(instanceId: string): readonly TaskTruth[] {
    return [...(this.#parts.state.hostOfInstance.get(instanceId)?.tasks ?? [])];
  }

  services(): readonly ServiceTruth[] {
    return [...this.#parts.state.services.values()];
  }

  // What other services ask.

  startDraining(instanceId: string, actor: Actor): void {
    const host = this.#parts.state.hostOfInstance.get(instanceId);
    if (host?.status === 'ACTIVE') this.#parts.registry.setStatus(host, 'DRAINING', actor);
  }

  reservationOf(clusterName: string, metric: ReservationMetric): number | undefined {
    for (const cluster of this.#parts.state.clusters.values())
      if (cluster.name === clusterName) return clusterReservation(cluster, metric);
    return undefined;
  }

  taskDefinition(arn: string): unknown {
    return this.#parts.state.definition(arn)?.source;
  }

  // What scripted faults do.

  /** The agent loses its connection for so long. */
  disconnectAgent(instanceId: string, seconds: number): void {
    this.#parts.registry.disconnect(this.#host(instanceId), seconds);
  }

  /** Somebody outside sets a host's status. */
  setStatus(instanceId: string, status: 'ACTIVE' | 'DRAINING', actor: Actor): void {
    this.#parts.registry.setStatus(this.#host(instanceId), status, actor);
  }

  /** The first running task of the selection ends by itself with this exit code; false when there is none. */
  endTask(
    selector: TaskSelector,
    exitCode: number,
    actor: Actor = { kind: 'fault', name: 'end-task' },
  ): boolean {
    const [task] = this.#select(selector).filter(({ lastStatus }) => lastStatus === 'RUNNING');
    if (!task) return false;
    this.#parts.stopper.exit(task, exitCode, actor, 'exit');
    return true;
  }

  /** Tasks whose containers still run on the machine although ECS has forgotten them. */
  orphansOn(instanceId: string): readonly TaskTruth[] {
    return this.#parts.registry.orphansOn(instanceId);
  }

  /** AWS retires a task on Fargate from this time on; tasks retired at the same moment share a notice. */
  retireFargateTask(taskArn: string, startMs: number): void {
    const task = this.#parts.state.tasks.get(idOf(taskArn));
    if (task) this.#parts.fargate.retirement.retire(task, startMs);
  }

  /** Fargate gets a new platform version revision, and everything that runs on an older one is retired. */
  releaseFargateRevision(): void {
    this.#parts.fargate.releaseRevision();
  }

  /** Fargate Spot takes the capacity of this task back. */
  interruptFargateSpot(taskArn: string): void {
    const task = this.#parts.state.tasks.get(idOf(taskArn));
    if (task) this.#parts.fargate.interrupt(task);
  }

  scaleService(nameOrArn: string, desired: number): void {
    setDesired(this.#parts, this.#service(nameOrArn), desired);
  }

  /** Deploys the next revision, as the user's own pipeline would: the same code, or one that cannot work. */
  deployService(nameOrArn: string, good: boolean): void {
    const service = this.#service(nameOrArn);
    const stream = this.#parts.world.random.stream('ecs/deployments');
    const defect = good ? 'none' : stream.chance(0.5) ? 'exits' : 'fails-to-start';
    const { deployments } = this.#parts;
    deployments.begin(service, deployments.nextRevision(service.primary.definition), { defect });
  }

  /** A tag was moved in the registry. */
  tagMoved(image: string, imageDigest: string): void {
    this.#parts.deployments.tagMoved(image, imageDigest);
  }

  /**
   * The images of the service are gone from their registry: from now on its tasks start only on hosts that have them.
   * Source: amazon-ecs-agent, ECS_IMAGE_PULL_BEHAVIOR=default falls back to the cached image.
   */
  breakPulls(nameOrArn: string): void {
    this.#service(nameOrArn).pullsFail = true;
  }

  /** Scale-in protection of a task, or of all tasks that a service has now. */
  protectTasks(serviceOrTask: string, seconds: number): void {
    const { state } = this.#parts;
    const task = state.tasks.get(idOf(serviceOrTask));
    const tasks = task ? [task] : [...this.#service(serviceOrTask).alive];
    for (const each of tasks) protect(this.#parts, each, seconds);
  }

  #host(instanceId: string): HostRecord {
    const host = this.#parts.state.hostOfInstance.get(instanceId);
    if (!host) throw new Error(`${instanceId} is not a container instance of any cluster`);
    return host;
  }

  #service(nameOrArn: string): ServiceRecord {
    const service = this.#parts.state.serviceNamed(nameOrArn);
    if (!service) throw new Error(`no cluster has a service ${nameOrArn}`);
    return service;
  }

  #select(selector: TaskSelector): TaskRecord[] {
    const { state } = this.#parts;
    if ('task' in selector) {
      const task = state.tasks.get(idOf(selector.task));
      return task ? [task] : [];
    }
    if ('service' in selector) return [...this.#service(selector.service).alive];
    return [...state.aliveTasks].filter((task) => task.definition.family === selector.family);
  }
}
