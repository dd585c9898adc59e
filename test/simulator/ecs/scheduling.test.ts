import type { DescribeServicesResponse, DescribeTasksResponse, Service } from '@aws-sdk/client-ecs';
import { afterEach, describe, expect, it } from 'vitest';
import { type FakeAccount, fakeAccount } from './fake-account.ts';
import { type AccountSpec, START_MS } from './fake-capture.ts';

let account: FakeAccount;
afterEach(() => account?.clock.uninstall());
const start = (spec: AccountSpec) => {
  account = fakeAccount(spec);
  return account;
};
const hosts = (...ids: string[]) => ids.map((id) => ({ id }));
const describeService = (name: string): Service =>
  account.call<DescribeServicesResponse>('DescribeServices', { services: [name] }).services?.[0] ?? {};
const messages = (name: string) => (describeService(name).events ?? []).map(({ message }) => message ?? '');

describe('a new task', () => {
  it('goes PROVISIONING, PENDING, ACTIVATING, RUNNING with awsvpc, and takes a network interface', async () => {
    const { pass, taskLines, tasksOf } = start({
      hosts: hosts('i-1'),
      services: [
        {
          name: 'web',
          desired: 3,
          on: [],
          definition: { networkMode: 'awsvpc' },
          networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-a'] } },
        },
      ],
    });
    await pass(120);
    const [first] = tasksOf('web');
    const path = taskLines().flatMap((line) => (line.taskArn === first?.taskArn ? [line.lastStatus] : []));
    expect([...new Set(path)]).toEqual(['PROVISIONING', 'PENDING', 'ACTIVATING', 'RUNNING']);
    // Three interfaces less the host's own: the third task finds none.
    expect(tasksOf('web')).toHaveLength(2);
    expect(messages('web').join(' ')).toContain('encountered error "RESOURCE:ENI"');
  });

  it('is healthy 40 s after RUNNING without any check', async () => {
    const { pass, service } = start({ hosts: hosts('i-1'), services: [{ name: 'web', desired: 1, on: [] }] });
    await pass(59);
    expect(service('web').healthy).toBe(0);
    await pass(6);
    expect(service('web').healthy).toBe(1);
  });

  it('is healthy when its container says so, one check after it started', async () => {
    const check = { command: ['true'], interval: 90 };
    const containerDefinitions = [{ name: 'main', image: 'web', healthCheck: check }];
    const { pass, service } = start({
      hosts: hosts('i-1'),
      services: [{ name: 'web', desired: 1, on: [], definition: { containerDefinitions } }],
    });
    await pass(105);
    expect(service('web').healthy).toBe(0);
    await pass(10);
    expect(service('web').healthy).toBe(1);
  });

  it('is healthy when its target is, in a load balancer', async () => {
    const { pass, service } = start({
      hosts: hosts('i-1'),
      services: [{ name: 'web', desired: 1, on: [], targetGroup: true }],
    });
    await pass(48);
    expect(service('web').healthy).toBe(0);
    await pass(6);
    expect(service('web').healthy).toBe(1);
  });

  it('waits PENDING on its host until the room that ECS thought free is really free', async () => {
    const { drain, pass, ecs, tasksOf } = start({
      hosts: [{ id: 'i-1', cpu: 256 }, { id: 'i-2' }],
      services: [
        { name: 'slow', desired: 1, on: ['i-1'], targetGroup: true },
        {
          name: 'pinned',
          desired: 0,
          on: [],
          placementConstraints: [{ type: 'memberOf', expression: 'ec2InstanceId == i-1' }],
        },
      ],
      stopSeconds: [30, 30],
    });
    drain('i-1');
    await pass(60);
    ecs.setStatus('i-1', 'ACTIVE', { kind: 'fault', name: 'somebody' });
    ecs.scaleService('pinned', 1);
    await pass(30);
    // The old task still deregisters and stops: 60 s and 30 s.
    expect(tasksOf('slow').find((task) => task.instanceId === 'i-1')).toMatchObject({
      desiredStatus: 'STOPPED',
    });
    expect(tasksOf('pinned')).toMatchObject([{ instanceId: 'i-1', lastStatus: 'PENDING' }]);
    expect(ecs.containerInstanceOf('i-1')?.reallyFree.cpu).toBe(0);
    await pass(150);
    expect(tasksOf('pinned')).toMatchObject([{ lastStatus: 'RUNNING' }]);
  });
});

