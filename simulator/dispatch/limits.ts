/**
 * Which calls share a token bucket, how big it is and what AWS answers when it is empty.
 *
 * Sources: Amazon ECS API reference, request throttling (ECS); Amazon EC2 developer guide, ec2-api-throttling (EC2);
 * Step Functions developer guide, service-quotas (the smaller of the documented Regions); AWS general reference, Systems
 * Manager and CloudWatch quotas. Auto Scaling's API reference says one bucket for all its APIs but no numbers, Elastic
 * Load Balancing likewise: those two sizes are assumptions.
 */
import type { ServiceName } from '../world.ts';
import type { BucketSize } from './token-bucket.ts';

export interface Toll {
  readonly bucket: string;
  readonly size: BucketSize;
  /** Tokens that this call costs. */
  readonly tokens: number;
}

const size = (burst: number, refillPerSecond: number): BucketSize => ({ burst, refillPerSecond });

interface Shared {
  readonly bucket: string;
  readonly size: BucketSize;
  readonly operations: readonly string[];
}

const ECS: readonly Shared[] = [
  {
    bucket: 'ECS cluster resource modify',
    size: size(100, 40),
    operations: [
      'UpdateContainerInstancesState',
      'DeregisterContainerInstance',
      'StopTask',
      'RunTask',
      'StartTask',
      'PutAttributes',
      'DeleteAttributes',
    ],
  },
  {
    bucket: 'ECS cluster resource read',
    size: size(100, 20),
    operations: [
      'DescribeContainerInstances',
      'ListContainerInstances',
      'DescribeTasks',
      'ListTasks',
      'ListAttributes',
    ],
  },
  {
    bucket: 'ECS service read',
    size: size(100, 20),
    operations: ['DescribeServices', 'ListServices', 'DescribeTaskSets'],
  },
  {
    bucket: 'ECS service modify',
    size: size(50, 5),
    operations: ['UpdateService', 'CreateService', 'DeleteService'],
  },
  {
    bucket: 'ECS service deployment read',
    size: size(50, 20),
    operations: ['DescribeServiceDeployments', 'ListServiceDeployments', 'DescribeServiceRevisions'],
  },
  { bucket: 'ECS cluster read', size: size(50, 20), operations: ['DescribeClusters', 'ListClusters'] },
  {
    bucket: 'ECS cluster modify',
    size: size(20, 1),
    operations: [
      'CreateCluster',
      'DeleteCluster',
      'UpdateCluster',
      'UpdateClusterSettings',
      'PutClusterCapacityProviders',
    ],
  },
  {
    bucket: 'ECS capacity provider read',
    size: size(50, 20),
    operations: ['DescribeCapacityProviders'],
  },
  {
    bucket: 'ECS capacity provider modify',
    size: size(10, 1),
    operations: ['CreateCapacityProvider', 'UpdateCapacityProvider', 'DeleteCapacityProvider'],
  },
  {
    bucket: 'ECS task definition read',
    size: size(50, 20),
    operations: ['DescribeTaskDefinition', 'ListTaskDefinitions', 'ListTaskDefinitionFamilies'],
  },
  {
    bucket: 'ECS task protection',
    size: size(200, 80),
    operations: ['GetTaskProtection', 'UpdateTaskProtection'],
  },
  { bucket: 'ECS setting read', size: size(50, 20), operations: ['ListAccountSettings'] },
  { bucket: 'ECS tag modify', size: size(20, 10), operations: ['TagResource', 'UntagResource'] },
  {
    bucket: 'ECS list services by namespace',
    size: size(10, 1),
    operations: ['ListServicesByNamespace'],
  },
];

/** EC2 counts each action by itself. */
const EC2: Readonly<Record<string, BucketSize>> = {
  RunInstances: size(5, 2),
  StartInstances: size(5, 2),
  TerminateInstances: size(100, 5),
  CreateTags: size(100, 10),
  CreateLaunchTemplateVersion: size(100, 5),
  ModifyLaunchTemplate: size(100, 5),
};
const EC2_READ = size(100, 20);
const EC2_UNFILTERED_READ = size(50, 10);
const EC2_MUTATION = size(50, 5);

