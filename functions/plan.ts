/**
 * A request becomes a plan, and a way through the machine.
 *
 * The machine's first state; ends by naming the next one: `prepare` when there is something to do and we may, `report` in
 * every other case (a refusal, a plan that was only asked for, a word to a running run, a request that has to wait). It
 * changes nothing of the cluster. A request that nobody can read is thrown as BadRequest, every problem named.
 */
import type { Cluster } from '@aws-sdk/client-ecs';
import * as z from 'zod';
import { ecs } from './aws/clients.ts';
import { describeCluster } from './aws/clusters.ts';
import { tagsOf } from './aws/facts/read-facts.ts';
import { type Claim, readClaim } from './aws/ledger/claims.ts';
import { dropPending, keepPending, type PendingRequest, readTrigger } from './aws/ledger/notes.ts';
import { beginRun, readRun, writeRunPlan } from './aws/ledger/runs.ts';
import type { Table } from './aws/ledger/table.ts';
import type { Outcome } from './core/outcome.ts';
import type { Plan } from './core/plan.ts';
import { type Provenance, provenanceText } from './core/provenance.ts';
import type { Settings } from './core/settings.ts';
import { windowOf } from './core/windows.ts';
import { environment } from './edge/environment.ts';
import { BadRequest } from './edge/errors.ts';
import { optInOf } from './edge/guardrails.ts';
import { originOfExecution } from './edge/origin.ts';
import { clusterNameOf, deadlineMsOf, parseRequest, type Request } from './edge/request.ts';
import type { RunState } from './edge/run-state.ts';
import {
  approvePending,
  approveRun,
  askApproval,
  imagesOf,
  isApproved,
  isAskedBeforeStart,
} from './flow/approval.ts';
import { firstState, refusalOf } from './flow/begin.ts';
import { ledger, ownerLives } from './flow/claim.ts';
import { sendControl } from './flow/control.ts';
import { imagesWanted } from './flow/followers.ts';
import { handlerOf } from './flow/handler.ts';
import { joinRun } from './flow/joining.ts';
import { emptyMemory, type Planned, planCluster } from './flow/planning.ts';
import { purposeOf } from './flow/purpose.ts';
import { settingsOf } from './flow/settings-of.ts';
import { soakWaitOf, waitsForSoak } from './flow/soak.ts';
import { waitForWindow } from './flow/wait-for-window.ts';
import { orphanedSurpluses, stopWaiting } from './flow/waiting.ts';

const PlanInput = z.object({ request: z.unknown(), execution: z.string().min(1) });

async function plan(input: z.infer<typeof PlanInput>): Promise<RunState> {
  const parsed = parseRequest(input.request);
  if (!parsed.ok) throw new BadRequest(parsed.problems);
  const request = parsed.value;
  const cluster = await describeCluster(ecs, request.cluster);
  if (cluster?.clusterName === undefined) {
    const left = await leftBehind(request, input.execution);
    if (left !== undefined) return left;
    throw new BadRequest([`cluster: there is no ECS cluster ${request.cluster} in this account and Region`]);
  }
  const nowMs = Date.now();
  const table = ledger();
  const first = firstState(cluster.clusterName, request, input.execution);
  const state = { ...first, runId: await openRunId(table, first.runId) };
  const claim = await readClaim(table, state.cluster);
  const isOwn = claim?.owner === input.execution;
  const refusal = refusalOf(cluster.clusterName, tagsOf(cluster));
  // What a run touched goes back, also where its cluster opted out meanwhile.
  const isGivingBack = claim !== undefined && (isOwn || request.mode === 'abort');
  if (refusal !== undefined && !isGivingBack) return ended(state, 'REFUSED', refusal);
  // What a game day may still do is asked at each of its looks.
  const asksItself = request.mode === 'game-day' && claim?.runId === state.runId;
  if (isOwn) return refusal === undefined || asksItself ? continued(state, claim) : takenOver(state, claim);
  const isLive = claim !== undefined && (await ownerLives(claim, nowMs));
  switch (request.mode) {
    case 'pause':
    case 'abort':
    case 'rollback':
      if (claim === undefined) return toldWaiting(state, request.mode);
      if (!isLive) return takenOver(state, claim);
      return told(state, claim, request.mode, nowMs);
    case 'resume':
      return resumed(state, cluster, claim, isLive);
    case 'plan':
      return planOnly(state);
    default:
      if (isLive) return queued(state, cluster, claim, nowMs);
      if (claim === undefined) return planned(state, cluster);
      await wait(state, 'other-run', nowMs);
      return takenOver(state, claim);
  }
}

