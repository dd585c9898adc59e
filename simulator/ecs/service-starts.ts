/**
 * How the service scheduler starts tasks: placement or capacity provider, the start rate, the back-off after failed
 * placements and the throttle after failed starts.
 */

import type { StrategyChooser } from './capacity-providers/strategy.ts';
import { complainOfAttempt, complainOfState, resolveComplaints } from './complaints.ts';
import type { Parts } from './parts.ts';
import type { PlacementRequest, Refusal } from './placement.ts';
import { place, type SubnetZones, zonesOpenTo } from './placement.ts';
import type { ClusterRecord, HostRecord, ServiceRecord, TaskRecord } from './records.ts';
import type { NewTask } from './task-starter.ts';

/** Source: Amazon ECS developer guide, service-throttle-logic: attempts get slower, up to 27 minutes. */
const LONGEST_PAUSE_SECONDS = 1620;

/**
 * Pauses after the 1st, 2nd … failed placement in a row, in seconds. No figure but the longest is documented; AWS staff
 * and users saw three attempts within about 50 s, then minutes, up to 15. Source: amazon-ecs-agent issues 1160 and 2309.
 */
const PLACEMENT_PAUSES = [20, 30, 300, 450, 600, 900];

/** Pauses after the 1st, 2nd … task in a row that went from PENDING to STOPPED; AWS publishes only the longest. */
const START_PAUSES = [0, 0, 10, 30, 60, 120, 300, 600, 1200];

/** Failures in a row that make AWS say so: "a lack of resources" counts as a cause. Source: service-throttle-logic. */
const IMPAIRED_AFTER = 3;

/** Source: AWS general reference, ecs-service: the scheduler starts at most 500 tasks of a service a minute on EC2. */
const STARTS_PER_MINUTE = 500;

// Source of the texts: Amazon ECS developer guide, service-event-messages-list.
const IMPAIRED = 'is unable to consistently start tasks successfully.';
const STUCK =
  'was unable to stop or start tasks during a deployment because of the service deployment configuration. Update the minimumHealthyPercent or maximumPercent value and try again.';
const PROVISIONING_FULL =
  'was unable to place tasks in your cluster because the tasks provisioning capacity limit was exceeded.';

export class ServiceStarts {
  readonly #parts: Parts;
  readonly #lookAgain: (service: ServiceRecord) => void;
  readonly #backingOff = new Set<ServiceRecord>();

  constructor(parts: Parts, lookAgain: (service: ServiceRecord) => void) {
    this.#parts = parts;
    this.#lookAgain = lookAgain;
  }

