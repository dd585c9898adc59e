/**
 * Rules 16 to 18 and 21: drained hosts end, by id, with or without decrement. The intent goes to the ledger before the
 * call, which no SDK retry repeats: a second decrement would take a host that nobody meant.
 */
import { healthyFloor } from '../arithmetic.ts';
import type { Host } from '../groups.ts';
import { hold } from '../hold.ts';
import { type GroupLook, memoryOf } from '../look.ts';
import { desiredSet } from '../restoring.ts';
import { decrementsWith } from '../sizes.ts';
import type { TerminateAction } from '../step.ts';
import { isRolling, type Rule, type Tick } from '../tick.ts';
import { effectiveSurge } from './launches.ts';

/** One step's batch: each is guarded by fresh reads of its own, which take a third of a Lambda's minute for so many. */
export const TERMINATIONS_PER_STEP = 60;
/**
 * An intent without effect on two later reads, and this old, was lost. Reads of Auto Scaling may be minutes old, and a hook
 * keeps the host running all that while: a call sent twice might take two hosts from desired.
 */
const INTENT_LOST_MS = 180_000;
/** A host whose end came to nothing so often stays: whatever is in the way does not go by itself, and the others wait. */
const INTENTS_LOST_MAX = 5;

export const terminateHosts: Rule = (tick) => {
  const { look, draft, freeze } = tick;
  if (freeze.all !== undefined) return;
  for (const group of look.groups) {
    const frozen = freeze.groups.get(group.name);
    const passed = memoryOf(draft, group).trialPassedAtMs !== undefined;
    const ready = group.hosts.filter((host) => isEnding(tick, host));
    for (const host of fullestZoneFirst(ready, group)) {
      const rule = frozen === undefined ? undefined : '5';
      const refusal =
        frozen ??
        (passed || host.role === 'new' ? undefined : 'its trial has not passed yet') ??
        terminationRefusal(tick, host);
      if (refusal === undefined) end(tick, group, host);
      else draft.hold({ instanceId: host.instanceId, rule: rule ?? '17', reason: refusal });
    }
  }
};

/** Drained, or dead with room for its tasks elsewhere: capacity first even then. */
function isEnding(tick: Tick, host: Host): boolean {
  if (host.kind === 'drained') return true;
  if (host.kind !== 'dead' || host.facts?.lifecycleState !== 'InService') return false;
  if (tick.motion().makesRoomFor(host)) return true;
  tick.draft.hold({
    instanceId: host.instanceId,
    rule: '21',
    reason: 'it is dead, but there is no room for its tasks yet',
  });
  return false;
}

/** Why a drained host may not end yet (rule 17). */
function terminationRefusal(tick: Tick, host: Host): string | undefined {
  const { look, draft } = tick;
  if (host.facts?.lifecycleState !== 'InService')
    return `Auto Scaling says ${host.facts?.lifecycleState ?? 'nothing'}`;
  if (host.facts.apiTerminationProtected === true) {
    const reason = 'disableApiTermination is set on the instance';
    hold(tick, host, { reason, final: true });
    return reason;
  }
  if (draft.terminate.length >= TERMINATIONS_PER_STEP) return 'enough terminations for one step: next look';
  for (const name of host.memory.served ?? []) {
    const service = look.services.get(name);
    const memory = draft.service(name);
    if (service === undefined) continue;
    const floor = healthyFloor(service.facts.desiredCount, service.facts.minimumHealthyPercent);
    const needed = Math.min(memory?.healthyAtPlan ?? floor, floor);
    if (service.healthy < needed)
      return `${name}, which it served, has ${service.healthy} healthy tasks of ${needed}`;
  }
  return undefined;
}

