/**
 * Before the first change: the claim, a fresh plan, the originals in the ledger; then each group is pinned to the literal
 * image and what would work against the run is suspended.
 *
 * Started by the machine when `plan` found something to do; ends in `assess`. Everything may have changed since `plan`
 * looked, so it plans again. A repeat after a crash finds its own claim and its own originals, and carries on from there:
 * originals are written once, before anything is touched, and never again.
 */
import { describeGroups, suspendProcesses, updateGroup } from './aws/auto-scaling-groups.ts';
import { autoScaling } from './aws/clients.ts';
import { describeError, isInvalid } from './aws/error-codes.ts';
import { canonical, launchSourceOf } from './aws/launch-sources.ts';
import { type Claim, readClaim, takeClaim } from './aws/ledger/claims.ts';
import { readEarlier } from './aws/ledger/earlier.ts';
import { noteExecution } from './aws/ledger/executions.ts';
import { dropPending } from './aws/ledger/notes.ts';
import {
  beginRun,
  type Run,
  readRun,
  remember,
  writeApproved,
  writeControl,
  writeMemory,
  writeRunPlan,
} from './aws/ledger/runs.ts';
import { dropSurplus, listSurpluses } from './aws/ledger/surpluses.ts';
import type { Table } from './aws/ledger/table.ts';
import { groupsScaledByAlarms } from './aws/scaling-policies.ts';
import { deleteWarmPool, warmPoolOf } from './aws/warm-pools.ts';
import { isSameWork } from './core/earlier.ts';
import { onlySurpluses, withSurpluses } from './core/leftover.ts';
import type { GroupMemory, RunMemory } from './core/memory.ts';
import { openingMemory } from './core/opening.ts';
import type { Ending } from './core/outcome.ts';
import type { Plan } from './core/plan.ts';
import { type Provenance, provenanceText } from './core/provenance.ts';
import { overriddenBy } from './core/windows.ts';
import { ClaimHeld } from './edge/errors.ts';
import { logger } from './edge/logger.ts';
import { deadlineMsOf } from './edge/request.ts';
import { type RunState, runStateSchema } from './edge/run-state.ts';
import { forbiddenNow } from './flow/allowed.ts';
import { imagesOf, isApproved } from './flow/approval.ts';
import { endingOfDead, fenceOf, ledger, ownerLives } from './flow/claim.ts';
import { handlerOf } from './flow/handler.ts';
import { pinGroup } from './flow/pin.ts';
import { pinBack } from './flow/pin-back.ts';
import { emptyMemory, planCluster } from './flow/planning.ts';
import { purposeOf } from './flow/purpose.ts';
import { tell } from './flow/tell.ts';
import { orphanedSurpluses } from './flow/waiting.ts';

/** The dead run's last Lambda may still be at it: they time out within a minute. */
const LAST_LAMBDA_SECONDS = 75;

async function prepare(state: RunState): Promise<RunState> {
  const table = ledger();
  const nowMs = Date.now();
  const deadOwner = (await readClaim(table, state.cluster))?.owner;
  const claim = await claimCluster(table, state, nowMs);
  const claimed: RunState = { ...state, runId: claim.runId, token: claim.token };
  const run = await readRun(table, claim.runId);
  // Not before a dead run's last Lambda is over: who takes a run over waits for that, and looks, first.
  const isTakeover = state.mode === 'abort' && state.counters.ticks === 0;
  if (run?.memory?.goBack === 'asked' && !isTakeover)
    return goingBack(table, claimed, run.memory, run.record.settings);
  if (state.mode === 'abort') return givingBack(table, claimed, run, deadOwner, nowMs);
  await dropPending(table, { cluster: state.cluster, purpose: purposeOf(state.request) });

  return begun(table, claimed, run, nowMs);
}

/** `ending`: how the work ends, where only hosts of earlier windows are to be taken away. */
async function begun(
  table: Table,
  state: RunState,
  run: Run | undefined,
  nowMs: number,
  ending?: Ending,
): Promise<RunState> {
  const isThere = run?.memory !== undefined && run.plan !== undefined;
  const beginning = isThere ? run : await begin(table, state, run?.record.triggeredBy, nowMs, ending);
  // Too large to be read in one invocation: the machine comes back here.
  if (beginning === undefined) return { ...state, next: 'prepare' };
  if ('ending' in beginning) return { ...state, next: 'report', ending: beginning.ending };
  const { memory, plan } = beginning;
  if (memory === undefined || plan === undefined) throw new Error(`run ${state.runId} has no plan`);
  await holdStill(table, state, plan, memory);
  return { ...state, next: 'assess' };
}

