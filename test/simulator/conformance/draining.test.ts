/**
 * Sources: DG = Amazon ECS developer guide, container-instance-draining; MSG = service-event-messages-list; API = Amazon
 * ECS API reference, DeploymentConfiguration and UpdateContainerInstancesState; SVC = ecs_services.
 */
import type { ListTasksResponse } from '@aws-sdk/client-ecs';
import { afterEach, describe, expect, it } from 'vitest';
import { type Cluster, cluster, hosts, times } from './services.ts';

let account: Cluster;
afterEach(() => account?.clock.uninstall());

describe('a host set to DRAINING', () => {
  it('DG: gets no new tasks', async () => {
    account = cluster({ hosts: hosts('i-1', 'i-2'), services: [{ name: 'web', desired: 2, on: [] }] });
    account.drain('i-1');
    await account.pass(120);
    expect(account.on('web', 'i-2')).toBe(2);
  });

  it('DG: has its PENDING service tasks stopped immediately', async () => {
    account = cluster({
      hosts: hosts('i-1'),
      services: [{ name: 'web', desired: 2, on: [] }],
      startSeconds: [600, 600],
    });
    await account.pass(10);
    expect(account.tasksOf('web').map(({ lastStatus }) => lastStatus)).toEqual(['PENDING', 'PENDING']);
    account.drain('i-1');
    expect(account.tasksOf('web').map(({ desiredStatus }) => desiredStatus)).toEqual(['STOPPED', 'STOPPED']);
  });

  it('DG: leaves standalone tasks unaffected, for as long as it drains', async () => {
    account = cluster({ hosts: hosts('i-1', 'i-2'), standalone: [{ family: 'batch', on: 'i-1' }] });
    account.drain('i-1');
    await account.pass(86_400);
    expect(account.ecs.tasksOn('i-1')).toMatchObject([{ lastStatus: 'RUNNING', desiredStatus: 'RUNNING' }]);
    expect(account.ecs.containerInstanceOf('i-1')?.status).toBe('DRAINING');
  });

  it('DG: with desired 4 and minimum 50 %, two tasks stop before two new ones start', async () => {
    account = cluster({
      hosts: hosts('i-1', 'i-2'),
      services: [{ name: 'web', desired: 4, min: 50, max: 100, on: times(4, 'i-1') }],
    });
    account.drain('i-1');
    await account.pass(5);
    expect(account.on('web', 'i-1')).toBe(2);
    await account.pass(600);
    expect([account.on('web', 'i-1'), account.on('web', 'i-2')]).toEqual([0, 4]);
  });

  it('DG: with minimum 100 %, no task goes until its replacement is healthy', async () => {
    account = cluster({
      hosts: hosts('i-1', 'i-2'),
      services: [{ name: 'web', desired: 4, min: 100, max: 200, on: times(4, 'i-1') }],
    });
    account.drain('i-1');
    for (let second = 0; second < 300; second += 5) {
      await account.pass(5);
      expect(account.service('web').healthy).toBeGreaterThanOrEqual(4);
    }
    expect(account.on('web', 'i-1')).toBe(0);
  });

  it('DG: with maximum 200 %, four new tasks start before the four that are drained stop', async () => {
    account = cluster({
      hosts: hosts('i-1', 'i-2'),
      services: [{ name: 'web', desired: 4, min: 100, max: 200, on: times(4, 'i-1') }],
    });
    account.drain('i-1');
    await account.pass(5);
    expect([account.on('web', 'i-1'), account.on('web', 'i-2')]).toEqual([4, 4]);
  });

  it('DG: with maximum 100 %, replacements do not start until draining tasks have stopped', async () => {
    account = cluster({
      hosts: hosts('i-1', 'i-2'),
      services: [{ name: 'web', desired: 2, min: 0, max: 100, on: times(2, 'i-1') }],
    });
    account.drain('i-1');
    const most = () =>
      account.tasksOf('web').filter(({ desiredStatus }) => desiredStatus === 'RUNNING').length;
    for (let second = 0; second < 120; second++) {
      await account.pass(1);
      expect(most()).toBeLessThanOrEqual(2);
    }
    expect(account.on('web', 'i-2')).toBe(2);
  });

  it('DG: without capacity elsewhere a service event says so and the tasks stay', async () => {
    account = cluster({
      hosts: [...hosts('i-1'), { id: 'i-2', cpu: 128 }],
      services: [{ name: 'web', desired: 2, on: times(2, 'i-1') }],
    });
    account.drain('i-1');
    await account.pass(7200);
    expect(account.messages('web').join()).toContain('was unable to place a task');
    expect(account.running('web')).toBe(2);
    expect(account.on('web', 'i-1')).toBe(2);
  });

  it('DG: set back to ACTIVE takes tasks again, and those that left do not return', async () => {
    account = cluster({
      hosts: hosts('i-1', 'i-2'),
      services: [{ name: 'web', desired: 2, on: times(2, 'i-1') }],
    });
    account.drain('i-1');
    await account.pass(300);
    account.call('UpdateContainerInstancesState', { containerInstances: ['ci-i-1'], status: 'ACTIVE' });
    await account.pass(1200);
    expect(account.on('web', 'i-2')).toBe(2);
    account.call('UpdateService', { service: 'web', desiredCount: 4 });
    await account.pass(60);
    expect(account.on('web', 'i-1')).toBe(2);
  });

  it('API: has completed draining when ListTasks shows no RUNNING task on it', async () => {
    account = cluster({
      hosts: hosts('i-1', 'i-2'),
      services: [{ name: 'web', desired: 1, on: ['i-1'] }],
    });
    account.drain('i-1');
    await account.pass(300);
    expect(account.call<ListTasksResponse>('ListTasks', { containerInstance: 'ci-i-1' }).taskArns).toEqual(
      [],
    );
  });

  it('SVC: the daemon is the last task to stop, and does not start again there', async () => {
    account = cluster({
      hosts: hosts('i-1', 'i-2'),
      services: [
        { name: 'agent', desired: 2, schedulingStrategy: 'DAEMON', on: ['i-1', 'i-2'] },
        { name: 'web', desired: 1, on: ['i-1'] },
      ],
    });
    account.drain('i-1');
    await account.pass(600);
    const stopped = account
      .taskLines()
      .filter(({ lastStatus, instanceId }) => lastStatus === 'STOPPED' && instanceId === 'i-1')
      .map(({ group }) => group);
    expect(stopped).toEqual(['service:web', 'service:agent']);
    expect(account.ecs.tasksOn('i-1')).toEqual([]);
  });

  it('SVC: a daemon starts first on a host that joins', async () => {
    account = cluster({
      hosts: hosts('i-1'),
      services: [
        { name: 'web', desired: 2, on: ['i-1'], placementConstraints: [{ type: 'distinctInstance' }] },
        { name: 'agent', desired: 1, schedulingStrategy: 'DAEMON', on: ['i-1'] },
      ],
      readings: { joiningHostWakesScheduler: true },
    });
    account.boot('i-2', 'eu-west-1b');
    await account.pass(300);
    const first = account.taskLines().find(({ instanceId }) => instanceId === 'i-2');
    expect(first?.group).toBe('service:agent');
  });
});

