/**
 * Somebody has to say yes to what comes after the trial (setting `approval: after-canary`): the trial's hosts stay in place,
 * nothing else moves, and after the time for it the run ends and gives everything back.
 */
import { memoryOf } from '../look.ts';
import { endRun, isRolling, type Rule, type Tick } from '../tick.ts';

const HOUR_MS = 3_600_000;

/** Nothing but the trial may happen yet. */
export function awaitsApproval({ look, draft }: Pick<Tick, 'look' | 'draft'>): boolean {
  const { approval, canaryInstances } = look.settings;
  return (
    approval === 'after-canary' && canaryInstances > 0 && draft.run.approved === undefined && isRolling(draft)
  );
}

export const awaitApproval: Rule = (tick) => {
  if (!awaitsApproval(tick)) return;
  const { look, draft } = tick;
  const moving = look.groups.filter((group) => group.plan.outdated.length > 0);
  if (moving.length === 0) return;
  if (moving.some((group) => memoryOf(draft, group).trialPassedAtMs === undefined)) return;
  const wantedMs = draft.run.approvalWantedAtMs ?? look.nowMs;
  const untilMs = wantedMs + look.settings.approvalTimeoutHours * HOUR_MS;
  const until = new Date(untilMs).toISOString();
  if (draft.run.approvalWantedAtMs === undefined) {
    draft.noteRun({ approvalWantedAtMs: wantedMs });
    const hosts = moving.reduce((sum, group) => sum + group.outdatedLeft.length, 0);
    draft.tell('approval-wanted', `the trial passed; ${hosts} hosts wait for approval until ${until}`);
  }
  if (look.nowMs >= untilMs) {
    const { approvalTimeoutHours } = look.settings;
    endRun(
      draft,
      'ABORTED',
      `nobody approved what comes after the trial within ${approvalTimeoutHours} hours`,
    );
    return;
  }
  draft.waits.push({ untilMs, what: 'approval' });
};
