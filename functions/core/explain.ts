/**
 * Why a host that is to be replaced still stands, in one sentence: what blocks it, in whose words, since when, and what
 * comes next. The result, the notices and `rollover explain HOST` say the same, since they all ask here.
 */
import type { HostMemory, RunMemory } from './memory.ts';
import type { Plan } from './plan.ts';
import type { Hold } from './step.ts';

type Held = NonNullable<HostMemory['held']>;

/** A host as the ledger, and the last decision where there is one, know it. */
export interface Explained {
  readonly instanceId: string;
  readonly state:
    | 'held'
    | 'kept out'
    | 'exempt'
    | 'waiting'
    | 'draining'
    | 'ending'
    | 'replaced'
    | 'new'
    | 'not of this run';
  /** The sentence. */
  readonly reason: string;
  /** What blocks it, where that is a service: the service, and ECS's own words or what its tasks died of. */
  readonly blockedBy?: { readonly service: string; readonly message: string };
  /** Epoch milliseconds. */
  readonly sinceMs?: number;
}

export interface ExplainInput {
  readonly plan: Plan;
  readonly memory: Pick<RunMemory, 'hosts' | 'phase' | 'startedAtMs' | 'ending'> | undefined;
  /** `holds` of a decision made of what stands now; without one a host that waits has only the ledger's word. */
  readonly holds?: readonly Hold[];
}

/** What follows while the run lasts. */
const AGAIN = {
  service: 'tried again once the other hosts are done',
  standalone: 'tried again once the other hosts are done, if no standalone task is left on it then',
  protected: 'tried again once the other hosts are done, if no task on it is protected then',
} as const;

/** Answers for any id; one that the run has nothing to do with is told so. */
export function explainHost(instanceId: string, input: ExplainInput): Explained {
  const { plan, memory, holds = [] } = input;
  const keptOut = plan.keptOut.find((one) => one.instanceId === instanceId);
  if (keptOut !== undefined) return { instanceId, state: 'kept out', ...keptOutBy(plan, keptOut) };
  const exempt = plan.exempt.find((one) => one.instanceId === instanceId);
  if (exempt !== undefined) return { instanceId, state: 'exempt', reason: exempt.reason };

  const host = memory?.hosts.find((one) => one.instanceId === instanceId);
  if (host?.held !== undefined)
    return { instanceId, state: 'held', ...heldBy(host.held, memory?.phase !== 'rolling') };
  if (host === undefined || memory === undefined) return unbegun(instanceId, plan);
  return { instanceId, ...standing(host, memory.phase !== 'rolling', holds) };
}

/** What a held host is told with, wherever it is told; `isOver`: no try of this run can follow. */
export function heldBy(held: Held, isOver = false): Pick<Explained, 'reason' | 'blockedBy' | 'sinceMs'> {
  const { reason, service, message, sinceMs, attempts, final } = held;
  const parts = [
    reason,
    ...(message === undefined ? [] : [message]),
    `held since ${timeOf(sinceMs)}${attempts > 1 ? `, tried ${attempts} times` : ''}`,
    `next: ${isOver || final === true ? 'the next run tries it again' : AGAIN[held.because ?? 'service']}`,
  ];
  return {
    reason: parts.join('; '),
    ...(service !== undefined && { blockedBy: { service, message: message ?? reason } }),
    sinceMs,
  };
}

/** What a host is told with that a finding of the plan keeps out. */
export function keptOutBy(
  plan: Plan,
  { instanceId, reason }: Plan['keptOut'][number],
): Pick<Explained, 'reason' | 'blockedBy'> {
  const finding = plan.findings.find((one) => one.severity === 'blocks' && one.instanceId === instanceId);
  if (finding === undefined) return { reason };
  const { service, message, field, remedy } = finding;
  return {
    reason: `${reason}; not touched by this run; next: the run after ${field} is changed (${remedy})`,
    ...(service !== undefined && { blockedBy: { service, message } }),
  };
}

function standing(
  host: HostMemory,
  isClosing: boolean,
  holds: readonly Hold[],
): Pick<Explained, 'state' | 'reason' | 'blockedBy' | 'sinceMs'> {
  const { goneSinceMs, terminateIntentMs, drainingSinceMs, role } = host;
  if (goneSinceMs !== undefined)
    return { state: 'replaced', reason: `it is gone since ${timeOf(goneSinceMs)}`, sinceMs: goneSinceMs };
  if (terminateIntentMs !== undefined)
    return {
      state: 'ending',
      reason: `it is empty and being terminated since ${timeOf(terminateIntentMs)}`,
      sinceMs: terminateIntentMs,
    };
  const hold = holds.find((one) => one.instanceId === host.instanceId);
  const blockedBy =
    hold?.service === undefined ? {} : { blockedBy: { service: hold.service, message: hold.reason } };
  if (drainingSinceMs !== undefined) {
    const left = host.tasksLeft ?? host.tasksAtDrain ?? 0;
    const reason = `it drains since ${timeOf(drainingSinceMs)}, ${left} of ${host.tasksAtDrain ?? left} tasks left`;
    return { state: 'draining', reason, ...blockedBy, sinceMs: drainingSinceMs };
  }
  if (role === 'new') return { state: 'new', reason: hold?.reason ?? 'it is new and takes tasks' };
  const last = isClosing ? 'the run is closing' : 'its turn has not come';
  return { state: 'waiting', reason: `it waits: ${hold?.reason ?? last}`, ...blockedBy };
}

function unbegun(instanceId: string, plan: Plan): Explained {
  const isPlanned = plan.groups.some((group) => group.outdated.includes(instanceId));
  return isPlanned
    ? { instanceId, state: 'waiting', reason: 'it is planned to be replaced, and nothing is changed yet' }
    : { instanceId, state: 'not of this run', reason: 'this run neither replaces nor launched it' };
}

/** To the second: what people compare with their logs. */
function timeOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
