import type {
  DescribeContainerInstancesResponse,
  DescribeTasksResponse,
  ListTasksResponse,
} from '@aws-sdk/client-ecs';
import { afterEach, describe, expect, it } from 'vitest';
import { type FakeAccount, fakeAccount } from './fake-account.ts';
import { type AccountSpec, hostArn } from './fake-capture.ts';

let account: FakeAccount;
afterEach(() => account?.clock.uninstall());
const start = (spec: AccountSpec) => {
  account = fakeAccount(spec);
  return account;
};
const hosts = (...ids: string[]) => ids.map((id) => ({ id }));

/** Healthy and started tasks of a service at every moment. */
function extremes(service: string) {
  const alive = new Map<string, { healthy: boolean; desired: boolean }>();
  let lowest = Number.POSITIVE_INFINITY;
  let highest = 0;
  const lines = account.taskLines().filter(({ group }) => group === `service:${service}`);
  for (const { taskArn } of account.capture.ecs.tasks)
    alive.set(taskArn ?? '', { healthy: true, desired: true });
  for (const { taskArn, healthy, desiredStatus } of lines) {
    alive.set(taskArn, { healthy, desired: desiredStatus === 'RUNNING' });
    const all = [...alive.values()];
    highest = Math.max(highest, all.filter(({ desired }) => desired).length);
    lowest = Math.min(lowest, all.filter((task) => task.healthy).length);
  }
  return { lowest, highest };
}

