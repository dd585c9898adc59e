/**
 * What `report` reads: one look at each cluster that opted in, as a plan takes it, and the ledger. Nothing is written, and
 * the reading of a large cluster is remembered here until it is whole.
 */
import type { Cluster } from '@aws-sdk/client-ecs';
import { describeError } from '../../functions/aws/error-codes.ts';
import { Picture } from '../../functions/aws/facts/picture.ts';
import { tagsOf } from '../../functions/aws/facts/read-facts.ts';
import { readClaim } from '../../functions/aws/ledger/claims.ts';
import { listHistory, listPending, listQuarantine } from '../../functions/aws/ledger/notes.ts';
import { listNotices } from '../../functions/aws/ledger/notices.ts';
import { readRun } from '../../functions/aws/ledger/runs.ts';
import { planContext } from '../../functions/core/plan/context.ts';
import { environment } from '../../functions/edge/environment.ts';
import { optInOf } from '../../functions/edge/guardrails.ts';
import { parseRequest } from '../../functions/edge/request.ts';
import { ledger } from '../../functions/flow/claim.ts';
import { optedIn } from '../../functions/flow/followers.ts';
import { emptyMemory, surveyCluster } from '../../functions/flow/planning.ts';
import { BadInput } from '../bad-input.ts';
import type { ClusterFacts, EvidenceFacts } from '../evidence/build.ts';

/** A piece of the reading of a large cluster. */
const READ_SECONDS = 60;

export interface SurveyOptions {
  readonly sinceMs: number;
  /** Undefined: now. */
  readonly untilMs?: number;
  readonly maxLagDays: number;
  /** By name; empty: every cluster that opted in. */
  readonly clusters: readonly string[];
}

/** @throws BadInput for a cluster that did not opt in: there is nothing to report of it */
export async function survey({
  sinceMs,
  untilMs,
  maxLagDays,
  clusters,
}: SurveyOptions): Promise<EvidenceFacts> {
  const nowMs = Date.now();
  const found = await optedIn();
  const missing = clusters.filter((name) => !found.some((one) => one.clusterName === name));
  if (missing.length > 0) {
    throw new BadInput(
      'The input',
      missing.map(
        (name) =>
          `--cluster: ${name} is no cluster of this account and Region that opted in and that the guardrails allow`,
      ),
    );
  }
  const wanted = found
    .filter((one) => clusters.length === 0 || clusters.includes(one.clusterName ?? ''))
    .sort((a, b) => ((a.clusterName ?? '') < (b.clusterName ?? '') ? -1 : 1));
  const facts: ClusterFacts[] = [];
  // One after the other: each spends from the same budget of calls.
  for (const cluster of wanted) facts.push(await clusterFacts(cluster));
  const table = ledger();
  const [quarantine, notices] = await Promise.all([listQuarantine(table), listNotices(table)]);
  return { nowMs, sinceMs, untilMs: untilMs ?? nowMs, maxLagDays, clusters: facts, quarantine, notices };
}

async function clusterFacts(cluster: Cluster): Promise<ClusterFacts> {
  const table = ledger();
  const name = cluster.clusterName ?? '';
  const [claim, pending, history] = await Promise.all([
    readClaim(table, name),
    listPending(table, name),
    listHistory(table, name),
  ]);
  const lastId = history.at(-1)?.runId;
  const [running, last] = await Promise.all([
    claim && readRun(table, claim.runId),
    lastId === undefined ? undefined : readRun(table, lastId),
  ]);
  return {
    cluster: name,
    clusterArn: cluster.clusterArn ?? '',
    optIn: optInOf(tagsOf(cluster), environment().guardrails) === 'observe' ? 'observe' : 'roll',
    look: await look(name, running?.memory),
    ...(running && { running }),
    ...(last && { last }),
    pending,
    history,
  };
}

async function look(
  cluster: string,
  memory: Parameters<typeof surveyCluster>[3] | undefined,
): Promise<ClusterFacts['look']> {
  const parsed = parseRequest({ cluster, mode: 'plan' });
  if (!parsed.ok) return parsed.problems.join('; ');
  let picture = new Picture();
  try {
    for (;;) {
      const nowMs = Date.now();
      const planned = await surveyCluster(
        ledger(),
        cluster,
        parsed.value,
        memory ?? emptyMemory('report', nowMs),
        {
          load: async () => picture,
          save: async (read) => {
            picture = read;
          },
          untilMs: nowMs + READ_SECONDS * 1000,
        },
      );
      if (planned === undefined) continue;
      const { facts, planFacts, settings, plan } = planned;
      return { context: planContext(facts, planFacts, settings, parsed.value, nowMs), plan };
    }
  } catch (error) {
    // Of one cluster: the evidence of the others stands, and this one says why it has none.
    return describeError(error);
  }
}
