import {
  type Cluster,
  DescribeContainerInstancesCommand,
  DescribeTasksCommand,
  ECSClient,
  ListContainerInstancesCommand,
  ListTasksCommand,
  type Service,
  type Task,
} from '@aws-sdk/client-ecs';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { beginAsNewContainer } from '../../functions/aws/container-memory.ts';
import type { FactScope } from '../../functions/aws/facts/read-facts.ts';
import { readRunning } from '../../functions/aws/facts/read-running.ts';
import { loadPicture, removePicture, savePicture } from '../../functions/aws/ledger/snapshots.ts';
import type { RunMemory } from '../../functions/core/memory.ts';
import { fakeLedger } from '../support/fake-ledger.ts';

const START_MS = Date.parse('2026-11-22T12:00:00Z');
const RUN = 'run-1';
const HOSTS = 350;
const TASKS_PER_HOST = 10;
const ecs = mockClient(ECSClient);
const client = new ECSClient();
const ledger = fakeLedger();

interface FakeHost {
  version: number;
  status: string;
  counted?: number;
  registeredAt?: Date;
  tasks: Task[];
}
const hosts = new Map<string, FakeHost>();
const homeless: Task[] = [];
let nowMs = START_MS;

const taskOn = (host: string, name: string): Task => ({
  taskArn: `task/${host}-${name}`,
  containerInstanceArn: `container-instance/${host}`,
  group: 'service:web',
  lastStatus: 'RUNNING',
  desiredStatus: 'RUNNING',
  healthStatus: 'UNKNOWN',
  startedAt: new Date(START_MS - 3_600_000),
});
const allTasks = () => [...[...hosts.values()].flatMap((host) => host.tasks), ...homeless];

/** As ECS answers: pages of 100 with a token, lists by host and by service. */
function arm() {
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
      taskArns: list.slice(from, from + 100).map((task) => task.taskArn),
      ...(list.length > from + 100 ? { nextToken: String(from + 100) } : {}),
    };
  });
  ecs.on(DescribeTasksCommand).callsFake(({ tasks }) => {
    const wanted = new Set(tasks);
    return { tasks: allTasks().filter((task) => wanted.has(task.taskArn)) };
  });
}

const cluster = (): Cluster => ({ clusterName: 'prod', runningTasksCount: allTasks().length });

/** One invocation. `readSeconds`: how long it may read; with a negative one it is late from the start. */
async function invocation(services: readonly Service[] = [], readSeconds = 40) {
  const running = await found(readSeconds);
  return running && (await running.withServices(services)).tasks;
}

function found(readSeconds = 40) {
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
  return readRunning(client, cluster(), scope, async () => undefined);
}

async function unreadHosts(services: readonly Service[] = []): Promise<ReadonlySet<string>> {
  const running = await found();
  return (await running?.withServices(services))?.unread ?? new Set();
}

/** Invocations until the look is complete, then its tasks. */
async function look(services: readonly Service[] = [], readSeconds = 40): Promise<readonly Task[]> {
  for (let passes = 0; passes < 100; passes += 1) {
    const tasks = await invocation(services, readSeconds);
    if (tasks !== undefined) return tasks;
  }
  throw new Error('the reading never ends');
}

const lists = () => ecs.commandCalls(ListTasksCommand).length;
const listsOf = (host: string) =>
  ecs
    .commandCalls(ListTasksCommand)
    .filter((call) => call.args[0].input.containerInstance === `container-instance/${host}`).length;
const arnsOf = (tasks: readonly Task[]) => tasks.map((task) => task.taskArn).sort();
const truth = () => arnsOf(allTasks());
const hostOf = (id: string) => hosts.get(id) as FakeHost;

/** A minute on, with the calls so far forgotten. */
function later(seconds = 60) {
  nowMs += seconds * 1000;
  ecs.resetHistory();
}

