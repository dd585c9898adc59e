/**
 * Look, decide, remember: one tick of a run.
 *
 * Started by the machine after `prepare` and after every act or wait; ends by naming the next state with what it is to do.
 * It trusts no earlier look. What it decides is in the ledger before anybody acts on it, so this may crash anywhere and be
 * repeated. It changes nothing of the cluster itself.
 */
import { inBatches } from './aws/batches.ts';
import { dynamodb } from './aws/clients.ts';
import { readWorld, type World } from './aws/facts/read-facts.ts';
import { renewClaim } from './aws/ledger/claims.ts';
import { keepReasons } from './aws/ledger/reasons.ts';
import { type Run, readRun, remember, writeControl } from './aws/ledger/runs.ts';
import { createTable, type Table } from './aws/ledger/table.ts';
import type { Facts } from './core/facts.ts';
import type { Step } from './core/step.ts';
import { heldBackText } from './core/summary.ts';
import { environment } from './edge/environment.ts';
import { logger } from './edge/logger.ts';
import { measure } from './edge/metrics.ts';
import { drainActs, NO_ACTS, nextAct, type RunState, runStateSchema } from './edge/run-state.ts';
import { cutToBatch } from './flow/acts.ts';
import { forbiddenNow } from './flow/allowed.ts';
import { isFree } from './flow/claim.ts';
import { decideOnDrains } from './flow/deciding.ts';
import { handlerOf } from './flow/handler.ts';
import { takeJoins } from './flow/joined.ts';
import { factClients, rememberingOf } from './flow/planning.ts';
import { handedOver, handOver } from './flow/successor.ts';
import { tell } from './flow/tell.ts';

/**
 * Events that a pass through a state adds to the execution's history: a Lambda task five, a choice two, a wait two.
 * Source: AWS Step Functions API reference, HistoryEvent.type.
 */
const EVENTS = { task: 5, choice: 2, wait: 2 } as const;

/** A line may have 256 KB, by AWS's newer pages 1 MB (Amazon CloudWatch Logs API reference, PutLogEvents). */
const HOLDS_PER_LINE = 500;

async function assess(state: RunState): Promise<RunState> {
  const table = createTable(dynamodb, environment().tableName);
  const nowMs = Date.now();
  if (!(await renewClaim(table, state.cluster, state.token, nowMs))) {
    return (await isFree(table, state)) ? redriven(state) : handedOver(table, state);
  }
  const run = await readRun(table, state.runId);
  if (run?.memory === undefined || run.plan === undefined)
    throw new Error(`run ${state.runId} has no memory`);
  const { settings, continuedBy = [] } = run.record;
  const world = await readWorld(factClients, {
    cluster: state.cluster,
    memory: run.memory,
    nowMs,
    alarms: settings.alarms,
    look: 'tick',
    remembering: rememberingOf(table, state.runId, nowMs),
  });
  if (world === undefined) return readOn(state);
  const allowed = await stopWhereForbidden(table, run, world, nowMs);
  const joined = await takeJoins(table, { ...run, plan: run.plan }, allowed.facts, nowMs);
  const { facts, step } = await decideOnDrains(
    { ...allowed, facts: joined.facts },
    joined.plan,
    settings,
    nowMs,
  );
  logDecision(state, step);

  // Told before remembered: after a crash between the two somebody hears it twice, never not at all.
  await tell(
    step.notify.map(({ kind, message, instanceId, detail }) => ({
      kind,
      cluster: state.cluster,
      runId: state.runId,
      message,
      ...(instanceId === undefined ? {} : { detail: { instanceId, ...detail } }),
    })),
    settings,
  );
  const { acts, remember: changed } = cutToBatch(step, `${state.execution}#${state.counters.ticks}`);
  await remember(table, run.memory, changed);
  await keepReasons(table, run.memory, step.holds, nowMs);
  measureRun(state.cluster, run, step, facts);

  const next = step.pinBack ? 'prepare' : step.restore ? 'restore' : nextAct(acts);
  const decided: RunState = {
    ...state,
    step: acts,
    next,
    nextLookAt: new Date(nowMs + Math.ceil(step.waitSeconds) * 1000).toISOString(),
    counters: {
      ...state.counters,
      ticks: state.counters.ticks + 1,
      events: state.counters.events + eventsOf(acts),
    },
    summary: summaryOf(step, facts),
    ...(step.end === undefined ? {} : { ending: step.end }),
  };
  const isLong = decided.counters.events > environment().historyEventsMax && next === 'wait';
  return isLong ? handOver(table, decided, continuedBy) : decided;
}