describe('a service that could not place a task', () => {
  it('tries after some 20 and 50 s and then only after minutes, although a host has joined meanwhile', async () => {
    const { pass, boot, ecs, tasksOf } = start({
      hosts: hosts('i-1'),
      services: [
        { name: 'full', desired: 8, on: Array<string>(8).fill('i-1') },
        { name: 'web', desired: 1, on: [] },
      ],
      readings: { joiningHostWakesScheduler: false, repeatedServiceMessagesOmitted: false },
    });
    await pass(70);
    expect(messages('web').filter((text) => text.includes('unable to place'))).toHaveLength(3);
    boot('i-2', 'eu-west-1b');
    await pass(60);
    // Nor does it look at the sight of something else.
    account.call('UpdateService', { service: 'web' });
    await pass(180);
    expect(ecs.containerInstanceOf('i-2')?.reallyFree.cpu).toBe(2048);
    expect(tasksOf('web')).toHaveLength(0);
    await pass(120);
    expect(tasksOf('web')).toMatchObject([{ instanceId: 'i-2', lastStatus: 'RUNNING' }]);
  });
});

describe('a service with a capacity provider strategy', () => {
  const strategy = [
    { capacityProvider: 'one', base: 1, weight: 1 },
    { capacityProvider: 'two', weight: 3 },
  ];

  it('divides its tasks by base and weight', async () => {
    const { pass, tasksOf } = start({
      hosts: [
        { id: 'i-1', provider: 'one' },
        { id: 'i-2', provider: 'two' },
      ],
      services: [{ name: 'web', desired: 5, on: [], capacityProviderStrategy: strategy }],
    });
    await pass(60);
    expect(tasksOf('web').filter((task) => task.instanceId === 'i-1')).toHaveLength(2);
    expect(tasksOf('web').filter((task) => task.instanceId === 'i-2')).toHaveLength(3);
  });

  it('lets a task wait in PROVISIONING for its provider, even where another has room', async () => {
    const { pass, tasksOf, call } = start({
      hosts: [
        { id: 'i-1', provider: 'one', cpu: 256 },
        { id: 'i-2', provider: 'two' },
      ],
      services: [
        { name: 'web', desired: 1, on: ['i-1'], capacityProviderStrategy: [{ capacityProvider: 'one' }] },
      ],
      change: ({ ecs }) =>
        void ecs.capacityProviders.push({
          name: 'one',
          autoScalingGroupProvider: { autoScalingGroupArn: 'one', managedScaling: { status: 'ENABLED' } },
        }),
    });
    call('UpdateService', { service: 'web', desiredCount: 2 });
    await pass(30);
    const waiting = tasksOf('web').find((task) => task.instanceId === null);
    expect(waiting?.lastStatus).toBe('PROVISIONING');
    call('StopTask', { task: tasksOf('web').find((task) => task.instanceId === 'i-1')?.taskArn });
    await pass(60);
    expect(waiting).toMatchObject({ instanceId: 'i-1', lastStatus: 'RUNNING' });
  });
});

describe('a deployment', () => {
  it('replaces all tasks within the limits and ends COMPLETED with a steady state', async () => {
    const { pass, call, tasksOf, service } = start({
      hosts: hosts('i-1', 'i-2'),
      services: [{ name: 'web', desired: 4, min: 100, max: 150, on: ['i-1', 'i-1', 'i-2', 'i-2'] }],
    });
    const before = tasksOf('web').map((task) => task.taskArn);
    call('UpdateService', { service: 'web', forceNewDeployment: true });
    expect(service('web').deploying).toBe(true);
    await pass(20);
    expect(tasksOf('web')).toHaveLength(6);
    await pass(600);
    expect(tasksOf('web').filter((task) => before.includes(task.taskArn))).toEqual([]);
    expect(describeService('web').deployments).toMatchObject([
      { status: 'PRIMARY', rolloutState: 'COMPLETED', runningCount: 4 },
    ]);
    expect(messages('web')[0]).toBe('(service web) has reached a steady state.');
  });

  it('that cannot work never takes the service below its lower limit', async () => {
    const { pass, ecs, service } = start({
      hosts: hosts('i-1', 'i-2'),
      services: [{ name: 'web', desired: 2, on: ['i-1', 'i-2'] }],
    });
    ecs.deployService('web', false);
    for (let minute = 0; minute < 60; minute++) {
      await pass(60);
      expect(service('web').healthy).toBeGreaterThanOrEqual(2);
    }
    expect(service('web').deploying).toBe(true);
  });

  it('leaves protected tasks alone until their protection ends', async () => {
    const { pass, call, tasksOf } = start({
      hosts: hosts('i-1', 'i-2'),
      services: [{ name: 'web', desired: 1, on: ['i-1'] }],
    });
    const [task] = tasksOf('web');
    call('UpdateTaskProtection', { tasks: [task?.taskArn], protectionEnabled: true, expiresInMinutes: 30 });
    call('UpdateService', { service: 'web', forceNewDeployment: true });
    await pass(1700);
    expect(task?.desiredStatus).toBe('RUNNING');
    await pass(200);
    expect(task?.desiredStatus).toBe('STOPPED');
  });
});

