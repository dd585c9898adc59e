/**
 * Rule 5: what must not happen now. A lost claim freezes too, but that is the handlers' to see: they verify the token
 * before every mutating call.
 */
import type { Draft } from '../draft.ts';
import { type Host, isStopped } from '../groups.ts';
import { type Look, memoryOf } from '../look.ts';
import { type Freeze, isRolling } from '../tick.ts';
import { awaitsApproval } from './approval.ts';

/** This many agents, and this share of all, gone at one look is a network or region problem, not ours to drain into. */
const MANY_AGENTS = 3;
const MANY_AGENTS_SHARE = 0.2;
/** Reads of somebody else's template that must agree before we believe it: our own pin may not show yet. */
export const TEMPLATE_READS_MS = 60_000;

/** A group whose trial bakes is no part of this: `drainAllowance` and `terminateHosts` ask for the trial themselves. */
export function freezeOf(look: Look, draft: Draft): Freeze {
  const groups = new Map<string, string>();
  for (const group of look.groups) {
    if (group.facts.instanceRefreshInProgress) {
      groups.set(group.name, 'somebody else runs an instance refresh on the group');
    }
    if (awaitsApproval({ look, draft }) && memoryOf(draft, group).trialPassedAtMs !== undefined) {
      groups.set(group.name, 'what comes after the trial waits for approval');
    }
    if (foreignTemplate(group, draft, look.nowMs)) {
      groups.set(group.name, 'somebody else changed the group’s template: it launches another image now');
    }
  }
  // Giving back goes on under a red alarm, which may be why the run ends, and with agents that a bad image silenced.
  const away = isRolling(draft) ? agentsAway(look) : undefined;
  const red = isRolling(draft) ? redAlarms(look) : [];
  const all = away ?? (red.length > 0 ? `alarm ${red.join(', ')} is in ALARM` : undefined);
  const drains = look.window.open ? undefined : closedText(look);
  return {
    groups,
    ...(all !== undefined && { all }),
    ...(away !== undefined && { agentsAway: true }),
    ...(drains !== undefined && { drains }),
  };
}

/** A machine that somebody stopped has silenced its agent itself, and what never was connected has not gone. */
function agentsAway(look: Look): string | undefined {
  const registered = [...look.hosts.values()].filter(
    (host) =>
      host.facts?.containerInstanceArn !== undefined &&
      host.kind !== 'gone' &&
      host.kind !== 'dead' &&
      !isStopped(host.facts) &&
      !isYetToConnect(host),
  );
  const silent = registered.filter((host) => host.facts?.agentConnected === false).length;
  if (silent >= MANY_AGENTS && silent > registered.length * MANY_AGENTS_SHARE) {
    return `${silent} of ${registered.length} agents are not connected at this look`;
  }
  return undefined;
}

function isYetToConnect({ role, facts, memory: { readySinceMs, agentReads = [] } }: Host): boolean {
  if (role !== 'new' || readySinceMs !== undefined || facts?.agentConnected === true) return false;
  return !agentReads.some(({ connected }) => connected);
}

/** The settings' alarms that are in ALARM; one that does not exist is a finding of the plan, not a freeze. */
export function redAlarms(look: Look): string[] {
  const wanted = new Set(look.settings.alarms);
  return look.facts.alarms
    .filter((alarm) => wanted.has(alarm.alarmName) && alarm.state === 'ALARM')
    .map((alarm) => alarm.alarmName)
    .sort();
}

function closedText(look: Look): string {
  const { window } = look;
  if (window.open) return '';
  const what =
    window.because === 'freeze' ? `the freeze ${window.text} holds` : `outside the window ${window.text}`;
  return window.opensAtMs === undefined ? what : `${what} until ${new Date(window.opensAtMs).toISOString()}`;
}

/** The group would launch another image than the target, on reads a minute apart: somebody changed its template. */
function foreignTemplate(group: Look['groups'][number], draft: Draft, nowMs: number): boolean {
  const targets = group.plan.target.imageIds;
  const other = group.facts.templates.find(
    (use) => use.imageId !== undefined && !targets.includes(use.imageId),
  )?.imageId;
  const before = memoryOf(draft, group).foreignTemplate;
  if (other === undefined) {
    if (before !== undefined) draft.noteGroup(group.name, { foreignTemplate: undefined });
    return false;
  }
  if (before?.imageId !== other) {
    draft.noteGroup(group.name, { foreignTemplate: { imageId: other, sinceMs: nowMs, reads: 1 } });
    return false;
  }
  return nowMs - before.sinceMs >= TEMPLATE_READS_MS;
}
