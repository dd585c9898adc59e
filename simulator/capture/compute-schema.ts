/** What a capture says of EC2 and EC2 Auto Scaling. Shapes: AWS SDK, @aws-sdk/client-ec2 and client-auto-scaling. */
import * as z from 'zod';
import { amount, aws, count, flag, numberText, tags, text, time } from './fields.ts';

const launchTemplateSpecification = aws({
  LaunchTemplateId: text.optional(),
  LaunchTemplateName: text.optional(),
  Version: numberText.optional(),
});

const mixedInstancesPolicy = aws({
  LaunchTemplate: aws({
    LaunchTemplateSpecification: launchTemplateSpecification.optional(),
    Overrides: z
      .array(
        aws({
          InstanceType: text.optional(),
          ImageId: text.optional(),
          WeightedCapacity: numberText.optional(),
          LaunchTemplateSpecification: launchTemplateSpecification.optional(),
        }),
      )
      .optional(),
  }).optional(),
});

const warmPoolConfiguration = aws({
  MaxGroupPreparedCapacity: z.int().optional(),
  MinSize: count.optional(),
  PoolState: text.optional(),
  Status: text.optional(),
});

const groupInstance = aws({
  InstanceId: text,
  InstanceType: text.optional(),
  AvailabilityZone: text.optional(),
  LifecycleState: text.optional(),
  HealthStatus: text.optional(),
  ProtectedFromScaleIn: flag.optional(),
  LaunchTemplate: launchTemplateSpecification.optional(),
});

export const autoScalingGroup = aws({
  AutoScalingGroupName: text,
  AutoScalingGroupARN: text.optional(),
  LaunchConfigurationName: text.optional(),
  LaunchTemplate: launchTemplateSpecification.optional(),
  MixedInstancesPolicy: mixedInstancesPolicy.optional(),
  MinSize: count,
  MaxSize: count,
  DesiredCapacity: count,
  DefaultCooldown: count.optional(),
  AvailabilityZones: z.array(text).optional(),
  VPCZoneIdentifier: text.optional(),
  HealthCheckType: text.optional(),
  HealthCheckGracePeriod: count.optional(),
  Instances: z.array(groupInstance).optional(),
  CreatedTime: time.optional(),
  SuspendedProcesses: z.array(aws({ ProcessName: text, SuspensionReason: text.optional() })).optional(),
  TerminationPolicies: z.array(text).optional(),
  NewInstancesProtectedFromScaleIn: flag.optional(),
  MaxInstanceLifetime: count.optional(),
  CapacityRebalance: flag.optional(),
  DefaultInstanceWarmup: z.int().optional(),
  WarmPoolConfiguration: warmPoolConfiguration.optional(),
  Tags: z
    .array(
      aws({
        Key: text,
        Value: text.optional(),
        ResourceId: text.optional(),
        PropagateAtLaunch: flag.optional(),
      }),
    )
    .optional(),
});

export const lifecycleHook = aws({
  LifecycleHookName: text,
  AutoScalingGroupName: text,
  LifecycleTransition: z.enum(['autoscaling:EC2_INSTANCE_LAUNCHING', 'autoscaling:EC2_INSTANCE_TERMINATING']),
  HeartbeatTimeout: count.optional(),
  GlobalTimeout: count.optional(),
  DefaultResult: z.enum(['CONTINUE', 'ABANDON']).optional(),
});

export const scheduledAction = aws({
  AutoScalingGroupName: text,
  ScheduledActionName: text,
  ScheduledActionARN: text.optional(),
  Time: time.optional(),
  StartTime: time.optional(),
  EndTime: time.optional(),
  Recurrence: text.optional(),
  MinSize: z.int().optional(),
  MaxSize: z.int().optional(),
  DesiredCapacity: z.int().optional(),
});

export const scalingPolicy = aws({
  AutoScalingGroupName: text,
  PolicyName: text,
  PolicyType: text.optional(),
  Enabled: flag.optional(),
});

export const instanceRefresh = aws({
  InstanceRefreshId: text.optional(),
  AutoScalingGroupName: text,
  Status: text.optional(),
  StartTime: time.optional(),
  EndTime: time.optional(),
});

export const warmPool = z.strictObject({
  AutoScalingGroupName: text,
  WarmPoolConfiguration: warmPoolConfiguration.default({}),
  Instances: z.array(groupInstance).default([]),
});

