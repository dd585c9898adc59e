/**
 * What both accounts are asked, in this order: the calls that the product makes, with the arguments that it gives, and with
 * those that AWS refuses. Reads come first, on a cluster that both describe in the same words; then what changes something.
 */
import { CLUSTER, GROUP, INSTANCE_TYPE, TEMPLATE } from '../world/cluster.ts';

/** What of the cluster the questions name. */
export interface Names {
  /** ARNs, sorted. */
  readonly hosts: readonly string[];
  readonly tasks: readonly string[];
  readonly instanceIds: readonly string[];
  readonly templateId: string;
  readonly subnetId: string;
  readonly newImage: string;
  readonly machineArn: string;
  readonly table: string;
  readonly topicArn: string;
  readonly targetGroupArn: string;
}

export const SERVICES = [
  'ECS',
  'AutoScaling',
  'EC2',
  'SSM',
  'DynamoDB',
  'SFN',
  'SNS',
  'EventBridge',
  'CloudWatch',
  'ElasticLoadBalancingV2',
  'ECR',
] as const;
export type Service = (typeof SERVICES)[number];

export interface Ask {
  readonly service: Service;
  readonly operation: string;
  /** What is special about it; empty for the plain call. */
  readonly how: string;
  /** Something has changed before: the accounts are no longer in the same moment. */
  readonly isLater?: boolean;
  readonly input: object;
}

/** A public one that both have. */
export const PARAMETER = '/aws/service/ecs/optimized-ami/amazon-linux-2/recommended/image_id';

const NOBODY = 'nobody';
const UNKNOWN_ID = '00000000-0000-4000-8000-000000000000';
const UNKNOWN_INSTANCE = 'i-0badbadbadbadbad0';
const IN_CLUSTER = { cluster: CLUSTER };
const IN_GROUP = { AutoScalingGroupName: GROUP };

export function asks(names: Names): readonly Ask[] {
  return [
    ...reads(names),
    ...ledger(names),
    ...runs(names),
    ...refusals(names),
    ...[...changes(names), ...refusedInVain(names)].map((ask) => ({ ...ask, isLater: true })),
  ];
}

function reads(names: Names): Ask[] {
  const ecs = asker('ECS');
  const autoScaling = asker('AutoScaling');
  const ec2 = asker('EC2');
  const { hosts, tasks, instanceIds, templateId: LaunchTemplateId } = names;
  return [
    ecs('ListClusters'),
    ecs('DescribeClusters', { clusters: [CLUSTER], include: ['TAGS', 'SETTINGS'] }),
    ecs('DescribeCapacityProviders', { capacityProviders: [GROUP] }),
    ecs('ListContainerInstances', IN_CLUSTER),
    ecs('ListContainerInstances', { ...IN_CLUSTER, status: 'DRAINING' }, 'status DRAINING'),
    ecs('ListContainerInstances', { ...IN_CLUSTER, maxResults: 2 }, 'maxResults 2'),
    ecs(
      'ListContainerInstances',
      { ...IN_CLUSTER, filter: `ec2InstanceId in ['${instanceIds[0]}']` },
      'filter',
    ),
    ecs('DescribeContainerInstances', { ...IN_CLUSTER, containerInstances: hosts, include: ['TAGS'] }),
    ecs('ListTasks', IN_CLUSTER),
    ecs('ListTasks', { ...IN_CLUSTER, maxResults: 2 }, 'maxResults 2'),
    ecs('ListTasks', { ...IN_CLUSTER, containerInstance: hosts[0] }, 'containerInstance'),
    ecs('ListTasks', { ...IN_CLUSTER, serviceName: 'web' }, 'serviceName'),
    ecs('ListTasks', { ...IN_CLUSTER, desiredStatus: 'STOPPED' }, 'desiredStatus STOPPED'),
    ecs('DescribeTasks', { ...IN_CLUSTER, tasks, include: ['TAGS'] }),
    ecs('ListServices', IN_CLUSTER),
    ecs('ListServices', { ...IN_CLUSTER, maxResults: 1 }, 'maxResults 1'),
    ecs('DescribeServices', { ...IN_CLUSTER, services: ['web', 'logs'], include: ['TAGS'] }),
    ecs('DescribeTaskDefinition', { taskDefinition: 'web:1' }),
    ecs('ListAccountSettings', { effectiveSettings: true }),
    ecs(
      'ListAccountSettings',
      { name: 'fargateEventWindows', effectiveSettings: true },
      'fargateEventWindows',
    ),
    autoScaling('DescribeAutoScalingGroups', { AutoScalingGroupNames: [GROUP] }),
    autoScaling('DescribeAutoScalingInstances', { InstanceIds: instanceIds }),
    autoScaling('DescribeAutoScalingInstances', { MaxRecords: 2 }, 'MaxRecords 2'),
    autoScaling('DescribeLifecycleHooks', IN_GROUP),
    autoScaling('DescribeScheduledActions', IN_GROUP),
    autoScaling('DescribeScalingActivities', IN_GROUP),
    autoScaling('DescribePolicies', IN_GROUP),
    autoScaling('DescribeWarmPool', IN_GROUP),
    ec2('DescribeInstances', { InstanceIds: instanceIds }),
    ec2('DescribeInstanceStatus', { InstanceIds: instanceIds, IncludeAllInstances: true }),
    ec2('DescribeInstanceTypes', { InstanceTypes: [INSTANCE_TYPE] }),
    ec2('DescribeInstanceAttribute', { InstanceId: instanceIds[0], Attribute: 'disableApiTermination' }),
    ec2('DescribeImages', { ImageIds: [names.newImage] }),
    ec2('DescribeSubnets', { SubnetIds: [names.subnetId] }),
    ec2('DescribeLaunchTemplateVersions', { LaunchTemplateId, Versions: ['$Latest', '$Default'] }),
    asker('SSM')('GetParameters', { Names: [PARAMETER] }),
    asker('CloudWatch')('DescribeAlarms'),
    asker('ElasticLoadBalancingV2')('DescribeTargetHealth', { TargetGroupArn: names.targetGroupArn }),
    asker('ElasticLoadBalancingV2')('DescribeTargetGroupAttributes', {
      TargetGroupArn: names.targetGroupArn,
    }),
  ];
}

