/**
 * Game days: what a run asked of which service and what it has stopped, beside the run's own items; and of each service
 * the last result, beyond its run.
 */
import { type GameDayAsk, type GameDayMemory, NO_MEMORY } from '../../core/game-day/facts.ts';
import type { GameDayResult } from '../../core/game-day/result.ts';
import { expiry, pkOfRun } from './runs.ts';
import type { Item, Table } from './table.ts';

const ASKS = 'GAMEDAY';
const SERVICE = 'GAMEDAY#';
const RESULTS = 'GAMEDAY';
/** As long as history is kept: what was learnt longer ago says nothing of the service as it is. */
const KEPT_DAYS = 400;

/** What the request came to at the first look: services in their order, and tasks that are not to be stopped, with why. */
export interface GameDayAsks {
  readonly services: readonly GameDayAsk[];
  readonly leftAlone: readonly { readonly task: string; readonly reason: string }[];
}

/** Written once: a repeat goes on with what is there, since tasks that were stopped are forgotten by ECS. */
export async function keepAsks(
  table: Table,
  runId: string,
  asks: GameDayAsks,
  nowMs: number,
): Promise<GameDayAsks> {
  const item = { pk: pkOfRun(runId), sk: ASKS, data: { ...asks }, ttl: expiry(nowMs) };
  return (await table.putNew(item)) ? asks : ((await readAsks(table, runId)) ?? asks);
}

export async function readAsks(table: Table, runId: string): Promise<GameDayAsks | undefined> {
  return (await table.get<GameDayAsks>(pkOfRun(runId), ASKS))?.data;
}

interface MemoryItem {
  readonly serviceName: string;
  readonly memory: GameDayMemory;
}

/** As read, with the version that a change of it has to find. */
export interface KeptMemory {
  readonly memory: GameDayMemory;
  readonly version?: number;
}

/** By service name. */
export async function readGameDay(table: Table, runId: string): Promise<ReadonlyMap<string, KeptMemory>> {
  const items = await table.query<MemoryItem>(pkOfRun(runId), SERVICE);
  return new Map(
    items.map(({ data, version }) => [
      data.serviceName,
      { memory: data.memory, ...(version !== undefined && { version }) },
    ]),
  );
}

/**
 * Written before the task that it speaks of is stopped, over what was read and nothing else: of two deliveries of the same
 * look one writes, and the other stops no second task.
 *
 * @returns false when somebody else wrote meanwhile
 */
export function rememberGameDay(
  table: Table,
  runId: string,
  { serviceName, memory }: MemoryItem,
  before: KeptMemory | undefined,
  nowMs: number,
): Promise<boolean> {
  const item: Item = {
    pk: pkOfRun(runId),
    sk: `${SERVICE}${serviceName}`,
    data: { serviceName, memory },
    version: (before?.version ?? 0) + 1,
    ttl: expiry(nowMs),
  };
  return table.replace(item, before?.version);
}

export const FRESH: KeptMemory = { memory: NO_MEMORY };

export async function keepResult(table: Table, result: GameDayResult): Promise<void> {
  await table.put({
    pk: RESULTS,
    sk: `${result.cluster}#${result.serviceName}`,
    data: { ...result },
    ttl: Math.floor(result.atMs / 1000) + KEPT_DAYS * 86_400,
  });
}

/** The last result of each service of the cluster that ever had a game day, by service name. */
export async function listResults(
  table: Table,
  cluster: string,
): Promise<ReadonlyMap<string, GameDayResult>> {
  const items = await table.query<GameDayResult>(RESULTS, `${cluster}#`);
  return new Map(items.map(({ data }) => [data.serviceName, data]));
}
