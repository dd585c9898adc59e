/**
 * The trial of each group (design: "The trial"): one new host alone; then capacity; then the first hosts drain; then
 * what moved must stay up through the bake. Groups have theirs side by side.
 *
 *   canary ready ─┬─ first host(s) drained ── bake ─┬─ the rest
 *                 └─ capacity comes ─────── ready ──┘
 *
 * The trial's wave is the trial's hosts: what moves onto them is watched while the rest of the capacity launches.
 */
import { AGENT_DEAD_MS, type Host } from '../groups.ts';
import { type GroupLook, memoryOf } from '../look.ts';
import { wantedCapacity } from '../sizes.ts';
import type { Rule, Tick } from '../tick.ts';
import { awaitsApproval } from './approval.ts';
import { effectiveSurge, isTooLateToLaunch, launchTrouble } from './launches.ts';

/** Fewer moved tasks than this say little of an image: the trial takes one more host. */
export const TRIAL_MOVES = 3;
/** A straggler of the first wave is waited for this much longer than the others took. */
const STRAGGLER_FACTOR = 2;
const STRAGGLER_MS = 60_000;
/** Agents reconnect every half hour as a matter of course; nearly all of them are back by then (decisions.md rule 4). */
const AGENT_FLAP_MS = 60_000;

type Context = Pick<Tick, 'look' | 'draft'>;

/** How many new hosts may be brought in now: the canaries until they are ready, then as many as the surge. */
export function trialHostsWanted({ look, draft }: Context, group: GroupLook): number {
  const { canaryInstances } = group.settings;
  if (awaitsApproval({ look, draft })) return canaryInstances;
  if (canaryInstances === 0 || isPast(draft, group)) return Number.POSITIVE_INFINITY;
  return isCanaryReady(canaryInstances, group) ? Number.POSITIVE_INFINITY : canaryInstances;
}

function isPast(draft: Tick['draft'], group: GroupLook): boolean {
  const memory = memoryOf(draft, group);
  return memory.trialPassedAtMs !== undefined || memory.waveReadyAtMs !== undefined;
}

function isCanaryReady(canaryInstances: number, group: GroupLook): boolean {
  return (
    group.ready.length >= Math.min(canaryInstances, Math.max(1, group.plan.surge), group.outdatedLeft.length)
  );
}

/** What of a group may drain now: nothing, its trial hosts, or all. */
export type DrainAllowance =
  | { readonly mode: 'none'; readonly reason: string }
  | { readonly mode: 'trial'; readonly hosts: number }
  | { readonly mode: 'all' };

export function drainAllowance(tick: Context, group: GroupLook): DrainAllowance {
  const { draft } = tick;
  const { canaryInstances } = group.settings;
  const memory = memoryOf(draft, group);
  const hasTrial = canaryInstances > 0 && memory.trialPassedAtMs === undefined;
  const isReady = hasTrial ? isCanaryReady(canaryInstances, group) : memory.waveReadyAtMs !== undefined;
  // A trial that is under way goes on, whatever becomes of the first new host.
  if (!isReady && !(hasTrial && memory.waveReadyAtMs !== undefined)) {
    const waiting = group.incoming.length;
    return {
      mode: 'none',
      reason: waiting > 0 ? `${waiting} new hosts are not ready yet` : 'new hosts come first',
    };
  }
  if (!hasTrial) return { mode: 'all' };
  if (memory.bakeStartedAtMs !== undefined) return { mode: 'none', reason: 'the trial bakes' };
  const chosen = trialHosts(group);
  const wanted = Math.max(1, canaryInstances);
  if (chosen.length < wanted) return { mode: 'trial', hosts: wanted - chosen.length };
  if (chosen.length === wanted && movesOf(chosen) < TRIAL_MOVES) return { mode: 'trial', hosts: 1 };
  return { mode: 'none', reason: 'the trial’s first host is still moving' };
}

/** Hosts whose drain is the group's trial, those already gone included; held ones proved nothing. */
function trialHosts(group: GroupLook): Host[] {
  return group.hosts.filter((host) => host.memory.trial === true && host.memory.held === undefined);
}

const movesOf = (hosts: readonly Host[]) =>
  hosts.reduce((sum, host) => sum + (host.memory.tasksAtDrain ?? 0), 0);

/** Before drains: notes when the first wave stands, and when the bake is over. */
export const watchWave: Rule = (tick) => {
  for (const group of tick.look.groups) {
    noteWave(tick, group);
    noteBakeOver(tick, group);
  }
};

/** After drains, which were just offered one more trial host: notes when the bake begins. */
export const watchBake: Rule = (tick) => {
  for (const group of tick.look.groups) noteBake(tick, group);
};

/**
 * After the trial the whole wave is ready before its first drain (rule 4): a daemon that is late on one host is no bad
 * image, and with all the room there at once replacements need not bounce. A straggler is not waited for once the others
 * stand.
 */
function noteWave({ look, draft }: Tick, group: GroupLook): void {
  const memory = memoryOf(draft, group);
  if (memory.waveReadyAtMs !== undefined || group.ready.length === 0) return;
  if (trialHostsWanted({ look, draft }, group) !== Number.POSITIVE_INFINITY) return;
  if (draft.register.some((action) => action.autoScalingGroupName === group.name)) return;
  // Until desired shows the whole wave, the canary alone is no wave.
  const surge = effectiveSurge({ draft }, group);
  const sizes = { goal: memory.goal, surge, outdatedLeft: group.outdatedLeft.length };
  const wanted = wantedCapacity(sizes) - (memory.heldBack ?? 0);
  if (group.facts.desiredCapacity < wanted && !isTooLateToLaunch({ look }, group)) return;
  const missing = group.facts.desiredCapacity - group.alive.length;
  if (missing > 0 && launchTrouble({ look, draft }, group) === undefined) return;
  if (group.incoming.some((host) => !isStraggler(host, group, look.nowMs))) return;
  draft.noteGroup(group.name, { waveReadyAtMs: look.nowMs });
}

