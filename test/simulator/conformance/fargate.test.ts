/** Amazon ECS on AWS Fargate as AWS documents it: platform revisions, retirement, Spot, launch rate. */
import type { DescribeTasksResponse, RunTaskResponse } from '@aws-sdk/client-ecs';
import { afterEach, describe, expect, it } from 'vitest';
import { type FakeAccount, fakeAccount } from '../ecs/fake-account.ts';
import { ACCOUNT, type AccountSpec, type ServiceSpec, START_MS } from '../ecs/fake-capture.ts';

const TEXT = 'ECS is performing maintenance on the underlying infrastructure hosting the task';
const HOUR_MS = 3_600_000;
const SUBNETS = ['subnet-a', 'subnet-b', 'subnet-c'];

let account: FakeAccount;
afterEach(() => account?.clock.uninstall());

const onFargate = (name: string, desired: number, more: Partial<ServiceSpec> = {}): ServiceSpec => ({
  name,
  desired,
  on: [],
  launchType: 'FARGATE',
  networkConfiguration: { awsvpcConfiguration: { subnets: SUBNETS } },
  ...more,
  definition: { networkMode: 'awsvpc', requiresCompatibilities: ['FARGATE'], ...more.definition },
});

/** A cluster without hosts whose services have come up. */
async function start(services: readonly ServiceSpec[], more: Partial<AccountSpec> = {}) {
  account = fakeAccount({ hosts: [{ id: 'i-1' }], services, ...more });
  await account.pass(180);
  return account;
}

const arnsOf = (service: string) => account.tasksOf(service).map(({ taskArn }) => taskArn);

function retire(service: string, afterSeconds: number): number {
  const startMs = account.clock.nowMs + afterSeconds * 1000;
  for (const arn of arnsOf(service)) account.ecs.retireFargateTask(arn, startMs);
  return startMs;
}

interface HealthDetail {
  readonly eventArn: string;
  readonly startTime: string;
  readonly lastUpdatedTime: string;
  readonly statusCode: string;
  readonly page: string;
  readonly totalPages: string;
  readonly affectedEntities: readonly { readonly entityValue: string; readonly status: string }[];
}
const notices = () =>
  account.events
    .filter(({ source }) => source === 'aws.health')
    .map((event) => ({ ...event, detail: event.detail as unknown as HealthDetail }));

const describeTask = (taskArn: string | undefined) =>
  account.call<DescribeTasksResponse>('DescribeTasks', { tasks: [taskArn] }).tasks?.[0];

/** Lowest number of healthy tasks that the service had since. */
const lowestHealthy = (service: string, sinceMs: number) =>
  Math.min(
    ...account.observations.flatMap(({ atMs, observation }) =>
      atMs >= sinceMs && observation.kind === 'service' && observation.serviceName === service
        ? [observation.healthy]
        : [],
    ),
  );

async function runTask(input: object = {}) {
  return account.call<RunTaskResponse>('RunTask', {
    taskDefinition: 'web',
    launchType: 'FARGATE',
    networkConfiguration: { awsvpcConfiguration: { subnets: SUBNETS } },
    ...input,
  });
}

