/**
 * Hosts that are empty, or dead for good, are ended by id; container instances whose host is terminated are forgotten.
 *
 * Started by the machine after `assess`; ends in the wait. Irreversible, so each host is looked at once more, its intent
 * is in the ledger before the call, and no call for it is sent twice: no retry of the SDK, none by a second delivery of the same
 * step. Whether a call without an answer took effect is for the next looks to see.
 */
import { describeGroups, terminateInGroup, updateGroup } from './aws/auto-scaling-groups.ts';
import { inBatches, unique } from './aws/batches.ts';
import { autoScaling, autoScalingOnce, ec2, ecs } from './aws/clients.ts';
import { deregisterGhost } from './aws/container-instances.ts';
import { describeError, isBusy, isDenied, isInvalid } from './aws/error-codes.ts';
import { describeInstances } from './aws/instances.ts';
import { intendToTerminate, noteSizes, readRun, withdrawIntent } from './aws/ledger/runs.ts';
import type { Table } from './aws/ledger/table.ts';
import { WorldChanged } from './edge/errors.ts';
import { logger } from './edge/logger.ts';
import { nextAct, type RunState, runStateSchema } from './edge/run-state.ts';
import { assertAllowed } from './flow/allowed.ts';
import { fenceOf, ledger } from './flow/claim.ts';
import { whyNotTerminate } from './flow/guard.ts';
import { handlerOf } from './flow/handler.ts';

/** Intents written side by side: each is two calls of the ledger. */
const INTENTS_AT_ONCE = 10;

type Termination = RunState['step']['terminate'][number];

async function terminate(state: RunState): Promise<RunState> {
  const table = ledger();
  await assertAllowed(table, state);
  const refused = new Map(await whyNotTerminate(state.cluster, state.step.terminate));
  const allowed = state.step.terminate.filter((host) => !refused.has(host.instanceId));
  for (const [id, reason] of await makeRoomBelow(state, table, allowed)) refused.set(id, reason);
  const going = allowed.filter((host) => !refused.has(host.instanceId));
  for (const [id, reason] of await endAll(state, table, going)) refused.set(id, reason);
  await forgetGhosts(state, table);
  if (refused.size > 0) {
    const kept = [...refused].map(([id, reason]) => `${id}: ${reason}`);
    logger.warn('hosts were not terminated', { cluster: state.cluster, kept });
    if (kept.length === state.step.terminate.length) throw new WorldChanged(kept.join('\n'));
  }
  return { ...state, next: nextAct(state.step, 'terminate') };
}

/**
 * One call for all hosts of a group that end alike, once each. What AWS does with the others when it refuses one of them is
 * documented nowhere: a host whose end was asked for before, in vain, goes by itself, so that it cannot hold up the rest.
 *
 * @returns instance id → why it was not sent or not taken.
 */
async function endAll(
  state: RunState,
  table: Table,
  hosts: readonly Termination[],
): Promise<ReadonlyMap<string, string>> {
  const refused = new Map<string, string>();
  for (const alike of Map.groupBy(
    hosts,
    (host) => `${host.autoScalingGroupName} ${host.decrement}`,
  ).values()) {
    const calls: Termination[][] = [[]];
    for (const some of inBatches(alike, INTENTS_AT_ONCE)) {
      const intents = await Promise.all(some.map((host) => intend(state, table, host)));
      for (const [at, host] of some.entries()) {
        if (intents[at] === undefined) refused.set(host.instanceId, 'this step asked for it before');
        else if (intents[at] === 'again') calls.push([host]);
        else calls[0]?.push(host);
      }
    }
    for (let call = calls.shift(); call !== undefined; call = calls.shift()) {
      if (call.length === 0) continue;
      try {
        const reason = await end(state, table, call);
        if (reason !== undefined) for (const { instanceId } of call) refused.set(instanceId, reason);
      } catch (error) {
        await Promise.all(calls.flat().map((host) => withdrawIntent(table, state.runId, host.instanceId)));
        throw error;
      }
    }
  }
  return refused;
}

function intend(state: RunState, table: Table, { instanceId, decrement }: Termination) {
  const intent = { instanceId, decrement, atMs: Date.now(), stepId: state.step.id };
  return intendToTerminate(table, state.runId, intent);
}

/** Sends the call, once. @returns why it was not taken. */
async function end(
  state: RunState,
  table: Table,
  hosts: readonly Termination[],
): Promise<string | undefined> {
  const [{ autoScalingGroupName, decrement } = { autoScalingGroupName: '', decrement: false }] = hosts;
  const instanceIds = hosts.map((host) => host.instanceId);
  await fenceOf(table, state)();
  try {
    await terminateInGroup(autoScalingOnce, autoScalingGroupName, instanceIds, decrement);
    for (const { instanceId, reason } of hosts)
      logger.info('host terminated', { cluster: state.cluster, instanceId, decrement, reason });
    return undefined;
  } catch (error) {
    // Perhaps done, perhaps not: the intent stands, and two later looks decide (decisions.md rule 17).
    if (isBusy(error) || isInvalid(error)) return describeError(error);
    // Certainly not done, and no later look will change that: the run ends with this error.
    if (isDenied(error)) await Promise.all(instanceIds.map((id) => withdrawIntent(table, state.runId, id)));
    throw error;
  }
}

/**
 * Desired capacity falls by one with each host that ends with decrement: each group is read anew, since the step's numbers
 * are a look old, and its Min lowered once for all of them, as far as the step says. Nothing goes below the goal.
 *
 * @returns instance id → why it must not be ended.
 */
async function makeRoomBelow(
  state: RunState,
  table: Table,
  hosts: readonly Termination[],
): Promise<ReadonlyMap<string, string>> {
  const refused = new Map<string, string>();
  const shrinking = hosts.filter((host) => host.decrement);
  if (shrinking.length === 0) return refused;
  const run = await readRun(table, state.runId);
  const goals = new Map(run?.memory?.groups.map((group) => [group.autoScalingGroupName, group.goal]) ?? []);
  const names = unique(shrinking.map((host) => host.autoScalingGroupName));
  const groups = new Map(
    (await describeGroups(autoScaling, names)).map((group) => [group.AutoScalingGroupName, group]),
  );
  for (const name of names) {
    const group = groups.get(name);
    const minSize = group?.MinSize ?? 0;
    let desired = group?.DesiredCapacity ?? 0;
    let floor = minSize;
    for (const { instanceId, minSizeBefore } of shrinking.filter(
      (host) => host.autoScalingGroupName === name,
    )) {
      const after = desired - 1;
      if (after < (goals.get(name) ?? 0)) {
        refused.set(instanceId, `desired capacity is ${desired}: one less is below the goal`);
      } else if (floor > after && (minSizeBefore === undefined || minSizeBefore > after)) {
        refused.set(instanceId, `MinSize ${minSize} does not allow ${after}`);
      } else {
        desired = after;
        if (floor > after) floor = minSizeBefore ?? after;
      }
    }
    if (floor === minSize) continue;
    await noteSizes(table, state.runId, name, { minSize: floor });
    await fenceOf(table, state)();
    await updateGroup(autoScaling, { AutoScalingGroupName: name, MinSize: floor });
  }
  return refused;
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
