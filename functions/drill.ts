/**
 * A game day: single tasks of services whose owners opted in are stopped, one at a time, to learn what a retirement will do.
 *
 * Started by the machine when `plan` was asked for mode `game-day`, and again every few seconds until it ends by saying how
 * that went. It holds the cluster's claim meanwhile. Every look reads services, tasks and ledger anew; the one task that is
 * about to be stopped is written down before, so that a repeat stops no other one.
 */
import type { Cluster } from '@aws-sdk/client-ecs';
import { ecs } from './aws/clients.ts';
import { describeCluster } from './aws/clusters.ts';
import { tagsOf } from './aws/facts/read-facts.ts';
import { renewClaim, takeClaim } from './aws/ledger/claims.ts';
import { dropPending, readTrigger } from './aws/ledger/notes.ts';
import { readControl } from './aws/ledger/redeploys.ts';
import { beginRun } from './aws/ledger/runs.ts';
import type { Table } from './aws/ledger/table.ts';
import { stopTask } from './aws/tasks.ts';
import { decideGameDay, type GameDayStep, previewGameDay } from './core/game-day/decide.ts';
import type { Outcome } from './core/outcome.ts';
import type { Provenance } from './core/provenance.ts';
import type { Settings } from './core/settings.ts';
import { windowOf } from './core/windows.ts';
import { environment } from './edge/environment.ts';
import { ClaimHeld, ClaimLost } from './edge/errors.ts';
import { optInOf } from './edge/guardrails.ts';
import { originOfExecution } from './edge/origin.ts';
import { type RunState, runStateSchema } from './edge/run-state.ts';
import { forbiddenNow } from './flow/allowed.ts';
import { refusalOf } from './flow/begin.ts';
import { fenceOf, ledger } from './flow/claim.ts';
import { type GameDayLooked, keepGameDay, lookAtGameDay } from './flow/game-day.ts';
import { handlerOf } from './flow/handler.ts';
import { purposeOf } from './flow/purpose.ts';
import { settingsOf } from './flow/settings-of.ts';
import { waitForWindow } from './flow/wait-for-window.ts';

/** Two looks that have to agree are 15 s apart; what is measured is as exact as they are frequent. */
const LOOK_SECONDS = 10;
/** History events of one look: the function, the choice, the wait. */
const EVENTS_PER_LOOK = 9;

async function drill(state: RunState): Promise<RunState> {
  const table = ledger();
  const nowMs = Date.now();
  const cluster = await describeCluster(ecs, state.cluster);
  if (cluster === undefined) return stopped(state, `there is no cluster ${state.cluster} any more`);
  const tags = tagsOf(cluster);
  const settings = settingsOf(tags, state.request);
  const { guardrails, historyEventsMax } = environment();
  const refusal = refusalOf(state.cluster, tags);
  if (refusal !== undefined) return stopped(state, refusal);
  if (optInOf(tags, guardrails) === 'observe') {
    const would = previewGameDay(await lookAtGameDay(table, cluster, state, nowMs, true));
    return ended(state, 'SUCCEEDED', `only observed: ${would}`);
  }
  const problem = guardrails.neverForce
    ? 'the deployment never stops tasks by force (guardrail neverForce)'
    : forbiddenNow(state.cluster, settings, tags);
  if (problem !== undefined) return stopped(state, problem);

  const held = await holding(table, state, cluster, settings, nowMs);
  const asked = await readControl(table, held.runId);
  if (asked !== undefined)
    return ended(held, 'ABORTED', `${asked.mode} was asked for by ${asked.by}; nothing more is stopped`);

  const looked = await lookAtGameDay(table, cluster, held, nowMs);
  const isLong = held.counters.events > historyEventsMax;
  const step = decideGameDay(
    {
      observedAtMs: nowMs,
      runId: held.runId,
      window: windowOf(settings, undefined, nowMs),
      services: looked.services,
      leftAlone: looked.leftAlone,
      ...(isLong && { noMore: 'the execution is long: start another one for the rest' }),
    },
    settings,
  );
  if (step.ending?.outcome === 'PENDING_WINDOW')
    await waitForWindow(table, held, settings, await originOf(table, held), nowMs);
  return act(table, held, looked, step, nowMs);
}

