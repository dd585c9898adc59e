/**
 * How the service scheduler starts tasks: placement or capacity provider, the start rate, the back-off after failed
 * placements and after failed starts.
 */

import type { StrategyChooser } from './capacity-providers/strategy.ts';
import type { Parts } from './parts.ts';
import type { PlacementRequest, Refusal } from './placement.ts';
import { place } from './placement.ts';
import type { HostRecord, ServiceRecord, TaskRecord } from './records.ts';
import type { NewTask } from './task-starter.ts';

/**
 * Pauses after the 1st, 2nd … failed placement in a row, in seconds. No figure is documented; AWS staff and users saw
 * three attempts within about 50 s, then minutes, up to 15. Source: amazon-ecs-agent issues 1160 and 2309.
 */
const PLACEMENT_PAUSES = [20, 30, 300, 450, 600, 900];

/** Source: AWS general reference, ecs-service: the scheduler starts at most 500 tasks of a service a minute on EC2. */
const STARTS_PER_MINUTE = 500;

/** Repeated PENDING → STOPPED: restarts get slower up to 27 minutes. Source: ECS developer guide, service-throttle-logic. */
const START_PAUSES = [0, 0, 10, 30, 60, 120, 300, 600, 1200];
const LONGEST_START_PAUSE = 1620;
const IMPAIRED_AFTER = 3;

export class ServiceStarts {
  readonly #parts: Parts;
  readonly #lookAgain: (service: ServiceRecord) => void;

  constructor(parts: Parts, lookAgain: (service: ServiceRecord) => void) {
    this.#parts = parts;
    this.#lookAgain = lookAgain;
  }

  /** Starts up to `count` tasks; says so when the limits of the service leave no room for any of the missing ones. */
  start(service: ServiceRecord, count: number, missing: number): void {
    const { world } = this.#parts;
    const { nowMs } = world.clock;
    if (count <= 0) {
      if (missing > 0) this.#sayStuck(service);
      return;
    }
    const waitUntilMs = Math.max(service.retryPlacementAtMs, service.throttledUntilMs);
    if (waitUntilMs > nowMs) return;
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
  }

  /** Nothing is missing any more; a pause that runs is not called off. */
  satisfied(service: ServiceRecord): void {
    if (service.retryPlacementAtMs <= this.#parts.world.clock.nowMs) service.failedPlacements = 0;
  }

  startFailed(service: ServiceRecord): void {
    const { world, journal } = this.#parts;
    const pause = START_PAUSES[service.failedStarts++] ?? LONGEST_START_PAUSE;
    if (pause === 0) return;
    service.throttledUntilMs = world.clock.nowMs + pause * 1000;
    if (service.failedStarts >= IMPAIRED_AFTER) {
      journal.serviceSays(
        service,
        'is unable to consistently start tasks successfully. For more information, see the Troubleshooting section.',
      );
      journal.serviceAction(service, 'WARN', 'SERVICE_TASK_START_IMPAIRED');
    }
    world.clock.at(service.throttledUntilMs, () => this.#lookAgain(service));
  }

  #startOne(service: ServiceRecord, chooser: StrategyChooser): boolean {
    const { queue, providers, world } = this.#parts;
    const wanted = {
      cluster: service.clusterRecord,
      service,
      deployment: service.primary,
      definition: service.primary.definition,
      group: `service:${service.serviceName}`,
      startedBy: service.primary.id,
      source: {
        launchType: service.fargate ? ('FARGATE' as const) : ('EC2' as const),
        ...(service.source.propagateTags === 'SERVICE' &&
          service.source.tags && { tags: service.source.tags }),
      },
    };
    if (service.fargate) {
      this.#create(service, wanted, null);
      return true;
    }
    const provider = chooser.next();
    const request = requestOf(service, provider, (subnet) => world.ec2.zoneOfSubnet(subnet));
    const placed = place(service.clusterRecord.hosts, request, () =>
      world.random.stream('ecs/placement').next(),
    );
    if ('host' in placed) {
      this.#create(service, { ...wanted, capacityProviderName: provider }, placed.host);
      return true;
    }
    if (providers.letsWait(provider)) {
      if (queue.isFull(service.clusterRecord)) {
        this.#parts.journal.serviceSays(
          service,
          'was unable to place a task. Reason: The tasks provisioning capacity limit was exceeded.',
        );
        return false;
      }
      queue.add(this.#create(service, { ...wanted, capacityProviderName: provider }, null), request);
      return true;
    }
    this.#sayUnplaced(service, placed.refusal, placed.closest);
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
    const last = PLACEMENT_PAUSES.length - 1;
    const pause = PLACEMENT_PAUSES[Math.min(service.failedPlacements++, last)] ?? 0;
    service.retryPlacementAtMs = clock.nowMs + pause * 1000;
    clock.at(service.retryPlacementAtMs, () => this.#lookAgain(service));
  }

  #sayUnplaced(service: ServiceRecord, refusal: Refusal | 'EMPTY', closest: HostRecord | undefined): void {
    const { journal } = this.#parts;
    journal.serviceSays(service, unplacedText(refusal, closest));
    journal.serviceAction(service, 'ERROR', 'SERVICE_TASK_PLACEMENT_FAILURE', {
      ...(closest && { containerInstanceArns: [closest.containerInstanceArn] }),
      reason: refusal === 'EMPTY' ? 'RESOURCE:CPU' : refusal,
    });
  }

  #sayStuck(service: ServiceRecord): void {
    if (service.upperLimit > service.desired || service.lowerLimit < service.desired) return;
    const text =
      'was unable to stop or start tasks during a deployment because of the service deployment configuration. Update the minimumHealthyPercent or maximumPercent value and try again.';
    if (service.events[0]?.message?.endsWith(text)) return;
    this.#parts.journal.serviceSays(service, text);
  }
}

/** What placement must respect for a task of this service. */
export function requestOf(
  service: ServiceRecord,
  capacityProvider: string | undefined,
  zoneOf: (subnetId: string) => string | undefined,
): PlacementRequest {
  const { definition } = service.primary;
  const subnets = service.source.networkConfiguration?.awsvpcConfiguration?.subnets ?? [];
  const zones = new Set(subnets.flatMap((subnet) => zoneOf(subnet) ?? []));
  return {
    definition,
    group: `service:${service.serviceName}`,
    service,
    constraints: service.placementConstraints,
    strategy: service.placementStrategy,
    zones: definition.needs.eni && zones.size > 0 ? zones : null,
    capacityProvider,
  };
}

/** Source: Amazon ECS developer guide, service-event-messages-list. */
export function unplacedText(refusal: Refusal | 'EMPTY', closest: HostRecord | undefined): string {
  const start = 'was unable to place a task because no container instance met all of its requirements.';
  if (refusal === 'EMPTY' || !closest)
    return `${start} Reason: No Container Instances were found in your cluster.`;
  return `${start} The closest matching (container-instance ${closest.id}) ${REFUSALS[refusal]}`;
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
