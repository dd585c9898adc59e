/**
 * All that the run touched goes back: hosts, template reference, sizes, flags, processes.
 *
 * Started by the machine when `assess` says that nothing is left to do, or when a state failed for good; ends in `report`.
 * After a failure the run is first sent back into `assess` once, to give back hosts the careful way; only a second failure
 * is restored from where it stands. Safe to repeat at any point: what is as it should be is not touched again, and an
 * unfinished restore keeps the claim, so that the sweep begins another one.
 */

import { describeGroupInstances } from './aws/auto-scaling-groups.ts';
import { present } from './aws/batches.ts';
import { autoScaling, ecs } from './aws/clients.ts';
import { describeCluster } from './aws/clusters.ts';
import { listContainerInstances, setContainerInstanceStatus } from './aws/container-instances.ts';
import { describeError, isDenial, isDenied } from './aws/error-codes.ts';
import { type Claim, readClaim, renewClaim } from './aws/ledger/claims.ts';
import { type Run, readRun, remember } from './aws/ledger/runs.ts';
import type { Table } from './aws/ledger/table.ts';
import type { HostMemory, RunMemory } from './core/memory.ts';
import type { Ending } from './core/outcome.ts';
import { backAtWork } from './core/rules/unplaced.ts';
import { ClaimLost } from './edge/errors.ts';
import { logger } from './edge/logger.ts';
import { NO_ACTS, type RunState, runStateSchema } from './edge/run-state.ts';
import { fenceOf, ledger } from './flow/claim.ts';
import { giveBack } from './flow/give-back.ts';
import { handlerOf } from './flow/handler.ts';
import { shortHash } from './flow/purpose.ts';
import { takeQuiesceBack } from './flow/quiesce-over.ts';
import { awaitEnds } from './flow/restore-wait.ts';
import { tell } from './flow/tell.ts';

/** How often a failed run is sent back to give back its hosts by the rules of `assess`. */
const CLOSINGS_MAX = 1;

async function restore(input: RunState): Promise<RunState> {
  const table = ledger();
  const claim = await readClaim(table, input.cluster);
  const state = withOwnClaim(input, claim);
  const { error, ...healthy } = state;
  const failed: Ending | undefined = error && { outcome: 'FAILED', reason: reasonOf(error) };
  // It failed before it had the claim: nothing was touched.
  if (failed !== undefined && claim?.owner === undefined && state.token === 0) {
    return { ...healthy, step: NO_ACTS, next: 'report', ending: failed };
  }
  if (!(await renewClaim(table, state.cluster, state.token, Date.now()))) {
    throw new ClaimLost(state.cluster, claim?.owner ?? 'another run');
  }
  const run = await readRun(table, state.runId);
  if (run?.memory === undefined) {
    return { ...healthy, step: NO_ACTS, next: 'report', ending: failed ?? endingOf(state, run) };
  }
  // Somebody deleted the cluster: of its hosts nothing can be given back, of groups and templates everything.
  const isGone = failed !== undefined && (await describeCluster(ecs, state.cluster)) === undefined;
  const isCareful = run.memory.phase === 'rolling' && state.counters.failures < CLOSINGS_MAX && !isGone;
  if (failed !== undefined && isCareful) {
    await remember(table, run.memory, {
      run: { phase: 'closing', ending: failed },
      groups: [],
      hosts: [],
      services: [],
    });
    const counters = { ...state.counters, failures: state.counters.failures + 1 };
    return { ...healthy, step: NO_ACTS, counters, next: 'assess' };
  }

  const ending = endingOf({ ...healthy, ...(failed && { ending: state.ending ?? failed }) }, run);
  const fence = fenceOf(table, state);
  const warnings: string[] = [];
  if (isGone) warnings.push(`${state.cluster} does not exist any more`);
  else {
    await hostsBackToWork(table, state.cluster, run.memory, fence, warnings);
    warnings.push(...(await takeQuiesceBack(table, state, run.memory, fence)));
  }
  const keepsTarget =
    ending.outcome === 'SUCCEEDED' || (ending.outcome === 'PARTIAL' && hasReplaced(run.memory));
  const failures: unknown[] = [];
  const waitsFor: string[] = [];
  let surplus = 0;
  for (const group of run.memory.groups) {
    try {
      const given = await giveBack(group, {
        table,
        cluster: state.cluster,
        runId: state.runId,
        goesOn: ending.outcome === 'PENDING_WINDOW',
        memory: run.memory,
        keepsTarget,
        fence,
        remember: (changed) =>
          remember(table, run.memory as RunMemory, { groups: [changed], hosts: [], services: [] }),
      });
      if (given.waitsFor !== undefined) waitsFor.push(given.waitsFor);
      warnings.push(...given.warnings);
      surplus += given.surplus;
    } catch (cause) {
      // The other groups are put back all the same; then the whole is tried again.
      if (cause instanceof ClaimLost) throw cause;
      if (isDenied(cause))
        warnings.push(`${group.autoScalingGroupName} is not all put back: ${describeError(cause)}`);
      else failures.push(cause);
    }
  }
  if (failures.length > 0) throw failures[0];
  if (waitsFor.length > 0) return awaitEnds(table, { ...healthy, ending }, run, waitsFor);
  // Hosts beyond the goal whom nobody could drain for a failure: the run stays open, the sweep has it tried again. What our
  // role may not do will not come right by itself: then people are told, once.
  const isDeniedForGood = isDenial(error?.Error ?? '');
  const isLeftOpen = failed !== undefined && surplus > 0 && !isDeniedForGood && !isGone;
  if (isDeniedForGood && surplus > 0)
    warnings.push(
      `${surplus} hosts beyond the goal stay, since this role may not take them away: ${failed?.reason}`,
    );
  const told = await warn(state, run, warnings);
  await remember(table, run.memory, {
    run: { phase: isLeftOpen ? 'closing' : 'closed', ending, told },
    groups: [],
    hosts: [],
    services: [],
  });
  return { ...healthy, step: NO_ACTS, next: 'report', ending };
}