function refusals({ hosts, tasks, templateId }: Names): Ask[] {
  const ecs = asker('ECS');
  const autoScaling = asker('AutoScaling');
  const ec2 = asker('EC2');
  const unknownHost = `${hosts[0]?.replace(/[^/]+$/, '')}${UNKNOWN_ID}`;
  const unknownTask = `${tasks[0]?.replace(/[^/]+$/, '')}${UNKNOWN_ID}`;
  const many = (one: string | undefined, count: number) => Array.from({ length: count }, () => one);
  return [
    ecs('DescribeClusters', { clusters: [NOBODY] }, 'unknown'),
    ecs('DescribeCapacityProviders', { capacityProviders: [NOBODY] }, 'unknown'),
    ecs('ListContainerInstances', { cluster: NOBODY }, 'unknown cluster'),
    ecs('ListContainerInstances', { ...IN_CLUSTER, maxResults: 101 }, 'maxResults 101'),
    ecs('DescribeContainerInstances', { ...IN_CLUSTER, containerInstances: [unknownHost] }, 'unknown'),
    ecs('DescribeContainerInstances', { ...IN_CLUSTER, containerInstances: [] }, 'none named'),
    ecs(
      'DescribeContainerInstances',
      { ...IN_CLUSTER, containerInstances: many(hosts[0], 101) },
      '101 named',
    ),
    ecs('DescribeTasks', { ...IN_CLUSTER, tasks: [unknownTask] }, 'unknown'),
    ecs('DescribeTasks', { ...IN_CLUSTER, tasks: many(tasks[0], 101) }, '101 named'),
    ecs('DescribeServices', { ...IN_CLUSTER, services: [NOBODY] }, 'unknown'),
    ecs('DescribeServices', { ...IN_CLUSTER, services: many('web', 11) }, '11 named'),
    ecs('DescribeTaskDefinition', { taskDefinition: `${NOBODY}:1` }, 'unknown'),
    ecs(
      'UpdateContainerInstancesState',
      { ...IN_CLUSTER, containerInstances: [unknownHost], status: 'DRAINING' },
      'unknown',
    ),
    ecs(
      'UpdateContainerInstancesState',
      { ...IN_CLUSTER, containerInstances: [hosts[0]], status: 'INACTIVE' },
      'status INACTIVE',
    ),
    ecs('StopTask', { ...IN_CLUSTER, task: unknownTask }, 'unknown'),
    ecs('UpdateService', { ...IN_CLUSTER, service: NOBODY, desiredCount: 1 }, 'unknown'),
    ecs(
      'DeregisterContainerInstance',
      { ...IN_CLUSTER, containerInstance: hosts[0] },
      'with tasks, not forced',
    ),
    ecs('TagResource', { resourceArn: unknownHost, tags: [{ key: 'a', value: 'b' }] }, 'unknown'),
    autoScaling('DescribeAutoScalingGroups', { AutoScalingGroupNames: [NOBODY] }, 'unknown'),
    autoScaling('DescribeAutoScalingInstances', { InstanceIds: [UNKNOWN_INSTANCE] }, 'unknown'),
    autoScaling('UpdateAutoScalingGroup', { AutoScalingGroupName: NOBODY, MinSize: 1 }, 'unknown'),
    autoScaling(
      'TerminateInstanceInAutoScalingGroup',
      { InstanceId: UNKNOWN_INSTANCE, ShouldDecrementDesiredCapacity: false },
      'unknown',
    ),
    autoScaling('DeleteWarmPool', IN_GROUP, 'none there'),
    ec2('DescribeInstances', { InstanceIds: [UNKNOWN_INSTANCE] }, 'unknown'),
    ec2('DescribeImages', { ImageIds: ['ami-0badbadbadbadbad0'] }, 'unknown'),
    ec2(
      'DescribeLaunchTemplateVersions',
      { LaunchTemplateId: templateId, Versions: ['77'] },
      'unknown version',
    ),
    ec2(
      'DescribeLaunchTemplateVersions',
      { LaunchTemplateId: 'lt-0badbadbadbadbad0', Versions: ['1'] },
      'unknown template',
    ),
    ec2('ModifyLaunchTemplate', { LaunchTemplateId: templateId, DefaultVersion: '77' }, 'unknown version'),
    asker('SSM')('GetParameters', { Names: [NOBODY] }, 'unknown'),
    asker('ECR')(
      'DescribeImages',
      { repositoryName: NOBODY, imageIds: [{ imageTag: '1' }] },
      'unknown repository',
    ),
    asker('SFN')(
      'DescribeExecution',
      { executionArn: `arn:aws:states:eu-west-1:123456789012:execution:${NOBODY}:1` },
      'unknown',
    ),
  ];
}

