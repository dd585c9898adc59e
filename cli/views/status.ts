/** Where a cluster stands: what its run does and waits for, what waits behind it, what is forbidden. Pure: facts in, data out. */
import type { PendingRequest } from '../../functions/aws/ledger/notes.ts';
import type { Reasons } from '../../functions/aws/ledger/reasons.ts';
import type { Run } from '../../functions/aws/ledger/runs.ts';
import { heldBy, keptOutBy } from '../../functions/core/explain.ts';
import { rehearsedText } from '../../functions/core/game-day/result.ts';
import type { HostMemory } from '../../functions/core/memory.ts';
import type { NoticeEntry } from '../../functions/core/notices/entry.ts';
import { keyOfEntity } from '../../functions/core/notices/notice.ts';
import type { Ending } from '../../functions/core/outcome.ts';
import type { Provenance } from '../../functions/core/provenance.ts';
import type { Hold } from '../../functions/core/step.ts';
import { windowState } from '../../functions/core/windows.ts';
import type { StatusFacts } from '../operate/read.ts';
import { type Eta, etaOf } from './eta.ts';

export interface GroupStatus {
  readonly autoScalingGroupName: string;
  readonly outdated: number;
  readonly replaced: number;
  readonly draining: number;
  readonly held: number;
  readonly targetImageIds: readonly string[];
}

export interface RunStatus {
  readonly runId: string;
  readonly mode: string;
  /** Why, in the request's word. */
  readonly reason: string;
  readonly triggeredBy?: Provenance;
  readonly execution: string;
  readonly since: string;
  readonly until?: string;
  readonly ending?: Ending;
  readonly phase: string;
  /** What it is doing, or waits for, at its last look. */
  readonly waitsFor?: string;
  /** What most hosts that do not move wait for. */
  readonly heldBack?: string;
  readonly lookedAt?: string;
  readonly asked?: { readonly mode: string; readonly by: string; readonly at: string };
  readonly approval?: { readonly wantedSince: string; readonly approvedBy?: string };
  readonly moves: { readonly done: number; readonly planned: number };
  readonly eta?: Eta;
  readonly held: readonly { readonly instanceId: string; readonly reason: string }[];
  /** Hosts that did not move at the last look, by what they wait for, most hosts first. */
  readonly waiting: readonly { readonly reason: string; readonly instanceIds: readonly string[] }[];
}

export interface StatusView {
  readonly cluster: string;
  readonly at: string;
  /** `dead`: a run's execution is over and its claim is not: the sweep gives back what it left within minutes. */
  readonly state: 'idle' | 'rolling' | 'giving back' | 'dead';
  readonly run?: RunStatus;
  readonly groups: readonly GroupStatus[];
  readonly pending: readonly {
    readonly waitsFor: string;
    readonly since: string;
    readonly notBefore?: string;
    readonly triggeredBy?: Provenance;
    readonly request: Readonly<Record<string, unknown>>;
    readonly text: string;
  }[];
  readonly window?: {
    readonly open: boolean;
    readonly text?: string;
    readonly opens?: string;
    readonly closes?: string;
  };
  readonly quarantine: readonly {
    readonly imageId: string;
    readonly reason: string;
    readonly since: string;
  }[];
  /** Notices of AWS that are not over, the nearest date first. */
  readonly notices: readonly {
    readonly names: string;
    readonly code: string;
    readonly state: string;
    readonly actsAt?: string;
    readonly hoursLeft?: number;
    readonly reason: string;
  }[];
  /** Services that had a game day: the last one of each. */
  readonly rehearsed: readonly {
    readonly service: string;
    readonly at: string;
    readonly outcome: string;
    readonly text: string;
  }[];
}

const HOUR_MS = 3_600_000;

export function statusView(facts: StatusFacts): StatusView {
  const { cluster, nowMs, run } = facts;
  return {
    cluster,
    at: iso(nowMs),
    state: stateOf(facts),
    ...(run && { run: runStatus(run, facts.reasons, nowMs) }),
    groups: run === undefined ? [] : groupsOf(run),
    pending: facts.pending.map(pendingStatus),
    ...windowOf(facts),
    quarantine: facts.quarantine.map(({ imageId, reason, atMs }) => ({ imageId, reason, since: iso(atMs) })),
    notices: noticesOf(facts),
    rehearsed: facts.gameDays.map((last) => ({
      service: last.serviceName,
      at: iso(last.atMs),
      outcome: last.outcome,
      text: `${rehearsedText(last)} (${last.reason})`,
    })),
  };
}

function noticesOf({ notices, nowMs }: StatusFacts): StatusView['notices'] {
  const dateOf = ({ startMs = Number.POSITIVE_INFINITY }: NoticeEntry) => startMs;
  return [...notices]
    .sort((a, b) => dateOf(a) - dateOf(b))
    .map(({ entity, code, state, startMs, reason }) => ({
      names: keyOfEntity(entity),
      code,
      state,
      ...(startMs !== undefined && {
        actsAt: iso(startMs),
        hoursLeft: Math.round((startMs - nowMs) / HOUR_MS),
      }),
      reason,
    }));
}

function stateOf({ claim, executionStatus, run, nowMs }: StatusFacts): StatusView['state'] {
  if (claim === undefined) return 'idle';
  const lives =
    executionStatus === undefined
      ? nowMs < claim.expiresAtMs
      : ['RUNNING', 'PENDING_REDRIVE'].includes(executionStatus);
  if (!lives) return 'dead';
  const phase = run?.memory?.phase;
  return phase === 'closing' || phase === 'closed' ? 'giving back' : 'rolling';
}

