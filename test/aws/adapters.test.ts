import { DescribeInstanceStatusCommand, DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  DescribeContainerInstancesCommand,
  DescribeServicesCommand,
  DescribeTasksCommand,
  ECSClient,
  GetTaskProtectionCommand,
  ListContainerInstancesCommand,
  ListTasksCommand,
  UpdateContainerInstancesStateCommand,
} from '@aws-sdk/client-ecs';
import { GetParametersCommand, SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createBudget, spentPace, takeUpPace } from '../../functions/aws/budget.ts';
import {
  listContainerInstances,
  setContainerInstanceStatus,
} from '../../functions/aws/container-instances.ts';
import { beginAsNewContainer } from '../../functions/aws/container-memory.ts';
import { describeInstanceStatuses, describeInstances } from '../../functions/aws/instances.ts';
import { readParameters } from '../../functions/aws/parameters.ts';
import { describeServices } from '../../functions/aws/services.ts';
import { listTasks, readTaskProtection } from '../../functions/aws/tasks.ts';

const ecsMock = mockClient(ECSClient);
const ec2Mock = mockClient(EC2Client);
const ssmMock = mockClient(SSMClient);
const ecs = new ECSClient();
const many = (count: number, name: string) => Array.from({ length: count }, (_, n) => `${name}/${n}`);

