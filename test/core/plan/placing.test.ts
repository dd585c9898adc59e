import { describe, expect, it } from 'vitest';
import type { HostFacts, TaskDefinitionFacts } from '../../../functions/core/facts.ts';
import {
  codes,
  definition,
  group,
  host,
  instanceType,
  planOf,
  resources,
  service,
  task,
  template,
} from './world.ts';

const withDefinition = (
  over: Partial<TaskDefinitionFacts>,
  hosts: HostFacts[] = [host(1), host(2), host(3)],
) => planOf({ facts: { taskDefinitions: [definition(over)], hosts } });

describe('placing every task on the new hosts', () => {
  it.each<[string, Partial<TaskDefinitionFacts>, string, string]>([
    [
      'names the old image',
      { memberOf: ['attribute:ecs.ami-id == ami-0a01'] },
      'no-room-constraint',
      'placementConstraints',
    ],
    [
      'needs an attribute of no host',
      { requiresAttributes: [{ name: 'rack', value: 'a' }] },
      'no-room-attribute',
      'requiresAttributes',
    ],
    [
      'needs more memory than the type has',
      { needs: resources({ memoryMiB: 9000, ports: [] }) },
      'no-room-memory',
      'memory',
    ],
    [
      'needs a port of the agent',
      { needs: resources({ cpu: 1, memoryMiB: 1, ports: ['22/tcp'] }) },
      'no-room-port',
      'portMappings.hostPort',
    ],
  ])('finds the task that %s', (_, over, code, field) => {
    const plan = withDefinition(over);
    expect(plan.verdict).toBe('REFUSED');
    expect(plan.findings.find((finding) => finding.code === code)).toMatchObject({
      severity: 'blocks',
      service: 'web',
      instanceId: 'i-01',
      field,
    });
    expect(plan.keptOut).toHaveLength(3);
  });

  it('does not expect an attribute again that was put on one host by hand', () => {
    const hosts = [host(1), host(2), host(3)].map((each, index) =>
      index === 0 ? { ...each, attributes: { ...each.attributes, rack: 'a' } } : each,
    );
    const racked = definition({ taskDefinitionArn: 'racked:1', memberOf: ['attribute:rack == a'] });
    const services = [service(), service({ serviceName: 'racked', taskDefinitionArn: 'racked:1' })];
    const tasks = [
      task(2),
      task(3),
      task(4, { serviceName: 'racked', taskDefinitionArn: 'racked:1', instanceId: 'i-01' }),
    ];
    const plan = planOf({ facts: { hosts, services, tasks, taskDefinitions: [definition(), racked] } });
    expect(plan).toMatchObject({ verdict: 'roll', groups: [{ outdated: ['i-02', 'i-03'] }] });
    expect(codes(plan, 'blocks')).toEqual(['no-room-constraint']);
  });

  it('expects attributes that every host of the group has, as user data gives them', () => {
    const racked = [1, 2, 3].map((number) => host(number, { attributes: { rack: 'a' } }));
    expect(withDefinition({ memberOf: ['attribute:rack == a'] }, racked).verdict).toBe('roll');
  });

  it('does not take an agent of today for one that can do less', () => {
    const capability = 'com.amazonaws.ecs.capability.docker-remote-api.1.44';
    const hosts = [host(1), host(2, { attributes: { [capability]: '' } }), host(3)];
    const plan = withDefinition({ requiresAttributes: [{ name: capability }] }, hosts);
    expect(codes(plan, 'blocks')).toEqual([]);
  });

  it("knows ECS's own attributes of a new host although not every old one tells them", () => {
    const hosts = [host(1, { attributes: { 'ecs.os-type': 'linux' } }), host(2), host(3)];
    expect(codes(withDefinition({ memberOf: ['attribute:ecs.os-type == linux'] }, hosts), 'blocks')).toEqual(
      [],
    );
  });

  it.each([
    ['beside', 'task:group == service:cache'],
    ['beside a standalone task', 'task:group == family:import'],
    ['away from', 'task:group != service:cache'],
  ])('leaves open whether a neighbour will be there: %s', (_, expression) => {
    const cache = service({ serviceName: 'cache', taskDefinitionArn: 'cache:1' });
    const { serviceName: __, ...lone } = task(8, { taskClass: 'standalone', instanceId: 'i-02' });
    const plan = planOf({
      facts: {
        services: [service(), cache],
        taskDefinitions: [
          definition({ memberOf: [expression] }),
          definition({ taskDefinitionArn: 'cache:1' }),
        ],
        tasks: [
          task(1),
          task(7, { serviceName: 'cache', taskDefinitionArn: 'cache:1', instanceId: 'i-02' }),
          { ...lone, taskDefinitionArn: 'arn:aws:ecs:eu-west-1:111122223333:task-definition/import:3' },
        ],
      },
    });
    expect(codes(plan, 'blocks')).toEqual([]);
  });

  it('does not look for room for tasks that a drain does not move', () => {
    const huge = definition({ taskDefinitionArn: 'huge:1', needs: resources({ memoryMiB: 99_999 }) });
    const tasks = (['daemon', 'standalone'] as const).map((taskClass, index) =>
      task(index + 1, { taskClass, taskDefinitionArn: 'huge:1' }),
    );
    const plan = planOf({ facts: { tasks, taskDefinitions: [huge] } });
    expect(codes(plan, 'blocks')).toEqual([]);
  });

  it('takes what a daemon needs from every new host first', () => {
    const agent = definition({
      taskDefinitionArn: 'agent:1',
      needs: resources({ cpu: 2000, ports: [], memoryMiB: 64 }),
    });
    const daemon = service({
      serviceName: 'agent',
      schedulingStrategy: 'DAEMON',
      taskDefinitionArn: 'agent:1',
    });
    const plan = planOf({ facts: { services: [service(), daemon], taskDefinitions: [definition(), agent] } });
    expect(codes(plan, 'blocks')).toEqual(['no-room-cpu']);
  });

  it('looks at the type that the template names now', () => {
    const facts = { groups: [group({ templates: [template({ instanceTypes: ['c5.tiny'] })] })] };
    const tiny = (memoryMiB: number) =>
      planOf({
        facts,
        planFacts: { instanceTypes: [instanceType(), instanceType({ instanceType: 'c5.tiny', memoryMiB })] },
      });
    expect(codes(tiny(512), 'blocks')).toEqual(['no-room-memory']);
    expect(codes(tiny(700), 'blocks')).toEqual(['no-room']);
    expect(codes(tiny(2048), 'blocks')).toEqual([]);
  });

  it('sends a service only where its subnets are', () => {
    const services = [service({ subnets: ['subnet-z'] })];
    const taskDefinitions = [definition({ networkMode: 'awsvpc' })];
    const plan = planOf({
      facts: {
        services,
        taskDefinitions,
        subnetZones: { 'subnet-z': 'eu-west-1z' },
        freeAddresses: { 'subnet-z': 5 },
      },
    });
    expect(codes(plan, 'blocks')).toEqual(['no-room-zone']);
  });
});