/**
 * A run that is left open is restored again and again: people hear of each warning once. Told before remembered: after a
 * crash between the two somebody hears it twice, never not at all.
 *
 * @returns what people have been told of the run by now
 */
async function warn(
  { cluster, runId }: RunState,
  { record, memory }: Run,
  warnings: readonly string[],
): Promise<readonly string[]> {
  const { told = [] } = memory ?? {};
  const news = warnings.filter((warning) => !told.includes(toldKey(warning)));
  if (warnings.length > 0) logger.warn('restored with warnings', { cluster, warnings });
  if (news.length === 0) return told;
  const kind = 'restored-with-warnings';
  await tell([{ kind, cluster, runId, message: news.join('\n') }], record.settings);
  return [...told, ...news.map(toldKey)];
}

const toldKey = (warning: string) => `restored-with-warnings ${shortHash(warning)}`;

/** `prepare` may have failed after it had claimed the cluster: then the state that travels knows nothing of its claim. */
function withOwnClaim(state: RunState, claim: Claim | undefined): RunState {
  if (claim?.owner !== state.execution) return state;
  return { ...state, token: claim.token, runId: claim.runId };
}

/**
 * Hosts that we set to DRAINING and that are still in service: none may be left so (I8). Remembered before: a run that goes
 * on afterwards must not take it for somebody else's act.
 */
async function hostsBackToWork(
  table: Table,
  cluster: string,
  memory: RunMemory,
  fence: () => Promise<void>,
  warnings: string[],
): Promise<void> {
  const ours = new Map(
    memory.hosts.filter((host) => isDrainedByUs(host, memory)).map((host) => [host.instanceId, host]),
  );
  if (ours.size === 0) return;
  const draining = (await listContainerInstances(ecs, cluster)).filter(
    (host) => host.status === 'DRAINING' && ours.has(host.ec2InstanceId ?? ''),
  );
  const details = await describeGroupInstances(
    autoScaling,
    present(draining.map((host) => host.ec2InstanceId)),
  );
  const inService = new Set(
    details.filter((one) => one.LifecycleState === 'InService').map((one) => one.InstanceId),
  );
  const returning = draining.filter((host) => inService.has(host.ec2InstanceId));
  const arns = present(returning.map((host) => host.containerInstanceArn));
  const nowMs = Date.now();
  const hosts = present(returning.map((host) => ours.get(host.ec2InstanceId ?? ''))).map((host) =>
    backAtWork(host, nowMs),
  );
  await remember(table, memory, { groups: [], hosts, services: [] });
  try {
    const { refused } = await setContainerInstanceStatus(ecs, cluster, arns, 'ACTIVE', fence);
    if (refused.length > 0) logger.warn('hosts could not be set to ACTIVE', { cluster, refused });
  } catch (error) {
    // All else is put back all the same.
    if (!isDenied(error)) throw error;
    const left = draining.map((host) => host.ec2InstanceId).join(', ');
    warnings.push(`${left} stay DRAINING: ${describeError(error)}`);
  }
}

/** Its drain is remembered, or that it goes back: decided at the last look, and perhaps not done. */
function isDrainedByUs(
  { drainingSinceMs, activatedAtMs }: HostMemory,
  { lookedAtMs = 0 }: RunMemory,
): boolean {
  return drainingSinceMs !== undefined || (activatedAtMs !== undefined && activatedAtMs >= lookedAtMs);
}

/** In this run, or in earlier windows of the same work. */
function hasReplaced(memory: RunMemory): boolean {
  if ((memory.earlier?.replaced ?? 0) > 0) return true;
  return memory.hosts.some((host) => host.role === 'outdated' && host.terminateIntentMs !== undefined);
}

/** What `assess` decided, else what the ledger has, else what went wrong. */
function endingOf(state: RunState, run: Run | undefined): Ending {
  const remembered = run?.memory?.ending as Ending | undefined;
  return (
    remembered ?? state.ending ?? { outcome: 'ABORTED', reason: 'the run ended before it could say how' }
  );
}

/** Lambda puts `{"errorType","errorMessage"}` into Cause. */
function reasonOf({ Error: name, Cause }: NonNullable<RunState['error']>): string {
  try {
    const { errorMessage } = JSON.parse(Cause ?? '') as { errorMessage?: string };
    return `${name}: ${errorMessage ?? Cause}`.slice(0, 1000);
  } catch {
    return `${name}: ${Cause ?? 'no cause given'}`.slice(0, 1000);
  }
}

export const handler = handlerOf(runStateSchema, restore);
