/**
 * Hosts that are empty, or dead for good, are ended by id; container instances whose host is terminated are forgotten.
 *
 * Started by the machine after `assess`; ends in the wait. Irreversible, so each host is looked at once more, its intent
 * is in the ledger before the call, and the call is sent once: no retry of the SDK, none by a second delivery of the same
 * step. Whether a call without an answer took effect is for the next looks to see.
 */
import { describeGroups, terminateInGroup, updateGroup } from './aws/auto-scaling-groups.ts';
import { autoScaling, autoScalingOnce, ec2, ecs } from './aws/clients.ts';
import { deregisterGhost } from './aws/container-instances.ts';
import { describeError, isBusy, isInvalid } from './aws/error-codes.ts';
import { describeInstances } from './aws/instances.ts';
import { intendToTerminate, noteSizes, readRun } from './aws/ledger/runs.ts';
import type { Table } from './aws/ledger/table.ts';
import { WorldChanged } from './edge/errors.ts';
import { logger } from './edge/logger.ts';
import { nextAct, type RunState, runStateSchema } from './edge/run-state.ts';
import { fenceOf, ledger } from './flow/claim.ts';
import { whyNotTerminate } from './flow/guard.ts';
import { handlerOf } from './flow/handler.ts';

type Termination = RunState['step']['terminate'][number];

async function terminate(state: RunState): Promise<RunState> {
  const table = ledger();
  const run = state.step.terminate.some((host) => host.decrement)
    ? await readRun(table, state.runId)
    : undefined;
  const goals = new Map(run?.memory?.groups.map((group) => [group.autoScalingGroupName, group.goal]) ?? []);
  const kept: string[] = [];
  for (const host of state.step.terminate) {
    const reason =
      (await whyNotTerminate(state.cluster, host)) ??
      (host.decrement ? await whyNotDecrement(state, table, host, goals) : undefined) ??
      (await end(state, table, host));
    if (reason !== undefined) kept.push(`${host.instanceId}: ${reason}`);
  }
  await forgetGhosts(state, table);
  if (kept.length > 0) {
    logger.warn('hosts were not terminated', { cluster: state.cluster, kept });
    if (kept.length === state.step.terminate.length) throw new WorldChanged(kept.join('\n'));
  }
  return { ...state, next: nextAct(state.step, 'terminate') };
}

/** Sends the call, once. @returns why it was not sent or not taken. */
async function end(state: RunState, table: Table, host: Termination): Promise<string | undefined> {
  const { instanceId, decrement } = host;
  const intent = { instanceId, decrement, atMs: Date.now(), stepId: state.step.id };
  if (!(await intendToTerminate(table, state.runId, intent))) return 'this step asked for it before';
  await fenceOf(table, state)();
  try {
    await terminateInGroup(autoScalingOnce, instanceId, decrement);
    logger.info('host terminated', { cluster: state.cluster, instanceId, decrement, reason: host.reason });
    return undefined;
  } catch (error) {
    // Perhaps done, perhaps not: the intent stands, and two later looks decide (decisions.md rule 17).
    if (isBusy(error) || isInvalid(error)) return describeError(error);
    throw error;
  }
}

/**
 * Desired capacity falls by one with the host: read anew before each, since the step's numbers are a look old. Min is
 * lowered first where the step says so; nothing goes below the goal.
 */
async function whyNotDecrement(
  state: RunState,
  table: Table,
  host: Termination,
  goals: ReadonlyMap<string, number>,
): Promise<string | undefined> {
  const name = host.autoScalingGroupName;
  const [group] = await describeGroups(autoScaling, [name]);
  const after = (group?.DesiredCapacity ?? 0) - 1;
  if (after < (goals.get(name) ?? 0)) return `desired capacity is ${after + 1}: one less is below the goal`;
  if ((group?.MinSize ?? 0) <= after) return undefined;
  if (host.minSizeBefore === undefined || host.minSizeBefore > after) {
    return `MinSize ${group?.MinSize} does not allow ${after}`;
  }
  await noteSizes(table, state.runId, name, { minSize: host.minSizeBefore });
  await fenceOf(table, state)();
  await updateGroup(autoScaling, { AutoScalingGroupName: name, MinSize: host.minSizeBefore });
  return undefined;
}

/** Only what EC2 itself calls terminated, or has forgotten: a live host's containers would run on as orphans. */
async function forgetGhosts(state: RunState, table: Table): Promise<void> {
  const ghosts = state.step.deregister;
  if (ghosts.length === 0) return;
  const instances = await describeInstances(
    ec2,
    ghosts.map((ghost) => ghost.instanceId),
  );
  const states = new Map(instances.map((one) => [one.InstanceId, one.State?.Name]));
  for (const { instanceId, containerInstanceArn } of ghosts) {
    if ((states.get(instanceId) ?? 'terminated') !== 'terminated') continue;
    await fenceOf(table, state)();
    await deregisterGhost(ecs, state.cluster, containerInstanceArn);
  }
}

export const handler = handlerOf(runStateSchema, terminate);
