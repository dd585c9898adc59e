import type { Task } from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import { hostFacts } from '../../functions/aws/facts/hosts.ts';
import { eniSlotsOf, taskDefinitionFacts } from '../../functions/aws/facts/resources.ts';
import { serviceFacts } from '../../functions/aws/facts/services.ts';
import { type TaskContext, taskFacts } from '../../functions/aws/facts/tasks.ts';

const NOW_MS = Date.parse('2026-11-22T12:00:00Z');
const TARGET_GROUP = 'arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/1';
const bridged: Task = {
  taskArn: 'task/1',
  taskDefinitionArn: 'web:1',
  group: 'service:web',
  lastStatus: 'RUNNING',
  desiredStatus: 'RUNNING',
  containerInstanceArn: 'arn:aws:ecs:eu-west-1:111122223333:container-instance/prod/c1',
  startedAt: new Date(NOW_MS - 60_000),
  containers: [{ name: 'web', networkBindings: [{ containerPort: 80, hostPort: 32768 }] }],
};
const balanced = {
  serviceName: 'web',
  loadBalancers: [{ targetGroupArn: TARGET_GROUP, containerName: 'web', containerPort: 80 }],
};
const context = (over: Partial<TaskContext> = {}): TaskContext => ({
  nowMs: NOW_MS,
  instanceIds: new Map([['c1', 'i-1']]),
  services: new Map([['web', { serviceName: 'web' }]]),
  definitions: new Map([['web:1', { networkMode: 'bridge', containerDefinitions: [{}] }]]),
  targets: new Map(),
  protectedUntil: new Map(),
  ...over,
});
const behindBalancer = (State: 'healthy' | 'initial' | 'draining', Id = 'i-1', Port = 32768) =>
  context({
    services: new Map([['web', balanced]]),
    targets: new Map([[TARGET_GROUP, [{ Target: { Id, Port }, TargetHealth: { State } }]]]),
  });
const checked = context({
  definitions: new Map([['web:1', { containerDefinitions: [{ healthCheck: { command: ['true'] } }] }]]),
});
/** Its task's healthStatus stays UNKNOWN for ever (Amazon ECS API reference, HealthCheck). */
const sidecarChecked = context({
  definitions: new Map([
    ['web:1', { containerDefinitions: [{ healthCheck: { command: ['true'] }, essential: false }, {}] }],
  ]),
});
const started = (secondsAgo: number): Task => ({
  ...bridged,
  startedAt: new Date(NOW_MS - secondsAgo * 1000),
});

describe('a task counts as healthy', () => {
  it.each([
    ['40 s after RUNNING without any check', started(40), context(), true],
    ['not 39 s after RUNNING without any check', started(39), context(), false],
    ['with its container check HEALTHY', { ...started(1), healthStatus: 'HEALTHY' as const }, checked, true],
    [
      'not with its container check UNKNOWN',
      { ...started(99), healthStatus: 'UNKNOWN' as const },
      checked,
      false,
    ],
    [
      'by the clock where only a container that is not essential has a check',
      started(40),
      sidecarChecked,
      true,
    ],
    ['with its target healthy', started(1), behindBalancer('healthy'), true],
    ['not with its target initial', started(99), behindBalancer('initial'), false],
    [
      'not by the target of its neighbour on the host',
      started(99),
      behindBalancer('healthy', 'i-1', 32769),
      false,
    ],
    ['not once it is told to stop', { ...started(99), desiredStatus: 'STOPPED' }, context(), false],
  ])('%s', (_, task, given, healthy) => {
    expect(taskFacts(task, given).healthy).toBe(healthy);
  });

  it('by its own address with awsvpc', () => {
    const task: Task = {
      ...bridged,
      attachments: [
        { type: 'ElasticNetworkInterface', details: [{ name: 'privateIPv4Address', value: '10.0.1.37' }] },
      ],
    };
    const given = behindBalancer('healthy', '10.0.1.37', 80);
    const definitions = new Map([['web:1', { networkMode: 'awsvpc' as const, containerDefinitions: [{}] }]]);

    expect(taskFacts(task, { ...given, definitions }).healthy).toBe(true);
  });
});

describe('facts', () => {
  it('tell a target that still deregisters', () => {
    const stopping: Task = { ...bridged, lastStatus: 'DEACTIVATING', desiredStatus: 'STOPPED' };

    expect(taskFacts(stopping, behindBalancer('draining')).targetsDeregistering).toBe(1);
  });

  it('leave out what AWS does not say', () => {
    expect(taskFacts({ ...bridged, group: 'family:job' }, context())).not.toHaveProperty('serviceName');
    const host = hostFacts({
      instanceId: 'i-1',
      container: undefined,
      instance: undefined,
      inGroup: undefined,
      status: undefined,
      type: undefined,
      isTerminationProtected: undefined,
      areTasksUnread: false,
      awsvpcTasks: 0,
    });
    expect(Object.values(host)).not.toContain(undefined);
  });

  it('take a task’s size from the task, else from its containers by reservation', () => {
    const containers = [
      { cpu: 100, memory: 512, memoryReservation: 256 },
      { cpu: 50, memory: 128 },
    ];
    expect(taskDefinitionFacts({ containerDefinitions: containers }).needs).toMatchObject({
      cpu: 150,
      memoryMiB: 384,
    });
    const sized = { containerDefinitions: containers, cpu: '.5 vCPU', memory: '2 GB' };
    expect(taskDefinitionFacts(sized).needs).toMatchObject({ cpu: 512, memoryMiB: 2048 });
  });

  it('count only fixed host ports, each with its protocol', () => {
    const portMappings = [
      { containerPort: 80, hostPort: 8080 },
      { containerPort: 81, hostPort: 0 },
      { containerPort: 53, hostPort: 53, protocol: 'udp' as const },
    ];
    const needs = (networkMode: 'bridge' | 'host' | 'awsvpc') =>
      taskDefinitionFacts({ networkMode, containerDefinitions: [{ portMappings }] }).needs;
    expect(needs('bridge').ports).toEqual(['8080/tcp', '53/udp']);
    expect(needs('awsvpc')).toMatchObject({ ports: [], eniSlots: 1 });
  });

  it('know the defaults of a deployment configuration by the scheduling strategy', () => {
    expect(serviceFacts({ schedulingStrategy: 'REPLICA' }, 0)).toMatchObject({
      minimumHealthyPercent: 100,
      maximumPercent: 200,
    });
    expect(serviceFacts({ schedulingStrategy: 'DAEMON' }, 0)).toMatchObject({
      minimumHealthyPercent: 0,
      maximumPercent: 100,
    });
  });

  it('give a c5.large two awsvpc tasks, and ten with trunking', () => {
    const type = { NetworkInfo: { MaximumNetworkInterfaces: 3 }, VCpuInfo: { DefaultVCpus: 2 } };
    expect([eniSlotsOf(type, false), eniSlotsOf(type, true)]).toEqual([2, 10]);
  });
});