describe('a host that drains', () => {
  it('starts four of four first under 100/200 and stops none before they are healthy', async () => {
    const { drain, pass, tasksOf, service } = start({
      hosts: hosts('i-1', 'i-2'),
      services: [{ name: 'web', desired: 4, min: 100, max: 200, on: ['i-1', 'i-1', 'i-1', 'i-1'] }],
    });
    drain('i-1');
    await pass(30);
    expect(tasksOf('web').filter((task) => task.instanceId === 'i-1' && task.healthy)).toHaveLength(4);
    expect(tasksOf('web')).toHaveLength(8);
    await pass(300);
    expect(tasksOf('web').map((task) => task.instanceId)).toEqual(['i-2', 'i-2', 'i-2', 'i-2']);
    expect(service('web').healthy).toBe(4);
    expect(extremes('web')).toEqual({ lowest: 4, highest: 8 });
  });

  it('halves a 50/200 service at once, although there is room for all replacements', async () => {
    const { drain, pass, service } = start({
      hosts: hosts('i-1', 'i-2'),
      services: [{ name: 'web', desired: 4, min: 50, max: 200, on: ['i-1', 'i-1', 'i-1', 'i-1'] }],
    });
    drain('i-1');
    await pass(10);
    expect(service('web').healthy).toBe(2);
    await pass(300);
    expect(service('web').healthy).toBe(4);
  });

  it('stops one of two before it starts another under 50/100', async () => {
    const { drain, pass, ecs } = start({
      hosts: hosts('i-1', 'i-2'),
      services: [{ name: 'web', desired: 2, min: 50, max: 100, on: ['i-1', 'i-1'] }],
    });
    drain('i-1');
    await pass(600);
    expect(extremes('web')).toEqual({ lowest: 1, highest: 2 });
    expect(ecs.tasksOn('i-1')).toHaveLength(0);
  });

  it.each([
    [1, 100, 150],
    [2, 75, 125],
    [3, 90, 110],
    [4, 100, 100],
  ])('never ends for %i tasks with %i/%i, whose limits round to nothing', async (desired, min, max) => {
    const { drain, pass, tasksOf, call } = start({
      hosts: hosts('i-1', 'i-2'),
      services: [{ name: 'web', desired, min, max, on: Array<string>(desired).fill('i-1') }],
    });
    drain('i-1');
    await pass(7200);
    expect(tasksOf('web').every((task) => task.instanceId === 'i-1' && task.healthy)).toBe(true);
    expect(JSON.stringify(call('DescribeServices', { services: ['web'] }))).toContain(
      'was unable to stop or start tasks during a deployment because of the service deployment configuration',
    );
  });

  it('has its PENDING tasks of services stopped at once', async () => {
    const { drain, pass, ecs } = start({
      hosts: hosts('i-1'),
      services: [{ name: 'web', desired: 1, on: [] }],
    });
    await pass(10);
    const [pending] = ecs.tasks();
    expect(pending).toMatchObject({ lastStatus: 'PENDING', instanceId: 'i-1' });
    drain('i-1');
    expect(pending).toMatchObject({
      desiredStatus: 'STOPPED',
      cause: { because: 'drain', instanceId: 'i-1' },
    });
  });

  it('keeps its standalone tasks for ever', async () => {
    const { drain, pass, ecs } = start({
      hosts: hosts('i-1', 'i-2'),
      standalone: [{ family: 'batch', on: 'i-1' }],
    });
    drain('i-1');
    await pass(86_400);
    expect(ecs.tasksOn('i-1')).toMatchObject([{ group: 'family:batch', lastStatus: 'RUNNING' }]);
  });

  it('stops its daemon only after every other task', async () => {
    const { drain, pass, ecs, taskLines } = start({
      hosts: hosts('i-1', 'i-2'),
      services: [
        { name: 'agent', desired: 2, schedulingStrategy: 'DAEMON', on: ['i-1', 'i-2'] },
        { name: 'web', desired: 2, on: ['i-1', 'i-1'], targetGroup: true },
      ],
    });
    drain('i-1');
    await pass(600);
    expect(ecs.tasksOn('i-1')).toHaveLength(0);
    const onHost = taskLines().filter(({ instanceId }) => instanceId === 'i-1');
    const daemonTold = onHost.find((line) => line.daemon && line.desiredStatus === 'STOPPED');
    const othersGone = onHost.filter((line) => !line.daemon && line.lastStatus === 'STOPPED');
    expect(othersGone).toHaveLength(2);
    for (const line of othersGone) expect(line.atMs).toBeLessThanOrEqual(daemonTold?.atMs ?? 0);
  });

  it('gives nothing back when it is set ACTIVE again, and loses the surplus elsewhere', async () => {
    const { drain, pass, ecs, tasksOf, service } = start({
      hosts: hosts('i-1', 'i-2'),
      services: [{ name: 'web', desired: 2, on: ['i-1', 'i-1'] }],
    });
    drain('i-1');
    await pass(10);
    ecs.setStatus('i-1', 'ACTIVE', { kind: 'fault', name: 'somebody' });
    await pass(300);
    expect(tasksOf('web').map((task) => task.instanceId)).toEqual(['i-1', 'i-1']);
    expect(service('web').healthy).toBe(2);
  });

  it('reads no running task while containers still stop behind a load balancer', async () => {
    const { drain, pass, call, ecs } = start({
      hosts: hosts('i-1', 'i-2'),
      services: [{ name: 'web', desired: 1, on: ['i-1'], targetGroup: true }],
    });
    drain('i-1');
    await pass(100);
    const described = call<DescribeContainerInstancesResponse>('DescribeContainerInstances', {
      containerInstances: [hostArn('i-1')],
    });
    expect(described.containerInstances?.[0]).toMatchObject({ status: 'DRAINING', runningTasksCount: 0 });
    expect(ecs.tasksOn('i-1')).toMatchObject([
      { desiredStatus: 'STOPPED', lastStatus: 'DEACTIVATING', targetsDeregistering: 1 },
    ]);
    const running = call<ListTasksResponse>('ListTasks', { containerInstance: 'ci-i-1' });
    const stopped = call<ListTasksResponse>('ListTasks', {
      containerInstance: 'ci-i-1',
      desiredStatus: 'STOPPED',
    });
    expect(running.taskArns).toEqual([]);
    expect(stopped.taskArns).toHaveLength(1);
    const pending = call<ListTasksResponse>('ListTasks', { desiredStatus: 'PENDING' });
    expect(pending.taskArns).toEqual([]);
    await pass(3000);
    const tasks = call<DescribeTasksResponse>('DescribeTasks', { tasks: stopped.taskArns ?? [] }).tasks;
    expect(tasks).toMatchObject([{ lastStatus: 'STOPPED', stopCode: 'ServiceSchedulerInitiated' }]);
    await pass(1500);
    const gone = call<DescribeTasksResponse>('DescribeTasks', { tasks: stopped.taskArns ?? [] });
    expect(gone.failures).toMatchObject([{ reason: 'MISSING' }]);
  });

  it('names behind each stop who set the host to DRAINING, and each replacement names what it replaces', async () => {
    const { call, pass, taskLines } = start({
      hosts: hosts('i-1', 'i-2'),
      services: [{ name: 'web', desired: 3, on: ['i-1', 'i-1', 'i-2'] }],
    });
    call('UpdateContainerInstancesState', { containerInstances: ['ci-i-1'], status: 'DRAINING' });
    await pass(300);
    const stops = taskLines().filter(({ lastStatus }) => lastStatus === 'STOPPED');
    expect(stops).toHaveLength(2);
    for (const { cause } of stops)
      expect(cause).toMatchObject({
        because: 'drain',
        instanceId: 'i-1',
        actor: { kind: 'function', name: 'drain' },
      });
    const replaced = taskLines().flatMap(({ replaces }) => replaces ?? []);
    expect(new Set(replaced)).toEqual(new Set(stops.map(({ taskArn }) => taskArn)));
  });

  it.each([
    [true, 0],
    [false, 1],
  ])('under scale-in protection: draining ignores it = %s', async (drainingIgnoresProtection, left) => {
    const { ecs, drain, pass } = start({
      hosts: hosts('i-1', 'i-2'),
      services: [{ name: 'web', desired: 1, on: ['i-1'] }],
      readings: { drainingIgnoresProtection },
    });
    ecs.protectTasks('web', 3600);
    drain('i-1');
    await pass(600);
    expect(ecs.tasksOn('i-1')).toHaveLength(left);
    await pass(3600);
    expect(ecs.tasksOn('i-1')).toHaveLength(0);
  });
});
