/**
 * Our own share of AWS's request rates: the buckets are the account's, and consoles, deployments and autoscaling drink
 * from them too. Over any minute we take a quarter of what AWS's documented rate refills in it, however much of its burst,
 * half at most, goes at once: a bucket that is full refills by so much less. What is spent travels with the run from one
 * function to the next (`spentPace`), since each has a memory of its own.
 *
 * Sources: Amazon ECS developer guide, "Request throttling for the Amazon ECS API"; Amazon EC2 developer guide, "Request
 * throttling for the Amazon EC2 API" (each action has a bucket of its own); AWS general reference, Systems Manager (40
 * parameter reads a second) and CloudWatch (9 DescribeAlarms a second); Step Functions developer guide, service-quotas, the
 * smaller Regions. Auto Scaling has one bucket for all calls and publishes no figures (API reference, Welcome): 100 at once
 * and 20 a second are assumed. Elastic Load Balancing user guide, "Request throttling for the Elastic Load Balancing API" (40
 * Describe calls at once and 10 a second). The rest publish none that we know: 20 a second is assumed for reads and 5 for
 * changes, 10 for Service Quotas.
 */
import { perContainer } from './container-memory.ts';

const SHARE_OF_REFILL = 0.25;
const SHARE_OF_BURST = 0.5;
/** The minute over which the share of the refill is kept. */
const WINDOW_SECONDS = 60;
/** Of what may be taken in it, this much at once at most, so that something is left to refill. */
const SHARE_AT_ONCE = 0.5;

/** Calls at once, and calls a second after that: AWS's figures. */
interface Bucket {
  readonly burst: number;
  readonly refillPerSecond: number;
}

const READ: Bucket = { burst: 100, refillPerSecond: 20 };
const CHANGE: Bucket = { burst: 50, refillPerSecond: 5 };

const ECS_MODIFY: Bucket = { burst: 100, refillPerSecond: 40 };
const ECS_SMALL_READ: Bucket = { burst: 50, refillPerSecond: 20 };
const ECS_TAG_MODIFY: Bucket = { burst: 20, refillPerSecond: 10 };
const AUTO_SCALING: Named = ['every call', READ];
const LOAD_BALANCING: Bucket = { burst: 40, refillPerSecond: 10 };

type Named = readonly [name: string, bucket: Bucket];

/** Buckets that are not simply one of reads and one of changes, by service and operation. */
const BUCKETS: Readonly<Record<string, Readonly<Record<string, Named>>>> = {
  ECS: {
    UpdateContainerInstancesState: ['cluster resource modify', ECS_MODIFY],
    DeregisterContainerInstance: ['cluster resource modify', ECS_MODIFY],
    StopTask: ['cluster resource modify', ECS_MODIFY],
    DescribeContainerInstances: ['cluster resource read', READ],
    ListContainerInstances: ['cluster resource read', READ],
    DescribeTasks: ['cluster resource read', READ],
    ListTasks: ['cluster resource read', READ],
    DescribeServices: ['service read', READ],
    ListServices: ['service read', READ],
    UpdateService: ['service modify', CHANGE],
    DescribeServiceDeployments: ['service deployment read', ECS_SMALL_READ],
    ListServiceDeployments: ['service deployment read', ECS_SMALL_READ],
    DescribeServiceRevisions: ['service deployment read', ECS_SMALL_READ],
    DescribeClusters: ['cluster read', ECS_SMALL_READ],
    ListClusters: ['cluster read', ECS_SMALL_READ],
    DescribeCapacityProviders: ['capacity provider read', ECS_SMALL_READ],
    DescribeTaskDefinition: ['task definition read', ECS_SMALL_READ],
    ListAccountSettings: ['setting read', ECS_SMALL_READ],
    TagResource: ['tag modify', ECS_TAG_MODIFY],
    UntagResource: ['tag modify', ECS_TAG_MODIFY],
    GetTaskProtection: ['task protection', { burst: 200, refillPerSecond: 80 }],
  },
  ElasticLoadBalancingV2: {
    DescribeTargetGroups: ['read', LOAD_BALANCING],
    DescribeTargetHealth: ['read', LOAD_BALANCING],
    DescribeTargetGroupAttributes: ['read', LOAD_BALANCING],
  },
  EC2: {
    CreateLaunchTemplateVersion: ['CreateLaunchTemplateVersion', { burst: 100, refillPerSecond: 5 }],
    ModifyLaunchTemplate: ['ModifyLaunchTemplate', { burst: 100, refillPerSecond: 5 }],
  },
  SSM: { GetParameters: ['GetParameters', { burst: 40, refillPerSecond: 40 }] },
  CloudWatch: { DescribeAlarms: ['DescribeAlarms', { burst: 9, refillPerSecond: 9 }] },
  ServiceQuotas: { ListServiceQuotas: ['ListServiceQuotas', { burst: 10, refillPerSecond: 10 }] },
  SFN: {
    StartExecution: ['StartExecution', { burst: 800, refillPerSecond: 150 }],
    DescribeExecution: ['DescribeExecution', { burst: 250, refillPerSecond: 10 }],
  },
};

