/**
 * How the run ended: into the ledger, onto the topic and the bus, as metrics; then the cluster is free again.
 *
 * The machine's last task, whatever happened before; ends by saying whether the execution is green. A run whose restore
 * failed keeps its claim: the sweep takes it over and tries again.
 */
import * as z from 'zod';
import { readClaim, releaseClaim } from './aws/ledger/claims.ts';
import { dropEarlier, keepEarlier } from './aws/ledger/earlier.ts';
import { noteExecution } from './aws/ledger/executions.ts';
import { readGameDay } from './aws/ledger/game-days.ts';
import {
  type Approval,
  dropApproval,
  dropPending,
  type HistoryEntry,
  isFirstToWait,
  keepPending,
  quarantine,
  readApproval,
  writeHistory,
} from './aws/ledger/notes.ts';
import { type Run, type RunRecord, readRun, remember, updateRun } from './aws/ledger/runs.ts';
import { removePicture } from './aws/ledger/snapshots.ts';
import type { Table } from './aws/ledger/table.ts';
import { replacedIn, targetsOf, withThis } from './core/earlier.ts';
import { heldBy, keptOutBy } from './core/explain.ts';
import { saidOf } from './core/game-day/result.ts';
import { kindOfOutcome, type NotificationKind } from './core/notification-kinds.ts';
import type { Ending, Outcome } from './core/outcome.ts';
import type { Exemption, Finding, Plan } from './core/plan.ts';
import { windowOf } from './core/windows.ts';
import { ErrorName } from './edge/errors.ts';
import { measure } from './edge/metrics.ts';
import { parseRequest } from './edge/request.ts';
import { failedStartSchema, type RunState, runStateSchema } from './edge/run-state.ts';
import { imagesOf } from './flow/approval.ts';
import { ledger } from './flow/claim.ts';
import { handlerOf } from './flow/handler.ts';
import { settleNamed } from './flow/joined.ts';
import { purposeOf } from './flow/purpose.ts';
import { tell } from './flow/tell.ts';

/** Green means done: anything else ends in the machine's Fail state. */
const GREEN: ReadonlySet<Outcome> = new Set(['SUCCEEDED', 'NOTHING_TO_DO', 'PENDING_WINDOW']);
/** Enough to read in the console; the ledger has all. */
const FINDINGS_MAX = 50;
/** A notification may have 256 KiB, and so may an event (Amazon SNS API reference, Publish; EventBridge, PutEvents). */
const STAYS_MAX_BYTES = 160_000;
const STAYS_MAX = 500;

const ReportInput = z.union([runStateSchema, failedStartSchema]);

export interface Report {
  readonly cluster: string;
  readonly runId: string;
  readonly ending: Ending;
  readonly outcome: Outcome;
  readonly reason: string;
  readonly succeeded: boolean;
  readonly summary: Readonly<Record<string, unknown>>;
  readonly plan?: Pick<Plan, 'verdict' | 'predicted' | 'keptOut' | 'findings'>;
}

async function report(input: z.infer<typeof ReportInput>): Promise<Report> {
  if (!('version' in input)) return reportFailedStart(input);
  const table = ledger();
  const nowMs = Date.now();
  const run = await readRun(table, input.runId);
  const ending = await conclude(table, input, run, nowMs);
  // `assess` closes the run before `restore` begins: an error that comes here after that means it is not restored.
  const isRestored =
    run?.memory === undefined || (run.memory.phase === 'closed' && input.error === undefined);
  // An execution that handed its run over says where it goes on, and nothing of how the run ends.
  const isHandedOver = input.mode === 'none' && run?.memory !== undefined;
  if (run !== undefined && isRestored && !isHandedOver) await writeDown(table, run, ending, nowMs);
  const message = `${input.cluster}: ${ending.outcome}. ${ending.reason}`;
  const notice = {
    kind: kindOf(input, ending),
    cluster: input.cluster,
    runId: input.runId,
    message,
    detail: {
      ...input.summary,
      ...(run?.record.triggeredBy && { triggeredBy: run.record.triggeredBy }),
      ...cutToNotice(stays(input, run, ending)),
      ...(input.mode === 'game-day' && { services: saidOf(await readGameDay(table, input.runId)) }),
    },
  };
  const isRepeat = isRestored
    ? await waitsAlready(table, input, run, ending, nowMs)
    : await failedSoBefore(table, input, run);
  if (!isRepeat) await tell([notice], run?.record.settings);
  await noteTold(table, input, nowMs);
  if (isRestored && !isHandedOver) await removePicture(table, input.runId);
  // Freed last: a crash before leaves a claim that the sweep finds, not a run without an ending.
  const claim = await readClaim(table, input.cluster);
  if (isRestored && claim?.owner === input.execution) await releaseClaim(table, input.cluster, claim.token);
  return {
    cluster: input.cluster,
    runId: input.runId,
    ...said(ending),
    summary: input.summary,
    ...(run?.plan === undefined ? {} : { plan: shortPlan(run.plan) }),
  };
}

