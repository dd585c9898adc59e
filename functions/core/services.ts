/** What each REPLICA service has where, and how much of it is in motion (decisions.md rules 6, 7, 13). */
import { type ServiceClass, serviceClass, taskCeiling } from './arithmetic.ts';
import { motionLimit } from './budget.ts';
import type { Draft } from './draft.ts';
import { isStopping } from './drain.ts';
import type { Facts, HostFacts, ServiceFacts, TaskFacts } from './facts.ts';
import { type Host, isGoneHost } from './groups.ts';
import { isInterrupted } from './interruption.ts';
import type { RunMemory } from './memory.ts';
import { type Demand, demandOf } from './placement.ts';
import type { Settings } from './settings.ts';

export interface ServiceLook {
  readonly facts: ServiceFacts;
  readonly serviceClass: ServiceClass;
  /** What one of its tasks asks of a host; undefined when its task definition is not known. */
  readonly demand: Demand | undefined;
  /** How many of its tasks may be in motion. */
  readonly limit: number;
  /** Tasks on DRAINING hosts that ECS has not stopped yet. */
  readonly unmoved: number;
  /** Tasks that have their place on a host that stays. */
  readonly placedElsewhere: number;
  readonly healthyElsewhere: number;
  /** Healthy, wherever; where not all hosts are read, all that are not known to be otherwise. */
  readonly healthy: number;
  /** On DRAINING hosts or gone from one, without a healthy replacement. */
  readonly inMotion: number;
  /** Replacements that have no host yet. */
  readonly toPlace: number;
  /** Tasks that have their place on some host that stays, where nobody has read them yet. */
  readonly unseen: number;
  /** Tasks that wait without a host: PROVISIONING for a capacity provider, or not placed yet. */
  readonly homeless: number;
  /** Those of them that ECS could start now and has not. */
  readonly unplaced: number;
  /** Tasks that wait in PROVISIONING, by the provider that ECS chose for them. */
  readonly waitingFor: ReadonlyMap<string, number>;
  /** Tasks on hosts that stay, waiting ones included, and on hosts that are left, by capacity provider. */
  readonly stayingByProvider: ReadonlyMap<string, number>;
  readonly leavingByProvider: ReadonlyMap<string, number>;
  /** Zones in which it is in motion: of DRAINING hosts that have tasks of it, and of what those left to be replaced. */
  readonly drainingZones: ReadonlySet<string>;
}

/** Its tasks are to be replaced: it drains (whatever a stale read says), it is gone or dead, or Spot takes it. */
function isLeaving(facts: HostFacts, host: Host | undefined, memory: RunMemory, nowMs: number): boolean {
  if (isInterrupted(memory, facts.instanceId, nowMs)) return true;
  if (facts.status === 'DRAINING' || isGoneHost(facts)) return true;
  return host !== undefined && ['draining', 'drained', 'dead'].includes(host.kind);
}

interface Count {
  unmoved: number;
  /** Of these, RUNNING ones. */
  unmovedRunning: number;
  /** RUNNING, wherever. */
  running: number;
  placedElsewhere: number;
  /** Of these, so many that only the service's own counts tell of. */
  unseen: number;
  healthyElsewhere: number;
  healthy: number;
  homeless: number;
  readonly drainingZones: Set<string>;
  readonly waitingFor: Map<string, number>;
  readonly stayingByProvider: Map<string, number>;
  readonly leavingByProvider: Map<string, number>;
}

export function lookAtServices(
  facts: Facts,
  hosts: ReadonlyMap<string, Host>,
  settings: Settings,
  draft: Draft,
): ReadonlyMap<string, ServiceLook> {
  const definitions = new Map(facts.taskDefinitions.map((item) => [item.taskDefinitionArn, item]));
  const leaving = new Map(
    facts.hosts
      .filter((host) => isLeaving(host, hosts.get(host.instanceId), facts.memory, facts.observedAtMs))
      .map((host) => [host.instanceId, host.zone ?? '']),
  );
  const isPartial = facts.hosts.some((host) => host.tasksUnread === true);
  const providers = new Map(facts.hosts.map((host) => [host.instanceId, host.capacityProviderName]));
  const counts = countTasks(facts.tasks, leaving, providers);
  return new Map(
    facts.services
      .filter((service) => service.schedulingStrategy === 'REPLICA' && service.launchType !== 'FARGATE')
      .map((service) => {
        const definition = definitions.get(service.taskDefinitionArn);
        const demand = definition && demandOf(service, definition, facts.subnetZones);
        const seen = counts.get(service.serviceName) ?? noTasks();
        const count = isPartial ? countedByService(service, seen) : seen;
        return [service.serviceName, lookAtService(service, demand, count, settings, draft)] as const;
      }),
  );
}

