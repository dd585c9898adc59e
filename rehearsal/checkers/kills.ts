/**
 * Tasks that we killed (design.md §7.6 `killed`, I1): not STOPPED and no daemon when we ended their host, or told to
 * stop by us. What a scripted fault or AWS itself ends is not ours.
 */

import { isOurs, type JudgedRun } from './checker.ts';
import { type Change, isBecauseOfUs } from './chronicle.ts';
import type { TaskLine } from './lines.ts';

export interface Kill {
  readonly task: TaskLine;
  readonly how: 'host ended' | 'deregistered' | 'stopped';
  readonly instanceId: string;
  readonly lastStatus: string;
}

const HOST_ENDS = ['host-terminated', 'host-stopped'];

export class Kills {
  readonly #told = new Set<TaskLine>();

  /** The kills in this change; each task once. */
  of(change: Change | undefined): Kill[] {
    if (change?.kind === 'ended' && isOurs(change.by)) {
      return change.host.tasksToLose.flatMap((task) => this.#once(task, 'host ended'));
    }
    if (change?.kind !== 'task' || !change.left || change.task.daemon || !isBecauseOfUs(change.task))
      return [];
    const because = change.task.cause?.because ?? '';
    if (HOST_ENDS.includes(because)) return this.#once(change.task, 'host ended');
    if (because === 'deregistered') return this.#once(change.task, 'deregistered');
    if (because === 'stop-task') return this.#once(change.task, 'stopped');
    return [];
  }

  #once(task: TaskLine, how: Kill['how']): Kill[] {
    if (this.#told.has(task)) return [];
    this.#told.add(task);
    return [{ task, how, instanceId: task.host?.instanceId ?? 'no host', lastStatus: task.lastStatus }];
  }
}

/** Its service's owner opted in to a game day, which may stop single tasks of it: none that is protected. */
export function mayBeRehearsed(
  task: TaskLine,
  { rehearsable, graceMs }: Pick<JudgedRun, 'rehearsable' | 'graceMs'>,
  atMs: number,
): boolean {
  if (rehearsable?.has(`${task.cluster}/${task.serviceName}`) !== true) return false;
  return !task.isProtectedAt(atMs) || (task.protection?.sinceMs ?? atMs) > atMs - graceMs;
}

/** The class of this task was opted into force: only then may it be stopped, or end with its host. */
export function mayBeForced(
  task: TaskLine,
  settings: { readonly standaloneTasks: string; readonly onDrainTimeout: string },
): boolean {
  return task.serviceName === undefined
    ? settings.standaloneTasks === 'stop'
    : settings.onDrainTimeout === 'stop-tasks';
}
