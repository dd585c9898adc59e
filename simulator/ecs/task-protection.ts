/**
 * Scale-in protection of tasks: it keeps service auto scaling and deployments from stopping them, for a time.
 * Source: Amazon ECS developer guide, task-scale-in-protection; API reference, UpdateTaskProtection.
 */
import { Remembered } from '../kernel/lagging-store.ts';
import type { Parts } from './parts.ts';
import type { TaskRecord } from './records.ts';

export const DEFAULT_PROTECTION_MINUTES = 120;
export const LONGEST_PROTECTION_MINUTES = 2880;

export function isProtected(task: TaskRecord, nowMs: number): boolean {
  return task.protectedUntilMs !== null && task.protectedUntilMs > nowMs;
}

/** Protects for so long, or ends the protection with 0. What waited for its end is looked at then. */
export function protect(parts: Parts, task: TaskRecord, seconds: number): void {
  const { clock } = parts.world;
  const untilMs = seconds > 0 ? clock.nowMs + seconds * 1000 : null;
  const until = task.protectedUntil ?? new Remembered<number | null>(clock, null);
  task.protectedUntil = until;
  until.now = untilMs;
  parts.journal.changeTask(task, {});
  if (untilMs !== null)
    clock.at(untilMs, () => {
      if (task.protectedUntilMs !== untilMs || task.lastStatus === 'STOPPED') return;
      until.now = null;
      parts.journal.changeTask(task, {});
    });
}