/** Ends the host, with decrement where the rest of the run can do with one host less. */
export function end(tick: Tick, group: GroupLook, host: Host, isDead = host.kind === 'dead'): void {
  const { look, draft } = tick;
  const memory = memoryOf(draft, group);
  const before = draft.terminate.filter((action) => action.autoScalingGroupName === group.name);
  const decrements = before.filter((action) => action.decrement).length;
  const ended = new Set(before.map((action) => action.instanceId));
  const left = group.outdatedLeft.filter((item) => !ended.has(item.instanceId)).length;
  // Sizes that this very step asks for stand before its terminations are sent.
  const asked = draft.register.find((action) => action.autoScalingGroupName === group.name)?.desiredCapacity;
  const desired = (asked ?? group.facts.desiredCapacity) - group.decrementsInFlight - decrements;
  const sizes = { goal: memory.goal, surge: effectiveSurge(tick, group), outdatedLeft: left };
  const counted = group.outdatedLeft.includes(host);
  // What is held back is not there to be missed.
  const explained = desired + (memory.heldBack ?? 0);
  const decrement =
    desired - 1 >= memory.goal && (!isRolling(draft) || decrementsWith(explained, sizes, counted));

  // Our floor is what desired was raised to: it still stands where a call that should have lowered it came to nothing.
  const { minSize, desiredCapacity } = group.facts;
  const floor = Math.max(memory.set.minSize ?? minSize, minSize === desiredCapacity ? minSize : 0);
  const lowers = decrement && floor > desired - 1;
  const because: TerminateAction['because'] = isDead
    ? 'dead'
    : host.role === 'outdated'
      ? 'drained'
      : 'surplus';
  draft.terminate.push({
    instanceId: host.instanceId,
    ...(host.facts?.containerInstanceArn !== undefined && {
      containerInstanceArn: host.facts.containerInstanceArn,
    }),
    autoScalingGroupName: group.name,
    decrement,
    ...(lowers && { minSizeBefore: desired - 1 }),
    because,
    reason: `${because}, ${decrement ? `the group shrinks to ${desired - 1}` : 'its successor is launched'}`,
  });
  draft.noteHost(host.instanceId, host.memory, {
    terminateIntentMs: look.nowMs,
    terminateDecrement: decrement,
    readsAfterIntent: undefined,
    decrementCounted: undefined,
  });
  if (lowers) {
    // A raise that was never made is forgotten with the Min that would tell of it; one of this very step is yet to be made.
    const desiredCapacity = asked ?? desiredSet(memory, group.facts);
    draft.noteGroup(group.name, { set: { ...memory.set, minSize: desired - 1, desiredCapacity } });
  }
  draft.phase ??= 'moving';
}

/** Zones stay level when the fullest gives first. */
function fullestZoneFirst(hosts: readonly Host[], group: GroupLook): Host[] {
  const count = new Map<string, number>();
  for (const host of group.alive) count.set(host.zone, (count.get(host.zone) ?? 0) + 1);
  const rest = [...hosts];
  const order: Host[] = [];
  while (rest.length > 0) {
    let best = 0;
    for (let at = 1; at < rest.length; at += 1) {
      if ((count.get(rest[at]?.zone ?? '') ?? 0) > (count.get(rest[best]?.zone ?? '') ?? 0)) best = at;
    }
    const [host] = rest.splice(best, 1);
    if (host === undefined) break;
    count.set(host.zone, (count.get(host.zone) ?? 0) - 1);
    order.push(host);
  }
  return order;
}

/** Again only when two later reads still say InService (rule 17): the call, or its answer, was lost. */
export const forgetLostIntents: Rule = (tick) => {
  const { look, draft } = tick;
  for (const host of look.hosts.values()) {
    if (host.kind !== 'terminating') continue;
    const { terminateIntentMs = look.nowMs, readsAfterIntent = 0 } = host.memory;
    if (readsAfterIntent < 2 || look.nowMs - terminateIntentMs < INTENT_LOST_MS) continue;
    draft.noteHost(host.instanceId, host.memory, {
      terminateIntentMs: undefined,
      terminateDecrement: undefined,
      readsAfterIntent: undefined,
      intentsLostUntilMs: terminateIntentMs,
      intentsLost: (host.memory.intentsLost ?? 0) + 1,
    });
    const lost = draft.host(host.instanceId)?.intentsLost ?? 0;
    if (lost < INTENTS_LOST_MAX || host.role !== 'outdated' || !isRolling(draft)) continue;
    hold(tick, host, {
      reason: `its end was asked for ${lost} times, and Auto Scaling shows nothing of it`,
      final: true,
    });
  }
};

/** A container instance whose EC2 instance is terminated and that stays listed: only force takes it away (rule 21). */
export const deregisterGhosts: Rule = ({ look, draft }) => {
  for (const host of look.hosts.values()) {
    const { facts, memory } = host;
    if (host.kind !== 'gone' || facts?.containerInstanceArn === undefined || memory.goneSinceMs === undefined)
      continue;
    if (facts.lifecycleState === 'Terminating:Wait' && look.nowMs - memory.goneSinceMs > HOOK_ALERT_MS) {
      draft.tell(
        'terminating-wait',
        `${host.instanceId} waits in Terminating:Wait for its hook`,
        host.instanceId,
      );
    }
    const isGhost = facts.ec2State === 'terminated' && !facts.agentConnected && facts.status !== 'INACTIVE';
    if (!isGhost || look.nowMs - memory.goneSinceMs < GHOST_MS) continue;
    draft.deregister.push({
      instanceId: host.instanceId,
      containerInstanceArn: facts.containerInstanceArn,
      reason: 'EC2 says terminated, and ECS still lists it without an agent',
    });
  }
};

const HOOK_ALERT_MS = 900_000;
/** ECS deregisters a connected agent's host by itself; a ghost stays. */
const GHOST_MS = 90_000;
