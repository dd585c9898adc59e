/**
 * What no event tells: values of public parameters that changed, windows that opened, hosts that grow old, runs that died.
 *
 * Started every few minutes, and when an execution of the state machine ended from outside; ends by saying what it
 * started. It acts through executions only and changes nothing of any cluster. Every part is done although another fails.
 */
import type { Cluster } from '@aws-sdk/client-ecs';
import * as z from 'zod';
import { describeError } from './aws/error-codes.ts';
import { type Claim, listClaims } from './aws/ledger/claims.ts';
import { dropPending, listPending, type PendingRequest, readSeen, writeSeen } from './aws/ledger/notes.ts';
import { listSurplusClusters } from './aws/ledger/surpluses.ts';
import { writeSweep } from './aws/ledger/sweeps.ts';
import type { Table } from './aws/ledger/table.ts';
import { type Provenance, provenanceText } from './core/provenance.ts';
import { logger } from './edge/logger.ts';
import { startForAge } from './flow/ages.ts';
import { answerOpen, takeIn } from './flow/answer-notices.ts';
import { isExpired } from './flow/approval.ts';
import { givesBackFromMs, ledger, ownerLives } from './flow/claim.ts';
import { allClusters, amongThese, followerOf } from './flow/followers.ts';
import { handlerOf } from './flow/handler.ts';
import { shortHash } from './flow/purpose.ts';
import { eventsIn } from './flow/queued.ts';
import { scheduledEvents } from './flow/reconcile.ts';
import { optInProblem, tellProblems } from './flow/settings-problems.ts';
import { hasSoaked } from './flow/soak.ts';
import { parameterValue, startForImage, startRun } from './flow/start.ts';
import { tell } from './flow/tell.ts';
import { tellIfUnheard, tellUnheard } from './flow/unheard.ts';

/** A request without a known opening is looked at once a day: a freeze may have been lifted. */
const UNKNOWN_OPENING_MS = 86_400_000;

/** Step Functions developer guide, "Automating event delivery"; a failed execution has told its end itself. */
const StoppedExecution = z.object({
  'detail-type': z.literal('Step Functions Execution Status Change'),
  detail: z.object({
    executionArn: z.string(),
    name: z.string(),
    status: z.enum(['ABORTED', 'TIMED_OUT']),
  }),
});

export interface Swept {
  readonly started: readonly string[];
  readonly problems: readonly string[];
}

async function sweep(input: unknown): Promise<Swept> {
  const events = eventsIn(input);
  const table = ledger();
  const nowMs = Date.now();
  const started: string[] = [];
  const problems: string[] = [];
  const claims = await listClaims(table);
  const part = async (name: string, work: () => Promise<string | undefined>) => {
    try {
      const what = await work();
      if (what !== undefined) started.push(what);
    } catch (error) {
      problems.push(`${name}: ${describeError(error)}`);
    }
  };
  for (const claim of claims) await part(claim.cluster, () => restoreDead(claim, nowMs));
  await part('executions that ended', () => tellEnds(table, events, claims, nowMs));
  const claimed = new Set(claims.map((claim) => claim.cluster));
  const waiting = await listPending(table);
  for (const pending of waiting) {
    await part(pending.cluster, () => startPending(table, pending, claimed, nowMs));
  }
  const busy = new Set([...claimed, ...waiting.map(({ cluster }) => cluster)]);
  for (const cluster of isScheduled(events) ? await listSurplusClusters(table) : []) {
    if (!busy.has(cluster)) await part(cluster, () => takeSurplusAway(cluster, nowMs));
  }
  const all = await allClusters();
  for (const cluster of all) await part(cluster.clusterName ?? '', () => tellOptIn(table, cluster, nowMs));
  const clusters = amongThese(all);
  await part('notices', () => answerOpenNotices(table, clusters, nowMs));
  for (const cluster of clusters) {
    if (claimed.has(cluster.clusterName ?? '')) continue;
    await part(cluster.clusterName ?? '', async () => {
      const { parameters, problems: unreadable } = await followerOf(cluster);
      await tellProblems(table, cluster.clusterName ?? '', unreadable, nowMs);
      return startChanged(table, cluster.clusterName ?? '', parameters, nowMs);
    });
    await part(cluster.clusterName ?? '', () => startForAge(table, cluster, nowMs));
  }
  await part('the ledger', () => rememberSweep(table, problems, nowMs));
  if (problems.length > 0) logger.error('the sweep could not do everything', { problems });
  return { started, problems };
}

/** A cluster whose opt-in is misspelt takes no part, and nobody would hear why. */
async function tellOptIn(table: Table, cluster: Cluster, nowMs: number): Promise<undefined> {
  const problem = optInProblem(cluster);
  if (problem !== undefined) await tellProblems(table, cluster.clusterName ?? '', [problem], nowMs);
}

async function rememberSweep(table: Table, problems: readonly string[], nowMs: number): Promise<undefined> {
  await writeSweep(table, { atMs: nowMs, problems });
}

/** Windows have opened, dates have come, hosts are gone: notices that are open are answered by what is true now. */
async function answerOpenNotices(
  table: Table,
  clusters: readonly Cluster[],
  nowMs: number,
): Promise<string | undefined> {
  for (const notice of await scheduledEvents(table, clusters, nowMs)) await takeIn(table, notice, nowMs);
  const origin: Provenance = {
    kind: 'sweep',
    by: 'the sweep, for open notices',
    id: new Date(nowMs).toISOString(),
  };
  const started = (await answerOpen(table, clusters, origin, nowMs)).filter((one) => one.started);
  return started.map((one) => `${one.cluster}: a notice, ${one.reason}`).join('; ') || undefined;
}

