/**
 * One service of a game day at one look: is it left alone, waited for, or is one task of it stopped. What proves that it
 * came back is the list of its tasks on two looks, never its own word that it is steady.
 *
 * Sources: Amazon ECS developer guide, service_definition_parameters (minimumHealthyPercent, rounded up), task-scale-in-
 * protection (StopTask stops protected tasks as well); Amazon ECS API reference, StopTask and Task.stopCode.
 */
import {
  type GameDayMemory,
  type GameDayOutcome,
  type GameDayRead,
  type GameDayService,
  type GameDayTask,
  openStop,
  recoveredStops,
  type Stop,
  type StoppedTask,
  secondsToHealthy,
} from './facts.ts';
import { findTask, refusalOf, unsteadinessOf } from './steady.ts';

/** Two looks at the tasks, as far apart as stale reads are old. */
const SECOND_LOOK_MS = 15_000;

/** A call whose answer was lost shows in what ECS describes, or came to nothing. */
const CALL_SETTLES_MS = 60_000;

/** StopTask by anybody. */
const BY_CALL = 'UserInitiated';

export type GameDayServiceStep =
  | {
      readonly next: 'end';
      readonly outcome: GameDayOutcome;
      readonly isComplete: boolean;
      readonly reason: string;
      readonly memory: GameDayMemory;
    }
  | { readonly next: 'wait'; readonly reason: string; readonly memory: GameDayMemory }
  /** Stop this one task; `memory` is written before. */
  | { readonly next: 'stop'; readonly stop: Stop; readonly memory: GameDayMemory };

export interface GameDayRules {
  readonly nowMs: number;
  /** In it a service has to be whole again after a stop, or steady again before the next. */
  readonly limitMs: number;
  /** In the reason of the calls of this run, so that its stops are told from other people's. */
  readonly runId: string;
  /** Why no task is stopped any more; undefined: one may be. */
  readonly noMore?: string;
}

/** Pure. */
export function decideGameDayService(look: GameDayRead, rules: GameDayRules): GameDayServiceStep {
  const open = openStop(look.memory);
  return open === undefined ? before(look, rules) : after(look, open, rules);
}

/** Nothing of it is on its way. */
function before(look: GameDayRead, rules: GameDayRules): GameDayServiceStep {
  const { now, memory, ask } = look;
  const { nowMs, limitMs, noMore } = rules;
  if (isDone(look)) return end(memory, 'recovered', true, soFar(memory));
  if (noMore !== undefined) return cut(memory, noMore);
  const refusal = refusalOf(ask.serviceName, now);
  if (refusal !== undefined || now === undefined) return cut(memory, refusal ?? 'it is gone');
  const unsteady = unsteadinessOf(now, lastOverAtMs(memory));
  if (unsteady !== undefined) {
    const { steadySinceMs: _, ...rest } = memory;
    // Before the first stop there is nothing to be patient for.
    const isPatient = nowMs - lastOverAtMs(memory) < limitMs;
    return isPatient
      ? { next: 'wait', reason: `the next stop waits: ${unsteady}`, memory: rest }
      : cut(rest, `it is not steady: ${unsteady}`);
  }
  const task = chooseTask(look, now);
  if (task === undefined) return cut(memory, noTaskLeft(look, now));
  const { steadySinceMs = nowMs } = memory;
  if (nowMs - steadySinceMs < SECOND_LOOK_MS)
    return {
      next: 'wait',
      reason: 'it is steady: looked at once more',
      memory: { ...memory, steadySinceMs },
    };
  const stop: Stop = {
    taskArn: task.taskArn,
    zone: task.zone,
    host: task.host,
    askedAtMs: nowMs,
    firstAskedAtMs: nowMs,
    desired: now.desiredCount,
    lowestHealthy: healthyIn(now),
  };
  const { steadySinceMs: _, ...rest } = memory;
  return { next: 'stop', stop, memory: { ...rest, stops: [...memory.stops, stop] } };
}

