/** What a look tells before rules act: who became ready, who received a bounce, what is waited for until when. */
import { missingDaemon } from '../groups.ts';
import { memoryOf } from '../look.ts';
import { counted } from '../plan/words.ts';
import { endRun, type Rule } from '../tick.ts';
import { goneWaitMs, holdWhatIsLeft } from './finish.ts';

/** New hosts that come and fail, one after the other, are waited for so often beyond the drain timeout, then no more. */
const GENERATIONS_WITHOUT_PROGRESS = 2;

/** Readiness is kept once found: from then on a host is lost only after three minutes without agent (rule 4). */
export const noteReady: Rule = ({ look, draft }) => {
  for (const host of look.hosts.values()) {
    if (host.kind !== 'ready' || host.memory.readySinceMs !== undefined) continue;
    draft.noteHost(host.instanceId, host.memory, { readySinceMs: look.nowMs });
    draft.noteRun({ lastProgressAtMs: look.nowMs });
  }
};

/** Rule 22: a task that came to an outdated host after our first drain. Counted, never a reason to stop. */
export const noteBounces: Rule = ({ look, draft }) => {
  const firstDrainMs = draft.run.firstDrainAtMs;
  if (firstDrainMs === undefined) return;
  for (const host of look.hosts.values()) {
    if (host.kind !== 'outdated' || host.memory.bouncedAtMs !== undefined) continue;
    const bounced = host.tasks.some(
      (task) => task.taskClass === 'replica' && task.createdAtMs > firstDrainMs,
    );
    if (bounced) draft.noteHost(host.instanceId, host.memory, { bouncedAtMs: look.nowMs });
  }
};

/** What somebody asked of the running run comes before everything that the run wants by itself. */
export const obeyControl: Rule = (tick) => {
  const { look, draft } = tick;
  const { control } = draft.run;
  if (control?.mode === 'abort') {
    const { outcome, reason } = control.ending ?? { outcome: 'ABORTED', reason: `aborted by ${control.by}` };
    endRun(draft, outcome, reason);
  }
  // It waits for somebody's `resume`, which plans and prepares anew; meanwhile the cluster is as it was. With nothing left to
  // replace there is nothing to wait for: the run ends as it would.
  const isLeft = look.groups.some(({ outdatedLeft }) => outdatedLeft.length > 0);
  if (control?.mode === 'pause' && isLeft)
    endRun(draft, 'PENDING_WINDOW', `paused by ${control.by}, until resumed`);
  if (control?.mode === 'rollback') endRun(draft, 'ROLLED_BACK', `rolled back by ${control.by}`);
  const { maxHeldInstances } = look.settings;
  const held = [...look.hosts.values()].filter((host) => host.kind === 'held');
  if (maxHeldInstances !== undefined && held.length > maxHeldInstances) {
    const reason = `${counted(held.length, 'host')} held, more than maxHeldInstances (${maxHeldInstances})`;
    holdWhatIsLeft(tick, `the run ends: ${reason}`);
    endRun(draft, 'PARTIAL', reason);
  }
};

/** Waits with a known end, so that they are not taken for a standstill, and why hosts that come are not ready yet. */
export const noteWaits: Rule = ({ look, draft }) => {
  const { nowMs } = look;
  for (const group of look.groups) {
    const { settings } = group;
    const registrationMs = settings.registrationTimeoutSeconds * 1000;
    const patienceMs = settings.drainTimeoutSeconds * 1000 + GENERATIONS_WITHOUT_PROGRESS * registrationMs;
    const lastMs = draft.run.lastProgressAtMs + patienceMs;
    const memory = memoryOf(draft, group);
    for (const host of group.incoming) {
      const { runningSinceMs } = host.memory;
      // A launch hook's wait has a limit of its own.
      const untilMs =
        runningSinceMs === undefined
          ? nowMs + registrationMs
          : Math.min(runningSinceMs + registrationMs, lastMs);
      draft.waits.push({ untilMs, what: 'new hosts' });
      const missing =
        host.facts?.status === 'ACTIVE'
          ? missingDaemon(host.facts, draft, host.tasks, look.daemonBelongs)
          : undefined;
      const reason =
        host.facts?.containerInstanceArn === undefined
          ? 'it has not registered yet'
          : missing === undefined
            ? 'its agent has not been connected on two reads yet'
            : `daemon ${missing} does not run on it, or is not healthy there, yet`;
      draft.hold({ instanceId: host.instanceId, rule: '4', reason });
    }
    const asked = memory.launchesAskedAtMs;
    if (asked !== undefined && group.alive.length < group.facts.desiredCapacity) {
      draft.waits.push({ untilMs: Math.min(asked + registrationMs, lastMs), what: 'launches' });
    }
    if (memory.bakeStartedAtMs !== undefined && memory.trialPassedAtMs === undefined) {
      draft.waits.push({ untilMs: memory.bakeStartedAtMs + settings.bakeSeconds * 1000, what: 'the bake' });
    }
    for (const host of group.hosts) {
      if (host.kind === 'terminating') draft.waits.push({ untilMs: nowMs + 60_000, what: 'terminations' });
      if (host.kind === 'gone' && host.facts !== undefined && host.memory.goneSinceMs !== undefined) {
        draft.waits.push({
          untilMs: host.memory.goneSinceMs + goneWaitMs(group.facts),
          what: 'terminations',
        });
      }
      if (host.kind === 'draining' && host.progress.state === 'empty') {
        draft.waits.push({
          untilMs: (host.memory.emptySinceMs ?? nowMs) + 130_000,
          what: 'the second read, and daemons',
        });
      }
    }
  }
};