/** What a run for notices of Fargate is for; it is no request that waits, but what it waits for is told once as well. */
const REDEPLOY = 'redeploy';

/** One image has several causes, each with its execution; that its work waits is told by the first of them. */
async function waitsAlready(
  table: Table,
  { cluster, request, execution, summary }: RunState,
  run: Run | undefined,
  { outcome, reason }: Ending,
  nowMs: number,
): Promise<boolean> {
  if (outcome !== 'PENDING_WINDOW' || run?.memory !== undefined) return false;
  if (summary.waitsFor === 'approval') return false;
  const purpose = run?.record.mode === 'redeploy' ? REDEPLOY : purposeOf(request);
  const images = run?.plan === undefined ? [] : imagesOf(run.plan);
  return !(await isFirstToWait(table, { cluster, purpose }, [...images, reason].join(' '), execution, nowMs));
}

/** Giving back is tried again until it is done; people hear once for each kind of error that is in its way. */
async function failedSoBefore(table: Table, { error }: RunState, run: Run | undefined): Promise<boolean> {
  // Without an error the run is another execution's by now, and its memory too.
  if (run?.memory === undefined || error === undefined || error.Error === ErrorName.ClaimLost) return false;
  const key = `not restored: ${error.Error}`;
  const { told = [] } = run.memory;
  if (told.includes(key)) return true;
  await remember(table, run.memory, { run: { told: [...told, key] }, groups: [], hosts: [], services: [] });
  return false;
}

/** Whoever looks for executions that ended without a word finds that this one, and its run, have had theirs. */
async function noteTold(
  table: Table,
  { execution, runId }: Pick<RunState, 'execution' | 'runId'>,
  toldAtMs: number,
): Promise<void> {
  const name = execution.slice(execution.lastIndexOf(':') + 1);
  for (const one of new Set([name, runId])) await noteExecution(table, one, { toldAtMs }, toldAtMs);
}

/** Only a word to the running run was handed over: nobody should take that for the end of a rollover. */
function isWord({ mode, request }: RunState, { outcome }: Ending): boolean {
  return mode === 'none' && outcome === 'SUCCEEDED' && request.mode !== 'roll';
}

function kindOf(state: RunState, ending: Ending): NotificationKind {
  if (isWord(state, ending)) return 'control';
  return state.summary.waitsFor === 'approval' ? 'approval-wanted' : kindOfOutcome(ending.outcome);
}

/** Hosts that are still what they were, each with why: for people, and for programs that read the event. */
function stays(state: RunState, run: Run | undefined, ending: Ending): readonly Exemption[] {
  if (run?.plan === undefined) return [];
  const { groups, exempt } = run.plan;
  const { plan } = run;
  const keptOut = plan.keptOut.map((host) => ({
    instanceId: host.instanceId,
    reason: keptOutBy(plan, host).reason,
  }));
  const held = (run.memory?.hosts ?? []).flatMap(({ instanceId, held: hold }) =>
    hold === undefined ? [] : [{ instanceId, reason: heldBy(hold, true).reason }],
  );
  const planned = groups.flatMap((group) =>
    group.outdated.map((instanceId) => ({ instanceId, reason: ending.reason })),
  );
  const untouched = state.mode === 'plan' || run.memory === undefined ? planned : [];
  return [...keptOut, ...held, ...exempt, ...untouched];
}

