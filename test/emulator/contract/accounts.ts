/**
 * The two accounts side by side: the emulator with a cluster made through its API, and the embedded account begun from a
 * capture of just that cluster. Both are asked the same, in the same order, through SDK clients of the same making.
 */
import * as AutoScaling from '@aws-sdk/client-auto-scaling';
import * as CloudWatch from '@aws-sdk/client-cloudwatch';
import * as DynamoDB from '@aws-sdk/client-dynamodb';
import * as EC2 from '@aws-sdk/client-ec2';
import * as ECR from '@aws-sdk/client-ecr';
import * as ECS from '@aws-sdk/client-ecs';
import * as ElasticLoadBalancingV2 from '@aws-sdk/client-elastic-load-balancing-v2';
import * as EventBridge from '@aws-sdk/client-eventbridge';
import * as SFN from '@aws-sdk/client-sfn';
import * as SNS from '@aws-sdk/client-sns';
import * as SSM from '@aws-sdk/client-ssm';
import { SILENT } from '../../../cli/capture/progress.ts';
import { takeCapture } from '../../../cli/capture/read.ts';
import {
  type AttachableClient,
  type Capture,
  createAccount,
  inVirtualTime,
  parseCapture,
} from '../../../simulator/index.ts';
import { ACCOUNT_ID, REGION, TABLE } from '../emulator.ts';
import { hostsNow, tasksNow } from '../world/agents-and-scheduler.ts';
import { CLUSTER, type Clients, groupNow, type World } from '../world/cluster.ts';
import { asAwsDescribes } from '../world/mended-capture.ts';
import { type Ask, type Names, PARAMETER, SERVICES, type Service } from './asks.ts';
import type { Answer } from './compare.ts';

interface Client extends AttachableClient {
  send(command: unknown): Promise<object>;
}
type Constructors = Readonly<Record<string, new (input: object) => unknown>>;

const MODULES = {
  ECS,
  AutoScaling,
  EC2,
  SSM,
  DynamoDB,
  SFN,
  SNS,
  EventBridge,
  CloudWatch,
  ElasticLoadBalancingV2,
  ECR,
} as unknown as Readonly<Record<Service, Constructors>>;
const CLIENTS: Readonly<Record<Service, string>> = {
  ECS: 'ECSClient',
  AutoScaling: 'AutoScalingClient',
  EC2: 'EC2Client',
  SSM: 'SSMClient',
  DynamoDB: 'DynamoDBClient',
  SFN: 'SFNClient',
  SNS: 'SNSClient',
  EventBridge: 'EventBridgeClient',
  CloudWatch: 'CloudWatchClient',
  ElasticLoadBalancingV2: 'ElasticLoadBalancingV2Client',
  ECR: 'ECRClient',
};

/** Virtual: reads of the embedded account are as late as AWS's, the emulator's never are. */
const UNTIL_READS_ARE_FRESH_MS = 5_000;
const SERVER_ERROR = 500;
/** Every choice that the embedded account makes where AWS says nothing follows from it. */
const SEED = 1;
/** A machine that only waits: what its executions do is not asked here. */
const MACHINE = 'waiting';
const WAITING = { StartAt: 'Wait', States: { Wait: { Type: 'Wait', Seconds: 86_400, End: true } } };

/** Makes the machine and the target group that the questions name, and says the names of all. */
export async function namesOf(clients: Clients, world: World, topicArn: string): Promise<Names> {
  const { templateId, subnetId, vpcId } = await placeOf(clients);
  await make('SFN').send(
    new SFN.CreateStateMachineCommand({
      name: MACHINE,
      roleArn: `arn:aws:iam::${ACCOUNT_ID}:role/${MACHINE}`,
      definition: JSON.stringify(WAITING),
    }),
  );
  const hosts = (await hostsNow(clients)).sort((a, b) =>
    text(a.containerInstanceArn, b.containerInstanceArn),
  );
  const instanceIds = hosts.map((host) => host.ec2InstanceId ?? '');
  const { TargetGroups = [] } = (await make('ElasticLoadBalancingV2').send(
    new ElasticLoadBalancingV2.CreateTargetGroupCommand({
      Name: 'web',
      Protocol: 'HTTP',
      Port: 80,
      VpcId: vpcId,
      TargetType: 'instance',
    }),
  )) as ElasticLoadBalancingV2.CreateTargetGroupCommandOutput;
  const targetGroupArn = TargetGroups[0]?.TargetGroupArn ?? '';
  await make('ElasticLoadBalancingV2').send(
    new ElasticLoadBalancingV2.RegisterTargetsCommand({
      TargetGroupArn: targetGroupArn,
      Targets: [{ Id: instanceIds[0], Port: 32768 }],
    }),
  );
  return {
    hosts: hosts.map((host) => host.containerInstanceArn ?? ''),
    tasks: (await tasksNow(clients)).map((task) => task.taskArn ?? '').sort(),
    instanceIds,
    templateId,
    subnetId,
    newImage: world.newImage,
    machineArn: `arn:aws:states:${REGION}:${ACCOUNT_ID}:stateMachine:${MACHINE}`,
    table: TABLE,
    topicArn,
    targetGroupArn,
  };
}