/** Last: the emulator does what AWS refuses, and is not the same afterwards. */
function refusedInVain({ hosts, instanceIds }: Names): Ask[] {
  const autoScaling = asker('AutoScaling');
  const named = Array.from({ length: 11 }, () => hosts[0]);
  return [
    asker('ECS')(
      'UpdateContainerInstancesState',
      { ...IN_CLUSTER, containerInstances: named, status: 'DRAINING' },
      '11 named',
    ),
    autoScaling('UpdateAutoScalingGroup', { ...IN_GROUP, MinSize: 9, MaxSize: 8 }, 'minimum above maximum'),
    autoScaling('SetDesiredCapacity', { ...IN_GROUP, DesiredCapacity: 99 }, 'above the maximum'),
    autoScaling('SuspendProcesses', { ...IN_GROUP, ScalingProcesses: ['Nothing'] }, 'unknown process'),
    autoScaling(
      'TerminateInstanceInAutoScalingGroup',
      { InstanceId: instanceIds[0], ShouldDecrementDesiredCapacity: true },
      'decrement at the minimum',
    ),
    autoScaling(
      'SetInstanceProtection',
      { ...IN_GROUP, InstanceIds: [UNKNOWN_INSTANCE], ProtectedFromScaleIn: true },
      'unknown',
    ),
  ];
}

/** As the ledger uses DynamoDB: single items with conditions, pages of a query, batches. */
function ledger({ table: TableName }: Names): Ask[] {
  const dynamodb = asker('DynamoDB');
  const key = (sk: string) => ({ pk: { S: 'cluster' }, sk: { S: sk } });
  const isFree = { ConditionExpression: 'attribute_not_exists(pk)' };
  const ours = { KeyConditionExpression: 'pk = :pk', ExpressionAttributeValues: { ':pk': { S: 'cluster' } } };
  return [
    dynamodb(
      'PutItem',
      { TableName, Item: { ...key('claim'), token: { N: '1' } }, ...isFree },
      'condition holds',
    ),
    dynamodb(
      'PutItem',
      { TableName, Item: { ...key('claim'), token: { N: '2' } }, ...isFree },
      'condition fails',
    ),
    dynamodb('GetItem', { TableName, Key: key('claim'), ConsistentRead: true }),
    dynamodb('GetItem', { TableName, Key: key(NOBODY) }, 'unknown'),
    dynamodb('BatchWriteItem', {
      RequestItems: { [TableName]: ['a', 'b', 'c'].map((sk) => ({ PutRequest: { Item: key(sk) } })) },
    }),
    dynamodb('Query', { TableName, ...ours }),
    dynamodb('Query', { TableName, ...ours, Limit: 2 }, 'Limit 2'),
    dynamodb(
      'DeleteItem',
      { TableName, Key: key('a'), ConditionExpression: 'attribute_exists(pk)' },
      'condition holds',
    ),
    dynamodb(
      'DeleteItem',
      { TableName, Key: key('a'), ConditionExpression: 'attribute_exists(pk)' },
      'condition fails',
    ),
    dynamodb('GetItem', { TableName: NOBODY, Key: key('a') }, 'unknown table'),
  ];
}