describe('an adapter', () => {
  beforeEach(() => {
    for (const mock of [ecsMock, ec2Mock, ssmMock]) mock.reset();
  });

  it('reads the status of every instance that EC2 knows, although others are unknown', async () => {
    ec2Mock.on(DescribeInstanceStatusCommand).callsFake(({ InstanceIds }: { InstanceIds: string[] }) => {
      if (InstanceIds.includes('i/3')) {
        throw Object.assign(new Error('unknown'), { name: 'InvalidInstanceID.NotFound' });
      }
      return { InstanceStatuses: InstanceIds.map((InstanceId) => ({ InstanceId })) };
    });

    const statuses = await describeInstanceStatuses(new EC2Client(), many(7, 'i'));

    expect(statuses.map(({ InstanceId }) => InstanceId)).toEqual(['i/0', 'i/1', 'i/2', 'i/4', 'i/5', 'i/6']);
  });

  it('follows every page of a list', async () => {
    ecsMock
      .on(ListTasksCommand)
      .resolvesOnce({ taskArns: ['t/1'], nextToken: 'more' })
      .resolves({ taskArns: ['t/2'] });
    ecsMock.on(DescribeTasksCommand).callsFake(({ tasks }) => ({
      tasks: tasks.map((taskArn: string) => ({ taskArn })),
    }));

    const tasks = await listTasks(ecs, 'prod', { desiredStatus: 'RUNNING' });

    expect(tasks.map((task) => task.taskArn)).toEqual(['t/1', 't/2']);
  });

  it.each([
    ['hosts', 100, () => ecsMock.commandCalls(DescribeContainerInstancesCommand), 'containerInstances'],
    ['tasks', 100, () => ecsMock.commandCalls(DescribeTasksCommand), 'tasks'],
    ['services', 10, () => ecsMock.commandCalls(DescribeServicesCommand), 'services'],
    ['protected tasks', 100, () => ecsMock.commandCalls(GetTaskProtectionCommand), 'tasks'],
  ] as const)('describes %s at most %i a call', async (_, max, calls, field) => {
    ecsMock.on(ListContainerInstancesCommand).resolves({ containerInstanceArns: many(250, 'h') });
    ecsMock.on(ListTasksCommand).resolves({ taskArns: many(250, 't') });
    ecsMock.on(DescribeContainerInstancesCommand).resolves({});
    ecsMock.on(DescribeTasksCommand).resolves({});
    ecsMock.on(DescribeServicesCommand).resolves({});
    ecsMock.on(GetTaskProtectionCommand).resolves({});
    await listContainerInstances(ecs, 'prod');
    await listTasks(ecs, 'prod', { desiredStatus: 'RUNNING' });
    await describeServices(ecs, 'prod', many(250, 's'));
    await readTaskProtection(ecs, 'prod', many(250, 't'));

    const sizes = calls().map(
      (call) => (call.args[0].input as unknown as Record<string, string[]>)[field]?.length,
    );
    expect(sizes.reduce((sum: number, size) => sum + (size ?? 0), 0)).toBe(250);
    expect(Math.max(...sizes.map((size) => size ?? 0))).toBe(max);
  });

  it('takes MISSING for gone, and no other failure', async () => {
    ecsMock.on(ListContainerInstancesCommand).resolves({ containerInstanceArns: ['h/1', 'h/2'] });
    ecsMock.on(DescribeContainerInstancesCommand).resolves({
      containerInstances: [{ containerInstanceArn: 'h/1' }],
      failures: [{ arn: 'h/2', reason: 'MISSING' }],
    });
    expect(await listContainerInstances(ecs, 'prod')).toHaveLength(1);

    ecsMock.on(DescribeContainerInstancesCommand).resolves({ failures: [{ arn: 'h/2', reason: 'ACCESS' }] });
    await expect(listContainerInstances(ecs, 'prod')).rejects.toThrow('h/2 cannot be described: ACCESS');
  });

  it('asks by filter when one unknown id spoils a batch', async () => {
    const unknown = Object.assign(new Error('unknown'), { name: 'InvalidInstanceID.NotFound' });
    ec2Mock.on(DescribeInstancesCommand, { InstanceIds: ['i-1', 'i-2'] }).rejects(unknown);
    ec2Mock
      .on(DescribeInstancesCommand, { Filters: [{ Name: 'instance-id', Values: ['i-1', 'i-2'] }] })
      .resolves({ Reservations: [{ Instances: [{ InstanceId: 'i-1' }] }] });

    expect(await describeInstances(new EC2Client(), ['i-1', 'i-2'])).toEqual([{ InstanceId: 'i-1' }]);
  });

  it('finds a parameter by name, version, label and ARN', async () => {
    const ARN = 'arn:aws:ssm:eu-west-1:111122223333:parameter/golden';
    ssmMock.on(GetParametersCommand).resolves({
      Parameters: [
        { Name: '/golden', ARN, Value: 'ami-1' },
        { Name: '/golden', ARN, Selector: ':3', Value: 'ami-3' },
      ],
    });

    const found = await readParameters(new SSMClient(), ['/golden', '/golden:3', ARN, '/gone']);

    expect([...found].map(([name, parameter]) => [name, parameter.Value])).toEqual([
      ['/golden', 'ami-1'],
      ['/golden:3', 'ami-3'],
      [ARN, 'ami-1'],
    ]);
  });
});

describe('a change of status that AWS refuses whole', () => {
  const invalid = () =>
    Object.assign(new Error('in status DEREGISTERING'), { name: 'InvalidParameterException' });
  const described = (statuses: readonly string[]) =>
    statuses.map((status, at) => ({ containerInstanceArn: `host/${at}`, status }));

  beforeEach(() => {
    ecsMock.reset();
    ecsMock
      .on(UpdateContainerInstancesStateCommand)
      .callsFake(({ containerInstances }: { containerInstances: string[] }) => {
        if (containerInstances.includes('host/1')) throw invalid();
        return { containerInstances: containerInstances.map((arn) => ({ containerInstanceArn: arn })) };
      });
  });

  it('is sent again without the host that is leaving', async () => {
    ecsMock
      .on(DescribeContainerInstancesCommand)
      .resolves({ containerInstances: described(['ACTIVE', 'DEREGISTERING', 'DRAINING']) });
    const change = await setContainerInstanceStatus(ecs, 'c', many(3, 'host'), 'DRAINING', async () => {});
    expect(change).toEqual({
      changed: ['0', '2'],
      refused: [{ id: '1', reason: 'it is DEREGISTERING' }],
    });
  });

  it('stays an error where no host explains it', async () => {
    ecsMock
      .on(DescribeContainerInstancesCommand)
      .resolves({ containerInstances: described(['ACTIVE', 'ACTIVE']) });
    await expect(
      setContainerInstanceStatus(ecs, 'c', many(2, 'host'), 'DRAINING', async () => {}),
    ).rejects.toThrow('in status');
  });
});