function lookAtService(
  service: ServiceFacts,
  demand: Demand | undefined,
  count: Count,
  settings: Settings,
  draft: Draft,
): ServiceLook {
  const { unmoved, placedElsewhere, healthyElsewhere, healthy, homeless, drainingZones } = count;
  const desired = service.desiredCount;
  const memory = draft.service(service.serviceName);
  const shortage = Math.max(0, desired - healthyElsewhere);
  // What was missing before we came is not in motion because of us.
  const missingAtPlan = memory === undefined ? 0 : Math.max(0, memory.desiredAtPlan - memory.healthyAtPlan);
  const toPlace = Math.max(0, desired - placedElsewhere);
  const inMotion = Math.max(Math.min(unmoved, shortage), shortage - missingAtPlan, 0);
  // A task that left its host is in motion until its replacement is healthy: its zone is not free yet.
  const zones = new Set(drainingZones);
  if (inMotion > 0 && memory?.motionZone !== undefined) zones.add(memory.motionZone);
  const startable = taskCeiling(desired, service.maximumPercent) - placedElsewhere - unmoved;
  return {
    facts: service,
    serviceClass: serviceClass(service),
    demand,
    limit: motionLimit(service, settings.maxTasksInMotionPercent),
    unmoved,
    placedElsewhere,
    healthyElsewhere,
    healthy,
    inMotion,
    toPlace,
    unseen: count.unseen,
    homeless,
    unplaced: Math.max(homeless, Math.min(toPlace, Math.max(0, startable))),
    waitingFor: count.waitingFor,
    stayingByProvider: count.stayingByProvider,
    leavingByProvider: count.leavingByProvider,
    drainingZones: zones,
  };
}

/**
 * Where not all hosts are read, what the service itself counts stands: a task that is on no host that we have read is on
 * another one, and no more are healthy on hosts that stay than run at all and not on hosts that are left. Draining hosts are
 * read at each look, so that at worst too few tasks are taken for placed.
 *
 * Whether the ones that we have not read are healthy nobody has said: they keep the next host from draining, since they
 * count as in motion (`healthyElsewhere`), but not an empty one from its end (`healthy`), which takes nothing from them.
 * Source: Amazon ECS API reference, Service.runningCount and pendingCount.
 */
function countedByService({ runningCount, pendingCount }: ServiceFacts, seen: Count): Count {
  const elsewhere = runningCount + pendingCount - seen.unmoved - seen.homeless;
  const unseen = Math.max(0, elsewhere - seen.placedElsewhere);
  return {
    ...seen,
    placedElsewhere: seen.placedElsewhere + unseen,
    unseen,
    healthyElsewhere: Math.min(seen.healthyElsewhere, Math.max(0, runningCount - seen.unmovedRunning)),
    healthy: seen.healthy + Math.max(0, runningCount - seen.running),
  };
}

const noTasks = (): Count => ({
  unmoved: 0,
  unmovedRunning: 0,
  running: 0,
  placedElsewhere: 0,
  unseen: 0,
  healthyElsewhere: 0,
  healthy: 0,
  homeless: 0,
  drainingZones: new Set(),
  waitingFor: new Map(),
  stayingByProvider: new Map(),
  leavingByProvider: new Map(),
});

function countTasks(
  tasks: readonly TaskFacts[],
  leaving: ReadonlyMap<string, string>,
  providers: ReadonlyMap<string, string | undefined>,
): Map<string, Count> {
  const counts = new Map<string, Count>();
  for (const task of tasks) {
    if (task.taskClass !== 'replica' || task.serviceName === undefined) continue;
    if (task.lastStatus === 'STOPPED' || isStopping(task)) continue;
    let count = counts.get(task.serviceName);
    if (count === undefined) {
      count = noTasks();
      counts.set(task.serviceName, count);
    }
    if (task.healthy) count.healthy += 1;
    if (task.lastStatus === 'RUNNING') count.running += 1;
    const zone = task.instanceId === undefined ? undefined : leaving.get(task.instanceId);
    const provider = task.capacityProviderName ?? providers.get(task.instanceId ?? '');
    if (provider !== undefined) {
      countIn(zone === undefined ? count.stayingByProvider : count.leavingByProvider, provider);
      if (task.instanceId === undefined) countIn(count.waitingFor, provider);
    }
    if (task.instanceId === undefined) count.homeless += 1;
    else if (zone !== undefined) {
      count.unmoved += 1;
      if (task.lastStatus === 'RUNNING') count.unmovedRunning += 1;
      count.drainingZones.add(zone);
    } else {
      count.placedElsewhere += 1;
      if (task.healthy) count.healthyElsewhere += 1;
    }
  }
  return counts;
}

function countIn(counts: Map<string, number>, provider: string): void {
  counts.set(provider, (counts.get(provider) ?? 0) + 1);
}
