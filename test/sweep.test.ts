import {
  AutoScalingClient,
  type AutoScalingGroup,
  DescribeAutoScalingGroupsCommand,
  DescribeAutoScalingInstancesCommand,
} from '@aws-sdk/client-auto-scaling';
import {
  DescribeInstanceStatusCommand,
  DescribeInstancesCommand,
  DescribeLaunchTemplateVersionsCommand,
  EC2Client,
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
import { GetParametersCommand, SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { releaseClaim } from '../functions/aws/ledger/claims.ts';
import { noteExecution } from '../functions/aws/ledger/executions.ts';
import { keepPending, listPending } from '../functions/aws/ledger/notes.ts';
import { updateRun } from '../functions/aws/ledger/runs.ts';
import { keepSurplus } from '../functions/aws/ledger/surpluses.ts';
import { handler } from '../functions/sweep.ts';
import statusChange from './samples/execution-status-change.json' with { type: 'json' };
import { fakeLedger } from './support/fake-ledger.ts';
import { lambdaContext } from './support/lambda-context.ts';
import { begin } from './support/run.ts';

const autoScaling = mockClient(AutoScalingClient);
const ec2 = mockClient(EC2Client);
const ecs = mockClient(ECSClient);
const eventBridge = mockClient(EventBridgeClient);
const sfn = mockClient(SFNClient);
const ssm = mockClient(SSMClient);

const ledger = fakeLedger();
const sweep = () => handler({ sweep: 'schedule' }, lambdaContext);
const inputs = () =>
  sfn.commandCalls(StartExecutionCommand).map((call) => JSON.parse(call.args[0].input.input ?? ''));
const parameterIs = (Value: string) =>
  ssm.on(GetParametersCommand).resolves({ Parameters: [{ Name: '/golden', Value }] });
const notices = () =>
  eventBridge
    .commandCalls(PutEventsCommand)
    .map((call) => JSON.parse(call.args[0].input.Entries?.[0]?.Detail ?? ''));
const pending = {
  cluster: 'prod',
  purpose: 'outdated',
  request: { cluster: 'prod', reason: 'image' },
  waitsFor: 'window' as const,
  sinceMs: Date.now(),
};

describe('sweep', () => {
  beforeEach(() => {
    for (const mock of [autoScaling, ec2, ecs, eventBridge, sfn, ssm]) mock.reset();
    ledger.reset();
    ecs.on(ListClustersCommand).resolves({ clusterArns: [] });
    eventBridge.on(PutEventsCommand).resolves({});
    sfn.on(StartExecutionCommand).resolves({ executionArn: 'arn:execution' });
    sfn.on(DescribeExecutionCommand).resolves({ status: 'RUNNING' });
    sfn.on(ListExecutionsCommand).resolves({ executions: [] });
  });

  it('leaves a run that is alive alone', async () => {
    await begin(ledger.table);

    expect(await sweep()).toEqual({ started: [], problems: [] });
  });

  it.each(['ABORTED', 'FAILED', 'TIMED_OUT', 'SUCCEEDED'] as const)(
    'has a claim given back whose execution is %s',
    async (status) => {
      await begin(ledger.table);
      sfn.on(DescribeExecutionCommand).resolves({ status, stopDate: new Date() });

      await sweep();

      expect(inputs()).toEqual([{ cluster: 'prod', mode: 'abort' }]);
    },
  );

  it('tries again in growing pauses to give back what an execution FAILED to', async () => {
    await begin(ledger.table);
    const { readClaim, takeClaim } = await import('../functions/aws/ledger/claims.ts');
    const startsAfter = async (minutes: number) => {
      const stopDate = new Date(Date.now() - minutes * 60_000);
      sfn.on(DescribeExecutionCommand).resolves({ status: 'FAILED', stopDate });
      return (await sweep()).started.length > 0;
    };
    const takeOver = async (owner: string) => {
      const claim = await readClaim(ledger.table, 'prod');
      if (claim === undefined) throw new Error('no claim');
      const { cluster, runId, purpose } = claim;
      await takeClaim(ledger.table, { cluster, runId, purpose, owner, nowMs: Date.now(), takesOver: claim });
    };

    expect(await startsAfter(0)).toBe(true);
    await takeOver('arn:restore-1');
    expect([await startsAfter(1), await startsAfter(3)]).toEqual([false, true]);
    await takeOver('arn:restore-2');
    expect([await startsAfter(3), await startsAfter(5)]).toEqual([false, true]);
    for (const again of [3, 4, 5, 6, 7]) await takeOver(`arn:restore-${again}`);
    expect([await startsAfter(59), await startsAfter(61)]).toEqual([false, true]);
    // Somebody stopped it: that is no failure of its own.
    sfn.on(DescribeExecutionCommand).resolves({ status: 'ABORTED', stopDate: new Date() });
    expect((await sweep()).started).toHaveLength(1);
  });

  it('starts a request once its window is open, and not before', async () => {
    await keepPending(ledger.table, { ...pending, notBeforeMs: Date.now() + 3_600_000 });
    await sweep();
    expect(inputs()).toEqual([]);

    await keepPending(ledger.table, { ...pending, notBeforeMs: Date.now() - 1000 });
    await sweep();
    expect(inputs()).toEqual([pending.request]);
    expect(await listPending(ledger.table)).toEqual([]);
  });

  it('never starts a paused run by itself', async () => {
    await keepPending(ledger.table, { ...pending, waitsFor: 'resume' });

    await sweep();

    expect(inputs()).toEqual([]);
    expect(await listPending(ledger.table)).toHaveLength(1);
  });

  it('starts a run when a watched parameter has another value than at the last look', async () => {
    ecs.on(ListClustersCommand).resolves({ clusterArns: ['prod'] });
    ecs.on(DescribeClustersCommand).resolves({
      clusters: [
        {
          clusterName: 'prod',
          capacityProviders: ['hosts'],
          tags: [{ key: 'rollover:enabled', value: 'observe' }],
        },
      ],
    });
    ecs.on(ListContainerInstancesCommand).resolves({});
    ecs.on(DescribeCapacityProvidersCommand).resolves({
      capacityProviders: [{ autoScalingGroupProvider: { autoScalingGroupArn: 'hosts' } }],
    });
    autoScaling.on(DescribeAutoScalingGroupsCommand).resolves({
      AutoScalingGroups: [
        {
          AutoScalingGroupName: 'hosts',
          LaunchTemplate: { LaunchTemplateId: 'lt-1', Version: '1' },
        } as never,
      ],
    });
    ec2.on(DescribeLaunchTemplateVersionsCommand).resolves({
      LaunchTemplateVersions: [{ VersionNumber: 1, LaunchTemplateData: { ImageId: 'resolve:ssm:/golden' } }],
    });
    parameterIs('ami-1');
    await sweep();
    await sweep();
    expect(inputs()).toEqual([]);

    parameterIs('ami-2');
    await sweep();
    await sweep();
    expect(inputs()).toEqual([{ cluster: 'prod', reason: 'image' }]);
  });

  it('starts a run for age once a day, where a host is due', async () => {
    const launched = (days: number) => new Date(Date.now() - days * 86_400_000);
    const hostIs = (days: number, Tags: { Key: string; Value: string }[] = []) =>
      ec2.on(DescribeInstancesCommand).resolves({
        Reservations: [{ Instances: [{ InstanceId: 'i-1', LaunchTime: launched(days), Tags }] }],
      });
    ecs.on(ListClustersCommand).resolves({ clusterArns: ['arn:cluster/prod'] });
    ecs.on(DescribeClustersCommand).resolves({
      clusters: [
        {
          clusterName: 'prod',
          tags: [
            { key: 'rollover:enabled', value: 'true' },
            { key: 'rollover:max-instance-age-days', value: '30' },
          ],
        },
      ],
    });
    ecs.on(ListContainerInstancesCommand).resolves({ containerInstanceArns: ['arn:ci/1'] });
    ecs.on(DescribeContainerInstancesCommand).resolves({ containerInstances: [{ ec2InstanceId: 'i-1' }] });
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
    autoScaling.on(DescribeAutoScalingGroupsCommand).resolves({
      AutoScalingGroups: [{ AutoScalingGroupName: 'web' } as AutoScalingGroup],
    });
    ec2.on(DescribeInstanceStatusCommand).resolves({});
    hostIs(10);
    await sweep();
    expect(inputs()).toEqual([]);

    ledger.reset();
    hostIs(40, [
      { Key: 'rollover:exempt-until', Value: '2999-01-01' },
      { Key: 'rollover:exempt-reason', Value: 'an appliance' },
    ]);
    await sweep();
    expect(inputs()).toEqual([]);

    ledger.reset();
    hostIs(40);
    expect(await sweep()).toMatchObject({ problems: [] });
    await sweep();
    expect(inputs()).toEqual([{ cluster: 'prod', reason: 'age' }]);
  });

  const queued = { messageId: 'm', eventSource: 'aws:sqs', body: JSON.stringify(statusChange) };
  it.each([
    ['the event', statusChange],
    [
      'its queue, together with something that is none',
      { Records: [queued, { ...queued, body: 'no JSON' }] },
    ],
  ])('tells people of an execution that was stopped before it owned anything: from %s', async (_, event) => {
    const input = JSON.stringify({ cluster: 'prod' });
    sfn.on(DescribeExecutionCommand).resolves({ status: 'ABORTED', cause: 'not today', input });

    expect(await handler(event, lambdaContext)).toEqual({ started: [], problems: [] });

    expect(notices()).toEqual([
      expect.objectContaining({
        kind: 'aborted',
        cluster: 'prod',
        message: expect.stringContaining('stopped from outside: not today'),
      }),
    ]);
    expect(inputs()).toEqual([]);
  });

  describe('an execution that ended, the event about which was lost', () => {
    const ended = (name: string, stopDate = new Date()) =>
      sfn.on(ListExecutionsCommand, { statusFilter: 'ABORTED' }).resolves({
        executions: [
          {
            name,
            executionArn: `arn:aws:states:eu-west-1:111122223333:execution:ecs-rollover:${name}`,
            stateMachineArn: 'arn:machine',
            status: 'ABORTED',
            startDate: new Date(stopDate.getTime() - 1000),
            stopDate,
          },
        ],
      });
    beforeEach(() => {
      const input = JSON.stringify({ cluster: 'arn:aws:ecs:eu-west-1:111122223333:cluster/prod' });
      sfn.on(DescribeExecutionCommand).resolves({ status: 'ABORTED', cause: 'not today', input });
    });

    it('is told of at the next look, once', async () => {
      ended('by-hand');

      await sweep();
      await sweep();

      expect(notices()).toMatchObject([
        {
          kind: 'aborted',
          cluster: 'prod',
          runId: 'by-hand',
          message: 'prod: ABORTED. by-hand was stopped from outside: not today; nothing was touched',
        },
      ]);
    });

    it('is told of with the ending that its run had already', async () => {
      await begin(ledger.table);
      await releaseClaim(ledger.table, 'prod', 1);
      await updateRun(ledger.table, 'run-1', { outcome: { outcome: 'SUCCEEDED', reason: 'done' } });
      ended('run-1');

      await sweep();

      expect(notices()).toMatchObject([{ kind: 'succeeded', runId: 'run-1' }]);
    });

    it('is left alone where its end was told, or that of the run it worked for', async () => {
      const nowMs = Date.now();
      await noteExecution(ledger.table, 'run-1', { toldAtMs: nowMs }, nowMs);
      await noteExecution(ledger.table, 'run-1-part2', { runId: 'run-1' }, nowMs);
      for (const name of ['run-1', 'run-1-part2']) {
        ended(name);
        await sweep();
      }

      expect(notices()).toEqual([]);
    });

    it('is left to the execution that gives back what it touched', async () => {
      await begin(ledger.table);
      ended('run-1');

      await sweep();

      expect(notices()).toEqual([]);
    });

    it('is news no more once it was over before the last looks', async () => {
      await sweep();
      ended('run-1', new Date(Date.now() - 3_600_000));

      await sweep();

      expect(notices()).toEqual([]);
    });
  });

  describe('hosts of a surplus that an earlier window left', () => {
    const left = {
      autoScalingGroupName: 'hosts',
      imageIds: ['ami-0new'],
      desiredCapacity: 4,
      maxSize: 4,
      own: { desiredCapacity: 3, maxSize: 4 },
    };

    it('are taken away, once an hour, where no request waits that goes on with them', async () => {
      await keepSurplus(ledger.table, 'prod', left);

      await sweep();

      expect(inputs()).toEqual([{ cluster: 'prod', mode: 'abort' }]);
      const name = () => sfn.commandCalls(StartExecutionCommand).at(-1)?.args[0].input.name;
      const first = name();
      await sweep();
      expect(name()).toBe(first);
    });

    it.each(['window', 'resume', 'other-run'] as const)(
      'stay for a request that waits for %s',
      async (waitsFor) => {
        await keepSurplus(ledger.table, 'prod', left);
        await keepPending(ledger.table, { ...pending, waitsFor, notBeforeMs: Date.now() - 1000 });

        await sweep();

        expect(inputs()).not.toContainEqual({ cluster: 'prod', mode: 'abort' });
      },
    );

    it('stay for the run that has the cluster', async () => {
      await begin(ledger.table);
      await keepSurplus(ledger.table, 'prod', left);

      await sweep();

      expect(inputs()).toEqual([]);
    });
  });

  it('leaves the telling to the execution that gives back, where the stopped one owned the cluster', async () => {
    await begin(ledger.table);
    sfn.on(DescribeExecutionCommand).resolves({ status: 'ABORTED', stopDate: new Date() });

    await handler(statusChange, lambdaContext);

    expect(notices()).toEqual([]);
    expect(inputs()).toEqual([{ cluster: 'prod', mode: 'abort' }]);
  });

  it('does the other parts although one fails', async () => {
    await begin(ledger.table);
    await keepPending(ledger.table, { ...pending, cluster: 'dev', waitsFor: 'other-run' });
    sfn
      .on(DescribeExecutionCommand)
      .rejects(Object.assign(new Error('no'), { name: 'AccessDeniedException' }));

    const swept = await sweep();

    expect(swept.problems).toHaveLength(1);
    expect(inputs()).toEqual([pending.request]);
  });
});
