/**
 * Sources: PS = Amazon ECS developer guide, task-placement-strategies; PC = task-placement-constraints; MSG =
 * service-event-messages-list; API = api_failures_messages; ENI = container-instance-eni; PORT =
 * task_definition_parameters, port mappings; QL = cluster-query-language.
 */
import type { RunTaskResponse, StartTaskResponse, TaskDefinition } from '@aws-sdk/client-ecs';
import { afterEach, describe, expect, it } from 'vitest';
import type { HostSpec, ServiceSpec } from '../ecs/fake-capture.ts';
import { type Cluster, cluster } from './services.ts';

let account: Cluster;
afterEach(() => account?.clock.uninstall());

const HOSTS: readonly HostSpec[] = [
  { id: 'i-a1', zone: 'eu-west-1a' },
  { id: 'i-a2', zone: 'eu-west-1a' },
  { id: 'i-b1', zone: 'eu-west-1b' },
];
const ports = (hostPort: number, protocol: 'tcp' | 'udp'): Partial<TaskDefinition> => ({
  containerDefinitions: [
    { name: 'main', image: 'web', portMappings: [{ containerPort: 80, hostPort, protocol }] },
  ],
});

const place = async (
  over: Partial<ServiceSpec>,
  hosts = HOSTS,
): Promise<readonly (readonly [string, number])[]> => {
  account = cluster({ hosts, services: [{ name: 'web', desired: 4, on: [], ...over }] });
  await account.pass(15);
  return hosts.map(({ id }) => [id, account.on('web', id)] as const);
};

describe('strategies', () => {
  it('PS: none: over zones, then the host with the fewest tasks of the service', async () => {
    expect(await place({})).toEqual([
      ['i-a1', 1],
      ['i-a2', 1],
      ['i-b1', 2],
    ]);
  });

  it('PS: spread over hosts', async () => {
    const placed = await place({ desired: 6, placementStrategy: [{ type: 'spread', field: 'instanceId' }] });
    expect(placed.map(([, count]) => count)).toEqual([2, 2, 2]);
  });

  it('PS: spread over a custom attribute', async () => {
    const racks = HOSTS.map((host, at) => ({ ...host, attributes: { rack: at === 0 ? 'r1' : 'r2' } }));
    const placed = await place({ placementStrategy: [{ type: 'spread', field: 'attribute:rack' }] }, racks);
    expect(placed[0]).toEqual(['i-a1', 2]);
  });

  it('PS: binpack leaves hosts free', async () => {
    const placed = await place({ placementStrategy: [{ type: 'binpack', field: 'memory' }] });
    expect(placed.map(([, count]) => count).sort()).toEqual([0, 0, 4]);
  });

  it('PS: spread over zones, then binpack within them', async () => {
    const placed = await place({
      placementStrategy: [
        { type: 'spread', field: 'attribute:ecs.availability-zone' },
        { type: 'binpack', field: 'cpu' },
      ],
    });
    expect(placed[2]).toEqual(['i-b1', 2]);
    expect([placed[0]?.[1], placed[1]?.[1]].sort()).toEqual([0, 2]);
  });

  it('PS: random places all of them', async () => {
    const placed = await place({ placementStrategy: [{ type: 'random' }] });
    expect(placed.reduce((sum, [, count]) => sum + count, 0)).toBe(4);
  });

  it('PS: are a best effort: a full host does not keep tasks from being placed', async () => {
    const placed = await place({ desired: 20 });
    expect(placed.reduce((sum, [, count]) => sum + count, 0)).toBe(20);
  });
});

describe('constraints bind', () => {
  it('PC: distinctInstance puts each task on another host', async () => {
    const placed = await place({ placementConstraints: [{ type: 'distinctInstance' }] });
    expect(placed.map(([, count]) => count)).toEqual([1, 1, 1]);
  });

  it.each([
    ['QL: attribute:ecs.availability-zone in [eu-west-1b, eu-west-1c]', ['i-b1']],
    [
      'QL: attribute:ecs.instance-type =~ m5.* and attribute:ecs.availability-zone != eu-west-1b',
      ['i-a1', 'i-a2'],
    ],
    ['QL: not(task:group == service:other)', ['i-a1', 'i-a2', 'i-b1']],
    ['QL: ec2InstanceId in ["i-a2"]', ['i-a2']],
    ['QL: attribute:gpu exists', []],
  ])('%s', async (title, expected) => {
    const placed = await place({
      placementConstraints: [{ type: 'memberOf', expression: title.slice('QL: '.length) }],
    });
    expect(placed.flatMap(([id, count]) => (count > 0 ? [id] : []))).toEqual(expected);
  });
});

describe('what a host must have', () => {
  it.each(['tcp', 'udp'] as const)('MSG: one task per host on a static %s port', async (protocol) => {
    const placed = await place({ definition: ports(8080, protocol) });
    expect(placed.map(([, count]) => count)).toEqual([1, 1, 1]);
    expect(account.messages('web').join()).toContain('is already using a port required by your task.');
  });

  it('PORT: those that the agent keeps are taken', async () => {
    const placed = await place({ definition: ports(51_678, 'tcp') });
    expect(placed.every(([, count]) => count === 0)).toBe(true);
  });

  it('PORT: the same number of TCP and UDP are two ports', async () => {
    account = cluster({
      hosts: [{ id: 'i-1' }],
      services: [
        { name: 'one', desired: 1, on: [], definition: ports(53, 'tcp') },
        { name: 'two', desired: 1, on: [], definition: ports(53, 'udp') },
      ],
    });
    await account.pass(15);
    expect([account.on('one', 'i-1'), account.on('two', 'i-1')]).toEqual([1, 1]);
  });

  it('ENI: a host takes as many awsvpc tasks as it has interfaces besides its own', async () => {
    const placed = await place({
      desired: 10,
      definition: { networkMode: 'awsvpc' },
      networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-a', 'subnet-b'] } },
    });
    expect(placed.map(([, count]) => count)).toEqual([2, 2, 2]);
  });
});

describe('failures of StartTask and RunTask', () => {
  const start = (...containerInstances: string[]) =>
    account.call<StartTaskResponse>('StartTask', { containerInstances, taskDefinition: 'web' });

  it('API: StartTask starts on the hosts it is given, with MISSING for others', async () => {
    await place({ desired: 0 });
    const { tasks, failures } = start('ci-i-a1', 'ci-none');
    expect(tasks).toMatchObject([{ containerInstanceArn: expect.stringContaining('ci-i-a1') }]);
    expect(failures).toMatchObject([{ reason: 'MISSING' }]);
  });

  it.each([
    ['RESOURCE:CPU', { cpu: 128 }, {}],
    ['RESOURCE:MEMORY', { memory: 128 }, {}],
    ['AGENT', { connected: false }, {}],
    ['ATTRIBUTE', {}, { requiresAttributes: [{ name: 'ecs.capability.task-eni' }] }],
  ] as const)('API: %s', async (reason, host, definition) => {
    await place({ desired: 0, definition: definition as Partial<TaskDefinition> }, [{ id: 'i-1', ...host }]);
    expect(start('ci-i-1').failures).toMatchObject([{ reason }]);
    const run = account.call<RunTaskResponse>('RunTask', { taskDefinition: 'web', launchType: 'EC2' });
    expect(run.failures).toMatchObject([{ reason }]);
  });

  it('API: INACTIVE for a host that was deregistered', async () => {
    await place({ desired: 0 });
    account.call('DeregisterContainerInstance', { containerInstance: 'ci-i-a1' });
    expect(start('ci-i-a1').failures).toMatchObject([{ reason: 'INACTIVE' }]);
  });
});
