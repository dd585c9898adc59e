/** A cluster too large to be read whole, behind a mocked client: lists in pages, hosts and services with their counts. */
import {
  DescribeContainerInstancesCommand,
  DescribeTasksCommand,
  ECSClient,
  ListContainerInstancesCommand,
  ListTasksCommand,
  type Service,
  type Task,
} from '@aws-sdk/client-ecs';
import { mockClient } from 'aws-sdk-client-mock';
import { beginAsNewContainer } from '../../functions/aws/container-memory.ts';
import type { FactScope } from '../../functions/aws/facts/read-facts.ts';
import { type RunningRead, readRunning } from '../../functions/aws/facts/read-running.ts';
import { loadPicture, savePicture } from '../../functions/aws/ledger/snapshots.ts';
import type { RunMemory } from '../../functions/core/memory.ts';
import { fakeLedger } from './fake-ledger.ts';

export const START_MS = Date.parse('2026-11-22T12:00:00Z');
export const RUN = 'run-1';
export const HOSTS = 350;
export const TASKS_PER_HOST = 10;
const PAGE = 100;

export interface FakeHost {
  version: number;
  status: string;
  counted?: number;
  registeredAt?: Date;
  tasks: Task[];
}

export const ecs = mockClient(ECSClient);
export const ledger = fakeLedger();
export const hosts = new Map<string, FakeHost>();
export const homeless: Task[] = [];
const client = new ECSClient();
let nowMs = START_MS;

export const taskOn = (host: string, name: string, serviceName = 'web'): Task => ({
  taskArn: `task/${host}-${name}`,
  containerInstanceArn: `container-instance/${host}`,
  group: `service:${serviceName}`,
  lastStatus: 'RUNNING',
  desiredStatus: 'RUNNING',
  healthStatus: 'UNKNOWN',
  startedAt: new Date(START_MS - 3_600_000),
});

/** 350 hosts with ten tasks each, nothing known of them; `serviceOf`: of which service the n-th of a host is. */
export function beginLargeCluster(serviceOf: (host: number, task: number) => string = () => 'web'): void {
  beginAsNewContainer();
  ledger.reset();
  ecs.reset();
  arm();
  nowMs = START_MS;
  hosts.clear();
  homeless.length = 0;
  for (let at = 0; at < HOSTS; at += 1) {
    const id = `h${at}`;
    const tasks = Array.from({ length: TASKS_PER_HOST }, (_, one) =>
      taskOn(id, String(one), serviceOf(at, one)),
    );
    hosts.set(id, { version: 5, status: 'ACTIVE', tasks });
  }
}

const allTasks = () => [...[...hosts.values()].flatMap((host) => host.tasks), ...homeless];

/** As ECS answers: pages of 100 with a token, lists by host and by service. */
function arm(): void {
  ecs.on(ListContainerInstancesCommand).callsFake(() => ({
    containerInstanceArns: [...hosts.keys()].map((id) => `container-instance/${id}`),
  }));
  ecs.on(DescribeContainerInstancesCommand).callsFake(({ containerInstances }) => ({
    containerInstances: containerInstances.flatMap((arn: string) => {
      const host = hosts.get(arn.split('/')[1] ?? '');
      if (host === undefined) return [];
      const runningTasksCount = host.counted ?? host.tasks.length;
      const { version, status, registeredAt } = host;
      const counts = { runningTasksCount, pendingTasksCount: 0 };
      return [{ containerInstanceArn: arn, version, status, registeredAt, ...counts }];
    }),
  }));
  ecs.on(ListTasksCommand).callsFake(({ containerInstance, serviceName, nextToken = '0' }) => {
    if (!/^\d+$/.test(nextToken)) {
      throw Object.assign(new Error('bad token'), { name: 'InvalidParameterException' });
    }
    const list = allTasks().filter(
      (task) =>
        (containerInstance === undefined || task.containerInstanceArn === containerInstance) &&
        (serviceName === undefined || task.group === `service:${serviceName}`),
    );
    const from = Number(nextToken);
    return {
      taskArns: list.slice(from, from + PAGE).map((task) => task.taskArn),
      ...(list.length > from + PAGE ? { nextToken: String(from + PAGE) } : {}),
    };
  });
  ecs.on(DescribeTasksCommand).callsFake(({ tasks }) => {
    const wanted = new Set(tasks);
    return { tasks: allTasks().filter((task) => wanted.has(task.taskArn)) };
  });
}

/** What DescribeServices says of all of them now. */
export function services(): Service[] {
  const counts = new Map<string, { running: number; pending: number }>();
  for (const { group = '', lastStatus } of allTasks()) {
    if (!group.startsWith('service:')) continue;
    const count = counts.get(group) ?? { running: 0, pending: 0 };
    if (lastStatus === 'RUNNING') count.running += 1;
    else count.pending += 1;
    counts.set(group, count);
  }
  return [...counts].map(([group, { running, pending }]) => ({
    serviceName: group.slice('service:'.length),
    runningCount: running,
    pendingCount: pending,
  }));
}

/** One invocation; undefined while the first reading goes on. With negative `readSeconds` it is late from the start. */
export async function invocation(
  known: readonly Service[] = [],
  readSeconds = 40,
): Promise<RunningRead | undefined> {
  const scope: FactScope = {
    cluster: 'prod',
    memory: { daemonsAtPlan: ['logs'], hosts: [], startedAtMs: START_MS } as unknown as RunMemory,
    nowMs,
    alarms: [],
    look: 'tick',
    remembering: {
      load: () => loadPicture(ledger.table, RUN),
      save: (picture) => savePicture(ledger.table, RUN, picture, nowMs),
      untilMs: Date.now() + readSeconds * 1000,
    },
  };
  const cluster = { clusterName: 'prod', runningTasksCount: allTasks().length };
  const running = await readRunning(client, cluster, scope, async () => undefined);
  return running?.withServices(known);
}

/** Invocations until the look is complete, then what it found. */
export async function read(known: readonly Service[] = [], readSeconds = 40): Promise<RunningRead> {
  for (let passes = 0; passes < 100; passes += 1) {
    const found = await invocation(known, readSeconds);
    if (found !== undefined) return found;
  }
  throw new Error('the reading never ends');
}

export const lists = () => ecs.commandCalls(ListTasksCommand).length;
export const listsOf = (host: string) =>
  ecs
    .commandCalls(ListTasksCommand)
    .filter((call) => call.args[0].input.containerInstance === `container-instance/${host}`).length;
export const arnsOf = (tasks: readonly Task[]) => tasks.map((task) => task.taskArn).sort();
export const truth = () => arnsOf(allTasks());
export const hostOf = (id: string) => hosts.get(id) as FakeHost;

/** A minute on, with the calls so far forgotten. */
export function later(seconds = 60): void {
  nowMs += seconds * 1000;
  ecs.resetHistory();
}
