import type {
  DescribeContainerInstancesResponse,
  ListContainerInstancesResponse,
  UpdateContainerInstancesStateResponse,
} from '@aws-sdk/client-ecs';
import { afterEach, describe, expect, it } from 'vitest';
import { type FakeAccount, fakeAccount, us } from './fake-account.ts';
import { type AccountSpec, hostArn } from './fake-capture.ts';

let account: FakeAccount;
afterEach(() => account?.clock.uninstall());
const start = (spec: AccountSpec) => {
  account = fakeAccount(spec);
  return account;
};
const hosts = (...ids: string[]) => ids.map((id) => ({ id }));
const tenHosts = hosts(...Array.from({ length: 12 }, (_, at) => `i-${at}`));

describe('a machine that starts to run', () => {
  it('joins the cluster of its group with resources and attributes of its like, and its own image and zone', async () => {
    const { boot, pass, ecs, call } = start({
      hosts: [{ id: 'i-1', cpu: 4096, attributes: { 'stack-version': '7' } }],
    });
    boot('i-2', 'eu-west-1b');
    await pass(39);
    expect(ecs.containerInstanceOf('i-2')).toBeUndefined();
    await pass(2);
    expect(ecs.containerInstanceOf('i-2')).toMatchObject({
      status: 'ACTIVE',
      agentConnected: true,
      cluster: 'prod',
      registered: { cpu: 4096, memoryMiB: 7680 },
      attributes: {
        'ecs.ami-id': 'ami-new',
        'ecs.availability-zone': 'eu-west-1b',
        'ecs.subnet-id': 'subnet-b',
        'stack-version': '7',
      },
    });
    const { containerInstanceArns } = call<ListContainerInstancesResponse>('ListContainerInstances');
    expect(containerInstanceArns).toHaveLength(2);
  });

  it('joins the cluster that its user data names, or none when there is no such cluster', async () => {
    const other = { clusterArn: 'arn:aws:ecs:eu-west-1:111122223333:cluster/other', clusterName: 'other' };
    const { clock, signals, ecs, pass } = start({
      hosts: hosts('i-1'),
      change: (capture) => void capture.ecs.clusters.push(other),
    });
    const machines = [
      ['i-2', Buffer.from('#!/bin/bash\necho ECS_CLUSTER=other >> /etc/ecs/ecs.config').toString('base64')],
      ['i-3', '[settings.ecs]\ncluster = "other"\n'],
      ['i-4', 'ECS_CLUSTER=nowhere'],
    ] as const;
    for (const [instanceId, userData] of machines)
      signals.instanceState(
        {
          instanceId,
          userData,
          imageId: 'ami-new',
          instanceType: 'm5.large',
          zone: 'eu-west-1a',
          subnetId: 'subnet-a',
          group: 'group',
          launchTimeMs: clock.nowMs,
          state: 'running',
          tags: {},
        },
        us,
      );
    await pass(60);
    expect(machines.map(([id]) => ecs.containerInstanceOf(id)?.cluster)).toEqual([
      'other',
      'other',
      undefined,
    ]);
  });

  it('never joins with an image whose agent does not start', async () => {
    const { boot, pass, ecs } = start({
      hosts: hosts('i-1'),
      faults: { neverRegisters: (image) => image === 'ami-new' },
    });
    boot('i-2');
    await pass(86_400);
    expect(ecs.containerInstanceOf('i-2')).toBeUndefined();
  });

  it('gets its daemon before any other task', async () => {
    const { boot, pass, ecs } = start({
      hosts: [{ id: 'i-1', cpu: 512 }],
      services: [
        { name: 'agent', desired: 1, schedulingStrategy: 'DAEMON', on: ['i-1'] },
        { name: 'web', desired: 5, on: ['i-1'] },
      ],
    });
    boot('i-2');
    await pass(1000);
    const [first, ...rest] = ecs.tasksOn('i-2');
    expect(first).toMatchObject({ group: 'service:agent', lastStatus: 'RUNNING' });
    // 512 units: the daemon's 256 are taken, so only one more fits.
    expect(rest).toMatchObject([{ group: 'service:web' }]);
  });

  it('is not drainable before its trunk interface is there', async () => {
    const { boot, pass, ecs, call } = start({
      hosts: [{ id: 'i-1', attributes: { 'ecs.awsvpc-trunk-id': 'eni-1' } }],
      change: (capture) =>
        void capture.ecs.accountSettings.push({ name: 'awsvpcTrunking', value: 'enabled' }),
    });
    boot('i-2');
    await pass(41);
    const host = ecs.containerInstanceOf('i-2');
    expect(host?.status).toBe('REGISTERING');
    const update = () =>
      call('UpdateContainerInstancesState', {
        containerInstances: [host?.containerInstanceArn],
        status: 'DRAINING',
      });
    expect(update).toThrow(expect.objectContaining({ name: 'InvalidParameterException' }));
    await pass(60);
    expect(host?.status).toBe('ACTIVE');
  });
});

