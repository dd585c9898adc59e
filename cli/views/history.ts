/** Runs of a cluster as they ended, the newest first. Pure. */
import type { HistoryCounts, HistoryEntry } from '../../functions/aws/ledger/notes.ts';
import type { Outcome } from '../../functions/core/outcome.ts';
import { type Provenance, provenanceText } from '../../functions/core/provenance.ts';
import { iso } from './status.ts';

export interface HistoryView {
  readonly runId: string;
  readonly from: string;
  /** When the first window of the same work began, where this was not the first. */
  readonly workSince?: string;
  readonly until: string;
  /** Absent: hosts were replaced. */
  readonly kind?: NonNullable<HistoryEntry['kind']>;
  readonly outcome: Outcome;
  /** How it ended, in a sentence. */
  readonly ending: string;
  /** Why it was started, in the request's word. */
  readonly reason?: string;
  readonly triggeredBy?: Provenance;
  readonly imageIds: readonly string[];
  readonly counts?: HistoryCounts;
}

export function historyView(entries: readonly HistoryEntry[], limit: number): HistoryView[] {
  return entries
    .slice(-limit)
    .reverse()
    .map(
      ({
        runId,
        startedAtMs,
        workSinceMs,
        endedAtMs,
        ending,
        kind,
        reason,
        triggeredBy,
        imageIds,
        counts,
      }) => ({
        runId,
        from: iso(startedAtMs),
        ...(workSinceMs !== undefined && { workSince: iso(workSinceMs) }),
        until: iso(endedAtMs),
        ...(kind && { kind }),
        outcome: ending.outcome,
        ending: ending.reason,
        ...(reason !== undefined && { reason }),
        ...(triggeredBy && { triggeredBy }),
        imageIds,
        ...(counts && { counts }),
      }),
    );
}

export function historyText(cluster: string, runs: readonly HistoryView[]): string {
  if (runs.length === 0) return `no run of ${cluster} is known\n`;
  return `${runs.map(linesOf).join('\n')}\n`;
}

function linesOf({
  from,
  workSince,
  until,
  kind,
  outcome,
  ending,
  reason,
  triggeredBy,
  imageIds,
  counts,
  runId,
}: HistoryView): string {
  const by = triggeredBy === undefined ? '' : `, started by ${provenanceText(triggeredBy)}`;
  const hosts =
    counts === undefined
      ? (kind ?? '')
      : `${counts.replaced} of ${counts.outdated} hosts replaced, ${counts.held} held, ${counts.keptOut} kept out, ${counts.moves} moves; `;
  return [
    `${from} – ${until}  ${outcome}  ${reason ?? ''}${by}`,
    `  ${hosts}${imageIds.join(', ')}`,
    `  ${ending}`,
    `  run ${runId}${workSince === undefined ? '' : `, goes on with what began ${workSince}`}`,
  ].join('\n');
}
