/**
 * Rules 13 to 15: demand that finds no place. The scheduler retries in minutes and is never forced awake; where there
 * is really no room, hosts that have lost nothing yet go back.
 */
import { type Patch, patched } from '../draft.ts';
import type { ServiceFacts } from '../facts.ts';
import type { Host } from '../groups.ts';
import type { Look } from '../look.ts';
import type { HostMemory } from '../memory.ts';
import type { ServiceLook } from '../services.ts';
import type { Rule, Tick } from '../tick.ts';

/** Demand unplaced for longer than this stops new drains of its pool. */
export const UNPLACED_MS = 60_000;
const TWO_LOOKS_MS = 15_000;
/** Without a word from ECS, replacements that have not started wait for something else, up to here. */
const SILENT_MS = 300_000;
/** The scheduler's back-off after failed attempts (research: 5 to 15 minutes, UNCONFIRMED), with a margin. */
const BACK_OFF_MS = 1_200_000;
/** After "unable to consistently start tasks successfully" (documented: up to 27 minutes). */
const THROTTLED_MS = 1_800_000;
/** Repeated messages are omitted for this long at most (Amazon ECS developer guide, service-event-messages). */
const SAID_AGAIN_AFTER_MS = 21_600_000;
/** AWS allows 500 PROVISIONING tasks in a cluster; hosts return before that. */
const PROVISIONING_LIMIT = 300;
/** Rule 14 stops a host's drain clock for at most this long in all. */
const CLOCK_STOP_LIMIT_MS = 1_800_000;

/** Services whose demand waits for more than a minute: no new drain goes where they may land. */
export function waitingServices(look: Look, draft: Tick['draft']): ServiceLook[] {
  return [...look.services.values()].filter((service) => {
    const sinceMs = draft.service(service.facts.serviceName)?.unplacedSinceMs;
    if (sinceMs === undefined || service.demand === undefined) return false;
    const waitedMs = look.nowMs - sinceMs;
    // Caused by our drains and seen on two looks: capacity providers buy hosts for such tasks (rule 15).
    if (service.homeless > 0 && waitedMs >= TWO_LOOKS_MS) return true;
    return waitedMs > (saysUnplaced(service, sinceMs) ? UNPLACED_MS : SILENT_MS + stopMs(look, service));
  });
}

/** ECS said that it could not place a task of the service, since then or not long before: it may not say so again. */
function saysUnplaced(service: ServiceLook, sinceMs: number): boolean {
  const failure = failureTold(service.facts);
  return failure !== undefined && failure.atMs >= sinceMs - SAID_AGAIN_AFTER_MS;
}

/** A service that stops first may start its replacement only once the old task is gone: no sign of missing room. */
function stopMs(look: Look, { facts }: ServiceLook): number {
  const stop = look.definitions.get(facts.taskDefinitionArn)?.stopTimeoutSeconds ?? 30;
  return (facts.deregistrationDelaySeconds + stop) * 1000;
}

export const watchUnplaced: Rule = (tick) => {
  const { look, draft } = tick;
  for (const service of look.services.values()) noteUnplaced(tick, service);
  const elapsedMs = look.nowMs - (draft.run.lookedAtMs ?? look.nowMs);
  for (const service of waitingServices(look, draft)) {
    const { serviceName } = service.facts;
    if (service.unmoved === 0) continue;
    if (tick.motion().short.has(serviceName)) returnYoungest(tick, service);
    else stopClocks(tick, service, elapsedMs);
  }
  const provisioning = look.facts.tasks.filter((task) => task.lastStatus === 'PROVISIONING').length;
  if (provisioning >= PROVISIONING_LIMIT) {
    for (const host of youngestUntouched(tick))
      activate(tick, host, `${provisioning} tasks wait in PROVISIONING`);
  }
};

function noteUnplaced({ look, draft }: Tick, service: ServiceLook): void {
  const memory = draft.service(service.facts.serviceName);
  if (memory === undefined) return;
  const waits = service.unplaced > memory.unplacedAtPlan && (service.unmoved > 0 || service.inMotion > 0);
  if (waits && memory.unplacedSinceMs === undefined) {
    draft.noteService(memory.serviceName, memory, { unplacedSinceMs: look.nowMs });
  }
  if (!waits && memory.unplacedSinceMs !== undefined) {
    draft.noteService(memory.serviceName, memory, { unplacedSinceMs: undefined });
  }
}

