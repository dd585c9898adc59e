/** Hosts and their images as they stand: what each runs, what it should run, since when not, and why. Pure. */
import type { Run } from '../../functions/aws/ledger/runs.ts';
import { explainHost, heldBy, keptOutBy } from '../../functions/core/explain.ts';
import type { HostFacts, ImageFacts } from '../../functions/core/facts.ts';
import { dueForAge } from '../../functions/core/plan/ages.ts';
import { groupSettings, type PlanContext } from '../../functions/core/plan/context.ts';
import { patchedElsewhere } from '../../functions/core/plan/scope.ts';
import { resolveTarget, targetImagesOf, whyOutdated } from '../../functions/core/plan/targets.ts';
import type { GroupTarget, Plan } from '../../functions/core/plan.ts';
import type { GroupEvidence, HostEvidence, ImageEvidence } from './evidence.ts';
import { DAY_MS, daysBetween, iso } from './times.ts';

interface Runs {
  readonly running?: Run;
  readonly last?: Run;
}

export function groupsEvidence(context: PlanContext): GroupEvidence[] {
  return context.facts.groups.map((group) => {
    const result = resolveTarget(group, context);
    const { autoScalingGroupName } = group;
    if (result.target === undefined) {
      const problem = result.findings[0]?.message ?? 'no target image is known';
      return { autoScalingGroupName, targetImages: [], problem };
    }
    const { source, imageIds } = result.target;
    return {
      autoScalingGroupName,
      imageSource: source,
      targetImages: imageIds.map((id) => imageEvidence(id, context.images.get(id), context.nowMs)),
    };
  });
}

export function hostsEvidence(
  runs: Runs,
  { context, plan }: { readonly context: PlanContext; readonly plan: Plan },
  nowMs: number,
): HostEvidence[] {
  const targets = new Map(
    context.facts.groups.map((group) => [group.autoScalingGroupName, resolveTarget(group, context).target]),
  );
  const ours = context.facts.hosts.filter(
    ({ instanceId }) => !plan.exempt.some((one) => one.instanceId === instanceId),
  );
  const due = new Map(
    context.facts.groups.flatMap(({ autoScalingGroupName: name }) => {
      const own = ours.filter((host) => host.autoScalingGroupName === name);
      return [...dueForAge(own, groupSettings(context, name), nowMs)];
    }),
  );
  return context.facts.hosts
    .filter(({ ec2State }) => ec2State !== 'terminated')
    .map((host) =>
      hostEvidence(host, {
        runs,
        context,
        plan,
        due,
        target: targets.get(host.autoScalingGroupName ?? ''),
        nowMs,
      }),
    );
}

interface HostContext {
  readonly runs: Runs;
  readonly context: PlanContext;
  readonly plan: Plan;
  /** Why hosts are due for their age. */
  readonly due: ReadonlyMap<string, string>;
  readonly target: GroupTarget | undefined;
  readonly nowMs: number;
}

function hostEvidence(host: HostFacts, scope: HostContext): HostEvidence {
  const { context, target, nowMs } = scope;
  const { instanceId, autoScalingGroupName, launchTimeMs } = host;
  const imageId = host.imageId ?? host.attributes['ecs.ami-id'];
  const wanted = target === undefined ? [] : targetImagesOf(target, host);
  const isOnTarget = imageId !== undefined && wanted.includes(imageId);
  const published = wanted.flatMap((id) => context.images.get(id)?.createdAtMs ?? []);
  const publishedMs = published.length === 0 ? undefined : Math.max(...published);
  const lagDays = isOnTarget ? 0 : publishedMs === undefined ? undefined : daysBetween(publishedMs, nowMs);
  const sinceMs = outdatedSinceMs(host, isOnTarget, publishedMs, scope);
  return {
    instanceId,
    ...(autoScalingGroupName !== undefined && { autoScalingGroupName }),
    ...(imageId !== undefined && { image: imageEvidence(imageId, context.images.get(imageId), nowMs) }),
    ...(launchTimeMs !== undefined && {
      launchedAt: iso(launchTimeMs),
      ageDays: daysBetween(launchTimeMs, nowMs),
    }),
    targetImageIds: wanted,
    ...(imageId !== undefined && lagDays !== undefined && { lagDays }),
    ...(sinceMs !== undefined && { outdatedSince: iso(sinceMs) }),
    ...stateOf(host, scope),
  };
}

function stateOf(
  host: HostFacts,
  { runs, context, plan, due, target }: HostContext,
): Pick<HostEvidence, 'state' | 'reason' | 'blockedBy' | 'exemptUntil' | 'patchedElsewhere'> {
  const { instanceId } = host;
  const exempt = plan.exempt.find((one) => one.instanceId === instanceId);
  if (exempt !== undefined) {
    const { reason, untilMs } = exempt;
    const isElsewhere = patchedElsewhere(host, context) !== undefined;
    return {
      state: 'exempt',
      reason,
      exemptUntil: untilMs === undefined ? null : iso(untilMs),
      ...(isElsewhere && { patchedElsewhere: true }),
    };
  }
  const outdated = target === undefined ? undefined : (whyOutdated(host, target) ?? due.get(instanceId));
  const keptOut = plan.keptOut.find((one) => one.instanceId === instanceId);
  if (outdated === undefined && keptOut === undefined) return { state: 'current' };
  const run = runs.running ?? runs.last;
  const held = run?.memory?.hosts.find((one) => one.instanceId === instanceId)?.held;
  if (held !== undefined) {
    const { reason, blockedBy } = heldBy(held, runs.running === undefined);
    return { state: 'held', reason, ...(blockedBy && { blockedBy }) };
  }
  if (keptOut !== undefined) return { state: 'kept-out', ...keptOutBy(plan, keptOut) };
  const underWay = runs.running?.plan && {
    ...explainHost(instanceId, { plan: runs.running.plan, memory: runs.running.memory }),
  };
  const isPartOfIt = underWay !== undefined && underWay.state !== 'not of this run';
  return { state: 'outdated', reason: `${outdated}${isPartOfIt ? `; ${underWay.reason}` : ''}` };
}

/** Not told for a host whose day has come before it passed the limit: nothing of it is late. */
function outdatedSinceMs(
  host: HostFacts,
  isOnTarget: boolean,
  publishedMs: number | undefined,
  { context, nowMs }: HostContext,
): number | undefined {
  const { launchTimeMs } = host;
  const { maxInstanceAgeDays } = groupSettings(context, host.autoScalingGroupName ?? '');
  const tooOldMs =
    maxInstanceAgeDays === undefined || launchTimeMs === undefined
      ? undefined
      : launchTimeMs + maxInstanceAgeDays * DAY_MS;
  const since = [
    ...(isOnTarget || publishedMs === undefined ? [] : [Math.max(publishedMs, launchTimeMs ?? publishedMs)]),
    ...(tooOldMs !== undefined && tooOldMs <= nowMs ? [tooOldMs] : []),
  ];
  return since.length === 0 ? undefined : Math.min(...since);
}

function imageEvidence(imageId: string, image: ImageFacts | undefined, nowMs: number): ImageEvidence {
  const { name, ownerId, createdAtMs } = image ?? {};
  return {
    imageId,
    ...(name !== undefined && { name }),
    ...(ownerId !== undefined && { ownerId }),
    ...(createdAtMs !== undefined && {
      createdAt: iso(createdAtMs),
      ageDays: daysBetween(createdAtMs, nowMs),
    }),
  };
}