/** What changed is written down, then the one task is stopped; the fence is looked at right before. */
async function act(
  table: Table,
  state: RunState,
  looked: GameDayLooked,
  step: GameDayStep,
  nowMs: number,
): Promise<RunState> {
  const isOurs = await keepGameDay(table, state, looked, step, nowMs);
  const { counters } = state;
  const next: RunState = {
    ...state,
    counters: { ...counters, ticks: counters.ticks + 1, events: counters.events + EVENTS_PER_LOOK },
    summary: summaryOf(looked, step),
    next: 'wait',
    nextLookAt: new Date(nowMs + LOOK_SECONDS * 1000).toISOString(),
  };
  if (!isOurs) return next;
  if (step.ending !== undefined) return ended(next, step.ending.outcome, step.ending.reason);
  if (step.stop !== undefined) {
    const { by } = await originOf(table, state);
    await fenceOf(table, state)();
    await stopTask(ecs, state.cluster, step.stop.taskArn, reasonOf(state.runId, step.stop.serviceName, by));
  }
  return next;
}

/** Who stopped it and why, for whoever finds the task; the run's id, early in it, tells our stops from others'. */
function reasonOf(runId: string, serviceName: string, by: string): string {
  return `ecs-rollover game day ${runId} (${by}): one task of ${serviceName} is stopped to see it replaced`;
}

/**
 * Takes the cluster's claim at the first look, and keeps it at the others.
 *
 * @throws ClaimHeld when another run has the cluster: the request waits for its end
 * @throws ClaimLost when another run took it meanwhile
 */
async function holding(
  table: Table,
  state: RunState,
  { clusterArn = '' }: Cluster,
  settings: Settings,
  nowMs: number,
): Promise<RunState> {
  const { cluster, execution, runId, token, request } = state;
  if (token > 0) {
    if (await renewClaim(table, cluster, token, nowMs)) return state;
    throw new ClaimLost(cluster, 'another run');
  }
  const purpose = purposeOf(request);
  const taking = await takeClaim(table, { cluster, owner: execution, runId, purpose, nowMs });
  if ('heldBy' in taking) throw new ClaimHeld(cluster, taking.heldBy);
  await dropPending(table, { cluster, purpose });
  await beginRun(table, {
    runId,
    cluster,
    clusterArn,
    execution,
    mode: request.mode,
    request: { ...request },
    settings,
    startedAtMs: nowMs,
    triggeredBy: await originOf(table, state),
  });
  return { ...state, token: taking.claim.token };
}

async function originOf(table: Table, { runId }: Pick<RunState, 'runId'>): Promise<Provenance> {
  return (await readTrigger(table, runId)) ?? originOfExecution(runId);
}

function summaryOf({ services }: GameDayLooked, { stop, waitsFor }: GameDayStep): RunState['summary'] {
  const stops = services.reduce((sum, { memory }) => sum + memory.stops.length, stop === undefined ? 0 : 1);
  return {
    services: services.length,
    stops,
    ...(stop && { now: `${stop.serviceName}: stops ${stop.taskArn}` }),
    ...(waitsFor && { now: `${waitsFor.serviceName}: ${waitsFor.reason}` }),
  };
}

/** It may not begin, or not go on. */
function stopped(state: RunState, reason: string): RunState {
  return ended(state, state.token > 0 ? 'ABORTED' : 'REFUSED', reason);
}

function ended(state: RunState, outcome: Outcome, reason: string): RunState {
  return { ...state, next: 'report', ending: { outcome, reason } };
}

export const handler = handlerOf(runStateSchema, drill);