describe('the budget', () => {
  beforeEach(() => beginAsNewContainer());

  it('lets half of AWS’s burst go at once, and then what makes a quarter of its rate over a minute', async () => {
    let nowMs = 0;
    const budget = createBudget('ECS', () => nowMs);
    for (let call = 0; call < 50; call += 1) await budget.turn('DescribeTasksCommand');
    const started = performance.now();
    nowMs = 190;
    // 0.19 s refill 0.79 of a call: the rest takes a moment.
    await budget.turn('ListTasksCommand');

    expect(performance.now() - started).toBeGreaterThanOrEqual(5);
  });

  it.each([
    ['AutoScaling', ['DescribeAutoScalingGroups', 'UpdateAutoScalingGroup'], 50, 240],
    ['EC2', ['DescribeInstances'], 50, 240],
    ['ECS', ['ListAccountSettings'], 25, 219],
    ['SSM', ['GetParameters'], 20, 104],
    ['CloudWatch', ['DescribeAlarms'], 4, 459],
  ] as const)(
    'of %s: %s have one bucket of %i at once, then one each %i ms',
    async (service, names, burst, ms) => {
      let nowMs = 0;
      const budget = createBudget(service, () => nowMs);
      vi.useFakeTimers();
      try {
        for (let call = 0; call < burst; call += 1) await budget.turn(`${names[call % names.length]}Command`);
        nowMs = 1;
        let isThrough = false;
        const next = budget.turn(`${names[0]}Command`).then(() => {
          isThrough = true;
        });
        await vi.advanceTimersByTimeAsync(ms / 4);
        expect(isThrough).toBe(false);
        await vi.advanceTimersByTimeAsync(ms);
        expect(isThrough).toBe(true);
        await next;
      } finally {
        vi.useRealTimers();
      }
    },
  );

  // A quarter of the documented refill: Amazon ECS developer guide, "Request throttling for the Amazon ECS API", 20 a second.
  it('keeps to a quarter of the refill over any minute, in however many containers a run goes on', async () => {
    vi.useFakeTimers({ now: 0 });
    try {
      const budget = createBudget('ECS', () => Date.now());
      const calls: number[] = [];
      while (Date.now() < 300_000) {
        // As after a wait: what refilled may go at once.
        if (calls.length % 400 === 399) await vi.advanceTimersByTimeAsync(30_000);
        const turn = budget.turn('DescribeTasksCommand');
        await vi.runAllTimersAsync();
        await turn;
        calls.push(Date.now());
        if (calls.length % 90 === 0) {
          const pace = JSON.parse(JSON.stringify(spentPace(Date.now())));
          beginAsNewContainer();
          takeUpPace(pace);
        }
      }
      const most = Math.max(
        ...calls.map((atMs, from) => calls.slice(from).filter((other) => other < atMs + 60_000).length),
      );
      expect(most).toBeLessThanOrEqual(300);
      expect(most).toBeGreaterThan(290);
    } finally {
      vi.useRealTimers();
    }
  });

  it('gives each action of EC2 a bucket of its own', async () => {
    const budget = createBudget('EC2', () => 0);
    for (let call = 0; call < 50; call += 1) await budget.turn('DescribeInstancesCommand');
    const started = performance.now();
    await budget.turn('DescribeSubnetsCommand');
    expect(performance.now() - started).toBeLessThan(150);
  });
});
