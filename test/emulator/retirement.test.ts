/**
 * Fargate retires tasks, over the wire: the notice is written down and starts a run of its own machine, once; the run asks for
 * a new deployment of the service that it names. That tasks are new is proved by their creation, which the emulator tells of
 * none: the proof itself is shown by rehearsals.
 */

import { DescribeSubnetsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { CreateRepositoryCommand, ECRClient, PutImageCommand } from '@aws-sdk/client-ecr';
import {
  CreateClusterCommand,
  CreateServiceCommand,
  DescribeServicesCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import { CreateStateMachineCommand, ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { handler as redeploy } from '../../functions/redeploy.ts';
import { handler as trigger } from '../../functions/trigger.ts';
import { grantsOf } from '../../infra/grants.ts';
import { lambdaContext } from '../support/lambda-context.ts';
import { ACCOUNT_ID, deployState, MACHINE_ARN, openEmulator, REGION } from './emulator.ts';
import type { Gateway } from './gateway.ts';

const CLUSTER = 'prod';
const SERVICE = 'api';
const DAY_MS = 86_400_000;
const RETIREMENT = 'ecs-rollover-retirement';
const EVENT_ARN = `arn:aws:health:${REGION}::event/ECS/AWS_ECS_TASK_PATCHING_RETIREMENT/AWS_ECS_TASK_PATCHING_RETIREMENT_1`;

const ecs = new ECSClient({});
const sfn = new SFNClient({});
const context = {
  ...lambdaContext,
  invokedFunctionArn: `arn:aws:lambda:${REGION}:${ACCOUNT_ID}:function:any`,
};
let gateway: Gateway;

beforeAll(async () => {
  gateway = await openEmulator();
  await deployState();
  await sfn.send(
    new CreateStateMachineCommand({
      name: RETIREMENT,
      roleArn: `arn:aws:iam::${ACCOUNT_ID}:role/${RETIREMENT}`,
      definition: JSON.stringify({
        StartAt: 'Wait',
        States: { Wait: { Type: 'Wait', Seconds: 60, End: true } },
      }),
    }),
  );
  await makeService();
});
afterAll(() => gateway.close());

describe('a notice of Fargate, over the wire', () => {
  it('starts one run of its own machine, however often it comes', async () => {
    const first = await trigger(notice(), context);
    const second = await trigger(notice(), context);

    expect(first.started).toMatchObject([{ cluster: CLUSTER, isNew: true }]);
    expect(second.started).toEqual([]);
    const stateMachineArn = MACHINE_ARN.replace(/[^:]+$/, RETIREMENT);
    const { executions } = await sfn.send(new ListExecutionsCommand({ stateMachineArn }));
    expect(executions?.map((one) => one.executionArn)).toEqual([first.started[0]?.executionArn]);
  });

  it('has the service deployed anew, with the code that it runs', async () => {
    const before = await serviceNow();
    gateway.actions.length = 0;

    const looked = await redeploy(
      { request: { cluster: CLUSTER, reason: 'retirement' }, execution: `${MACHINE_ARN}-retirement:run-1` },
      context,
    );

    expect(looked).toMatchObject({ cluster: CLUSTER, next: 'wait' });
    const after = await serviceNow();
    expect(after?.taskDefinition).toBe(before?.taskDefinition);
    expect(after?.deployments?.[0]?.id).not.toBe(before?.deployments?.[0]?.id);
    const calls = gateway.actions.slice();
    const granted = new Set(grantsOf('redeploy').flatMap(({ actions }) => actions));
    expect(calls.filter((action) => !granted.has(action))).toEqual([]);
  });
});

function notice() {
  const at = (days: number) => new Date(Date.now() + days * DAY_MS).toUTCString();
  return {
    version: '0',
    id: '3c268027-f43c-4171-8425-1d7990000001',
    'detail-type': 'AWS Health Event',
    source: 'aws.health',
    account: ACCOUNT_ID,
    time: new Date().toISOString(),
    region: REGION,
    resources: [`${CLUSTER}|${SERVICE}`],
    detail: {
      eventArn: EVENT_ARN,
      service: 'ECS',
      eventScopeCode: 'ACCOUNT_SPECIFIC',
      communicationId: 'c-1',
      lastUpdatedTime: at(0),
      eventRegion: REGION,
      eventTypeCode: 'AWS_ECS_TASK_PATCHING_RETIREMENT',
      eventTypeCategory: 'scheduledChange',
      startTime: at(7),
      endTime: at(9),
      eventDescription: [{ language: 'en_US', latestDescription: 'A software update has been deployed.' }],
      affectedEntities: [{ entityValue: `${CLUSTER}|${SERVICE}` }],
    },
  };
}

async function makeService(): Promise<void> {
  const tags = [{ key: 'rollover:enabled', value: 'true' }];
  await ecs.send(new CreateClusterCommand({ clusterName: CLUSTER, tags }));
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: SERVICE,
      networkMode: 'awsvpc',
      requiresCompatibilities: ['FARGATE'],
      cpu: '256',
      memory: '512',
      containerDefinitions: [{ name: SERVICE, image: await pushImage(), memory: 512, essential: true }],
    }),
  );
  const { Subnets = [] } = await new EC2Client({}).send(new DescribeSubnetsCommand({}));
  const networkConfiguration = {
    awsvpcConfiguration: { subnets: [Subnets[0]?.SubnetId ?? ''], securityGroups: [] },
  };
  await ecs.send(
    new CreateServiceCommand({
      cluster: CLUSTER,
      serviceName: SERVICE,
      taskDefinition: SERVICE,
      launchType: 'FARGATE',
      desiredCount: 0,
      networkConfiguration,
    }),
  );
  await ecs.send(new UpdateServiceCommand({ cluster: CLUSTER, service: SERVICE, desiredCount: 1 }));
  const service = await serviceNow();
  await ecs.send(
    new RunTaskCommand({
      cluster: CLUSTER,
      taskDefinition: SERVICE,
      launchType: 'FARGATE',
      group: `service:${SERVICE}`,
      startedBy: service?.deployments?.[0]?.id,
      networkConfiguration,
    }),
  );
}

/** @returns its reference by digest: where a tag could have moved, nothing is forced */
async function pushImage(): Promise<string> {
  const ecr = new ECRClient({});
  const { repository } = await ecr.send(new CreateRepositoryCommand({ repositoryName: SERVICE }));
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
    layers: [],
  };
  const { image } = await ecr.send(
    new PutImageCommand({ repositoryName: SERVICE, imageManifest: JSON.stringify(manifest), imageTag: '1' }),
  );
  return `${repository?.repositoryUri}@${image?.imageId?.imageDigest}`;
}

async function serviceNow() {
  const { services } = await ecs.send(new DescribeServicesCommand({ cluster: CLUSTER, services: [SERVICE] }));
  return services?.[0];
}
