/**
 * To which resources each action is narrowed. `{table}`, `{key}`, `{region}` … are put in by the stack.
 *
 * Source: the service authorization reference of each service, of which test/infra/authorization-reference.json holds our
 * actions. One that is not named here stands for `*`, because that reference lists no resource type for it.
 *
 * Clusters, groups, templates and parameters are whichever opt in later, by their tags, so their names are not known here:
 * which of them are touched is what tags, guardrails and the ledger's claim decide.
 */
export interface Scope {
  readonly resources: readonly string[];
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const arn = (service: string, resource: string) =>
  `arn:{partition}:${service}:{region}:{account}:${resource}`;

const CLUSTER: Scope = { resources: [arn('ecs', 'cluster/*')] };
const HOST: Scope = { resources: [arn('ecs', 'container-instance/*')] };
const TASK: Scope = { resources: [arn('ecs', 'task/*')] };
const GROUP: Scope = { resources: [arn('autoscaling', 'autoScalingGroup:*:autoScalingGroupName/*')] };
const TEMPLATE: Scope = { resources: [arn('ec2', 'launch-template/*')] };
/** `ecs:ListServices` has no resource, and `ecs:ListTasks` one that is not always named: both know their cluster. */
const OF_CLUSTERS: Scope = {
  resources: ['*'],
  conditions: { ArnLike: { 'ecs:cluster': arn('ecs', 'cluster/*') } },
};
const TABLE: Scope = { resources: ['{table}'] };
const KEY: Scope = { resources: ['{key}'] };

const SCOPES: Readonly<Record<string, Scope>> = {
  'dynamodb:BatchWriteItem': TABLE,
  'dynamodb:DeleteItem': TABLE,
  'dynamodb:GetItem': TABLE,
  'dynamodb:PutItem': TABLE,
  'dynamodb:Query': TABLE,
  'ecs:DescribeClusters': CLUSTER,
  'ecs:ListContainerInstances': CLUSTER,
  'ecs:DeregisterContainerInstance': CLUSTER,
  'ecs:DescribeContainerInstances': HOST,
  'ecs:UpdateContainerInstancesState': HOST,
  'ecs:TagResource': HOST,
  'ecs:UntagResource': HOST,
  'ecs:ListServices': OF_CLUSTERS,
  'ecs:ListTasks': OF_CLUSTERS,
  'ecs:DescribeTasks': TASK,
  'ecs:GetTaskProtection': TASK,
  'ecs:StopTask': TASK,
  'ecs:UpdateService': { resources: [arn('ecs', 'service/*')] },
  'ecs:DescribeServices': { resources: [arn('ecs', 'service/*')] },
  'ecs:DescribeCapacityProviders': { resources: [arn('ecs', 'capacity-provider/*')] },
  'autoscaling:DeleteWarmPool': GROUP,
  'autoscaling:PutWarmPool': GROUP,
  'autoscaling:ResumeProcesses': GROUP,
  'autoscaling:SetInstanceProtection': GROUP,
  'autoscaling:SuspendProcesses': GROUP,
  'autoscaling:TerminateInstanceInAutoScalingGroup': GROUP,
  'autoscaling:UpdateAutoScalingGroup': GROUP,
  'cloudwatch:DescribeAlarms': { resources: [arn('cloudwatch', 'alarm:*')] },
  'ec2:DescribeInstanceAttribute': { resources: [arn('ec2', 'instance/*')] },
  'ec2:CreateLaunchTemplateVersion': TEMPLATE,
  'ec2:DeleteLaunchTemplateVersions': TEMPLATE,
  'ec2:ModifyLaunchTemplate': TEMPLATE,
  // Only for a launch from a template; by itself the function launches nothing.
  'ec2:RunInstances': {
    resources: [
      arn('ec2', '*/*'),
      'arn:{partition}:ec2:{region}::image/*',
      'arn:{partition}:ec2:{region}::snapshot/*',
      arn('resource-groups', 'group/*'),
      arn('license-manager', 'license-configuration:*'),
    ],
    conditions: { ArnLike: { 'ec2:LaunchTemplate': arn('ec2', 'launch-template/*') } },
  },
  'ec2:CreateTags': {
    resources: ['instance/*', 'network-interface/*', 'spot-instances-request/*', 'volume/*'].map((resource) =>
      arn('ec2', resource),
    ),
    conditions: { StringEquals: { 'ec2:CreateAction': 'RunInstances' } },
  },
  'iam:PassRole': {
    resources: ['{instanceRoles}'],
    conditions: { StringLike: { 'iam:PassedToService': 'ec2.amazonaws.com*' } },
  },
  'ssm:GetParameters': {
    resources: [arn('ssm', 'parameter/*'), 'arn:{partition}:ssm:{region}::parameter/aws/service/*'],
  },
  'ecr:DescribeImages': { resources: [arn('ecr', 'repository/*')] },
  'imagebuilder:GetImage': { resources: [arn('imagebuilder', 'image/*')] },
  'states:StartExecution': { resources: ['{stateMachine}', '{retirementMachine}'] },
  'states:ListExecutions': { resources: ['{stateMachine}'] },
  'states:DescribeExecution': {
    resources: [
      arn('states', 'execution:ecs-rollover:*'),
      arn('states', 'execution:ecs-rollover-retirement:*'),
    ],
  },
  // The setting notificationTopicArn may name any topic of the account.
  'sns:Publish': { resources: [arn('sns', '*')] },
  'events:PutEvents': {
    resources: [arn('events', 'event-bus/default')],
    conditions: { StringEquals: { 'events:source': 'ecs-rollover' } },
  },
  'kms:Decrypt': KEY,
  'kms:GenerateDataKey': KEY,
};

/** Where this function may use this action; `*` for those that AWS lets nobody narrow. */
export function scopeOf(action: string, functionName: string): Scope {
  if (action.startsWith('sqs:')) return { resources: [`{${functionName}Queue}`] };
  return SCOPES[action] ?? { resources: ['*'] };
}

/** Actions that are narrowed. */
export const NARROWED: readonly string[] = Object.keys(SCOPES);