const AUTO_SCALING = size(100, 20);
const LOAD_BALANCING_READ = size(40, 10);

const OTHERS: Readonly<Record<string, BucketSize>> = {
  'SFN.StartExecution': size(800, 150),
  'SFN.DescribeExecution': size(250, 10),
  'SFN.StopExecution': size(500, 25),
  'SFN.ListExecutions': size(100, 2),
  'SSM.GetParameter': size(40, 40),
  'SSM.GetParameters': size(40, 40),
  'SSM.PutParameter': size(3, 3),
  'CloudWatch.DescribeAlarms': size(9, 9),
};

const ECS_BY_OPERATION = new Map(
  ECS.flatMap((shared) => shared.operations.map((operation) => [operation, shared] as const)),
);

/** What this call costs; empty = no published limit that a rollover could meet. */
export function tollsOf(service: ServiceName, operation: string, input: unknown): readonly Toll[] {
  switch (service) {
    case 'ECS': {
      const shared = ECS_BY_OPERATION.get(operation);
      return shared ? [{ bucket: shared.bucket, size: shared.size, tokens: 1 }] : [];
    }
    case 'EC2':
      return ec2Tolls(operation, input as Readonly<Record<string, unknown>>);
    case 'AutoScaling':
      return [{ bucket: 'AutoScaling', size: AUTO_SCALING, tokens: 1 }];
    case 'ElasticLoadBalancingV2':
      return [{ bucket: 'ElasticLoadBalancingV2 read', size: LOAD_BALANCING_READ, tokens: 1 }];
    default: {
      const own = OTHERS[`${service}.${operation}`];
      return own ? [{ bucket: `${service}.${operation}`, size: own, tokens: 1 }] : [];
    }
  }
}

/** The code of an empty bucket: each service has its own. */
export function throttleErrorOf(service: ServiceName): { readonly name: string; readonly message: string } {
  switch (service) {
    case 'EC2':
      return { name: 'RequestLimitExceeded', message: 'Request limit exceeded.' };
    case 'AutoScaling':
    case 'CloudWatch':
    case 'ElasticLoadBalancingV2':
      return { name: 'Throttling', message: 'Rate exceeded' };
    default:
      return { name: 'ThrottlingException', message: 'Rate exceeded' };
  }
}

/**
 * A second code of the same: the SDK's retry does not know it as a throttle. Source: Amazon EC2 Auto Scaling API
 * reference, Welcome, "API request rate" (`Throttling` or `RateExceeded`).
 */
export const OTHER_THROTTLE_CODE: Partial<Record<ServiceName, string>> = { AutoScaling: 'RateExceeded' };

function ec2Tolls(operation: string, input: Readonly<Record<string, unknown>>): readonly Toll[] {
  const tolls: Toll[] = [];
  const unfiltered =
    (operation === 'DescribeInstances' || operation === 'DescribeInstanceStatus') &&
    !hasItems(input.InstanceIds) &&
    !hasItems(input.Filters);
  if (unfiltered) {
    tolls.push({ bucket: `EC2.${operation} unfiltered`, size: EC2_UNFILTERED_READ, tokens: 1 });
  } else {
    const usual = operation.startsWith('Describe') || operation.startsWith('Get') ? EC2_READ : EC2_MUTATION;
    tolls.push({ bucket: `EC2.${operation}`, size: EC2[operation] ?? usual, tokens: 1 });
  }
  // Resource-rate limiting: a second bucket counts the instances of the call.
  if (operation === 'RunInstances') {
    tolls.push({
      bucket: 'EC2 resources launched',
      size: size(1000, 2),
      tokens: Math.max(1, Number(input.MinCount ?? 1)),
    });
  }
  if (operation === 'TerminateInstances' && Array.isArray(input.InstanceIds)) {
    tolls.push({
      bucket: 'EC2 resources terminated',
      size: size(1000, 20),
      tokens: Math.max(1, input.InstanceIds.length),
    });
  }
  return tolls;
}

function hasItems(list: unknown): boolean {
  return Array.isArray(list) && list.length > 0;
}
