/** The daily look of the sweep finds that EC2 called an event off, of which AWS Health may never tell. */
import {
  AutoScalingClient,
  DescribeAutoScalingGroupsCommand,
  DescribeAutoScalingInstancesCommand,
} from '@aws-sdk/client-auto-scaling';
import {
  DescribeInstanceStatusCommand,
  DescribeInstancesCommand,
  EC2Client,
  type InstanceStatusEvent,
} from '@aws-sdk/client-ec2';
import {
  DescribeCapacityProvidersCommand,
  DescribeClustersCommand,
  DescribeContainerInstancesCommand,
  ECSClient,
  ListClustersCommand,
  ListContainerInstancesCommand,
} from '@aws-sdk/client-ecs';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import {
  DescribeExecutionCommand,
  ListExecutionsCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { releaseClaim, takeClaim } from '../../functions/aws/ledger/claims.ts';
import { keepPending, listPending } from '../../functions/aws/ledger/notes.ts';
import { listNotices } from '../../functions/aws/ledger/notices.ts';
import { beginRun, readRun, writeMemory } from '../../functions/aws/ledger/runs.ts';
import { DEFAULT_SETTINGS } from '../../functions/edge/settings.ts';
import { handler } from '../../functions/sweep.ts';
import { fakeLedger } from '../support/fake-ledger.ts';
import { lambdaContext } from '../support/lambda-context.ts';
import { memory } from '../support/run.ts';

const autoScaling = mockClient(AutoScalingClient);
const ec2 = mockClient(EC2Client);
const ecs = mockClient(ECSClient);
const eventBridge = mockClient(EventBridgeClient);
const sfn = mockClient(SFNClient);
const ledger = fakeLedger();

const START_MS = Date.parse('2026-11-22T12:00:00Z');
const DAY_MS = 86_400_000;
const EXECUTION = 'arn:aws:states:eu-west-1:111122223333:execution:ecs-rollover:run-1';
/** Source of the shape: Amazon EC2 API reference, InstanceStatusEvent. */
const EVENT: InstanceStatusEvent = {
  InstanceEventId: 'instance-event-0d59937288b749b32',
  Code: 'instance-stop',
  Description: 'The instance is running on degraded hardware',
  NotBefore: new Date(START_MS + 9 * DAY_MS),
};

const shows = (...Events: InstanceStatusEvent[]) =>
  ec2.on(DescribeInstanceStatusCommand).resolves({ InstanceStatuses: [{ InstanceId: 'i-1', Events }] });
const hostIs = (Name: 'running' | 'terminated') =>
  ec2
    .on(DescribeInstancesCommand)
    .resolves({ Reservations: [{ Instances: [{ InstanceId: 'i-1', State: { Code: 16, Name } }] }] });
const told = () =>
  eventBridge
    .commandCalls(PutEventsCommand)
    .map((call) => JSON.parse(call.args[0].input.Entries?.[0]?.Detail ?? '').kind);
const sweep = async (days = 0) => {
  vi.setSystemTime(START_MS + days * DAY_MS);
  expect(await handler({ sweep: 'schedule' }, lambdaContext)).toMatchObject({ problems: [] });
};
const states = async () => (await listNotices(ledger.table)).map(({ state }) => state);

/** A run whose execution lives has the cluster. */
async function running(request: Readonly<Record<string, unknown>>): Promise<void> {
  const run = { cluster: 'prod', runId: 'run-1' };
  const claim = { ...run, owner: EXECUTION, purpose: 'retirement', nowMs: Date.now() };
  await takeClaim(ledger.table, claim);
  await beginRun(ledger.table, {
    ...run,
    clusterArn: 'arn:aws:ecs:eu-west-1:111122223333:cluster/prod',
    execution: EXECUTION,
    mode: 'roll',
    request,
    settings: DEFAULT_SETTINGS,
    startedAtMs: Date.now(),
  });
  await writeMemory(ledger.table, { ...memory, startedAtMs: Date.now() });
}
const memoryOfRun = async () => (await readRun(ledger.table, 'run-1'))?.memory;

/** The request for the host waits for its window, which opens in so many days. */
const requestWaits = (days: number) =>
  keepPending(ledger.table, {
    cluster: 'prod',
    purpose: 'named',
    request: { cluster: 'prod', reason: 'retirement', instances: ['i-1'] },
    waitsFor: 'window',
    notBeforeMs: START_MS + days * DAY_MS,
    sinceMs: START_MS,
  });

describe('an event that EC2 called off', () => {
  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: START_MS });
    for (const mock of [autoScaling, ec2, ecs, eventBridge, sfn]) mock.reset();
    ledger.reset();
    process.env.STATE_MACHINE_ARN = 'arn:aws:states:eu-west-1:111122223333:stateMachine:ecs-rollover';
    const clusterArn = 'arn:aws:ecs:eu-west-1:111122223333:cluster/prod';
    ecs.on(ListClustersCommand).resolves({ clusterArns: [clusterArn] });
    ecs.on(DescribeClustersCommand).resolves({
      clusters: [{ clusterName: 'prod', clusterArn, tags: [{ key: 'rollover:enabled', value: 'true' }] }],
    });
    ecs.on(DescribeCapacityProvidersCommand).resolves({});
    ecs.on(ListContainerInstancesCommand).resolves({ containerInstanceArns: ['arn:ci/1'] });
    ecs.on(DescribeContainerInstancesCommand).resolves({
      containerInstances: [{ containerInstanceArn: 'arn:ci/1', ec2InstanceId: 'i-1' }],
    });
    autoScaling.on(DescribeAutoScalingInstancesCommand).resolves({
      AutoScalingInstances: [
        {
          InstanceId: 'i-1',
          AutoScalingGroupName: 'web',
          AvailabilityZone: 'a',
          LifecycleState: 'InService',
          HealthStatus: 'Healthy',
          ProtectedFromScaleIn: false,
        },
      ],
    });
    autoScaling.on(DescribeAutoScalingGroupsCommand).resolves({ AutoScalingGroups: [] });
    eventBridge.on(PutEventsCommand).resolves({});
    sfn.on(StartExecutionCommand).resolves({ executionArn: EXECUTION });
    sfn.on(DescribeExecutionCommand).resolves({ status: 'RUNNING' });
    sfn.on(ListExecutionsCommand).resolves({ executions: [] });
    hostIs('running');
    shows(EVENT);
    await sweep();
    expect(await states()).toEqual(['planned']);
  });
  afterEach(() => void vi.useRealTimers());

  // That it stays visible as [Canceled] is not documented: both readings.
  const calledOff = { ...EVENT, Description: `[Canceled] ${EVENT.Description}` };
  it.each([
    ['as called off', [calledOff]],
    ['no more', []],
  ])('and shows %s ends the run that was for it alone, and is told once', async (_, events) => {
    await running({ cluster: 'prod', reason: 'retirement', instances: ['i-1'] });
    shows(...events);
    await sweep(1);
    expect(await states()).toEqual(['cancelled']);
    expect((await memoryOfRun())?.control?.mode).toBe('abort');
    await sweep(2);
    expect(told()).toEqual(['notice-cancelled']);
  });

  it('takes its host out of a run that has others to replace', async () => {
    await running({ cluster: 'prod', reason: 'retirement', instances: ['i-1', 'i-2'] });
    shows();
    await sweep(1);
    const after = await memoryOfRun();
    expect(after?.control).toBeUndefined();
    expect(after?.spared?.map(({ instanceId }) => instanceId)).toEqual(['i-1']);
  });

  it('leaves a run for an image alone', async () => {
    await running({ cluster: 'prod', reason: 'image' });
    shows();
    await sweep(1);
    const after = await memoryOfRun();
    expect([after?.control, after?.spared]).toEqual([undefined, undefined]);
  });

  it('drops the request that waits for its window', async () => {
    sfn.on(DescribeExecutionCommand).resolves({ status: 'SUCCEEDED', stopDate: new Date(START_MS) });
    await requestWaits(5);
    shows();
    await sweep(1);
    expect(await listPending(ledger.table)).toEqual([]);
  });

  it('is looked at again while the execution for it has not taken the cluster yet', async () => {
    shows();
    await sweep(1);
    await running({ cluster: 'prod', reason: 'retirement', instances: ['i-1'] });
    await sweep(1);
    expect((await memoryOfRun())?.control?.mode).toBe('abort');
    expect(told()).toEqual(['notice-cancelled']);
  });

  it('since its host is gone is done, not called off', async () => {
    hostIs('terminated');
    shows();
    await sweep(1);
    expect(await states()).toEqual(['done']);
    expect(told()).not.toContain('notice-cancelled');
  });

  it('and shown unchanged each day says nothing and starts nothing, while its request waits', async () => {
    sfn.on(DescribeExecutionCommand).resolves({ status: 'SUCCEEDED', stopDate: new Date(START_MS) });
    await requestWaits(8);
    for (const day of [1, 2, 3]) await sweep(day);
    expect(sfn.commandCalls(StartExecutionCommand)).toHaveLength(1);
    expect(told()).toEqual([]);
    await releaseClaim(ledger.table, 'prod', 1);
  });
});
