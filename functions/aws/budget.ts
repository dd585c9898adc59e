/**
 * Our own share of AWS's request rates: the buckets are the account's, and consoles, deployments and autoscaling drink
 * from them too. We refill at a quarter of AWS's documented rate and hold half of its burst.
 *
 * Sources: Amazon ECS developer guide, "Request throttling for the Amazon ECS API"; Amazon EC2 developer guide, "Request
 * throttling for the Amazon EC2 API". Auto Scaling and the rest publish no figures: 20 a second is assumed for reads and 5
 * for changes, and for Elastic Load Balancing no more than 80 at once: a plan reads all target groups of a cluster together.
 */
import { perContainer } from './container-memory.ts';

const SHARE_OF_REFILL = 0.25;
const SHARE_OF_BURST = 0.5;

/** Calls at once, and calls a second after that: AWS's figures. */
interface Bucket {
  readonly burst: number;
  readonly refillPerSecond: number;
}

const READ: Bucket = { burst: 100, refillPerSecond: 20 };
const CHANGE: Bucket = { burst: 50, refillPerSecond: 5 };

/** Buckets that are not simply "reads" and "changes", by service and operation. */
const BUCKETS: Readonly<Record<string, Readonly<Record<string, readonly [name: string, bucket: Bucket]>>>> = {
  ECS: {
    UpdateContainerInstancesState: ['cluster resource modify', { burst: 100, refillPerSecond: 40 }],
    DeregisterContainerInstance: ['cluster resource modify', { burst: 100, refillPerSecond: 40 }],
    StopTask: ['cluster resource modify', { burst: 100, refillPerSecond: 40 }],
    DescribeContainerInstances: ['cluster resource read', READ],
    ListContainerInstances: ['cluster resource read', READ],
    DescribeTasks: ['cluster resource read', READ],
    ListTasks: ['cluster resource read', READ],
    DescribeServices: ['service read', READ],
    ListServices: ['service read', READ],
    DescribeClusters: ['cluster read', { burst: 50, refillPerSecond: 20 }],
    ListClusters: ['cluster read', { burst: 50, refillPerSecond: 20 }],
    DescribeCapacityProviders: ['capacity provider read', { burst: 50, refillPerSecond: 20 }],
    DescribeTaskDefinition: ['task definition read', { burst: 50, refillPerSecond: 20 }],
    GetTaskProtection: ['task protection', { burst: 200, refillPerSecond: 80 }],
  },
  ElasticLoadBalancingV2: {
    DescribeTargetHealth: ['read', { burst: 80, refillPerSecond: 20 }],
    DescribeTargetGroupAttributes: ['read', { burst: 80, refillPerSecond: 20 }],
  },
  EC2: {
    CreateLaunchTemplateVersion: ['CreateLaunchTemplateVersion', { burst: 100, refillPerSecond: 5 }],
    ModifyLaunchTemplate: ['ModifyLaunchTemplate', { burst: 100, refillPerSecond: 5 }],
  },
};

/** Services that have no such limits: the ledger, the bus, topics. */
const UNPACED = new Set(['DynamoDB', 'EventBridge', 'SNS', 'SFN']);

export interface Budget {
  /** Resolves when the next call of this operation (a command's class name) may go out. */
  turn(commandName: string): Promise<void>;
}

/** `now` in epoch milliseconds. */
export function createBudget(service: string, now: () => number): Budget {
  const levels = perContainer(new Map<string, { tokens: number; atMs: number }>());
  return {
    async turn(commandName) {
      if (UNPACED.has(service)) return;
      const operation = commandName.replace(/Command$/, '');
      const [name, bucket] = bucketOf(service, operation);
      const burst = bucket.burst * SHARE_OF_BURST;
      const perMs = (bucket.refillPerSecond * SHARE_OF_REFILL) / 1000;
      const atMs = now();
      const level = levels.get(name) ?? { tokens: burst, atMs };
      const tokens = Math.min(burst, level.tokens + (atMs - level.atMs) * perMs) - 1;
      // The token is taken before the wait, so that calls that wait together queue up instead of all waking at once.
      levels.set(name, { tokens, atMs });
      if (tokens < 0) await new Promise((resolve) => setTimeout(resolve, Math.ceil(-tokens / perMs)));
    },
  };
}

function bucketOf(service: string, operation: string): readonly [string, Bucket] {
  const named = BUCKETS[service]?.[operation];
  if (named !== undefined) return named;
  return /^(Describe|List|Get|BatchGet)/.test(operation) ? ['read', READ] : ['change', CHANGE];
}
