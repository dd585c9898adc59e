/** Rule 24 and the end: all replaced, or nothing that could still move. */

import { replacedText } from '../earlier.ts';
import type { GroupFacts } from '../facts.ts';
import type { Host } from '../groups.ts';
import { hold } from '../hold.ts';
import { type GroupLook, memoryOf } from '../look.ts';
import { endRun, type Rule, span, type Tick } from '../tick.ts';
import { TEMPLATE_READS_MS } from './freeze.ts';
import { effectiveSurge, launchTrouble } from './launches.ts';
import { wantsLevelling } from './surplus.ts';

/** Terminated hosts are waited for this long, hooks apart, before the run ends without them. */
const GONE_WAIT_MS = 900_000;

/**
 * Managed draining lets an empty host go within minutes; one that its hook holds longer may hang there for its 48 hours.
 * Source: Amazon ECS developer guide, managed-instance-draining.
 */
const MANAGED_DRAINING_HOOK = 'ecs-managed-draining-termination-hook';

/** After so many new hosts that did not become ready, more are not waited for. */
const FAILED_AT_THE_END = 3;

export const finish: Rule = (tick) => {
  if (isDone(tick)) endDone(tick);
  else endStalled(tick);
};

/** Rule 3: launches keep failing and there is nothing to go on with: the run ends with the group's own words. */
export const giveUpLaunching: Rule = (tick) => {
  const stuck = tick.look.groups.find((group) => noneReady(tick, group));
  if (stuck === undefined) return;
  const why = `${stuck.name} cannot launch: ${launchTrouble(tick, stuck) ?? ''}`;
  holdWhatIsLeft(tick, `the run ends: ${why}`);
  endRun(tick.draft, hasReplaced(tick) ? 'PARTIAL' : 'FAILED', why);
};

/** The window closed: what is left waits for the next one, which prepares anew; meanwhile the cluster is as it was. */
export const waitForWindow: Rule = (tick) => {
  const { look, draft, freeze } = tick;
  if (look.window.open || look.groups.every((group) => group.outdatedLeft.length === 0)) return;
  endRun(draft, 'PENDING_WINDOW', freeze.drains ?? 'outside the window');
};

/** How far the work has come, earlier windows included. */
export function standing(tick: Tick): string {
  const left = tick.look.groups.reduce((sum, group) => sum + group.outdatedLeft.length, 0);
  return `${replacedText(replaced(tick), tick.draft.run.earlier)}, ${left} left`;
}

/** Where MaxSize may not rise and leaves nothing beside the old hosts, none of them can be replaced safely. */
export const holdWithoutRoom: Rule = (tick) => {
  for (const group of tick.look.groups) {
    if (group.ready.length + group.incoming.length > 0 || effectiveSurge(tick, group) > 0) continue;
    for (const host of group.outdatedLeft) {
      const { maxSize } = group.facts;
      const reason = `MaxSize ${maxSize} leaves no room for a new host beside the old, and raiseMaxSize is false`;
      hold(tick, host, { reason, final: true });
    }
  }
};

/** Somebody wants the group to launch something else: what this run would bring in is not what they want any more. */
export const yieldToForeignTemplate: Rule = (tick) => {
  for (const group of tick.look.groups) {
    const foreign = memoryOf(tick.draft, group).foreignTemplate;
    if (foreign === undefined || tick.look.nowMs - foreign.sinceMs < TEMPLATE_READS_MS) continue;
    const reason = `somebody changed the template of ${group.name}: it launches ${foreign.imageId} now; start a new run`;
    for (const host of group.outdatedLeft) hold(tick, host, { reason, final: true });
  }
};

/** Launches fail and there is nothing to go on with. */
function noneReady(tick: Tick, group: GroupLook): boolean {
  return (
    group.outdatedLeft.length > 0 && group.ready.length === 0 && launchTrouble(tick, group) !== undefined
  );
}

function heldHosts({ look, draft }: Tick): number {
  return [...look.hosts.values()].filter((host) => {
    const held = draft.host(host.instanceId)?.held;
    return held?.final === true && host.kind !== 'gone';
  }).length;
}

/** Planned hosts that are gone, whoever ended them. */
function replaced({ look }: Tick): number {
  return [...look.hosts.values()].filter((host) => host.role === 'outdated' && host.kind === 'gone').length;
}

/** In this run, or in earlier windows of the same work. */
export function hasReplaced(tick: Tick): boolean {
  return replaced(tick) + (tick.draft.run.earlier?.replaced ?? 0) > 0;
}