const instanceState = aws({
  Code: count.optional(),
  Name: z.enum(['pending', 'running', 'shutting-down', 'terminated', 'stopping', 'stopped']),
});

export const instance = aws({
  InstanceId: text,
  ImageId: text.optional(),
  InstanceType: text.optional(),
  InstanceLifecycle: text.optional(),
  LaunchTime: time.optional(),
  UsageOperationUpdateTime: time.optional(),
  Placement: aws({ AvailabilityZone: text.optional() }).optional(),
  State: instanceState.optional(),
  SubnetId: text.optional(),
  VpcId: text.optional(),
  PrivateIpAddress: text.optional(),
  Architecture: text.optional(),
  BlockDeviceMappings: z
    .array(
      aws({
        DeviceName: text.optional(),
        Ebs: aws({ VolumeId: text.optional(), AttachTime: time.optional() }).optional(),
      }),
    )
    .optional(),
  NetworkInterfaces: z
    .array(
      aws({
        NetworkInterfaceId: text.optional(),
        Attachment: aws({ AttachTime: time.optional() }).optional(),
      }),
    )
    .optional(),
  Tags: tags.optional(),
});

export const launchTemplateVersion = aws({
  LaunchTemplateId: text,
  LaunchTemplateName: text.optional(),
  VersionNumber: count,
  DefaultVersion: flag.optional(),
  CreateTime: time.optional(),
  LaunchTemplateData: aws({
    ImageId: text.optional(),
    InstanceType: text.optional(),
    UserData: text.optional(),
    InstanceMarketOptions: aws({
      MarketType: text.optional(),
      SpotOptions: aws({ ValidUntil: time.optional() }).optional(),
    }).optional(),
    MetadataOptions: aws({
      HttpTokens: text.optional(),
      HttpPutResponseHopLimit: count.optional(),
    }).optional(),
    BlockDeviceMappings: z
      .array(
        aws({
          DeviceName: text.optional(),
          Ebs: aws({ VolumeSize: count.optional() }).optional(),
        }),
      )
      .optional(),
  }).optional(),
});

export const image = aws({
  ImageId: text,
  Name: text.optional(),
  CreationDate: text.optional(),
  OwnerId: text.optional(),
  ImageOwnerAlias: text.optional(),
  State: text.optional(),
  Architecture: text.optional(),
  RootDeviceName: text.optional(),
  RootDeviceType: text.optional(),
  VirtualizationType: text.optional(),
  BootMode: text.optional(),
  ImdsSupport: text.optional(),
  DeprecationTime: text.optional(),
  BlockDeviceMappings: z
    .array(
      aws({
        DeviceName: text.optional(),
        Ebs: aws({
          VolumeSize: count.optional(),
          SnapshotId: text.optional(),
          Encrypted: flag.optional(),
        }).optional(),
      }),
    )
    .optional(),
});

export const instanceType = aws({
  InstanceType: text,
  VCpuInfo: aws({ DefaultVCpus: count.optional() }).optional(),
  MemoryInfo: aws({ SizeInMiB: amount.optional() }).optional(),
  ProcessorInfo: aws({ SupportedArchitectures: z.array(text).optional() }).optional(),
  NetworkInfo: aws({ MaximumNetworkInterfaces: count.optional() }).optional(),
  GpuInfo: aws({ Gpus: z.array(aws({ Count: count.optional() })).optional() }).optional(),
  SupportedBootModes: z.array(text).optional(),
  Hypervisor: text.optional(),
});

const statusSummary = aws({
  Status: text.optional(),
  Details: z
    .array(aws({ Name: text.optional(), Status: text.optional(), ImpairedSince: time.optional() }))
    .optional(),
});

export const instanceStatus = aws({
  InstanceId: text,
  InstanceState: instanceState.optional(),
  InstanceStatus: statusSummary.optional(),
  SystemStatus: statusSummary.optional(),
  AttachedEbsStatus: statusSummary.optional(),
  Events: z
    .array(
      aws({
        InstanceEventId: text.optional(),
        Code: text.optional(),
        Description: text.optional(),
        NotBefore: time.optional(),
        NotAfter: time.optional(),
        NotBeforeDeadline: time.optional(),
      }),
    )
    .optional(),
});

export const subnet = aws({
  SubnetId: text,
  AvailabilityZone: text.optional(),
  AvailableIpAddressCount: count.optional(),
  CidrBlock: text.optional(),
  VpcId: text.optional(),
});

export const eventWindow = aws({ InstanceEventWindowId: text.optional(), State: text.optional() });
