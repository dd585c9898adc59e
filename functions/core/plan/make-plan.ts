/** The plan of a run: what is outdated, what blocks, what it would cost. Pure: facts and settings in, plan out. */
import type { Facts, GroupFacts, HostFacts } from '../facts.ts';
import { imageFindings } from '../images/checks.ts';
import { referenceNotes } from '../images/reference.ts';
import type { Exemption, Finding, GroupPlan, GroupTarget, Plan } from '../plan.ts';
import type { Settings } from '../settings.ts';
import { dueForAge } from './ages.ts';
import { type SpokenFor, surgeOf } from './capacity.ts';
import { groupSettings, type PlanContext, type PlanRequest, planContext } from './context.ts';
import { hostFindings } from './host-findings.ts';
import { inPlaceFindings } from './in-place-findings.ts';
import { networkFindings } from './network-findings.ts';
import { newHostModel } from './new-hosts.ts';
import { placementFindings, type Replacement } from './placement-findings.ts';
import type { PlanFacts } from './plan-facts.ts';
import { predict } from './prediction.ts';
import { exemption, groupProblems, ownerOf } from './scope.ts';
import { serviceFindings } from './service-findings.ts';
import { splitRoomFindings } from './split-room-findings.ts';
import { resolveTarget, whyOutdated } from './targets.ts';
import { counted } from './words.ts';

/** A group in scope, as far as it can be planned alone. */
interface Draft {
  readonly group: GroupFacts;
  /** Undefined: its image could not be resolved. */
  readonly target: GroupTarget | undefined;
  readonly outdated: readonly HostFacts[];
  readonly findings: readonly Finding[];
  /** It needs nothing, and something speaks against touching it at all. */
  readonly leftAlone?: boolean;
}

/**
 * Plans a run. A `blocks` finding keeps its host out, one on a group all hosts of that group; the others go on. The run
 * is REFUSED when every outdated host is kept out, NOTHING_TO_DO when there is none and every group launches its target.
 */
export function makePlan(
  facts: Facts,
  planFacts: PlanFacts,
  settings: Settings,
  request: PlanRequest,
  nowMs: number,
): Plan {
  const context = planContext(facts, planFacts, settings, request, nowMs);
  const { ours, exempt } = sortHosts(context);
  const drafts = groupsInScope(context).map((group) => draft(group, ours, context));
  const outdated = drafts.flatMap((item) => item.outdated);
  // Without a target nobody knows what would move: one word on the image is enough.
  const known = drafts.flatMap((item) => (item.target === undefined ? [] : item.outdated));

  const early = [
    ...namedFindings(context, exempt),
    ...drafts.flatMap(({ findings }) => findings),
    ...known.flatMap((host) => hostFindings(host, context)),
    ...inPlaceFindings(
      context.facts.hosts.filter(({ autoScalingGroupName: name }) => context.groups.has(name ?? '')),
    ),
    ...serviceFindings(known, context),
    ...networkFindings(known, context),
  ];
  const replacements = replacementsOf(drafts, keptOutOf(drafts, early), context);
  const findings = [
    ...early,
    ...placementFindings(replacements, context),
    ...splitRoomFindings(replacements, context),
  ];

  const spokenFor: SpokenFor = new Map();
  const planned = drafts.flatMap((item) => {
    if (item.leftAlone === true || isBlocked(item.group, findings)) return [];
    const keptOut = new Set(keptOutOf(drafts, findings).map(({ instanceId }) => instanceId));
    const left = item.outdated.filter(({ instanceId }) => !keptOut.has(instanceId));
    // Nothing of this group moves, so nothing of it is touched: its reference stays as it is, too.
    if (item.outdated.length > 0 && left.length === 0) return [];
    const surge = surgeOf(item.group, left, context, spokenFor);
    findings.push(...surge.findings);
    if (item.target === undefined || isBlocked(item.group, findings)) return [];
    return [groupPlan(item.group, item.target, left, item.outdated.length, surge.surge)];
  });
  const keptOut = keptOutOf(drafts, findings);
  return {
    ...verdictOf(planned, keptOut, findings, exempt, context),
    groups: planned,
    keptOut,
    exempt,
    findings,
    predicted: predict(planned, context),
    taskCount: outdated.reduce((sum, { instanceId }) => sum + replicaCount(instanceId, context), 0),
  };
}