describe('the agent', () => {
  it('loses its connection about every half hour and comes back, as a part of normal operation', async () => {
    const { pass, observations } = start({ hosts: hosts('i-1') });
    await pass(10 * 3600);
    const lines = observations.flatMap(({ observation }) =>
      observation.kind === 'container-instance' ? [observation.agentConnected] : [],
    );
    const drops = lines.filter((connected) => !connected).length;
    expect(drops).toBeGreaterThanOrEqual(17);
    expect(drops).toBeLessThanOrEqual(21);
    expect(lines.length - drops).toBeGreaterThanOrEqual(drops - 1);
  });

  it('starts and stops nothing while it is away', async () => {
    const { ecs, pass, call } = start({
      hosts: hosts('i-1'),
      services: [{ name: 'web', desired: 1, on: ['i-1'] }],
    });
    ecs.disconnectAgent('i-1', 600);
    const [task] = ecs.tasks();
    call('StopTask', { task: task?.taskArn });
    await pass(300);
    expect(task).toMatchObject({ desiredStatus: 'STOPPED', lastStatus: 'STOPPING' });
    expect(JSON.stringify(call('DescribeServices', { services: ['web'] }))).toContain(
      'encountered error \\"AGENT\\"',
    );
    await pass(320);
    expect(task?.lastStatus).toBe('STOPPED');
  });
});

describe('UpdateContainerInstancesState', () => {
  it('takes ten at most', () => {
    const { call } = start({ hosts: tenHosts });
    const ids = tenHosts.slice(0, 11).map(({ id }) => `ci-${id}`);
    expect(() =>
      call('UpdateContainerInstancesState', { containerInstances: ids, status: 'DRAINING' }),
    ).toThrow(expect.objectContaining({ name: 'InvalidParameterException' }));
  });

  it('knows only ACTIVE and DRAINING', () => {
    const { call } = start({ hosts: hosts('i-1') });
    expect(() =>
      call('UpdateContainerInstancesState', { containerInstances: ['ci-i-1'], status: 'INACTIVE' }),
    ).toThrow(expect.objectContaining({ name: 'InvalidParameterException' }));
  });

  it('answers well for those that it changed and lists those that it did not', () => {
    const { call, ecs } = start({ hosts: hosts('i-1', 'i-2') });
    call('DeregisterContainerInstance', { containerInstance: 'ci-i-2' });
    const answer = call<UpdateContainerInstancesStateResponse>('UpdateContainerInstancesState', {
      containerInstances: [hostArn('i-1'), 'ci-i-2', 'ci-i-9'],
      status: 'DRAINING',
    });
    expect(answer.containerInstances).toMatchObject([{ ec2InstanceId: 'i-1', status: 'DRAINING' }]);
    expect(answer.failures).toMatchObject([{ reason: 'INACTIVE' }, { reason: 'MISSING' }]);
    expect(ecs.containerInstanceOf('i-1')?.status).toBe('DRAINING');
  });

  it('fails for a cluster that is not there', () => {
    const { call } = start({ hosts: hosts('i-1') });
    expect(() => call('ListContainerInstances', { cluster: 'nowhere' })).toThrow(
      expect.objectContaining({ name: 'ClusterNotFoundException' }),
    );
  });
});

describe('lists and descriptions of container instances', () => {
  it('come in pages, by status and by expression', () => {
    const { call, drain } = start({ hosts: tenHosts });
    drain('i-3');
    const first = call<ListContainerInstancesResponse>('ListContainerInstances', { maxResults: 8 });
    expect(first.containerInstanceArns).toHaveLength(8);
    const second = call<ListContainerInstancesResponse>('ListContainerInstances', {
      maxResults: 8,
      nextToken: first.nextToken,
    });
    expect(second.containerInstanceArns).toHaveLength(4);
    expect(second.nextToken).toBeUndefined();
    expect(
      call<ListContainerInstancesResponse>('ListContainerInstances', { status: 'DRAINING' })
        .containerInstanceArns,
    ).toEqual([hostArn('i-3')]);
    expect(
      call<ListContainerInstancesResponse>('ListContainerInstances', {
        filter: 'ec2InstanceId in [i-1, i-2]',
      }).containerInstanceArns,
    ).toEqual([hostArn('i-1'), hostArn('i-2')]);
  });

  it('may show the world of a moment ago', async () => {
    const { call, drain, pass } = start({ hosts: hosts('i-1') });
    await pass(10);
    drain('i-1');
    await pass(1);
    const statusAt = (lagMs: number) =>
      call<DescribeContainerInstancesResponse>(
        'DescribeContainerInstances',
        { containerInstances: ['ci-i-1'] },
        { lagMs },
      ).containerInstances?.[0]?.status;
    expect(statusAt(2000)).toBe('ACTIVE');
    expect(statusAt(0)).toBe('DRAINING');
  });

  it('count versions up at each change', async () => {
    const { call, drain } = start({ hosts: hosts('i-1') });
    const version = () =>
      call<DescribeContainerInstancesResponse>('DescribeContainerInstances', {
        containerInstances: ['ci-i-1'],
      }).containerInstances?.[0]?.version ?? 0;
    const before = version();
    drain('i-1');
    expect(version()).toBe(before + 1);
  });

  it('keep an attribute that somebody put, and find it', () => {
    const { call } = start({ hosts: hosts('i-1', 'i-2') });
    call('PutAttributes', {
      attributes: [{ name: 'stack', value: 'blue', targetId: 'ci-i-2', targetType: 'container-instance' }],
    });
    expect(
      call('ListAttributes', { targetType: 'container-instance', attributeName: 'stack' }),
    ).toMatchObject({
      attributes: [{ name: 'stack', value: 'blue', targetId: hostArn('i-2') }],
    });
  });
});

