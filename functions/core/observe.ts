/**
 * What this look adds to memory, before anything is decided: since when an agent is away, a host is empty, a service
 * has moved. One reading of AWS is never trusted where rules ask for two.
 */

import type { Draft } from './draft.ts';
import { drainLimits, drainProgress } from './drain.ts';
import type { Facts, HostFacts, TaskFacts } from './facts.ts';
import { freshMemory, indexPlan, isGoneHost, tasksByHost } from './groups.ts';
import { tellHeld } from './hold.ts';
import type { HostMemory } from './memory.ts';
import type { Plan } from './plan.ts';
import { withDesired } from './restoring.ts';
import type { Settings } from './settings.ts';

/** Reads of `agentConnected` that count are at least this far apart (decisions.md rule 4). */
export const AGENT_READS_APART_MS = 20_000;
/** DRAINING that we asked for may take a few reads to show. */
const STATUS_LAG_MS = 120_000;

export function observe(facts: Facts, plan: Plan, settings: Settings, draft: Draft, nowMs: number): void {
  const index = indexPlan(plan);
  const tasks = tasksByHost(facts.tasks);
  const present = new Map(facts.hosts.map((host) => [host.instanceId, host]));

  for (const host of facts.hosts) {
    const group = host.autoScalingGroupName;
    const known = draft.host(host.instanceId);
    const planned = index.outdated.has(host.instanceId);
    const inScope = planned || known !== undefined || isNew(host, index.targets.get(group ?? ''));
    if (!inScope || index.exempt.has(host.instanceId) || index.keptOut.has(host.instanceId)) continue;
    const memory = known ?? freshMemory(host.instanceId, host, index);
    observeHost(host, memory, tasks.get(host.instanceId) ?? [], settings, draft, nowMs);
  }
  for (const memory of facts.memory.hosts) {
    if (!present.has(memory.instanceId)) observeVanished(memory, draft, nowMs);
  }
  observeServices(facts, present, draft, nowMs);
}

function isNew(host: HostFacts, targets: ReadonlySet<string> | undefined): boolean {
  return host.imageId !== undefined && (targets?.has(host.imageId) ?? false);
}

function observeHost(
  host: HostFacts,
  memory: HostMemory,
  tasks: readonly TaskFacts[],
  settings: Settings,
  draft: Draft,
  nowMs: number,
): void {
  const id = host.instanceId;
  const note = (patch: Parameters<Draft['noteHost']>[2]) => draft.noteHost(id, memory, patch);

  if (isGoneHost(host)) {
    observeVanished(memory, draft, nowMs);
    // Whoever ended it: once EC2 does, it stays no longer. In a termination hook it may still stand for hours.
    const isEnding = host.ec2State === 'shutting-down' || host.ec2State === 'terminated';
    if (isEnding && draft.host(id)?.held !== undefined) note({ held: undefined });
    return;
  }
  if (host.containerInstanceArn !== undefined) {
    if (!host.agentConnected && memory.agentGoneSinceMs === undefined) note({ agentGoneSinceMs: nowMs });
    if (host.agentConnected && memory.agentGoneSinceMs !== undefined) note({ agentGoneSinceMs: undefined });
  }
  if (isSpared(memory, draft)) observeSpared(memory, draft, nowMs);
  if (memory.role === 'new' && memory.readySinceMs === undefined) observeArrival(host, memory, note, nowMs);
  if (memory.drainingSinceMs !== undefined) observeDrain(host, memory, tasks, settings, draft, nowMs);
  else if (isLateDrain(host, memory)) note({ drainingSinceMs: nowMs, drainingSeenAtMs: nowMs });
  else if (host.status === 'DRAINING' && memory.activatedAtMs === undefined && memory.held === undefined) {
    note({
      held: {
        reason: 'somebody else set it to DRAINING: it is left to them',
        sinceMs: nowMs,
        attempts: 0,
        final: true,
      },
    });
  }
  if (memory.terminateIntentMs !== undefined) note({ readsAfterIntent: (memory.readsAfterIntent ?? 0) + 1 });
}

