/**
 * Tasks told to stop, where a decision asks for them: on draining hosts that nothing but daemons runs on, and on new hosts,
 * where a task that dies may mean a bad image. ECS lists them per host only, so each list that is not needed is a call.
 */
import type { ContainerInstance, ECSClient, Task } from '@aws-sdk/client-ecs';
import { idOf, present, unique } from '../batches.ts';
import { perContainer } from '../container-memory.ts';
import { describeTasks, listTaskArns } from '../tasks.ts';
import type { FactScope } from './read-facts.ts';
import { isDaemonOf } from './tasks.ts';

/** STOPPED lists of new hosts are read in turns, this many at a time. */
const NEW_HOSTS_PER_TURN = 5;
const TURN_MS = 15_000;
/** Draining hosts of a large cluster that one look lists to see that they are empty; and if it has no time left. */
const DRAINED_PER_LOOK = 40;
const DRAINED_WHEN_LATE = 10;
/** Turns after every group's trial are at least this far apart: a bad image has shown itself by then, as a rule. */
const TURNS_APART_MS = 40_000;

/** What was still stopping on a draining host when it was last listed, by container instance ARN. */
const stopping = perContainer(() => new Map<string, readonly string[]>());
/** Draining hosts that were listed when nothing was on them any more, by container instance ARN. */
const empty = perContainer(() => new Set<string>());
/** When new hosts were last listed, by cluster. */
const turns = perContainer(() => new Map<string, number>());

export interface StoppedFound {
  readonly tasks: readonly Task[];
  /** Container instances that seem empty, and that no list of now has shown to be so. */
  readonly unread: readonly string[];
}

/**
 * A draining host whose tasks stop is listed again only when all of those that we know of have stopped: that a host is
 * empty is always the word of a list of now (decisions.md rule 16), never of a remembered one. `left`: tasks of draining
 * hosts that are known to stop without a list.
 */
export async function readStopped(
  ecs: ECSClient,
  cluster: string,
  scope: FactScope,
  containers: readonly ContainerInstance[],
  running: readonly Task[],
  left: readonly Task[] = [],
  isLarge = false,
): Promise<StoppedFound> {
  if (scope.look === 'whole') return { tasks: [], unread: [] };
  for (const [host = '', tasks] of Map.groupBy(left, (task) => task.containerInstanceArn)) {
    const arns = present(tasks.map(({ taskArn }) => taskArn));
    stopping().set(host, unique([...(stopping().get(host) ?? []), ...arns]));
  }
  const draining = drainingHosts(scope, containers, running);
  const known = await describeTasks(
    ecs,
    cluster,
    draining.flatMap((host) => stopping().get(host) ?? []),
  );
  const waiting = new Set(known.filter(isOnItsWay).map((task) => task.containerInstanceArn));
  const isDraining = new Set(draining);
  for (const host of empty()) if (!isDraining.has(host) || waiting.has(host)) empty().delete(host);
  const { due, unread } = cutToLook(
    draining.filter((host) => !waiting.has(host)),
    isLarge ? listsOf(scope) : undefined,
  );
  const lists = await Promise.all(
    unique([...due, ...newHostsInTurn(cluster, scope, containers)]).map((containerInstance) =>
      listTaskArns(ecs, cluster, { desiredStatus: 'STOPPED', containerInstance }),
    ),
  );
  // Each host has a few: described together, they are a fraction of the calls.
  const fresh = await describeTasks(ecs, cluster, lists.flat());
  for (const host of due) {
    const onIt = fresh.filter((task) => task.containerInstanceArn === host && isOnItsWay(task));
    if (onIt.length > 0) {
      stopping().set(host, present(onIt.map(({ taskArn }) => taskArn)));
      empty().delete(host);
    } else {
      stopping().delete(host);
      empty().add(host);
    }
  }
  return { tasks: [...known.filter((task) => waiting.has(task.containerInstanceArn)), ...fresh], unread };
}

/**
 * All of a usual cluster, at each look. Of a large one each host once: what is found empty, and gets no new tasks, is listed
 * again only by the guard before its end, or when something runs on it after all. Those first all of whose tasks nothing is
 * known: while they are not listed nothing says that they are empty. Of the others the last known tasks have just been
 * described as STOPPED.
 */
function cutToLook(
  draining: readonly string[],
  most: number | undefined,
): { readonly due: readonly string[]; readonly unread: readonly string[] } {
  if (most === undefined) return { due: draining, unread: [] };
  const unlisted = draining.filter((host) => !empty().has(host));
  const unknown = unlisted.filter((host) => !stopping().has(host));
  const told = unlisted.filter((host) => stopping().has(host));
  return {
    due: [...unknown, ...told].slice(0, most),
    unread: unknown.slice(most),
  };
}

function listsOf({ remembering }: FactScope): number {
  const isLate = remembering !== undefined && Date.now() >= remembering.untilMs;
  return isLate ? DRAINED_WHEN_LATE : DRAINED_PER_LOOK;
}

const isOnItsWay = (task: Task) => task.lastStatus !== 'STOPPED';

/** Those without a RUNNING task but daemons, and not ended by us: what we ended was found empty before. */
function drainingHosts(
  scope: FactScope,
  containers: readonly ContainerInstance[],
  running: readonly Task[],
): string[] {
  const busy = new Set(
    running
      .filter((task) => task.desiredStatus !== 'STOPPED' && !isDaemonOf(scope.memory, task))
      .map((task) => idOf(task.containerInstanceArn)),
  );
  const ended = endedHosts(scope);
  return arnsOf(
    containers.filter(
      (host) =>
        host.status === 'DRAINING' &&
        !busy.has(idOf(host.containerInstanceArn)) &&
        !ended.has(host.ec2InstanceId ?? ''),
    ),
  );
}

/** An end of ours that has not shown by now came to nothing, maybe: the host is looked at in full again. */
const END_SHOWS_MS = 120_000;

/** Instances whose end we asked Auto Scaling for just now. */
export function endedHosts({ memory, nowMs }: FactScope): ReadonlySet<string> {
  return new Set(
    memory.hosts
      .filter(({ terminateIntentMs: atMs }) => atMs !== undefined && nowMs - atMs < END_SHOWS_MS)
      .map((host) => host.instanceId),
  );
}

/** New hosts whose turn it is. */
function newHostsInTurn(
  cluster: string,
  { memory, nowMs }: FactScope,
  containers: readonly ContainerInstance[],
): string[] {
  const inTrial = memory.groups.some((group) => group.trialPassedAtMs === undefined);
  if (!inTrial && nowMs - (turns().get(cluster) ?? 0) < TURNS_APART_MS) return [];
  turns().set(cluster, nowMs);
  const old = new Set(memory.hosts.filter(({ role }) => role === 'outdated').map((host) => host.instanceId));
  const hosts = containers.filter(
    (host) =>
      host.status === 'ACTIVE' &&
      !old.has(host.ec2InstanceId ?? '') &&
      (host.registeredAt?.getTime() ?? 0) >= memory.startedAtMs,
  );
  const share = Math.min(NEW_HOSTS_PER_TURN, hosts.length);
  const start = (Math.floor(nowMs / TURN_MS) * share) % Math.max(1, hosts.length);
  return arnsOf([...hosts, ...hosts].slice(start, start + share));
}

const arnsOf = (hosts: readonly ContainerInstance[]) =>
  present(hosts.map((host) => host.containerInstanceArn));