function isDone({ look, draft, ...rest }: Tick): boolean {
  const tick = { look, draft, ...rest };
  if (draft.register.length + draft.drain.length + draft.terminate.length + draft.deregister.length > 0)
    return false;
  return look.groups.every((group) => {
    if (group.plan.referenceOnly) return true;
    if (group.outdatedLeft.some((host) => draft.host(host.instanceId)?.held?.final !== true)) return false;
    if (group.terminating > 0 || group.alive.some((host) => host.memory.surplus !== undefined)) return false;
    if (wantsLevelling(tick, group)) return false;
    // The last new hosts come after the last old ones have gone; whether they join is for the run to see, twice at most.
    if (group.incoming.length > 0 && (memoryOf(draft, group).failedNew ?? 0) < FAILED_AT_THE_END)
      return false;
    // The host that levels the zones comes first, and the one that goes for it goes by the surplus rule.
    const { goal, zoneSwaps = 0 } = memoryOf(draft, group);
    if (zoneSwaps > 0 && heldHosts(tick) === 0 && group.alive.length > goal) return false;
    return group.hosts.every(
      (host) => host.kind !== 'gone' || isEnded(host, goneWaitMs(group.facts), look.nowMs),
    );
  });
}

/** EC2 says terminated, or nothing any more; a host that does not end is not waited for longer than `waitMs`. */
export function isEnded({ facts, memory }: Host, waitMs: number, nowMs: number): boolean {
  if (facts === undefined || facts.ec2State === undefined || facts.ec2State === 'terminated') return true;
  return memory.goneSinceMs !== undefined && nowMs - memory.goneSinceMs > waitMs;
}

/**
 * How long hosts of a group may take from their end in Auto Scaling to EC2's `terminated`: a hook that nobody completes
 * holds them for its heartbeat timeout. Source: Amazon EC2 Auto Scaling user guide, lifecycle-hooks.
 */
export function goneWaitMs({ terminationHooks }: Pick<GroupFacts, 'terminationHooks'>): number {
  const heartbeats = terminationHooks.flatMap(({ name, heartbeatSeconds }) =>
    name === MANAGED_DRAINING_HOOK ? [] : heartbeatSeconds,
  );
  return GONE_WAIT_MS + Math.max(0, ...heartbeats) * 1000;
}

/** Planned hosts that are still there: held, or taken out of their group by somebody. */
function staying({ look }: Tick): number {
  return [...look.hosts.values()].filter((host) => host.role === 'outdated' && host.kind !== 'gone').length;
}

function endDone(tick: Tick): void {
  const { look, draft } = tick;
  const stayed = staying(tick) + look.plan.keptOut.length;
  const done = replacedText(replaced(tick), draft.run.earlier);
  if (stayed === 0) {
    endRun(draft, 'SUCCEEDED', hasReplaced(tick) ? done : 'the templates resolve to the target');
    return;
  }
  endRun(draft, 'PARTIAL', `${done}, ${stayed} stay: ${firstReasons(tick)}`);
}

function firstReasons({ look, draft }: Tick): string {
  const held = [...look.hosts.keys()].flatMap((id) => {
    const reason = draft.host(id)?.held?.reason;
    return reason === undefined ? [] : [`${id}: ${reason}`];
  });
  const keptOut = look.plan.keptOut.map(({ instanceId, reason }) => `${instanceId}: ${reason}`);
  return [...held, ...keptOut].slice(0, 3).join('; ');
}

/** Nothing moved for the drain timeout, and nothing that we wait for has a known end. */
function endStalled(tick: Tick): void {
  const { look, draft, freeze } = tick;
  const acts =
    draft.register.length +
    draft.drain.length +
    draft.terminate.length +
    draft.activate.length +
    draft.stopTasks.length;
  const waiting = draft.waits.some((wait) => wait.untilMs > look.nowMs);
  const paused = freeze.drains !== undefined;
  if (acts > 0 || waiting || paused) {
    if (paused) draft.noteRun({ lastProgressAtMs: look.nowMs });
    return;
  }
  const stillSeconds = (look.nowMs - draft.run.lastProgressAtMs) / 1000;
  const limits = look.groups.map(({ settings }) => settings.drainTimeoutSeconds);
  if (stillSeconds < Math.max(...limits)) return;
  // Only a surplus is left that finds no room elsewhere: the closing phase tries once more, and gives up.
  if (look.groups.every((group) => group.outdatedLeft.length === 0)) {
    endDone(tick);
    return;
  }
  holdWhatIsLeft(tick, 'nothing moves');
  draft.tell('stalled', `nothing moved for ${span(stillSeconds)}`);
  const outcome = hasReplaced(tick) ? 'PARTIAL' : 'FAILED';
  endRun(draft, outcome, `nothing moved for ${span(stillSeconds)}: ${firstReasons(tick)}`);
}

/** Every host that stays has a reason (I7): its own where a rule holds it back, else the run's. */
export function holdWhatIsLeft(tick: Tick, reason: string): void {
  for (const group of tick.look.groups) {
    for (const host of group.outdatedLeft) {
      const held = tick.draft.host(host.instanceId)?.held;
      if (held !== undefined) {
        tick.draft.noteHost(host.instanceId, host.memory, { held: { ...held, final: true } });
        continue;
      }
      const why = tick.draft.holds.get(host.instanceId);
      hold(tick, host, {
        reason: why?.reason ?? reason,
        final: true,
        ...(why?.service !== undefined && { service: why.service }),
      });
    }
  }
}
