/**
 * Every task that is wanted to run. Of a cluster that a few reads tell whole, it is listed anew at each look; of a larger
 * one only what may have changed since the look before, and in as many invocations as it takes.
 */
import type { Cluster, ContainerInstance, ECSClient, Service, Task } from '@aws-sdk/client-ecs';
import { idOf, inBatches, present, unique } from '../batches.ts';
import { listContainerInstances } from '../container-instances.ts';
import { isInvalid, isNotFound } from '../error-codes.ts';
import { describeTasks, listTaskArns, listTaskPage, listTasks } from '../tasks.ts';
import { Picture } from './picture.ts';
import type { FactScope } from './read-facts.ts';
import { endedHosts } from './read-stopped.ts';
import { isDaemonOf, serviceNameOf } from './tasks.ts';

/** AWS's page size for tasks (Amazon ECS API reference, ListTasks and DescribeTasks). */
const PAGE = 100;
/** Up to so many tasks a whole list costs 40 reads: eight seconds of our share, most of it from the burst. */
const READ_WHOLE_TASKS = 2000;
/** Hosts listed together before the clock is looked at. */
const HOSTS_AT_ONCE = 50;
/** Reads of each look that go round the remembered tasks, so that nothing is believed for ever. */
const ROUND_READS = 5;

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
  /** All of them, those included that wait for a host: only services tell of some. */
  withHomeless(services: readonly Service[]): Promise<readonly Task[]>;
}

/** Undefined: the reading goes on in another invocation. */
export async function readRunning(
  ecs: ECSClient,
  cluster: Cluster,
  scope: FactScope,
): Promise<RunningFound | undefined> {
  const name = cluster.clusterName ?? scope.cluster;
  if (scope.remembering === undefined || !isLarge(cluster)) {
    const [containers, tasks] = await Promise.all([
      listContainerInstances(ecs, name),
      listTasks(ecs, name, { desiredStatus: 'RUNNING' }),
    ]);
    return { containers, tasks, withHomeless: async () => tasks };
  }
  const running = new RunningTasks(ecs, name, scope, scope.remembering);
  if (await running.resume()) return undefined;
  const containers = await listContainerInstances(ecs, name);
  if (!(await running.look(containers))) return undefined;
  return {
    containers,
    tasks: running.tasks,
    async withHomeless(services) {
      await running.findHomeless(services);
      return running.tasks;
    },
  };
}

/** Where all tasks cost more reads than a look should. */
export function isLarge({ runningTasksCount = 0, pendingTasksCount = 0 }: Cluster): boolean {
  return runningTasksCount + pendingTasksCount > READ_WHOLE_TASKS;
}

class RunningTasks {
  readonly #ecs: ECSClient;
  readonly #cluster: string;
  readonly #scope: FactScope;
  readonly #remembering: Remembering;
  #picture = new Picture();

  constructor(ecs: ECSClient, cluster: string, scope: FactScope, remembering: Remembering) {
    this.#ecs = ecs;
    this.#cluster = cluster;
    this.#scope = scope;
    this.#remembering = remembering;
  }

  get tasks(): Task[] {
    return this.#picture.tasks;
  }