/** @throws ClaimHeld when another run that is alive holds the cluster. */
async function claimCluster(table: Table, state: RunState, nowMs: number): Promise<Claim> {
  const before = await readClaim(table, state.cluster);
  const isOthers = before !== undefined && before.owner !== state.execution;
  if (isOthers && (state.mode !== 'abort' || (await ownerLives(before, nowMs)))) {
    throw new ClaimHeld(state.cluster, before.owner ?? 'another run');
  }
  const runId = before?.runId ?? state.runId;
  const name = state.execution.slice(state.execution.lastIndexOf(':') + 1);
  if (runId !== name) await noteExecution(table, name, { runId }, nowMs);
  const taking = await takeClaim(table, {
    cluster: state.cluster,
    owner: state.execution,
    runId,
    purpose: purposeOf(state.request),
    nowMs,
    ...(before === undefined ? {} : { takesOver: before }),
  });
  if ('heldBy' in taking) throw new ClaimHeld(state.cluster, taking.heldBy);
  return taking.claim;
}

/** A rollback after old hosts had gone: the groups launch what ran before, and `assess` brings it back. */
async function goingBack(
  table: Table,
  state: RunState,
  memory: RunMemory,
  settings: Run['record']['settings'],
): Promise<RunState> {
  const fence = fenceOf(table, state);
  const rememberGroup = (group: GroupMemory) =>
    remember(table, memory, { groups: [group], hosts: [], services: [] });
  const problems: string[] = [];
  for (const group of memory.groups) {
    if (group.referenceOnly || group.imagesBefore === undefined) continue;
    const problem = await pinBack(group, { runId: state.runId, fence, remember: rememberGroup });
    if (problem !== undefined) problems.push(problem);
  }
  const goBack = problems.length > 0 ? 'given-up' : 'pinned';
  await remember(table, memory, { run: { goBack }, groups: [], hosts: [], services: [] });
  if (problems.length > 0) {
    const message = `new hosts stay on the image that was rolled back: ${problems.join('; ')}`;
    const { cluster, runId } = state;
    await tell([{ kind: 'new-hosts-stay', cluster, runId, message }], settings);
  }
  return { ...state, next: 'assess' };
}

/** A dead run's leftovers: nothing new begins; `assess` and `restore` give back what it touched. */
async function givingBack(
  table: Table,
  state: RunState,
  run: Run | undefined,
  deadOwner: string | undefined,
  nowMs: number,
): Promise<RunState> {
  // A repeat of this state finds its own claim: then it was the run's first execution that died, or one that it began.
  const dead = deadOwner === state.execution ? run?.record.execution : deadOwner;
  if (run?.memory === undefined) {
    const { outcome, reason } = await endingOfDead(dead);
    const left = run?.record.mode === 'game-day' ? 'ECS replaces what was stopped' : 'nothing was touched';
    const ending = state.ending ?? { outcome, reason: `${reason}; ${left}` };
    const orphans = await orphanedSurpluses(table, {
      cluster: state.cluster,
      purpose: purposeOf(state.request),
    });
    return orphans.length > 0
      ? begun(table, state, run, nowMs, ending)
      : { ...state, next: 'report', ending };
  }
  if (run.memory.phase === 'rolling' && run.memory.control === undefined) {
    // An item of its own: the dead run's last Lambda may still write the others.
    const ending = await endingOfDead(dead);
    await writeControl(table, state.runId, { mode: 'abort', atMs: nowMs, by: state.execution, ending });
  }
  if (run.memory.phase === 'closed') return { ...state, next: 'restore' };
  return { ...state, next: 'wait', nextLookAt: new Date(nowMs + LAST_LAMBDA_SECONDS * 1000).toISOString() };
}

