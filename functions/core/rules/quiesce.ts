/**
 * Protected work is waited for, and asked to come to an end: while a task is protected nothing tells it that its host is to
 * go, so it would take the next job and protect itself again (containers-roadmap issue 256). A notice on the bus says which
 * host, and which of its tasks are protected, and a tag on the container instance says the same to whoever asks: an
 * application that listens takes no new work, ends its protection when it is through, and the host drains. Nothing is
 * forced by it, and both are taken back where the host stays.
 *
 * The tag is on the host, not on each task: one call reaches idle workers as well, a task reads it without rights of its
 * own (developer guide, task-metadata-endpoint-v4, `taskWithTags`), and it goes with the host.
 *
 * Starts when the group's trial has passed; as many tasks of a service at a time as may be in motion, so that those who
 * obey go on working elsewhere. Who has been asked for a drain timeout and is still protected does not listen, or takes
 * long: the next ones are asked.
 */
import { mayMove } from '../budget.ts';
import { nameOfTask } from '../drain.ts';
import type { Host } from '../groups.ts';
import type { HostMemory } from '../memory.ts';
import { settingsFor } from '../settings.ts';
import type { Rule, Tick } from '../tick.ts';
import { protectedLimitMs, protectedOn } from './policies.ts';
import { drainAllowance } from './trial.ts';

/** On the container instance; its value is when the host is drained at the latest, ISO 8601. */
export const QUIESCE_TAG = 'rollover:quiesce';
/** One step's batch: a call each, at a pace of ours of little more than two a second. */
export const QUIESCE_PER_STEP = 30;

export const askToQuiesce: Rule = (tick) => {
  const { look, draft, freeze } = tick;
  if (freeze.all !== undefined || freeze.drains !== undefined) return;
  const asked = new Map<string, number>();
  const waiting = look.groups.flatMap((group) => group.hosts.filter((host) => isWaiting(tick, host)));
  for (const host of waiting) {
    const askedMs = host.memory.quiesce?.askedAtMs;
    const { drainTimeoutSeconds } = settingsFor(look.settings, host.autoScalingGroupName);
    if (askedMs !== undefined && look.nowMs - askedMs < drainTimeoutSeconds * 1000) count(asked, host);
  }
  const open = new Set(
    look.groups.flatMap((group) =>
      drainAllowance(tick, group).mode === 'all' && !freeze.groups.has(group.name) ? group.name : [],
    ),
  );
  for (const host of waiting) {
    if (draft.quiesce.length >= QUIESCE_PER_STEP) break;
    if (host.memory.quiesce !== undefined || !open.has(host.autoScalingGroupName)) continue;
    if (!fits(tick, host, asked)) continue;
    count(asked, host);
    ask(tick, host);
  }
};

/**
 * The run ends, and the host stays: whoever was asked may take work again. Where no look comes to it, `restore` does it.
 * Protection that has ended by now is not waited for any longer: a later window counts anew.
 */
export const endQuiescence: Rule = ({ look, draft }) => {
  for (const host of look.hosts.values()) {
    const { instanceId, memory, facts } = host;
    if (LEAVES.has(host.kind)) continue;
    if (memory.protectedSinceMs !== undefined && protectedOn(host, look.nowMs).length === 0)
      draft.noteHost(instanceId, memory, { protectedSinceMs: undefined });
    const { quiesce } = memory;
    if (quiesce === undefined || quiesce.overAtMs !== undefined) continue;
    const containerInstanceArn = facts?.containerInstanceArn;
    if (containerInstanceArn === undefined || draft.endQuiesce.length >= QUIESCE_PER_STEP) continue;
    draft.endQuiesce.push({ instanceId, containerInstanceArn });
    draft.noteHost(instanceId, memory, { quiesce: { ...quiesce, overAtMs: look.nowMs } });
    const { kind, message, detail } = quiesceOver(instanceId, quiesce);
    draft.tell(kind, message, instanceId, { containerInstanceArn, ...detail });
  }
};

/** What those are told who were asked. */
export function quiesceOver(instanceId: string, { taskArns }: NonNullable<HostMemory['quiesce']>) {
  const message = `${instanceId} stays: its tasks may take work again`;
  return { kind: 'quiesce-over', message, detail: { taskArns } } as const;
}

/** The tag goes with the host. */
const LEAVES: ReadonlySet<Host['kind']> = new Set(['gone', 'terminating', 'drained']);

function isWaiting({ look, draft }: Tick, host: Host): boolean {
  if (host.kind !== 'outdated' || draft.host(host.instanceId)?.held !== undefined) return false;
  if (settingsFor(look.settings, host.autoScalingGroupName).protectedTasks === 'hold') return false;
  return protectedOn(host, look.nowMs).length > 0;
}

function count(asked: Map<string, number>, host: Host): void {
  for (const [name, tasks] of host.replicas) asked.set(name, (asked.get(name) ?? 0) + tasks);
}

/** Of each service whose tasks are protected here, no more are asked than may move. */
function fits({ look }: Tick, host: Host, asked: ReadonlyMap<string, number>): boolean {
  const names = new Set(protectedOn(host, look.nowMs).flatMap(({ serviceName }) => serviceName ?? []));
  return [...names].every((name) =>
    mayMove(host.replicas.get(name) ?? 0, asked.get(name) ?? 0, look.services.get(name)?.limit ?? 1),
  );
}

function ask(tick: Tick, host: Host): void {
  const { look, draft } = tick;
  const { instanceId, memory, facts } = host;
  const containerInstanceArn = facts?.containerInstanceArn;
  if (containerInstanceArn === undefined) return;
  const tasks = protectedOn(host, look.nowMs);
  const taskArns = tasks.map(({ taskArn }) => taskArn).sort();
  const untilMs = Math.min(protectedLimitMs(tick, host), draft.run.deadlineMs ?? Number.POSITIVE_INFINITY);
  draft.noteHost(instanceId, memory, { quiesce: { askedAtMs: look.nowMs, taskArns } });
  draft.quiesce.push({ instanceId, containerInstanceArn, untilMs });
  const names = tasks.map(({ taskArn }) => nameOfTask(taskArn)).sort();
  const message = `${instanceId} is to be replaced: ${names.join(', ')} should take no new work and end the protection`;
  draft.tell('quiesce', message, instanceId, {
    containerInstanceArn,
    taskArns,
    until: new Date(untilMs).toISOString(),
  });
}