  /** Carries on a first listing that an earlier invocation began; says whether there was one. */
  async resume(): Promise<boolean> {
    this.#picture = await this.#remembering.load();
    if (this.#picture.state.sweep === undefined) return false;
    await this.#sweep();
    return true;
  }

  /** Reads what may have changed. False: there is more than one invocation can read; what was read is kept. */
  async look(containers: readonly ContainerInstance[]): Promise<boolean> {
    const picture = this.#picture;
    const { nowMs } = this.#scope;
    picture.keepOnly(containers);
    const stale = this.#staleOf(containers);
    const wanted = containers.reduce((sum, host) => sum + (host.runningTasksCount ?? 0), 0);
    // Where most hosts changed, two reads for a hundred tasks are fewer than one for each host.
    const isDearer = stale.length > (2 * wanted) / PAGE;
    if (picture.isEmpty || (isDearer && picture.state.lookSinceMs === undefined)) {
      picture.beginSweep(containers, nowMs);
      await this.#sweep();
      return false;
    }
    picture.state = { lookSinceMs: nowMs, ...picture.state };
    for (const hosts of inBatches(stale, HOSTS_AT_ONCE)) {
      if (this.#isLate()) {
        await this.#remembering.save(picture);
        return false;
      }
      await this.#list(hosts);
    }
    const listed = new Set(stale.map((host) => host.containerInstanceArn));
    const open = picture.unsettled(nowMs).filter((task) => !listed.has(task.containerInstanceArn));
    const asked = [...open, ...this.#round()];
    picture.update(asked, await this.#describe(asked.map((task) => task.taskArn)));
    picture.state = { passed: picture.state.passed ?? 0 };
    return true;
  }

  /**
   * Tasks that a service counts and no host holds: they wait for one, and only a list of the service tells them. Keeps the
   * picture.
   */
  async findHomeless(services: readonly Service[]): Promise<void> {
    const known = Map.groupBy(this.tasks, serviceNameOf);
    const unsure = services.filter(({ serviceName, launchType, runningCount = 0, pendingCount = 0 }) => {
      const counted = runningCount + pendingCount;
      return launchType !== 'FARGATE' && counted > (known.get(serviceName)?.length ?? 0);
    });
    const lists = await Promise.all(
      unsure.map(({ serviceName = '' }) =>
        listTaskArns(this.#ecs, this.#cluster, { desiredStatus: 'RUNNING', serviceName }),
      ),
    );
    const arns = new Set(this.tasks.map((task) => task.taskArn));
    this.#picture.add(await this.#describe(lists.flat().filter((arn) => !arns.has(arn))));
    await this.#remembering.save(this.#picture);
  }

  /** Lists the whole cluster, as far as time goes. Hosts that change meanwhile show it by their version at the next look. */
  async #sweep(): Promise<void> {
    const picture = this.#picture;
    let nextToken = picture.state.sweep?.nextToken;
    let arns: readonly string[] = [];
    try {
      do {
        const [page, tasks] = await Promise.all([
          listTaskPage(this.#ecs, this.#cluster, { desiredStatus: 'RUNNING' }, nextToken),
          this.#describe(arns),
        ]);
        picture.add(tasks);
        ({ arns, nextToken } = page);
      } while (nextToken !== undefined && !this.#isLate());
      picture.add(await this.#describe(arns));
      picture.state = nextToken === undefined ? { lookSinceMs: Date.now() } : { sweep: { nextToken } };
    } catch (error) {
      // How long a token holds is nowhere said: without it the list begins anew.
      if (nextToken === undefined || !isInvalid(error)) throw error;
      picture.forgetAll();
    }
    await this.#remembering.save(picture);
  }

  async #list(hosts: readonly ContainerInstance[]): Promise<void> {
    const { nowMs } = this.#scope;
    const lists = await Promise.all(hosts.map((host) => this.#arnsOn(host)));
    const tasks = Map.groupBy(await this.#describe(lists.flatMap((list) => list ?? [])), (task) =>
      idOf(task.containerInstanceArn),
    );
    for (const [at, host] of hosts.entries()) {
      if (lists[at] === undefined) continue;
      const id = idOf(host.containerInstanceArn);
      const known = this.#picture.hosts.get(id);
      this.#picture.put(id, {
        version: host.version ?? 0,
        sinceMs: known?.version === host.version ? (known?.sinceMs ?? nowMs) : nowMs,
        listedAtMs: nowMs,
        tasks: (tasks.get(id) ?? []).filter((task) => task.desiredStatus !== 'STOPPED'),
      });
    }
  }

  /** Undefined for a host that ECS does not find (any more, or yet): nothing is learnt of it. */
  async #arnsOn({ containerInstanceArn = '' }: ContainerInstance): Promise<string[] | undefined> {
    const query = { desiredStatus: 'RUNNING', containerInstance: containerInstanceArn } as const;
    try {
      return await listTaskArns(this.#ecs, this.#cluster, query);
    } catch (error) {
      if (isInvalid(error) || isNotFound(error)) return undefined;
      throw error;
    }
  }

  #describe(arns: readonly (string | undefined)[]): Promise<Task[]> {
    return describeTasks(this.#ecs, this.#cluster, unique(present(arns)));
  }

  #staleOf(containers: readonly ContainerInstance[]): ContainerInstance[] {
    const ended = endedHosts(this.#scope);
    return this.#picture.stale(
      containers,
      this.#scope.nowMs,
      (host, tasks) =>
        !ended.has(host.ec2InstanceId ?? '') && tasks.every((task) => isDaemonOf(this.#scope.memory, task)),
    );
  }

  /** The next few of all remembered tasks. */
  #round(): Task[] {
    const { tasks } = this.#picture;
    const { passed = 0 } = this.#picture.state;
    const from = passed < tasks.length ? passed : 0;
    this.#picture.state = { ...this.#picture.state, passed: from + ROUND_READS * PAGE };
    return tasks.slice(from, from + ROUND_READS * PAGE);
  }

  #isLate(): boolean {
    return Date.now() >= this.#remembering.untilMs;
  }
}
