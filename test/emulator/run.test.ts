/**
 * The product's handlers over the wire: ordinary SDK clients, requests and answers as bytes, an AWS that we did not write.
 * What it has no one for (agents, ECS's scheduler) world/agents-and-scheduler.ts does through its API.
 */
import { DescribeLaunchTemplateVersionsCommand } from '@aws-sdk/client-ec2';
import type { ContainerInstance } from '@aws-sdk/client-ecs';
import { ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { handler as plan } from '../../functions/plan.ts';
import { handler as sweep } from '../../functions/sweep.ts';
import { handler as trigger } from '../../functions/trigger.ts';
import { type FunctionName, grantsOf } from '../../infra/grants.ts';
import { lambdaContext } from '../support/lambda-context.ts';
import { ACCOUNT_ID, deployState, emptyEmulator, MACHINE_ARN, openEmulator, REGION } from './emulator.ts';
import type { Gateway } from './gateway.ts';
import { hostsNow, settle, tasksNow } from './world/agents-and-scheduler.ts';
import {
  CLUSTER,
  type Clients,
  groupNow,
  makeClients,
  makeCluster,
  TEMPLATE,
  useImage,
  type World,
} from './world/cluster.ts';
import { walk } from './world/run.ts';

const SIZE = { hosts: 3, tasks: 6 };
/** Reads of a cluster, and what the ledger and the topic are told: nothing that a cluster feels. */
const HARMLESS = /:(Describe|List|Get)|^dynamodb:|^sns:Publish$|^events:PutEvents$/;

let gateway: Gateway;
let clients: Clients;
let world: World;
/** What each function asked for over the wire, in this file. */
const asked = new Map<FunctionName, Set<string>>();

beforeAll(async () => {
  // Put forward by `walk`, and never back: what the functions remember of their own calls would lie in the future.
  vi.useFakeTimers({ toFake: ['Date'], shouldAdvanceTime: true });
  gateway = await openEmulator();
  clients = makeClients();
});
afterAll(async () => {
  vi.useRealTimers();
  await gateway.close();
});
beforeEach(async () => {
  await emptyEmulator();
  world = await makeCluster(clients, SIZE);
  await deployState();
  gateway.actions.length = 0;
});

describe('a run over the wire', () => {
  it('replaces every host, and leaves the group as it was, on the image that its owner named', async () => {
    const before = await groupNow(clients.autoScaling);
    await useImage(clients, world.newImage);

    const { report } = await run({ cluster: CLUSTER });

    expect(report).toMatchObject({ outcome: 'SUCCEEDED', reason: '3 hosts replaced' });
    const after = await groupNow(clients.autoScaling);
    expect(knobsOf(after)).toEqual(knobsOf(before));
    const hosts = await hostsNow(clients);
    expect(hosts.map(imageOf)).toEqual(Array(SIZE.hosts).fill(world.newImage));
    expect(hosts.map((host) => host.status)).toEqual(Array(SIZE.hosts).fill('ACTIVE'));
    expect(namesOf(before)).not.toEqual(expect.arrayContaining(namesOf(after)));
    expect(await tasksNow(clients)).toHaveLength(SIZE.tasks + SIZE.hosts);
  });

  it('brings an image of its own in as a version made from the one that the group launches', async () => {
    const { report } = await run({ cluster: CLUSTER, image: world.newImage });

    expect(report.outcome).toBe('SUCCEEDED');
    const { LaunchTemplateVersions = [] } = await clients.ec2.send(
      new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateName: TEMPLATE, Versions: ['$Latest'] }),
    );
    expect(LaunchTemplateVersions[0]?.LaunchTemplateData).toMatchObject({
      ImageId: world.newImage,
      InstanceType: 'm5.large',
    });
    expect((await groupNow(clients.autoScaling)).LaunchTemplate?.Version).toBe('$Latest');
  });

  it('gives everything back when somebody aborts it in the middle', async () => {
    const before = await groupNow(clients.autoScaling);
    await useImage(clients, world.newImage);
    let asked = false;

    const { report } = await run({ cluster: CLUSTER }, async () => {
      await settle(clients);
      const isDraining = (await hostsNow(clients)).some((host) => host.status === 'DRAINING');
      if (asked || !isDraining) return;
      asked = true;
      await plan(
        {
          request: { cluster: CLUSTER, mode: 'abort' },
          execution: `${MACHINE_ARN.replace(':stateMachine:', ':execution:')}:abort`,
        },
        lambdaContext,
      );
    });

    expect(report.outcome).toBe('ABORTED');
    const after = await groupNow(clients.autoScaling);
    expect(knobsOf(after)).toEqual(knobsOf(before));
    expect((await hostsNow(clients)).map((host) => host.status)).toEqual(Array(SIZE.hosts).fill('ACTIVE'));
    expect(await tasksNow(clients)).toHaveLength(SIZE.tasks + SIZE.hosts);
  });

  it('plans and changes nothing', async () => {
    await useImage(clients, world.newImage);
    gateway.actions.length = 0;

    const { report, states } = await run({ cluster: CLUSTER, mode: 'plan' }, async () => {});

    expect(states).toEqual(['plan', 'report']);
    expect(report.plan?.predicted?.moves).toBe(SIZE.tasks);
    expect(gateway.actions.filter((action) => !HARMLESS.test(action))).toEqual([]);
  });

  it('has nothing to do where every host runs what its group launches', async () => {
    expect((await run({ cluster: CLUSTER })).report.outcome).toBe('NOTHING_TO_DO');
  });

  it('refuses a cluster that the account does not have', async () => {
    await expect(run({ cluster: 'nowhere' })).rejects.toThrow('there is no ECS cluster nowhere');
  });
});

