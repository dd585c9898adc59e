/** One look at all services of a retirement: whose turn it is, what is waited for, and how the run ends. Pure. */
import { NEVER_REHEARSED } from '../game-day/result.ts';
import type { Ending } from '../outcome.ts';
import { decideService, type ServiceStep } from './decide-service.ts';
import type { AffectedService, RedeployMemory, RedeployOutcome } from './facts.ts';

/** What is assumed of a deployment before this run has measured one. */
const TYPICAL_SECONDS = 600;

export interface RedeploySettings {
  /** Deployments of ours at the same time. */
  readonly servicesAtOnce: number;
  /** Without progress of a service. */
  readonly drainTimeoutSeconds: number;
}

export interface RedeployFacts {
  readonly observedAtMs: number;
  readonly services: readonly AffectedService[];
}

interface Waiting {
  readonly serviceName: string;
  readonly reason: string;
  /** For its window. */
  readonly isHeld: boolean;
  /** It had a game day. */
  readonly isRehearsed: boolean;
}

export interface RedeployStep {
  /** Services to force a deployment of now, each with its reason. */
  readonly force: readonly { readonly serviceName: string; readonly reason: string }[];
  /** What changed of the memory, to be written before anything is done. */
  readonly remember: readonly { readonly serviceName: string; readonly memory: RedeployMemory }[];
  /** What each service that has not ended waits for. */
  readonly waiting: readonly Waiting[];
  /** Absent while there is something to wait for. */
  readonly ending?: Ending;
}

export function decideRedeploy(facts: RedeployFacts, settings: RedeploySettings): RedeployStep {
  const judged = facts.services.map((service) => ({ service, step: patient(service, facts, settings) }));
  const failed = judged.filter(({ step }) => step.next === 'end' && step.outcome === 'failed');
  const candidates = judged.filter(({ step }) => step.next === 'force');
  const stop = failed[0] ?? undefined;
  const seconds = typicalSeconds(facts);
  const holdOf = ({ service }: Judged) => holdBack(service, seconds, facts.observedAtMs);
  const inFlight = judged.filter(({ service, step }) => isOurs(service) && step.next !== 'end').length;
  const free = stop ? 0 : Math.max(0, settings.servicesAtOnce - inFlight);
  // What we began is asked for again first: it is in flight already.
  const begun = stop ? [] : candidates.filter(({ service }) => isOurs(service));
  const fresh = candidates.filter((one) => !isOurs(one.service) && holdOf(one) === undefined).sort(byDate);
  const chosen = new Set([...begun, ...fresh.slice(0, free)]);

  const remember: RedeployStep['remember'][number][] = [];
  const waiting: Waiting[] = [];
  const outcomes: RedeployOutcome[] = [];
  for (const one of judged) {
    const { service } = one;
    const step = stop ? givenUp(one, stop.service.serviceName) : one.step;
    const memory = memoryAfter(service, step, chosen.has(one), facts.observedAtMs);
    if (memory !== undefined) remember.push({ serviceName: service.serviceName, memory });
    if (step.next === 'end') outcomes.push(step.outcome);
    else if (!chosen.has(one)) {
      const held = step.next === 'force' ? holdOf(one) : undefined;
      const reason = held ?? (step.next === 'force' ? `its turn comes: ${inFlight} are moving` : step.reason);
      waiting.push({
        serviceName: service.serviceName,
        reason,
        isHeld: held !== undefined,
        isRehearsed: service.rehearsed !== NEVER_REHEARSED,
      });
    }
  }
  const ending = endingOf(outcomes, waiting, inFlight + chosen.size);
  return {
    force: [...chosen].map(({ service, step }) => ({
      serviceName: service.serviceName,
      reason: step.reason,
    })),
    remember,
    waiting,
    ...(ending !== undefined && { ending }),
  };
}

interface Judged {
  readonly service: AffectedService;
  readonly step: ServiceStep;
}

function isOurs({ memory }: AffectedService): boolean {
  return memory.forcedAtMs !== undefined;
}

/** A service for which nothing happens any more is given up, not waited for without end. */
function patient(
  service: AffectedService,
  { observedAtMs }: RedeployFacts,
  { drainTimeoutSeconds }: RedeploySettings,
): ServiceStep {
  const step = decideService(service, observedAtMs);
  if (step.next !== 'wait' || progressOf(service) !== service.memory.progress) return step;
  const since = service.memory.progressAtMs ?? observedAtMs;
  if (observedAtMs - since < drainTimeoutSeconds * 1000) return step;
  const reason = `nothing moved for ${Math.round((observedAtMs - since) / 60_000)} min: ${step.reason}`;
  return { next: 'end', outcome: isOurs(service) ? 'failed' : 'left-to-aws', reason, warn: true };
}

