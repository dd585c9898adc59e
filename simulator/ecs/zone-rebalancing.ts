/**
 * Availability Zone rebalancing of services: once a service is steady and its tasks stand unevenly, ECS starts tasks in
 * the zones with the fewest and, when those are healthy, stops as many in the zones with the most.
 * Source: Amazon ECS developer guide, service-rebalancing, track-service-rebalancing and
 * service-rebalancing-event-messages-list.
 *
 * Starts when a service becomes steady, or when a host joins its cluster. Ends balanced, when no host of an emptier zone
 * takes a task (tried again later), or stopped by a drain, a deployment or a change of the desired count.
 */
import type { Service } from '@aws-sdk/client-ecs';
import type { StopCause } from '../observation.ts';
import type { Parts } from './parts.ts';
import { allows, place } from './placement.ts';
import type { ClusterRecord, ServiceRecord, TaskRecord } from './records.ts';
import { requestOf, taskOf } from './service-starts.ts';
import { isProtected } from './task-protection.ts';

/** Steady → ECS has looked at its zones. AWS publishes no figure. */
const LOOK_SECONDS = [30, 300] as const;
/** Looks at a service whose imbalance no host could take, after the 1st, 2nd … time. AWS publishes no figure. */
const RETRY_SECONDS = [300, 600, 900];

/** Services created since then have it unless they say otherwise. Source: service-rebalancing. */
const DEFAULT_SINCE_MS = Date.parse('2025-09-05T00:00:00Z');

const ZONE = 'attribute:ecs.availability-zone';
const SCHEDULER = { kind: 'aws', name: 'service-scheduler' } as const;

/** Source: service-rebalancing, "Considerations for configuring Availability Zone rebalancing". */
function mayBeRebalanced(service: Service): boolean {
  const [first] = service.placementStrategy ?? [];
  return (
    service.schedulingStrategy !== 'DAEMON' &&
    service.launchType !== 'EXTERNAL' &&
    service.deploymentController?.type !== 'EXTERNAL' &&
    (service.deploymentConfiguration?.maximumPercent ?? 200) > 100 &&
    (first === undefined || (first.type === 'spread' && first.field === ZONE)) &&
    !service.loadBalancers?.some(({ loadBalancerName }) => loadBalancerName) &&
    !service.placementConstraints?.some(({ expression }) => expression?.includes(ZONE))
  );
}

/** What DescribeServices says where the capture does not: by the day on which the service was created. */
export function rebalancingOf(service: Service): 'ENABLED' | 'DISABLED' {
  if (service.availabilityZoneRebalancing) return service.availabilityZoneRebalancing;
  const isNew = (service.createdAt?.getTime() ?? 0) >= DEFAULT_SINCE_MS;
  return isNew && mayBeRebalanced(service) ? 'ENABLED' : 'DISABLED';
}

/** A service's tasks by zone, the zones without any included. */
type Spread = Map<string, number>;

export class ZoneRebalancing {
  readonly #parts: Parts;
  readonly #looking = new Set<ServiceRecord | ClusterRecord>();
  /** Looks in a row that found an imbalance and no host that takes a task. */
  readonly #inVain = new Map<ServiceRecord, number>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The service has come to rest: from now on its zones are watched. */
  becameSteady(service: ServiceRecord): void {
    if (isOn(service)) this.#lookLater(service, this.#draw(), () => this.#look(service));
  }

