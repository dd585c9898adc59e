/**
 * Container instances as AWS documents them: statuses, trunks, deregistration, tags. Where AWS is
 * silent both readings are tried.
 */
import type {
  DescribeContainerInstancesResponse,
  ListContainerInstancesResponse,
  UpdateContainerInstancesStateResponse,
} from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import { supportsTrunk, tasksWithTrunk } from '../../../simulator/ecs/trunks.ts';
import { type AccountSpec, hostArn } from '../ecs/fake-capture.ts';
import { account, describeHost, hostEvents, hosts, setState, start, versionOf, web } from './hosts.ts';

const trunking: AccountSpec['change'] = (capture) =>
  void capture.ecs.accountSettings.push({ name: 'awsvpcTrunking', value: 'enabled' });

// Source of this block: Amazon ECS developer guide, container-instance-eni; API reference, ContainerInstance.status.
describe('with awsvpcTrunking', () => {
  const withTrunks = (more: Partial<AccountSpec> = {}) =>
    start({ hosts: hosts('i-1'), change: trunking, ...more });

  it('a new host is REGISTERING while its trunk interface is provisioned, then ACTIVE', async () => {
    const { boot, pass } = withTrunks();
    boot('i-2');
    await pass(41);
    expect(describeHost('i-2')).toMatchObject({ status: 'REGISTERING', agentConnected: true });
    await pass(45);
    expect(describeHost('i-2')?.status).toBe('ACTIVE');
    expect(describeHost('i-2')?.attributes).toContainEqual(
      expect.objectContaining({ name: 'ecs.awsvpc-trunk-id' }),
    );
  });

  it('a REGISTERING host takes no tasks', async () => {
    const { boot, pass, ecs } = withTrunks({ services: [web(['i-1', 'i-1'])] });
    account.drain('i-1');
    boot('i-2');
    await pass(45);
    expect(describeHost('i-2')?.status).toBe('REGISTERING');
    expect(ecs.tasksOn('i-2')).toEqual([]);
  });

  it.each(['REGISTERING', 'REGISTRATION_FAILED', 'DEREGISTERING'] as const)(
    'the state of a host in %s cannot be updated: an error is received',
    (status) => {
      withTrunks({ change: (capture) => Object.assign(capture.ecs.containerInstances[0] ?? {}, { status }) });
      expect(() => setState(['i-1'], 'DRAINING')).toThrow(
        expect.objectContaining({ name: 'InvalidParameterException' }),
      );
      expect(describeHost('i-1')?.status).toBe(status);
    },
  );

  it('a host that registers while it is captured becomes ACTIVE', async () => {
    const { pass } = withTrunks({
      change: (capture) => Object.assign(capture.ecs.containerInstances[0] ?? {}, { status: 'REGISTERING' }),
    });
    await pass(45);
    expect(describeHost('i-1')?.status).toBe('ACTIVE');
  });

  it('a terminated host is DEREGISTERING while its trunk is removed, then INACTIVE', async () => {
    const { boot, pass, terminate, observations } = withTrunks();
    boot('i-2');
    await pass(120);
    terminate('i-2');
    await pass(1500);
    const statuses = observations.flatMap(({ observation }) =>
      observation.kind === 'container-instance' && observation.instanceId === 'i-2'
        ? [observation.status]
        : [],
    );
    expect([...new Set(statuses)]).toEqual(['REGISTERING', 'ACTIVE', 'DEREGISTERING', 'INACTIVE']);
  });

  it('hosts that ran before the account opted in keep their limits', async () => {
    withTrunks({ services: [web(['i-1'], { definition: { networkMode: 'awsvpc' }, desired: 20 })] });
    await account.pass(300);
    // m5.large: three interfaces, one of them the host's own.
    expect(
      account.ecs.tasksOn('i-1').filter(({ desiredStatus }) => desiredStatus === 'RUNNING'),
    ).toHaveLength(2);
  });

  it('a new m5.large takes ten awsvpc tasks instead of two', async () => {
    const { boot, pass, ecs } = withTrunks({
      hosts: [{ id: 'i-1', cpu: 32_768, memory: 65_536 }],
      services: [web(['i-1'], { definition: { networkMode: 'awsvpc' }, desired: 20 })],
      readings: { joiningHostWakesScheduler: true },
    });
    boot('i-2');
    await pass(900);
    expect(ecs.tasksOn('i-2').filter(({ lastStatus }) => lastStatus === 'RUNNING')).toHaveLength(10);
  });

  // Source: container-instance-eni: "If the registration fails, the instance transitions to a REGISTRATION_FAILED status", with an event.
  it('a trunk that cannot be made leaves the host REGISTRATION_FAILED, with a reason and an event', async () => {
    const { boot, pass, world } = withTrunks();
    Object.assign(world.ec2, { takeAddress: () => false });
    boot('i-2');
    await pass(120);
    expect(describeHost('i-2')).toMatchObject({ status: 'REGISTRATION_FAILED' });
    expect(describeHost('i-2')?.statusReason).toBeTruthy();
    expect(hostEvents().at(-1)?.detail).toMatchObject({ status: 'REGISTRATION_FAILED' });
  });

  // Source: eni-trunking-supported-instance-types.
  it.each([
    ['a1.medium', 10],
    ['m6g.medium', 4],
    ['c5.large', 10],
    ['m5.xlarge', 20],
    ['r5.2xlarge', 40],
    ['m5.8xlarge', 60],
    ['m6i.8xlarge', 90],
    ['m6i.12xlarge', 120],
    ['c5.18xlarge', 120],
    ['g4ad.4xlarge', 12],
  ])('%s takes %i tasks', (type, tasks) => {
    expect(supportsTrunk(type, 'linux', '1.100.0')).toBe(true);
    expect(tasksWithTrunk(type)).toBe(tasks);
  });

  it.each([
    ['t3.large', 'linux', '1.100.0'],
    ['m4.large', 'linux', '1.100.0'],
    ['m5.large', 'windows', '1.100.0'],
    ['m5.large', 'linux', '1.27.0'],
  ])('%s on %s with agent %s gets no trunk', (type, os, agent) => {
    expect(supportsTrunk(type, os, agent)).toBe(false);
  });
});

