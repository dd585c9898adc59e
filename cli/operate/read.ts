/** What the commands show, read from the ledger and Step Functions; nothing is changed, and AWS's ECS is not asked. */
import { sfn } from '../../functions/aws/clients.ts';
import { describeExecution } from '../../functions/aws/executions.ts';
import { type Claim, readClaim } from '../../functions/aws/ledger/claims.ts';
import { listResults } from '../../functions/aws/ledger/game-days.ts';
import {
  type HistoryEntry,
  listHistory,
  listPending,
  listQuarantine,
  type PendingRequest,
} from '../../functions/aws/ledger/notes.ts';
import { listNotices } from '../../functions/aws/ledger/notices.ts';
import { type Reasons, readReasons } from '../../functions/aws/ledger/reasons.ts';
import { type Run, readRun } from '../../functions/aws/ledger/runs.ts';
import type { GameDayResult } from '../../functions/core/game-day/result.ts';
import { isOver, type NoticeEntry } from '../../functions/core/notices/entry.ts';
import type { Quarantine } from '../../functions/core/plan/plan-facts.ts';
import { ledger } from '../../functions/flow/claim.ts';

export interface StatusFacts {
  readonly cluster: string;
  readonly nowMs: number;
  /** Whoever holds the cluster. */
  readonly claim?: Claim;
  /** Step Functions' word on the claim's owner; undefined: it knows no such execution, or there is no claim. */
  readonly executionStatus?: string;
  /** The run that holds the cluster, else the last one that ended. */
  readonly run?: Run;
  /** Why its hosts did not move at its last look. */
  readonly reasons?: Reasons;
  readonly pending: readonly PendingRequest[];
  readonly quarantine: readonly Quarantine[];
  /** Oldest first. */
  readonly history: readonly HistoryEntry[];
  /** The last game day of each service that had one. */
  readonly gameDays: readonly GameDayResult[];
  /** Notices of AWS about this cluster that are not over. */
  readonly notices: readonly NoticeEntry[];
}

/** `runId`: the run to look at, where it is known from an earlier look; it may have ended meanwhile. */
export async function readStatus(cluster: string, runId?: string): Promise<StatusFacts> {
  const table = ledger();
  const [claim, pending, quarantine, history, gameDays, notices] = await Promise.all([
    readClaim(table, cluster),
    listPending(table, cluster),
    listQuarantine(table),
    listHistory(table, cluster),
    listResults(table, cluster),
    listNotices(table),
  ]);
  const id = runId ?? claim?.runId ?? history.at(-1)?.runId;
  const [run, reasons, execution] = await Promise.all([
    id === undefined ? undefined : readRun(table, id),
    id === undefined ? undefined : readReasons(table, id),
    claim?.owner === undefined ? undefined : describeExecution(sfn, claim.owner),
  ]);
  return {
    cluster,
    nowMs: Date.now(),
    ...(claim && { claim }),
    ...(execution && { executionStatus: execution.status }),
    ...(run && { run }),
    ...(reasons && { reasons }),
    pending,
    quarantine,
    history,
    gameDays: [...gameDays.values()],
    notices: notices.filter((notice) => notice.cluster === cluster && !isOver(notice)),
  };
}
