/**
 * `tasks` of the result (design.md §7.6): how often the tasks that stood on outdated hosts at plan had to move.
 *
 * A move = a replacement RUNNING for such a task, or for its replacement, that left a host which we drained or
 * terminated. Daemons, standalone tasks, failures and deployments are no moves; the replacement of a task that failed
 * carries its line on.
 */

import { isOurs } from '../checkers/checker.ts';
import { type Change, type Chronicle, isBecauseOfUs } from '../checkers/chronicle.ts';
import { Kills } from '../checkers/kills.ts';
import type { TaskLine } from '../checkers/lines.ts';
import type { RehearsalResult } from '../result.ts';

export class Moves {
  readonly #chronicle: Chronicle;
  readonly #kills = new Kills();
  readonly #forcedClasses: (task: TaskLine) => boolean;
  /** Moves so far of each task in a line that began on an outdated host. */
  readonly #lines = new Map<TaskLine, number>();
  readonly #successors = new Map<TaskLine, TaskLine>();
  /** ARNs of tasks whose replacement exists, RUNNING or not. */
  readonly #named = new Set<string>();
  readonly #counted = new Set<TaskLine>();
  /** Where ECS did not say what a task replaces: by service, in order. */
  readonly #unmatchedStarts = new Map<string, TaskLine[]>();
  readonly #unmatchedLeaves = new Map<string, TaskLine[]>();
  #total = 0;
  #moves = 0;
  #killed = 0;

  /** @param mayBeForced whether a task's class was opted into force, so that stopping it is no kill. */
  constructor(chronicle: Chronicle, mayBeForced: (task: TaskLine) => boolean) {
    this.#chronicle = chronicle;
    this.#forcedClasses = mayBeForced;
  }

  /** The plan stands: what is on these hosts now has to move. */
  plan(tasks: readonly TaskLine[]): void {
    this.#total = tasks.length;
    for (const task of tasks) this.#lines.set(task, 0);
  }

  observe(change: Change | undefined): void {
    for (const { task, how } of this.#kills.of(change)) {
      if (how !== 'stopped' || !this.#forcedClasses(task)) this.#killed++;
    }
    if (change?.kind !== 'task' || !this.#chronicle.motionOf(change.task)) return;
    const { task } = change;
    if (task.replaces !== undefined) this.#named.add(task.replaces);
    if (change.started) this.#start(task);
    if (change.left && this.#lines.has(task)) this.#leave(task);
  }

  get result(): RehearsalResult['tasks'] {
    return {
      total: this.#total,
      moves: this.#moves,
      movesPerTask: this.#total === 0 ? 0 : this.#moves / this.#total,
      mostMovesOfOneTask: Math.max(0, ...this.#lines.values()),
      killed: this.#killed,
    };
  }

  #start(task: TaskLine): void {
    const key = `${task.cluster}/${task.serviceName}`;
    const predecessor = task.replaces === undefined ? undefined : this.#predecessorOf(task);
    const matched = predecessor ?? (task.replaces === undefined ? this.#oldestLeave(key, task) : undefined);
    if (matched) this.#follow(matched, task);
    else if (task.replaces === undefined) pushTo(this.#unmatchedStarts, key, task);
  }

  #leave(task: TaskLine): void {
    if (this.#successors.has(task)) this.#settle(task);
    else if (!this.#named.has(task.taskArn)) {
      const key = `${task.cluster}/${task.serviceName}`;
      const sinceMs = task.host?.drainedByUsAtMs ?? task.leftAtMs ?? 0;
      const starts = this.#unmatchedStarts.get(key) ?? [];
      const at = starts.findIndex((start) => (start.startedAtMs ?? 0) >= sinceMs);
      const [successor] = at < 0 ? [] : starts.splice(at, 1);
      if (successor) this.#follow(task, successor);
      else pushTo(this.#unmatchedLeaves, key, task);
    }
  }

  #oldestLeave(key: string, task: TaskLine): TaskLine | undefined {
    const waiting = this.#unmatchedLeaves.get(key) ?? [];
    return waiting[0] === task ? undefined : waiting.shift();
  }

  /** The last task before this one that ever ran: what died while starting hands its place on. */
  #predecessorOf(task: TaskLine): TaskLine | undefined {
    let before = task.replaces === undefined ? undefined : this.#chronicle.tasks.get(task.replaces);
    while (before && before.startedAtMs === null && before.replaces !== undefined)
      before = this.#chronicle.tasks.get(before.replaces);
    return before;
  }

  #follow(predecessor: TaskLine, task: TaskLine): void {
    const moves = this.#lines.get(predecessor);
    if (moves === undefined) return;
    this.#lines.set(task, moves);
    this.#successors.set(predecessor, task);
    const waiting = this.#unmatchedLeaves.get(`${task.cluster}/${task.serviceName}`);
    const at = waiting?.indexOf(predecessor) ?? -1;
    if (at >= 0) waiting?.splice(at, 1);
    if (predecessor.leftAtMs !== undefined) this.#settle(predecessor);
  }

  #settle(task: TaskLine): void {
    const successor = this.#successors.get(task);
    if (!successor || this.#counted.has(task) || !leftOurHost(task)) return;
    this.#counted.add(task);
    this.#moves++;
    this.#lines.set(successor, (this.#lines.get(task) ?? 0) + 1);
  }
}

function leftOurHost(task: TaskLine): boolean {
  const because = task.cause?.because;
  const leftHost = because === 'drain' || because === 'host-terminated' || because === 'host-stopped';
  return leftHost && isOurs(task.cause?.actor) && isBecauseOfUs(task);
}

function pushTo(lists: Map<string, TaskLine[]>, key: string, task: TaskLine): void {
  lists.set(key, [...(lists.get(key) ?? []), task]);
}