describe('a host whose machine is terminated', () => {
  it('is deregistered by itself when its agent was connected, and its tasks are replaced', async () => {
    const { terminate, pass, ecs, tasksOf, taskLines } = start({
      hosts: hosts('i-1', 'i-2'),
      services: [{ name: 'web', desired: 2, on: ['i-1', 'i-1'] }],
    });
    terminate('i-1');
    expect(tasksOf('web').some((task) => task.healthy)).toBe(false);
    await pass(1500);
    expect(ecs.containerInstanceOf('i-1')).toBeUndefined();
    expect(tasksOf('web').map((task) => task.instanceId)).toEqual(['i-2', 'i-2']);
    const stopped = taskLines().filter(({ lastStatus }) => lastStatus === 'STOPPED');
    expect(stopped.map(({ cause }) => cause)).toMatchObject([
      { because: 'host-terminated', actor: us, text: 'Host EC2 (instance i-1) terminated.' },
      { because: 'host-terminated' },
    ]);
  });

  it('stays as a ghost when its agent was not connected, until somebody deregisters it by force', async () => {
    const { terminate, pass, ecs, tasksOf, call } = start({
      hosts: hosts('i-1', 'i-2'),
      services: [{ name: 'web', desired: 1, on: ['i-1'] }],
    });
    ecs.disconnectAgent('i-1', 100_000);
    terminate('i-1');
    await pass(86_400);
    expect(ecs.containerInstanceOf('i-1')).toMatchObject({ status: 'ACTIVE', agentConnected: false });
    expect(tasksOf('web')).toMatchObject([{ instanceId: 'i-1', healthy: false, lastStatus: 'RUNNING' }]);
    expect(() => call('DeregisterContainerInstance', { containerInstance: 'ci-i-1' })).toThrow(
      'Found running tasks',
    );
    call('DeregisterContainerInstance', { containerInstance: 'ci-i-1', force: true });
    expect(ecs.containerInstanceOf('i-1')).toBeUndefined();
    expect(() => call('DeregisterContainerInstance', { containerInstance: 'ci-i-1', force: true })).toThrow(
      'not found',
    );
    await pass(300);
    expect(tasksOf('web')).toMatchObject([{ instanceId: 'i-2', healthy: true }]);
  });

  it('stays registered when it is only stopped, and its agent comes back with the machine', async () => {
    const { setState, pass, ecs, tasksOf } = start({
      hosts: hosts('i-1', 'i-2'),
      services: [{ name: 'web', desired: 1, on: ['i-1'] }],
    });
    setState('i-1', 'stopping');
    await pass(300);
    setState('i-1', 'stopped');
    expect(ecs.containerInstanceOf('i-1')).toMatchObject({ status: 'ACTIVE', agentConnected: false });
    expect(tasksOf('web')).toMatchObject([{ instanceId: 'i-2' }]);
    setState('i-1', 'running');
    await pass(60);
    expect(ecs.containerInstanceOf('i-1')?.agentConnected).toBe(true);
  });
});

describe('managed draining', () => {
  it('drains at its hook and ends the wait when the tasks have stopped', async () => {
    const { signals, pass, ecs, completedHooks } = start({
      hosts: hosts('i-1', 'i-2'),
      services: [{ name: 'web', desired: 1, on: ['i-1'] }],
    });
    const hook = 'ecs-managed-draining-termination-hook';
    signals.lifecycle({
      instanceId: 'i-1',
      group: 'group',
      lifecycleState: 'Terminating:Wait',
      waitingHooks: [hook],
    });
    await pass(15);
    expect(ecs.containerInstanceOf('i-1')?.status).toBe('DRAINING');
    expect(completedHooks).toEqual([]);
    await pass(300);
    expect(completedHooks).toEqual([`i-1 ${hook}`]);
  });

  it('gives up after 48 hours', async () => {
    const { signals, pass, completedHooks } = start({
      hosts: hosts('i-1'),
      standalone: [{ family: 'batch', on: 'i-1' }],
    });
    const waitingHooks = ['ecs-managed-draining-termination-hook'];
    signals.lifecycle({
      instanceId: 'i-1',
      group: 'group',
      lifecycleState: 'Terminating:Wait',
      waitingHooks,
    });
    await pass(47 * 3600);
    expect(completedHooks).toEqual([]);
    await pass(2 * 3600);
    expect(completedHooks).toHaveLength(1);
  });
});