/**
 * The cluster was deleted in the middle of a run that is dead: its groups and templates may still be there, and what the run
 * touched of them goes back.
 */
async function leftBehind(request: Request, execution: string): Promise<RunState | undefined> {
  const name = clusterNameOf(request.cluster);
  const claim = await readClaim(ledger(), name);
  if (claim === undefined) return undefined;
  const isOurs = claim.owner === execution;
  const isDead = request.mode === 'abort' && !isOurs && !(await ownerLives(claim, Date.now()));
  return isOurs || isDead ? takenOver(firstState(name, request, execution), claim) : undefined;
}

/** A word to the running run. */
async function told(
  state: RunState,
  claim: Claim,
  mode: 'pause' | 'abort' | 'rollback',
  nowMs: number,
): Promise<RunState> {
  const table = ledger();
  const by = provenanceText(await triggerOf(table, state));
  return ended(state, 'SUCCEEDED', await sendControl(table, claim, mode, by, nowMs));
}

/** A word to what waits between its windows; hosts that stay of its surplus are taken away by a run of their own. */
async function toldWaiting(state: RunState, mode: 'pause' | 'abort' | 'rollback'): Promise<RunState> {
  const table = ledger();
  const by = provenanceText(await triggerOf(table, state));
  const stopped = await stopWaiting(table, state.cluster, mode, by);
  if (stopped === undefined)
    return ended(state, 'NOTHING_TO_DO', `${state.cluster} is not being rolled: nothing to ${mode}`);
  const { reason, hasSurplus } = stopped;
  if (!hasSurplus) return ended(state, 'SUCCEEDED', reason);
  return { ...state, mode: 'abort', next: 'prepare', ending: { outcome: 'ABORTED', reason } };
}

/** A redriven execution begins another run where the one of its name is over. */
async function openRunId(table: Table, name: string): Promise<string> {
  let runId = name;
  for (let again = 2; (await readRun(table, runId))?.record.outcome !== undefined; again += 1) {
    runId = `${name}-again${again}`;
  }
  return runId;
}

/** Plans, and goes on to `prepare` when there is something to do, now, and the cluster's owner said more than "observe". */
async function planned(state: RunState, cluster: Cluster): Promise<RunState> {
  if (state.request.mode === 'game-day') return gameDay(state, cluster);
  const result = await makeAndKeepPlan(state);
  if (result === undefined) return readOn(state);
  const { plan, facts, settings } = result;
  const summary = summaryOf(plan);
  const nowMs = facts.observedAtMs;
  if (waitsForSoak(plan) && optInOf(facts.clusterTags, environment().guardrails) !== 'observe') {
    const soak = await soakWaitOf(ledger(), cluster, state.request, settings, nowMs);
    await wait(state, 'soak', nowMs, soak);
    return ended({ ...state, summary }, 'PENDING_WINDOW', soak.why);
  }
  const isObserved = optInOf(facts.clusterTags, environment().guardrails) === 'observe';
  if (plan.verdict !== 'roll') {
    // What earlier windows left takes a run to go.
    const left = isObserved ? [] : await orphanedSurpluses(ledger(), workOf(state));
    if (left.length === 0) {
      // The work is done, whoever did it: nothing of it waits any more.
      if (plan.verdict === 'NOTHING_TO_DO') await dropPending(ledger(), workOf(state));
      return ended({ ...state, summary }, plan.verdict, plan.reason);
    }
  } else {
    if (isObserved) return reported(state, plan);
    const unapproved = await askedFirst(state, plan, settings, nowMs);
    if (unapproved !== undefined) return { ...unapproved, summary: { ...summary, ...unapproved.summary } };
  }
  const window = windowOf(settings, deadlineMsOf(state.request), nowMs);
  if (!window.open) {
    const opensAt = window.opensAtMs === undefined ? {} : { notBeforeMs: window.opensAtMs };
    await wait(state, 'window', nowMs, opensAt);
    const opens =
      window.opensAtMs === undefined
        ? 'no opening is in sight'
        : `opens ${new Date(window.opensAtMs).toISOString()}`;
    return ended({ ...state, summary }, 'PENDING_WINDOW', `outside the window (${window.text}): ${opens}`);
  }
  return { ...state, summary, next: 'prepare' };
}

