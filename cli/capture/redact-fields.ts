/**
 * Which text of AWS's answers stays in a redacted capture, and as what. By the field's own name, or by `parent.name` where
 * the name alone does not tell. Text in a field that is not listed here is left out: what AWS adds to its answers, and
 * what we did not think of, never leaves by accident.
 */

/** Words of AWS's own: enumerations, types, zones. Kept only where they look like such words. */
export const KEPT: ReadonlySet<string> = new Set(
  `status lastStatus desiredStatus launchType schedulingStrategy networkMode protocol healthStatus overallStatus strategy
  type availabilityZone rolloutState connectivity requiresCompatibilities compatibilities pidMode ipcMode assignPublicIp
  availabilityZoneRebalancing managedDraining managedTerminationProtection platformVersion platformFamily agentVersion
  logDriver cpu memory propagateTags operatingSystemFamily cpuArchitecture condition
  AvailabilityZone AvailabilityZones InstanceType InstanceLifecycle LifecycleState HealthStatus HealthCheckType
  HealthCheckProtocol HealthCheckPort Protocol ProtocolVersion TargetType IpAddressType Status State StateValue Reason
  Architecture BootMode CurrentInstanceBootMode RootDeviceName RootDeviceType VirtualizationType ImdsSupport
  ImageOwnerAlias DeviceName VolumeType DefaultResult LifecycleTransition ProcessName TerminationPolicies PoolState
  SupportedArchitectures SupportedBootModes SupportedVirtualizationTypes SupportedUsageClasses SupportedRootDeviceTypes
  Hypervisor MarketType SpotInstanceType HttpTokens HttpEndpoint ScalableDimension ServiceNamespace PolicyType
  PredefinedMetricType Statistic ComparisonOperator TreatMissingData Unit Code QuotaCode ServiceCode Recurrence TimeZone
  Version HttpCode EnaSupport SpotAllocationStrategy OnDemandAllocationStrategy Tenancy ResourceType DataType
  StartWeekDay EndWeekDay CronExpression HostnameType AdjustmentType MetricAggregationType WeightedCapacity
  CreationDate DeprecationTime AllowedInstanceTypes ExcludedInstanceTypes CpuManufacturers InstanceGenerations
  BareMetal BurstablePerformance LocalStorage StatusCode Strategy ImpairedInstanceStatus
  State.Name InstanceState.Name Details.Name parameters.Type registeredResources.name remainingResources.name
  settings.name settings.value accountSettings.name accountSettings.value resourceRequirements.value details.name
  managedAgents.name Principal`.split(/\s+/),
);

/** What such a word looks like; a sentence, a URL or a path does not. */
export const WORD = /^[A-Za-z0-9_.:$*?, +/-]{1,80}$/;

/** Names that people give, alone or inside an ARN. */
export const NAMED: ReadonlySet<string> = new Set(
  `clusterName serviceName capacityProvider capacityProviders capacityProviderName AutoScalingGroupName LaunchTemplateName
  LaunchConfigurationName LifecycleHookName ScheduledActionName PolicyName family containerName TargetGroupName AlarmName
  repositoryName alarmNames capacityProviders.name containers.name containerDefinitions.name containerOverrides.name
  images.Name volumes.name imageTags loadBalancerName Tags.ResourceId eventWindows.Name`.split(/\s+/),
);

/** ARNs, ids, addresses: told by their looks, a bare name among them is a name. */
export const REFERRING: ReadonlySet<string> = new Set(
  `clusterArn serviceArn taskArn taskDefinitionArn taskDefinition containerInstanceArn containerArn capacityProviderArn
  autoScalingGroupArn AutoScalingGroupARN ScheduledActionARN PolicyARN AlarmARN AlarmArn TargetGroupArn targetGroupArn
  alternateTargetGroupArn TargetGroupARNs LoadBalancerArns serviceRevisionArn ARN ResourceId arn
  ec2InstanceId InstanceId InstanceIds SubnetId VpcId LaunchTemplateId NetworkInterfaceId VolumeId SnapshotId
  InstanceEventId InstanceEventWindowId InstanceRefreshId attachmentId Target.Id attachments.id deployments.id
  taskSets.id startedBy securityGroups SecurityGroupIds subnets VPCZoneIdentifier OwnerId registryId accountId
  PrivateIpAddress privateIpv4Address imageDigest resourceIds`.split(/\s+/),
);

/** Names that are AWS's own: kept, since AWS's services know each other by them. */
export const AWS_NAMES =
  /^(?:ecs-managed-draining-termination-hook|FARGATE|FARGATE_SPOT|\/aws\/service\/[\w./-]+|aws:[\w:.-]+|AmazonECSManaged)$/;

/** First parts of an ARN's resource that say what it is. */
export const RESOURCE_WORDS: ReadonlySet<string> = new Set(
  `cluster service task container container-instance task-definition task-set capacity-provider service-revision
  service-deployment autoScalingGroup autoScalingGroupName targetgroup loadbalancer parameter alarm scalingPolicy
  policyName scheduledUpdateGroupAction scheduledActionName instance image launch-template subnet resource key role
  instance-profile`.split(/\s+/),
);

/** Settings of ours in tags whose value names something of the user's. */
export const NAMING_SETTINGS: ReadonlySet<string> = new Set([
  'alarms',
  'image-source',
  'after',
  'notification-topic-arn',
  'image-owners',
]);

/** Tags of ours that are no settings, with a word or a time: `rollover:enabled`, `rollover:exempt-until`. */
export const MARKS: ReadonlySet<string> = new Set(['enabled', 'exempt-until', 'game-day', 'quiesce']);

/** Tags of ours that hold what somebody wrote, or what a run was called. */
export const OWN_TEXT: ReadonlySet<string> = new Set(['exempt-reason', 'run']);
