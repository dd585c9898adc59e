/**
 * Which provider the next task is for, and tasks that wait in PROVISIONING for a host of the provider that was chosen for
 * them, even where another one has room.
 * Source: Amazon ECS developer guide, cluster-capacity-providers and managed-scaling-behavior ("selects a capacity
 * provider for each task … follows the rest of these steps for a single capacity provider").
 */
import type { CapacityProviderStrategyItem } from '@aws-sdk/client-ecs';
import type { Parts } from '../parts.ts';
import { type PlacementRequest, place } from '../placement.ts';
import type { ClusterRecord, HostRecord, ServiceRecord, TaskRecord } from '../records.ts';
import type { Waiting } from './reservation.ts';
import { StrategyChooser } from './strategy.ts';

/** Per cluster. Source: AWS general reference, ecs-service. */
const PROVISIONING_LIMIT = 500;
const REACTION_SECONDS = [1, 5] as const;
/**
 * After that a waiting task is stopped. Source: AWS containers blog, deep-dive-on-amazon-ecs-cluster-auto-scaling, quoted
 * in containers-roadmap issue 2381. The reason that it is stopped with is not documented.
 */
const PATIENCE_SECONDS = [600, 1800] as const;

export class ProvisioningQueue {
  readonly #parts: Parts;
  readonly #requests = new WeakMap<TaskRecord, PlacementRequest>();
  readonly #looking = new Set<ClusterRecord>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Chooses for the next tasks of the service. What counts are the tasks of its present deployment, whose strategy it is
   * (API reference, Deployment.capacityProviderStrategy); whether those on DRAINING hosts still do is not documented.
   */
  chooserOf(service: ServiceRecord): StrategyChooser {
    const { drainingFillsStrategy } = this.#parts.world.readings;
    const counts = new Map<string | undefined, number>();
    if (service.strategy.length > 1)
      for (const { deployment, host, capacityProviderName } of service.alive)
        if (deployment === service.primary && (drainingFillsStrategy || host?.status !== 'DRAINING'))
          counts.set(capacityProviderName, (counts.get(capacityProviderName) ?? 0) + 1);
    return new StrategyChooser(service.strategy, counts, () => this.#draw());
  }

  /** Chooses for the tasks of one RunTask call. */
  chooser(strategy: readonly CapacityProviderStrategyItem[]): StrategyChooser {
    return new StrategyChooser(strategy, new Map(), () => this.#draw());
  }

  isFull(cluster: ClusterRecord): boolean {
    return cluster.provisioning.size >= PROVISIONING_LIMIT;
  }

  add(task: TaskRecord, request: PlacementRequest): void {
    const { clock, random } = this.#parts.world;
    this.#requests.set(task, request);
    task.clusterRecord.provisioning.add(task);
    const patience = random.stream('ecs/provisioning').between(PATIENCE_SECONDS);
    task.timer = clock.after(patience * 1000, () =>
      this.#parts.stopper.failStart(
        task,
        'Timeout waiting for EC2 capacity: no container instance of the capacity provider met all requirements.',
      ),
    );
  }

  /** What managed scaling has to find hosts for. */
  waitingFor(cluster: ClusterRecord, provider: string): readonly Waiting[] {
    return [...cluster.provisioning].flatMap((task) =>
      task.capacityProviderName === provider
        ? {
            needs: task.definition.needs,
            distinctInstance: (this.#requests.get(task)?.constraints ?? []).some(
              ({ type }) => type === 'distinctInstance',
            ),
          }
        : [],
    );
  }

  hostChanged(host: HostRecord): void {
    this.roomChanged(host.clusterRecord);
  }

  /** Some host may take a waiting task now. */
  roomChanged(cluster: ClusterRecord): void {
    if (cluster.provisioning.size === 0 || this.#looking.has(cluster)) return;
    this.#looking.add(cluster);
    const { clock, random } = this.#parts.world;
    clock.after(random.stream('ecs/provisioning').between(REACTION_SECONDS) * 1000, () => {
      this.#looking.delete(cluster);
      this.#placeWaiting(cluster);
    });
  }

  #placeWaiting(cluster: ClusterRecord): void {
    const { world, starter } = this.#parts;
    const draw = () => world.random.stream('ecs/placement').next();
    // Of tasks that ask for the same, one refusal speaks for all.
    const refused = new Set<string>();
    for (const task of [...cluster.provisioning]) {
      const request = this.#requests.get(task);
      const key = `${task.group}|${task.definition.arn}|${request?.capacityProvider}`;
      if (!request || refused.has(key)) continue;
      const placed = place(cluster.hosts, request, draw);
      if ('host' in placed) {
        cluster.provisioning.delete(task);
        world.clock.cancel(task.timer);
        starter.assign(task, placed.host);
      } else refused.add(key);
    }
  }

  #draw(): number {
    return this.#parts.world.random.stream('ecs/capacity-providers').next();
  }
}