describe('what wakes the product, over the wire', () => {
  it('starts one execution for an image, however often the event comes', async () => {
    await useImage(clients, world.newImage);
    const event = {
      version: '0',
      id: 'c0ffee00-0000-4000-8000-000000000001',
      'detail-type': 'EC2 AMI State Change',
      source: 'aws.ec2',
      account: ACCOUNT_ID,
      time: new Date().toISOString(),
      region: REGION,
      resources: [`arn:aws:ec2:${REGION}::image/${world.newImage}`],
      detail: { RequestId: 'r-1', ImageId: world.newImage, State: 'available', ErrorMessage: '' },
    };

    const first = await ask('trigger', () => trigger(event, contextOf('trigger')));
    const second = await ask('trigger', () => trigger(event, contextOf('trigger')));

    expect(first.started).toMatchObject([{ cluster: CLUSTER, isNew: true }]);
    expect(second.started[0]?.executionArn).toBe(first.started[0]?.executionArn);
    const { executions } = await new SFNClient({}).send(
      new ListExecutionsCommand({ stateMachineArn: MACHINE_ARN }),
    );
    expect(executions?.map((one) => one.executionArn)).toEqual([first.started[0]?.executionArn]);
  });

  it('sweeps without a problem', async () => {
    expect(await ask('sweep', () => sweep({}, contextOf('sweep')))).toEqual({ started: [], problems: [] });
  });
});

describe('the roles', () => {
  it('grant each function every action that it asked for on the wire', () => {
    const ungranted = [...asked].flatMap(([name, actions]) => {
      const granted = new Set(grantsOf(name).flatMap((grant) => grant.actions));
      return [...actions].filter((action) => !granted.has(action)).map((action) => `${name}: ${action}`);
    });
    expect([...asked.keys()].sort()).toEqual(
      'assess drain plan prepare register report restore sweep terminate trigger'.split(' '),
    );
    expect(ungranted).toEqual([]);
  });
});

/** A run whose functions' actions are noted; the world settles after each state, unless somebody else says what happens. */
function run(request: object, turn = () => settle(clients)) {
  const name = `run-${Math.round(performance.now())}`;
  gateway.actions.length = 0;
  let seen = 0;
  const note = (by: FunctionName) => {
    for (const action of gateway.actions.slice(seen)) noted(by).add(action);
  };
  const afterwards = async () => {
    await turn();
    seen = gateway.actions.length;
  };
  return walk({ request, name, settle: afterwards, onState: note });
}

async function ask<T>(by: FunctionName, work: () => Promise<T>): Promise<T> {
  const seen = gateway.actions.length;
  const answer = await work();
  for (const action of gateway.actions.slice(seen)) noted(by).add(action);
  return answer;
}

function noted(by: FunctionName): Set<string> {
  const actions = asked.get(by) ?? new Set();
  asked.set(by, actions);
  return actions;
}

function contextOf(name: FunctionName) {
  return { ...lambdaContext, invokedFunctionArn: `arn:aws:lambda:${REGION}:${ACCOUNT_ID}:function:${name}` };
}

type Group = Awaited<ReturnType<typeof groupNow>>;

/** What a run touches of a group, and gives back. */
function knobsOf({ MinSize, MaxSize, DesiredCapacity, LaunchTemplate, SuspendedProcesses, ...group }: Group) {
  const isProtected = (group.Instances ?? []).map((one) => one.ProtectedFromScaleIn);
  return {
    MinSize,
    MaxSize,
    DesiredCapacity,
    LaunchTemplate,
    SuspendedProcesses,
    NewInstancesProtectedFromScaleIn: group.NewInstancesProtectedFromScaleIn,
    isProtected,
  };
}

function namesOf({ Instances = [] }: Group) {
  return Instances.map((one) => one.InstanceId);
}

function imageOf({ attributes = [] }: ContainerInstance) {
  return attributes.find((one) => one.name === 'ecs.ami-id')?.value;
}