/** Plans again and writes everything down; nothing is touched yet. Undefined while the cluster is still being read. */
async function begin(
  table: Table,
  state: RunState,
  triggeredBy: Provenance | undefined,
  nowMs: number,
  over: Ending | undefined,
): Promise<Run | { readonly ending: Ending } | undefined> {
  const { runId, cluster, request, execution } = state;
  const planned = await planCluster(cluster, request, emptyMemory(runId, nowMs));
  if (planned === undefined) return undefined;
  const { facts, settings } = planned;
  const of = { cluster, purpose: purposeOf(request) };
  const orphans = await orphanedSurpluses(table, of);
  const standing = new Set(facts.groups.map((group) => group.autoScalingGroupName));
  const left = orphans.filter(({ autoScalingGroupName: name }) => standing.has(name));
  for (const { autoScalingGroupName: name } of orphans) {
    if (!standing.has(name)) await dropSurplus(table, cluster, name);
  }
  const { verdict, reason } = planned.plan;
  const ending = over ?? (verdict === 'roll' ? undefined : { outcome: verdict, reason });
  const plan = ending === undefined ? withSurpluses(planned.plan, left) : onlySurpluses(planned.plan, left);
  const record = {
    runId,
    cluster,
    clusterArn: facts.clusterArn,
    execution,
    mode: request.mode,
    request: { ...request },
    settings,
    startedAtMs: nowMs,
    ...(triggeredBy && { triggeredBy }),
  };
  await beginRun(table, record);
  await writeRunPlan(table, runId, plan, nowMs);
  if (ending !== undefined && left.length === 0) return { ending };
  const problem = ending === undefined ? forbiddenNow(cluster, settings, facts.clusterTags) : undefined;
  if (problem !== undefined) return { ending: { outcome: 'REFUSED', reason: problem } };

  const names = plan.groups.map((group) => group.autoScalingGroupName);
  const described = await describeGroups(autoScaling, names);
  const sources = new Map(
    described.map((group) => [group.AutoScalingGroupName ?? '', canonical(launchSourceOf(group) ?? {})]),
  );
  const warmPools = new Map(
    described.flatMap((group) => {
      const pool = warmPoolOf(group);
      return pool === undefined ? [] : [[group.AutoScalingGroupName ?? '', pool] as const];
    }),
  );
  const deadlineMs = deadlineMsOf(request);
  const surpluses = await listSurpluses(table, cluster);
  const earlier = await readEarlier(table, of);
  const scaledByAlarms = await groupsScaledByAlarms(autoScaling, names);
  const opening = openingMemory(facts, plan, sources, warmPools, surpluses, scaledByAlarms, {
    runId,
    startedAtMs: nowMs,
    ...(deadlineMs !== undefined && { deadlineMs }),
    ...(earlier && isSameWork(earlier, imagesOf(plan)) && { earlier }),
  });
  const memory: RunMemory = ending === undefined ? opening : { ...opening, phase: 'closing', ending };
  await writeMemory(table, memory);
  if (ending !== undefined) return { record, memory, plan };
  const yes = await isApproved(table, of, imagesOf(plan));
  if (yes !== undefined) await writeApproved(table, runId, { atMs: yes.atMs, by: yes.by });
  const hosts = plan.groups.reduce((sum, group) => sum + group.outdated.length, 0);
  const by = triggeredBy === undefined ? '' : `; started by ${provenanceText(triggeredBy)}`;
  const overridden = overriddenBy(settings, deadlineMs, nowMs);
  const outside =
    overridden === undefined
      ? ''
      : `; outside of ${overridden}, since the deadline ${request.deadline} is near`;
  const message = `replacing ${hosts} hosts of ${cluster}: ${plan.reason}${by}${outside}`;
  const detail = { reason: request.reason, ...(triggeredBy && { triggeredBy }) };
  await tell([{ kind: 'started', cluster, runId, message, detail }], settings);
  return { record, memory, plan };
}

/** Pins the image, suspends what would move hosts on its own, protects new hosts from scale-in. */
async function holdStill(table: Table, state: RunState, plan: Plan, memory: RunMemory): Promise<void> {
  const fence = fenceOf(table, state);
  const rememberGroup = (group: GroupMemory) =>
    remember(table, memory, { groups: [group], hosts: [], services: [] });
  for (const planned of plan.groups) {
    const group = memory.groups.find((one) => one.autoScalingGroupName === planned.autoScalingGroupName);
    if (group === undefined) continue;
    // A group of which only a surplus is taken away launches nothing; nor does one of a run that closes, and there the
    // reference may be back already, and our version gone.
    const launches = planned.outdated.length + planned.target.images.length > 0;
    if (launches && memory.phase === 'rolling') {
      await pinGroup(planned, group, { runId: state.runId, fence, remember: rememberGroup });
      if (group.original.warmPool !== undefined) await emptyWarmPool(group.autoScalingGroupName, fence);
    }
    if (group.suspendedByUs.length > 0) {
      await fence();
      await suspendProcesses(autoScaling, group.autoScalingGroupName, [...group.suspendedByUs]);
    }
    if (group.protectedByUs) {
      await fence();
      await updateGroup(autoScaling, {
        AutoScalingGroupName: group.autoScalingGroupName,
        NewInstancesProtectedFromScaleIn: true,
      });
    }
  }
}

/** What waits in the pool has the old image; `restore` puts the pool back. Gone, or going: nothing to do. */
async function emptyWarmPool(name: string, fence: () => Promise<void>): Promise<void> {
  const [described] = await describeGroups(autoScaling, [name]);
  if (described === undefined || warmPoolOf(described) === undefined) return;
  await fence();
  try {
    await deleteWarmPool(autoScaling, name);
  } catch (error) {
    // An earlier try of ours may have done it, and the read is older.
    if (!isInvalid(error)) throw error;
    logger.warn('the warm pool could not be deleted', { group: name, error: describeError(error) });
  }
}

export const handler = handlerOf(runStateSchema, prepare);
