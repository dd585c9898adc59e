/**
 * The RUNNING tasks of a large cluster at one look: what is remembered of them, with as much of what may have changed read
 * anew as a look may cost. What may not be late comes first (hosts that drain, and those that have just joined), then the
 * lists that reveal the most (worth-listing.ts); what no list has said yet is told as unread.
 */
import type { ContainerInstance, ECSClient, Service, Task } from '@aws-sdk/client-ecs';
import { READS_PER_LOOK } from '../../core/pace.ts';
import { idOf, inBatches, present, unique } from '../batches.ts';
import { perContainer } from '../container-memory.ts';
import { isInvalid, isNotFound } from '../error-codes.ts';
import { hasNoHealthCheck } from '../task-definitions.ts';
import { describeTasks, listTaskArns, listTaskPage, type TaskQuery } from '../tasks.ts';
import { type HostTasks, Picture } from './picture.ts';
import type { FactScope } from './read-facts.ts';
import type { Remembering, RunningRead } from './read-running.ts';
import { TASKS_A_PAGE, type TaskList, worthListing, worthOf } from './worth-listing.ts';

/** So many lists at least, however much else a look has to read. */
const LISTS_AT_LEAST = 50;
/** Lists made together: what they reveal may make others of no use. */
const LISTS_AT_ONCE = 20;
/** And of those only that reveal nearly as much as the best: it may reveal what others would. */
const WORTH_AS_MUCH = 0.5;
/** Tasks described in one look because their host's version rose and nothing else. */
const CONFIRMED_PER_LOOK = 1500;
/** Reads of each look that go round the remembered tasks, so that nothing is believed for ever. */
const ROUND_READS = 5;
/** A host that has just joined is listed at once: whether its daemons run decides whether it is ready. */
const JUST_JOINED_MS = 600_000;
/** For so long a list that did not reveal what ECS counts is not made again for the same. */
const UNEXPLAINED_MS = 120_000;

/** What the last list of a service or host left unexplained, by its key. */
const unexplained = perContainer(() => new Map<string, { readonly tasks: number; readonly atMs: number }>());

export class RunningTasks {
  readonly #ecs: ECSClient;
  readonly #cluster: string;
  readonly #scope: FactScope;
  readonly #remembering: Remembering;
  #picture = new Picture();
  #containers: readonly ContainerInstance[] = [];
  #left: readonly Task[] = [];
  /** ARNs of container instances that this look has listed: that is newer than what ECS counted before. */
  readonly #listed = new Set<string>();
  /** Lists that this look may still make. */
  #lists = LISTS_AT_LEAST;

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