/** The newest message of a failed attempt whose cause is not over, and the back-off after it. */
function failureTold({
  events,
}: Pick<ServiceFacts, 'events'>): { readonly atMs: number; readonly backOffMs: number } | undefined {
  for (const { atMs, message } of events) {
    if (message.includes('has reached a steady state')) return undefined;
    if (message.includes('unable to consistently start')) return { atMs, backOffMs: THROTTLED_MS };
    if (message.includes('was unable to place')) return { atMs, backOffMs: BACK_OFF_MS };
  }
  return undefined;
}

/**
 * Until when the scheduler of a service with unplaced demand may be backing off: 20 minutes from its last failed attempt that
 * can be known, 30 when it throttles itself; undefined where ECS told of none.
 *
 * That attempt is the one which a message told of, as long as its back-off lasts. Then there was another, and it failed too,
 * since the demand is unplaced still; but ECS may not say so: "duplicate service event messages are omitted until either the
 * cause is resolved or six hours passes" (Amazon ECS developer guide, service-event-messages; whether DescribeServices omits
 * them is unconfirmed). So one back-off follows the other, and what ends the wait is the limit of the drain clock (rule 11). A
 * message older than the six hours would have been repeated: its cause is over, whatever the list of events still shows.
 */
export function backOffUntilMs(service: Pick<ServiceFacts, 'events'>, nowMs: number): number | undefined {
  const failure = failureTold(service);
  if (failure === undefined || nowMs - failure.atMs > SAID_AGAIN_AFTER_MS) return undefined;
  const backOffs = Math.floor(Math.max(0, nowMs - failure.atMs) / failure.backOffMs) + 1;
  return failure.atMs + backOffs * failure.backOffMs;
}

/** The model says it fits, the scheduler has given up: wait with it, as long as a drain clock may stand still. */
function stopClocks({ look, draft }: Tick, service: ServiceLook, elapsedMs: number): void {
  const untilMs = backOffUntilMs(service.facts, look.nowMs);
  if (untilMs === undefined) return;
  for (const host of look.hosts.values()) {
    if (host.kind !== 'draining' || !host.replicas.has(service.facts.serviceName)) continue;
    const stopped = (host.memory.clockStoppedMs ?? 0) + elapsedMs;
    if (stopped > CLOCK_STOP_LIMIT_MS) continue;
    draft.waits.push({ untilMs, what: `the scheduler of ${service.facts.serviceName} backs off` });
    draft.noteHost(host.instanceId, host.memory, { clockStoppedMs: stopped });
  }
}

/** It does not fit: the youngest DRAINING hosts with tasks of the service that have lost none return. */
function returnYoungest(tick: Tick, service: ServiceLook): void {
  const name = service.facts.serviceName;
  const hosts = youngestUntouched(tick).filter((candidate) => candidate.replicas.has(name));
  // One of a provider that is waited for can take tasks back; any other takes away the need for them.
  const host =
    hosts.find(({ facts }) => service.waitingFor.has(facts?.capacityProviderName ?? '')) ?? hosts[0];
  if (host !== undefined) activate(tick, host, `tasks of ${name} that move find no room`);
}

function youngestUntouched({ look }: Tick): Host[] {
  return [...look.hosts.values()]
    .filter(
      (host) =>
        host.kind === 'draining' && host.replicaCount > 0 && host.replicaCount === host.memory.tasksAtDrain,
    )
    .sort((a, b) => (b.memory.drainingSinceMs ?? 0) - (a.memory.drainingSinceMs ?? 0));
}

/** Back to ACTIVE, remembered so that a lost call is seen and repeated. */
export function activate({ look, draft }: Tick, host: Host, reason: string): void {
  const arn = host.facts?.containerInstanceArn;
  if (arn === undefined || draft.activate.some((action) => action.instanceId === host.instanceId)) return;
  draft.activate.push({ instanceId: host.instanceId, containerInstanceArn: arn, reason });
  draft.noteHost(host.instanceId, host.memory, { ...DRAIN_IS_OVER, activatedAtMs: look.nowMs });
}

/** What is forgotten of a drain once its host goes back to ACTIVE. */
const DRAIN_IS_OVER = {
  drainingSinceMs: undefined,
  drainingSeenAtMs: undefined,
  emptySinceMs: undefined,
  trial: undefined,
  tasksAtDrain: undefined,
  tasksLeft: undefined,
  clockStoppedMs: undefined,
} as const satisfies Patch<HostMemory>;

/** The memory of a host that is set back to ACTIVE outside a look. */
export function backAtWork(host: HostMemory, nowMs: number): HostMemory {
  return patched(host, { ...DRAIN_IS_OVER, activatedAtMs: nowMs });
}
