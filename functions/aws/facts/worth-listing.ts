/**
 * Which lists of tasks a look at a large cluster makes. ECS counts the tasks of each service and of each host, ten and a
 * hundred to a read; where it counts more than we know, somebody has started, and only a list says who. A task that moved is
 * missing twice, of its service and of its host, and either list reveals it: so the lists are made that reveal the most for
 * a call, and what is left becomes worth more the longer it waits.
 *
 * Sources: Amazon ECS API reference, Service.runningCount and pendingCount, ContainerInstance.runningTasksCount, ListTasks
 * (`serviceName`, `containerInstance`, 100 tasks a page).
 */
import type { ContainerInstance, Service, Task } from '@aws-sdk/client-ecs';
import { serviceNameOf } from './tasks.ts';

/** AWS's page size for tasks (Amazon ECS API reference, ListTasks and DescribeTasks). */
export const TASKS_A_PAGE = 100;

/** One list of RUNNING tasks: a service's, or a host's. */
export interface TaskList {
  /** Name of the service, or ARN of the container instance. */
  readonly key: string;
  readonly of: { readonly service: Service } | { readonly host: ContainerInstance };
  /** Tasks that ECS counts and we do not know. */
  readonly missing: number;
  /** Calls that it takes. */
  readonly pages: number;
}

/**
 * The lists that reveal something, those first that reveal the most for a call. `unexplained`: what an earlier list of the
 * same did not reveal (ECS's counts may be of another moment, or count what no list shows): that much is not missed again.
 */
export function worthListing(
  {
    hosts,
    services,
  }: { readonly hosts: readonly ContainerInstance[]; readonly services: readonly Service[] },
  known: { readonly tasks: readonly Task[]; onHost(host: ContainerInstance): number },
  unexplained: (key: string) => number,
): TaskList[] {
  const ofService = new Map<string, number>();
  const waiting = new Map<string, number>();
  for (const task of known.tasks) {
    const name = serviceNameOf(task);
    if (name === undefined) continue;
    ofService.set(name, (ofService.get(name) ?? 0) + 1);
    if (task.lastStatus !== 'RUNNING') waiting.set(name, (waiting.get(name) ?? 0) + 1);
  }
  const lists: TaskList[] = [];
  for (const service of services) {
    const { serviceName: key = '', launchType, runningCount = 0, pendingCount = 0 } = service;
    if (launchType === 'FARGATE') continue;
    const counted = runningCount + pendingCount;
    // One that left and one that waits for a host make no difference to the sum.
    const unknown = Math.max(counted - (ofService.get(key) ?? 0), pendingCount - (waiting.get(key) ?? 0));
    const missing = unknown - unexplained(key);
    if (missing > 0) lists.push({ key, of: { service }, missing, pages: Math.ceil(counted / TASKS_A_PAGE) });
  }
  for (const host of hosts) {
    const { containerInstanceArn: key = '', runningTasksCount = 0 } = host;
    const missing = runningTasksCount - known.onHost(host) - unexplained(key);
    if (missing > 0)
      lists.push({ key, of: { host }, missing, pages: Math.ceil(runningTasksCount / TASKS_A_PAGE) });
  }
  return lists.sort((a, b) => worthOf(b) - worthOf(a) || (a.key < b.key ? -1 : 1));
}

/** Tasks revealed a call. */
export const worthOf = (list: TaskList | undefined) => (list === undefined ? 0 : list.missing / list.pages);
