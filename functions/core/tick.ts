/** What every rule gets: the look, the step in the making, and what is frozen. */
import type { Draft } from './draft.ts';
import type { Host } from './groups.ts';
import type { GroupLook, Look } from './look.ts';
import type { Motion } from './motion.ts';
import type { Outcome } from './outcome.ts';

export interface Freeze {
  /** Nothing at all is registered, drained or terminated. */
  readonly all?: string;
  /** Why all: many agents are away at once, which is no host's own doing. */
  readonly agentsAway?: boolean;
  /** Group → why nothing of it is drained or terminated. */
  readonly groups: ReadonlyMap<string, string>;
  /** No new host is drained; what drains goes on, and empty hosts are still ended. */
  readonly drains?: string;
}

export interface Tick {
  readonly look: Look;
  readonly draft: Draft;
  readonly freeze: Freeze;
  /** Made on first use: placing all tasks costs time. */
  readonly motion: () => Motion;
}

export type Rule = (tick: Tick) => void;

/** Ends the rolling part: from now on only what is needed to give things back is done. */
export function endRun(draft: Draft, outcome: Outcome, reason: string): void {
  if (draft.run.ending !== undefined) return;
  draft.noteRun({ phase: 'closing', ending: { outcome, reason } });
}

export function isRolling(draft: Draft): boolean {
  return draft.run.phase === 'rolling';
}

export function groupOf(look: Look, host: Host): GroupLook | undefined {
  return look.groups.find((group) => group.name === host.autoScalingGroupName);
}

/** Seconds as people say them. */
export function span(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 360) / 10} h`;
}