/** What the emulator describes, as the embedded account begins with it. */
export async function captureOf({ targetGroupArn, newImage }: Names): Promise<Capture> {
  const { capture } = await takeCapture({
    cluster: CLUSTER,
    imageSources: [newImage, `ssm:${PARAMETER}`],
    alarms: [],
    progress: SILENT,
    nowMs: Date.now(),
  });
  // No service of the cluster has the target group, so a capture leaves it out.
  const balancing = make('ElasticLoadBalancingV2');
  const named = { TargetGroupArn: targetGroupArn };
  const of = { TargetGroupArns: [targetGroupArn] };
  const groups = await balancing.send(new ElasticLoadBalancingV2.DescribeTargetGroupsCommand(of));
  const health = await balancing.send(new ElasticLoadBalancingV2.DescribeTargetHealthCommand(named));
  const attributes = await balancing.send(
    new ElasticLoadBalancingV2.DescribeTargetGroupAttributesCommand(named),
  );
  const text = JSON.stringify({
    ...asAwsDescribes(capture),
    elasticLoadBalancingV2: {
      targetGroups: (groups as { TargetGroups?: object[] }).TargetGroups,
      targetGroupAttributes: [{ ...named, ...attributes, $metadata: undefined }],
      targetHealth: [{ ...named, ...health, $metadata: undefined }],
    },
  });
  const parsed = parseCapture(JSON.parse(text));
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems, undefined, 1));
  return parsed.ok;
}

/** The emulator's answers, in the order of the questions. */
export function askEmulator(questions: readonly Ask[]): Promise<Answer[]> {
  return askAll(questions, clientsOf());
}

/** The embedded account's. */
export function askEmbedded(questions: readonly Ask[], capture: Capture): Promise<Answer[]> {
  const account = createAccount({ capture, seed: SEED });
  account.dynamodb.createTable({ TableName: TABLE, pk: 'pk', sk: 'sk' });
  account.stepFunctions.create(MACHINE, WAITING);
  const clients = clientsOf();
  for (const service of SERVICES) account.attach(clients[service], service);
  return inVirtualTime(account, () =>
    askAll(questions, clients, () => account.clock.delay(UNTIL_READS_ARE_FRESH_MS)),
  );
}

async function askAll(
  questions: readonly Ask[],
  clients: Readonly<Record<Service, Client>>,
  pause = async () => {},
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const { service, operation, input } of questions) {
    const Command = MODULES[service][`${operation}Command`];
    if (Command === undefined) throw new Error(`${service} has no ${operation}`);
    try {
      const { $metadata: _, ...output } = (await clients[service].send(new Command(input))) as {
        $metadata: unknown;
      };
      answers.push({ output });
    } catch (error) {
      if (!(error instanceof Error) || error.name === 'NotSimulated') throw error;
      answers.push({ error: refusalOf(error) });
    }
    await pause();
  }
  return answers;
}

/** A defect is not a refusal: whatever it says, it is one. */
function refusalOf(error: Error & { readonly $metadata?: { readonly httpStatusCode?: number } }): string {
  const isDefect = (error.$metadata?.httpStatusCode ?? 0) >= SERVER_ERROR;
  return isDefect ? 'a defect (HTTP 500)' : `${error.name}: ${error.message}`;
}

function clientsOf(): Record<Service, Client> {
  return Object.fromEntries(SERVICES.map((service) => [service, make(service)])) as Record<Service, Client>;
}

function make(service: Service): Client {
  const Client = MODULES[service][CLIENTS[service]];
  if (Client === undefined) throw new Error(`there is no client of ${service}`);
  // Refusals are asked for here: one that looks as if it might pass need not be tried again.
  return new Client({ maxAttempts: 1 }) as Client;
}

async function placeOf({ autoScaling, ec2 }: Clients) {
  const { LaunchTemplate, VPCZoneIdentifier: subnetId = '' } = await groupNow(autoScaling);
  const { Subnets } = await ec2.send(new EC2.DescribeSubnetsCommand({ SubnetIds: [subnetId] }));
  return { templateId: LaunchTemplate?.LaunchTemplateId ?? '', subnetId, vpcId: Subnets?.[0]?.VpcId };
}

function text(a = '', b = ''): number {
  return a.localeCompare(b);
}