  /** Starts up to `count` tasks; says so when the limits of the service leave no room for any of the missing ones. */
  start(service: ServiceRecord, count: number, missing: number): void {
    const { world } = this.#parts;
    const { nowMs } = world.clock;
    // "A deployment in a FAILED state doesn't launch any new tasks." Source: deployment-circuit-breaker.
    if (service.primary.rolloutState === 'FAILED') return;
    if (count <= 0) {
      if (missing > 0) this.#sayStuck(service);
      return;
    }
    const waitUntilMs = Math.max(service.retryPlacementAtMs, service.throttledUntilMs);
    if (waitUntilMs > nowMs) return;
    this.#backingOff.delete(service);
    if (nowMs - service.startsSinceMs >= 60_000) {
      service.startsSinceMs = nowMs;
      service.startsInMinute = 0;
    }
    const chooser = this.#parts.queue.chooserOf(service);
    for (let started = 0; started < count; started++) {
      if (service.startsInMinute >= STARTS_PER_MINUTE) {
        world.clock.at(service.startsSinceMs + 60_000, () => this.#lookAgain(service));
        return;
      }
      if (!this.#startOne(service, chooser)) {
        if (started > 0) service.failedPlacements = 0;
        this.#backOff(service);
        return;
      }
      service.startsInMinute++;
    }
    service.failedPlacements = 0;
    if (service.failedStarts === 0) resolveComplaints(service);
  }

  /** Nothing is missing any more; a pause that runs is not called off. */
  satisfied(service: ServiceRecord): void {
    if (service.retryPlacementAtMs > this.#parts.world.clock.nowMs) return;
    service.failedPlacements = 0;
    this.#backingOff.delete(service);
  }

  /** Whether that ends a back-off before its time is unconfirmed. */
  hostJoined(cluster: ClusterRecord): void {
    if (!this.#parts.world.readings.joiningHostWakesScheduler) return;
    for (const service of this.#backingOff) {
      if (service.clusterRecord !== cluster) continue;
      service.retryPlacementAtMs = 0;
      this.#lookAgain(service);
    }
  }

  /** A task went from PENDING to STOPPED by itself; one that reached RUNNING, whatever became of it, does not count. */
  startFailed(service: ServiceRecord): void {
    const { clock } = this.#parts.world;
    const pause = START_PAUSES[service.failedStarts++] ?? LONGEST_PAUSE_SECONDS;
    if (service.failedStarts >= IMPAIRED_AFTER) this.#sayImpaired(service);
    if (pause === 0) return;
    service.throttledUntilMs = clock.nowMs + pause * 1000;
    clock.at(service.throttledUntilMs, () => this.#lookAgain(service));
  }

  #startOne(service: ServiceRecord, chooser: StrategyChooser): boolean {
    const { queue, providers, world } = this.#parts;
    const wanted = taskOf(service);
    if (service.fargate) {
      this.#create(service, wanted, null);
      return true;
    }
    const provider = chooser.next();
    const request = requestOf(service, provider, world.ec2);
    const placed = place(service.clusterRecord.hosts, request, () =>
      world.random.stream('ecs/placement').next(),
    );
    if ('host' in placed) {
      this.#create(service, { ...wanted, capacityProviderName: provider }, placed.host);
      return true;
    }
    if (providers.letsWait(provider)) {
      if (queue.isFull(service.clusterRecord)) {
        complainOfAttempt(this.#parts, service, PROVISIONING_FULL);
        return false;
      }
      queue.add(this.#create(service, { ...wanted, capacityProviderName: provider }, null), request);
      return true;
    }
    this.#sayUnplaced(service, placed.refusal, placed.closest, provider);
    return false;
  }

  /** The new task stands in for the oldest one that left without a successor. */
  #create(service: ServiceRecord, wanted: NewTask, host: HostRecord | null): TaskRecord {
    const [gone] = service.unreplaced;
    const task = this.#parts.starter.create({ ...wanted, replaces: gone }, host);
    if (gone) {
      service.unreplaced.delete(gone);
      gone.replacedBy = task;
    }
    return task;
  }

  #backOff(service: ServiceRecord): void {
    const { clock } = this.#parts.world;
    const pause = PLACEMENT_PAUSES[service.failedPlacements++] ?? LONGEST_PAUSE_SECONDS;
    service.retryPlacementAtMs = clock.nowMs + pause * 1000;
    this.#backingOff.add(service);
    if (service.failedPlacements >= IMPAIRED_AFTER) this.#sayImpaired(service);
    clock.at(service.retryPlacementAtMs, () => this.#lookAgain(service));
  }

  #sayUnplaced(
    service: ServiceRecord,
    refusal: Refusal | 'EMPTY',
    closest: HostRecord | undefined,
    provider: string | undefined,
  ): void {
    complainOfAttempt(this.#parts, service, unplacedText(refusal, closest, provider));
    this.#parts.journal.serviceAction(service, 'ERROR', 'SERVICE_TASK_PLACEMENT_FAILURE', {
      ...(closest && { containerInstanceArns: [closest.containerInstanceArn] }),
      reason: reasonOf(refusal),
    });
  }

  #sayImpaired(service: ServiceRecord): void {
    complainOfAttempt(this.#parts, service, IMPAIRED);
    this.#parts.journal.serviceAction(service, 'WARN', 'SERVICE_TASK_START_IMPAIRED');
  }

  #sayStuck(service: ServiceRecord): void {
    if (service.upperLimit > service.desired || service.lowerLimit < service.desired) return;
    complainOfState(this.#parts, service, STUCK);
  }
}

/** One more task of the service's PRIMARY deployment. */
export function taskOf(service: ServiceRecord): NewTask {
  const { primary, source } = service;
  return {
    cluster: service.clusterRecord,
    service,
    deployment: primary,
    definition: primary.definition,
    group: `service:${service.serviceName}`,
    startedBy: primary.id,
    source: {
      launchType: service.fargate ? 'FARGATE' : 'EC2',
      ...(source.propagateTags === 'SERVICE' && source.tags && { tags: source.tags }),
    },
  };
}

/** What placement must respect for a task of this service. */
export function requestOf(
  service: ServiceRecord,
  capacityProvider: string | undefined,
  subnets: SubnetZones,
): PlacementRequest {
  const { definition } = service.primary;
  return {
    definition,
    group: `service:${service.serviceName}`,
    service,
    constraints: service.placementConstraints,
    strategy: service.placementStrategy,
    zones: zonesOpenTo(definition, service.source.networkConfiguration, subnets),
    capacityProvider,
  };
}

/**
 * Source: Amazon ECS developer guide, service-event-messages-list; of a provider without hosts: containers-roadmap issue
 * 653.
 */
export function unplacedText(
  refusal: Refusal | 'EMPTY',
  closest: HostRecord | undefined,
  provider?: string,
): string {
  const start = 'was unable to place a task because no container instance met all of its requirements.';
  if (refusal === 'EMPTY' || !closest)
    return `${start} Reason: No Container Instances were found in your ${provider === undefined ? 'cluster' : 'capacity provider'}.`;
  return `${start} The closest matching (container-instance ${closest.id}) ${REFUSALS[refusal]}`;
}

/** ECS's failure reason where a placement found no host at all: documented is only `RESOURCE:*`. */
export function reasonOf(refusal: Refusal | 'EMPTY'): Refusal {
  return refusal === 'EMPTY' ? 'RESOURCE:CPU' : refusal;
}

const REFUSALS: Readonly<Record<Refusal, string>> = {
  'RESOURCE:CPU': 'has insufficient CPU units available.',
  'RESOURCE:MEMORY': 'has insufficient memory available.',
  'RESOURCE:GPU': 'has insufficient GPU resource available.',
  'RESOURCE:PORTS': 'is already using a port required by your task.',
  'RESOURCE:ENI': 'encountered error "RESOURCE:ENI".',
  AGENT: 'encountered error "AGENT".',
  ATTRIBUTE: 'is missing an attribute required by your task.',
  LOCATION: 'is not in an Availability Zone of the subnets of your task.',
  MEMBEROF: 'did not satisfy a memberOf placement constraint.',
  DISTINCT: 'already has a task of the service: a distinctInstance constraint was not met.',
};
