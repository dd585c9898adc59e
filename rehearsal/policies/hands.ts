/**
 * Whoever rolls hosts by hand or by a script: SDK clients that speak to the embedded account, virtual time to wait in,
 * and a judge who watches. Policies of other tools and the tests' wrong orchestrators run here, judged by the same
 * checkers and measured by the same code as the product.
 */
import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EC2Client } from '@aws-sdk/client-ec2';
import { ECSClient } from '@aws-sdk/client-ecs';
import { SNSClient } from '@aws-sdk/client-sns';
import { type Account, type AccountCost, asCaller, createAccount } from '../../simulator/account.ts';
import type { Capture } from '../../simulator/capture/capture.ts';
import type { Fault } from '../../simulator/faults/schema.ts';
import type { Observation } from '../../simulator/observation.ts';
import type { JudgedRun, JudgedSettings } from '../checkers/checker.ts';
import { Judge, type Judgement } from '../checkers/judge.ts';
import { observedAs } from './on-behalf.ts';

const DAY_SECONDS = 86_400;
const HORIZON_SECONDS = 2 * DAY_SECONDS;
/** What is under way at the end comes to rest before the judge closes the book. */
const REST_SECONDS = 900;
/** Reads lag up to 2 s and a list and its details are two reads: what happened since is not held against an act. */
const GRACE_MS = 10_000;
/** Time to react to a task that dies by itself. */
const TICK_MS = 90_000;

/** What an orchestrator has in its hands. */
export interface Hands {
  readonly account: Account;
  readonly ecs: ECSClient;
  readonly autoScaling: AutoScalingClient;
  readonly ec2: EC2Client;
  readonly dynamodb: DynamoDBClient;
  readonly sns: SNSClient;
  /** Name of the cluster. */
  readonly cluster: string;
  /** Names of its Auto Scaling groups. */
  readonly groups: readonly string[];
  /** Hosts that should be replaced, by id. */
  readonly outdated: readonly string[];
  /** Virtual seconds. */
  wait(seconds: number): Promise<void>;
}

export type Orchestrator = (hands: Hands) => Promise<void>;

export interface HandsOptions {
  readonly capture: Capture;
  readonly seed: number;
  /** Image of the new hosts; every other one is outdated. */
  readonly targetImage: string;
  readonly cluster: string;
  readonly groups: readonly string[];
  /** Settings that the judge holds them to. */
  readonly settings: JudgedSettings;
  /** By caller's name; all act at the same time. */
  readonly orchestrators: Readonly<Record<string, Orchestrator>>;
  readonly judged?: Partial<JudgedRun>;
  readonly faults?: readonly Fault[];
  /** What they say of their end; SUCCEEDED unless given. */
  readonly outcome?: string;
  readonly horizonSeconds?: number;
  /** Before anybody acts, with virtual time installed. */
  prepare?(account: Account, hands: Hands): Promise<void>;
}

export interface Handled extends Judgement {
  /** Invariants told, each once. */
  readonly told: readonly string[];
  readonly seconds: number;
  /** False when the horizon came first. */
  readonly ended: boolean;
  /** What an orchestrator died of. */
  readonly failure?: unknown;
  readonly cost: AccountCost;
}

/** Lets them act in an account of their own until all have ended, or the horizon, and judges it. */
export async function handOver(options: HandsOptions): Promise<Handled> {
  const account = createAccount({ capture: options.capture, seed: options.seed });
  const { clock } = account;
  const { hands, judge } = setUp(account, options);
  const names = Object.keys(options.orchestrators);
  account.observe((observation: Observation, atMs) =>
    judge.observe(observedAs(names[0] ?? '', observation), atMs),
  );
  for (const fault of options.faults ?? []) account.faults.arm(fault);
  account.install();
  try {
    await options.prepare?.(account, hands);
    let running = names.length;
    let failure: unknown;
    for (const [name, act] of Object.entries(options.orchestrators)) {
      asCaller(name, () => act(hands))
        .catch((error: unknown) => {
          failure ??= error;
        })
        .finally(() => running--);
    }
    const horizonMs = clock.startMs + (options.horizonSeconds ?? HORIZON_SECONDS) * 1000;
    await clock.run(() => running === 0, horizonMs);
    const ended = running === 0;
    const endMs = clock.nowMs;
    const cost = account.cost();
    await clock.run(() => clock.nowMs >= endMs + REST_SECONDS * 1000, endMs + REST_SECONDS * 1000);
    const ending = { outcome: options.outcome ?? 'SUCCEEDED', stillRunning: !ended, mode: 'roll' };
    const judgement = judge.end(ending, endMs);
    const told = [...new Set(judgement.violations.map((violation) => violation.invariant))].sort();
    return { ...judgement, told, seconds: (endMs - clock.startMs) / 1000, ended, failure, cost };
  } finally {
    account.uninstall();
  }
}

function setUp(account: Account, options: HandsOptions): { readonly hands: Hands; readonly judge: Judge } {
  const { truth, clock } = account;
  const { cluster, groups, targetImage } = options;
  const outdated = truth
    .hosts()
    .flatMap((host) =>
      host.imageId !== targetImage && host.group !== null && groups.includes(host.group)
        ? [host.instanceId]
        : [],
    );
  const judge = new Judge({
    truth,
    startedAtMs: clock.startMs,
    cluster,
    clusters: new Set([cluster]),
    groups: new Set(groups),
    handsOff: new Set(),
    targetImages: new Set([targetImage]),
    outdated: new Set(outdated),
    overridesWindow: () => false,
    redeployable: new Set(),
    scheduledActions: [],
    settings: options.settings,
    isOpen: () => true,
    graceMs: GRACE_MS,
    tickMs: TICK_MS,
    ...options.judged,
  });
  const client = {
    region: account.region,
    credentials: { accessKeyId: 'rehearsal', secretAccessKey: 'rehearsal' },
  };
  const hands: Hands = {
    account,
    ecs: new ECSClient(client),
    autoScaling: new AutoScalingClient(client),
    ec2: new EC2Client(client),
    dynamodb: new DynamoDBClient(client),
    sns: new SNSClient(client),
    cluster,
    groups,
    outdated,
    wait: (seconds) => clock.delay(seconds * 1000),
  };
  account.attach(hands.ecs, 'ECS');
  account.attach(hands.autoScaling, 'AutoScaling');
  account.attach(hands.ec2, 'EC2');
  account.attach(hands.dynamodb, 'DynamoDB');
  account.attach(hands.sns, 'SNS');
  return { hands, judge };
}
