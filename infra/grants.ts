/**
 * What each handler may do: the calls that its code can make (test/infra/grants.test.ts reads them from the bundles, both
 * ways), each narrowed to the resources that AWS lets it be narrowed to (infra/scopes.ts), and what AWS asks for besides.
 */
import { type Scope, scopeOf } from './scopes.ts';

export const FUNCTION_NAMES = [
  'trigger',
  'plan',
  'drill',
  'prepare',
  'assess',
  'register',
  'drain',
  'terminate',
  'restore',
  'report',
  'redeploy',
  'sweep',
] as const;

export type FunctionName = (typeof FUNCTION_NAMES)[number];

export interface Grant extends Scope {
  readonly actions: readonly string[];
}

const LEDGER = actions('dynamodb: BatchWriteItem DeleteItem GetItem PutItem Query');

/** Which clusters there are, opted in or not, and which image each launches. */
const FIND_CLUSTERS = actions(
  'ecs: DescribeCapacityProviders DescribeClusters DescribeContainerInstances ListClusters ListContainerInstances',
  'autoscaling: DescribeAutoScalingGroups DescribeAutoScalingInstances',
  'ec2: DescribeLaunchTemplateVersions',
  'ssm: GetParameters',
);

/** The facts of one tick. */
const READ_CLUSTER = actions(
  'ecs: DescribeCapacityProviders DescribeClusters DescribeContainerInstances DescribeServices DescribeTaskDefinition',
  'ecs: DescribeTasks GetTaskProtection ListContainerInstances ListServices ListTasks',
  'autoscaling: DescribeAutoScalingGroups DescribeAutoScalingInstances DescribeInstanceRefreshes',
  'autoscaling: DescribeLifecycleHooks DescribeScalingActivities DescribeScheduledActions',
  'ec2: DescribeInstanceAttribute DescribeInstanceStatus DescribeInstances DescribeInstanceTypes',
  'ec2: DescribeLaunchTemplateVersions DescribeSubnets',
  'elasticloadbalancing: DescribeTargetGroupAttributes DescribeTargetHealth',
  'cloudwatch: DescribeAlarms',
);

/** What only a plan reads, once. */
const READ_FOR_PLAN = actions(
  'ecs: ListAccountSettings',
  'autoscaling: DescribeWarmPool',
  'ec2: DescribeImages',
  'ecr: DescribeImages',
  'servicequotas: ListServiceQuotas',
  'ssm: GetParameters',
  'states: DescribeExecution',
);

/** What became of hosts and tasks that a notice names. */
const READ_NAMED = actions('ec2: DescribeInstanceStatus DescribeInstances', 'ecs: DescribeTasks');

/** What the rollover command looks at under the role of whoever runs it. */
export const READS_OF_PEOPLE: readonly string[] = [
  ...new Set([...FIND_CLUSTERS, ...READ_CLUSTER, ...READ_FOR_PLAN]),
].filter((action) => !action.startsWith('states:'));

const TELL = actions('sns: Publish', 'events: PutEvents');
const START_RUNS = actions('states: DescribeExecution StartExecution');

const CALLS: Readonly<Record<FunctionName, readonly string[]>> = {
  trigger: [
    ...LEDGER,
    ...FIND_CLUSTERS,
    ...READ_NAMED,
    ...START_RUNS,
    ...TELL,
    ...actions('imagebuilder: GetImage'),
  ],
  plan: [...LEDGER, ...READ_CLUSTER, ...READ_FOR_PLAN],
  drill: [
    ...LEDGER,
    ...actions(
      'ecs: DescribeClusters DescribeContainerInstances DescribeServices DescribeTaskDefinition DescribeTasks',
      'ecs: GetTaskProtection ListTasks StopTask',
      'ecr: DescribeImages',
      'elasticloadbalancing: DescribeTargetHealth',
    ),
  ],
  prepare: [
    ...LEDGER,
    ...READ_CLUSTER,
    ...READ_FOR_PLAN,
    ...TELL,
    ...actions(
      'autoscaling: DeleteWarmPool DescribePolicies SuspendProcesses UpdateAutoScalingGroup',
      'ec2: CreateLaunchTemplateVersion',
    ),
  ],
  assess: [...LEDGER, ...READ_CLUSTER, ...TELL, ...START_RUNS],
  register: [...LEDGER, ...actions('autoscaling: UpdateAutoScalingGroup')],
  drain: [
    ...LEDGER,
    ...actions('ecs: DescribeContainerInstances StopTask UpdateContainerInstancesState'),
    ...actions('ecs: TagResource UntagResource'),
  ],
  terminate: [
    ...LEDGER,
    ...actions(
      'ecs: DeregisterContainerInstance DescribeContainerInstances DescribeServices DescribeTasks',
      'ecs: ListContainerInstances ListTasks',
      'autoscaling: DescribeAutoScalingGroups DescribeAutoScalingInstances',
      'autoscaling: TerminateInstanceInAutoScalingGroup UpdateAutoScalingGroup',
      'ec2: DescribeInstanceAttribute DescribeInstances',
    ),
  ],
  restore: [
    ...LEDGER,
    ...TELL,
    ...actions(
      'ecs: DescribeClusters DescribeContainerInstances ListContainerInstances UntagResource UpdateContainerInstancesState',
      'autoscaling: DescribeAutoScalingGroups DescribeAutoScalingInstances DescribeInstanceRefreshes',
      'autoscaling: PutWarmPool ResumeProcesses SetInstanceProtection UpdateAutoScalingGroup',
      'ec2: DeleteLaunchTemplateVersions DescribeLaunchTemplateVersions ModifyLaunchTemplate',
    ),
  ],
  report: [...LEDGER, ...TELL],
  redeploy: [
    ...LEDGER,
    ...TELL,
    ...actions(
      'ecs: DescribeClusters DescribeServices DescribeTaskDefinition DescribeTasks ListAccountSettings ListTasks',
      'ecs: UpdateService',
      'ec2: DescribeInstanceEventWindows',
      'ecr: DescribeImages',
      'elasticloadbalancing: DescribeTargetHealth',
    ),
  ],
  sweep: [
    ...LEDGER,
    ...FIND_CLUSTERS,
    ...READ_NAMED,
    ...START_RUNS,
    ...TELL,
    ...actions('ec2: DescribeInstances', 'states: ListExecutions'),
  ],
};