/** A claim whose execution does not run any more: an execution of its own gives back what was touched. */
async function restoreDead(claim: Claim, nowMs: number): Promise<string | undefined> {
  if (await ownerLives(claim, nowMs)) return undefined;
  if (nowMs < (await givesBackFromMs(claim))) return undefined;
  const nameParts = [claim.cluster, 'restore', shortHash(`${claim.runId} ${claim.token}`)];
  const request = { cluster: claim.cluster, mode: 'abort' };
  const origin: Provenance = { kind: 'sweep', by: 'the sweep, for a run that died', id: claim.runId };
  const start = await startRun(nameParts, request, nowMs, origin);
  return start.started ? `${claim.cluster}: ${claim.runId} died, ${start.reason}` : undefined;
}

/**
 * Hosts of a surplus stand, and nothing waits that would take them over: the execution that was to go on in this window
 * died before it had the cluster. An execution that only looks yet goes on after this one.
 */
async function takeSurplusAway(cluster: string, nowMs: number): Promise<string | undefined> {
  // Once an hour, should it fail.
  const hour = new Date(nowMs).toISOString().slice(0, 13);
  const origin: Provenance = { kind: 'sweep', by: 'the sweep, for hosts that no run goes on with', id: hour };
  const start = await startRun([cluster, 'surplus', hour], { cluster, mode: 'abort' }, 0, origin);
  return start.started ? `${cluster}: hosts of a surplus are left, ${start.reason}` : undefined;
}

/** An event comes right after what it tells of: the execution that goes on may not have the cluster yet. */
function isScheduled(events: readonly unknown[]): boolean {
  return !events.some((event) => StoppedExecution.safeParse(event).success);
}

/** The event may come for an execution whose end nobody else tells; on its schedule the sweep looks for all such. */
async function tellEnds(
  table: Table,
  events: readonly unknown[],
  claims: readonly Claim[],
  nowMs: number,
): Promise<undefined> {
  if (isScheduled(events)) return tellUnheard(table, claims, nowMs);
  for (const event of events) {
    const stopped = StoppedExecution.safeParse(event);
    if (stopped.success) await tellIfUnheard(table, stopped.data.detail, claims, nowMs);
  }
}

async function startPending(
  table: Table,
  pending: PendingRequest,
  claimed: ReadonlySet<string>,
  nowMs: number,
): Promise<string | undefined> {
  if (claimed.has(pending.cluster) || pending.waitsFor === 'resume') return undefined;
  if (pending.waitsFor === 'approval') return expire(table, pending, nowMs);
  if (pending.waitsFor === 'soak' && !(await hasSoaked(table, pending, nowMs))) return undefined;
  const notBeforeMs = pending.notBeforeMs ?? pending.sinceMs + UNKNOWN_OPENING_MS;
  if (pending.waitsFor === 'window' && nowMs < notBeforeMs) return undefined;
  const key = shortHash(`${pending.purpose} ${pending.sinceMs}`);
  const origin = pending.triggeredBy ?? { kind: 'sweep', by: 'a request that waited', id: key };
  const start = await startRun([pending.cluster, 'waited', key], pending.request, pending.sinceMs, origin);
  await dropPending(table, pending);
  return `${pending.cluster}: a request that waited, ${start.reason}`;
}

/** Nobody said yes in time: people are told, and the request is forgotten until something asks for it anew. */
async function expire(table: Table, pending: PendingRequest, nowMs: number): Promise<undefined> {
  if (!isExpired(pending, nowMs)) return;
  const { cluster, purpose, sinceMs, triggeredBy } = pending;
  const since = new Date(sinceMs).toISOString();
  const by = triggeredBy === undefined ? '' : ` by ${provenanceText(triggeredBy)}`;
  const message = `${cluster}: nobody approved the request of ${since}${by}; nothing was changed`;
  await tell([{ kind: 'approval-expired', cluster, runId: purpose, message }]);
  await dropPending(table, pending);
}

/** The first sight of a value is only remembered: what it brings, the owner starts. */
async function startChanged(
  table: Table,
  cluster: string,
  parameters: readonly string[],
  nowMs: number,
): Promise<string | undefined> {
  const changed: string[] = [];
  for (const parameter of parameters) {
    const key = `${cluster} ${parameter}`;
    const [seen, now] = [await readSeen(table, key), await parameterValue(parameter)];
    if (now === undefined || seen?.value === now.value) continue;
    if (seen !== undefined) {
      const origin: Provenance = {
        kind: 'poll',
        by: `a new value of ${parameter}`,
        id: now.value.slice(0, 80),
      };
      const start = await startForImage(cluster, now.what, now.changedAtMs, origin);
      if (start.started) changed.push(`${cluster}: ${parameter} changed, ${start.reason}`);
    }
    // After the start: a crash in between finds the change again, and the start is idempotent.
    await writeSeen(table, { parameter: key, value: now.value, seenAtMs: nowMs });
  }
  return changed.length === 0 ? undefined : changed.join('; ');
}

export const handler = handlerOf(z.unknown(), sweep);