  /** What became of the tasks that we know, and who else is on hosts that drain or have just joined. */
  async look(containers: readonly ContainerInstance[]): Promise<void> {
    const picture = this.#picture;
    const { nowMs } = this.#scope;
    this.#containers = containers;
    picture.keepOnly(containers);
    const before = new Map(picture.hosts);
    const unsure = this.#toConfirm();
    const asked = unique([
      ...picture.unsettled(nowMs, hasNoHealthCheck),
      ...picture.tasksOn(unsure),
      ...this.#round(),
    ]);
    picture.update(asked, await this.#describe(asked.map((task) => task.taskArn)));
    picture.confirm(unsure, nowMs);

    const spent = (asked.length + containers.length) / TASKS_A_PAGE;
    this.#lists = Math.max(LISTS_AT_LEAST, READS_PER_LOOK - Math.ceil(spent));
    const urgent = containers.filter((host) => this.#isUrgent(host));
    await this.#make(urgent.filter((host) => !picture.isKnown(host)).map((host) => listOf(host)));
    this.#left = leftTasks(containers, before, picture);
  }

  /** Who else there is, by what services and hosts count, as far as a look goes. Keeps the picture. */
  async find(services: readonly Service[]): Promise<RunningRead> {
    const picture = this.#picture;
    const made = new Set<string>();
    const hosts = this.#containers;
    if (this.#isWholeCheaper()) await this.#listAll();
    for (;;) {
      const known = { tasks: picture.tasks, onHost: (host: ContainerInstance) => picture.countOn(host) };
      const all = worthListing({ hosts, services }, known, (key) => this.#unexplained(key)).filter(
        ({ key }) => !made.has(key) && !this.#listed.has(key),
      );
      const least = worthOf(all[0]) * WORTH_AS_MUCH;
      const lists = all.slice(0, LISTS_AT_ONCE).filter((list) => worthOf(list) >= least);
      if (lists.length === 0 || this.#lists <= 0 || this.#isLate()) break;
      for (const { key } of lists) made.add(key);
      await this.#make(lists);
    }
    await this.#remembering.save(picture);
    return {
      tasks: picture.tasks,
      unread: new Set(
        hosts
          .filter((host) => !picture.isKnown(host))
          .map((host) => host.containerInstanceArn ?? '')
          .filter((arn) => !this.#listed.has(arn)),
      ),
    };
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

  /** One list of the cluster tells of all its hosts. */
  #isWholeCheaper(): boolean {
    const pages = Math.ceil(
      this.#containers.reduce((sum, host) => sum + (host.runningTasksCount ?? 0), 0) / TASKS_A_PAGE,
    );
    const unknown = this.#containers.filter((host) => !this.#picture.isKnown(host)).length;
    return pages < unknown && pages <= this.#lists;
  }

  /** One list of the whole cluster; only what is new in it, or not settled, is described. */
  async #listAll(): Promise<void> {
    const picture = this.#picture;
    const { nowMs } = this.#scope;
    const arns = await listTaskArns(this.#ecs, this.#cluster, { desiredStatus: 'RUNNING' });
    const settled = new Set(picture.tasks.map((task) => task.taskArn));
    for (const task of picture.unsettled(nowMs, hasNoHealthCheck)) settled.delete(task.taskArn);
    const described = await this.#describe(arns.filter((arn) => !settled.has(arn)));
    picture.replace(this.#containers, arns, described, nowMs);
    for (const host of this.#containers) this.#listed.add(host.containerInstanceArn ?? '');
    this.#lists -= Math.ceil(arns.length / TASKS_A_PAGE);
  }

  /** Makes these lists, and describes who was not known. */
  async #make(lists: readonly TaskList[]): Promise<void> {
    for (const some of inBatches(lists, LISTS_AT_ONCE)) {
      this.#lists -= some.reduce((sum, { pages }) => sum + pages, 0);
      const found = await Promise.all(some.map((list) => this.#arnsOf(list)));
      const known = new Map(this.#picture.tasks.map((task) => [task.taskArn, task]));
      const arns = unique(found.flatMap((list) => list ?? [])).filter((arn) => !known.has(arn));
      const news = await this.#describe(arns);
      this.#picture.add(news);
      const all = new Map([...known, ...news.map((task) => [task.taskArn, task] as const)]);
      for (const [at, list] of some.entries()) this.#learn(list, found[at], all);
    }
  }

  /** `arns`: all that run of a service, or on a host; undefined where ECS did not find it. */
  #learn(
    list: TaskList,
    arns: readonly string[] | undefined,
    tasks: ReadonlyMap<string | undefined, Task>,
  ): void {
    const { nowMs } = this.#scope;
    if ('host' in list.of && arns !== undefined) {
      const { host } = list.of;
      const id = idOf(host.containerInstanceArn);
      this.#listed.add(list.key);
      const onIt = present(arns.map((arn) => tasks.get(arn)));
      this.#picture.putList(
        host,
        onIt.filter((task) => idOf(task.containerInstanceArn) === id),
        nowMs,
      );
    }
    const counted =
      'host' in list.of
        ? (list.of.host.runningTasksCount ?? 0)
        : (list.of.service.runningCount ?? 0) + (list.of.service.pendingCount ?? 0);
    const rest = counted - (arns?.length ?? 0);
    if (rest > 0) unexplained().set(list.key, { tasks: rest, atMs: nowMs });
    else unexplained().delete(list.key);
  }

  #unexplained(key: string): number {
    const last = unexplained().get(key);
    return last === undefined || this.#scope.nowMs - last.atMs >= UNEXPLAINED_MS ? 0 : last.tasks;
  }

  /** Undefined for a host or service that ECS does not find (any more, or yet): nothing is learnt of it. */
  async #arnsOf({ of }: TaskList): Promise<string[] | undefined> {
    const query: TaskQuery =
      'host' in of
        ? { desiredStatus: 'RUNNING', containerInstance: of.host.containerInstanceArn ?? '' }
        : { desiredStatus: 'RUNNING', serviceName: of.service.serviceName ?? '' };
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
  #toConfirm(): ContainerInstance[] {
    const unsure = this.#picture.toConfirm(this.#containers, this.#scope.nowMs);
    const others = unsure.filter((host) => host.status !== 'DRAINING');
    const counted = others.reduce((sum, host) => sum + (host.runningTasksCount ?? 0), 0);
    const share = Math.floor((others.length * CONFIRMED_PER_LOOK) / Math.max(CONFIRMED_PER_LOOK, counted));
    return [...unsure.filter((host) => host.status === 'DRAINING'), ...others.slice(0, share)];
  }

  #isUrgent({ status, registeredAt }: ContainerInstance): boolean {
    const { memory, nowMs } = this.#scope;
    const joinedMs = registeredAt?.getTime() ?? 0;
    const isJoining = joinedMs >= memory.startedAtMs && nowMs - joinedMs < JUST_JOINED_MS;
    return status === 'DRAINING' || (isJoining && memory.daemonsAtPlan.length > 0);
  }

  /** The next few of all remembered tasks. */
  #round(): Task[] {
    const { tasks } = this.#picture;
    const { passed = 0 } = this.#picture.state;
    const from = passed < tasks.length ? passed : 0;
    this.#picture.state = { ...this.#picture.state, passed: from + ROUND_READS * TASKS_A_PAGE };
    return tasks.slice(from, from + ROUND_READS * TASKS_A_PAGE);
  }

  #isLate(): boolean {
    return Date.now() >= this.#remembering.untilMs;
  }
}

const listOf = (host: ContainerInstance): TaskList => ({
  key: host.containerInstanceArn ?? '',
  of: { host },
  missing: 0,
  pages: Math.max(1, Math.ceil((host.runningTasksCount ?? 0) / TASKS_A_PAGE)),
});

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