/** As many as a notice holds, and how many there are: the ledger has all. */
function cutToNotice(all: readonly Exemption[]): { stays: readonly Exemption[]; staysCount: number } {
  let bytes = 0;
  const stays = all.slice(0, STAYS_MAX).filter((one) => {
    bytes += Buffer.byteLength(JSON.stringify(one)) + 1;
    return bytes <= STAYS_MAX_BYTES;
  });
  return { stays, staysCount: all.length };
}

/** Not even the request could be read, or the plan failed: nothing was touched. */
async function reportFailedStart({
  request,
  execution,
  error,
}: z.infer<typeof failedStartSchema>): Promise<Report> {
  const outcome = error.Error === ErrorName.BadRequest ? 'REFUSED' : 'FAILED';
  const ending = { outcome, reason: reasonOf(error) } as const;
  const cluster = String((request as { cluster?: unknown } | null | undefined)?.cluster ?? 'unknown');
  const runId = execution.slice(execution.lastIndexOf(':') + 1);
  // It may have kept its plan before it failed.
  await updateRun(ledger(), runId, { outcome: ending, endedAtMs: Date.now() });
  await tell([
    { kind: kindOfOutcome(outcome), cluster, runId, message: `${cluster}: ${outcome}. ${ending.reason}` },
  ]);
  await noteTold(ledger(), { execution, runId }, Date.now());
  return { cluster, runId, ...said(ending), summary: {} };
}

function said(ending: Ending): Pick<Report, 'ending' | 'outcome' | 'reason' | 'succeeded'> {
  return { ending, ...ending, succeeded: GREEN.has(ending.outcome) };
}

/** The ending of this execution: what was decided, or what the error that led here means. */
async function conclude(table: Table, state: RunState, run: Run | undefined, nowMs: number): Promise<Ending> {
  const { error } = state;
  if (error === undefined) {
    const ending = state.ending ?? { outcome: 'FAILED' as const, reason: 'the run ended without saying how' };
    if (ending.outcome === 'PENDING_WINDOW' && run?.memory?.phase === 'closed')
      await waitOn(table, state, run, nowMs);
    return ending;
  }
  const reason = reasonOf(error);
  switch (error.Error) {
    case ErrorName.ClaimHeld:
      await keepPending(table, {
        cluster: state.cluster,
        purpose: purposeOf(state.request),
        request: { ...state.request },
        waitsFor: 'other-run',
        sinceMs: nowMs,
      });
      return { outcome: 'PENDING_WINDOW', reason: `${reason}; the request waits for its end` };
    case ErrorName.ClaimLost:
      return { outcome: 'ABORTED', reason };
    case ErrorName.BadRequest:
      return { outcome: 'REFUSED', reason };
    default:
      return {
        outcome: 'FAILED',
        reason: `${reason}; what the run touched is not all restored, the sweep tries again`,
      };
  }
}

/** A run that stopped half-way waits: for its window, or for somebody to say `resume`. */
async function waitOn(table: Table, state: RunState, run: Run, nowMs: number): Promise<void> {
  const { settings, request } = run.record;
  const parsed = parseRequest(request);
  const isPaused = run.memory?.control?.mode === 'pause';
  const window = windowOf(settings, run.memory?.deadlineMs, nowMs);
  // It may have opened again while all was given back.
  const notBeforeMs = window.open ? nowMs : window.opensAtMs;
  await keepPending(table, {
    cluster: state.cluster,
    purpose: parsed.ok ? purposeOf(parsed.value) : purposeOf(state.request),
    request,
    waitsFor: isPaused ? 'resume' : 'window',
    sinceMs: nowMs,
    ...(run.record.triggeredBy && { triggeredBy: run.record.triggeredBy }),
    ...(notBeforeMs !== undefined && { notBeforeMs }),
  });
}

