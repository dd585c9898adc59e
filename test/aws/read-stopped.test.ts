import { DescribeTasksCommand, ECSClient, ListTasksCommand, type Task } from '@aws-sdk/client-ecs';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { beginAsNewContainer } from '../../functions/aws/container-memory.ts';
import type { FactScope } from '../../functions/aws/facts/read-facts.ts';
import { readStopped } from '../../functions/aws/facts/read-stopped.ts';
import type { RunMemory } from '../../functions/core/memory.ts';

const NOW_MS = Date.parse('2026-11-22T12:00:00Z');
const OLD = { containerInstanceArn: 'c-old', ec2InstanceId: 'i-old', status: 'DRAINING' };
const NEW = {
  containerInstanceArn: 'c-new',
  ec2InstanceId: 'i-new',
  status: 'ACTIVE',
  registeredAt: new Date(NOW_MS),
};
const ecs = mockClient(ECSClient);
const client = new ECSClient();

const memory = (over: object = {}, trialPassedAtMs?: number) =>
  ({
    startedAtMs: NOW_MS - 60_000,
    daemonsAtPlan: ['logs'],
    groups: [{ trialPassedAtMs }],
    hosts: [{ instanceId: 'i-old', role: 'outdated', ...over }],
  }) as unknown as RunMemory;

/** The task arns that a look finds stopped, `afterSeconds` on. */
async function look(known: RunMemory, hosts: object[], afterSeconds = 0, running: Task[] = []) {
  const scope = {
    cluster: 'prod',
    memory: known,
    nowMs: NOW_MS + afterSeconds * 1000,
    alarms: [],
    look: 'tick',
  } as const;
  const { tasks } = await readStopped(client, 'prod', scope, hosts, running);
  return tasks.map((task) => task.taskArn);
}

/** What ECS lists as STOPPED on a host, and how far those tasks are. */
function stopped(...tasks: { taskArn: string; containerInstanceArn: string; lastStatus: string }[]) {
  ecs.on(ListTasksCommand).callsFake((input) => ({
    taskArns: tasks
      .filter((task) => task.containerInstanceArn === input.containerInstance)
      .map((task) => task.taskArn),
  }));
  ecs.on(DescribeTasksCommand).callsFake((input) => ({
    tasks: tasks.filter((task) => input.tasks.includes(task.taskArn)),
  }));
}
const onOld = (taskArn: string, lastStatus: string) => ({
  taskArn,
  containerInstanceArn: 'c-old',
  lastStatus,
});
const lists = () => ecs.commandCalls(ListTasksCommand).length;

describe('stopped tasks', () => {
  beforeEach(() => {
    ecs.reset();
    beginAsNewContainer();
  });

  it('are listed again only when all that were stopping have stopped', async () => {
    stopped(onOld('a', 'DEACTIVATING'));
    expect(await look(memory(), [OLD])).toEqual(['a']);
    expect(await look(memory(), [OLD])).toEqual(['a']);
    expect(lists()).toBe(1);

    stopped(onOld('a', 'STOPPED'), onOld('b', 'STOPPING'));
    expect(await look(memory(), [OLD])).toEqual(['a', 'b']);
    expect(lists()).toBe(2);
  });

  it('are listed again when ECS has forgotten the ones that were stopping', async () => {
    stopped(onOld('a', 'DEACTIVATING'));
    await look(memory(), [OLD]);
    stopped(onOld('b', 'STOPPING'));
    expect(await look(memory(), [OLD])).toEqual(['b']);
  });

  it('are listed at each look once a host is empty, since one look alone proves nothing', async () => {
    stopped(onOld('a', 'STOPPED'));
    await look(memory(), [OLD]);
    await look(memory(), [OLD]);
    expect(lists()).toBe(2);
  });

  it('are not asked for while a task runs there, daemons aside', async () => {
    stopped();
    const on = { containerInstanceArn: 'c-old', desiredStatus: 'RUNNING' };
    await look(memory(), [OLD], 0, [{ ...on, group: 'service:web' }]);
    expect(lists()).toBe(0);
    await look(memory(), [OLD], 0, [{ ...on, group: 'service:logs' }]);
    expect(lists()).toBe(1);
  });

  it('of a host that we have ended are asked for again when it is still there two minutes later', async () => {
    stopped();
    const ended = memory({ terminateIntentMs: NOW_MS });
    await look(ended, [OLD], 119);
    expect(lists()).toBe(0);
    await look(ended, [OLD], 120);
    expect(lists()).toBe(1);
  });

  it('of new hosts are listed at each look of the trial, and less often after it', async () => {
    stopped();
    for (const seconds of [0, 15, 30]) await look(memory(), [NEW], seconds);
    expect(lists()).toBe(3);
    for (const seconds of [45, 60, 75]) await look(memory({}, NOW_MS), [NEW], seconds);
    expect(lists()).toBe(4);
  });

  describe('of a large cluster', () => {
    const hosts = Array.from({ length: 100 }, (_, at) => ({ ...OLD, containerInstanceArn: `c-${at}` }));
    const gone = hosts.map(({ containerInstanceArn }, at) => ({
      taskArn: `t-${at}`,
      containerInstanceArn,
      lastStatus: 'STOPPED',
    }));
    const largeLook = (
      left: Task[],
      afterSeconds: number,
      running: Task[] = [],
      which: object[] = hosts,
      more: Partial<FactScope> = {},
    ) => {
      const nowMs = NOW_MS + afterSeconds * 1000;
      const scope = { cluster: 'prod', memory: memory(), nowMs, alarms: [], look: 'tick', ...more } as const;
      return readStopped(client, 'prod', scope, which, running, left, true);
    };

    it('are described, not listed, while they stop, and their hosts listed in turns when they have', async () => {
      stopped(...gone.map((task) => ({ ...task, lastStatus: 'STOPPING' })));
      expect((await largeLook(gone as Task[], 0)).tasks).toHaveLength(100);
      expect(lists()).toBe(0);
      stopped(...gone);
      await largeLook([], 15);
      expect(lists()).toBe(40);
      for (const seconds of [30, 45, 60, 75, 90, 105]) await largeLook([], seconds);
      expect(lists()).toBe(100);
      expect(
        new Set(ecs.commandCalls(ListTasksCommand).map((call) => call.args[0].input.containerInstance)).size,
      ).toBe(100);
    });

    it('of which nothing is known are told as unread while they are not listed', async () => {
      stopped();
      expect((await largeLook([], 0)).unread).toHaveLength(60);
      await largeLook([], 15);
      expect((await largeLook([], 30)).unread).toEqual([]);
    });

    it('are listed on fewer hosts by a look that has no time left', async () => {
      stopped();
      const remembering = { untilMs: Date.now() - 1 } as FactScope['remembering'] & object;
      expect((await largeLook([], 0, [], hosts, { remembering })).unread).toHaveLength(90);
      expect(lists()).toBe(10);
    });

    it('are not listed any more on a host found empty, until something runs there after all', async () => {
      const one = [{ ...OLD }];
      stopped();
      for (const seconds of [0, 15, 30, 45]) await largeLook([], seconds, [], one);
      expect(lists()).toBe(1);
      const running = [{ containerInstanceArn: 'c-old', desiredStatus: 'RUNNING', group: 'service:web' }];
      await largeLook([], 60, running, one);
      await largeLook([], 75, [], one);
      expect(lists()).toBe(2);
    });
  });
});