/** A task of it was told to stop, or was about to be. */
function after(look: GameDayRead, open: Stop, rules: GameDayRules): GameDayServiceStep {
  const { now, memory, stopped } = look;
  const { nowMs, limitMs } = rules;
  if (now === undefined)
    return end(memory, 'not-recovered', false, 'it was deleted before it had replaced the task');
  if (findTask(now, open.taskArn) !== undefined) return askAgain(look, now, open, rules);
  const foreign = foreignCause(stopped, rules.runId);
  // It was going by itself when we chose it: that says nothing of a stop, and the place of it is not ours to fill.
  if (foreign !== undefined)
    return before({ ...look, memory: withStop(memory, { ...open, void: foreign }) }, rules);

  const seen = { ...open, lowestHealthy: Math.min(open.lowestHealthy, healthyIn(now)) };
  const missing = unsteadinessOf(now, Number.POSITIVE_INFINITY);
  if (missing !== undefined) {
    const { wholeSinceMs: _, ...rest } = seen;
    const without = withStop(memory, rest);
    if (nowMs - open.firstAskedAtMs < limitMs)
      return { next: 'wait', reason: `it replaces ${shortOf(open)}: ${missing}`, memory: without };
    const minutes = Math.round((nowMs - open.askedAtMs) / 60_000);
    const reason = `${minutes} min after ${shortOf(open)} was stopped it is not whole again: ${missing}`;
    return end(without, 'not-recovered', false, reason);
  }
  const { wholeSinceMs = nowMs } = seen;
  if (nowMs - wholeSinceMs < SECOND_LOOK_MS)
    return {
      next: 'wait',
      reason: 'it is whole again: looked at once more',
      memory: withStop(memory, { ...seen, wholeSinceMs }),
    };
  const over = { ...seen, wholeSinceMs, recoveredAtMs: wholeSinceMs };
  return before({ ...look, memory: withStop(memory, over) }, rules);
}

/** Never another task: where we cannot tell whether the call came through, it is waited for; then the same is asked again. */
function askAgain(
  look: GameDayRead,
  now: GameDayService,
  open: Stop,
  rules: GameDayRules,
): GameDayServiceStep {
  const { memory, ask } = look;
  const { nowMs, noMore } = rules;
  if (nowMs - open.askedAtMs < CALL_SETTLES_MS)
    return { next: 'wait', reason: `whether ${shortOf(open)} stops is not seen yet`, memory };
  const isProtected = findTask(now, open.taskArn)?.isProtected === true;
  const problem =
    noMore ??
    refusalOf(ask.serviceName, now) ??
    unsteadinessOf(now, lastOverAtMs(memory)) ??
    (isProtected ? 'it is protected now' : undefined);
  if (problem !== undefined) {
    const reason = `the call came to nothing, and was not repeated: ${problem}`;
    return before({ ...look, memory: withStop(memory, { ...open, void: reason }) }, rules);
  }
  const again = { ...open, askedAtMs: nowMs };
  return { next: 'stop', stop: again, memory: withStop(memory, again) };
}

/** It went otherwise than by our call; undefined: by ours, or ECS has forgotten it. */
function foreignCause(stopped: StoppedTask | undefined, runId: string): string | undefined {
  if (stopped?.stopCode === undefined) return undefined;
  const { stopCode, stoppedReason = '' } = stopped;
  if (stopCode !== BY_CALL) return `it stopped by itself (${stopCode})`;
  return stoppedReason.includes(runId) ? undefined : 'somebody else stopped it';
}

/** All that was asked: a number of tasks, or each one that was named, came back. */
function isDone({ ask, memory }: GameDayRead): boolean {
  const done = recoveredStops(memory);
  if (typeof ask.tasks === 'number') return done.length >= ask.tasks;
  return ask.tasks.every((taskArn) => done.some((stop) => stop.taskArn === taskArn));
}

/**
 * Another zone and another host than the stops before, so that the day says something of each; then where most tasks
 * are. Only tasks that stood there before the first stop: what replaced one has just shown that it starts.
 */
