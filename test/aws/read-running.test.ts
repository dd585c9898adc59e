import { DescribeTasksCommand, type Service, type Task } from '@aws-sdk/client-ecs';
import { beforeEach, describe, expect, it } from 'vitest';
import { beginAsNewContainer } from '../../functions/aws/container-memory.ts';
import { removePicture } from '../../functions/aws/ledger/snapshots.ts';
import {
  arnsOf,
  beginLargeCluster,
  ecs,
  HOSTS,
  homeless,
  hostOf,
  hosts,
  invocation,
  later,
  ledger,
  lists,
  listsOf,
  RUN,
  read,
  START_MS,
  TASKS_PER_HOST,
  taskOn,
  truth,
} from '../support/large-cluster.ts';

const look = async (services: readonly Service[] = [], readSeconds = 40) =>
  (await read(services, readSeconds)).tasks;
const unreadHosts = async () => (await read()).unread;

describe('tasks of a large cluster', () => {
  beforeEach(() => beginLargeCluster());

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
