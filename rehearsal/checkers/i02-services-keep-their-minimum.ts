/**
 * I2: no service below `ceil(desired·min/100)` healthy because of us.
 *
 * Because of us means that the chain behind the very stop that took it there leads to us: a host that we drained or
 * ended, a task that we stopped. ECS's own scheduler keeps the minimum when it empties a DRAINING host (Amazon ECS
 * developer guide, container-instance-draining), so a task that dies by itself while others move is not ours, even where
 * the service had less to spare because of us; and while ECS still counts a task as running whose machine somebody else
 * ended, its scheduler stops one too many, with or without us. But who goes on draining hosts of a service that tasks
 * dying on new hosts have held below its minimum for longer than a tick makes it his own; except for the very hosts on
 * which tasks of it have died by themselves, since to take it away from there is what helps.
 */

import { type CheckerFactory, isOurs, Verdicts } from './checker.ts';
import { type Change, isBecauseOfUs } from './chronicle.ts';
import type { HostLine, TaskLine } from './lines.ts';
import type { ServiceMotion } from './service-motion.ts';

/** Causes that nobody but the task itself, or what it ran on, has brought about. */
const BY_ITSELF: ReadonlySet<string> = new Set(['exit', 'start-failed', 'unhealthy']);

export const servicesKeepTheirMinimum: CheckerFactory = (context) => {
  const verdicts = new Verdicts('I2', context.startedAtMs);
  /** Services that deaths on new hosts took below their minimum, and since when. */
  const sickSinceMs = new Map<ServiceMotion, number>();
  /** New hosts on which tasks of a service have died by themselves. */
  const deadly = new Map<ServiceMotion, Set<HostLine>>();
  /** Tasks lost with a machine that somebody else ended, which ECS takes for running still. */
  const unnoticed = new Map<ServiceMotion, Set<TaskLine>>();

  function judgeTask(change: Extract<Change, { kind: 'task' }>, atMs: number): void {
    const motion = context.chronicle.motionOf(change.task);
    if (!motion) return;
    noteUnnoticed(motion, change);
    noteDeath(motion, change);
    if (motion.healthy >= motion.allowedMinimum) {
      sickSinceMs.delete(motion);
      verdicts.over(motion.serviceName);
      return;
    }
    if (!change.lostHealth) return;
    if (isBecauseOfUs(change.task)) {
      if (motion.healthy + (unnoticed.get(motion)?.size ?? 0) >= motion.allowedMinimum) return;
      const { task } = change;
      verdicts.add(
        atMs,
        motion.serviceName,
        `${motion.serviceName} has ${motion.healthy} healthy tasks, its minimum is ${motion.allowedMinimum} of ` +
          `${motion.desired} (${motion.minimumHealthyPercent} %): ${task.taskArn} stopped because of us ` +
          `(${task.cause?.because} ${task.cause?.instanceId ?? ''} by ${task.cause?.actor.name}), ` +
          `${motion.goneBecauseOfUs} gone because of us without a healthy replacement`,
      );
    } else if (isOnNewHost(change) && !sickSinceMs.has(motion)) {
      sickSinceMs.set(motion, atMs);
    }
  }

  function noteDeath(motion: ServiceMotion, { task }: Extract<Change, { kind: 'task' }>): void {
    if (task.host === undefined || !isNew(task.host) || !BY_ITSELF.has(task.cause?.because ?? '')) return;
    const hosts = deadly.get(motion) ?? new Set();
    deadly.set(motion, hosts.add(task.host));
  }

  function noteUnnoticed(motion: ServiceMotion, change: Extract<Change, { kind: 'task' }>): void {
    const { task, left, lostHealth } = change;
    if (left || task.leftAtMs !== undefined) {
      unnoticed.get(motion)?.delete(task);
    } else if (lostHealth && task.host?.isUp === false && !task.host.endedByUs) {
      const lost = unnoticed.get(motion) ?? new Set();
      unnoticed.set(motion, lost.add(task));
    }
  }

  function isOnNewHost({ task }: Extract<Change, { kind: 'task' }>): boolean {
    return task.host !== undefined && isNew(task.host);
  }

  function isNew({ wasThereAtStart, image }: HostLine): boolean {
    return !wasThereAtStart && context.targetImages.has(image);
  }

  return {
    invariant: 'I2',
    violations: verdicts.violations,
    observe(_observation, atMs, change) {
      if (change?.kind === 'task') judgeTask(change, atMs);
      if (change?.kind !== 'drain' || !isOurs(change.by)) return;
      for (const motion of change.inMotionBefore.keys()) {
        const sinceMs = sickSinceMs.get(motion);
        if (sinceMs === undefined || atMs - sinceMs <= context.tickMs) continue;
        if (deadly.get(motion)?.has(change.host)) continue;
        verdicts.add(
          atMs,
          motion.serviceName,
          `${change.host.instanceId} was drained by ${change.by?.name} although ${motion.serviceName}, whose tasks ` +
            `die on new hosts, has been below its minimum for ${(atMs - sinceMs) / 1000} s ` +
            `(${motion.healthy} healthy of ${motion.allowedMinimum})`,
        );
      }
    },
  };
};