// Source of this block: API reference, UpdateContainerInstancesState; api_failures_messages.
describe('UpdateContainerInstancesState', () => {
  it('takes ten at a time', () => {
    const ids = Array.from({ length: 11 }, (_, at) => `i-${at}`);
    start({ hosts: hosts(...ids) });
    expect(() => setState(ids, 'DRAINING')).toThrow(/at most 10/);
    expect(setState(ids.slice(1), 'DRAINING').containerInstances).toHaveLength(10);
  });

  it('takes only ACTIVE and DRAINING as a status', () => {
    start({ hosts: hosts('i-1') });
    expect(() => setState(['i-1'], 'INACTIVE')).toThrow(/ACTIVE, DRAINING/);
  });

  it('answers 200 with failures[] MISSING for what is not there, and changes the others', () => {
    start({ hosts: hosts('i-1') });
    const { containerInstances, failures } = setState(['i-1', 'no-such-host'], 'DRAINING');
    expect(containerInstances).toMatchObject([{ status: 'DRAINING' }]);
    expect(failures).toMatchObject([{ reason: 'MISSING' }]);
  });

  // UNCONFIRMED: both readings.
  it.each([
    [true, 'MISSING'],
    [false, 'INACTIVE'],
  ])('fails for an INACTIVE host (reads as missing: %s)', (inactiveFailsAsMissing, reason) => {
    start({ hosts: hosts('i-1'), readings: { inactiveFailsAsMissing, inactiveHostsStayDescribable: true } });
    const arn = hostArn('i-1');
    account.call('DeregisterContainerInstance', { containerInstance: arn });
    const { failures } = account.call<UpdateContainerInstancesStateResponse>(
      'UpdateContainerInstancesState',
      {
        containerInstances: [arn],
        status: 'DRAINING',
      },
    );
    expect(failures).toMatchObject([{ arn, reason }]);
  });

  // UNCONFIRMED: both readings.
  it.each([true, false])('one host in another status: whole call refused %s', (wrongStatusFailsWholeCall) => {
    start({
      hosts: hosts('i-1', 'i-2'),
      readings: { wrongStatusFailsWholeCall },
      change: (capture) =>
        Object.assign(capture.ecs.containerInstances[0] ?? {}, { status: 'REGISTRATION_FAILED' }),
    });
    const update = () => setState(['i-1', 'i-2'], 'DRAINING');
    if (wrongStatusFailsWholeCall) {
      expect(update).toThrow(expect.objectContaining({ name: 'InvalidParameterException' }));
      expect(describeHost('i-2')?.status).toBe('ACTIVE');
    } else {
      expect(update().failures).toHaveLength(1);
      expect(describeHost('i-2')?.status).toBe('DRAINING');
    }
  });
});

