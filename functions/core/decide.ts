/**
 * The decision: what stands and what is remembered in, one step out. Pure: no client, no clock, no randomness; called
 * again with what it answered it asks for nothing that contradicts it. The rules are those of docs/decisions: read the
 * list below from top to bottom.
 */
import { close } from './closing.ts';
import { Draft } from './draft.ts';
import type { Facts } from './facts.ts';
import { type Look, lookAt, memoryOf } from './look.ts';
import { Motion } from './motion.ts';
import { observe } from './observe.ts';
import type { Plan } from './plan.ts';
import { awaitApproval } from './rules/approval.ts';
import { noteDeaths } from './rules/deaths.ts';
import { drainHosts } from './rules/drain.ts';
import {
  finish,
  giveUpLaunching,
  holdWithoutRoom,
  waitForWindow,
  yieldToForeignTemplate,
} from './rules/finish.ts';
import { freezeOf } from './rules/freeze.ts';
import { followOthers } from './rules/goal.ts';
import { holdOverdue } from './rules/overdue.ts';
import { noteBounces, noteReady, noteWaits, obeyControl } from './rules/progress.ts';
import { askToQuiesce, endQuiescence } from './rules/quiesce.ts';
import { registerHosts } from './rules/register.ts';
import { holdSilent } from './rules/silent.ts';
import { activateSpared, holdRefused, repeatActivations, repeatDrains } from './rules/statuses.ts';
import { levelZones, removeSurplus, replaceFailed } from './rules/surplus.ts';
import { deregisterGhosts, forgetLostIntents, terminateHosts } from './rules/terminate.ts';
import { watchBake, watchWave } from './rules/trial.ts';
import { watchUnplaced } from './rules/unplaced.ts';
import { judgeImage } from './rules/verdict.ts';
import { waitOutFreeze } from './rules/wait-out-freeze.ts';
import type { Settings } from './settings.ts';
import type { Step } from './step.ts';
import { heldBackText, phaseOf, reasonOf, stepOf, waitSeconds } from './summary.ts';
import { isRolling, type Rule, type Tick } from './tick.ts';

/**
 * While the run lasts, in this order. A rule that ends the run leaves the rest to `close`; those that may end it while
 * others would act stand before them.
 */
const ROLLING: readonly Rule[] = [
  noteReady, //         4
  noteBounces, //       22
  noteDeaths, //        12
  obeyControl,
  waitForWindow,
  followOthers, //      2
  judgeImage, //        4, 24
  waitOutFreeze, //     5, 24
  giveUpLaunching, //   3
  yieldToForeignTemplate,
  holdWithoutRoom, //   3
  holdRefused, //       12
  activateSpared, //    12
  holdOverdue, //       11, 12
  holdSilent, //        11, 21
  registerHosts, //     3
  watchWave, //         4, the trial
  watchUnplaced, //     13–15
  drainHosts, //        5–10, 13
  askToQuiesce,
  watchBake, //         the trial
  awaitApproval,
  terminateHosts, //    16–18, 21
  replaceFailed, //     4
  removeSurplus, //     18
  levelZones, //        19
  noteWaits,
  finish, //            24
];

/** Whatever the phase: what is broken on AWS's side or was lost on ours. */
const ALWAYS: readonly Rule[] = [forgetLostIntents, deregisterGhosts, repeatActivations, repeatDrains];

export function decide(facts: Facts, plan: Plan, settings: Settings, nowMs: number): Step {
  const draft = new Draft(facts);
  if (plan.verdict !== 'roll') {
    draft.noteRun({ phase: 'closed', ending: { outcome: plan.verdict, reason: plan.reason } });
    draft.restore = true;
    return stepOf(draft, 15, 'closing', plan.reason);
  }
  observe(facts, plan, settings, draft, nowMs);
  const look = lookAt(facts, plan, settings, draft, nowMs);
  for (const group of look.groups) {
    if (draft.group(group.name) === undefined) draft.seedGroup(memoryOf(draft, group));
  }
  const tick = tickOf(look, draft);
  for (const rule of ALWAYS) rule(tick);
  for (const rule of ROLLING) {
    if (isRolling(draft)) rule(tick);
  }
  if (!isRolling(draft)) {
    endQuiescence(tick);
    close({ ...tick, freeze: freezeOf(look, draft) });
    if (draft.restore) draft.noteRun({ phase: 'closed' });
  }
  const frozen = tick.freeze.all ?? tick.freeze.drains;
  const phase = frozen !== undefined && isRolling(draft) ? 'frozen' : phaseOf(look, draft);
  const reason = reasonOf(look, draft, frozen);
  const heldBack = heldBackText([...draft.holds.values()]);
  draft.noteRun({ lookedAtMs: nowMs, said: { phase, reason, heldBack } });
  return stepOf(draft, waitSeconds(look, draft), phase, reason);
}

function tickOf(look: Look, draft: Draft): Tick {
  let motion: Motion | undefined;
  const room = () => look.groups.flatMap((group) => group.ready);
  return {
    look,
    draft,
    freeze: freezeOf(look, draft),
    motion: () => {
      motion ??= new Motion(look, room(), (name) => draft.service(name)?.unplacedAtPlan ?? 0);
      return motion;
    },
  };
}