describe('tasks of a large cluster', () => {
  beforeEach(() => {
    beginAsNewContainer();
    ledger.reset();
    ecs.reset();
    arm();
    nowMs = START_MS;
    hosts.clear();
    homeless.length = 0;
    for (let at = 0; at < HOSTS; at += 1) {
      const id = `h${at}`;
      const tasks = Array.from({ length: TASKS_PER_HOST }, (_, one) => taskOn(id, String(one)));
      hosts.set(id, { version: 5, status: 'ACTIVE', tasks });
    }
  });

  it('are all found, by whole lists, when nothing is remembered', async () => {
    expect(arnsOf(await look())).toEqual(truth());
    expect(lists()).toBe((HOSTS * TASKS_PER_HOST) / 100);
  });

  it('cost no list while nothing changes', async () => {
    await look();
    later();
    expect(arnsOf(await look())).toEqual(truth());
    expect(lists()).toBe(0);
  });

  it('are not listed on hosts whose agents reconnected: their known tasks are described, many hosts in a read', async () => {
    await look();
    later();
    const before = ecs.commandCalls(DescribeTasksCommand).length;
    for (let at = 0; at < 40; at += 1) hostOf(`h${at}`).version += 1;
    expect(arnsOf(await look())).toEqual(truth());
    expect(lists()).toBe(0);
    // Four reads for these, five for the round.
    expect(ecs.commandCalls(DescribeTasksCommand).length - before).toBeLessThanOrEqual(9);
    later(31);
    await look();
    later(31);
    ecs.resetHistory();
    await look();
    expect(ecs.commandCalls(DescribeTasksCommand)).toHaveLength(5);
  });

  it('are listed on a host whose version rose and that has lost a task, though it counts as many', async () => {
    await look();
    later();
    hostOf('h7').version += 1;
    hostOf('h7').tasks = [...hostOf('h7').tasks.slice(1), taskOn('h7', 'new')];
    expect(arnsOf(await look())).toEqual(truth());
    expect([lists(), listsOf('h7')]).toEqual([1, 1]);
    later();
    await look();
    expect(lists()).toBe(0);
  });

  it('are read once more on a host that changed, since the first read may be older than its description', async () => {
    await look();
    const old = hostOf('h7').tasks;
    later();
    hostOf('h7').version += 1;
    await look();
    hostOf('h7').tasks = [...old.slice(1), taskOn('h7', 'late')];
    later(31);
    expect(arnsOf(await look())).toEqual(truth());
    expect(listsOf('h7')).toBe(1);
  });

  it('that left a draining host are known to be gone without a list; one that came before it drained is listed', async () => {
    await look();
    later();
    const host = hostOf('h9');
    host.status = 'DRAINING';
    host.version += 1;
    host.tasks = host.tasks.slice(4);
    expect(arnsOf(await look())).toEqual(truth());
    expect(lists()).toBe(0);
    later();
    host.tasks = [];
    host.version += 1;
    expect(arnsOf(await look())).toEqual(truth());
    expect(lists()).toBe(0);

    hostOf('h10').status = 'DRAINING';
    hostOf('h10').tasks.push(taskOn('h10', 'last'));
    later();
    expect(arnsOf(await look())).toEqual(truth());
    expect(listsOf('h10')).toBe(1);
  });

  it('that one look cannot list are told as unread, hosts that have just joined and draining ones first', async () => {
    await look();
    later();
    for (const [id, host] of hosts) {
      host.tasks.push(taskOn(id, 'more'));
      // So many elsewhere that one list of the whole cluster would cost more.
      host.counted = 200;
    }
    hostOf('h340').status = 'DRAINING';
    hostOf('h341').registeredAt = new Date(START_MS + 1);
    const unread = await unreadHosts();
    expect(unread.size).toBeGreaterThan(100);
    for (const id of ['h340', 'h341']) expect(unread.has(`container-instance/${id}`)).toBe(false);
    for (const host of hosts.values()) delete host.counted;
    for (let at = 0; at < 5; at += 1) {
      later();
      await look();
    }
    expect((await unreadHosts()).size).toBe(0);
    expect(arnsOf(await look())).toEqual(truth());
  });

  it('that left a host are known to be gone without a list, where it counts as many as run on', async () => {
    await look();
    later();
    hostOf('h3').tasks.pop();
    expect(arnsOf(await look())).toEqual(truth());
    expect(lists()).toBe(0);
  });

  it('are listed anew on a host that counts more than we remember', async () => {
    await look();
    later();
    hostOf('h3').tasks.push(taskOn('h3', 'new'));
    expect(arnsOf(await look())).toEqual(truth());
    expect([lists(), listsOf('h3')]).toEqual([1, 1]);
  });

  it('are read on where an earlier invocation ran out of time', async () => {
    expect(await invocation([], -1)).toBeUndefined();
    const pages = lists();
    expect(pages).toBe(1);
    beginAsNewContainer();
    expect(arnsOf(await look([], 40))).toEqual(truth());
    expect(lists()).toBe((HOSTS * TASKS_PER_HOST) / 100);
  });

  it('are all there in the end however short each invocation is', async () => {
    await look();
    later();
    for (const id of ['h1', 'h2', 'h200']) {
      hostOf(id).version += 1;
      hostOf(id).tasks = [taskOn(id, 'new')];
    }
    let moreTime = 0;
    for (let at = 0; at < 10 && (await invocation([], moreTime)) === undefined; at += 1) moreTime = 1;
    expect(arnsOf(await look())).toEqual(truth());
  });

  it('are listed from the beginning where ECS does not take the token any more', async () => {
    await invocation([], -1);
    const state = ledger.items.get(`PICTURE#${RUN}|STATE`);
    Object.assign(state?.data as object, { sweep: { nextToken: 'expired' } });
    beginAsNewContainer();
    expect(arnsOf(await look())).toEqual(truth());
  });

  it('are found by their service when they wait for a host', async () => {
    await look();
    later();
    const { containerInstanceArn: _, ...waiting } = taskOn('none', 'waiting');
    homeless.push({ ...waiting, lastStatus: 'PROVISIONING' });
    const web = { serviceName: 'web', runningCount: HOSTS * TASKS_PER_HOST, pendingCount: 1 };
    expect(arnsOf(await look([web]))).toEqual(truth());

    later();
    const placed = { ...homeless[0], containerInstanceArn: 'container-instance/h4' } as Task;
    homeless.length = 0;
    hostOf('h4').tasks.push(placed);
    hostOf('h4').version += 1;
    const tasks = await look([web]);
    expect(arnsOf(tasks)).toEqual(truth());
    expect(tasks.find((task) => task.taskArn === placed.taskArn)?.containerInstanceArn).toBe(
      placed.containerInstanceArn,
    );
  });

  it('show their new state without a change of their host', async () => {
    hostOf('h5').tasks = [{ ...taskOn('h5', 'young'), lastStatus: 'PENDING' }];
    await look();
    later();
    hostOf('h5').tasks = [taskOn('h5', 'young')];
    const tasks = await look();
    expect(tasks.find((task) => task.taskArn === 'task/h5-young')?.lastStatus).toBe('RUNNING');
    expect(lists()).toBe(0);
  });

  it('are not believed for ever: a round passes all of them', async () => {
    await look();
    const tasks = hostOf('h0').tasks.map((task) => ({ ...task, healthStatus: 'UNHEALTHY' as const }));
    hostOf('h0').tasks = tasks;
    let seen: readonly Task[] = [];
    for (let at = 0; at < 8; at += 1) {
      later();
      seen = await look();
    }
    expect(seen.filter((task) => task.healthStatus === 'UNHEALTHY')).toHaveLength(TASKS_PER_HOST);
  });

  it('leave a ledger in small items of which only the changed are written, not at each look, and nothing at the end', async () => {
    await look();
    ledger.writes.length = 0;
    later();
    hostOf('h7').version += 1;
    await look();
    expect(ledger.writes).toEqual([]);
    later(120);
    await look();
    expect(ledger.writes).toHaveLength(2);
    await removePicture(ledger.table, RUN);
    expect([...ledger.items.keys()].filter((key) => key.startsWith('PICTURE#'))).toEqual([]);
  });

  it('cost whole lists and nothing else when the snapshot is lost', async () => {
    await look();
    later();
    ledger.reset();
    beginAsNewContainer();
    expect(arnsOf(await look())).toEqual(truth());
    expect(lists()).toBe((HOSTS * TASKS_PER_HOST) / 100);
  });

  it('are remembered by another container just the same', async () => {
    await look();
    later();
    beginAsNewContainer();
    const tasks = await look();
    expect(arnsOf(tasks)).toEqual(truth());
    expect(tasks[0]?.startedAt).toBeInstanceOf(Date);
    expect(lists()).toBe(0);
  });
});
