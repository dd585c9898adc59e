import type { DescribeServicesResponse, Service } from '@aws-sdk/client-ecs';
import { afterEach, describe, expect, it } from 'vitest';
import { type FakeAccount, fakeAccount } from './fake-account.ts';
import type { AccountSpec } from './fake-capture.ts';

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

describe('placement', () => {
  const zones = [
    { id: 'i-1', zone: 'eu-west-1a' },
    { id: 'i-2', zone: 'eu-west-1b' },
    { id: 'i-3', zone: 'eu-west-1c' },
    { id: 'i-4', zone: 'eu-west-1a' },
  ];
  const placedOn = async (spec: AccountSpec) => {
    const { pass, tasksOf } = start(spec);
    await pass(60);
    return tasksOf('web')
      .map((task) => task.instanceId)
      .sort();
  };

  it('spreads over zones first and over hosts second when the service says nothing', async () => {
    const placed = await placedOn({ hosts: zones, services: [{ name: 'web', desired: 6, on: [] }] });
    expect(placed).toEqual(['i-1', 'i-2', 'i-2', 'i-3', 'i-3', 'i-4']);
  });

  it('packs by memory when asked', async () => {
    const placed = await placedOn({
      hosts: [{ id: 'i-1' }, { id: 'i-2', memory: 2048 }, { id: 'i-3' }],
      services: [
        { name: 'web', desired: 4, on: [], placementStrategy: [{ type: 'binpack', field: 'memory' }] },
      ],
    });
    expect(placed).toEqual(['i-2', 'i-2', 'i-2', 'i-2']);
  });

  it('keeps to the zones of awsvpc subnets', async () => {
    const placed = await placedOn({
      hosts: zones,
      services: [
        {
          name: 'web',
          desired: 2,
          on: [],
          definition: { networkMode: 'awsvpc' },
          networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-b'] } },
        },
      ],
    });
    expect(placed).toEqual(['i-2', 'i-2']);
  });

  it('puts no two tasks of a service on one host under distinctInstance, where a stopping one does not count', async () => {
    const { pass, call, tasksOf } = start({
      hosts: hosts('i-1'),
      services: [
        {
          name: 'web',
          desired: 2,
          on: ['i-1'],
          placementConstraints: [{ type: 'distinctInstance' }],
          targetGroup: true,
        },
      ],
    });
    await pass(10);
    expect(tasksOf('web')).toHaveLength(1);
    expect(messages('web')[0]).toContain('distinctInstance');
    call('StopTask', { task: tasksOf('web')[0]?.taskArn });
    await pass(40);
    expect(tasksOf('web').map((task) => task.desiredStatus)).toEqual(['STOPPED', 'RUNNING']);
  });

  it('puts one task per host on a static port', async () => {
    const containerDefinitions = [
      { name: 'main', image: 'web', portMappings: [{ containerPort: 80, hostPort: 8080 }] },
    ];
    const placed = await placedOn({
      hosts: hosts('i-1', 'i-2'),
      services: [{ name: 'web', desired: 3, on: [], definition: { containerDefinitions } }],
    });
    expect(placed).toEqual(['i-1', 'i-2']);
    expect(messages('web').join(' ')).toContain('is already using a port required by your task.');
  });

  it('asks for every attribute that the task definition requires', async () => {
    const placed = await placedOn({
      hosts: [{ id: 'i-1' }, { id: 'i-2', attributes: { 'ecs.capability.secrets': '' } }],
      services: [
        {
          name: 'web',
          desired: 2,
          on: [],
          definition: { requiresAttributes: [{ name: 'ecs.capability.secrets' }] },
        },
      ],
    });
    expect(placed).toEqual(['i-2', 'i-2']);
  });

  it('names the closest host and what it lacks', async () => {
    await placedOn({
      hosts: [{ id: 'i-1', cpu: 128 }],
      services: [{ name: 'web', desired: 1, on: [] }],
    });
    expect(messages('web')).toContain(
      '(service web) was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance ci-i-1) has insufficient CPU units available.',
    );
    expect(
      account.events.find(({ detailType }) => detailType === 'ECS Service Action')?.detail,
    ).toMatchObject({
      eventName: 'SERVICE_TASK_PLACEMENT_FAILURE',
      reason: 'RESOURCE:CPU',
    });
  });
});