/** Only its notice names it, AWS called that off, and its end was not asked for. */
function isSpared({ instanceId, role, held, terminateIntentMs }: HostMemory, { run }: Draft): boolean {
  if (role !== 'outdated' || terminateIntentMs !== undefined || held?.final === true) return false;
  return (run.spared ?? []).some((one) => one.instanceId === instanceId);
}

function observeSpared(memory: HostMemory, draft: Draft, nowMs: number): void {
  const reason = 'AWS called off what it had announced for it';
  const held = { reason, sinceMs: nowMs, attempts: 0, final: true };
  draft.noteHost(memory.instanceId, memory, { held });
  tellHeld(draft, memory.instanceId, held);
}

function observeArrival(
  host: HostFacts,
  memory: HostMemory,
  note: (patch: Parameters<Draft['noteHost']>[2]) => void,
  nowMs: number,
): void {
  // The registration clock leaves launch hooks out: it starts when none holds the host any more.
  const hooked = host.lifecycleState === 'Pending:Wait';
  if (host.ec2State === 'running' && !hooked && memory.runningSinceMs === undefined)
    note({ runningSinceMs: nowMs });
  if (host.status !== 'ACTIVE') return;
  const reads = memory.agentReads ?? [];
  const last = reads[0];
  if (last !== undefined && nowMs - last.atMs < AGENT_READS_APART_MS) return;
  note({ agentReads: [{ atMs: nowMs, connected: host.agentConnected }, ...reads].slice(0, 3) });
}

function observeDrain(
  host: HostFacts,
  memory: HostMemory,
  tasks: readonly TaskFacts[],
  settings: Settings,
  draft: Draft,
  nowMs: number,
): void {
  const note = (patch: Parameters<Draft['noteHost']>[2]) => draft.noteHost(host.instanceId, memory, patch);
  if (host.status === 'DRAINING' && memory.drainingSeenAtMs === undefined) note({ drainingSeenAtMs: nowMs });
  if (host.status === 'ACTIVE') observeActiveAgain(memory, draft, nowMs);
  if (host.status !== 'DRAINING') return;

  const progress = drainProgress(
    host,
    tasks,
    memory,
    () => undefined,
    drainLimits(settings, host.autoScalingGroupName),
    nowMs,
  );
  const isEmpty = progress.state === 'empty' && host.tasksUnread !== true;
  if (isEmpty && memory.emptySinceMs === undefined) {
    note({ emptySinceMs: nowMs });
    draft.noteRun({ lastProgressAtMs: nowMs });
  }
  if (!isEmpty && memory.emptySinceMs !== undefined) note({ emptySinceMs: undefined });

  const left = tasks.filter(
    (task) => task.taskClass === 'replica' && task.desiredStatus === 'RUNNING',
  ).length;
  const before = memory.tasksLeft ?? memory.tasksAtDrain ?? left;
  if (left !== memory.tasksLeft) note({ tasksLeft: left });
  if (left < before) {
    draft.noteRun({ movesSeen: draft.run.movesSeen + before - left, lastProgressAtMs: nowMs });
  }
}

/** ACTIVE although we drain it: our call was lost, or somebody set it back, which we respect. */
function observeActiveAgain(memory: HostMemory, draft: Draft, nowMs: number): void {
  const { instanceId } = memory;
  const note = (patch: Parameters<Draft['noteHost']>[2]) => draft.noteHost(instanceId, memory, patch);
  if (memory.drainingSeenAtMs !== undefined && memory.held === undefined) {
    const held = {
      reason: 'somebody else set it back to ACTIVE while it drained: it is left to them',
      sinceMs: nowMs,
      attempts: 0,
      final: true,
    };
    note({ held, drainingSinceMs: undefined, emptySinceMs: undefined });
    tellHeld(draft, instanceId, held);
  } else if (
    memory.drainingSeenAtMs === undefined &&
    nowMs - (memory.drainingSinceMs ?? nowMs) > STATUS_LAG_MS
  ) {
    note({ drainingSinceMs: undefined, trial: undefined, tasksAtDrain: undefined, tasksLeft: undefined });
  }
}