function groupPlan(
  group: GroupFacts,
  target: GroupTarget,
  left: readonly HostFacts[],
  outdatedCount: number,
  surge: number,
): GroupPlan {
  return {
    autoScalingGroupName: group.autoScalingGroupName,
    target,
    surge,
    outdated: left.map(({ instanceId }) => instanceId).sort(),
    referenceOnly: outdatedCount === 0,
  };
}

/** Exempt hosts are those that a person could expect to be rolled: never the tasks' or other clusters' own. */
function sortHosts(context: PlanContext): { ours: readonly HostFacts[]; exempt: readonly Exemption[] } {
  const ours: HostFacts[] = [];
  const exempt: Exemption[] = [];
  for (const host of context.facts.hosts) {
    const exemptBy = exemption(host, context);
    if (exemptBy === undefined) ours.push(host);
    else exempt.push({ instanceId: host.instanceId, ...exemptBy });
  }
  return { ours, exempt };
}

/** Named hosts bring only their own groups into scope. */
function groupsInScope(context: PlanContext): readonly GroupFacts[] {
  const named = context.request.instances;
  return context.facts.groups.filter((group) => {
    if (ownerOf(group, context.facts.clusterName) !== undefined) return false;
    if (named === undefined) return true;
    const hosts = context.hostsByGroup.get(group.autoScalingGroupName) ?? [];
    return hosts.some(({ instanceId }) => named.includes(instanceId));
  });
}

function draft(group: GroupFacts, ours: readonly HostFacts[], context: PlanContext): Draft {
  const hosts = ours.filter(
    ({ autoScalingGroupName }) => autoScalingGroupName === group.autoScalingGroupName,
  );
  const result = resolveTarget(group, context);
  const { target } = result;
  const due = dueForAge(hosts, groupSettings(context, group.autoScalingGroupName), context.nowMs);
  const outdated = hosts.filter((host) => isOutdated(host, target, due, context));
  const isAtRest = outdated.length === 0 && target?.resolvesAlready === true;
  const problems = groupProblems(group, target, context);
  const notes = target === undefined ? [] : referenceNotes(group, target, context);
  if (isAtRest) return { group, target, outdated, findings: notes, leftAlone: problems.length > 0 };
  if (target === undefined) {
    // One cause is enough: a group that cannot be rolled at all needs no word on its image.
    return { group, target, outdated, findings: problems.length > 0 ? problems : (result.findings ?? []) };
  }
  const images = imageFindings(group, target.source, target.images, context);
  return { group, target, outdated, findings: [...problems, ...images, ...notes] };
}

/** With named hosts exactly those, whatever their image; without a target nobody can say, so each may be. */
function isOutdated(
  host: HostFacts,
  target: GroupTarget | undefined,
  dueForTheirAge: ReadonlyMap<string, string>,
  { request: { instances } }: PlanContext,
): boolean {
  if (instances !== undefined) return instances.includes(host.instanceId);
  if (target === undefined) return true;
  return whyOutdated(host, target) !== undefined || dueForTheirAge.has(host.instanceId);
}

/** A request that names a host which cannot be replaced is told so, whatever becomes of the others. */
function namedFindings(context: PlanContext, exempt: readonly Exemption[]): Finding[] {
  const known = new Set(context.facts.hosts.map(({ instanceId }) => instanceId));
  return (context.request.instances ?? []).flatMap((instanceId): Finding[] => {
    const reason = exempt.find((item) => item.instanceId === instanceId)?.reason;
    if (known.has(instanceId) && reason === undefined) return [];
    return [
      {
        severity: 'blocks',
        scope: 'host',
        code: known.has(instanceId) ? 'instance-exempt' : 'instance-unknown',
        instanceId,
        field: 'instances',
        message:
          reason === undefined
            ? `${instanceId} is no host of ${context.facts.clusterName}, or no longer`
            : `${instanceId} is named but not ours to replace: ${reason}`,
        remedy: 'leave it out of the request',
      },
    ];
  });
}