// Source of this block: Amazon ECS developer guide, task-maintenance; AWS Health user guide, event schema.
describe('the notice of a retirement', () => {
  it('comes as AWS_ECS_TASK_PATCHING_RETIREMENT of AWS Health, a scheduledChange of the account', async () => {
    await start([onFargate('web', 2)]);
    retire('web', 7 * 86_400);
    await account.pass(1);
    expect(notices()).toMatchObject([
      {
        detailType: 'AWS Health Event',
        delivery: 'durable',
        detail: {
          service: 'ECS',
          eventTypeCode: 'AWS_ECS_TASK_PATCHING_RETIREMENT',
          eventTypeCategory: 'scheduledChange',
          eventScopeCode: 'ACCOUNT_SPECIFIC',
          eventRegion: 'eu-west-1',
          affectedAccount: ACCOUNT,
          statusCode: 'upcoming',
        },
      },
    ]);
    expect(notices()[0]?.detail.eventArn).toMatch(
      /^arn:aws:health:eu-west-1::event\/ECS\/AWS_ECS_TASK_PATCHING_RETIREMENT\/AWS_ECS_TASK_PATCHING_RETIREMENT_/,
    );
  });

  it('names the tasks of services as cluster|service, in resources and in affectedEntities', async () => {
    await start([onFargate('web', 2)]);
    retire('web', 3600);
    await account.pass(1);
    expect(notices()[0]?.resources).toEqual(['prod|web']);
    expect(notices()[0]?.detail.affectedEntities).toMatchObject([
      { entityValue: 'prod|web', status: 'IMPAIRED' },
    ]);
  });

  it('names standalone tasks by ARN, in a notice of their own', async () => {
    await start([onFargate('web', 1)]);
    const { tasks } = await runTask();
    await account.pass(120);
    const arn = tasks?.[0]?.taskArn ?? '';
    const startMs = retire('web', 3600);
    account.ecs.retireFargateTask(arn, startMs);
    await account.pass(1);
    expect(notices().map(({ detail }) => detail.affectedEntities.map((each) => each.entityValue))).toEqual([
      ['prod|web'],
      [arn],
    ]);
    expect(new Set(notices().map(({ detail }) => detail.eventArn)).size).toBe(2);
  });

  it('gives its times in RFC 1123 and counts its pages in strings', async () => {
    await start([onFargate('web', 1)]);
    const startMs = retire('web', 3600);
    await account.pass(1);
    const detail = notices()[0]?.detail;
    expect(detail?.startTime).toBe(new Date(startMs).toUTCString());
    expect(detail?.lastUpdatedTime).toMatch(
      /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/,
    );
    expect(detail).toMatchObject({ page: '1', totalPages: '1' });
  });

  it('shows entities as RESOLVED within 24 hours after they were replaced, and then closes', async () => {
    await start([onFargate('web', 2)]);
    retire('web', 3600);
    await account.pass(3600 + 1800 + 86_400);
    expect(notices().map(({ detail }) => detail.statusCode)).toEqual(['upcoming', 'open', 'closed']);
    expect(notices().at(-1)?.detail).toMatchObject({
      statusCode: 'closed',
      affectedEntities: [{ entityValue: 'prod|web', status: 'RESOLVED' }],
    });
    expect(new Set(notices().map(({ detail }) => detail.eventArn)).size).toBe(1);
  });
});

describe('from the start time on', () => {
  // Source: task-maintenance, "on or after the retirement date".
  it('nothing is touched before', async () => {
    await start([onFargate('web', 3)]);
    const before = arnsOf('web');
    retire('web', 7200);
    await account.pass(7199);
    expect(arnsOf('web')).toEqual(before);
  });

  // Source: task-maintenance; DeploymentConfiguration.minimumHealthyPercent.
  it('tasks of a service are replaced start-first where its maximum percent leaves room', async () => {
    await start([onFargate('web', 4)]);
    const before = arnsOf('web');
    const startMs = retire('web', 3600);
    await account.pass(3600 + 3600);
    expect(arnsOf('web').filter((arn) => before.includes(arn))).toEqual([]);
    expect(account.service('web').healthy).toBe(4);
    expect(lowestHealthy('web', startMs)).toBe(4);
    expect(describeTask(before[0])).toMatchObject({ lastStatus: 'STOPPED', stoppedReason: TEXT });
  });

  it('tasks of a service with maximum percent 100 are stopped first, within its minimum', async () => {
    await start([onFargate('web', 4, { min: 50, max: 100 })]);
    const before = arnsOf('web');
    const startMs = retire('web', 3600);
    await account.pass(3600 + 3600);
    expect(arnsOf('web').filter((arn) => before.includes(arn))).toEqual([]);
    expect(account.service('web').healthy).toBe(4);
    expect(lowestHealthy('web', startMs)).toBe(2);
  });

  // Source: task-maintenance, "we don't launch a replacement task".
  it('standalone tasks are stopped and not replaced', async () => {
    await start([onFargate('web', 1)]);
    const arn = (await runTask()).tasks?.[0]?.taskArn ?? '';
    await account.pass(120);
    account.ecs.retireFargateTask(arn, account.clock.nowMs + 3600_000);
    await account.pass(7200);
    expect(describeTask(arn)).toMatchObject({ lastStatus: 'STOPPED', stoppedReason: TEXT });
    expect(account.ecs.tasks().filter(({ group }) => group.startsWith('family:'))).toEqual([]);
  });

  // Source: prepare-task-retirement, step 3: a forced deployment moves everything to the newest revision.
  it('what a forced deployment replaced before stays untouched', async () => {
    await start([onFargate('web', 3)]);
    retire('web', 7200);
    account.call('UpdateService', { service: 'web', forceNewDeployment: true });
    await account.pass(3600);
    const replaced = arnsOf('web');
    await account.pass(86_400);
    expect(arnsOf('web')).toEqual(replaced);
  });
});

