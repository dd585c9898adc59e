/** One look at the services of a game day, and what became of it: kept for its run, and beyond it. */
import type { Cluster } from '@aws-sdk/client-ecs';
import { ecr, ecs, elasticLoadBalancing } from '../aws/clients.ts';
import { isInvalid } from '../aws/error-codes.ts';
import { readGameDayServices, readStopped } from '../aws/facts/game-day.ts';
import { serviceNameOf } from '../aws/facts/tasks.ts';
import {
  type GameDayAsks,
  type KeptMemory,
  keepAsks,
  keepResult,
  readAsks,
  readGameDay,
  rememberGameDay,
} from '../aws/ledger/game-days.ts';
import type { Table } from '../aws/ledger/table.ts';
import { describeTasks } from '../aws/tasks.ts';
import type { GameDayFacts, GameDayStep } from '../core/game-day/decide.ts';
import { type GameDayAsk, NO_MEMORY, openStop } from '../core/game-day/facts.ts';
import { resultOf } from '../core/game-day/result.ts';
import { BadRequest } from '../edge/errors.ts';
import type { Request } from '../edge/request.ts';
import type { RunState } from '../edge/run-state.ts';

/** Tasks of a service that its request does not count. */
const DEFAULT_TASKS = 1;
/** Services that are read at one look: the one whose turn it is, and who may follow at once. */
const READ_AT_ONCE = 3;

export interface GameDayLooked extends Pick<GameDayFacts, 'services' | 'leftAlone'> {
  readonly kept: ReadonlyMap<string, KeptMemory>;
}

/** `whole`: every service is read, to say beforehand what would become of it. */
export async function lookAtGameDay(
  table: Table,
  cluster: Cluster,
  { runId, request }: Pick<RunState, 'runId' | 'request'>,
  nowMs: number,
  whole = false,
): Promise<GameDayLooked> {
  const name = cluster.clusterName ?? '';
  const asked = async () => {
    const asks = await asksOf(name, request);
    return whole ? asks : keepAsks(table, runId, asks, nowMs);
  };
  const { services, leftAlone } = (await readAsks(table, runId)) ?? (await asked());
  const kept = await readGameDay(table, runId);
  const memoryOf = (ask: GameDayAsk) => kept.get(ask.serviceName)?.memory ?? NO_MEMORY;
  const left = services.filter((ask) => memoryOf(ask).verdict === undefined);
  const read = (whole ? left : left.slice(0, READ_AT_ONCE)).map(({ serviceName }) => serviceName);
  const region = (cluster.clusterArn ?? '').split(':')[3] ?? '';
  const now = await readGameDayServices({ ecs, ecr, elb: elasticLoadBalancing }, name, read, region, nowMs);
  const looks = services.map(async (ask) => {
    const memory = memoryOf(ask);
    const open = openStop(memory);
    const stopped = open && (await readStopped({ ecs }, name, open.taskArn));
    return {
      ask,
      memory,
      now: read.includes(ask.serviceName) ? now.get(ask.serviceName) : ('unread' as const),
      ...(stopped && { stopped }),
    };
  });
  return { services: await Promise.all(looks), leftAlone, kept };
}

/**
 * What the request comes to: services in its order, each with how many tasks or which. Tasks say themselves whose they are.
 *
 * @throws BadRequest for what ECS takes for no task at all
 */
async function asksOf(cluster: string, { services = [], tasks }: Request): Promise<GameDayAsks> {
  const named = [...new Set(services.map((service) => service.slice(service.lastIndexOf('/') + 1)))];
  const ids = typeof tasks === 'object' ? [...new Set(tasks)] : [];
  const described = await describeTasks(ecs, cluster, ids).catch((error: unknown) => {
    if (isInvalid(error)) throw new BadRequest([`tasks: ${(error as Error).message}`]);
    throw error;
  });
  const byService = new Map<string, string[]>();
  const leftAlone: GameDayAsks['leftAlone'][number][] = [];
  for (const id of ids) {
    const task = described.find(({ taskArn = '' }) => taskArn === id || taskArn.endsWith(`/${id}`));
    const service = task && serviceNameOf(task);
    if (task?.taskArn !== undefined && service !== undefined)
      byService.set(service, [...(byService.get(service) ?? []), task.taskArn]);
    else
      leftAlone.push({
        task: id,
        reason:
          task === undefined ? `it is not in ${cluster}` : 'it is of no service: nothing would replace it',
      });
  }
  const count = typeof tasks === 'number' ? tasks : DEFAULT_TASKS;
  return {
    services: [...new Set([...named, ...byService.keys()])].map((serviceName) => ({
      serviceName,
      tasks: byService.get(serviceName) ?? count,
    })),
    leftAlone,
  };
}

/**
 * Before anything is done. @returns false when another delivery of the same look wrote meanwhile: then nothing is to be
 * done, and the next look says what is.
 */
export async function keepGameDay(
  table: Table,
  { cluster, runId }: Pick<RunState, 'cluster' | 'runId'>,
  { kept }: GameDayLooked,
  { remember }: GameDayStep,
  nowMs: number,
): Promise<boolean> {
  for (const one of remember) {
    const { serviceName, memory } = one;
    // The result first: what a crash interrupts is written again, not left out.
    const result = resultOf({ cluster, runId }, serviceName, memory, nowMs);
    if (result !== undefined) await keepResult(table, result);
    if (!(await rememberGameDay(table, runId, one, kept.get(serviceName), nowMs))) return false;
  }
  return true;
}
