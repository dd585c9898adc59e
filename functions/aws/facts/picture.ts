/**
 * The RUNNING tasks of a large cluster as they were last listed, host by host, and which of it has to be read again.
 *
 * Reading all tasks of a thousand hosts at each look would take most of a Lambda's minute at our share of Amazon ECS's
 * rate. `ContainerInstance.version` rises with each change of a host that emits an event, and a task that starts or stops
 * on it is one (Amazon ECS API reference, ContainerInstance.version; developer guide, ecs_container_instance_events): a
 * host whose version and count of tasks stand holds the tasks that it held. The version also rises for less, each time an
 * agent reconnects, which all do every half hour: where the count stands it is enough that the known tasks, a hundred a
 * read, all run on. Where ECS counts fewer than we know, a description of those tells which have left; where it counts more,
 * some list has to say who came (worth-listing.ts), the host's own or another. Either way: with as many known tasks that run
 * as ECS counted before they were described, none is missing. What is remembered only ever saves reads: that a host may end
 * is always the word of lists of now.
 */
import type { ContainerInstance, Task } from '@aws-sdk/client-ecs';
import { idOf, present } from '../batches.ts';

/** Where tasks are kept that have no host yet. */
export const NO_HOST = '';
/** A host that changed is read once more this long after, in case the first read was older than its own description. */
const CONFIRMED_AFTER_MS = 30_000;
/** A task without a verdict on its health is asked for again while it is younger than this; then it has no check. */
const YOUNG_MS = 300_000;
/** Version of a host of which nothing but single tasks is known. */
const UNKNOWN_VERSION = -1;

export interface HostTasks {
  /** `ContainerInstance.version` when its tasks were listed. */
  readonly version: number;
  /** When a look first saw that version, epoch milliseconds; 0 when it stood before there was a picture. */
  readonly sinceMs: number;
  /** When they were listed, epoch milliseconds. */
  readonly listedAtMs: number;
  readonly tasks: readonly Task[];
}

/** The first listing of a cluster, which may take several invocations. */
export interface Sweep {
  /** Of ListTasks: where it goes on; undefined at the beginning. */
  readonly nextToken?: string;
}

/** What of a picture stands beside its hosts. */
export interface PictureState {
  readonly sweep?: Sweep;
  /** How many of the remembered tasks the round that checks all of them in turn has passed. */
  readonly passed?: number;
}

export class Picture {
  state: PictureState;
  readonly #hosts: Map<string, HostTasks>;
  readonly #changed = new Set<string>();

  constructor(state: PictureState = {}, hosts: Iterable<readonly [string, HostTasks]> = []) {
    this.state = state;
    this.#hosts = new Map(hosts);
  }

  get isEmpty(): boolean {
    return this.#hosts.size === 0;
  }

  /** By container instance id. */
  get hosts(): ReadonlyMap<string, HostTasks> {
    return this.#hosts;
  }

