/**
 * Sources: TH = Amazon ECS developer guide, service-throttle-logic; MSG = service-event-messages-list; GR = AWS general
 * reference, ecs-service; PROT = task-scale-in-protection; SVC = ecs_services; API = API reference,
 * DeploymentConfiguration.
 */
import type { GetTaskProtectionResponse } from '@aws-sdk/client-ecs';
import { afterEach, describe, expect, it } from 'vitest';
import { type Cluster, cluster, hosts, times } from './services.ts';

let account: Cluster;
afterEach(() => account?.clock.uninstall());

const IMPAIRED = '(service web) is unable to consistently start tasks successfully.';
const startsOf = (name: string) => [
  ...new Set(account.taskLines().flatMap((line) => (line.group === `service:${name}` ? [line.taskArn] : []))),
];

describe('the throttle', () => {
  const broken = () => {
    account = cluster({ hosts: hosts('i-1'), services: [{ name: 'web', desired: 1, on: [] }] });
    account.ecs.breakPulls('web');
  };

  it('TH: is told, and grows up to 27 minutes between attempts', async () => {
    broken();
    await account.pass(6 * 3600);
    const before = startsOf('web').length;
    await account.pass(27 * 60 * 4);
    expect(account.messages('web')).toContain(IMPAIRED);
    expect(startsOf('web').length - before).toBeLessThanOrEqual(4);
    expect(startsOf('web').length).toBeGreaterThan(before);
  });

  it('TH: never ends the attempts', async () => {
    broken();
    await account.pass(86_400);
    const before = startsOf('web').length;
    await account.pass(86_400);
    expect(startsOf('web').length).toBeGreaterThan(before + 40);
  });

  it('TH: is not begun by tasks that stop after RUNNING', async () => {
    account = cluster({ hosts: hosts('i-1'), services: [{ name: 'web', desired: 1, on: ['i-1'] }] });
    for (let count = 0; count < 20; count++) {
      account.ecs.endTask({ service: 'web' }, 1);
      await account.pass(60);
    }
    expect(account.messages('web')).not.toContain(IMPAIRED);
    expect(account.running('web')).toBe(1);
  });

  it('TH: is begun by a lack of resources, beside the message of the resource', async () => {
    account = cluster({ hosts: [{ id: 'i-1', cpu: 128 }], services: [{ name: 'web', desired: 1, on: [] }] });
    await account.pass(120);
    expect(account.messages('web')).toContain(IMPAIRED);
    expect(account.messages('web').join()).toContain('has insufficient CPU units available.');
  });

  /** Its only host is full of another service's tasks. */
  const full = [
    { name: 'full', desired: 8, on: times(8, 'i-1') },
    { name: 'web', desired: 1, on: [] },
  ];

  it('TH: ends at once with a new deployment', async () => {
    account = cluster({ hosts: [{ id: 'i-1' }], services: full });
    await account.pass(600);
    account.boot('i-2', 'eu-west-1b');
    await account.pass(60);
    expect(account.on('web', 'i-2')).toBe(0);
    account.call('UpdateService', { service: 'web', forceNewDeployment: true });
    await account.pass(10);
    expect(account.on('web', 'i-2')).toBe(1);
  });

  it.each([true, false])('whether a host that joins ends a back-off is not documented: %s', async (wakes) => {
    account = cluster({
      hosts: [{ id: 'i-1' }],
      services: full,
      readings: { joiningHostWakesScheduler: wakes },
    });
    await account.pass(600);
    account.boot('i-2', 'eu-west-1b');
    await account.pass(60);
    expect(account.on('web', 'i-2')).toBe(wakes ? 1 : 0);
    await account.pass(1800);
    expect(account.on('web', 'i-2')).toBe(1);
  });
});

describe('service events', () => {
  it.each([true, false])('MSG: whether repeated messages are left out: %s', async (omitted) => {
    account = cluster({
      hosts: [{ id: 'i-1', cpu: 128 }],
      services: [{ name: 'web', desired: 1, on: [] }],
      readings: { repeatedServiceMessagesOmitted: omitted },
    });
    await account.pass(5 * 3600);
    const told = () => account.messages('web').filter((text) => text.includes('was unable to place')).length;
    if (omitted) {
      expect(told()).toBe(1);
      await account.pass(2 * 3600);
      expect(told()).toBe(2);
    } else expect(told()).toBeGreaterThan(8);
  });

  it('MSG: the last 100 are kept, the newest first', async () => {
    account = cluster({ hosts: [{ id: 'i-1', cpu: 128 }], services: [{ name: 'web', desired: 1, on: [] }] });
    await account.pass(4 * 86_400);
    const { events = [] } = account.described('web');
    expect(events).toHaveLength(100);
    expect(events[0]?.createdAt?.getTime()).toBeGreaterThan(events[99]?.createdAt?.getTime() ?? 0);
  });

  it('MSG: a steady state is reported periodically', async () => {
    account = cluster({ hosts: hosts('i-1'), services: [{ name: 'web', desired: 1, on: [] }] });
    await account.pass(86_400);
    const steady = account.messages('web').filter((text) => text.endsWith('has reached a steady state.'));
    expect(steady.length).toBeGreaterThan(2);
  });
});