/** Not a rollover: nothing of hosts is planned, and the window is asked for before the cluster is taken. */
async function gameDay(state: RunState, cluster: Cluster): Promise<RunState> {
  const nowMs = Date.now();
  const goes: RunState = { ...state, mode: 'game-day', next: 'game-day' };
  const settings = settingsOf(tagsOf(cluster), state.request);
  const window = windowOf(settings, undefined, nowMs);
  if (window.open || optInOf(tagsOf(cluster), environment().guardrails) === 'observe') return goes;
  const table = ledger();
  await waitForWindow(table, state, settings, await triggerOf(table, state), nowMs);
  return ended(goes, 'PENDING_WINDOW', `outside the window (${window.text})`);
}

/** Undefined: nobody has to be asked, or somebody said yes. */
async function askedFirst(
  state: RunState,
  plan: Plan,
  settings: Settings,
  nowMs: number,
): Promise<RunState | undefined> {
  if (!isAskedBeforeStart(settings)) return undefined;
  const table = ledger();
  const imageIds = imagesOf(plan);
  if (await isApproved(table, workOf(state), imageIds)) return undefined;
  const notBeforeMs = nowMs + settings.approvalTimeoutHours * 3_600_000;
  const isNew = await askApproval(table, {
    ...(await pendingOf(state, 'approval', nowMs)),
    imageIds,
    notBeforeMs,
  });
  const until = new Date(notBeforeMs).toISOString();
  const reason = isNew
    ? `${plan.reason}; it waits for approval until ${until}: rollover approve --cluster ${state.cluster}`
    : 'the same request waits for approval already';
  return ended({ ...state, summary: isNew ? { waitsFor: 'approval' } : {} }, 'PENDING_WINDOW', reason);
}

async function planOnly(state: RunState): Promise<RunState> {
  const result = await makeAndKeepPlan(state);
  return result === undefined ? readOn(state) : reported(state, result.plan);
}

/** The cluster is too large to be read in one invocation: the machine comes back here, and what was read is remembered. */
function readOn(state: RunState): RunState {
  return { ...state, next: 'plan' };
}

/** Undefined while the cluster is still being read. */
async function makeAndKeepPlan(state: RunState): Promise<Planned | undefined> {
  const nowMs = Date.now();
  const result = await planCluster(state.cluster, state.request, emptyMemory(state.runId, nowMs));
  if (result === undefined) return undefined;
  const table = ledger();
  await beginRun(table, {
    runId: state.runId,
    cluster: state.cluster,
    clusterArn: result.facts.clusterArn,
    execution: state.execution,
    mode: state.request.mode,
    request: { ...state.request },
    settings: result.settings,
    startedAtMs: nowMs,
    triggeredBy: await triggerOf(table, state),
  });
  await writeRunPlan(table, state.runId, result.plan, nowMs);
  return result;
}

/** A plan that is only told: it changes nothing, so it never claims. */
function reported(state: RunState, plan: Plan): RunState {
  const told = { ...state, summary: summaryOf(plan) };
  if (plan.verdict !== 'roll') return { ...ended(told, plan.verdict, plan.reason), mode: 'plan' };
  const blocked = plan.findings.some(({ severity }) => severity === 'blocks');
  const hosts = plan.groups.reduce((sum, group) => sum + group.outdated.length, 0);
  const reason = `a run would replace ${hosts} hosts${blocked ? `; ${plan.keptOut.length} stay, see findings` : ''}`;
  return { ...ended(told, blocked ? 'PARTIAL' : 'SUCCEEDED', reason), mode: 'plan' };
}

/** Somebody else rolls the cluster: the same work is being done already, other work waits for its end. */
async function queued(state: RunState, cluster: Cluster, claim: Claim, nowMs: number): Promise<RunState> {
  if (claim.purpose === purposeOf(state.request) && (await isWorkedOn(state.request, cluster, claim))) {
    return ended(
      state,
      'NOTHING_TO_DO',
      `${state.cluster} is being rolled for this already by ${claim.owner}`,
    );
  }
  await wait(state, 'other-run', nowMs);
  const table = ledger();
  const { cluster: name, request, runId } = state;
  const by = provenanceText(await triggerOf(table, state));
  const handed = await joinRun(table, claim, { cluster: name, request, runId, by, nowMs });
  if (handed === 'reading') return readOn(state);
  return ended(state, 'PENDING_WINDOW', handed ?? `waits for the end of ${claim.owner}`);
}

