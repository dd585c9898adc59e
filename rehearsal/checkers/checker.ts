/**
 * What a checker is. Checkers judge from outside: they see the account's truth and what it tells its watchers, and a few
 * plain values that anybody who knows the request could write down; never the code under test. Each invariant of the
 * design (I1–I13) is one file; `index.ts` is the list of them.
 */
import type { Actor, Observation } from '../../simulator/observation.ts';
import type { Truth } from '../../simulator/truth.ts';
import type { Violation } from '../result.ts';
import type { Change, Chronicle } from './chronicle.ts';

/** Sizes that a scheduled action of a group would set, from the capture or the scenario. */
export interface ScheduledSizes {
  readonly group: string;
  readonly minSize?: number;
  readonly maxSize?: number;
  readonly desiredCapacity?: number;
}

/** The settings in force that a judge needs, as plain values. */
export interface JudgedSettings {
  readonly maxTasksInMotionPercent: number;
  /** 0: no trial. */
  readonly canaryInstances: number;
  readonly bakeSeconds: number;
  /** New hosts beside the old at most, for a group of this many outdated hosts. */
  surgeInstances(group: string, outdated: number): number;
  readonly standaloneTasks: 'wait' | 'hold' | 'stop';
  readonly protectedTasks: 'wait' | 'hold' | 'stop';
  /** How long such tasks are waited for before they are stopped; unknown counts as not at all. */
  readonly standaloneTimeoutSeconds?: number;
  readonly protectedTimeoutSeconds?: number;
  readonly onDrainTimeout: 'hold' | 'stop-tasks' | 'rollback';
}

/**
 * What a judge may know. Sets and settings are read each time, so a rehearsal may fill them as they become known (the
 * target image of a run that an event starts), but before anything is touched.
 */
export interface JudgedRun {
  readonly truth: Truth;
  /** Second 0, epoch milliseconds. */
  readonly startedAtMs: number;
  /** Name of the cluster that the request is about. */
  readonly cluster: string;
  /** Clusters (names) that may be changed; none in `observe` and `mode: plan`. */
  readonly clusters: ReadonlySet<string>;
  /** Auto Scaling groups that may be changed: those of these clusters that nobody else manages. */
  readonly groups: ReadonlySet<string>;
  /** Hosts of those groups that are not ours all the same (Standby, another manager's). */
  readonly handsOff: ReadonlySet<string>;
  /** Image ids that count as the target. */
  readonly targetImages: ReadonlySet<string>;
  /** Hosts to replace, as they were at the start: outdated, or named in the request. */
  readonly outdated: ReadonlySet<string>;
  /** Does a deadline of this host, by then near enough, override the windows? */
  overridesWindow(instanceId: string, atMs: number): boolean;
  /** Services (names) that a request asks to deploy anew: Fargate retirement, game day. */
  readonly redeployable: ReadonlySet<string>;
  /**
   * Services (`cluster/name`) that carry the tag `rollover:game-day=true` and of which the game day that has the cluster may
   * stop single tasks; none while there is no game day.
   */
  readonly rehearsable?: ReadonlySet<string>;
  readonly scheduledActions: readonly ScheduledSizes[];
  readonly settings: JudgedSettings;
  /** Is a maintenance window open, and no freeze on, at this moment? */
  isOpen(atMs: number): boolean;
  /**
   * How old the picture may be that somebody acted on, milliseconds: what happened later than this before an act is not
   * held against it. The account's reads lag up to 2 s, a list and its details are two reads, and calls take time.
   */
  readonly graceMs: number;
  /** How long one tick of a run takes at most, milliseconds: time to react to a task that died by itself. */
  readonly tickMs: number;
  /** Which run a call belongs to, where executions do not tell: orchestrators without a state machine. */
  runOf?(functionName: string): string | undefined;
  /** Cluster of a run, where several may be rolled at a time. */
  clusterOf?(run: string): string | undefined;
}

export interface CheckContext extends JudgedRun {
  readonly chronicle: Chronicle;
}

/** How the run ended, as the rehearsal concluded it. */
export interface JudgedEnding {
  readonly outcome: string;
  /** The rehearsal stopped at its horizon: nobody said how the run ended. */
  readonly stillRunning: boolean;
  readonly mode: string;
}

export interface Checker {
  readonly invariant: string;
  readonly violations: readonly Violation[];
  /** After each observation; `change` is what it means, the chronicle has taken it up already. */
  observe?(observation: Observation, atMs: number, change: Change | undefined): void;
  end?(truth: Truth, ending: JudgedEnding): void;
}

export type CheckerFactory = (context: CheckContext) => Checker;

/** Collects violations; the same fault (by `key`) is told once. */
export class Verdicts {
  readonly violations: Violation[] = [];
  readonly #invariant: string;
  readonly #startedAtMs: number;
  readonly #told = new Set<string>();

  constructor(invariant: string, startedAtMs: number) {
    this.#invariant = invariant;
    this.#startedAtMs = startedAtMs;
  }

  add(atMs: number, key: string, message: string): void {
    if (this.#told.has(key)) return;
    this.#told.add(key);
    const atSeconds = (atMs - this.#startedAtMs) / 1000;
    this.violations.push({ atSeconds, invariant: this.#invariant, message });
  }

  /** The fault is over; if it comes again, it is told again. */
  over(key: string): void {
    this.#told.delete(key);
  }
}

/** We: any function, the code under test. Who calls as nobody (`outside`) is a person or the test itself. */
export function isOurs(actor: Actor | undefined): boolean {
  return actor?.kind === 'function' && actor.name !== 'outside';
}

/** The call had its effect: also one whose answer was lost, or that named failures. */
export function tookEffect(answer: string): boolean {
  return answer === 'ok' || answer === 'partial' || answer === 'lost';
}