function replacementsOf(
  drafts: readonly Draft[],
  keptOut: readonly Exemption[],
  context: PlanContext,
): readonly Replacement[] {
  const out = new Set(keptOut.map(({ instanceId }) => instanceId));
  return drafts.flatMap(({ group, target, outdated }) => {
    if (target === undefined) return [];
    const newHost = newHostModel(group, target, context);
    return outdated
      .filter(({ instanceId }) => !out.has(instanceId))
      .map((host) => ({ host, newHost: newHost(host) }));
  });
}

/** Outdated hosts with the first finding that keeps each out. */
function keptOutOf(drafts: readonly Draft[], findings: readonly Finding[]): readonly Exemption[] {
  const blocks = findings.filter(({ severity }) => severity === 'blocks');
  const byHost = new Map<string, string>();
  const byGroup = new Map<string, string>();
  for (const { scope, instanceId, autoScalingGroupName, message } of blocks) {
    if (instanceId !== undefined && !byHost.has(instanceId)) byHost.set(instanceId, message);
    if (scope === 'group' && autoScalingGroupName !== undefined && !byGroup.has(autoScalingGroupName)) {
      byGroup.set(autoScalingGroupName, message);
    }
  }
  return drafts.flatMap(({ group, outdated }) =>
    outdated.flatMap(({ instanceId }) => {
      const reason = byGroup.get(group.autoScalingGroupName) ?? byHost.get(instanceId);
      return reason === undefined ? [] : [{ instanceId, reason }];
    }),
  );
}

function isBlocked(group: GroupFacts, findings: readonly Finding[]): boolean {
  return findings.some(
    ({ severity, scope, autoScalingGroupName }) =>
      severity === 'blocks' && scope === 'group' && autoScalingGroupName === group.autoScalingGroupName,
  );
}

function verdictOf(
  planned: readonly GroupPlan[],
  keptOut: readonly Exemption[],
  findings: readonly Finding[],
  exempt: readonly Exemption[],
  context: PlanContext,
): Pick<Plan, 'verdict' | 'reason'> {
  const hosts = planned.reduce((sum, { outdated }) => sum + outdated.length, 0);
  const moved = planned.filter(({ referenceOnly, target }) => referenceOnly && !target.resolvesAlready);
  const out = keptOut.length === 0 ? '' : `, ${keptOut.length} kept out`;
  if (hosts > 0) {
    const groups = planned.filter(({ outdated }) => outdated.length > 0).length;
    return {
      verdict: 'roll',
      reason: `${counted(hosts, 'host')} of ${counted(groups, 'group')} to replace${out}`,
    };
  }
  if (moved.length > 0 && keptOut.length === 0) {
    const names = moved.map(({ autoScalingGroupName }) => autoScalingGroupName).join(', ');
    return { verdict: 'roll', reason: `no host to replace; ${names} gets its image reference moved` };
  }
  const blocks = findings.filter(({ severity }) => severity === 'blocks');
  const first = blocks.find(({ message }) => message === keptOut[0]?.reason) ?? blocks[0];
  if (first !== undefined) {
    const all = keptOut.length === 1 ? 'the only' : `all ${keptOut.length}`;
    const many = keptOut.length > 0 ? `${all} outdated host${keptOut.length > 1 ? 's' : ''} kept out: ` : '';
    return { verdict: 'REFUSED', reason: `${many}${first.message}; ${first.remedy}` };
  }
  return { verdict: 'NOTHING_TO_DO', reason: nothingToDo(context, exempt) };
}

function nothingToDo({ facts, request }: PlanContext, exempt: readonly Exemption[]): string {
  const { clusterName, groups, hosts } = facts;
  if (groups.length === 0) return `${clusterName} has no Auto Scaling group whose hosts could be replaced`;
  if (request.instances !== undefined) return 'none of the named hosts is left to replace';
  const [first] = exempt;
  return first !== undefined && exempt.length === hosts.length
    ? `no host of ${clusterName} is ours to replace; of ${first.instanceId}: ${first.reason}`
    : `every host of ${clusterName} that is ours to replace runs its target image, and every group launches it`;
}

function replicaCount(instanceId: string, context: PlanContext): number {
  return (context.tasksByHost.get(instanceId) ?? []).filter(({ taskClass }) => taskClass === 'replica')
    .length;
}
