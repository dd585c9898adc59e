/**
 * Whatever happened becomes runs, or a reasoned no-op.
 *
 * Started by the queue of what rules on the event bus let through, by schedules, by a bridged topic and by people; ends by saying which executions it
 * started for which clusters, and why it started none. Events come late, twice and out of order: names of executions say
 * what they are for, so that the same cause starts one. It changes nothing of any cluster.
 */
import type { Context } from 'aws-lambda';
import * as z from 'zod';
import { imageBuilder } from './aws/clients.ts';
import { builtImage } from './aws/image-builder.ts';
import type { Notice } from './core/notices/notice.ts';
import type { Provenance } from './core/provenance.ts';
import { BadRequest } from './edge/errors.ts';
import { type Cause, readEvent } from './edge/events.ts';
import { logger } from './edge/logger.ts';
import { originOf } from './edge/origin.ts';
import { parseRequest } from './edge/request.ts';
import { answerNotices, takeIn } from './flow/answer-notices.ts';
import { ledger } from './flow/claim.ts';
import { followerOf, imagesWanted, optedIn } from './flow/followers.ts';
import { passOn } from './flow/interruption.ts';
import { queuedHandlerOf } from './flow/queued.ts';
import { parameterValue, startForImage, startRequest } from './flow/start.ts';

export interface Triggered {
  readonly started: readonly {
    readonly cluster: string;
    readonly executionArn: string;
    readonly isNew: boolean;
    readonly reason: string;
  }[];
  /** Why nothing was started, or what was. */
  readonly reason: string;
}

async function trigger(event: unknown, id: string, context: Context): Promise<Triggered> {
  const [, , , region = '', accountId = ''] = context.invokedFunctionArn.split(':');
  const cause = readEvent(event, region, Date.now());
  const answer = await act(cause, originOf(event, id), region, accountId);
  logger.info('triggered', { cause, answer });
  return answer;
}

async function act(cause: Cause, origin: Provenance, region: string, accountId: string): Promise<Triggered> {
  switch (cause.kind) {
    case 'nothing':
      return nothing(cause.reason);
    case 'request':
      return startAsked(cause.request, origin);
    case 'parameter':
      return startFollowers(cause.name, origin);
    case 'images':
      return startLaunching(cause.imageIds, cause.atMs, origin);
    case 'build': {
      const imageId = await builtImage(imageBuilder, cause.buildArn, region, accountId);
      if (imageId === undefined) return nothing(`${cause.buildArn} put out no image for ${region}`);
      return startLaunching([imageId], cause.atMs, origin);
    }
    case 'notice':
      return startForNotice(cause.notice, origin, region, accountId);
    case 'interruption':
      return nothing(await passOn(ledger(), cause));
    case 'schedule': {
      const clusters = (await optedIn()).map((cluster) => cluster.clusterName ?? '');
      return startAll(clusters, (cluster) =>
        startRequest({ cluster, reason: 'schedule' }, `${cluster} ${cause.atMs}`, cause.atMs, origin),
      );
    }
  }
}

/**
 * A request that cannot be read is started all the same: the execution refuses it where people look, and tells them.
 *
 * @throws BadRequest with every problem of a request that names no cluster.
 */
async function startAsked(input: unknown, origin: Provenance): Promise<Triggered> {
  const parsed = parseRequest(input);
  const named = z.object({ cluster: z.string().min(1) }).safeParse(input);
  if (!parsed.ok && !named.success) throw new BadRequest(parsed.problems);
  // As written, so that the execution shows what somebody asked for; defaults are filled in by `plan`.
  const request = input as { cluster: string; reason?: string };
  const key = `${origin.id} ${JSON.stringify(input)}`;
  return startAll([request.cluster], () => startRequest(request, key, 0, origin));
}

/** A run of each cluster that takes its image from this parameter. */
async function startFollowers(parameter: string, origin: Provenance): Promise<Triggered> {
  const name = parameter.split(':')[0] ?? parameter;
  const followers = await Promise.all((await optedIn()).map(followerOf));
  const concerned = followers.filter(({ parameters }) => parameters.includes(name));
  if (concerned.length === 0) return nothing(`no cluster that opted in takes its image from ${parameter}`);
  const now = await parameterValue(parameter);
  if (now === undefined) return nothing(`the parameter ${parameter} is gone or may not be read`);
  return startAll(
    concerned.map(({ cluster }) => cluster),
    (cluster) => startForImage(cluster, now.what, now.changedAtMs, origin),
  );
}

/** A run of each cluster whose groups would launch one of these images now. */
async function startLaunching(
  imageIds: readonly string[],
  causeAtMs: number,
  origin: Provenance,
): Promise<Triggered> {
  const clusters = await optedIn();
  const wanted = await Promise.all(clusters.map((cluster) => imagesWanted(cluster)));
  const concerned = clusters.filter((_, at) => imageIds.some((id) => wanted[at]?.includes(id)));
  if (concerned.length === 0)
    return nothing(`no cluster that opted in takes its image from ${imageIds.join(', ')}`);
  const what = [...imageIds].sort().join();
  return startAll(
    concerned.map(({ clusterName = '' }) => clusterName),
    (cluster) => startForImage(cluster, what, causeAtMs, origin),
  );
}

/** Written down first, then answered: by runs for hosts, by a run of its own machine for tasks on Fargate. */
async function startForNotice(
  notice: Notice,
  origin: Provenance,
  region: string,
  accountId: string,
): Promise<Triggered> {
  // Copies reach a backup Region, and an organisation's account hears of all the others.
  if (notice.region !== region) return nothing(`${notice.eventArn} is about ${notice.region}, not ${region}`);
  if (notice.account !== accountId)
    return nothing(`${notice.eventArn} is about account ${notice.account}, not ours`);
  const table = ledger();
  const nowMs = Date.now();
  const news = await takeIn(table, notice, nowMs);
  if (news.length === 0) return nothing(`${notice.eventArn}: nothing new`);
  const started = await answerNotices(table, news, await optedIn(), origin, nowMs);
  const reason = started.map((one) => `${one.cluster}: ${one.reason}`).join('; ');
  return {
    started: started.map(({ started: isNew, ...one }) => ({ ...one, isNew })),
    reason: reason || `${notice.eventArn}: written down, nothing to begin`,
  };
}

async function startAll(
  clusters: readonly string[],
  start: (cluster: string) => ReturnType<typeof startForImage>,
): Promise<Triggered> {
  const started: Triggered['started'][number][] = [];
  for (const cluster of clusters) {
    const { executionArn, started: isNew, reason } = await start(cluster);
    started.push({ cluster, executionArn, isNew, reason });
  }
  const reason = started.map((one) => `${one.cluster}: ${one.reason}`).join('; ');
  return { started, reason: reason || 'no cluster has opted in' };
}

function nothing(reason: string): Triggered {
  return { started: [], reason };
}

export const handler = queuedHandlerOf(trigger);
