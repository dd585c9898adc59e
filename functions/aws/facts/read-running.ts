/**
 * Every task that is wanted to run. Of a cluster that a few reads tell whole, it is listed anew at each look; of a larger
 * one only what may have changed since the look before, and in as many invocations as it takes.
 */
import type { Cluster, ContainerInstance, ECSClient, Service, Task } from '@aws-sdk/client-ecs';
import { READ_WHOLE_TASKS, READS_PER_LOOK } from '../../core/pace.ts';
import { idOf, inBatches, present, unique } from '../batches.ts';
import { listContainerInstances } from '../container-instances.ts';
import { isInvalid, isNotFound } from '../error-codes.ts';
import { describeTasks, listTaskArns, listTaskPage, listTasks } from '../tasks.ts';
import { type HostTasks, Picture } from './picture.ts';
import { listKnownContainerInstances } from './read-containers.ts';
import type { FactScope } from './read-facts.ts';
import { serviceNameOf } from './tasks.ts';

/** AWS's page size for tasks (Amazon ECS API reference, ListTasks and DescribeTasks). */
const PAGE = 100;
/** So many lists at least, however large the cluster. */
const LISTS_AT_LEAST = 50;
/** Pages of services' lists in one look, for the tasks of theirs that wait. */
const SERVICE_PAGES_AT_MOST = 20;
/** Tasks described in one look because their host's version rose and nothing else. */
const CONFIRMED_PER_LOOK = 3000;
/** Hosts whose tasks are described together: a few calls' worth. */
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
  /** Of a large cluster: tasks that ran on draining hosts at the look before, and stop now. */
  readonly left: readonly Task[];
  /** Container instances whose tasks have changed since they were read: nothing may be concluded from what is missing. */
  readonly unread: ReadonlySet<string>;
  /** All of them, those included that wait for a host: only services tell of some. */
  withHomeless(services: readonly Service[]): Promise<readonly Task[]>;
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
    const found = { containers, tasks, left: [], unread: new Set<string>(), withHomeless: async () => tasks };
    return { ...found, beside: await beside(containers) };
  }
  const running = new RunningTasks(ecs, name, scope, scope.remembering);
  if (await running.resume()) return undefined;
  const containers = await listKnownContainerInstances(ecs, name, scope.nowMs);
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
    unread: running.unread,
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
  #left: readonly Task[] = [];
  #unread: ReadonlySet<string> = new Set();

  constructor(ecs: ECSClient, cluster: string, scope: FactScope, remembering: Remembering) {
    this.#ecs = ecs;
    this.#cluster = cluster;
    this.#scope = scope;
    this.#remembering = remembering;
  }

  get tasks(): Task[] {
    return this.#picture.tasks;
  }

  /** What was remembered on draining hosts and is not wanted to run any more. */
  get left(): readonly Task[] {
    return this.#left;
  }

  get unread(): ReadonlySet<string> {
    return this.#unread;
  }

  /** Carries on a first listing that an earlier invocation began; says whether there was one. */
  async resume(): Promise<boolean> {
    this.#picture = await this.#remembering.load();
    if (this.#picture.state.sweep === undefined) return false;
    await this.#sweep();
    return true;
  }

  get isUnknown(): boolean {
    return this.#picture.isEmpty;
  }

  /** The first listing, which may go on in other invocations. */
  async begin(containers: readonly ContainerInstance[]): Promise<void> {
    this.#picture.beginSweep(containers, this.#scope.nowMs);
    await this.#sweep();
  }

  /**
   * Reads what may have changed, at most as much as one look may cost: the rest stays as old as it is, and is first next
   * time.
   */
  async look(containers: readonly ContainerInstance[]): Promise<void> {
    const picture = this.#picture;
    const { nowMs } = this.#scope;
    picture.keepOnly(containers);
    const before = new Map(picture.hosts);
    const draining = new Set(
      containers.filter((host) => host.status === 'DRAINING').map((host) => idOf(host.containerInstanceArn)),
    );
    const differing = picture.toList(containers, (host) => this.#isNew(host));
    const counted = new Set(differing);
    const unsure = this.#toConfirm(containers.filter((host) => !counted.has(host)));
    const asked = unique([...picture.unsettled(nowMs), ...picture.tasksOn(unsure), ...this.#round()]);
    picture.update(asked, await this.#describe(asked.map((task) => task.taskArn)), draining);
    picture.confirm(unsure, nowMs);

    // Of a host that drains and that ECS counted right, what has left since is no reason to list it.
    const stale = [
      ...differing,
      ...picture.toList(
        unsure.filter((host) => host.status !== 'DRAINING'),
        () => false,
      ),
    ];
    const pages = Math.ceil(containers.reduce((sum, host) => sum + (host.runningTasksCount ?? 0), 0) / PAGE);
    const spent = Math.ceil(asked.length / PAGE) + (2 * containers.length) / PAGE;
    const most = Math.max(LISTS_AT_LEAST, READS_PER_LOOK - spent);
    const isWhole = pages < stale.length && pages <= most;
    const hosts = isWhole ? [] : stale.slice(0, most);
    if (isWhole) await this.#listAll(containers);
    for (const some of inBatches(hosts, HOSTS_AT_ONCE)) await this.#list(some);
    this.#unread = new Set(isWhole ? [] : stale.slice(most).map((host) => host.containerInstanceArn ?? ''));
    this.#left = leftTasks(containers, before, picture);
  }

  /**
   * Tasks that a service counts and no host holds: they wait for one, and only a list of the service tells them. Keeps the
   * picture.
   */
  async findHomeless(services: readonly Service[]): Promise<void> {
    const waiting = Map.groupBy(
      this.tasks.filter((task) => task.lastStatus !== 'RUNNING'),
      serviceNameOf,
    );
    const missing = ({ serviceName, pendingCount = 0 }: Service) =>
      pendingCount - (waiting.get(serviceName)?.length ?? 0);
    const candidates = services
      .filter((service) => service.launchType !== 'FARGATE' && missing(service) > 0)
      .sort((a, b) => missing(b) - missing(a));
    const unsure: Service[] = [];
    let pages = 0;
    for (const service of candidates) {
      pages += Math.max(1, Math.ceil((service.desiredCount ?? 0) / PAGE));
      if (pages > SERVICE_PAGES_AT_MOST && unsure.length > 0) break;
      unsure.push(service);
    }
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
      picture.state = nextToken === undefined ? {} : { sweep: { nextToken } };
    } catch (error) {
      // How long a token holds is nowhere said: without it the list begins anew.
      if (nextToken === undefined || !isInvalid(error)) throw error;
      picture.forgetAll();
    }
    await this.#remembering.save(picture);
  }

  /** One list of the whole cluster; only what is new in it, or not settled, is described. */
  async #listAll(containers: readonly ContainerInstance[]): Promise<void> {
    const picture = this.#picture;
    const { nowMs } = this.#scope;
    const arns = await listTaskArns(this.#ecs, this.#cluster, { desiredStatus: 'RUNNING' });
    const settled = new Set(picture.tasks.map((task) => task.taskArn));
    for (const task of picture.unsettled(nowMs)) settled.delete(task.taskArn);
    const described = await this.#describe(arns.filter((arn) => !settled.has(arn)));
    picture.replace(containers, arns, described, nowMs);
  }

  async #list(hosts: readonly ContainerInstance[]): Promise<void> {
    const { nowMs } = this.#scope;
    const lists = await Promise.all(hosts.map((host) => this.#arnsOn(host)));
    const tasks = Map.groupBy(await this.#describe(lists.flatMap((list) => list ?? [])), (task) =>
      idOf(task.containerInstanceArn),
    );
    for (const [at, host] of hosts.entries()) {
      if (lists[at] === undefined) continue;
      this.#picture.putList(host, tasks.get(idOf(host.containerInstanceArn)) ?? [], nowMs);
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

  /** Those that drain always; of the others only so many that a look's time is not spent on agents that reconnected. */
  #toConfirm(containers: readonly ContainerInstance[]): ContainerInstance[] {
    const unsure = this.#picture.toConfirm(containers, this.#scope.nowMs);
    const others = unsure.filter((host) => host.status !== 'DRAINING');
    const counted = others.reduce((sum, host) => sum + (host.runningTasksCount ?? 0), 0);
    const share = Math.floor((others.length * CONFIRMED_PER_LOOK) / Math.max(CONFIRMED_PER_LOOK, counted));
    return [...unsure.filter((host) => host.status === 'DRAINING'), ...others.slice(0, share)];
  }

  /** Launched in this run: where the tasks go, and where a look must not miss any. */
  #isNew({ registeredAt }: ContainerInstance): boolean {
    return (registeredAt?.getTime() ?? 0) >= this.#scope.memory.startedAtMs;
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

function leftTasks(
  containers: readonly ContainerInstance[],
  before: ReadonlyMap<string, HostTasks>,
  picture: Picture,
): Task[] {
  return containers
    .filter((host) => host.status === 'DRAINING')
    .flatMap((host) => {
      const id = idOf(host.containerInstanceArn);
      const now = new Set(picture.hosts.get(id)?.tasks.map((task) => task.taskArn));
      return (before.get(id)?.tasks ?? []).filter((task) => !now.has(task.taskArn));
    });
}
