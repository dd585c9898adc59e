/**
 * Lets an orchestrator loose on a small cluster in the real embedded account, with the real SDK clients, and judges it.
 *
 * The cluster: group `web` (four hosts in two zones, launching whatever `/golden/ami` names: the new image) with the
 * services `api` (100/200, load balanced) and `worker` (50/200), two tasks a host each, and a daemon; group `other`, of a cluster
 * that did not opt in.
 */
import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EC2Client } from '@aws-sdk/client-ec2';
import { ECSClient } from '@aws-sdk/client-ecs';
import { SNSClient } from '@aws-sdk/client-sns';
import type { JudgedRun, JudgedSettings } from '../../../rehearsal/checkers/checker.ts';
import { Judge, type Judgement } from '../../../rehearsal/checkers/judge.ts';
import { buildCapture } from '../../../rehearsal/clusters/build.ts';
import { NEW_IMAGE } from '../../../rehearsal/clusters/constants.ts';
import type { ClusterSpec } from '../../../rehearsal/clusters/spec.ts';
import { type Account, asCaller, createAccount } from '../../../simulator/account.ts';
import { parseCapture } from '../../../simulator/capture/parse.ts';
import { DEFAULT_SETTINGS } from './staged-account.ts';

const DAY_SECONDS = 86_400;
/** What is under way at the end comes to rest before the judge closes the book. */
const REST_SECONDS = 900;

export const SMALL_CLUSTER: ClusterSpec = {
  groups: [
    {
      name: 'web',
      hosts: 4,
      zones: ['eu-west-1a', 'eu-west-1b'],
      minSize: 2,
      imageReference: 'resolve:ssm:/golden/ami',
    },
  ],
  services: [
    { name: 'worker', desired: 8, minimumHealthyPercent: 50 },
    { name: 'api', desired: 8, loadBalancer: { deregistrationDelaySeconds: 60 } },
    { name: 'agent', desired: 4, daemon: true },
  ],
  parameters: { '/golden/ami': NEW_IMAGE },
};

/** What an orchestrator has in its hands. */
export interface Hands {
  readonly account: Account;
  readonly ecs: ECSClient;
  readonly autoScaling: AutoScalingClient;
  readonly ec2: EC2Client;
  readonly dynamodb: DynamoDBClient;
  readonly sns: SNSClient;
  /** Virtual seconds. */
  wait(seconds: number): Promise<void>;
  /** Hosts that the plan names: the outdated ones of the group, by id. */
  readonly outdated: readonly string[];
}

export type Orchestrator = (hands: Hands) => Promise<void>;

export interface RollOptions {
  readonly cluster?: ClusterSpec;
  readonly seed?: number;
  readonly settings?: Partial<JudgedSettings>;
  readonly judged?: Partial<JudgedRun>;
  readonly outcome?: string;
  /** Others that act at the same time, by caller's name. */
  readonly beside?: Readonly<Record<string, Orchestrator>>;
  readonly arm?: (account: Account) => void;
}

export interface Rolled extends Judgement {
  /** Invariants told, each once. */
  readonly told: readonly string[];
  readonly seconds: number;
  /** What an orchestrator died of. */
  readonly failure?: unknown;
}

export async function roll(orchestrator: Orchestrator, options: RollOptions = {}): Promise<Rolled> {
  const parsed = parseCapture(buildCapture(options.cluster ?? SMALL_CLUSTER));
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
  const account = createAccount({ capture: parsed.ok, seed: options.seed ?? 1 });
  const { truth, clock } = account;
  const outdated = truth.hosts().flatMap((host) => (host.imageId === NEW_IMAGE ? [] : [host.instanceId]));
  const run: JudgedRun = {
    truth,
    startedAtMs: clock.startMs,
    cluster: 'prod',
    clusters: new Set(['prod']),
    groups: new Set(['web']),
    handsOff: new Set(),
    targetImages: new Set([NEW_IMAGE]),
    outdated: new Set(outdated),
    deadlineHosts: new Set(),
    redeployable: new Set(),
    scheduledActions: [],
    settings: { ...DEFAULT_SETTINGS, canaryInstances: 0, ...options.settings },
    isOpen: () => true,
    graceMs: 10_000,
    tickMs: 90_000,
    ...options.judged,
  };
  const judge = new Judge(run);
  account.observe((observation, atMs) => judge.observe(observation, atMs));
  const hands: Hands = {
    account,
    ecs: new ECSClient({}),
    autoScaling: new AutoScalingClient({}),
    ec2: new EC2Client({}),
    dynamodb: new DynamoDBClient({}),
    sns: new SNSClient({}),
    wait: (seconds) => clock.delay(seconds * 1000),
    outdated,
  };
  account.attach(hands.ecs, 'ECS');
  account.attach(hands.autoScaling, 'AutoScaling');
  account.attach(hands.ec2, 'EC2');
  account.attach(hands.dynamodb, 'DynamoDB');
  account.attach(hands.sns, 'SNS');
  options.arm?.(account);
  account.install();
  try {
    await account.dynamodb.createTable({ TableName: 'ledger', pk: 'pk', sk: 'sk' });
    const all = Object.entries({ orchestrator, ...options.beside });
    let running = all.length;
    let failure: unknown;
    for (const [name, act] of all) {
      asCaller(name, () => act(hands))
        .catch((error: unknown) => {
          failure ??= error;
        })
        .finally(() => running--);
    }
    const horizonMs = clock.startMs + 2 * DAY_SECONDS * 1000;
    const how = await clock.run(() => running === 0, horizonMs);
    if (running > 0) throw new Error(`the orchestrator did not end: ${how}`);
    const endMs = clock.nowMs;
    await clock.run(() => clock.nowMs >= endMs + REST_SECONDS * 1000, horizonMs);
    const ending = { outcome: options.outcome ?? 'SUCCEEDED', stillRunning: false, mode: 'roll' };
    const judgement = judge.end(ending, endMs);
    const told = [...new Set(judgement.violations.map((violation) => violation.invariant))].sort();
    return { ...judgement, told, seconds: (endMs - clock.startMs) / 1000, failure };
  } finally {
    account.uninstall();
  }
}
