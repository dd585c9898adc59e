/**
 * Where the emulator and the embedded account answer the same question differently: all that contract.test.ts finds, no
 * more and no less, and who is right. Written out for people in docs/emulator.md.
 */
export interface Judgement {
  /** `open`: AWS does not say it, or no source of it was found. */
  readonly right: 'ours' | 'theirs' | 'open';
  readonly says: string;
  readonly source: string;
  readonly rows: readonly Row[];
}

/** `operations | field | the embedded account's | the emulator's`; what these are: compare.ts. */
export type Row = string;

export const JUDGEMENTS: readonly Judgement[] = [
  {
    right: 'ours',
    says: 'Fields that every task has are left out, a container stays PENDING and HEALTHY, and StartTask gives no launch type.',
    source: 'Amazon ECS API reference, Task',
    rows: [
      'ECS.DescribeTasks, ECS.StopTask | Task.attributes | list | -',
      'ECS.DescribeTasks, ECS.StopTask | Task.availabilityZone | string | -',
      'ECS.DescribeTasks, ECS.StopTask | Task.connectivity | string | -',
      'ECS.DescribeTasks, ECS.StopTask | Task.containers[].healthStatus | "UNKNOWN" | "HEALTHY"',
      'ECS.DescribeTasks, ECS.StopTask | Task.containers[].lastStatus | "RUNNING" | "PENDING"',
      'ECS.DescribeTasks, ECS.StopTask | Task.cpu | string | -',
      'ECS.DescribeTasks, ECS.StopTask | Task.createdAt | time | -',
      'ECS.DescribeTasks, ECS.StopTask | Task.healthStatus | string | -',
      'ECS.DescribeTasks, ECS.StopTask | Task.launchType | "EC2" | ""',
      'ECS.DescribeTasks, ECS.StopTask | Task.memory | string | -',
      'ECS.DescribeTasks, ECS.StopTask | Task.startedAt | time | -',
      'ECS.DescribeTasks, ECS.StopTask | Task.version | number | -',
    ],
  },
  {
    right: 'ours',
    says: 'A task that is stopped is STOPPED at once, and nothing says who stopped it.',
    source:
      'Amazon ECS API reference, StopTask and Task.stopCode; Amazon ECS developer guide, task-lifecycle-explanation',
    rows: [
      'ECS.StopTask | Task.lastStatus | "RUNNING" | "STOPPED"',
      'ECS.StopTask | Task.stopCode | string | -',
      'ECS.StopTask | Task.stoppingAt | time | -',
    ],
  },
  {
    right: 'ours',
    says: 'Of a host’s fields and built-in attributes some are left out, after a change of state all attributes.',
    source:
      'Amazon ECS API reference, ContainerInstance; Amazon ECS developer guide, task-placement-constraints (the attributes that ECS adds itself)',
    rows: [
      'ECS.DescribeContainerInstances, ECS.UpdateContainerInstancesState, ECS.UpdateContainerInstancesState (back to ACTIVE), ECS.DeregisterContainerInstance (forced) | ContainerInstance.attachments | list | -',
      'ECS.DescribeContainerInstances | ContainerInstance.attributes[].name | "ecs.subnet-id" "ecs.vpc-id" | fewer',
      'ECS.DescribeContainerInstances | ContainerInstance.attributes[].value | "<subnet id>" "<vpc id>" | fewer',
      'ECS.DescribeContainerInstances, ECS.UpdateContainerInstancesState, ECS.UpdateContainerInstancesState (back to ACTIVE), ECS.DeregisterContainerInstance (forced) | ContainerInstance.tags | list | -',
      'ECS.DescribeContainerInstances, ECS.UpdateContainerInstancesState, ECS.UpdateContainerInstancesState (back to ACTIVE), ECS.DeregisterContainerInstance (forced) | ContainerInstance.version | number | -',
      'ECS.UpdateContainerInstancesState, ECS.UpdateContainerInstancesState (back to ACTIVE), ECS.DeregisterContainerInstance (forced) | ContainerInstance.attributes[].name | string | -',
      'ECS.UpdateContainerInstancesState, ECS.UpdateContainerInstancesState (back to ACTIVE), ECS.DeregisterContainerInstance (forced) | ContainerInstance.attributes[].value | string | -',
    ],
  },
  {
    right: 'ours',
    says: 'A host that is deregistered stays ACTIVE and connected.',
    source: 'Amazon ECS API reference, DeregisterContainerInstance',
    rows: ['ECS.DeregisterContainerInstance (forced) | ContainerInstance.status | "INACTIVE" | "ACTIVE"'],
  },
  {
    right: 'open',
    says: 'Whether the agent of a host counts as connected in the answer that deregisters it.',
    source: 'Amazon ECS API reference, DeregisterContainerInstance, does not say it',
    rows: ['ECS.DeregisterContainerInstance (forced) | ContainerInstance.agentConnected | false | true'],
  },
  {
    right: 'theirs',
    says: 'The account repeats at each deployment the empty one that the emulator gives a service in bridge mode, and AWS neither.',
    source:
      'Amazon ECS API reference, Deployment.networkConfiguration (for tasks with a network interface of their own)',
    rows: [
      'ECS.DescribeServices, ECS.UpdateService (forceNewDeployment) | Service.deployments[].networkConfiguration | object | -',
    ],
  },
  {
    right: 'ours',
    says: 'Fields that every service has are left out; counts of a deployment stay those of its creation; each has the platform family of Fargate.',
    source: 'Amazon ECS API reference, Service and Deployment',
    rows: [
      'ECS.DescribeServices, ECS.UpdateService (forceNewDeployment) | Service.availabilityZoneRebalancing | string | -',
      'ECS.DescribeServices, ECS.UpdateService (forceNewDeployment) | Service.createdAt | time | -',
      'ECS.DescribeServices, ECS.UpdateService (forceNewDeployment) | Service.currentServiceRevisions | list | -',
      'ECS.DescribeServices, ECS.UpdateService (forceNewDeployment) | Service.deploymentConfiguration | object | -',
      'ECS.DescribeServices | Service.deployments[].desiredCount | 3 6 | 0',
      'ECS.DescribeServices, ECS.UpdateService (forceNewDeployment) | Service.deployments[].platformFamily | - | string',
      'ECS.DescribeServices | Service.deployments[].runningCount | 3 6 | 0',
      'ECS.DescribeServices, ECS.UpdateService (forceNewDeployment) | Service.placementConstraints | list | -',
      'ECS.DescribeServices, ECS.UpdateService (forceNewDeployment) | Service.placementStrategy | list | -',
    ],
  },
  {
    right: 'ours',
    says: 'A forced deployment is the old one with a new id, completed at once.',
    source: 'Amazon ECS API reference, UpdateService.forceNewDeployment',
    rows: [
      'ECS.UpdateService (forceNewDeployment) | Service.currentServiceDeployment | string | -',
      'ECS.UpdateService (forceNewDeployment) | Service.deployments[].desiredCount | 6 | fewer',
      'ECS.UpdateService (forceNewDeployment) | Service.deployments[].rolloutState | "IN_PROGRESS" | fewer',
      'ECS.UpdateService (forceNewDeployment) | Service.deployments[].rolloutStateReason | "ECS deployment ecs-svc/<number> in progress." | fewer',
      'ECS.UpdateService (forceNewDeployment) | Service.deployments[].status | "ACTIVE" | fewer',
    ],
  },
  {
    right: 'ours',
    says: 'Lists that every cluster and provider has are left out, services not counted.',
    source: 'Amazon ECS API reference, Cluster and CapacityProvider',
    rows: [
      'ECS.DescribeClusters | Cluster.activeServicesCount | 2 | 0',
      'ECS.DescribeClusters | Cluster.defaultCapacityProviderStrategy | list | -',
      'ECS.DescribeClusters | Cluster.statistics | list | -',
      'ECS.DescribeCapacityProviders | capacityProviders[].tags | list | -',
    ],
  },
  {
    right: 'ours',
    says: 'ECS’s lists have no pages there: all is on the first.',
    source:
      'Amazon ECS API reference, ListTasks, ListContainerInstances and ListServices (maxResults, nextToken)',
    rows: [
      'ECS.ListContainerInstances (maxResults 2), ECS.ListTasks (maxResults 2), ECS.ListServices (maxResults 1) | nextToken | string | -',
      'ECS.ListServices (maxResults 1) | serviceArns[] | fewer | "arn:aws:ecs:eu-west-1:123456789012:service/prod/web"',
    ],
  },
  {
    right: 'open',
    says: 'Whether tags that nobody asked for are an empty list or not there.',
    source:
      'Amazon ECS API reference, DescribeTaskDefinition.include: without TAGS "tags aren’t included in the response"',
    rows: ['ECS.DescribeTaskDefinition | tags | list | -'],
  },
  {
    right: 'theirs',
    says: 'What containers get in their environment is left out of a capture on purpose, so the account does not know it.',
    source: 'cli/capture/read-ecs.ts',
    rows: ['ECS.DescribeTaskDefinition | taskDefinition.containerDefinitions[].environment | - | list'],
  },
  {
    right: 'ours',
    says: 'Left out: what a task definition asks of hosts, and the settings that are in force.',
    source:
      'Amazon ECS API reference, TaskDefinition.requiresAttributes and ListAccountSettings.effectiveSettings',
    rows: [
      'ECS.DescribeTaskDefinition | taskDefinition.requiresAttributes | list | -',
      'ECS.ListAccountSettings | settings | […] | []',
    ],
  },
  {
    right: 'ours',
    says: 'A setting that the emulator does not know yet is refused.',
    source: 'Amazon ECS API reference, ListAccountSettings.name (its values have fargateEventWindows)',
    rows: [
      'ECS.ListAccountSettings (fargateEventWindows) | (answer) | done | InvalidParameterException: unknown should be one of [serviceLongArnFormat,taskLongArnFormat,containerInstanceLongArnFormat,containerLongArnFormat,awsvpcTrunking,containerInsights,dualStackIPv6]',
    ],
  },
  {
    right: 'ours',
    says: 'Health is written in capitals by this call alone.',
    source: 'AWS CLI reference, autoscaling describe-auto-scaling-instances, Examples',
    rows: [
      'AutoScaling.DescribeAutoScalingInstances, AutoScaling.DescribeAutoScalingInstances (MaxRecords 2) | AutoScalingInstanceDetails.HealthStatus | "HEALTHY" | "Healthy"',
    ],
  },
  {
    right: 'ours',
    says: 'Two of three instances are the first page, and nothing says that there is another.',
    source: 'Amazon EC2 Auto Scaling API reference, DescribeAutoScalingInstances (MaxRecords, NextToken)',
    rows: ['AutoScaling.DescribeAutoScalingInstances (MaxRecords 2) | NextToken | string | -'],
  },
  {
    right: 'ours',
    says: 'A public parameter belongs to no account.',
    source: 'AWS Systems Manager user guide, parameter-store-public-parameters',
    rows: [
      'SSM.GetParameters | Parameters[].ARN | "arn:aws:ssm:eu-west-1::parameter/aws/service/ecs/optimized-ami/amazon-linux-2/recommended/image_id" | "arn:aws:ssm:eu-west-1:123456789012:parameter/aws/service/ecs/optimized-ami/amazon-linux-2/recommended/image_id"',
    ],
  },
  {
    right: 'ours',
    says: 'Nobody scales for a capacity provider, so there are no alarms of its policy.',
    source: 'Amazon ECS developer guide, cluster-auto-scaling (managed scaling creates CloudWatch alarms)',
    rows: ['CloudWatch.DescribeAlarms | MetricAlarms | […] | []'],
  },
  {
    right: 'ours',
    says: 'The setting is told instead of the port that it means for this target.',
    source:
      'Elastic Load Balancing API reference, TargetHealthDescription.HealthCheckPort (the port used to connect with the target)',
    rows: [
      'ElasticLoadBalancingV2.DescribeTargetHealth | TargetHealthDescriptions[].HealthCheckPort | "32768" | "traffic-port"',
    ],
  },
  {
    right: 'ours',
    says: 'Told although nobody asked for it.',
    source:
      'Amazon DynamoDB API reference, BatchWriteItem (ReturnConsumedCapacity, ReturnItemCollectionMetrics: NONE by default)',
    rows: [
      'DynamoDB.BatchWriteItem | ConsumedCapacity | - | list',
      'DynamoDB.BatchWriteItem | ItemCollectionMetrics | - | object',
    ],
  },
  {
    right: 'ours',
    says: 'What can be redriven, and how the input was stored, is left out.',
    source: 'AWS Step Functions API reference, DescribeExecution and ExecutionListItem',
    rows: [
      'SFN.DescribeExecution | inputDetails | object | -',
      'SFN.DescribeExecution | redriveCount | number | -',
      'SFN.DescribeExecution | redriveStatus | string | -',
      'SFN.DescribeExecution | redriveStatusReason | string | -',
      'SFN.ListExecutions | executions[].redriveCount | number | -',
    ],
  },
  {
    right: 'open',
    says: 'By which name a capacity provider that does not exist is called.',
    source: 'Amazon ECS API reference, Failure.arn, gives no example for a provider',
    rows: [
      'ECS.DescribeCapacityProviders (unknown) | failures[].arn | "nobody" | "arn:aws:ecs:eu-west-1:123456789012:capacity_provider/nobody"',
    ],
  },
  {
    right: 'ours',
    says: 'ARNs of what does not exist lack the cluster.',
    source: 'Amazon ECS developer guide, ecs-account-settings (long ARN format)',
    rows: [
      'ECS.DescribeContainerInstances (unknown), ECS.UpdateContainerInstancesState (unknown) | failures[].arn | "arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/<uuid>" | "arn:aws:ecs:eu-west-1:123456789012:container-instance/<uuid>"',
      'ECS.DescribeServices (unknown) | failures[].arn | "arn:aws:ecs:eu-west-1:123456789012:service/prod/nobody" | "arn:aws:ecs:eu-west-1:123456789012:service/nobody"',
    ],
  },
  {
    right: 'ours',
    says: 'A task that does not exist is passed over in silence.',
    source:
      'Amazon ECS API reference, DescribeTasks (failures); Amazon ECS developer guide, api_failures_messages',
    rows: ['ECS.DescribeTasks (unknown) | failures | […] | []'],
  },
  {
    right: 'ours',
    says: 'When it was suspended, and by whom, is left out.',
    source: 'Amazon EC2 Auto Scaling API reference, SuspendedProcess.SuspensionReason',
    rows: [
      'AutoScaling.DescribeAutoScalingGroups (AZRebalance suspended, hosts protected) | AutoScalingGroups[].SuspendedProcesses[].SuspensionReason | "User suspended at <time>" | ""',
    ],
  },
  {
    right: 'ours',
    says: 'The emulator knows no principals: all is done by root.',
    source:
      'Amazon EC2 API reference, LaunchTemplateVersion.createdBy ("The principal that created the version")',
    rows: [
      'EC2.CreateLaunchTemplateVersion, EC2.DescribeLaunchTemplateVersions (a version made from another) | LaunchTemplateVersion.CreatedBy | "arn:aws:sts::123456789012:assumed-role/test/test" | "arn:aws:iam::123456789012:root"',
    ],
  },
  {
    right: 'ours',
    says: 'The activity has ended when it begins, and says less.',
    source: 'Amazon EC2 Auto Scaling API reference, TerminateInstanceInAutoScalingGroup, Examples',
    rows: [
      'AutoScaling.TerminateInstanceInAutoScalingGroup | Activity.AutoScalingGroupARN | string | -',
      'AutoScaling.TerminateInstanceInAutoScalingGroup | Activity.Cause | "At <time> instance <i id> was taken out of service in response to a user request, keeping the capacity at the current 3." | "At <time>, instance <i id> was taken out of service in response to a user request."',
      'AutoScaling.TerminateInstanceInAutoScalingGroup | Activity.Details | string | -',
      'AutoScaling.TerminateInstanceInAutoScalingGroup | Activity.EndTime | - | time',
    ],
  },
  {
    right: 'ours',
    says: 'AWS’s words for describing none.',
    source: 'Published answers: gchq/sleeper issue 3387, eagletmt/hako pull request 34',
    rows: [
      'ECS.DescribeContainerInstances (none named) | (answer) | InvalidParameterException: Container instance cannot be empty. | ClientException: Container Instances cannot be empty.',
    ],
  },
  {
    right: 'ours',
    says: 'What AWS refuses is done, or passed over: unknown clusters, pages and batches beyond the limit.',
    source:
      'Amazon ECS API reference, each operation: ClusterNotFoundException, and at most 100 (UpdateContainerInstancesState and DescribeServices: 10) at a time',
    rows: [
      'ECS.ListContainerInstances (unknown cluster) | (answer) | ClusterNotFoundException: Cluster not found. | done',
      'ECS.ListContainerInstances (maxResults 101) | (answer) | InvalidParameterException: Value 101 for the number of results is out of range: must be between 1 and 100 | done',
      'ECS.DescribeContainerInstances (101 named) | (answer) | InvalidParameterException: Container instances can have at most 100 items. | done',
      'ECS.DescribeTasks (101 named) | (answer) | InvalidParameterException: Tasks can have at most 100 items. | done',
      'ECS.DescribeServices (11 named) | (answer) | InvalidParameterException: Services can have at most 10 items. | done',
      'ECS.UpdateContainerInstancesState (11 named) | (answer) | InvalidParameterException: Container instances can have at most 10 items. | done',
    ],
  },
  {
    right: 'ours',
    says: 'The emulator falls over: tags of hosts, and ids that it does not know.',
    source:
      'Amazon ECS API reference, StopTask, TagResource and UntagResource; Amazon EC2 Auto Scaling API reference, TerminateInstanceInAutoScalingGroup (each lists its errors, none is a 500)',
    rows: [
      'ECS.StopTask (unknown) | (answer) | InvalidParameterException: The referenced task was not found. | a defect (HTTP 500)',
      'AutoScaling.TerminateInstanceInAutoScalingGroup (unknown) | (answer) | ValidationError: Instance Id not found - No managed instance found for instance ID: <i id> | a defect (HTTP 500)',
      'ECS.TagResource | (answer) | done | a defect (HTTP 500)',
      'ECS.UntagResource | (answer) | done | a defect (HTTP 500)',
    ],
  },
  {
    right: 'open',
    says: 'The emulator falls over; which error AWS has is open.',
    source:
      'Amazon ECS API reference, TagResource, names two errors and not which is when (docs/simulator.md, tagOfGoneHostIsInvalid)',
    rows: [
      'ECS.TagResource (unknown) | (answer) | InvalidParameterException: The specified container instance is inactive. Specify an active one. | a defect (HTTP 500)',
    ],
  },
  {
    right: 'open',
    says: 'The words after "AutoScalingGroup name not found".',
    source: 'Both published: hashicorp/terraform issue 17238 has "- null" for PutScheduledUpdateGroupAction',
    rows: [
      "AutoScaling.UpdateAutoScalingGroup (unknown) | (answer) | ValidationError: AutoScalingGroup name not found - AutoScalingGroup 'nobody' not found | ValidationError: AutoScalingGroup name not found - null",
    ],
  },
  {
    right: 'open',
    says: 'The words of a version that is not there; the code is the same.',
    source:
      'Published for DescribeLaunchTemplateVersions (eksctl-io/eksctl issue 7786), for ModifyLaunchTemplate not',
    rows: [
      'EC2.ModifyLaunchTemplate (unknown version) | (answer) | InvalidLaunchTemplateId.VersionNotFound: Could not find the specified version 77 for the launch template with ID <lt id>. | InvalidLaunchTemplateId.VersionNotFound: The launch template version 77 is not found for the specified launch template.',
    ],
  },
  {
    right: 'open',
    says: 'Whether taking away a pool that is not there, and protecting a stranger, are refused.',
    source:
      'Amazon EC2 Auto Scaling API reference, DeleteWarmPool and SetInstanceProtection, name no such error',
    rows: [
      'AutoScaling.DeleteWarmPool (none there) | (answer) | ValidationError: The Auto Scaling group has no warm pool. | done',
      'AutoScaling.SetInstanceProtection (unknown) | (answer) | ValidationError: Instance Id not found - No managed instance found for instance ID: <i id> | done',
    ],
  },
  {
    right: 'ours',
    says: 'Sizes beyond the bounds and processes that do not exist are taken.',
    source:
      'Amazon EC2 Auto Scaling API reference, UpdateAutoScalingGroup (MinSize, MaxSize), SetDesiredCapacity.DesiredCapacity ("must be less than or equal to the maximum size"), SuspendProcesses.ScalingProcesses (its values), TerminateInstanceInAutoScalingGroup.ShouldDecrementDesiredCapacity',
    rows: [
      'AutoScaling.UpdateAutoScalingGroup (minimum above maximum) | (answer) | ValidationError: Max bound, 8, must be greater than or equal to min bound, 9 | done',
      'AutoScaling.SetDesiredCapacity (above the maximum) | (answer) | ValidationError: New SetDesiredCapacity value 99 is above max value 6 for the AutoScalingGroup. | done',
      'AutoScaling.SuspendProcesses (unknown process) | (answer) | ValidationError: Valid scaling processes are Launch, Terminate, AddToLoadBalancer, AlarmNotification, AZRebalance, HealthCheck, InstanceRefresh, ReplaceUnhealthy, ScheduledActions; Nothing is none | done',
      "AutoScaling.TerminateInstanceInAutoScalingGroup (decrement at the minimum) | (answer) | ValidationError: Currently, desiredSize equals minSize (3). Terminating instance without replacement will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower group's min size. | done",
    ],
  },
];