/** Does the run aim at what is wanted now? An image that was published since it began is work for another one. */
async function isWorkedOn({ image }: Request, cluster: Cluster, claim: Claim): Promise<boolean> {
  const run = await readRun(ledger(), claim.runId);
  const aims = run?.memory?.groups.flatMap(({ targetImageIds }) => targetImageIds);
  // It has not made its plan yet: that will see what is wanted.
  if (aims === undefined) return true;
  return (await imagesWanted(cluster, image)).every((imageId) => aims.includes(imageId));
}

/** Goes on with what is paused, and says yes to what waits for it, in the run that holds the cluster too. */
async function resumed(
  state: RunState,
  cluster: Cluster,
  claim: Claim | undefined,
  isLive: boolean,
): Promise<RunState> {
  const table = ledger();
  const nowMs = Date.now();
  const by = provenanceText(await triggerOf(table, state));
  if (isLive && claim !== undefined) {
    const run = await readRun(table, claim.runId);
    if (run !== undefined && (await approveRun(table, run, claim.purpose, by, nowMs)))
      return ended(state, 'SUCCEEDED', `approved: run ${claim.runId} of ${state.cluster} goes on`);
    return ended(state, 'NOTHING_TO_DO', `${state.cluster} is being rolled by ${claim.owner}`);
  }
  if (claim !== undefined) return takenOver(state, claim);
  const waiting = await approvePending(table, state.cluster, by, nowMs);
  if (waiting === undefined)
    return ended(state, 'NOTHING_TO_DO', `no paused run of ${state.cluster} waits, and nothing for approval`);
  const request = parseRequest(waiting.request);
  if (!request.ok) throw new BadRequest(request.problems);
  const answer = await planned({ ...state, request: request.value }, cluster);
  // Whoever said `resume` is told why not, and asks again: the request does not wait on.
  if (answer.ending?.outcome === 'REFUSED') await dropPending(table, waiting);
  return answer;
}

/** A dead run's claim: this execution gives back what it left, under its id. */
function takenOver(state: RunState, claim: Claim): RunState {
  return { ...state, mode: 'abort', runId: claim.runId, next: 'prepare' };
}

/** The claim is ours already: this execution carries on a run that an earlier one handed over, or repeats its start. */
async function continued(state: RunState, claim: Claim): Promise<RunState> {
  const run = await readRun(ledger(), claim.runId);
  const request = run === undefined ? state.request : parseOwn(run.record.request, state.request);
  const own = { ...state, request, runId: claim.runId, token: claim.token };
  return request.mode === 'game-day'
    ? { ...own, mode: 'game-day', next: 'game-day' }
    : { ...own, next: 'prepare' };
}

function parseOwn(stored: Readonly<Record<string, unknown>>, otherwise: Request): Request {
  const parsed = parseRequest(stored);
  return parsed.ok ? parsed.value : otherwise;
}

/** Noted by whoever of ours started the execution; else its name tells. */
async function triggerOf(table: Table, { execution }: RunState): Promise<Provenance> {
  const name = execution.slice(execution.lastIndexOf(':') + 1);
  return (await readTrigger(table, name)) ?? originOfExecution(name);
}

async function wait(
  state: RunState,
  waitsFor: PendingRequest['waitsFor'],
  sinceMs: number,
  more: Partial<PendingRequest> = {},
): Promise<void> {
  await keepPending(ledger(), { ...(await pendingOf(state, waitsFor, sinceMs)), ...more });
}

function workOf({ cluster, request }: RunState): Pick<PendingRequest, 'cluster' | 'purpose'> {
  return { cluster, purpose: purposeOf(request) };
}

async function pendingOf(
  state: RunState,
  waitsFor: PendingRequest['waitsFor'],
  sinceMs: number,
): Promise<PendingRequest> {
  return {
    ...workOf(state),
    request: { ...state.request },
    waitsFor,
    sinceMs,
    triggeredBy: await triggerOf(ledger(), state),
  };
}

function ended(state: RunState, outcome: Outcome, reason: string): RunState {
  return { ...state, mode: 'none', next: 'report', ending: { outcome, reason } };
}

function summaryOf(plan: Plan): RunState['summary'] {
  return {
    verdict: plan.verdict,
    outdated: plan.groups.reduce((sum, group) => sum + group.outdated.length, 0),
    keptOut: plan.keptOut.length,
    exempt: plan.exempt.length,
    findings: plan.findings.length,
    predictedSeconds: plan.predicted.durationSeconds,
  };
}

export const handler = handlerOf(PlanInput, plan);
