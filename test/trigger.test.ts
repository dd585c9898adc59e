import { readFileSync } from 'node:fs';
import { AutoScalingClient, DescribeAutoScalingGroupsCommand } from '@aws-sdk/client-auto-scaling';
import { DescribeLaunchTemplateVersionsCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  DescribeCapacityProvidersCommand,
  DescribeClustersCommand,
  ECSClient,
  ListClustersCommand,
  ListContainerInstancesCommand,
} from '@aws-sdk/client-ecs';
import { GetImageCommand, ImagebuilderClient } from '@aws-sdk/client-imagebuilder';
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { GetParametersCommand, SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { handler } from '../functions/trigger.ts';
import { fakeLedger } from './support/fake-ledger.ts';
import { lambdaContext } from './support/lambda-context.ts';

const autoScaling = mockClient(AutoScalingClient);
const ec2 = mockClient(EC2Client);
const ecs = mockClient(ECSClient);
const imageBuilder = mockClient(ImagebuilderClient);
const sfn = mockClient(SFNClient);
const ssm = mockClient(SSMClient);
const ledger = fakeLedger();

const context = {
  ...lambdaContext,
  invokedFunctionArn: 'arn:aws:lambda:us-east-1:111122223333:function:trigger',
};
const sample = (name: string) => ({
  ...JSON.parse(readFileSync(new URL(`./samples/${name}.json`, import.meta.url), 'utf8')),
  time: new Date().toISOString(),
});
const starts = () => sfn.commandCalls(StartExecutionCommand).map((call) => call.args[0].input);
const templateNames = (image: string, resolved = image) =>
  ec2.on(DescribeLaunchTemplateVersionsCommand).callsFake(({ ResolveAlias }) => ({
    LaunchTemplateVersions: [
      { VersionNumber: 3, LaunchTemplateData: { ImageId: ResolveAlias ? resolved : image } },
    ],
  }));

describe('trigger', () => {
  beforeEach(() => {
    for (const mock of [autoScaling, ec2, ecs, imageBuilder, sfn, ssm]) mock.reset();
    ledger.reset();
    process.env.STATE_MACHINE_ARN = 'arn:aws:states:us-east-1:111122223333:stateMachine:ecs-rollover';
    ecs.on(ListClustersCommand).resolves({ clusterArns: ['prod', 'dev'] });
    ecs.on(DescribeClustersCommand).resolves({
      clusters: [
        {
          clusterName: 'prod',
          status: 'ACTIVE',
          capacityProviders: ['hosts'],
          tags: [{ key: 'rollover:enabled', value: 'true' }],
        },
        { clusterName: 'dev', status: 'ACTIVE', tags: [] },
      ],
    });
    ecs.on(ListContainerInstancesCommand).resolves({ containerInstanceArns: [] });
    ecs.on(DescribeCapacityProvidersCommand).resolves({
      capacityProviders: [
        {
          name: 'hosts',
          autoScalingGroupProvider: {
            autoScalingGroupArn:
              'arn:aws:autoscaling:us-east-1:111122223333:autoScalingGroup:1:autoScalingGroupName/hosts',
          },
        },
      ],
    });
    autoScaling.on(DescribeAutoScalingGroupsCommand).resolves({
      AutoScalingGroups: [
        {
          AutoScalingGroupName: 'hosts',
          LaunchTemplate: { LaunchTemplateId: 'lt-1', Version: '$Latest' },
        } as never,
      ],
    });
    templateNames('resolve:ssm:foo', 'ami-0abcdef1234567890');
    ssm.on(GetParametersCommand).resolves({
      Parameters: [{ Name: 'foo', Value: 'ami-0abcdef1234567890', LastModifiedDate: new Date(1000) }],
    });
    sfn.on(StartExecutionCommand).resolves({ executionArn: 'arn:execution' });
  });
  afterEach(() => {
    delete process.env.STATE_MACHINE_ARN;
  });

  it.each(['parameter-store-change', 'ami-state-change'])(
    'starts a run of each cluster that follows what %s names, with the same bytes each time',
    async (name) => {
      await handler(sample(name), context);
      await handler(sample(name), context);

      const [first, second] = starts();
      expect(first).toEqual(second);
      expect(JSON.parse(first?.input ?? '')).toEqual({ cluster: 'prod', reason: 'image' });
    },
  );

  it('asks Image Builder which image a build put out in this Region and account', async () => {
    imageBuilder.on(GetImageCommand).resolves({
      image: {
        outputResources: {
          amis: [
            { region: 'eu-west-1', image: 'ami-0far', accountId: '111122223333' },
            { region: 'us-east-1', image: 'ami-0abcdef1234567890', accountId: '111122223333' },
          ],
        },
      },
    });

    await handler(sample('image-builder-image-state-change'), context);

    expect(starts()).toHaveLength(1);
  });

  it('starts every cluster that opted in at a scheduled event, and no other', async () => {
    await handler(sample('scheduled-event'), context);

    expect(starts().map((start) => JSON.parse(start.input ?? ''))).toEqual([
      { cluster: 'prod', reason: 'schedule' },
    ]);
  });

  it('is a no-op with a reason when no cluster follows the image', async () => {
    templateNames('ami-0other');

    const answer = await handler(sample('ami-state-change'), context);

    expect(answer).toMatchObject({ started: [], reason: expect.stringContaining('ami-0abcdef1234567890') });
    expect(starts()).toEqual([]);
  });

  it('starts a hand-made request as it was written', async () => {
    await handler({ cluster: 'prod', mode: 'plan' }, context);

    expect(JSON.parse(starts()[0]?.input ?? '')).toEqual({ cluster: 'prod', mode: 'plan' });
  });

  it('hands on a request that nobody can read, so that its execution refuses it and tells', async () => {
    await handler({ cluster: 'prod', mod: 'plan' }, context);

    expect(JSON.parse(starts()[0]?.input ?? '')).toEqual({ cluster: 'prod', mod: 'plan' });
  });

  it('throws every problem of a request that names no cluster', async () => {
    await expect(handler({ cluster: 7, mod: 'plan' }, context)).rejects.toMatchObject({
      name: 'BadRequest',
    });
  });

  describe('at its queue', () => {
    const record = (messageId: string, event: unknown) => ({
      messageId,
      body: typeof event === 'string' ? event : JSON.stringify(event),
      eventSource: 'aws:sqs',
    });
    const deliver = (remainingMs: number, ...records: readonly object[]) =>
      handler({ Records: records }, { ...context, getRemainingTimeInMillis: () => remainingMs } as never);

    it('works on every record, and names those that failed: they alone come again', async () => {
      imageBuilder
        .on(GetImageCommand)
        .rejects(Object.assign(new Error('slow'), { name: 'ThrottlingException' }));

      const answer = await deliver(
        60_000,
        record('built', sample('image-builder-image-state-change')),
        record('asked', { cluster: 'prod', mode: 'plan' }),
      );

      expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'built' }] });
      expect(starts().map((start) => JSON.parse(start.input ?? ''))).toEqual([
        { cluster: 'prod', mode: 'plan' },
      ]);
    });

    it('takes no record again that no repeat makes readable', async () => {
      const answer = await deliver(60_000, record('a', { cluster: 7 }), record('b', 'no JSON'));

      expect(answer).toEqual({ batchItemFailures: [] });
      expect(starts()).toEqual([]);
    });

    it('starts one run for a record that is delivered twice', async () => {
      const twice = record('a', { cluster: 'prod' });
      await deliver(60_000, twice, twice);

      const [first, second] = starts();
      expect(first).toEqual(second);
    });

    it('leaves what it has no time for to the next delivery', async () => {
      const records = [record('a', { cluster: 'prod' }), record('b', { cluster: 'prod' })];
      await expect(deliver(10_000, ...records)).rejects.toThrow();
      expect(starts()).toEqual([]);
    });

    it('lets everything wait while the deployment itself cannot be read', async () => {
      process.env.ROLLOVER_GUARDRAILS = '{';
      await expect(deliver(60_000, record('a', { cluster: 'prod' }))).rejects.toThrow();
      delete process.env.ROLLOVER_GUARDRAILS;
    });
  });

  it('takes a name that is spent for "done", unless the value is newer than that run', async () => {
    sfn.on(StartExecutionCommand).callsFake(({ name }) => {
      if (!name.endsWith('-2')) throw Object.assign(new Error('exists'), { name: 'ExecutionAlreadyExists' });
      return { executionArn: 'arn:second' };
    });
    sfn.on(DescribeExecutionCommand).resolves({ status: 'FAILED', stopDate: new Date(2000) });
    expect((await handler(sample('parameter-store-change'), context)).started[0]?.isNew).toBe(false);

    sfn.on(DescribeExecutionCommand).resolves({ status: 'FAILED', stopDate: new Date(500) });
    expect((await handler(sample('parameter-store-change'), context)).started[0]?.isNew).toBe(true);
    expect(starts().at(-1)?.name).toMatch(/-2$/);
  });
});
