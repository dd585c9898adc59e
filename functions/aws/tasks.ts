/** Tasks: lists, descriptions, scale-in protection, and the stop that somebody opted into. */
import {
  DescribeTasksCommand,
  type ECSClient,
  GetTaskProtectionCommand,
  ListTasksCommand,
  paginateListTasks,
  StopTaskCommand,
  type Task,
  type TaskField,
} from '@aws-sdk/client-ecs';
import { perBatch } from './batches.ts';
import { isInvalid, isNotFound } from './error-codes.ts';

/** AWS's limits per call (Amazon ECS API reference). */
const LIST_PAGE = 100;
const DESCRIBE_MAX = 100;
const PROTECTION_MAX = 100;

export interface TaskQuery {
  /** `STOPPED` also lists tasks that are still stopping: it is the desired status, not the last one. */
  readonly desiredStatus: 'RUNNING' | 'STOPPED';
  /** Only tasks of this host; the whole cluster without it. */
  readonly containerInstance?: string;
  /** Only tasks of this service. */
  readonly serviceName?: string;
}

/** Every task of the cluster, or of one host, with that desired status, described. */
export async function listTasks(ecs: ECSClient, cluster: string, query: TaskQuery): Promise<Task[]> {
  return describeTasks(ecs, cluster, await listTaskArns(ecs, cluster, query));
}

export async function listTaskArns(ecs: ECSClient, cluster: string, query: TaskQuery): Promise<string[]> {
  const arns: string[] = [];
  const pages = paginateListTasks({ client: ecs, pageSize: LIST_PAGE }, { cluster, ...query });
  for await (const page of pages) arns.push(...(page.taskArns ?? []));
  return arns;
}

/** One page of the same list. @throws InvalidParameterException for a token that ECS does not take any more. */
export async function listTaskPage(
  ecs: ECSClient,
  cluster: string,
  query: TaskQuery,
  nextToken: string | undefined,
): Promise<{ readonly arns: readonly string[]; readonly nextToken: string | undefined }> {
  const answer = await ecs.send(
    new ListTasksCommand({
      cluster,
      ...query,
      maxResults: LIST_PAGE,
      ...(nextToken === undefined ? {} : { nextToken }),
    }),
  );
  return { arns: answer.taskArns ?? [], nextToken: answer.nextToken };
}

/**
 * Describes tasks by ARN; those that ECS has forgotten since (MISSING) are left out.
 *
 * @throws when AWS gives any other reason, so that a task is never taken for gone.
 */
export function describeTasks(
  ecs: ECSClient,
  cluster: string,
  arns: readonly string[],
  include?: readonly TaskField[],
): Promise<Task[]> {
  return perBatch(arns, DESCRIBE_MAX, async (tasks) => {
    const wanted = { cluster, tasks, ...(include && { include: [...include] }) };
    const answer = await ecs.send(new DescribeTasksCommand(wanted));
    const odd = answer.failures?.find((failure) => failure.reason !== 'MISSING');
    if (odd) throw new Error(`${odd.arn} cannot be described: ${odd.reason ?? odd.detail}`);
    return answer.tasks ?? [];
  });
}

/**
 * End of scale-in protection by task ARN, epoch milliseconds; only protected tasks are in the answer. For tasks of
 * services only: others cannot be protected (Amazon ECS developer guide, "Protect your tasks from being terminated").
 */
export async function readTaskProtection(
  ecs: ECSClient,
  cluster: string,
  arns: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const found = await perBatch(arns, PROTECTION_MAX, async (tasks) => {
    const answer = await ecs.send(new GetTaskProtectionCommand({ cluster, tasks }));
    // TASK_NOT_VALID: stopped since, or of a kind that cannot be protected. MISSING: gone.
    const odd = answer.failures?.find(({ reason }) => reason !== 'MISSING' && reason !== 'TASK_NOT_VALID');
    if (odd) throw new Error(`${odd.arn}: its protection cannot be read: ${odd.reason ?? odd.detail}`);
    return answer.protectedTasks ?? [];
  });
  return new Map(
    found
      .filter((task) => task.protectionEnabled === true)
      .map((task) => [task.taskArn ?? '', task.expirationDate?.getTime() ?? Number.MAX_SAFE_INTEGER]),
  );
}

/**
 * Stops one task; only ever for a class of tasks that somebody opted in. Safe to repeat.
 *
 * @returns false when ECS had no such task any more.
 */
export async function stopTask(
  ecs: ECSClient,
  cluster: string,
  task: string,
  reason: string,
): Promise<boolean> {
  try {
    await ecs.send(new StopTaskCommand({ cluster, task, reason: reason.slice(0, 255) }));
    return true;
  } catch (error) {
    if (isInvalid(error) || isNotFound(error)) return false;
    throw error;
  }
}