  get tasks(): Task[] {
    return [...this.#hosts.values()].flatMap((host) => host.tasks);
  }

  /** Ids of hosts that were put or forgotten since the picture was last saved. */
  get changed(): ReadonlySet<string> {
    return this.#changed;
  }

  saved(): void {
    this.#changed.clear();
  }

  put(id: string, host: HostTasks): void {
    this.#hosts.set(id, { ...host, tasks: host.tasks.map(essence) });
    this.#changed.add(id);
  }

  forgetAll(): void {
    for (const id of this.#hosts.keys()) this.#changed.add(id);
    this.#hosts.clear();
    this.state = {};
  }

  /** Begins anew with these hosts, before any of their tasks is known. */
  beginSweep(containers: readonly ContainerInstance[], nowMs: number): void {
    this.forgetAll();
    this.put(NO_HOST, { version: 0, sinceMs: 0, listedAtMs: nowMs, tasks: [] });
    for (const host of containers) {
      const version = host.version ?? UNKNOWN_VERSION;
      this.put(idOf(host.containerInstanceArn), { version, sinceMs: 0, listedAtMs: nowMs, tasks: [] });
    }
    this.state = { sweep: {} };
  }

  /** Adds tasks where they are, in place of what was known of them. A host that they reveal is listed by itself later. */
  add(tasks: readonly Task[]): void {
    for (const [id, added] of Map.groupBy(tasks, (task) => idOf(task.containerInstanceArn))) {
      const host = this.#hosts.get(id) ?? NOTHING;
      const all = new Map([...host.tasks, ...added].map((task) => [task.taskArn, task]));
      this.put(id, { ...host, tasks: [...all.values()].filter(isWanted) });
    }
  }

  /** What became of tasks that were asked for by ARN; one that is not in the answer is gone. */
  update(asked: readonly Task[], answer: readonly Task[]): void {
    const now = new Map(answer.map((task) => [task.taskArn, task]));
    for (const [id, tasks] of Map.groupBy(asked, (task) => idOf(task.containerInstanceArn))) {
      const host = this.#hosts.get(id);
      if (host === undefined) continue;
      const were = new Set(tasks.map((task) => task.taskArn));
      const next = present(
        host.tasks.map((task) => (were.has(task.taskArn) ? now.get(task.taskArn) : task)),
      ).filter((task) => isWanted(task) && idOf(task.containerInstanceArn) === id);
      if (!isSame(host.tasks, next)) this.put(id, { ...host, tasks: next });
    }
    const placed = answer.filter((task) => task.containerInstanceArn !== undefined);
    const homeless = new Set(
      asked.filter((task) => task.containerInstanceArn === undefined).map((task) => task.taskArn),
    );
    this.add(placed.filter((task) => homeless.has(task.taskArn)));
  }

  /** Forgets hosts that ECS does not list any more. */
  keepOnly(containers: readonly ContainerInstance[]): void {
    const listed = new Set(containers.map((host) => idOf(host.containerInstanceArn)));
    for (const id of this.#hosts.keys()) {
      if (id === NO_HOST || listed.has(id)) continue;
      this.#hosts.delete(id);
      this.#changed.add(id);
    }
  }

  /** The whole list of now: what is not among these ARNs is gone, `described` is news of those that are. */
  replace(
    containers: readonly ContainerInstance[],
    arns: readonly string[],
    described: readonly Task[],
    nowMs: number,
  ): void {
    const news = new Map(described.map((task) => [task.taskArn, task]));
    const known = new Map(this.tasks.map((task) => [task.taskArn, task]));
    const now = Map.groupBy(
      present(arns.map((arn) => news.get(arn) ?? known.get(arn))).filter(isWanted),
      (task) => idOf(task.containerInstanceArn),
    );
    this.#putIfChanged(NO_HOST, 0, now.get(NO_HOST) ?? [], nowMs);
    for (const host of containers) {
      const id = idOf(host.containerInstanceArn);
      this.#putIfChanged(id, host.version ?? UNKNOWN_VERSION, now.get(id) ?? [], nowMs);
    }
  }

  /** A host's list of now. */
  putList(host: ContainerInstance, tasks: readonly Task[], nowMs: number): void {
    const id = idOf(host.containerInstanceArn);
    const version = host.version ?? UNKNOWN_VERSION;
    const known = this.#hosts.get(id);
    const sinceMs = known?.version === version ? known.sinceMs : nowMs;
    this.put(id, { version, sinceMs, listedAtMs: nowMs, tasks: tasks.filter(isWanted) });
  }

  #putIfChanged(id: string, version: number, tasks: readonly Task[], nowMs: number): void {
    const known = this.#hosts.get(id);
    const isOld = known?.version === version && isSame(known.tasks, tasks);
    const sinceMs = known?.version === version ? known.sinceMs : nowMs;
    if (!isOld || !isConfirmed(known)) this.put(id, { version, sinceMs, listedAtMs: nowMs, tasks });
  }

  /** The known tasks of these hosts were described: those that all run on have not changed, whatever their version says. */
  confirm(containers: readonly ContainerInstance[], nowMs: number): void {
    for (const host of containers) {
      const id = idOf(host.containerInstanceArn);
      const known = this.#hosts.get(id);
      const version = host.version ?? UNKNOWN_VERSION;
      if (known === undefined || !isCounted(host, known)) continue;
      const sinceMs = known.version === version ? known.sinceMs : nowMs;
      const isOld = known.version === version && isConfirmed(known);
      if (!isOld) this.put(id, { ...known, version, sinceMs, listedAtMs: nowMs });
    }
  }

  /** As many tasks are known on it as ECS counts. */
  isKnown(host: ContainerInstance): boolean {
    return isCounted(host, this.#hosts.get(idOf(host.containerInstanceArn)) ?? NOTHING);
  }

  /** Tasks known on it. */
  countOn(host: ContainerInstance): number {
    return this.#hosts.get(idOf(host.containerInstanceArn))?.tasks.length ?? 0;
  }

  /**
   * Hosts of which a description of their known tasks tells whether they have changed: not those on which ECS counts more.
   * The longest unconfirmed first.
   */
  toConfirm(containers: readonly ContainerInstance[], nowMs: number): ContainerInstance[] {
    const listedAtMs = (host: ContainerInstance) =>
      this.#hosts.get(idOf(host.containerInstanceArn))?.listedAtMs ?? 0;
    return containers
      .filter((host) => {
        const known = this.#hosts.get(idOf(host.containerInstanceArn));
        if (known === undefined || known.tasks.length < (host.runningTasksCount ?? 0)) return false;
        if (known.version !== host.version || host.status === 'DRAINING' || !isCounted(host, known))
          return true;
        return !isConfirmed(known) && nowMs - known.sinceMs >= CONFIRMED_AFTER_MS;
      })
      .sort((a, b) => listedAtMs(a) - listedAtMs(b));
  }

  tasksOn(containers: readonly ContainerInstance[]): Task[] {
    return containers.flatMap((host) => this.#hosts.get(idOf(host.containerInstanceArn))?.tasks ?? []);
  }

  /**
   * Tasks whose state may change without a change of their host: not running yet, or without a good word on their health.
   * `isUnchecked`: nothing will ever be said of its health.
   */
  unsettled(nowMs: number, isUnchecked: (task: Task) => boolean = () => false): Task[] {
    return this.tasks.filter((task) => !isSettled(task, nowMs, isUnchecked));
  }
}

const NOTHING: HostTasks = { version: UNKNOWN_VERSION, sinceMs: 0, listedAtMs: 0, tasks: [] };

/**
 * Whether ECS counts as many tasks as we know. Running ones are counted by desired status (Amazon ECS API reference,
 * ContainerInstance.runningTasksCount); nothing says whether that includes the pending ones, which have a count of their
 * own. A host that drains may hold fewer than we knew when we listed it.
 */
function isCounted(host: ContainerInstance, { tasks }: HostTasks): boolean {
  const { runningTasksCount: running = 0, pendingTasksCount: pending = 0 } = host;
  if (host.status === 'DRAINING' && tasks.length > running + pending) return true;
  return tasks.length === running + pending || tasks.length === running;
}

const isConfirmed = (host: HostTasks) => host.listedAtMs - host.sinceMs >= CONFIRMED_AFTER_MS;

/** Wanted to run: what ListTasks gives for RUNNING. */
const isWanted = (task: Task) => task.desiredStatus !== 'STOPPED';

function isSettled(task: Task, nowMs: number, isUnchecked: (task: Task) => boolean): boolean {
  if (task.lastStatus !== 'RUNNING') return false;
  if (task.healthStatus === 'HEALTHY' || isUnchecked(task)) return true;
  return task.healthStatus !== 'UNHEALTHY' && nowMs - (task.startedAt?.getTime() ?? nowMs) >= YOUNG_MS;
}

function isSame(before: readonly Task[], after: readonly Task[]): boolean {
  return (
    before.length === after.length &&
    before.every(
      (task, at) =>
        task.taskArn === after[at]?.taskArn &&
        task.lastStatus === after[at]?.lastStatus &&
        task.healthStatus === after[at]?.healthStatus,
    )
  );
}

/** What facts and plans read of a task; the rest would be most of its size. */
export function essence(task: Task): Task {
  const { taskArn, taskDefinitionArn, group, containerInstanceArn, capacityProviderName } = task;
  const { lastStatus, desiredStatus, healthStatus, createdAt, startedAt, attachments } = task;
  return {
    taskArn,
    taskDefinitionArn,
    group,
    containerInstanceArn,
    capacityProviderName,
    lastStatus,
    desiredStatus,
    healthStatus,
    createdAt,
    startedAt,
    ...(attachments === undefined || attachments.length === 0
      ? {}
      : { attachments: attachments.map(({ type, details }) => ({ type, details })) }),
    containers: (task.containers ?? []).map(
      ({ name, image, imageDigest, networkBindings, networkInterfaces }) => ({
        name,
        image,
        imageDigest,
        ...(networkBindings === undefined || networkBindings.length === 0
          ? {}
          : {
              networkBindings: networkBindings.map(({ containerPort, hostPort }) => ({
                containerPort,
                hostPort,
              })),
            }),
        ...(networkInterfaces === undefined || networkInterfaces.length === 0 ? {} : { networkInterfaces }),
      }),
    ),
  };
}
