/** Evidence out of what was read: facts in, data out; no client and no clock. */
import { type HistoryEntry, type PendingRequest, QUARANTINE_DAYS } from '../../functions/aws/ledger/notes.ts';
import type { Run } from '../../functions/aws/ledger/runs.ts';
import { isOver, type NoticeEntry } from '../../functions/core/notices/entry.ts';
import { keyOfEntity } from '../../functions/core/notices/notice.ts';
import type { PlanContext } from '../../functions/core/plan/context.ts';
import type { Quarantine } from '../../functions/core/plan/plan-facts.ts';
import type { Plan } from '../../functions/core/plan.ts';
import type { Settings } from '../../functions/core/settings.ts';
import { attentionOf } from './attention.ts';
import {
  type ClusterEvidence,
  EVIDENCE_VERSION,
  type Evidence,
  type NoticeEvidence,
  type PolicyEvidence,
  type RunEvidence,
} from './evidence.ts';
import { groupsEvidence, hostsEvidence } from './hosts.ts';
import { iso } from './times.ts';

/** Of one cluster, as read. */
export interface ClusterFacts {
  readonly cluster: string;
  readonly clusterArn: string;
  readonly optIn: 'observe' | 'roll';
  /** One look at it; a text says why it could not be taken. */
  readonly look: { readonly context: PlanContext; readonly plan: Plan } | string;
  /** The run that holds it. */
  readonly running?: Run;
  /** The last run that is over. */
  readonly last?: Run;
  readonly pending: readonly PendingRequest[];
  /** Oldest first, of any time. */
  readonly history: readonly HistoryEntry[];
}

export interface EvidenceFacts {
  readonly nowMs: number;
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly maxLagDays: number;
  readonly clusters: readonly ClusterFacts[];
  readonly quarantine: readonly Quarantine[];
  readonly notices: readonly NoticeEntry[];
}

export function buildEvidence(facts: EvidenceFacts): Evidence {
  const { nowMs, sinceMs, untilMs, maxLagDays } = facts;
  const clusters = facts.clusters.map((cluster) => clusterEvidence(cluster, facts));
  const names = new Set(clusters.map(({ cluster }) => cluster));
  return {
    version: EVIDENCE_VERSION,
    madeAt: iso(nowMs),
    since: iso(sinceMs),
    until: iso(untilMs),
    maxLagDays,
    compliant: clusters.every(({ compliant }) => compliant),
    clusters,
    quarantine: facts.quarantine.map(({ imageId, reason, atMs }) => ({
      imageId,
      reason,
      since: iso(atMs),
      until: iso(atMs + QUARANTINE_DAYS * 86_400_000),
    })),
    otherNotices: noticesWhere(facts, (notice) => !names.has(clusterOf(notice) ?? '')),
  };
}

function clusterEvidence(cluster: ClusterFacts, facts: EvidenceFacts): ClusterEvidence {
  const { look, running } = cluster;
  const evidence = {
    cluster: cluster.cluster,
    clusterArn: cluster.clusterArn,
    optIn: cluster.optIn,
    policy: typeof look === 'string' ? undefined : policyOf(look.context.settings),
    groups: typeof look === 'string' ? [] : groupsEvidence(look.context),
    hosts: typeof look === 'string' ? [] : hostsEvidence(cluster, look, facts.nowMs),
    ...(running && { running: runningOf(running) }),
    waiting: cluster.pending.map(({ waitsFor, sinceMs, notBeforeMs, triggeredBy }) => ({
      waitsFor,
      since: iso(sinceMs),
      ...(notBeforeMs !== undefined && { notBefore: iso(notBeforeMs) }),
      ...(triggeredBy && { triggeredBy }),
    })),
    runs: runsOf(cluster.history, facts),
    notices: noticesWhere(facts, (notice) => clusterOf(notice) === cluster.cluster),
  };
  const attention = attentionOf(evidence, cluster, facts);
  return { ...evidence, compliant: attention.length === 0, attention };
}

function policyOf(settings: Settings): PolicyEvidence {
  const { maxInstanceAgeDays, instanceAgeSpreadDays, minImageAgeHours, imageOwners, approval, after } =
    settings;
  return {
    ...(maxInstanceAgeDays !== undefined && { maxInstanceAgeDays }),
    instanceAgeSpreadDays,
    minImageAgeHours,
    imageOwners,
    approval,
    windows: settings.windows.map(({ text }) => text),
    freezes: settings.freezes.map(({ text }) => text),
    ...(after && { after }),
  };
}

function runningOf({ record, memory }: Run): NonNullable<ClusterEvidence['running']> {
  const approved = memory?.approved;
  return {
    runId: record.runId,
    startedAt: iso(record.startedAtMs),
    ...(record.triggeredBy && { triggeredBy: record.triggeredBy }),
    ...(approved && { approvedBy: { by: approved.by, at: iso(approved.atMs) } }),
  };
}

function runsOf(history: readonly HistoryEntry[], { sinceMs, untilMs }: EvidenceFacts): RunEvidence[] {
  return history
    .filter(({ endedAtMs }) => endedAtMs >= sinceMs && endedAtMs <= untilMs)
    .map(({ runId, startedAtMs, endedAtMs, reason, triggeredBy, approvedBy, ending, imageIds, counts }) => ({
      runId,
      startedAt: iso(startedAtMs),
      endedAt: iso(endedAtMs),
      ...(reason !== undefined && { reason }),
      ...(triggeredBy && { triggeredBy }),
      ...(approvedBy && { approvedBy: { by: approvedBy.by, at: iso(approvedBy.atMs) } }),
      outcome: ending.outcome,
      ending: ending.reason,
      imageIds,
      ...(counts && { counts }),
    }))
    .reverse();
}

function clusterOf({ cluster, entity }: NoticeEntry): string | undefined {
  return cluster ?? (entity.of === 'service' || entity.of === 'task' ? entity.cluster : undefined);
}

/** What was open in the period, or came to its end in it. */
function noticesWhere(
  { notices, sinceMs, untilMs }: EvidenceFacts,
  isMeant: (notice: NoticeEntry) => boolean,
): NoticeEvidence[] {
  return notices
    .filter((notice) => isMeant(notice) && notice.firstSeenMs <= untilMs)
    .filter((notice) => !isOver(notice) || Math.max(notice.updatedMs, notice.firstSeenMs) >= sinceMs)
    .map(({ eventArn, code, kind, entity, state, reason, announcedMs, updatedMs, startMs }) => ({
      eventArn,
      code,
      kind,
      names: keyOfEntity(entity),
      state,
      proof: reason,
      announcedAt: iso(announcedMs),
      updatedAt: iso(updatedMs),
      ...(startMs !== undefined && { actsAt: iso(startMs) }),
    }));
}
