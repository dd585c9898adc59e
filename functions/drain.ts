/**
 * Old hosts to DRAINING, and hosts that cannot be emptied back to ACTIVE; tasks of an opted-in class are stopped, and
 * protected ones are asked to come to an end by a tag on their host.
 *
 * Started by the machine after `assess`; ends in the next act of the step, or the wait. Hosts go back first: a host that
 * is given up should take its tasks back before more of them move. Everything may have changed since `assess` looked, and
 * this may be the second delivery of the same step: asking again for a status changes nothing, and a host that left
 * meanwhile comes back refused, with why; the next look sees what is true. What ECS refuses to drain is in the ledger: a host
 * that it refuses again and again is held.
 */

import { idOf } from './aws/batches.ts';
import { ecs } from './aws/clients.ts';
import { type StatusChange, setContainerInstanceStatus } from './aws/container-instances.ts';
import { tagHost, untagHost } from './aws/host-tags.ts';
import { noteRefusedDrain } from './aws/ledger/runs.ts';
import type { Table } from './aws/ledger/table.ts';
import { stopTask } from './aws/tasks.ts';
import { QUIESCE_TAG } from './core/rules/quiesce.ts';
import { logger } from './edge/logger.ts';
import { nextAct, type RunState, runStateSchema } from './edge/run-state.ts';
import { assertAllowed } from './flow/allowed.ts';
import { fenceOf, ledger } from './flow/claim.ts';
import { handlerOf } from './flow/handler.ts';

async function drain(state: RunState): Promise<RunState> {
  const { cluster, step } = state;
  const table = ledger();
  const fence = fenceOf(table, state);
  for (const [hosts, status] of [
    [step.activate, 'ACTIVE'],
    [step.drain, 'DRAINING'],
  ] as const) {
    const arns = hosts.map((host) => host.containerInstanceArn);
    // Back to work is always allowed.
    if (status === 'DRAINING') await assertAllowed(table, state);
    const { changed, refused } = await setContainerInstanceStatus(ecs, cluster, arns, status, fence);
    if (arns.length > 0) logger.info(`hosts set to ${status}`, { cluster, changed: changed.length, refused });
    if (status === 'DRAINING') await noteRefusals(table, state, refused);
  }
  for (const { taskArn, reason } of step.stopTasks) {
    await fence();
    await stopTask(ecs, cluster, taskArn, `ecs-rollover: ${reason}`);
  }
  await tagHosts(table, state, fence);
  return { ...state, next: nextAct(step, 'drain') };
}

/** Last, since nothing waits for it. A host that is gone has no tag to carry. */
async function tagHosts(table: Table, state: RunState, fence: () => Promise<void>): Promise<void> {
  const { quiesce, endQuiesce } = state.step;
  if (quiesce.length > 0) await assertAllowed(table, state);
  const refused: string[] = [];
  for (const { containerInstanceArn, untilMs } of quiesce) {
    await fence();
    const problem = await tagHost(ecs, containerInstanceArn, QUIESCE_TAG, timeOf(untilMs));
    if (problem !== undefined) refused.push(problem);
  }
  for (const { containerInstanceArn } of endQuiesce) {
    await fence();
    const problem = await untagHost(ecs, containerInstanceArn, QUIESCE_TAG);
    if (problem !== undefined) refused.push(problem);
  }
  // The event says the same: a run does not fail for want of the tag.
  if (refused.length > 0) logger.warn('tags of hosts were refused', { cluster: state.cluster, refused });
}

/** To the second. */
function timeOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

async function noteRefusals(table: Table, { runId, step }: RunState, refused: StatusChange['refused']) {
  const hosts = new Map(step.drain.map((host) => [idOf(host.containerInstanceArn), host.instanceId]));
  for (const { id, reason } of refused) {
    const instanceId = hosts.get(id);
    if (instanceId === undefined) continue;
    await noteRefusedDrain(table, runId, { instanceId, reason, atMs: Date.now(), stepId: step.id });
  }
}

export const handler = handlerOf(runStateSchema, drain);
