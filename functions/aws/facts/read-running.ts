/**
 * Every task that is wanted to run. Of a cluster that a few reads tell whole, it is listed anew at each look; of a larger
 * one only what may have changed since the look before, and in as many invocations as it takes.
 */
import type { Cluster, ContainerInstance, ECSClient, Service, Task } from '@aws-sdk/client-ecs';
import { READ_WHOLE_TASKS } from '../../core/pace.ts';
import { listContainerInstances } from '../container-instances.ts';
import { listTasks } from '../tasks.ts';
import type { Picture } from './picture.ts';
import { listKnownContainerInstances } from './read-containers.ts';
import type { FactScope } from './read-facts.ts';
import { RunningTasks } from './running-tasks.ts';

/** Where a picture is kept between looks, and until when this invocation may read. */
export interface Remembering {
  load(): Promise<Picture>;
  save(picture: Picture): Promise<void>;
  readonly untilMs: number;
}

/** Hosts with their RUNNING tasks, as one look finds them. */
export interface RunningFound {
  readonly containers: readonly ContainerInstance[];
  readonly tasks: readonly Task[];
  /** Of a large cluster: tasks that ran on draining hosts at the look before, and stop now. */
  readonly left: readonly Task[];
  /** Those of `tasks` and what only the counts of services tell of: tasks that wait for a host, and those that moved. */
  withServices(services: readonly Service[]): Promise<RunningRead>;
}

export interface RunningRead {
  readonly tasks: readonly Task[];
  /** ARNs of container instances on which ECS counts other tasks: nothing may be concluded from what is missing. */
  readonly unread: ReadonlySet<string>;
}

/**
 * `beside`: what else is read of the hosts; at once where their tasks take long.
 *
 * @returns undefined when the reading goes on in another invocation.
 */
export async function readRunning<B>(
  ecs: ECSClient,
  cluster: Cluster,
  scope: FactScope,
  beside: (containers: readonly ContainerInstance[]) => Promise<B>,
): Promise<(RunningFound & { readonly beside: B }) | undefined> {
  const name = cluster.clusterName ?? scope.cluster;
  if (scope.remembering === undefined || !isLarge(cluster)) {
    const [containers, tasks] = await Promise.all([
      listContainerInstances(ecs, name),
      listTasks(ecs, name, { desiredStatus: 'RUNNING' }),
    ]);
    const whole = { tasks, unread: new Set<string>() };
    const found = { containers, tasks, left: [], withServices: async () => whole };
    return { ...found, beside: await beside(containers) };
  }
  const running = new RunningTasks(ecs, name, scope, scope.remembering);
  if (await running.resume()) return undefined;
  const containers = await listKnownContainerInstances(ecs, { ...cluster, clusterName: name }, scope.nowMs);
  if (running.isUnknown) {
    await running.begin(containers);
    return undefined;
  }
  const [, read] = await Promise.all([running.look(containers), beside(containers)]);
  return {
    beside: read,
    containers,
    tasks: running.tasks,
    left: running.left,
    withServices: (services) => running.find(services),
  };
}

/** Where all tasks cost more reads than a look should. */
export function isLarge({ runningTasksCount = 0, pendingTasksCount = 0 }: Cluster): boolean {
  return runningTasksCount + pendingTasksCount > READ_WHOLE_TASKS;
}
