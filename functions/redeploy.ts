/**
 * Fargate retires tasks: the services that notices name get a new deployment each, a few at a time, and are proved moved.
 *
 * Started by the machine of `statemachine/retirement.asl.json`, which comes back here until nothing moves any more; ends by
 * saying how that went. It holds the cluster's claim meanwhile. Every look reads services and ledger anew; what is about to
 * be begun is written down before. Nothing is forced that would start other code.
 */
import * as z from 'zod';
import { ecs } from './aws/clients.ts';
import { describeCluster } from './aws/clusters.ts';
import { tagsOf } from './aws/facts/read-facts.ts';
import { renewClaim, takeClaim } from './aws/ledger/claims.ts';
import { readTrigger } from './aws/ledger/notes.ts';
import { readControl, writeRedeploys } from './aws/ledger/redeploys.ts';
import { beginRun } from './aws/ledger/runs.ts';
import type { Table } from './aws/ledger/table.ts';
import { forceNewDeployment } from './aws/service-deployments.ts';
import type { Outcome } from './core/outcome.ts';
import { decideRedeploy, type RedeployStep } from './core/redeploy/decide.ts';
import type { Settings } from './core/settings.ts';
import { environment } from './edge/environment.ts';
import { BadRequest, ClaimLost } from './edge/errors.ts';
import { optInOf } from './edge/guardrails.ts';
import { originOfExecution } from './edge/origin.ts';
import { parseRequest } from './edge/request.ts';
import { type RunState, runStateSchema } from './edge/run-state.ts';
import { unstart } from './flow/answer-fargate.ts';
import { firstState, refusalOf } from './flow/begin.ts';
import { fenceOf, ledger } from './flow/claim.ts';
import { handlerOf } from './flow/handler.ts';
import { keepVerdicts, readRetirement } from './flow/retirement.ts';
import { settingsOf } from './flow/settings-of.ts';

const RedeployInput = z.union([
  runStateSchema,
  z.object({ request: z.unknown(), execution: z.string().min(1) }),
]);

/** A deployment takes minutes. */
const LOOK_SECONDS = 15;
/** History events of one look: the function, the choice, the wait. */
const EVENTS_PER_LOOK = 9;

async function redeploy(input: z.infer<typeof RedeployInput>): Promise<RunState> {
  const begun = 'version' in input ? input : begin(input);
  const table = ledger();
  const nowMs = Date.now();
  const cluster = await describeCluster(ecs, begun.cluster);
  if (cluster?.clusterName === undefined) {
    throw new BadRequest([`cluster: there is no ECS cluster ${begun.cluster} in this account and Region`]);
  }
  const named = { ...begun, cluster: cluster.clusterName };
  const refusal = refusalOf(named.cluster, tagsOf(cluster));
  if (refusal !== undefined) return ended(named, 'REFUSED', refusal);
  const settings = settingsOf(tagsOf(cluster), named.request);
  const state = await holding(table, named, cluster.clusterArn ?? '', settings, nowMs);
  if (state.ending !== undefined) return state;
  const asked = await readControl(table, state.runId);
  if (asked !== undefined) {
    return ended(
      state,
      'ABORTED',
      `${asked.mode} was asked for by ${asked.by}; what was begun goes on by itself`,
    );
  }

  const retirement = await readRetirement(table, cluster, settings, state, nowMs);
  const step = decideRedeploy({ observedAtMs: nowMs, services: retirement.services }, settings);
  if (optInOf(tagsOf(cluster), environment().guardrails) === 'observe') return observed(state, step);
  await keepVerdicts(table, retirement, step, state, settings);
  await writeRedeploys(table, state.runId, step.remember, nowMs);
  await force(table, state, step);
  const looked = counted(state, step);
  if (step.ending !== undefined) return ended(looked, step.ending.outcome, step.ending.reason);
  if (looked.counters.events > environment().historyEventsMax) {
    return ended(looked, 'PENDING_WINDOW', 'the execution is long: the sweep begins another one');
  }
  return { ...looked, next: 'wait', nextLookAt: new Date(nowMs + LOOK_SECONDS * 1000).toISOString() };
}

/** @throws BadRequest with every problem of the request */
function begin({ request, execution }: { request?: unknown; execution: string }): RunState {
  const parsed = parseRequest(request);
  if (!parsed.ok) throw new BadRequest(parsed.problems);
  return firstState(parsed.value.cluster, parsed.value, execution);
}

/**
 * Takes the cluster's claim at the first look, and keeps it at the others. Somebody else's run goes first.
 *
 * @throws ClaimLost when another run took it meanwhile
 */
async function holding(
  table: Table,
  state: RunState,
  clusterArn: string,
  settings: Settings,
  nowMs: number,
): Promise<RunState> {
  const { cluster, execution, runId, token } = state;
  if (token > 0) {
    if (await renewClaim(table, cluster, token, nowMs)) return state;
    throw new ClaimLost(cluster, 'another run');
  }
  const taking = await takeClaim(table, {
    cluster,
    owner: execution,
    runId,
    purpose: 'fargate-tasks',
    nowMs,
  });
  if ('heldBy' in taking) {
    await unstart(table, cluster);
    return ended(state, 'PENDING_WINDOW', `waits for the end of ${taking.heldBy}; the sweep begins again`);
  }
  await beginRun(table, {
    runId,
    cluster,
    clusterArn,
    execution,
    mode: 'redeploy',
    request: { ...state.request },
    settings,
    startedAtMs: nowMs,
    triggeredBy: (await readTrigger(table, runId)) ?? originOfExecution(runId),
  });
  return { ...state, token: taking.claim.token };
}

/** One call each, the claim looked at right before; a repeat finds what is written down, and waits. */
async function force(table: Table, state: RunState, step: RedeployStep): Promise<void> {
  const fence = fenceOf(table, state);
  for (const { serviceName } of step.force) {
    await fence();
    await forceNewDeployment(ecs, state.cluster, serviceName);
  }
}

/** A cluster that only observes is told what would be done. */
function observed(state: RunState, step: RedeployStep): RunState {
  const would = step.force.map(({ serviceName, reason }) => `${serviceName} (${reason})`);
  const reason =
    would.length === 0 ? 'no service would be deployed' : `would be deployed: ${would.join(', ')}`;
  return ended(state, 'SUCCEEDED', `only observed: ${reason}`);
}

function counted(state: RunState, step: RedeployStep): RunState {
  const { ticks, events, failures } = state.counters;
  return {
    ...state,
    counters: { ticks: ticks + 1, events: events + EVENTS_PER_LOOK, failures },
    summary: {
      begun: step.force.length,
      waiting: step.waiting.length,
      firstWaits: step.waiting[0]?.reason ?? '',
    },
  };
}

function ended(state: RunState, outcome: Outcome, reason: string): RunState {
  return { ...state, next: 'report', ending: { outcome, reason } };
}

export const handler = handlerOf(RedeployInput, redeploy);
