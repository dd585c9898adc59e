/** Has an image proved itself on another cluster (setting `after`)? By how runs with it ended there, the last ones first. */
import type { Outcome } from '../outcome.ts';
import type { Settings } from '../settings.ts';

/** How a run ended that brought these images to a cluster. */
export interface PastRun {
  readonly cluster: string;
  readonly imageIds: readonly string[];
  readonly endedAtMs: number;
  readonly outcome: Outcome;
}

export type Soak =
  | { readonly done: true }
  /** `atMs`: when it will have soaked, should nothing else happen there. */
  | { readonly done: false; readonly why: string; readonly atMs?: number };

const HOUR_MS = 3_600_000;
/** Say nothing of the image: the run did not begin, or goes on later. */
const SILENT: ReadonlySet<Outcome> = new Set(['NOTHING_TO_DO', 'REFUSED', 'PENDING_WINDOW']);

/** Its last run there must have SUCCEEDED, and the first of those that succeeded since the last other end counts. */
export function soakOf(
  imageId: string,
  after: NonNullable<Settings['after']>,
  pastRuns: readonly PastRun[],
  nowMs: number,
): Soak {
  const { cluster, soakHours } = after;
  const there = pastRuns
    .filter((run) => run.cluster === cluster && run.imageIds.includes(imageId) && !SILENT.has(run.outcome))
    .sort((a, b) => a.endedAtMs - b.endedAtMs);
  const last = there.at(-1);
  if (last === undefined) return { done: false, why: `${imageId} has not been rolled out on ${cluster} yet` };
  if (last.outcome !== 'SUCCEEDED') {
    const at = new Date(last.endedAtMs).toISOString();
    return { done: false, why: `the last run of ${imageId} on ${cluster} ended ${last.outcome} at ${at}` };
  }
  const sinceLastOther = there.slice(there.findLastIndex((run) => run.outcome !== 'SUCCEEDED') + 1);
  const atMs = (sinceLastOther[0] ?? last).endedAtMs + soakHours * HOUR_MS;
  if (nowMs >= atMs) return { done: true };
  const until = new Date(atMs).toISOString();
  return { done: false, why: `${imageId} soaks on ${cluster} until ${until}`, atMs };
}