describe('a service whose images cannot be pulled', () => {
  it('starts ever more slowly and says that it cannot start consistently', async () => {
    const { pass, ecs, drain, taskLines } = start({
      hosts: hosts('i-1', 'i-2'),
      services: [{ name: 'web', desired: 1, on: ['i-1'] }],
    });
    ecs.breakPulls('web');
    drain('i-1');
    await pass(4 * 3600);
    const failed = taskLines().filter(
      ({ lastStatus, cause }) => lastStatus === 'STOPPED' && cause?.because === 'start-failed',
    );
    expect(failed.length).toBeGreaterThan(8);
    const gaps = failed.slice(1).map(({ atMs }, at) => (atMs - (failed[at]?.atMs ?? 0)) / 60_000);
    expect(Math.max(...gaps)).toBeGreaterThan(20);
    expect(Math.max(...gaps)).toBeLessThan(29);
    expect(messages('web').some((text) => text.includes('unable to consistently start tasks'))).toBe(true);
  });
});

describe('a service on Fargate', () => {
  it('starts and replaces its tasks without any host of the cluster', async () => {
    const { pass, call, tasksOf, service } = start({
      hosts: hosts('i-1'),
      services: [
        {
          name: 'web',
          desired: 2,
          on: [],
          launchType: 'FARGATE',
          definition: { networkMode: 'awsvpc' },
          targetGroup: true,
        },
      ],
    });
    await pass(120);
    expect(service('web').healthy).toBe(2);
    expect(tasksOf('web').map((task) => task.instanceId)).toEqual([null, null]);
    const before = tasksOf('web').map((task) => task.taskArn);
    call('UpdateService', { service: 'web', forceNewDeployment: true });
    await pass(600);
    expect(service('web').healthy).toBe(2);
    expect(tasksOf('web').filter((task) => before.includes(task.taskArn))).toEqual([]);
  });
});

describe('a service whose images are on the host', () => {
  it('starts there even when they can no longer be pulled', async () => {
    const { pass, ecs, call, tasksOf } = start({
      hosts: hosts('i-1'),
      services: [{ name: 'web', desired: 1, on: ['i-1'] }],
    });
    ecs.breakPulls('web');
    call('StopTask', { task: tasksOf('web')[0]?.taskArn });
    await pass(120);
    expect(tasksOf('web')).toMatchObject([{ lastStatus: 'RUNNING', healthy: true }]);
  });
});

describe('a task that ends by itself', () => {
  it('is replaced when it belongs to a service', async () => {
    const { pass, ecs, tasksOf, taskLines } = start({
      hosts: hosts('i-1'),
      services: [{ name: 'web', desired: 1, on: ['i-1'], targetGroup: true }],
    });
    expect(ecs.endTask({ service: 'web' }, 137)).toBe(true);
    expect(tasksOf('web')[0]?.healthy).toBe(false);
    await pass(120);
    expect(tasksOf('web')).toMatchObject([{ lastStatus: 'RUNNING', healthy: true }]);
    const stopped = taskLines().find(({ lastStatus }) => lastStatus === 'STOPPED');
    expect(stopped?.cause).toMatchObject({ because: 'exit', exitCode: 137 });
    const described = account.call<DescribeTasksResponse>('DescribeTasks', { tasks: [stopped?.taskArn] });
    expect(described.tasks).toMatchObject([
      { stopCode: 'EssentialContainerExited', stoppedReason: 'Essential container in task exited' },
    ]);
  });

  it('is not replaced when it stands alone', async () => {
    const { pass, ecs } = start({ hosts: hosts('i-1'), standalone: [{ family: 'batch', on: 'i-1' }] });
    ecs.endTask({ family: 'batch' }, 0);
    await pass(120);
    expect(ecs.tasks()).toHaveLength(0);
  });
});

describe('the account', () => {
  it('gives the same log for the same seed, and another for another', async () => {
    const log = async (seed: number) => {
      const { drain, pass, observations } = start({
        seed,
        hosts: hosts('i-1', 'i-2', 'i-3'),
        services: [
          { name: 'web', desired: 6, on: ['i-1', 'i-1', 'i-1', 'i-1', 'i-2', 'i-2'], targetGroup: true },
        ],
      });
      drain('i-1');
      await pass(7200);
      account.clock.uninstall();
      return JSON.stringify(observations.map(({ atMs, observation }) => [atMs - START_MS, observation]));
    };
    const [first, again, other] = [await log(1), await log(1), await log(2)];
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });
});