it('GR: the scheduler starts at most 500 tasks of a service a minute', async () => {
  account = cluster({
    hosts: [{ id: 'i-1', cpu: 1_000_000, memory: 1_000_000 }],
    services: [{ name: 'web', desired: 700, on: [] }],
  });
  await account.pass(50);
  expect(startsOf('web')).toHaveLength(500);
  await account.pass(60);
  expect(startsOf('web')).toHaveLength(700);
});

describe('scale-in', () => {
  it('SVC: takes tasks from the zone and then the host with most of them', async () => {
    account = cluster({
      hosts: [
        { id: 'i-1', zone: 'eu-west-1a', cpu: 8192 },
        { id: 'i-2', zone: 'eu-west-1b', cpu: 8192 },
        { id: 'i-3', zone: 'eu-west-1b', cpu: 8192 },
      ],
      services: [{ name: 'web', desired: 5, on: ['i-1', 'i-2', 'i-2', 'i-2', 'i-3'] }],
    });
    account.call('UpdateService', { service: 'web', desiredCount: 3 });
    await account.pass(60);
    expect([account.on('web', 'i-1'), account.on('web', 'i-2'), account.on('web', 'i-3')]).toEqual([1, 1, 1]);
  });

  it('SVC: follows a placement strategy where there is one', async () => {
    account = cluster({
      hosts: hosts('i-1', 'i-2'),
      services: [
        {
          name: 'web',
          desired: 4,
          on: ['i-1', 'i-2', 'i-2', 'i-2'],
          placementStrategy: [{ type: 'binpack', field: 'cpu' }],
        },
      ],
    });
    account.call('UpdateService', { service: 'web', desiredCount: 3 });
    await account.pass(60);
    expect([account.on('web', 'i-1'), account.on('web', 'i-2')]).toEqual([0, 3]);
  });
});

describe('task scale-in protection', () => {
  const protectAll = (minutes?: number, enabled = true) =>
    account.call<GetTaskProtectionResponse>('UpdateTaskProtection', {
      tasks: account.tasksOf('web').map(({ taskArn }) => taskArn),
      protectionEnabled: enabled,
      ...(minutes !== undefined && { expiresInMinutes: minutes }),
    });
  const start = () => {
    account = cluster({ hosts: hosts('i-1'), services: [{ name: 'web', desired: 3, on: times(3, 'i-1') }] });
  };

  it('PROT: lasts two hours by default', () => {
    start();
    const until = protectAll().protectedTasks?.[0]?.expirationDate?.getTime();
    expect(until).toBe(account.clock.nowMs + 2 * 3_600_000);
  });

  it.each([0, 2881])('PROT: refuses %i minutes: 1 to 2,880', (minutes) => {
    start();
    expect(() => protectAll(minutes)).toThrow(/1 and 2880/);
  });

  it('PROT: keeps a scale-in from stopping tasks, and says so once', async () => {
    start();
    protectAll(60);
    account.call('UpdateService', { service: 'web', desiredCount: 1 });
    await account.pass(3000);
    expect(account.running('web')).toBe(3);
    const told = account.messages('web').filter((text) => text.includes('unable to scale in. Reason:'));
    expect(told).toHaveLength(1);
    await account.pass(900);
    expect(account.running('web')).toBe(1);
  });

  it('PROT: more protected tasks than desired ones: DEPLOYMENT_BLOCKED', () => {
    start();
    account.call('UpdateService', { service: 'web', desiredCount: 1 });
    const { protectedTasks, failures } = protectAll();
    expect(protectedTasks).toHaveLength(1);
    expect(failures?.map(({ reason }) => reason)).toEqual(['DEPLOYMENT_BLOCKED', 'DEPLOYMENT_BLOCKED']);
  });

  it('PROT: only tasks of services have it', () => {
    account = cluster({ hosts: hosts('i-1'), standalone: [{ family: 'batch', on: 'i-1' }] });
    const [task] = account.ecs.tasks();
    const answer = account.call<GetTaskProtectionResponse>('UpdateTaskProtection', {
      tasks: [task?.taskArn],
      protectionEnabled: true,
    });
    expect(answer.failures).toMatchObject([{ reason: 'TASK_NOT_VALID' }]);
  });
});
