import type {
  DescribeTasksResponse,
  GetTaskProtectionResponse,
  ListTasksResponse,
} from '@aws-sdk/client-ecs';
import { afterEach, describe, expect, it } from 'vitest';
import { type FakeAccount, fakeAccount } from './fake-account.ts';
import type { AccountSpec } from './fake-capture.ts';

let account: FakeAccount;
afterEach(() => account?.clock.uninstall());
const start = (spec: AccountSpec) => {
  account = fakeAccount(spec);
  return account;
};
const refused = expect.objectContaining({ name: 'InvalidParameterException' });

function allPages(input: object): string[] {
  const found: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = account.call<ListTasksResponse>('ListTasks', { ...input, nextToken });
    found.push(...(page.taskArns ?? []));
    nextToken = page.nextToken;
  } while (nextToken);
  return found;
}

const crowded: AccountSpec = {
  hosts: [{ id: 'i-1', cpu: 100_000, memory: 200_000 }, { id: 'i-2' }],
  services: [
    { name: 'web', desired: 130, on: Array<string>(130).fill('i-1') },
    { name: 'api', desired: 3, on: ['i-1', 'i-2', 'i-2'] },
  ],
};

describe('ListTasks', () => {
  it('gives 100 a page at most, and every task once', () => {
    const { call, ecs } = start(crowded);
    expect(call<ListTasksResponse>('ListTasks').taskArns).toHaveLength(100);
    const all = allPages({});
    expect(all).toHaveLength(133);
    expect(new Set(all)).toEqual(new Set(ecs.tasks().map(({ taskArn }) => taskArn)));
    expect(() => call('ListTasks', { maxResults: 101 })).toThrow(refused);
  });

  it('loses no task to one that stops between two pages', async () => {
    const { call, ecs, pass } = start(crowded);
    const first = call<ListTasksResponse>('ListTasks', { maxResults: 50 });
    for (const taskArn of first.taskArns?.slice(0, 20) ?? []) call('StopTask', { task: taskArn });
    await pass(60);
    const rest = call<ListTasksResponse>('ListTasks', { maxResults: 50, nextToken: first.nextToken });
    const original = ecs.tasks().filter(({ replaces }) => replaces === null);
    const expected = original
      .filter((task) => task.desiredStatus === 'RUNNING')
      .map(({ taskArn }) => taskArn);
    const seen = new Set([...(first.taskArns ?? []), ...(rest.taskArns ?? [])]);
    expect(expected.slice(0, 80).every((taskArn) => seen.has(taskArn))).toBe(true);
  });

  it('refuses the token of another question', () => {
    const { call } = start(crowded);
    const { nextToken } = call<ListTasksResponse>('ListTasks', { serviceName: 'web', maxResults: 10 });
    expect(() => call('ListTasks', { serviceName: 'api', nextToken })).toThrow(refused);
  });

  it('lists by host and service', () => {
    start(crowded);
    expect(allPages({ containerInstance: 'ci-i-2' })).toHaveLength(2);
    expect(allPages({ serviceName: 'api' })).toHaveLength(3);
    expect(allPages({ containerInstance: 'ci-i-1', serviceName: 'api' })).toHaveLength(1);
  });
});

describe('DescribeTasks', () => {
  it('takes 100 at most and reports those that are missing', () => {
    const { call } = start(crowded);
    const many = allPages({}).slice(0, 101);
    expect(() => call('DescribeTasks', { tasks: many })).toThrow(refused);
    const answer = call<DescribeTasksResponse>('DescribeTasks', { tasks: [many[0], 'nowhere'] });
    expect(answer.tasks).toHaveLength(1);
    expect(answer.failures).toMatchObject([{ reason: 'MISSING' }]);
  });
});

describe('task protection', () => {
  it('is for tasks of services only, ten a call, and ends at its date', async () => {
    const { call, pass, ecs } = start({ ...crowded, standalone: [{ family: 'batch', on: 'i-2' }] });
    const alone = ecs.tasks().find(({ group }) => group === 'family:batch')?.taskArn;
    const [task] = allPages({ serviceName: 'api' });
    const answer = call<GetTaskProtectionResponse>('UpdateTaskProtection', {
      tasks: [alone, task],
      protectionEnabled: true,
    });
    expect(answer.failures).toMatchObject([{ arn: alone, reason: 'TASK_NOT_VALID' }]);
    const isProtected = () =>
      call<GetTaskProtectionResponse>('GetTaskProtection', { tasks: [task] }).protectedTasks?.[0]
        ?.protectionEnabled;
    expect(isProtected()).toBe(true);
    await pass(7201);
    expect(isProtected()).toBe(false);
    const eleven = allPages({ serviceName: 'web' }).slice(0, 11);
    expect(() => call('UpdateTaskProtection', { tasks: eleven, protectionEnabled: true })).toThrow(refused);
  });
});

describe('RunTask', () => {
  it('places a standalone task or says what is lacking', async () => {
    const { call, pass, ecs } = start({
      hosts: [{ id: 'i-1', cpu: 300 }],
      services: [{ name: 'web', desired: 0 }],
    });
    const run = () => call('RunTask', { taskDefinition: 'web', group: 'family:web' });
    expect(run()).toMatchObject({ tasks: [{ lastStatus: 'PENDING' }], failures: [] });
    expect(run()).toMatchObject({ tasks: [], failures: [{ reason: 'RESOURCE:CPU' }] });
    await pass(60);
    expect(ecs.tasksOn('i-1')).toMatchObject([{ lastStatus: 'RUNNING', serviceName: null, healthy: true }]);
  });
});
