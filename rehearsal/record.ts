/** Everything that a rehearsal leaves behind: the public result, and what the report and the log show of how it went. */
import type { GroupTruth, LaunchTemplateTruth } from '../simulator/truth.ts';
import type { LogLine } from './log.ts';
import type { RehearsalResult } from './result.ts';
import type { Timeline } from './timeline.ts';

/** One tick of `assess`, for people and for the log. */
export interface DecisionRecord {
  readonly t: number;
  readonly phase: string;
  readonly reason: string;
  /** Counts of what the step does, acts without hosts left out. */
  readonly acts: Readonly<Record<string, number>>;
  /** Why it acts: the reasons that the acts carry, each once. */
  readonly because: readonly string[];
  /** Hosts that some rule holds back at this tick. */
  readonly holding: number;
  /** What most of them wait for. */
  readonly heldBack: string;
}

export interface MotionPoint {
  readonly t: number;
  readonly tasks: number;
}

export interface RehearsalRecord {
  readonly result: RehearsalResult;
  readonly cluster: string;
  /** Empty when the lines were taken as they came. */
  readonly log: readonly LogLine[];
  readonly timeline: Timeline;
  /** Tasks in motion over time, by service. */
  readonly inMotion: ReadonlyMap<string, readonly MotionPoint[]>;
  readonly decisions: readonly DecisionRecord[];
  /** Groups and templates as the run left them. */
  readonly groups: readonly GroupTruth[];
  readonly launchTemplates: readonly LaunchTemplateTruth[];
  /** How long it took, real seconds; shown to people, never part of result, log or report. */
  readonly wallSeconds: number;
}
