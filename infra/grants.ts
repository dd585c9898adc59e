/**
 * What each handler may do: the actions it calls and the resources they can be narrowed to. `{table}`, `{topic}` … are
 * put in by the stack. Actions that AWS lets nobody narrow carry `*` as resource, never as action.
 *
 * Source of the scoping: the service authorization reference of each service; where a row says `*`, that reference
 * lists no resource type for the action.
 */

export const FUNCTION_NAMES = [
  'trigger',
  'plan',
  'prepare',
  'assess',
  'register',
  'drain',
  'terminate',
  'restore',
  'report',
  'sweep',
] as const;

export type FunctionName = (typeof FUNCTION_NAMES)[number];

export interface Grant {
  readonly sid: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const ECS = 'arn:{partition}:ecs:{region}:{account}';
const GROUPS = 'arn:{partition}:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/*';
const TEMPLATES = 'arn:{partition}:ec2:{region}:{account}:launch-template/*';

const trace: Grant = {
  sid: 'Trace',
  actions: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'],
  resources: ['*'],
};

const ledger: Grant = {
  sid: 'Ledger',
  actions: [
    'dynamodb:GetItem',
    'dynamodb:PutItem',
    'dynamodb:UpdateItem',
    'dynamodb:DeleteItem',
    'dynamodb:Query',
  ],
  resources: ['{table}'],
};

const readCluster: readonly Grant[] = [
  {
    sid: 'ReadEcs',
    actions: [
      'ecs:DescribeClusters',
      'ecs:DescribeContainerInstances',
      'ecs:DescribeTasks',
      'ecs:DescribeServices',
      'ecs:GetTaskProtection',
    ],
    resources: [`${ECS}:cluster/*`, `${ECS}:container-instance/*`, `${ECS}:task/*`, `${ECS}:service/*`],
  },
  {
    sid: 'ListEcs',
    actions: [
      'ecs:ListContainerInstances',
      'ecs:ListTasks',
      'ecs:ListServices',
      'ecs:DescribeTaskDefinition',
      'ecs:DescribeCapacityProviders',
    ],
    resources: ['*'],
  },
  {
    sid: 'ReadGroups',
    actions: [
      'autoscaling:DescribeAutoScalingGroups',
      'autoscaling:DescribeAutoScalingInstances',
      'autoscaling:DescribeScalingActivities',
      'autoscaling:DescribeScheduledActions',
      'autoscaling:DescribeLifecycleHooks',
      'autoscaling:DescribeInstanceRefreshes',
      'autoscaling:DescribeWarmPool',
    ],
    resources: ['*'],
  },
  {
    sid: 'ReadEc2',
    actions: [
      'ec2:DescribeInstances',
      'ec2:DescribeInstanceStatus',
      'ec2:DescribeInstanceAttribute',
      'ec2:DescribeImages',
      'ec2:DescribeInstanceTypes',
      'ec2:DescribeSubnets',
      'ec2:DescribeLaunchTemplates',
      'ec2:DescribeLaunchTemplateVersions',
    ],
    resources: ['*'],
  },
  {
    sid: 'ReadHealth',
    actions: [
      'elasticloadbalancing:DescribeTargetHealth',
      'elasticloadbalancing:DescribeTargetGroups',
      'elasticloadbalancing:DescribeTargetGroupAttributes',
      'cloudwatch:DescribeAlarms',
    ],
    resources: ['*'],
  },
];

const readImages: readonly Grant[] = [
  {
    sid: 'ReadParameters',
    actions: ['ssm:GetParameter', 'ssm:GetParameters'],
    resources: [
      'arn:{partition}:ssm:{region}:{account}:parameter/*',
      'arn:{partition}:ssm:{region}::parameter/aws/service/*',
    ],
  },
  {
    sid: 'ReadDigests',
    actions: ['ecr:DescribeImages'],
    resources: ['arn:{partition}:ecr:{region}:{account}:repository/*'],
  },
  { sid: 'ReadQuotas', actions: ['servicequotas:ListServiceQuotas'], resources: ['*'] },
];

const changeGroups = (...actions: string[]): Grant => ({ sid: 'ChangeGroups', actions, resources: [GROUPS] });

/** A group update that names a template needs what the launch itself needs. */
const launchWithTemplate: Grant = {
  sid: 'LaunchWithTemplate',
  actions: ['ec2:RunInstances', 'ec2:CreateTags'],
  resources: ['arn:{partition}:ec2:{region}:{account}:*', 'arn:{partition}:ec2:{region}::image/*'],
  conditions: { StringEquals: { 'aws:CalledViaLast': 'autoscaling.amazonaws.com' } },
};

const notify: readonly Grant[] = [
  { sid: 'Notify', actions: ['sns:Publish'], resources: ['{topic}'] },
  { sid: 'NotifyKey', actions: ['kms:GenerateDataKey', 'kms:Decrypt'], resources: ['{key}'] },
  {
    sid: 'Events',
    actions: ['events:PutEvents'],
    resources: ['arn:{partition}:events:{region}:{account}:event-bus/default'],
  },
];

const startRuns: readonly Grant[] = [
  { sid: 'StartRuns', actions: ['states:StartExecution'], resources: ['{stateMachine}'] },
  {
    sid: 'WatchRuns',
    actions: ['states:DescribeExecution'],
    resources: ['arn:{partition}:states:{region}:{account}:execution:ecs-rollover:*'],
  },
];

const findClusters: Grant = {
  sid: 'FindClusters',
  actions: ['ecs:ListClusters', 'ecs:DescribeClusters'],
  resources: ['*'],
};

const GRANTS: Readonly<Record<FunctionName, readonly Grant[]>> = {
  trigger: [
    ledger,
    findClusters,
    ...readImages.slice(0, 1),
    {
      sid: 'ReadBuiltImage',
      actions: ['imagebuilder:GetImage'],
      resources: ['arn:{partition}:imagebuilder:{region}:{account}:image/*'],
    },
    ...startRuns,
  ],
  plan: [ledger, ...readCluster, ...readImages, ...startRuns.slice(1), ...notify],
  prepare: [
    ledger,
    ...readCluster,
    ...readImages,
    ...startRuns.slice(1),
    changeGroups(
      'autoscaling:UpdateAutoScalingGroup',
      'autoscaling:SuspendProcesses',
      'autoscaling:SetInstanceProtection',
    ),
    {
      sid: 'PinTemplate',
      actions: ['ec2:CreateLaunchTemplateVersion', 'ec2:ModifyLaunchTemplate'],
      resources: [TEMPLATES],
    },
    launchWithTemplate,
    ...notify,
  ],
  assess: [ledger, ...readCluster, ...notify],
  register: [
    ledger,
    ...readCluster,
    changeGroups('autoscaling:UpdateAutoScalingGroup', 'autoscaling:SetInstanceProtection'),
  ],
  drain: [
    ledger,
    ...readCluster,
    {
      sid: 'ChangeHosts',
      actions: ['ecs:UpdateContainerInstancesState', 'ecs:StopTask', 'ecs:DeregisterContainerInstance'],
      resources: [`${ECS}:container-instance/*`, `${ECS}:task/*`, `${ECS}:cluster/*`],
    },
  ],
  terminate: [
    ledger,
    ...readCluster,
    changeGroups('autoscaling:UpdateAutoScalingGroup', 'autoscaling:TerminateInstanceInAutoScalingGroup'),
    { sid: 'ForgetGhosts', actions: ['ecs:DeregisterContainerInstance'], resources: [`${ECS}:cluster/*`] },
  ],
  restore: [
    ledger,
    ...readCluster,
    ...readImages.slice(0, 1),
    changeGroups(
      'autoscaling:UpdateAutoScalingGroup',
      'autoscaling:ResumeProcesses',
      'autoscaling:SetInstanceProtection',
      'autoscaling:TerminateInstanceInAutoScalingGroup',
    ),
    {
      sid: 'ReturnHosts',
      actions: ['ecs:UpdateContainerInstancesState'],
      resources: [`${ECS}:container-instance/*`],
    },
    {
      sid: 'ReturnTemplate',
      actions: ['ec2:CreateLaunchTemplateVersion', 'ec2:ModifyLaunchTemplate'],
      resources: [TEMPLATES],
    },
    launchWithTemplate,
    ...notify,
  ],
  report: [ledger, ...readCluster.slice(2, 4), ...notify],
  sweep: [ledger, findClusters, ...readCluster, ...readImages.slice(0, 1), ...startRuns, ...notify],
};

/** Everything that a handler's role holds. */
export function grantsOf(name: FunctionName): readonly Grant[] {
  return [trace, ...GRANTS[name]];
}