/** A call of ours that we gave up as lost shows in a read after all: the drain is ours. */
function isLateDrain(host: HostFacts, memory: HostMemory): boolean {
  const { served, activatedAtMs, held } = memory;
  return (
    host.status === 'DRAINING' && served !== undefined && activatedAtMs === undefined && held === undefined
  );
}

function observeVanished(memory: HostMemory, draft: Draft, nowMs: number): void {
  const note = (patch: Parameters<Draft['noteHost']>[2]) => draft.noteHost(memory.instanceId, memory, patch);
  if (memory.goneSinceMs === undefined) {
    note({ goneSinceMs: nowMs });
    // A new host that goes before it was ready brought the run no further.
    if (memory.role !== 'new' || memory.readySinceMs !== undefined)
      draft.noteRun({ lastProgressAtMs: nowMs });
    const moved = memory.tasksLeft ?? 0;
    if (moved > 0 && memory.role === 'outdated') draft.noteRun({ movesSeen: draft.run.movesSeen + moved });
  }
  // Its decrement took effect: what we expect desired to be goes down with it.
  if (memory.terminateDecrement === true && memory.decrementCounted !== true) {
    note({ decrementCounted: true });
    const group = draft.group(memory.autoScalingGroupName ?? '');
    if (group === undefined) return;
    const { givenBack, givenBackAtMs = 0, set, original } = group;
    // Asked for before sizes went back: they went back to what it had left.
    if (givenBack !== undefined && (memory.terminateIntentMs ?? 0) < givenBackAtMs) return;
    const expected = (givenBack ?? set).desiredCapacity ?? original.desiredCapacity;
    draft.noteGroup(group.autoScalingGroupName, withDesired(group, expected - 1));
  }
}

function observeServices(
  facts: Facts,
  present: ReadonlyMap<string, HostFacts>,
  draft: Draft,
  nowMs: number,
): void {
  const counts = new Map<string, { unmoved: number; healthyElsewhere: number }>();
  for (const task of facts.tasks) {
    if (task.taskClass !== 'replica' || task.serviceName === undefined || task.desiredStatus !== 'RUNNING')
      continue;
    const host = task.instanceId === undefined ? undefined : present.get(task.instanceId);
    const count = counts.get(task.serviceName) ?? { unmoved: 0, healthyElsewhere: 0 };
    if (host?.status === 'DRAINING') count.unmoved += 1;
    else if (task.healthy) count.healthyElsewhere += 1;
    counts.set(task.serviceName, count);
  }
  for (const service of facts.services) {
    if (service.schedulingStrategy !== 'REPLICA') continue;
    const now = counts.get(service.serviceName) ?? { unmoved: 0, healthyElsewhere: 0 };
    const known = draft.service(service.serviceName);
    if (known === undefined) continue;
    if (known.taskDefinitionArn === undefined) {
      draft.noteService(service.serviceName, known, { taskDefinitionArn: service.taskDefinitionArn });
    }
    if (service.deploying) draft.noteService(service.serviceName, known, { deployedAtMs: nowMs });
    const before = known;
    const changed = now.unmoved !== before.unmoved || now.healthyElsewhere !== before.healthyElsewhere;
    if (!changed) continue;
    const first = before.unmoved === undefined || before.healthyElsewhere === undefined;
    const moved =
      !first &&
      (now.unmoved < (before.unmoved ?? 0) || now.healthyElsewhere > (before.healthyElsewhere ?? 0)) &&
      (before.unmoved ?? 0) > 0;
    draft.noteService(service.serviceName, before, { ...now, ...(moved && { lastProgressMs: nowMs }) });
    if (moved) draft.noteRun({ lastProgressAtMs: nowMs });
  }
}