/** Who gives a group a version of a template. */
const NAMES_TEMPLATES: readonly FunctionName[] = ['prepare', 'restore'];

/** Which have a queue before them. */
const QUEUED: readonly FunctionName[] = ['trigger', 'sweep'];

const TEMPLATE_PERMISSIONS =
  'Amazon EC2 Auto Scaling user guide, ec2-auto-scaling-launch-template-permissions';

/** Actions that no code of ours calls, and why they are granted all the same. */
export const BESIDES: readonly {
  readonly action: string;
  readonly of: readonly FunctionName[];
  readonly because: string;
  /** Where AWS says so. */
  readonly source: string;
}[] = [
  ...actions('xray: PutTelemetryRecords PutTraceSegments').map((action) => ({
    action,
    of: FUNCTION_NAMES,
    because: 'Lambda sends its traces under the role of the function (active tracing)',
    source: 'AWS Lambda developer guide, services-xray',
  })),
  ...actions('kms: Decrypt GenerateDataKey').map((action) => ({
    action,
    of: FUNCTION_NAMES.filter((name) => CALLS[name].includes('sns:Publish')),
    because: 'the topic is encrypted with our key: SNS uses it as the publisher',
    source: 'Amazon SNS developer guide, sns-key-management',
  })),
  ...actions('sqs: DeleteMessage GetQueueAttributes ReceiveMessage').map((action) => ({
    action,
    of: QUEUED,
    because: "Lambda's poller reads the handler's queue under the role of the function",
    source: 'AWS Lambda developer guide, services-sqs-configure',
  })),
  {
    action: 'ec2:RunInstances',
    of: NAMES_TEMPLATES,
    because:
      'Auto Scaling asks whether the caller may launch what a template says, when a group gets a version of it',
    source: TEMPLATE_PERMISSIONS,
  },
  {
    action: 'ec2:CreateTags',
    of: NAMES_TEMPLATES,
    because: 'the same, where the template has tags',
    source: TEMPLATE_PERMISSIONS,
  },
  {
    action: 'iam:PassRole',
    of: NAMES_TEMPLATES,
    because: 'the same, where the template has an instance profile, as every template of an ECS host has',
    source: TEMPLATE_PERMISSIONS,
  },
  {
    action: 'ssm:GetParameters',
    of: ['restore'],
    because: 'the same, where the template says resolve:ssm: for its image',
    source: 'Amazon EC2 Auto Scaling user guide, using-systems-manager-parameters',
  },
];

/** Everything that a handler's role holds: one statement for each scope. */
export function grantsOf(name: FunctionName): readonly Grant[] {
  const besides = BESIDES.filter(({ of }) => of.includes(name)).map(({ action }) => action);
  const all = [...new Set([...CALLS[name], ...besides])];
  const scopes = new Map<string, Grant>();
  for (const action of all) {
    const scope = scopeOf(action, name);
    const key = JSON.stringify(scope);
    scopes.set(key, { ...scope, actions: [...(scopes.get(key)?.actions ?? []), action].sort() });
  }
  return [...scopes.values()];
}

/** `'ecs: ListTasks StopTask'` → `['ecs:ListTasks', 'ecs:StopTask']`. */
export function actions(...lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => {
    const [service = '', ...names] = line.split(/:? /);
    return names.map((name) => `${service}:${name}`);
  });
}
