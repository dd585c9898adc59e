/**
 * Protected work is waited for, and asked to come to an end: while a task is protected nothing tells it that its host is to
 * go, so it would take the next job and protect itself again (containers-roadmap issue 256). A notice on the bus says which
 * host, and which of its tasks are protected; an application that listens takes no new work, ends its protection when it
 * is through, and the host drains. Nothing is forced by it, and a second notice takes it back where the host stays.
 *
 * Starts when the group's trial has passed; as many tasks of a service at a time as may be in motion, so that those who
 * obey go on working elsewhere. Who has been asked for a drain timeout and is still protected does not listen, or takes
 * long: the next ones are asked.
 */
import { mayMove } from '../budget.ts';
import { nameOfTask } from '../drain.ts';
import type { Host } from '../groups.ts';
import { settingsFor } from '../settings.ts';
import type { Rule, Tick } from '../tick.ts';
import { drainAllowance } from './trial.ts';

export const askToQuiesce: Rule = (tick) => {
  const { look, freeze } = tick;
  if (freeze.all !== undefined || freeze.drains !== undefined) return;
  const patienceMs = look.settings.drainTimeoutSeconds * 1000;
  const asked = new Map<string, number>();
  const waiting = look.groups.flatMap((group) => group.hosts.filter((host) => isWaiting(tick, host)));
  for (const host of waiting) {
    const askedMs = host.memory.quiesceAskedAtMs;
    if (askedMs !== undefined && look.nowMs - askedMs < patienceMs) count(asked, host);
  }
  const open = new Set(
    look.groups.flatMap((group) =>
      drainAllowance(tick, group).mode === 'all' && !freeze.groups.has(group.name) ? group.name : [],
    ),
  );
  for (const host of waiting) {
    if (host.memory.quiesceAskedAtMs !== undefined || !open.has(host.autoScalingGroupName)) continue;
    if (!fits(tick, host, asked)) continue;
    count(asked, host);
    ask(tick, host);
  }
};

/** The run ends, and the host stays: whoever was asked may take work again. */
export const endQuiescence: Rule = ({ look, draft }) => {
  for (const host of look.hosts.values()) {
    if (host.memory.quiesceAskedAtMs === undefined || host.kind === 'gone') continue;
    draft.noteHost(host.instanceId, host.memory, { quiesceAskedAtMs: undefined });
    const message = `${host.instanceId} stays: its tasks may take work again`;
    draft.tell('quiesce-over', message, host.instanceId, detailOf(host, host.tasks));
  }
};

function isWaiting({ look, draft }: Tick, host: Host): boolean {
  if (host.kind !== 'outdated' || draft.host(host.instanceId)?.held !== undefined) return false;
  if (settingsFor(look.settings, host.autoScalingGroupName).protectedTasks === 'hold') return false;
  return protectedOn(host, look.nowMs).length > 0;
}

const protectedOn = (host: Host, nowMs: number) =>
  host.tasks.filter((task) => (task.protectedUntilMs ?? 0) > nowMs);

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

function ask({ look, draft }: Tick, host: Host): void {
  draft.noteHost(host.instanceId, host.memory, { quiesceAskedAtMs: look.nowMs });
  const tasks = protectedOn(host, look.nowMs);
  const names = tasks.map(({ taskArn }) => nameOfTask(taskArn)).sort();
  const message = `${host.instanceId} is to be replaced: ${names.join(', ')} should take no new work and end the protection`;
  draft.tell('quiesce', message, host.instanceId, detailOf(host, tasks));
}

/** What an application knows of itself: its task and its container instance. */
function detailOf({ facts }: Host, tasks: Host['tasks']): Readonly<Record<string, unknown>> {
  return {
    containerInstanceArn: facts?.containerInstanceArn,
    taskArns: tasks.map(({ taskArn }) => taskArn).sort(),
  };
}
