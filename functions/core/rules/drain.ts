/** Rules 6 to 10: old hosts to DRAINING, as many as all the rules allow at this look. */
import { Attraction, type DrainEffect } from '../attraction.ts';
import type { Host } from '../groups.ts';
import { hold } from '../hold.ts';
import type { GroupLook } from '../look.ts';
import { drainSeconds } from '../motion.ts';
import { type Circumstances, DrainOrder } from '../order.ts';
import { groupOf, type Rule, span, type Tick } from '../tick.ts';
import { policyOf } from './policies.ts';
import { type DrainAllowance, drainAllowance, TRIAL_MOVES } from './trial.ts';
import { waitingServices } from './unplaced.ts';

/** One step's batch: six calls, since UpdateContainerInstancesState takes ten hosts a call. */
export const DRAINS_PER_STEP = 60;

export const drainHosts: Rule = (tick) => {
  const { look, draft, freeze } = tick;
  const candidates = look.groups.flatMap((group) => group.hosts.filter((host) => host.kind === 'outdated'));
  const blockedGroups = groupsWithWaitingDemand(tick);
  const allowances = new Map(look.groups.map((group) => [group.name, drainAllowance(tick, group)] as const));
  const left = new Map([...allowances].map(([name, allowance]) => [name, hostsOf(allowance)] as const));

  const mayDrain =
    freeze.all === undefined && freeze.drains === undefined && [...left.values()].some((count) => count > 0);
  const attraction = mayDrain && candidates.length > 0 ? new Attraction(look) : NOTHING_DRAWS;
  const patience = bouncesAllowed(candidates, attraction);
  const order = orderOf(
    tick,
    candidates,
    allowances,
    mayDrain ? { attraction, motion: tick.motion() } : AT_REST,
  );

  for (let host = order.next(); host !== undefined; host = order.next()) {
    const group = groupOf(look, host);
    if (group === undefined) continue;
    const refuse = (rule: string, reason: string, service?: string) =>
      draft.hold({ instanceId: host.instanceId, rule, reason, ...(service !== undefined && { service }) });

    const policy = policyOf(tick, host);
    if (policy !== undefined) {
      refuse(policy.rule, policy.reason);
      continue;
    }
    const frozen = freeze.all ?? freeze.drains ?? freeze.groups.get(group.name);
    if (frozen !== undefined) {
      refuse('5', frozen);
      continue;
    }
    const allowance = allowances.get(group.name);
    const remaining = left.get(group.name) ?? 0;
    if (allowance === undefined || remaining <= 0) {
      refuse(
        allowance?.mode === 'none' ? '4' : '8',
        allowance?.mode === 'none' ? allowance.reason : 'the trial comes first',
      );
      continue;
    }
    const waiting = blockedGroups.get(group.name);
    if (waiting !== undefined && host.replicaCount > 0) {
      refuse('13', `tasks of ${waiting} have been waiting for a place for more than a minute`, waiting);
      continue;
    }
    if (draft.drain.length >= DRAINS_PER_STEP) {
      refuse('9', 'enough hosts for one step: next look');
      continue;
    }
    const { bounces } = attraction.effectOf(host);
    const isDue = host.memory.deadlineMs !== undefined;
    if (bounces > patience && !isDue && allowance.mode === 'all' && somethingMoves(tick)) {
      refuse('10', `about ${Math.round(bounces)} of its tasks would go to other old hosts: those first`);
      continue;
    }
    const refusal = tick.motion().accept(host);
    if (refusal !== undefined) {
      refuse(refusal.rule, refusal.reason, refusal.service);
      // Nothing of the run can unlock a stuck service: waiting for it would only delay the end.
      if (refusal.rule === '6') hold(tick, host, { ...refusal, final: true });
      continue;
    }
    left.set(group.name, remaining - 1);
    attraction.take(host);
    order.accepted(host);
    beginDrain(tick, host, allowance.mode === 'trial');
  }
};

function hostsOf(allowance: DrainAllowance): number {
  if (allowance.mode === 'all') return Number.POSITIVE_INFINITY;
  return allowance.mode === 'trial' ? allowance.hosts : 0;
}

const NOTHING_DRAWS: Pick<Attraction, 'effectOf' | 'take'> = {
  effectOf: (): DrainEffect => ({ bounces: 0, spares: 0 }),
  take: () => {},
};
/** Where nothing may drain the order does not matter. */
const AT_REST: Circumstances = { attraction: NOTHING_DRAWS, motion: { fillOf: () => 0 } };

/**
 * The usual order, but a trial host should tell something: enough tasks to move onto a new host, none that holds the drain
 * for hours.
 */