function chooseTask({ ask, memory }: GameDayRead, now: GameDayService): GameDayTask | undefined {
  const counted = memory.stops.filter((stop) => stop.void === undefined);
  const firstMs = Math.min(...memory.stops.map((stop) => stop.firstAskedAtMs), Number.POSITIVE_INFINITY);
  const used = (key: 'zone' | 'host', task: GameDayTask) =>
    counted.filter((stop) => stop[key] === task[key]).length;
  const inZone = (task: GameDayTask) => now.tasks.filter(({ zone }) => zone === task.zone).length;
  const candidates = now.tasks.filter(
    (task) =>
      !task.isProtected &&
      task.createdAtMs < firstMs &&
      !memory.stops.some(({ taskArn }) => taskArn === task.taskArn) &&
      (typeof ask.tasks === 'number' || ask.tasks.includes(task.taskArn)),
  );
  return [...candidates].sort(
    (a, b) =>
      used('zone', a) - used('zone', b) ||
      used('host', a) - used('host', b) ||
      inZone(b) - inZone(a) ||
      (a.taskArn < b.taskArn ? -1 : 1),
  )[0];
}

function noTaskLeft({ ask, memory }: GameDayRead, now: GameDayService): string {
  const asked = now.tasks.filter(
    ({ taskArn }) => typeof ask.tasks === 'number' || ask.tasks.includes(taskArn),
  );
  const guarded = asked.filter(
    ({ taskArn, isProtected }) => isProtected && !memory.stops.some((stop) => stop.taskArn === taskArn),
  ).length;
  if (guarded > 0) return `no other task is left to stop, ${guarded} being protected from scale-in`;
  return 'no task is left to stop that stood there before';
}

/** When the last stop was over, however it went; 0 before the first. */
function lastOverAtMs({ stops }: GameDayMemory): number {
  return Math.max(0, ...stops.map(({ recoveredAtMs, askedAtMs }) => recoveredAtMs ?? askedAtMs));
}

/** Healthy tasks now. */
function healthyIn({ tasks }: GameDayService): number {
  return tasks.filter(({ healthy }) => healthy).length;
}

function withStop(memory: GameDayMemory, changed: Stop): GameDayMemory {
  return {
    ...memory,
    stops: memory.stops.map((stop) => (stop.taskArn === changed.taskArn ? changed : stop)),
  };
}

function shortOf({ taskArn }: Pick<Stop, 'taskArn'>): string {
  return taskArn.slice(taskArn.lastIndexOf('/') + 1);
}

/** Less than was asked: what was measured counts, and the rest is said. */
function cut(memory: GameDayMemory, why: string): GameDayServiceStep {
  if (recoveredStops(memory).length === 0) {
    const [first] = memory.stops;
    const voided = first?.void === undefined ? '' : `; ${shortOf(first)} does not count: ${first.void}`;
    return end(memory, 'skipped', false, `${why}${voided}`);
  }
  return end(memory, 'recovered', false, `${soFar(memory)}; then no more: ${why}`);
}

/** What was measured, in a sentence; of nothing, so. */
export function soFar(memory: GameDayMemory): string {
  const done = recoveredStops(memory);
  const [first, ...others] = done;
  if (first === undefined) return 'nothing was stopped';
  const lowest = others.reduce(
    (least, stop) => (stop.lowestHealthy - stop.desired < least.lowestHealthy - least.desired ? stop : least),
    first,
  );
  const tasks =
    others.length === 0 ? '1 task was stopped' : `${done.length} tasks were stopped, one at a time`;
  const seconds = done.map((stop) => `${secondsToHealthy(stop)} s`).join(', ');
  return `${tasks}; whole again after ${seconds}, never fewer than ${lowest.lowestHealthy} of ${lowest.desired} healthy`;
}

function end(
  memory: GameDayMemory,
  outcome: GameDayOutcome,
  isComplete: boolean,
  reason: string,
): GameDayServiceStep {
  const { steadySinceMs: _, ...rest } = memory;
  return { next: 'end', outcome, isComplete, reason, memory: rest };
}