describe('platform revisions', () => {
  const withSetting = (name: string, value: string, more?: AccountSpec['change']): Partial<AccountSpec> => ({
    change: (capture) => {
      capture.ecs.accountSettings.push({ name: name as never, value });
      more?.(capture);
    },
  });

  // Source: platform-fargate: a new task always runs on the newest revision of its platform version.
  it('of tasks that are started after a release are the newest: they are not retired with the others', async () => {
    await start([onFargate('web', 2)], withSetting('fargateTaskRetirementWaitPeriod', '0'));
    account.ecs.releaseFargateRevision();
    await account.pass(3600);
    const replaced = arnsOf('web');
    await account.pass(86_400);
    expect(arnsOf('web')).toEqual(replaced);
  });

  // Source: prepare-task-retirement: 0, 7 (the default) or 14 days between notice and retirement.
  it.each([
    [undefined, 7],
    ['0', 0],
    ['14', 14],
  ])('are retired %s → %i days after the notice', async (value, days) => {
    await start(
      [onFargate('web', 1)],
      value === undefined ? {} : withSetting('fargateTaskRetirementWaitPeriod', value),
    );
    account.ecs.releaseFargateRevision();
    const expected = account.clock.nowMs + days * 86_400_000;
    await account.pass(1);
    expect(notices()[0]?.detail.startTime).toBe(new Date(expected).toUTCString());
  });

  // Source: prepare-task-retirement: the window of the service goes before that of the cluster and that of all tasks.
  it.each([
    ['aws:ecs:serviceArn', `arn:aws:ecs:eu-west-1:${ACCOUNT}:service/prod/web`],
    ['aws:ecs:clusterArn', `arn:aws:ecs:eu-west-1:${ACCOUNT}:cluster/prod`],
    ['aws:ecs:fargateTask', 'true'],
  ])('wait for the event window with the tag %s', async (key, value) => {
    const window = (StartWeekDay: string, tag: object) => ({
      InstanceEventWindowId: 'iew-1',
      State: 'active' as const,
      TimeRanges: [{ StartWeekDay, StartHour: 2, EndWeekDay: StartWeekDay, EndHour: 6 }],
      AssociationTarget: { Tags: [tag] },
    });
    await start(
      [onFargate('web', 2)],
      withSetting('fargateEventWindows', 'enabled', (capture) => {
        capture.ec2.eventWindows.push(
          window('friday', { Key: 'aws:ecs:fargateTask', Value: 'elsewhere' }) as never,
          window('tuesday', { Key: key, Value: value }) as never,
        );
      }),
    );
    // The account starts on a Sunday at noon.
    const opensMs = Math.floor(START_MS / 86_400_000 + 2) * 86_400_000 + 2 * HOUR_MS;
    const before = arnsOf('web');
    retire('web', 60);
    await account.pass((opensMs - account.clock.nowMs) / 1000 - 1);
    expect(arnsOf('web')).toEqual(before);
    await account.pass(4 * 3600);
    expect(arnsOf('web').filter((arn) => before.includes(arn))).toEqual([]);
  });

  // Source: Task.platformVersion: LATEST resolves to a version when the task starts.
  it('show as a version, never as LATEST', async () => {
    await start([onFargate('web', 1)]);
    expect(describeTask(arnsOf('web')[0])).toMatchObject({
      launchType: 'FARGATE',
      platformVersion: '1.4.0',
      platformFamily: 'Linux',
    });
  });
});