function runStatus({ record, memory, plan }: Run, reasons: Reasons | undefined, nowMs: number): RunStatus {
  const planned = (memory?.hosts ?? []).filter((host) => host.role === 'outdated');
  const isOver = record.outcome !== undefined;
  const ending = record.outcome ?? (memory?.ending as Ending | undefined);
  const { said, control, approvalWantedAtMs, approved } = memory ?? {};
  return {
    runId: record.runId,
    mode: record.mode,
    reason: String(record.request.reason ?? 'manual'),
    ...(record.triggeredBy && { triggeredBy: record.triggeredBy }),
    execution: record.continuedBy?.at(-1) ?? record.execution,
    since: iso(record.startedAtMs),
    ...(record.endedAtMs !== undefined && { until: iso(record.endedAtMs) }),
    ...(ending && { ending }),
    phase: isOver ? 'over' : (said?.phase ?? memory?.phase ?? 'planning'),
    ...(!isOver && said && { waitsFor: said.reason }),
    ...(!isOver && said?.heldBack && { heldBack: said.heldBack }),
    ...(memory?.lookedAtMs !== undefined && { lookedAt: iso(memory.lookedAtMs) }),
    ...(control && { asked: { mode: control.mode, by: control.by, at: iso(control.atMs) } }),
    ...(approvalWantedAtMs !== undefined && {
      approval: { wantedSince: iso(approvalWantedAtMs), ...(approved && { approvedBy: approved.by }) },
    }),
    moves: { done: memory?.movesSeen ?? 0, planned: plan?.predicted.moves ?? 0 },
    ...(!isOver &&
      plan &&
      memory?.phase === 'rolling' && {
        eta: etaOf({
          nowMs,
          startedAtMs: record.startedAtMs,
          predictedSeconds: plan.predicted.durationSeconds,
          replacedAtMs: planned.flatMap((host) => host.goneSinceMs ?? []),
          left: planned.filter((host) => !isGone(host) && !isHeld(host)).length,
        }),
      }),
    held: [
      ...(plan?.keptOut ?? []).map((host) => ({
        instanceId: host.instanceId,
        reason: plan === undefined ? host.reason : keptOutBy(plan, host).reason,
      })),
      ...planned.flatMap((host) =>
        host.held === undefined || isGone(host)
          ? []
          : [{ instanceId: host.instanceId, reason: heldBy(host.held).reason }],
      ),
    ],
    waiting: isOver ? [] : waitingFor(reasons?.holds ?? [], planned),
  };
}

function waitingFor(holds: readonly Hold[], planned: readonly HostMemory[]): RunStatus['waiting'] {
  const settled = new Set(
    planned.filter((host) => isHeld(host) || isGone(host)).map((host) => host.instanceId),
  );
  const waiting = holds.filter(({ instanceId }) => !settled.has(instanceId));
  return [...Map.groupBy(waiting, ({ reason }) => reason)]
    .map(([reason, hosts]) => ({ reason, instanceIds: hosts.map(({ instanceId }) => instanceId) }))
    .sort((a, b) => b.instanceIds.length - a.instanceIds.length);
}

function groupsOf({ memory, plan }: Run): GroupStatus[] {
  return (plan?.groups ?? []).map(({ autoScalingGroupName, outdated, target }) => {
    const own = (memory?.hosts ?? []).filter(
      (host) => host.role === 'outdated' && host.autoScalingGroupName === autoScalingGroupName,
    );
    return {
      autoScalingGroupName,
      outdated: outdated.length,
      replaced: own.filter(isGone).length,
      draining: own.filter(isDraining).length,
      held: own.filter((host) => isHeld(host) && !isGone(host)).length,
      targetImageIds: target.imageIds,
    };
  });
}

const isGone = (host: HostMemory) => host.goneSinceMs !== undefined;
const isHeld = (host: HostMemory) => host.held !== undefined;
const isDraining = (host: HostMemory) =>
  host.drainingSinceMs !== undefined && host.activatedAtMs === undefined && !isGone(host);

function pendingStatus(pending: PendingRequest): StatusView['pending'][number] {
  const { waitsFor, sinceMs, notBeforeMs, triggeredBy, request } = pending;
  return {
    waitsFor,
    since: iso(sinceMs),
    ...(notBeforeMs !== undefined && { notBefore: iso(notBeforeMs) }),
    ...(triggeredBy && { triggeredBy }),
    request,
    text: waitText(pending),
  };
}

function waitText({ waitsFor, notBeforeMs, why }: PendingRequest): string {
  switch (waitsFor) {
    case 'window':
      return notBeforeMs === undefined
        ? 'waits for a window; none is in sight'
        : `waits for its window, which opens ${iso(notBeforeMs)}`;
    case 'other-run':
      return 'waits for the end of the run that holds the cluster';
    case 'resume':
      return 'is paused: `rollover resume` goes on with it';
    case 'approval':
      return `waits for approval${notBeforeMs === undefined ? '' : ` until ${iso(notBeforeMs)}`}: \`rollover approve\``;
    case 'soak':
      return `waits: ${why ?? 'its image has to prove itself elsewhere first'}`;
  }
}

/** Of the run's settings: they are what was in force when it was planned. */
function windowOf({ run, nowMs }: StatusFacts): Pick<StatusView, 'window'> {
  if (run === undefined) return {};
  const { windows, freezes } = run.record.settings;
  if (windows.length === 0 && freezes.length === 0) return {};
  const state = windowState(windows, freezes, nowMs);
  if (state.open) {
    const closes = state.closesAtMs === undefined ? {} : { closes: iso(state.closesAtMs) };
    return { window: { open: true, ...closes } };
  }
  const opens = state.opensAtMs === undefined ? {} : { opens: iso(state.opensAtMs) };
  return { window: { open: false, text: state.text, ...opens } };
}

/** To the second, in UTC. */
export function iso(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
