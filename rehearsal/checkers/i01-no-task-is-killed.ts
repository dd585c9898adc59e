/**
 * I1: never terminate a host holding a non-daemon task that is not STOPPED, unless that class was opted into force, or
 * the host is proven dead. `runningTasksCount` is no proof: it counts the desired status, and reads 0 while containers
 * still handle requests (Amazon ECS API reference, ContainerInstance).
 *
 * A game day may stop tasks, none of them protected, of services that opted in to it; I13 says how many.
 *
 * Tasks under scale-in protection are a class of their own, forced by `protectedTasks: stop`: one that was protected
 * before its host was drained must not be stopped by that drain.
 */
import { actionOf, serviceOf, touchedBy } from './calls.ts';
import { type CheckContext, type CheckerFactory, isOurs, tookEffect, Verdicts } from './checker.ts';
import { type Change, type Chronicle, isBecauseOfUs } from './chronicle.ts';
import { Kills, mayBeForced, mayBeRehearsed } from './kills.ts';
import type { HostLine, TaskLine } from './lines.ts';

const TERMINATIONS = new Set([
  'AutoScaling.TerminateInstanceInAutoScalingGroup',
  'EC2.TerminateInstances',
  'EC2.StopInstances',
]);
/** decisions.md rule 21: an agent that is gone for this long, on a host that EC2 gives up, is dead. */
const DEAD_AFTER_MS = 600_000;

export const noTaskIsKilled: CheckerFactory = (context) => {
  const verdicts = new Verdicts('I1', context.startedAtMs);
  const kills = new Kills();

  /** Draining stops tasks under scale-in protection like others: who drains their host stops them. */
  function judgeProtection(change: Change | undefined, atMs: number): void {
    if (context.settings.protectedTasks === 'stop' || change?.kind !== 'task' || !change.left) return;
    const { task } = change;
    if (task.cause?.because !== 'drain' || !isBecauseOfUs(task) || !task.isProtectedAt(atMs)) return;
    const drainedAtMs = task.host?.drainingSinceMs ?? atMs;
    if ((task.protection?.sinceMs ?? atMs) > drainedAtMs - context.graceMs) return;
    verdicts.add(
      atMs,
      `protected ${task.taskArn}`,
      `${task.taskArn} of ${task.group} was stopped under scale-in protection because ${task.cause.actor.name} drained ` +
        `${task.host?.instanceId}; protectedTasks is ${context.settings.protectedTasks}`,
    );
  }

  return {
    invariant: 'I1',
    violations: verdicts.violations,
    observe(observation, atMs, change) {
      for (const { task, how, instanceId, lastStatus } of kills.of(change)) {
        if (isExcused(task, context, atMs)) continue;
        if (how === 'stopped' && mayBeRehearsed(task, context, atMs)) continue;
        verdicts.add(
          atMs,
          `host ${how === 'stopped' ? task.taskArn : instanceId}`,
          `${task.taskArn} of ${task.group} on ${instanceId} was ${lastStatus} when it was ended by us (${how}); ` +
            'nobody opted its class into force',
        );
      }
      judgeProtection(change, atMs);
      if (observation.kind !== 'call' || !TERMINATIONS.has(observation.operation)) return;
      if (!isOurs({ kind: 'function', name: observation.function }) || !tookEffect(observation.answer))
        return;
      for (const host of hostsIn(touchedBy(observation, context.chronicle).instanceIds, context.chronicle)) {
        const lost = host.tasksToLose.filter((task) => !isExcused(task, context, atMs));
        if (lost[0] === undefined) continue;
        verdicts.add(
          atMs,
          `host ${host.instanceId}`,
          `${serviceOf(observation.operation)} ${actionOf(observation.operation)} of ${host.instanceId} by ` +
            `${observation.function} while it holds ${lost.length} task(s) that are not STOPPED, such as ` +
            `${lost[0].taskArn} (${lost[0].group}, ${lost[0].lastStatus})`,
        );
      }
    },
  };
};

function isExcused(task: TaskLine, context: CheckContext, atMs: number): boolean {
  const lostAtMs = task.host?.agentLostAtMs;
  const isDead = lostAtMs !== undefined && atMs - lostAtMs >= DEAD_AFTER_MS;
  return isDead || mayBeForced(task, context.settings);
}

function hostsIn(instanceIds: readonly string[], chronicle: Chronicle): HostLine[] {
  return instanceIds.flatMap((instanceId) => chronicle.hosts.get(instanceId) ?? []);
}