/** The ledger is ours alone; topics and the bus take thousands a second, and a run sends a few. */
const UNPACED = new Set(['DynamoDB', 'EventBridge', 'SNS']);

export interface Budget {
  /** Resolves when the next call of this operation (a command's class name) may go out. */
  turn(commandName: string): Promise<void>;
}

interface Level {
  readonly tokens: number;
  /** When there were so many, epoch milliseconds. */
  readonly atMs: number;
}

/** By service and bucket. */
const levels = perContainer(() => new Map<string, Level>());

/** Buckets that are not full, with the tokens in them and when there were so many (epoch milliseconds). */
export type Pace = Readonly<Record<string, readonly [tokens: number, atMs: number]>>;

/** Every bucket is full again after so long without a call. */
const REFILLED_MS = 300_000;

/** `now` in epoch milliseconds. */
export function createBudget(service: string, now: () => number): Budget {
  return {
    async turn(commandName) {
      if (UNPACED.has(service)) return;
      const [name, bucket] = bucketOf(service, commandName.replace(/Command$/, ''));
      const share = shareOf(bucket);
      const atMs = now();
      const key = `${service} ${name}`;
      const tokens = tokensIn(levels().get(key), share, atMs) - 1;
      // The token is taken before the wait, so that calls that wait together queue up instead of all waking at once.
      levels().set(key, { tokens, atMs });
      sharesUsed.set(key, share);
      if (tokens < 0) await new Promise((resolve) => setTimeout(resolve, Math.ceil(-tokens / share.perMs)));
    },
  };
}

/** What this container has spent and AWS has not refilled yet. */
export function spentPace(nowMs: number): Pace {
  const spent: Record<string, readonly [number, number]> = {};
  for (const [key, level] of levels()) {
    const share = sharesUsed.get(key);
    if (share === undefined) {
      // Another function's: it is handed on as it came.
      if (nowMs - level.atMs < REFILLED_MS) spent[key] = [level.tokens, level.atMs];
      continue;
    }
    const tokens = Math.floor(tokensIn(level, share, nowMs));
    if (tokens < share.burst) spent[key] = [tokens, nowMs];
  }
  return spent;
}

/** Goes on from what another container of the run has spent. */
export function takeUpPace(pace: Pace): void {
  for (const [key, [tokens, atMs]] of Object.entries(pace)) {
    const own = levels().get(key);
    if (own === undefined || own.atMs <= atMs) levels().set(key, { tokens, atMs });
  }
}

interface Share {
  readonly burst: number;
  readonly perMs: number;
}

/** Of the buckets that this process has used: the same in every container. */
const sharesUsed = new Map<string, Share>();

function shareOf({ burst, refillPerSecond }: Bucket): Share {
  const perWindow = refillPerSecond * SHARE_OF_REFILL * WINDOW_SECONDS;
  const atOnce = Math.floor(Math.min(burst * SHARE_OF_BURST, perWindow * SHARE_AT_ONCE));
  return { burst: atOnce, perMs: (perWindow - atOnce) / (WINDOW_SECONDS * 1000) };
}

function tokensIn(level: Level | undefined, { burst, perMs }: Share, atMs: number): number {
  return level === undefined ? burst : Math.min(burst, level.tokens + (atMs - level.atMs) * perMs);
}

function bucketOf(service: string, operation: string): Named {
  if (service === 'AutoScaling') return AUTO_SCALING;
  const named = BUCKETS[service]?.[operation];
  if (named !== undefined) return named;
  const isRead = /^(Describe|List|Get|BatchGet)/.test(operation);
  // EC2 counts each action by itself.
  return [service === 'EC2' ? operation : isRead ? 'read' : 'change', isRead ? READ : CHANGE];
}
