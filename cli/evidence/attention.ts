/** What an auditor would ask about. A cluster of which nothing is listed here is `compliant`. Pure. */
import type { HostFacts } from '../../functions/core/facts.ts';
import { groupSettings } from '../../functions/core/plan/context.ts';
import type { ClusterFacts, EvidenceFacts } from './build.ts';
import type { Attention, ClusterEvidence, HostEvidence, NoticeEvidence, RunEvidence } from './evidence.ts';

/** A run that did not reach its image; what a PARTIAL one left is told host by host. */
const BAD_ENDINGS: ReadonlySet<string> = new Set(['FAILED', 'ROLLED_BACK', 'ABORTED', 'REFUSED']);
/** Nothing is owed any more; `told`: it was never ours to act. */
const SETTLED: ReadonlySet<string> = new Set(['done', 'cancelled', 'told', 'missed']);
/** A host that comes or goes is exempt for minutes. */
const PASSING = /^(Terminat|Detach|Warmed:)/;

export function attentionOf(
  { hosts, groups, runs, notices }: Pick<ClusterEvidence, 'hosts' | 'groups' | 'runs' | 'notices'>,
  cluster: ClusterFacts,
  { quarantine, maxLagDays, nowMs }: EvidenceFacts,
): Attention[] {
  const { look } = cluster;
  if (typeof look === 'string') return [{ code: 'cluster-unreadable', message: look }];
  const facts = new Map(look.context.facts.hosts.map((host) => [host.instanceId, host]));
  const limitOf = ({ autoScalingGroupName = '' }: HostEvidence) =>
    groupSettings(look.context, autoScalingGroupName).maxInstanceAgeDays;
  return [
    ...hosts.flatMap((host) => ofHost(host, facts.get(host.instanceId), limitOf(host), maxLagDays)),
    ...groups.flatMap(({ autoScalingGroupName, problem, targetImages }): Attention[] => {
      if (problem !== undefined) return [{ code: 'target-unknown', message: problem }];
      const bad = quarantine.find((one) => targetImages.some(({ imageId }) => imageId === one.imageId));
      if (bad === undefined) return [];
      const message = `${autoScalingGroupName} is to run ${bad.imageId}, which is in quarantine: ${bad.reason}`;
      return [{ code: 'target-quarantined', message }];
    }),
    ...ofLastRun(runs),
    ...notices.flatMap((notice) => ofNotice(notice, nowMs)),
  ];
}

function ofHost(
  {
    instanceId,
    state,
    reason = '',
    ageDays,
    lagDays,
    exemptUntil,
    patchedElsewhere,
    launchedAt,
  }: HostEvidence,
  facts: HostFacts | undefined,
  limitDays: number | undefined,
  maxLagDays: number,
): Attention[] {
  const about = (code: Attention['code'], message: string): Attention => ({ code, instanceId, message });
  if (state === 'exempt') {
    const isPassing = PASSING.test(facts?.lifecycleState ?? '') || facts?.ec2State === 'shutting-down';
    return exemptUntil === null && patchedElsewhere !== true && !isPassing
      ? [about('exemption-without-end', `${instanceId} is left alone without an end: ${reason}`)]
      : [];
  }
  const tooOld =
    limitDays !== undefined && ageDays !== undefined && ageDays >= limitDays
      ? [about('host-too-old', `${instanceId} runs since ${launchedAt}, the limit is ${limitDays} days`)]
      : [];
  if (state === 'held') return [about('host-held', `${instanceId} is held: ${reason}`), ...tooOld];
  if (state === 'kept-out')
    return [about('host-kept-out', `${instanceId} is kept out: ${reason}`), ...tooOld];
  const isBehind = state === 'outdated' && (lagDays === undefined || lagDays > maxLagDays);
  return [...(isBehind ? [about('host-outdated', `${instanceId} is outdated: ${reason}`)] : []), ...tooOld];
}

/** Only how the last one ended says how things stand; one that waits for its window is not over. */
function ofLastRun(runs: readonly RunEvidence[]): Attention[] {
  const [last] = runs.filter(({ outcome }) => outcome !== 'PENDING_WINDOW');
  if (last === undefined || !BAD_ENDINGS.has(last.outcome)) return [];
  const message = `the last run (${last.runId}) ended ${last.outcome}: ${last.ending}`;
  return [{ code: 'run-ended-badly', message }];
}

function ofNotice({ state, code, names, proof, actsAt }: NoticeEvidence, nowMs: number): Attention[] {
  if (state === 'missed') return [{ code: 'notice-missed', message: `${code} of ${names}: ${proof}` }];
  if (SETTLED.has(state) || actsAt === undefined || Date.parse(actsAt) > nowMs) return [];
  return [
    { code: 'notice-overdue', message: `${code} of ${names} was for ${actsAt} and is ${state}: ${proof}` },
  ];
}
