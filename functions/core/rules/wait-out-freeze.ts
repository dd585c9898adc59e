/**
 * While nothing at all may be done (rule 5: agents gone together, an alarm red) a run waits, as it was: giving everything
 * back would move tasks in the middle of somebody's bad hour. The standstill clock of rule 24 does not run meanwhile, nor
 * do the clocks of hosts whose agents are away with many others. People are told once; after FREEZE_MOST_MS the run ends,
 * because new hosts stand beside the old ones all that while.
 */
import { endRun, type Rule, span } from '../tick.ts';
import { hasReplaced, holdWhatIsLeft } from './finish.ts';

/** As long as standalone tasks are waited for by default: half a working day, and a doubled fleet for no longer. */
export const FREEZE_MOST_MS = 4 * 3_600_000;
/** What is over sooner is nobody's concern: an agent reconnects in less. */
const TOLD_AFTER_MS = 60_000;
/** With a shorter pause between them, two freezes are one. */
const SAME_FREEZE_MS = 600_000;

export const waitOutFreeze: Rule = (tick) => {
  const { look, draft, freeze } = tick;
  if (freeze.all === undefined) return;
  const { frozen } = draft.run;
  const isSame = frozen !== undefined && look.nowMs - frozen.lastMs < SAME_FREEZE_MS;
  const sinceMs = isSame ? frozen.sinceMs : look.nowMs;
  draft.noteRun({
    frozen: { sinceMs, lastMs: look.nowMs },
    lastProgressAtMs: look.nowMs,
    ...(freeze.agentsAway === true && { agentsAwayAtMs: look.nowMs }),
  });
  const lastsMs = look.nowMs - sinceMs;
  if (lastsMs >= TOLD_AFTER_MS) {
    const limit = span(FREEZE_MOST_MS / 1000);
    draft.tell('frozen', `nothing is launched, drained or ended for ${limit} at most: ${freeze.all}`);
  }
  if (lastsMs < FREEZE_MOST_MS) return;
  const why = `frozen for ${span(lastsMs / 1000)}: ${freeze.all}`;
  holdWhatIsLeft(tick, why);
  endRun(draft, hasReplaced(tick) ? 'PARTIAL' : 'FAILED', why);
};
