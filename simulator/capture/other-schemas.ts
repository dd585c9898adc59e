/** What a capture says of the services around a cluster: SSM, load balancing, scaling policies, alarms, ECR, quotas. */
import * as z from 'zod';
import { amount, aws, count, text, time } from './fields.ts';

export const parameter = aws({
  Name: text,
  Type: text.optional(),
  Value: text,
  Version: count.optional(),
  LastModifiedDate: time.optional(),
  ARN: text.optional(),
  DataType: text.optional(),
  Selector: text.optional(),
});

export const targetGroup = aws({
  TargetGroupArn: text,
  TargetGroupName: text.optional(),
  Protocol: text.optional(),
  Port: count.optional(),
  TargetType: z.enum(['instance', 'ip', 'lambda', 'alb']).optional(),
  HealthCheckEnabled: z.boolean().optional(),
  HealthCheckIntervalSeconds: count.optional(),
  HealthCheckTimeoutSeconds: count.optional(),
  HealthyThresholdCount: count.optional(),
  UnhealthyThresholdCount: count.optional(),
  LoadBalancerArns: z.array(text).optional(),
});

export const targetGroupAttributes = z.strictObject({
  TargetGroupArn: text,
  Attributes: z.array(aws({ Key: text, Value: text.optional() })).default([]),
});

export const targetHealth = z.strictObject({
  TargetGroupArn: text,
  TargetHealthDescriptions: z
    .array(
      aws({
        Target: aws({ Id: text, Port: count.optional(), AvailabilityZone: text.optional() }),
        TargetHealth: aws({ State: text.optional(), Reason: text.optional() }).optional(),
      }),
    )
    .default([]),
});

export const scalableTarget = aws({
  ServiceNamespace: text.optional(),
  ResourceId: text,
  ScalableDimension: text.optional(),
  MinCapacity: count.optional(),
  MaxCapacity: count.optional(),
  CreationTime: time.optional(),
});

export const serviceScalingPolicy = aws({
  PolicyName: text.optional(),
  ResourceId: text.optional(),
  CreationTime: time.optional(),
});

export const alarm = aws({
  AlarmName: text,
  AlarmArn: text.optional(),
  StateValue: z.enum(['OK', 'ALARM', 'INSUFFICIENT_DATA']).optional(),
  AlarmConfigurationUpdatedTimestamp: time.optional(),
  StateUpdatedTimestamp: time.optional(),
  StateTransitionedTimestamp: time.optional(),
});

export const imageDetail = aws({
  registryId: text.optional(),
  repositoryName: text,
  imageDigest: text.optional(),
  imageTags: z.array(text).optional(),
  imagePushedAt: time.optional(),
  lastRecordedPullTime: time.optional(),
  lastArchivedAt: time.optional(),
  lastActivatedAt: time.optional(),
});

export const quota = aws({
  ServiceCode: text.optional(),
  QuotaCode: text.optional(),
  QuotaName: text.optional(),
  Value: amount,
});
