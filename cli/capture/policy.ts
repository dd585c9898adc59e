/** The IAM policy with which a capture can be taken: reads, nothing else (test/cli/capture-policy.test.ts, both ways). */

/** What a capture calls, by IAM's name of each service. Source of the names: the service authorization reference. */
const ACTIONS: Readonly<Record<string, readonly string[]>> = {
  ecs: [
    'DescribeCapacityProviders',
    'DescribeClusters',
    'DescribeContainerInstances',
    'DescribeServiceRevisions',
    'DescribeServices',
    'DescribeTaskDefinition',
    'DescribeTasks',
    'GetTaskProtection',
    'ListAccountSettings',
    'ListContainerInstances',
    'ListServices',
    'ListTasks',
  ],
  autoscaling: [
    'DescribeAutoScalingGroups',
    'DescribeAutoScalingInstances',
    'DescribeInstanceRefreshes',
    'DescribeLifecycleHooks',
    'DescribePolicies',
    'DescribeScheduledActions',
    'DescribeWarmPool',
  ],
  ec2: [
    'DescribeImages',
    'DescribeInstanceEventWindows',
    'DescribeInstanceStatus',
    'DescribeInstanceTypes',
    'DescribeInstances',
    'DescribeLaunchTemplateVersions',
    'DescribeSubnets',
  ],
  elasticloadbalancing: ['DescribeTargetGroupAttributes', 'DescribeTargetGroups', 'DescribeTargetHealth'],
  'application-autoscaling': ['DescribeScalableTargets', 'DescribeScalingPolicies'],
  cloudwatch: ['DescribeAlarms'],
  ecr: ['DescribeImages'],
  servicequotas: ['ListServiceQuotas'],
};

/** Services as the product's clients are named, and IAM's names of them. */
const IAM_PREFIX: Readonly<Record<string, string>> = {
  ECS: 'ecs',
  AutoScaling: 'autoscaling',
  EC2: 'ec2',
  SSM: 'ssm',
  ElasticLoadBalancingV2: 'elasticloadbalancing',
  ApplicationAutoScaling: 'application-autoscaling',
  CloudWatch: 'cloudwatch',
  ECR: 'ecr',
  ServiceQuotas: 'servicequotas',
};

/** `ECS`, `DescribeTasks` → `ecs:DescribeTasks`. */
export function actionOf(service: string, operation: string): string {
  return `${IAM_PREFIX[service] ?? service.toLowerCase()}:${operation}`;
}

interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: string | readonly string[];
}

/** `region` decides the partition; undefined: the commercial Regions'. */
export function capturePolicy(region: string | undefined): {
  readonly Version: string;
  readonly Statement: readonly Statement[];
} {
  const partition = partitionOf(region);
  return {
    Version: '2012-10-17',
    Statement: [
      {
        // Most of these take no resource in a policy, and what a cluster's hosts and tasks are called changes all day.
        Sid: 'DescribeCluster',
        Effect: 'Allow',
        Action: Object.entries(ACTIONS).flatMap(([service, operations]) =>
          operations.map((operation) => `${service}:${operation}`),
        ),
        Resource: '*',
      },
      {
        // Values of parameters: may be narrowed to those that name images. SecureStrings are never decrypted.
        Sid: 'ReadImageParameters',
        Effect: 'Allow',
        Action: ['ssm:GetParameters'],
        Resource: [`arn:${partition}:ssm:*:*:parameter/*`, `arn:${partition}:ssm:*::parameter/aws/service/*`],
      },
    ],
  };
}

function partitionOf(region = ''): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}