function isStraggler(host: Host, group: GroupLook, nowMs: number): boolean {
  const tookMs = group.ready
    .map((ready) => (ready.memory.readySinceMs ?? nowMs) - (ready.facts?.launchTimeMs ?? nowMs))
    .sort((a, b) => a - b);
  const median = tookMs[Math.floor(tookMs.length / 2)];
  const launchedMs = host.facts?.launchTimeMs;
  if (median === undefined || launchedMs === undefined || group.ready.length < group.incoming.length)
    return false;
  return nowMs - launchedMs > median * STRAGGLER_FACTOR + STRAGGLER_MS;
}

/** The bake lasts from the moment when the last of what moved was RUNNING elsewhere. */
function noteBake({ look, draft }: Tick, group: GroupLook): void {
  const memory = memoryOf(draft, group);
  if (memory.trialPassedAtMs !== undefined || memory.bakeStartedAtMs !== undefined) return;
  if (group.settings.canaryInstances === 0) {
    if (memory.waveReadyAtMs !== undefined) draft.noteGroup(group.name, { trialPassedAtMs: look.nowMs });
    return;
  }
  const chosen = trialHosts(group);
  if (chosen.length === 0) return;
  if (draft.drain.some((act) => group.hosts.some((host) => host.instanceId === act.instanceId))) return;
  const moves = movesOf(chosen);
  const stuck = stuckServices(look);
  const haveMoved = chosen.every((host) => hasMoved(host, look.services, stuck));
  // While so few move, one more host may be accepted until the first one's tasks are healthy.
  if (moves < TRIAL_MOVES && !haveMoved) return;
  const startedMs = chosen.map((host) => runningElsewhereSince(host, look, stuck));
  if (startedMs.includes(undefined)) return;
  // Nothing moved, nothing to watch: the trial has shown what it can.
  const passed = moves === 0 || (haveMoved && group.settings.bakeSeconds === 0);
  draft.noteGroup(group.name, {
    bakeStartedAtMs: Math.max(...startedMs.map((atMs) => atMs ?? look.nowMs)),
    ...(passed && { trialPassedAtMs: look.nowMs }),
  });
  if (moves < TRIAL_MOVES) {
    draft.tell('small-trial', `the trial of ${group.name} moved only ${moves} tasks`, group.name);
  }
}

/** The time has passed, and what moved is healthy: a service that takes longer is waited for. */
function noteBakeOver({ look, draft }: Tick, group: GroupLook): void {
  const { bakeStartedAtMs, trialPassedAtMs } = memoryOf(draft, group);
  if (bakeStartedAtMs === undefined || trialPassedAtMs !== undefined) return;
  if (look.nowMs < bakeStartedAtMs + group.settings.bakeSeconds * 1000) return;
  if (group.hosts.some((host) => losesAgent(host, look.nowMs))) return;
  const stuck = stuckServices(look);
  if (!trialHosts(group).every((host) => hasMoved(host, look.services, stuck))) return;
  draft.noteGroup(group.name, { trialPassedAtMs: look.nowMs });
}

/** A new host that may not stay connected: whether it is lost is known once it is away for as long as the dead are. */
function losesAgent({ role, memory }: Host, nowMs: number): boolean {
  const { readySinceMs, agentGoneSinceMs = nowMs } = memory;
  const awayMs = nowMs - agentGoneSinceMs;
  return role === 'new' && readySinceMs !== undefined && awayMs > AGENT_FLAP_MS && awayMs < AGENT_DEAD_MS;
}

/** When the last replacement of the host's tasks was RUNNING on a host that stays; undefined while one is not. */
function runningElsewhereSince(
  host: Host,
  look: Tick['look'],
  stuck: ReadonlySet<string>,
): number | undefined {
  const sinceMs = host.memory.drainingSinceMs ?? look.nowMs;
  let lastMs = sinceMs;
  for (const name of host.memory.served ?? []) {
    if (stuck.has(name)) continue;
    const running = look.facts.tasks.filter(
      (task) =>
        task.serviceName === name &&
        task.lastStatus === 'RUNNING' &&
        task.desiredStatus === 'RUNNING' &&
        staysOn(look.hosts.get(task.instanceId ?? '')),
    );
    const unhealthy = running.filter((task) => !task.healthy).length;
    if (unhealthy < (look.services.get(name)?.inMotion ?? 0)) return undefined;
    for (const task of running) lastMs = Math.max(lastMs, task.startedAtMs ?? look.nowMs);
  }
  return Math.min(lastMs, look.nowMs);
}

const staysOn = (host: Host | undefined) =>
  host !== undefined && !['draining', 'drained', 'dead', 'gone', 'terminating'].includes(host.kind);

/** Every REPLICA task of the host has its healthy replacement elsewhere. */
function hasMoved(host: Host, services: Tick['look']['services'], stuck: ReadonlySet<string>): boolean {
  if (host.kind !== 'gone' && host.replicaCount > 0) return false;
  const served = (host.memory.served ?? []).filter((name) => !stuck.has(name));
  return served.every((name) => (services.get(name)?.inMotion ?? 0) === 0);
}

/** Services that hold a host: whatever they wait for, the other hosts' trial must not wait with them. */
function stuckServices(look: Tick['look']): ReadonlySet<string> {
  return new Set([...look.hosts.values()].flatMap(({ memory }) => memory.held?.service ?? []));
}