/** What changes while a service moves. */
function progressOf({ now, announcedMs }: AffectedService): string {
  if (now === undefined) return 'gone';
  const old = now.tasks.filter(({ createdAtMs }) => createdAtMs < announcedMs).length;
  const running = now.tasks.filter(({ isRunning, isUnhealthy }) => isRunning && !isUnhealthy).length;
  return [now.deployment.id, now.deployment.rolloutState, old, running, now.healthyTargets].join(' ');
}

/** After a failure nothing more is begun; what moves is waited for. */
function givenUp({ service, step }: Judged, failed: string): ServiceStep {
  if (step.next !== 'force') return step;
  const outcome = isOurs(service) ? 'failed' : 'left-to-aws';
  return { next: 'end', outcome, reason: `not deployed: the deployment of ${failed} failed`, warn: true };
}

/** The longest that a deployment of ours has taken in this run. */
function typicalSeconds({ services }: RedeployFacts): number {
  const measured = services.flatMap(({ memory: { forcedAtMs, verdict } }) =>
    forcedAtMs === undefined || verdict === undefined ? [] : [(verdict.atMs - forcedAtMs) / 1000],
  );
  return measured.length === 0 ? TYPICAL_SECONDS : Math.max(...measured);
}

/** Why no deployment of it begins now: the window is closed, or closes before one would be done. */
function holdBack({ window }: AffectedService, seconds: number, nowMs: number): string | undefined {
  if (!window.open) return `outside the window (${window.text})`;
  if (window.closesAtMs === undefined || nowMs + seconds * 1000 <= window.closesAtMs) return undefined;
  return 'the window closes before it would be done';
}

/** The nearest date first; then by name, so that the same facts give the same step. */
function byDate(a: Judged, b: Judged): number {
  const of = ({ service }: Judged) => service.startMs ?? Number.POSITIVE_INFINITY;
  return of(a) - of(b) || (a.service.serviceName < b.service.serviceName ? -1 : 1);
}

function memoryAfter(
  service: AffectedService,
  step: ServiceStep,
  forces: boolean,
  nowMs: number,
): RedeployMemory | undefined {
  const { memory, now } = service;
  if (memory.verdict !== undefined) return undefined;
  if (step.next === 'end') {
    const { outcome, reason } = step;
    return { ...memory, verdict: { outcome, reason, atMs: nowMs } };
  }
  const progress = progressOf(service);
  const moves = progress !== memory.progress && { progress, progressAtMs: nowMs };
  const seen = step.next === 'wait' ? step.movedSinceMs : undefined;
  const { movedSinceMs: _, ...rest } = memory;
  const after: RedeployMemory = {
    ...rest,
    ...moves,
    ...(seen !== undefined && { movedSinceMs: seen }),
    ...(forces && { forcedAtMs: nowMs, deploymentBefore: now?.deployment.id ?? '', progressAtMs: nowMs }),
  };
  const isNew = moves || forces || seen !== memory.movedSinceMs;
  return isNew ? after : undefined;
}

/** Of those that wait: there is time yet to learn what it will do to them. */
function neverRehearsed(waiting: readonly Waiting[]): string {
  const names = waiting.filter(({ isRehearsed }) => !isRehearsed).map(({ serviceName }) => serviceName);
  return names.length === 0 ? '' : `; ${NEVER_REHEARSED}: ${names.join(', ')}`;
}

const DONE: ReadonlySet<RedeployOutcome> = new Set(['moved', 'already-new', 'gone']);

/** Once nothing is in motion and nothing can begin. */
function endingOf(
  outcomes: readonly RedeployOutcome[],
  waiting: readonly Waiting[],
  moving: number,
): Ending | undefined {
  if (moving > 0 || waiting.some(({ isHeld }) => !isHeld)) return undefined;
  const total = outcomes.length + waiting.length;
  const [first] = waiting;
  if (first !== undefined)
    return {
      outcome: 'PENDING_WINDOW',
      reason: `${waiting.length} of ${total} services wait: ${first.reason}${neverRehearsed(waiting)}`,
    };
  const count = (outcome: RedeployOutcome) => outcomes.filter((one) => one === outcome).length;
  const words = [...new Set(outcomes)].map((outcome) => `${count(outcome)} ${outcome}`).join(', ');
  const reason = total === 0 ? 'it names no service of this cluster' : `of ${total} services: ${words}`;
  const moved = count('moved');
  if (outcomes.every((outcome) => DONE.has(outcome)))
    return { outcome: moved > 0 ? 'SUCCEEDED' : 'NOTHING_TO_DO', reason };
  if (outcomes.some((outcome) => DONE.has(outcome))) return { outcome: 'PARTIAL', reason };
  return { outcome: count('failed') > 0 ? 'FAILED' : 'REFUSED', reason };
}
