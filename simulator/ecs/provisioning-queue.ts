/**
 * Capacity provider strategies, and tasks that wait in PROVISIONING for a host of the provider that ECS chose for them.
 * Source: Amazon ECS developer guide, cluster-capacity-providers and cluster-auto-scaling; AWS general reference,
 * ecs-service (500 tasks per cluster).
 */
import type { CapacityProviderStrategyItem } from '@aws-sdk/client-ecs';
import type { Parts } from './parts.ts';
import { type PlacementRequest, place } from './placement.ts';
import type { ClusterRecord, HostRecord, ServiceRecord, TaskRecord } from './records.ts';

const PROVISIONING_LIMIT = 500;
const REACTION_SECONDS = [1, 5] as const;
/** After that a waiting task is stopped. Source: AWS containers blog, "Deep dive on ECS cluster auto scaling". */
const PATIENCE_SECONDS = [600, 1800] as const;

export class ProvisioningQueue {
  readonly #parts: Parts;
  readonly #requests = new WeakMap<TaskRecord, PlacementRequest>();
  readonly #looking = new Set<ClusterRecord>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The provider for one more task of the service: bases first, then by weight. Undefined without a strategy. */
  choose(
    strategy: readonly CapacityProviderStrategyItem[],
    service: ServiceRecord | null,
  ): string | undefined {
    if (strategy.length === 0) return undefined;
    const counts = new Map<string | undefined, number>();
    for (const task of service?.alive ?? [])
      if (task.host?.status !== 'DRAINING')
        counts.set(task.capacityProviderName, (counts.get(task.capacityProviderName) ?? 0) + 1);
    const countOf = (item: CapacityProviderStrategyItem) => counts.get(item.capacityProvider) ?? 0;
    const based = strategy.find((item) => (item.base ?? 0) > countOf(item));
    if (based) return based.capacityProvider;
    const weighted = strategy.filter((item) => (item.weight ?? 0) > 0);
    if (weighted.length === 0) return strategy[0]?.capacityProvider;
    const load = (item: CapacityProviderStrategyItem) =>
      (countOf(item) - (item.base ?? 0) + 1) / (item.weight ?? 1);
    return weighted.reduce((best, item) => (load(item) < load(best) ? item : best)).capacityProvider;
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
}