// Source of this block: API reference, ListContainerInstances.
describe('ListContainerInstances', () => {
  const list = (input: object = {}) =>
    account.call<ListContainerInstancesResponse>('ListContainerInstances', input).containerInstanceArns;

  it('gives every status but INACTIVE unless one is asked for', () => {
    start({ hosts: hosts('i-1', 'i-2', 'i-3'), readings: { inactiveHostsStayDescribable: true } });
    account.drain('i-2');
    account.call('DeregisterContainerInstance', { containerInstance: hostArn('i-3') });
    expect(list()).toEqual([hostArn('i-1'), hostArn('i-2')]);
    expect(list({ status: 'DRAINING' })).toEqual([hostArn('i-2')]);
    expect(list({ status: 'ACTIVE' })).toEqual([hostArn('i-1')]);
  });

  it('gives 100 a page and takes no more as maxResults', () => {
    start({ hosts: hosts(...Array.from({ length: 150 }, (_, at) => `i-${at}`)) });
    const first = account.call<ListContainerInstancesResponse>('ListContainerInstances');
    expect(first.containerInstanceArns).toHaveLength(100);
    expect(list({ nextToken: first.nextToken })).toHaveLength(50);
    expect(() => list({ maxResults: 101 })).toThrow();
  });
});

// Source of this block: API reference and developer guide, DeregisterContainerInstance.
describe('deregistration', () => {
  it('is refused while tasks run, unless forced', () => {
    start({ hosts: hosts('i-1'), services: [web(['i-1'])] });
    const deregister = (force: boolean) =>
      account.call('DeregisterContainerInstance', { containerInstance: hostArn('i-1'), force });
    expect(() => deregister(false)).toThrow(expect.objectContaining({ name: 'InvalidParameterException' }));
    deregister(true);
    expect(account.ecs.containerInstanceOf('i-1')).toBeUndefined();
    // A second call errors.
    expect(() => deregister(true)).toThrow(expect.objectContaining({ name: 'InvalidParameterException' }));
  });

  // The developer guide contradicts itself: both readings.
  it.each([true, false])('by force, of a live host, orphans its containers: %s', async (orphans) => {
    start({
      hosts: hosts('i-1', 'i-2'),
      services: [web(['i-1'])],
      readings: { forcedDeregistrationOrphansTasks: orphans },
    });
    const [task] = account.tasksOf('web');
    account.call('DeregisterContainerInstance', { containerInstance: hostArn('i-1'), force: true });
    expect(task).toMatchObject({ lastStatus: 'STOPPED' });
    expect(account.ecs.orphansOn('i-1')).toHaveLength(orphans ? 1 : 0);
    await account.pass(120);
    // The service starts a copy elsewhere, whatever becomes of the old one.
    expect(account.tasksOf('web')).toMatchObject([{ instanceId: 'i-2', lastStatus: 'RUNNING' }]);
    account.terminate('i-1');
    expect(account.ecs.orphansOn('i-1')).toEqual([]);
  });

  // Source: amazon-ecs-agent, session.go: the agent of an INACTIVE instance is turned away, again each hour.
  it('is for good: the agent of a live machine does not register anew by itself', async () => {
    start({ hosts: hosts('i-1') });
    account.call('DeregisterContainerInstance', { containerInstance: hostArn('i-1'), force: true });
    await account.pass(4 * 3600);
    expect(account.ecs.containerInstanceOf('i-1')).toBeUndefined();
  });

  // UNCONFIRMED: both readings.
  it.each([true, false])('leaves an INACTIVE host to be described for a while: %s', async (stays) => {
    start({ hosts: hosts('i-1'), readings: { inactiveHostsStayDescribable: stays } });
    account.call('DeregisterContainerInstance', { containerInstance: hostArn('i-1') });
    await account.pass(60);
    expect(describeHost('i-1')?.status).toBe(stays ? 'INACTIVE' : undefined);
    await account.pass(3600);
    expect(describeHost('i-1')).toBeUndefined();
  });

  it('happens by itself when a connected host is terminated, within 20 minutes', async () => {
    start({ hosts: hosts('i-1') });
    account.terminate('i-1');
    await account.pass(1300);
    expect(account.ecs.containerInstanceOf('i-1')).toBeUndefined();
  });

  it.each(['stopped', 'disconnected'])(
    'never happens by itself when the host was %s: a ghost stays',
    async (how) => {
      start({ hosts: hosts('i-1') });
      if (how === 'stopped') account.setState('i-1', 'stopped');
      else account.ecs.disconnectAgent('i-1', 86_400);
      await account.pass(60);
      account.terminate('i-1');
      await account.pass(7200);
      expect(describeHost('i-1')).toMatchObject({ status: 'ACTIVE', agentConnected: false });
    },
  );
});