/** All was given back since this execution stopped, and nobody has the cluster: what is asked for is planned anew. */
function redriven(state: RunState): RunState {
  return { ...state, step: NO_ACTS, next: 'plan' };
}

/** What the deployment or the cluster's owner no longer allows ends the run as an abort does. */
async function stopWhereForbidden(table: Table, run: Run, world: World, nowMs: number): Promise<World> {
  const { memory } = world.facts;
  if (memory.phase !== 'rolling' || memory.control !== undefined) return world;
  const { cluster, settings, runId } = run.record;
  const problem = forbiddenNow(cluster, settings, world.facts.clusterTags);
  if (problem === undefined) return world;
  const ending = { outcome: 'ABORTED', reason: problem } as const;
  const control = { mode: 'abort', atMs: nowMs, by: 'the deployment', ending } as const;
  await writeControl(table, runId, control);
  return { ...world, facts: { ...world.facts, memory: { ...memory, control } } };
}

/** More has changed than one invocation can read: the machine comes back here, and what was read is remembered. */
function readOn(state: RunState): RunState {
  const events = state.counters.events + EVENTS.task + EVENTS.choice;
  return { ...state, next: 'assess', counters: { ...state.counters, events } };
}

function eventsOf(acts: RunState['step']): number {
  const acting = [
    acts.register.length > 0,
    drainActs(acts) > 0,
    acts.terminate.length + acts.deregister.length > 0,
  ].filter(Boolean).length;
  return (1 + acting) * (EVENTS.task + EVENTS.choice) + EVENTS.wait;
}

/** Why each host does not move is in the log, whole; the state has only what people read at a glance. */
function logDecision(state: RunState, step: Step): void {
  logger.info('decided', {
    cluster: state.cluster,
    runId: state.runId,
    phase: step.phase,
    reason: step.reason,
    register: step.register,
    activate: step.activate,
    drain: step.drain,
    terminate: step.terminate,
    holds: step.holds.slice(0, HOLDS_PER_LINE),
    waitSeconds: step.waitSeconds,
    end: step.end,
  });
  const [, ...rest] = inBatches(step.holds, HOLDS_PER_LINE);
  for (const holds of rest) logger.info('decided, more holds', { runId: state.runId, holds });
}

function summaryOf(step: Step, facts: Facts): RunState['summary'] {
  const old = new Set(
    facts.memory.hosts.filter((host) => host.role === 'outdated').map((host) => host.instanceId),
  );
  const hosts = facts.hosts.filter((host) => host.ec2State !== 'terminated');
  return {
    phase: step.phase,
    reason: step.reason.slice(0, 500),
    outdatedLeft: hosts.filter((host) => old.has(host.instanceId)).length,
    draining: hosts.filter((host) => host.status === 'DRAINING').length,
    moves: facts.memory.movesSeen,
    holding: step.holds.length,
    heldBack: heldBackText(step.holds),
  };
}

function measureRun(cluster: string, run: Run, step: Step, facts: Facts): void {
  for (const group of run.memory?.groups ?? []) {
    const { autoScalingGroupName } = group;
    const old = new Set(
      (run.memory?.hosts ?? [])
        .filter((host) => host.role === 'outdated' && host.autoScalingGroupName === autoScalingGroupName)
        .map((host) => host.instanceId),
    );
    const left = facts.hosts.filter((host) => old.has(host.instanceId) && host.ec2State !== 'terminated');
    const held = (run.memory?.hosts ?? []).filter(
      (host) => old.has(host.instanceId) && host.held !== undefined,
    );
    measure(
      { InstancesOutdated: left.length, InstancesHeld: held.length },
      { cluster, autoScalingGroupName },
    );
  }
  const goneBefore = new Set(
    (run.memory?.hosts ?? []).filter((host) => host.goneSinceMs !== undefined).map((host) => host.instanceId),
  );
  for (const { instanceId, drainingSinceMs, emptySinceMs, goneSinceMs, ...host } of step.remember.hosts) {
    if (goneSinceMs === undefined || drainingSinceMs === undefined || goneBefore.has(instanceId)) continue;
    const seconds = ((emptySinceMs ?? goneSinceMs) - drainingSinceMs) / 1000;
    measure({ DrainSeconds: seconds }, { cluster, autoScalingGroupName: host.autoScalingGroupName ?? '' });
  }
  measure({ RolloverInProgress: step.restore ? 0 : 1 }, { cluster });
}

export const handler = handlerOf(runStateSchema, assess);