describe('MSG: minimum is rounded up, maximum down; whether a drain of one host can end', () => {
  // [desired, minimum %, maximum %, ends]
  it.each([
    [1, 100, 100, false],
    [1, 100, 150, false],
    [1, 100, 200, true],
    [1, 0, 100, true],
    [1, 50, 100, false],
    [2, 75, 125, false],
    [2, 50, 100, true],
    [2, 100, 150, true],
    [3, 90, 110, false],
    [3, 100, 125, false],
    [3, 66, 100, true],
    [3, 67, 100, false],
    [4, 100, 100, false],
    [4, 75, 100, true],
    [4, 100, 125, true],
    [10, 95, 105, false],
    [10, 90, 100, true],
    [10, 100, 110, true],
  ])('desired %i, minimum %i %%, maximum %i %%: %s', async (desired, min, max, ends) => {
    account = cluster({
      hosts: hosts('i-1', 'i-2'),
      services: [{ name: 'web', desired, min, max, on: times(desired, 'i-1') }],
    });
    account.drain('i-1');
    await account.pass(7200);
    expect(account.on('web', 'i-1') === 0).toBe(ends);
    expect(account.on('web', 'i-1', 'i-2')).toBe(desired);
    expect(account.messages('web').some((text) => text.includes('unable to stop or start tasks'))).toBe(
      !ends,
    );
  });
});

describe('scale-in protection under DRAINING is not documented', () => {
  it.each([true, false])('ignored: %s', async (drainingIgnoresProtection) => {
    account = cluster({
      hosts: hosts('i-1', 'i-2'),
      services: [{ name: 'web', desired: 1, on: ['i-1'] }],
      readings: { drainingIgnoresProtection },
    });
    account.ecs.protectTasks('web', 7200);
    account.drain('i-1');
    await account.pass(3600);
    expect(account.on('web', 'i-1')).toBe(drainingIgnoresProtection ? 0 : 1);
    await account.pass(4200);
    expect(account.on('web', 'i-1')).toBe(0);
  });
});