function orderOf(
  { look }: Tick,
  candidates: readonly Host[],
  allowances: ReadonlyMap<string, DrainAllowance>,
  circumstances: Circumstances,
): Pick<DrainOrder, 'next' | 'accepted'> {
  const inTrial = (host: Host) => allowances.get(host.autoScalingGroupName)?.mode === 'trial';
  const telling = (host: Host) =>
    Math.min(host.replicaCount, TRIAL_MOVES) - (host.standalone.length > 0 ? TRIAL_MOVES + 1 : 0);
  const newZones = new Set(look.groups.flatMap((group) => group.ready.map((host) => host.zone)));
  const bounces = (host: Host) => circumstances.attraction.effectOf(host).bounces;
  const usual = new DrainOrder(candidates.filter(inTrial), look.groups, circumstances);
  const trial: Host[] = [];
  for (let host = usual.next(); host !== undefined; host = usual.next()) trial.push(host);
  // Where the new host is, what leaves is likeliest to land on it.
  trial.sort(
    (a, b) =>
      telling(b) - telling(a) ||
      Number(newZones.has(b.zone)) - Number(newZones.has(a.zone)) ||
      bounces(a) - bounces(b),
  );
  const others = new DrainOrder(
    candidates.filter((host) => !inTrial(host)),
    look.groups,
    circumstances,
  );
  return { next: () => trial.shift() ?? others.next(), accepted: (host) => others.accepted(host) };
}

/** More bounces than this, and twice the least that another host would make, are worth waiting for. */
const BOUNCES_WORTH_WAITING = 1.5;

function bouncesAllowed(candidates: readonly Host[], attraction: Pick<Attraction, 'effectOf'>): number {
  let least = Number.POSITIVE_INFINITY;
  for (const host of candidates) least = Math.min(least, attraction.effectOf(host).bounces);
  return Math.max(BOUNCES_WORTH_WAITING, 2 * least);
}

/** Tasks are on their way, so that waiting costs little and ends: at rest nothing is refused for its bounces. */
function somethingMoves({ look, draft }: Tick): boolean {
  if (draft.drain.length > 0) return true;
  for (const service of look.services.values()) if (service.inMotion > 0) return true;
  return false;
}

export function beginDrain({ look, draft }: Pick<Tick, 'look' | 'draft'>, host: Host, trial: boolean): void {
  const arn = host.facts?.containerInstanceArn;
  if (arn === undefined) return;
  const moves = host.replicaCount === 1 ? '1 task moves' : `${host.replicaCount} tasks move`;
  draft.drain.push({
    instanceId: host.instanceId,
    containerInstanceArn: arn,
    reason: `${trial ? 'trial: ' : ''}${moves}, about ${span(drainSeconds(host, look))}`,
  });
  draft.noteHost(host.instanceId, host.memory, {
    drainingSinceMs: look.nowMs,
    served: [...host.replicas.keys()].sort(),
    tasksAtDrain: host.replicaCount,
    tasksLeft: host.replicaCount,
    activatedAtMs: undefined,
    drainingSeenAtMs: undefined,
    emptySinceMs: undefined,
    ...(trial && { trial }),
  });
  for (const name of host.replicas.keys()) {
    const service = draft.service(name);
    if (service !== undefined && look.services.get(name)?.serviceClass === 'may-stop-first') {
      draft.noteService(name, service, { motionZone: host.zone });
    }
  }
  if (draft.run.firstDrainAtMs === undefined) draft.noteRun({ firstDrainAtMs: look.nowMs });
  draft.phase ??= 'moving';
}

/** Hosts whose drain begins at this look: what carries on after them must count what they move. */
export function begunDrains({ look, draft }: Pick<Tick, 'look' | 'draft'>): Host[] {
  return draft.drain.flatMap(({ instanceId }) => {
    const host = look.hosts.get(instanceId);
    return host === undefined || host.kind === 'draining' ? [] : [host];
  });
}

/** Rule 13: groups on whose hosts demand waits that has nowhere to go, and the service that waits. */
function groupsWithWaitingDemand(tick: Tick): ReadonlyMap<string, string> {
  const blocked = new Map<string, string>();
  for (const service of waitingServices(tick.look, tick.draft)) {
    // A task that waits for the provider which ECS chose for it waits for that one alone.
    const waitingFor = [...service.waitingFor.keys()];
    const providers = waitingFor.length > 0 ? waitingFor : service.facts.capacityProviders;
    for (const group of tick.look.groups) {
      if (providers.length === 0 || mayLand(group, providers))
        blocked.set(group.name, service.facts.serviceName);
    }
  }
  return blocked;
}

function mayLand(group: GroupLook, providers: readonly string[]): boolean {
  return (
    group.facts.capacityProviderName !== undefined && providers.includes(group.facts.capacityProviderName)
  );
}