function runs({ machineArn: stateMachineArn, topicArn }: Names): Ask[] {
  const sfn = asker('SFN');
  const name = 'prod-image-1';
  const executionArn = `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
  return [
    sfn('StartExecution', { stateMachineArn, name, input: '{"cluster":"prod"}' }),
    sfn('StartExecution', { stateMachineArn, name, input: '{"cluster":"prod"}' }, 'again, the same input'),
    sfn('StartExecution', { stateMachineArn, name, input: '{"cluster":"other"}' }, 'again, another input'),
    sfn('DescribeExecution', { executionArn }),
    sfn('ListExecutions', { stateMachineArn, statusFilter: 'RUNNING' }),
    asker('SNS')('Publish', { TopicArn: topicArn, Subject: 'prod', Message: '{}' }),
    asker('EventBridge')('PutEvents', {
      Entries: [{ Source: 'ecs-rollover', DetailType: 'started', Detail: '{}' }],
    }),
  ];
}

function changes({ hosts, tasks, instanceIds, templateId, newImage }: Names): Ask[] {
  const ecs = asker('ECS');
  const autoScaling = asker('AutoScaling');
  const ec2 = asker('EC2');
  const tag = { key: 'rollover:quiesce', value: '2026-11-22T12:00:00Z' };
  return [
    autoScaling('SuspendProcesses', { ...IN_GROUP, ScalingProcesses: ['AZRebalance', 'ReplaceUnhealthy'] }),
    autoScaling('ResumeProcesses', { ...IN_GROUP, ScalingProcesses: ['ReplaceUnhealthy'] }),
    autoScaling('SetInstanceProtection', {
      ...IN_GROUP,
      InstanceIds: instanceIds,
      ProtectedFromScaleIn: true,
    }),
    autoScaling(
      'DescribeAutoScalingGroups',
      { AutoScalingGroupNames: [GROUP] },
      'AZRebalance suspended, hosts protected',
    ),
    ec2('CreateLaunchTemplateVersion', {
      LaunchTemplateId: templateId,
      SourceVersion: '1',
      LaunchTemplateData: { ImageId: newImage },
      VersionDescription: 'ours',
    }),
    ec2(
      'DescribeLaunchTemplateVersions',
      { LaunchTemplateName: TEMPLATE, Versions: ['$Latest'] },
      'a version made from another',
    ),
    ec2('ModifyLaunchTemplate', { LaunchTemplateId: templateId, DefaultVersion: '2' }),
    autoScaling('UpdateAutoScalingGroup', {
      ...IN_GROUP,
      LaunchTemplate: { LaunchTemplateId: templateId, Version: '2' },
    }),
    ecs('TagResource', { resourceArn: hosts[0], tags: [tag] }),
    ecs('UntagResource', { resourceArn: hosts[0], tagKeys: [tag.key] }),
    ecs('UpdateService', { ...IN_CLUSTER, service: 'web', forceNewDeployment: true }, 'forceNewDeployment'),
    ecs('StopTask', { ...IN_CLUSTER, task: tasks[0], reason: 'by hand' }),
    ecs('UpdateContainerInstancesState', {
      ...IN_CLUSTER,
      containerInstances: [hosts[0]],
      status: 'DRAINING',
    }),
    ecs('ListContainerInstances', { ...IN_CLUSTER, status: 'DRAINING' }, 'status DRAINING, one does'),
    ecs(
      'UpdateContainerInstancesState',
      { ...IN_CLUSTER, containerInstances: [hosts[0]], status: 'ACTIVE' },
      'back to ACTIVE',
    ),
    autoScaling('TerminateInstanceInAutoScalingGroup', {
      InstanceId: instanceIds[1],
      ShouldDecrementDesiredCapacity: false,
    }),
    ecs('DeregisterContainerInstance', { ...IN_CLUSTER, containerInstance: hosts[2], force: true }, 'forced'),
  ];
}

function asker(service: Service) {
  return (operation: string, input: object = {}, how = ''): Ask => ({ service, operation, how, input });
}