async function writeDown(
  table: Table,
  { record, memory, plan }: Run,
  ending: Ending,
  nowMs: number,
): Promise<void> {
  // A repeat after a crash writes the same entry of the history, not another one.
  const endedAtMs = record.endedAtMs ?? nowMs;
  const work = { cluster: record.cluster, purpose: purposeOf(record.request) };
  const approvedBy = record.approvedBy ?? (await approvalOf(table, record, work));
  await updateRun(table, record.runId, { outcome: ending, endedAtMs, ...(approvedBy && { approvedBy }) });
  if (record.mode === 'redeploy' || record.mode === 'game-day')
    return keepOfServices(table, record, record.mode, ending, endedAtMs);
  const goesOn = ending.outcome === 'PENDING_WINDOW';
  if (record.mode !== 'plan' && !goesOn) await dropEarlier(table, work);
  if (memory === undefined) return;
  const imageIds = targetsOf(memory);
  // A rollback that somebody asked for, or that a drain ran into, says nothing of the image.
  if (memory.imageJudgedBad === true) {
    for (const imageId of imageIds) await quarantine(table, { imageId, reason: ending.reason, atMs: nowMs });
  }
  await settleNamed(table, { record, memory });
  const planned = memory.hosts.filter((host) => host.role === 'outdated');
  if (goesOn) await keepEarlier(table, work, withThis(memory, record.triggeredBy), nowMs);
  else await dropApproval(table, work);
  const { earlier } = memory;
  const before = { replaced: 0, moves: 0, ...earlier };
  const triggeredBy = earlier?.triggeredBy ?? record.triggeredBy;
  await writeHistory(table, {
    cluster: record.cluster,
    runId: record.runId,
    startedAtMs: record.startedAtMs,
    endedAtMs,
    ending,
    imageIds,
    reason: String(record.request.reason ?? 'manual'),
    ...(triggeredBy && { triggeredBy }),
    ...(approvedBy && { approvedBy }),
    ...(earlier && { workSinceMs: earlier.startedAtMs }),
    counts: {
      outdated: before.replaced + planned.length,
      replaced: before.replaced + replacedIn(memory),
      held: planned.filter((host) => host.held !== undefined && host.goneSinceMs === undefined).length,
      keptOut: plan?.keptOut.length ?? 0,
      moves: before.moves + memory.movesSeen,
    },
  });
  measure(
    {
      RolloverSeconds: (nowMs - record.startedAtMs) / 1000,
      TaskMoves: memory.movesSeen,
      InstancesHeld: memory.hosts.filter((host) => host.held !== undefined).length,
      RolloverInProgress: 0,
    },
    { cluster: record.cluster },
  );
}

/** Before it is dropped with the end of the work: for the history. */
async function approvalOf(
  table: Table,
  { settings }: RunRecord,
  work: Pick<Approval, 'cluster' | 'purpose'>,
): Promise<RunRecord['approvedBy']> {
  const approval = settings.approval === 'none' ? undefined : await readApproval(table, work);
  return approval && { by: approval.by, atMs: approval.atMs };
}

/** Of services, not of hosts: it says nothing of images, windows or approvals. */
async function keepOfServices(
  table: Table,
  { cluster, runId, startedAtMs, request, triggeredBy }: Run['record'],
  kind: NonNullable<HistoryEntry['kind']>,
  ending: Ending,
  endedAtMs: number,
): Promise<void> {
  if (ending.outcome === 'PENDING_WINDOW') return;
  if (kind === 'redeploy') await dropPending(table, { cluster, purpose: REDEPLOY });
  const reason = String(request.reason ?? 'retirement');
  const by = triggeredBy === undefined ? {} : { triggeredBy };
  const run = { cluster, runId, startedAtMs, endedAtMs, ending, imageIds: [], kind };
  await writeHistory(table, { ...run, reason, ...by });
}

function shortPlan({ verdict, predicted, keptOut, findings }: Plan): NonNullable<Report['plan']> {
  const order: readonly Finding['severity'][] = ['blocks', 'outage', 'note'];
  const sorted = [...findings].sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
  return {
    verdict,
    predicted,
    keptOut: keptOut.slice(0, FINDINGS_MAX),
    findings: sorted.slice(0, FINDINGS_MAX),
  };
}

/** Lambda puts `{"errorType","errorMessage"}` into Cause. */
function reasonOf({ Error: name, Cause }: NonNullable<RunState['error']>): string {
  try {
    const { errorMessage } = JSON.parse(Cause ?? '') as { errorMessage?: string };
    return (errorMessage ?? `${name}: ${Cause}`).slice(0, 2000);
  } catch {
    return `${name}: ${Cause ?? 'no cause given'}`.slice(0, 2000);
  }
}

export const handler = handlerOf(ReportInput, report);
