/** Named hosts with a deadline are handed by the request that brings them to the run that has the cluster. */
import type { Claim } from '../aws/ledger/claims.ts';
import { readRun, writeJoin } from '../aws/ledger/runs.ts';
import type { Table } from '../aws/ledger/table.ts';
import type { Join } from '../core/memory.ts';
import type { Plan } from '../core/plan.ts';
import { windowOf } from '../core/windows.ts';
import { deadlineMsOf, type Request } from '../edge/request.ts';
import { isAskedBeforeStart } from './approval.ts';
import { emptyMemory, planCluster } from './planning.ts';
import { purposeOf } from './purpose.ts';
import { waitsForSoak } from './soak.ts';

export interface Asking {
  readonly cluster: string;
  readonly request: Request;
  /** Under which a large cluster is read on by another invocation. */
  readonly runId: string;
  /** Who asks, in words. */
  readonly by: string;
  readonly nowMs: number;
}

/**
 * Hands named hosts with a deadline to the run that has the cluster: planned as for a run of their own, so that what keeps
 * them out there keeps them out here. The request itself waits on, for what the run does not take.
 *
 * @returns what was handed over, in words; `reading` while the cluster is still being read; undefined where the request only
 * waits for the run's end
 */
export async function joinRun(table: Table, claim: Claim, asking: Asking): Promise<string | undefined> {
  const { cluster, request, runId, by, nowMs } = asking;
  const { instances } = request;
  const deadlineMs = deadlineMsOf(request);
  if (instances === undefined || deadlineMs === undefined) return undefined;
  const run = await readRun(table, claim.runId);
  if (run?.plan === undefined || run.memory?.phase !== 'rolling' || run.memory.control !== undefined)
    return undefined;
  const covered = new Set(run.plan.groups.flatMap((group) => group.outdated));
  const others = instances.filter((instanceId) => !covered.has(instanceId));
  const hosts: Join['hosts'][number][] = instances
    .filter((instanceId) => covered.has(instanceId))
    .map((instanceId) => ({ instanceId }));
  if (others.length > 0) {
    const planned = await planCluster(cluster, { ...request, instances: others }, emptyMemory(runId, nowMs));
    if (planned === undefined) return 'reading';
    const { plan, settings } = planned;
    const mayBegin =
      plan.verdict === 'roll' &&
      !isAskedBeforeStart(settings) &&
      !waitsForSoak(plan) &&
      windowOf(settings, deadlineMs, nowMs).open;
    if (mayBegin) hosts.push(...hostsOf(plan));
  }
  if (hosts.length === 0) return undefined;
  await writeJoin(table, claim.runId, { purpose: purposeOf(request), deadlineMs, hosts, atMs: nowMs, by });
  return `run ${claim.runId} is asked to replace ${hosts.length} of ${instances.length} named hosts before its others`;
}

function hostsOf(plan: Plan): Join['hosts'] {
  return plan.groups.flatMap(({ autoScalingGroupName, target: { imageIds }, outdated }) =>
    outdated.map((instanceId) => ({ instanceId, autoScalingGroupName, imageIds })),
  );
}