  /** A zone may have room that it did not have. */
  hostJoined(cluster: ClusterRecord): void {
    this.#lookLater(cluster, this.#draw(), () => {
      for (const service of cluster.services.values())
        if (isOn(service) && service.steady) this.#look(service);
    });
  }

  /**
   * Stops the old task of each move whose new one is healthy, and takes it out of `staying`.
   *
   * @param disturbed tasks leave for another reason: ECS stops rebalancing, what it has started stays
   * @returns how many new tasks are not healthy yet: they are no surplus
   */
  review(service: ServiceRecord, staying: TaskRecord[], disturbed: boolean): number {
    if (disturbed) {
      if (service.rebalancing) this.#stopped(service);
      return 0;
    }
    let waiting = 0;
    for (const [fresh, old] of service.moves) {
      if (fresh.desiredStatus === 'STOPPED') service.moves.delete(fresh);
      else if (!fresh.knownHealthy) waiting++;
      else {
        service.moves.delete(fresh);
        if (old.desiredStatus === 'STOPPED') continue;
        if (isProtected(old, this.#parts.world.clock.nowMs)) {
          this.#sayProtected(service);
          continue;
        }
        staying.splice(staying.indexOf(old), 1);
        this.#stop(service, old);
      }
    }
    return waiting;
  }

  /** The desired count or the configuration changed: what goes next is chosen anew. */
  stop(service: ServiceRecord): void {
    if (service.rebalancing) this.#stopped(service);
  }

  #look(service: ServiceRecord): void {
    if (!isOn(service) || !service.steady || service.moves.size > 0) return;
    const spread = this.#spreadOf(service);
    if (isEven(spread)) {
      this.#inVain.delete(service);
      if (service.rebalancing) this.#completed(service, spread);
      return;
    }
    if (!service.rebalancing) {
      service.rebalancing = true;
      this.#tell(service, 'INFO', 'SERVICE_REBALANCING_STARTED', {
        says: `is not AZ balanced with ${inWords(spread)}. AZ Rebalancing in progress.`,
      });
    }
    if (this.#startMoves(service, spread) > 0) this.#inVain.delete(service);
    else {
      const tried = this.#inVain.get(service) ?? 0;
      this.#inVain.set(service, tried + 1);
      const seconds = RETRY_SECONDS[Math.min(tried, RETRY_SECONDS.length - 1)] ?? 0;
      this.#lookLater(service, seconds, () => this.#look(service));
    }
  }

  /** As many as the maximum percent allows, each paired with the task that goes for it. */
  #startMoves(service: ServiceRecord, spread: Spread): number {
    const { world, starter } = this.#parts;
    const most = world.readings.rebalancingMovesOneTaskAtATime ? 1 : Number.POSITIVE_INFINITY;
    const room = Math.min(most, service.upperLimit - service.alive.size);
    const left = new Map(spread);
    const full = new Set<string>();
    const started = new Map<string, string[]>();
    let count = 0;
    while (count < room) {
      const emptiest = extreme(left, (a, b) => a < b, full);
      const fullest = extreme(left, (a, b) => a > b);
      if (emptiest === undefined || fullest === undefined) break;
      if ((left.get(fullest) ?? 0) - (left.get(emptiest) ?? 0) <= 1) break;
      const old = this.#movable(service, fullest);
      if (!old) {
        // Its tasks are protected: this zone keeps them.
        this.#sayProtected(service);
        left.delete(fullest);
        continue;
      }
      const request = requestOf(service, old.capacityProviderName, world.ec2);
      const placed = place(service.clusterRecord.hosts, { ...request, zones: new Set([emptiest]) }, () =>
        world.random.stream('ecs/zone-rebalancing').next(),
      );
      if (!('host' in placed)) {
        full.add(emptiest);
        this.#tell(service, 'ERROR', 'SERVICE_TASK_PLACEMENT_FAILURE', {
          says: `is unable to place a task in ${emptiest} because no container instance met all of its requirements.`,
          detail: { reason: placed.refusal },
        });
        continue;
      }
      const wanted = { ...taskOf(service), capacityProviderName: old.capacityProviderName, replaces: old };
      const fresh = starter.create(wanted, placed.host);
      old.replacedBy = fresh;
      service.moves.set(fresh, old);
      left.set(emptiest, (left.get(emptiest) ?? 0) + 1);
      left.set(fullest, (left.get(fullest) ?? 0) - 1);
      started.set(emptiest, [...(started.get(emptiest) ?? []), fresh.id]);
      count++;
    }
    for (const [zone, ids] of started)
      this.#tell(service, 'INFO', 'TASKS_STARTED', {
        says: `has started ${ids.length} tasks in ${zone} to AZ Rebalance: ${ids.join(', ')}.`,
      });
    if (count > 0) service.steady = false;
    return count;
  }

  /** The youngest task of the zone that neither moves already nor is protected. */
  #movable(service: ServiceRecord, zone: string): TaskRecord | undefined {
    const { nowMs } = this.#parts.world.clock;
    const moving = new Set(service.moves.values());
    let found: TaskRecord | undefined;
    for (const task of service.alive)
      if (
        task.host?.zone === zone &&
        !moving.has(task) &&
        !service.moves.has(task) &&
        !isProtected(task, nowMs)
      )
        found = task;
    return found;
  }

  #stop(service: ServiceRecord, task: TaskRecord): void {
    const cause: StopCause = {
      because: 'rebalance',
      actor: SCHEDULER,
      ...(task.instanceId !== null && { instanceId: task.instanceId }),
      text: `Availability-zone rebalancing initiated by (deployment ${service.primary.id})`,
    };
    this.#parts.stopper.stop(task, cause, 'ServiceSchedulerInitiated');
    this.#tell(service, 'INFO', 'TASKS_STOPPED', {
      says: `has stopped 1 running tasks in ${task.host?.zone} due to AZ rebalancing: ${task.id}.`,
    });
  }

  #completed(service: ServiceRecord, spread: Spread): void {
    service.rebalancing = false;
    this.#tell(service, 'INFO', 'SERVICE_REBALANCING_COMPLETED', {
      says: `is AZ balanced with ${inWords(spread)}.`,
    });
  }

  #stopped(service: ServiceRecord): void {
    service.rebalancing = false;
    service.moves.clear();
    this.#tell(service, 'INFO', 'SERVICE_REBALANCING_STOPPED', { says: 'stopped AZ Rebalancing.' });
  }

  #sayProtected(service: ServiceRecord): void {
    this.#tell(service, 'INFO', 'TASKSET_SCALE_IN_FAILURE_BY_TASK_PROTECTION', {
      says: `was unable to AZ Rebalance because ${service.primary.id} was unable to scale in due to task protection.`,
    });
  }

  /** Zones that have an ACTIVE host which its constraints allow, and those that its tasks are in. */
  #spreadOf(service: ServiceRecord): Spread {
    const request = requestOf(service, undefined, this.#parts.world.ec2);
    const providers = new Set(service.strategy.map(({ capacityProvider }) => capacityProvider));
    const spread: Spread = new Map();
    for (const host of service.clusterRecord.hosts) {
      if (host.status !== 'ACTIVE' || spread.has(host.zone)) continue;
      if (request.zones && !request.zones.has(host.zone)) continue;
      if (providers.size > 0 && !providers.has(host.capacityProviderName)) continue;
      if (allows(host, request)) spread.set(host.zone, service.perZone.get(host.zone) ?? 0);
    }
    for (const [zone, count] of service.perZone) spread.set(zone, count);
    return spread;
  }

  #tell(
    service: ServiceRecord,
    type: 'INFO' | 'ERROR',
    name: string,
    { says, detail }: { readonly says: string; readonly detail?: Readonly<Record<string, unknown>> },
  ): void {
    this.#parts.journal.serviceSays(service, says);
    this.#parts.journal.serviceAction(service, type, name, detail);
  }

  #lookLater(what: ServiceRecord | ClusterRecord, seconds: number, run: () => void): void {
    if (this.#looking.has(what)) return;
    this.#looking.add(what);
    this.#parts.world.clock.after(seconds * 1000, () => {
      this.#looking.delete(what);
      run();
    });
  }

  #draw(): number {
    return this.#parts.world.random.stream('ecs/zone-rebalancing').between(LOOK_SECONDS);
  }
}

function isOn(service: ServiceRecord): boolean {
  return (
    service.source.availabilityZoneRebalancing === 'ENABLED' &&
    !service.fargate &&
    mayBeRebalanced(service.source)
  );
}

/** The desired count divided by the zones, the remainder spread: no two zones differ by more than one. */
function isEven(spread: Spread): boolean {
  const counts = [...spread.values()];
  return counts.length < 2 || Math.max(...counts) - Math.min(...counts) <= 1;
}

function extreme(
  spread: Spread,
  isBetter: (a: number, b: number) => boolean,
  without: ReadonlySet<string> = new Set(),
): string | undefined {
  let found: string | undefined;
  for (const [zone, count] of spread) {
    if (without.has(zone)) continue;
    if (found === undefined || isBetter(count, spread.get(found) ?? 0)) found = zone;
  }
  return found;
}

/** `3 tasks in eu-west-1a, and 1 tasks in eu-west-1b`, zones in order. */
function inWords(spread: Spread): string {
  const parts = [...spread]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([zone, count]) => `${count} tasks in ${zone}`);
  const last = parts.pop() ?? '';
  return parts.length === 0 ? last : `${parts.join(', ')}, and ${last}`;
}