// Source of this block: Amazon ECS developer guide, fargate-capacity-providers; knowledge center, fargate-spot-termination-notice.
describe('an interruption of Fargate Spot', () => {
  const onSpot = (more: Partial<ServiceSpec> = {}) => {
    const { launchType: _, ...spot } = onFargate('web', 2, {
      capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }],
      ...more,
    });
    return spot;
  };

  it('is told by a task event with desired STOPPED while the task still runs, and the documented reason', async () => {
    await start([onSpot()]);
    const [arn = ''] = arnsOf('web');
    expect(describeTask(arn)).toMatchObject({ capacityProviderName: 'FARGATE_SPOT' });
    account.ecs.interruptFargateSpot(arn);
    const told = account.events.filter(({ resources }) => resources[0] === arn).at(-1)?.detail;
    expect(told).toMatchObject({
      desiredStatus: 'STOPPED',
      lastStatus: 'RUNNING',
      stopCode: 'SpotInterruption',
      stoppedReason: 'Your Spot Task was interrupted.',
    });
  });

  it('ends the task after stopTimeout, 120 seconds at most, and its service starts another', async () => {
    await start([onSpot({ definition: { containerDefinitions: [{ name: 'app', stopTimeout: 600 }] } })], {
      stopSeconds: [900, 900],
    });
    const [arn = ''] = arnsOf('web');
    account.ecs.interruptFargateSpot(arn);
    await account.pass(145);
    expect(describeTask(arn)?.lastStatus).toBe('STOPPED');
    expect(account.service('web').healthy).toBe(2);
  });

  it('does not take the targets out of the load balancer before the task has stopped', async () => {
    await start([onSpot({ targetGroup: true })], { stopSeconds: [20, 20] });
    const [arn = ''] = arnsOf('web');
    account.ecs.interruptFargateSpot(arn);
    await account.pass(10);
    expect(account.ecs.task(arn)).toMatchObject({ lastStatus: 'STOPPING', targetsDeregistering: 0 });
  });

  it('cannot happen to a task that is not on Spot', async () => {
    await start([onFargate('web', 1)]);
    expect(() => account.ecs.interruptFargateSpot(arnsOf('web')[0] ?? '')).toThrow('not on Fargate Spot');
  });
});

// Source: AWS general reference, ecs-service: 100 at once, then 20 a second.
it('Fargate launches 100 tasks at once and 20 a second after that', async () => {
  account = fakeAccount({ hosts: [{ id: 'i-1' }], services: [onFargate('web', 300)] });
  await account.pass(120);
  const firstPending = new Map<string, number>();
  for (const { taskArn, lastStatus, atMs } of account.taskLines())
    if (lastStatus === 'PENDING' && !firstPending.has(taskArn)) firstPending.set(taskArn, atMs);
  const pendingAt = [...firstPending.values()].sort((a, b) => a - b);
  expect(pendingAt).toHaveLength(300);
  const first = pendingAt[0] ?? 0;
  expect(pendingAt.filter((atMs) => atMs === first)).toHaveLength(100);
  expect(((pendingAt.at(-1) ?? 0) - first) / 1000).toBeCloseTo(10, 0);
});

// Source: AWS general reference, ecs-service; Amazon ECS API reference, RunTask (ThrottlingException).
it('RunTask beyond the launch rate is refused with ThrottlingException, and taken again a moment later', async () => {
  await start([onFargate('web', 1)]);
  const runTen = () => runTask({ count: 10 });
  for (let call = 0; call < 10; call++) await runTen();
  await expect(runTen()).rejects.toMatchObject({ name: 'ThrottlingException' });
  await account.pass(1);
  expect((await runTen()).tasks).toHaveLength(10);
});

// Source: API reference, RunTask.networkConfiguration.
it('a standalone task on Fargate has its interface in a subnet that RunTask names', async () => {
  await start([onFargate('web', 1)]);
  const arn = (await runTask({ networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-b'] } } }))
    .tasks?.[0]?.taskArn;
  await account.pass(60);
  expect(describeTask(arn)?.availabilityZone).toBe('eu-west-1b');
});

// Source: Amazon ECS developer guide, task-networking: each task has its own interface in a subnet that it names.
it('tasks on Fargate have their interface in one of the subnets of their service', async () => {
  await start([onFargate('web', 3)]);
  const details = arnsOf('web').map((arn) => describeTask(arn)?.attachments?.[0]?.details ?? []);
  for (const each of details) expect(SUBNETS).toContain(each.find(({ name }) => name === 'subnetId')?.value);
});