// Source of this block: Amazon ECS API reference, TagResource, UntagResource and Tag; DescribeContainerInstances, include.
describe('tags of a container instance', () => {
  const tag = (tags: readonly { key: string; value?: string }[], arn = hostArn('i-1')) =>
    account.call('TagResource', { resourceArn: arn, tags });
  const untag = (tagKeys: readonly string[]) =>
    account.call('UntagResource', { resourceArn: hostArn('i-1'), tagKeys });
  const described = (include: readonly string[] = ['TAGS']) =>
    account.call<DescribeContainerInstancesResponse>('DescribeContainerInstances', {
      containerInstances: [hostArn('i-1')],
      include,
    }).containerInstances?.[0]?.tags;
  const invalid = expect.objectContaining({ name: 'InvalidParameterException' });

  it('are added to those that are there, a key of theirs set anew, and shown where they are asked for', () => {
    start({ hosts: hosts('i-1') });
    tag([{ key: 'team', value: 'a' }]);
    tag([{ key: 'rollover:quiesce', value: '2026-11-23T00:00:00Z' }]);
    tag([{ key: 'team', value: 'b' }]);
    expect(described()).toEqual([
      { key: 'rollover:quiesce', value: '2026-11-23T00:00:00Z' },
      { key: 'team', value: 'b' },
    ]);
    expect(described([])).toEqual([]);
    expect(account.call('ListTagsForResource', { resourceArn: hostArn('i-1') })).toEqual({
      tags: described(),
    });
  });

  it('are taken away by key; a key that is not there is no error', () => {
    start({ hosts: hosts('i-1') });
    tag([{ key: 'team', value: 'a' }, { key: 'rollover:quiesce' }]);
    untag(['rollover:quiesce', 'unknown']);
    untag(['rollover:quiesce']);
    expect(described()).toEqual([{ key: 'team', value: 'a' }]);
  });

  it('are 50 at most, each key once, of a length and of characters that AWS allows', () => {
    start({ hosts: hosts('i-1') });
    const keys = (count: number) => Array.from({ length: count }, (_, n) => ({ key: `k${n}`, value: '' }));
    for (const tags of [
      keys(51),
      [{ key: 'a' }, { key: 'a' }],
      [{ key: 'k'.repeat(129) }],
      [{ key: 'a', value: 'v'.repeat(257) }],
      [{ key: 'aws:mine' }],
      [{ key: 'a', value: 'since {now}' }],
    ])
      expect(() => tag(tags), JSON.stringify(tags).slice(0, 40)).toThrow(invalid);
    expect(described()).toEqual([]);
    tag(keys(50));
    expect(() => tag([{ key: 'one-more' }])).toThrow(invalid);
  });

  // Developer guide, ecs_container_instance_events: a change of tags is none of the causes of an event.
  it('change neither its version nor send an event', () => {
    start({ hosts: hosts('i-1') });
    const before = versionOf('i-1');
    tag([{ key: 'team', value: 'a' }]);
    expect(versionOf('i-1')).toBe(before);
    expect(hostEvents()).toEqual([]);
  });

  // AWS names both errors for both calls, and not which is when: both readings.
  it.each([
    [true, 'InvalidParameterException'],
    [false, 'ResourceNotFoundException'],
  ])('go with it: of one that is INACTIVE none can be set (%s)', (tagOfGoneHostIsInvalid, name) => {
    start({ hosts: hosts('i-1'), readings: { tagOfGoneHostIsInvalid } });
    account.call('DeregisterContainerInstance', { containerInstance: hostArn('i-1') });
    expect(() => tag([{ key: 'team', value: 'a' }])).toThrow(expect.objectContaining({ name }));
    expect(() => untag(['team'])).toThrow(expect.objectContaining({ name }));
  });
});

// API reference, DescribeContainerInstances: containerInstances is required; AWS's words as published in gchq/sleeper issue 3387.
it('"Container instance cannot be empty." is what describing none of them is answered with', () => {
  start({ hosts: hosts('i-1') });
  expect(() => account.call('DescribeContainerInstances', { containerInstances: [] })).toThrow(
    expect.objectContaining({
      name: 'InvalidParameterException',
      message: 'Container instance cannot be empty.',
    }),
  );
});
