/**
 * Every AWS client of the product, made once per container; the embedded account attaches to these very objects. Each is
 * marked pure, so that a bundle carries only the clients its handler uses (EC2's alone is 850 KB).
 */
import { ApplicationAutoScalingClient } from '@aws-sdk/client-application-auto-scaling';
import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EC2Client } from '@aws-sdk/client-ec2';
import { ECRClient } from '@aws-sdk/client-ecr';
import { ECSClient } from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { ImagebuilderClient } from '@aws-sdk/client-imagebuilder';
import { ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SNSClient } from '@aws-sdk/client-sns';
import { SSMClient } from '@aws-sdk/client-ssm';
import { paced } from './paced.ts';

/** The SDK's retries are the layer for seconds; the state machine's Retry is the one for minutes. */
const options = { maxAttempts: 8 };

export const ecs = /* @__PURE__ */ paced(/* @__PURE__ */ new ECSClient(options), 'ECS');
export const autoScaling = /* @__PURE__ */ paced(
  /* @__PURE__ */ new AutoScalingClient(options),
  'AutoScaling',
);
/** For TerminateInstanceInAutoScalingGroup alone: a second decrement after a lost answer would end another host. */
export const autoScalingOnce = /* @__PURE__ */ paced(
  /* @__PURE__ */ new AutoScalingClient({ maxAttempts: 1 }),
  'AutoScaling',
);
export const ec2 = /* @__PURE__ */ paced(/* @__PURE__ */ new EC2Client(options), 'EC2');
export const ssm = /* @__PURE__ */ paced(/* @__PURE__ */ new SSMClient(options), 'SSM');
export const dynamodb = /* @__PURE__ */ paced(/* @__PURE__ */ new DynamoDBClient(options), 'DynamoDB');
export const eventBridge = /* @__PURE__ */ paced(
  /* @__PURE__ */ new EventBridgeClient(options),
  'EventBridge',
);
export const sns = /* @__PURE__ */ paced(/* @__PURE__ */ new SNSClient(options), 'SNS');
export const sfn = /* @__PURE__ */ paced(/* @__PURE__ */ new SFNClient(options), 'SFN');
export const cloudWatch = /* @__PURE__ */ paced(/* @__PURE__ */ new CloudWatchClient(options), 'CloudWatch');
export const elasticLoadBalancing = /* @__PURE__ */ paced(
  /* @__PURE__ */ new ElasticLoadBalancingV2Client(options),
  'ElasticLoadBalancingV2',
);
export const ecr = /* @__PURE__ */ paced(/* @__PURE__ */ new ECRClient(options), 'ECR');
export const imageBuilder = /* @__PURE__ */ paced(
  /* @__PURE__ */ new ImagebuilderClient(options),
  'ImageBuilder',
);
export const serviceQuotas = /* @__PURE__ */ paced(
  /* @__PURE__ */ new ServiceQuotasClient(options),
  'ServiceQuotas',
);

export const applicationAutoScaling = /* @__PURE__ */ paced(
  /* @__PURE__ */ new ApplicationAutoScalingClient(options),
  'ApplicationAutoScaling',
);

/** All of them with the service each speaks to: what an account in memory attaches to. */
export const attachable = /* @__PURE__ */ list();

function list() {
  return [
    { client: ecs, service: 'ECS' },
    { client: autoScaling, service: 'AutoScaling' },
    { client: autoScalingOnce, service: 'AutoScaling' },
    { client: ec2, service: 'EC2' },
    { client: ssm, service: 'SSM' },
    { client: dynamodb, service: 'DynamoDB' },
    { client: eventBridge, service: 'EventBridge' },
    { client: sns, service: 'SNS' },
    { client: sfn, service: 'SFN' },
    { client: cloudWatch, service: 'CloudWatch' },
    { client: elasticLoadBalancing, service: 'ElasticLoadBalancingV2' },
    { client: ecr, service: 'ECR' },
    { client: imageBuilder, service: 'ImageBuilder' },
    { client: serviceQuotas, service: 'ServiceQuotas' },
    { client: applicationAutoScaling, service: 'ApplicationAutoScaling' },
  ] as const;
}
