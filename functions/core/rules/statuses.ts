/** A status that was asked of ECS and does not show: the call was lost, or ECS does not do it. */
import type { Host } from '../groups.ts';
import { hold } from '../hold.ts';
import { isRolling, type Rule, type Tick } from '../tick.ts';
import { activate } from './unplaced.ts';

/** A status may take this long to show in a read before it is asked for again. */
const REPEAT_MS = 30_000;
/** So many steps in which ECS named the host among the failures, this long apart: no chance, no slow read. */
const REFUSALS = 3;
const REFUSED_MS = 60_000;

/** ECS keeps naming the host in `failures` when it is asked for DRAINING. */
function isRefused({ memory }: Host): boolean {
  const { drainRefused: refused, drainingSinceMs } = memory;
  if (refused === undefined || drainingSinceMs === undefined || refused.lastAtMs < drainingSinceMs)
    return false;
  return refused.count >= REFUSALS && refused.lastAtMs - refused.firstAtMs >= REFUSED_MS;
}

/**
 * A host that ECS refuses to drain again and again keeps its tasks and stays. ACTIVE is asked for all the same: a drain that
 * shows later, from a call believed refused, would be left behind.
 */
export const holdRefused: Rule = (tick: Tick) => {
  for (const host of tick.look.hosts.values()) {
    const { memory, facts, role } = host;
    if (host.kind !== 'draining' || role !== 'outdated' || facts?.status !== 'ACTIVE') continue;
    if (memory.drainingSeenAtMs !== undefined || !isRefused(host)) continue;
    const reason = `ECS refuses to drain it: ${memory.drainRefused?.reason}`;
    hold(tick, host, { reason, final: true });
    tick.draft.hold({ instanceId: host.instanceId, rule: '12', reason });
    activate(tick, host, `held: ${reason}`);
  }
};

/** Hosts that drained when it was seen that they are to stay go back to ACTIVE. */
export const activateSpared: Rule = (tick) => {
  for (const { instanceId } of tick.look.facts.memory.spared ?? []) {
    const host = tick.look.hosts.get(instanceId);
    if (host?.kind !== 'held' || host.memory.drainingSinceMs === undefined) continue;
    activate(tick, host, host.memory.held?.reason ?? '');
  }
};

/** DRAINING was asked for and never seen: the call was lost, or the read is old; asking twice changes nothing. */
export const repeatDrains: Rule = ({ look, draft, freeze }) => {
  if (!isRolling(draft) || freeze.all !== undefined || freeze.drains !== undefined) return;
  for (const host of look.hosts.values()) {
    const { drainingSinceMs, drainingSeenAtMs } = host.memory;
    const arn = host.facts?.containerInstanceArn;
    if (host.kind !== 'draining' || host.facts?.status !== 'ACTIVE' || arn === undefined) continue;
    if (drainingSinceMs === undefined || drainingSeenAtMs !== undefined) continue;
    if (look.nowMs - drainingSinceMs < REPEAT_MS || isRefused(host)) continue;
    draft.drain.push({
      instanceId: host.instanceId,
      containerInstanceArn: arn,
      reason: 'it should be DRAINING and is still ACTIVE',
    });
  }
};

/** A host that should be ACTIVE again and is not: our call was lost (I8). */
export const repeatActivations: Rule = (tick) => {
  for (const host of tick.look.hosts.values()) {
    const askedMs = host.memory.activatedAtMs;
    if (askedMs === undefined || host.memory.drainingSinceMs !== undefined) continue;
    if (host.facts?.status !== 'DRAINING' || host.kind === 'gone') continue;
    if (tick.look.nowMs - askedMs >= REPEAT_MS)
      activate(tick, host, 'it should be ACTIVE again and still drains');
  }
};
