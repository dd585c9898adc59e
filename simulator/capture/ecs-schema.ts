/** What a capture says of Amazon ECS. Shapes: AWS SDK, @aws-sdk/client-ecs. */
import * as z from 'zod';
import { amount, aws, count, ecsTags, flag, numberText, percent, text, time } from './fields.ts';

const launchType = z.enum(['EC2', 'FARGATE', 'EXTERNAL', 'MANAGED_INSTANCES']);

const strategy = z.array(aws({ capacityProvider: text, weight: count.optional(), base: count.optional() }));

export const cluster = aws({
  clusterArn: text,
  clusterName: text.optional(),
  status: text.optional(),
  tags: ecsTags.optional(),
  settings: z.array(aws({ name: text, value: text.optional() })).optional(),
  capacityProviders: z.array(text).optional(),
  defaultCapacityProviderStrategy: strategy.optional(),
});

export const capacityProvider = aws({
  name: text,
  capacityProviderArn: text.optional(),
  status: text.optional(),
  autoScalingGroupProvider: aws({
    autoScalingGroupArn: text,
    managedScaling: aws({
      status: z.enum(['ENABLED', 'DISABLED']).optional(),
      targetCapacity: count.optional(),
      minimumScalingStepSize: count.optional(),
      maximumScalingStepSize: count.optional(),
      instanceWarmupPeriod: count.optional(),
    }).optional(),
    managedTerminationProtection: z.enum(['ENABLED', 'DISABLED']).optional(),
    managedDraining: z.enum(['ENABLED', 'DISABLED']).optional(),
  }).optional(),
});

const deploymentConfiguration = aws({
  minimumHealthyPercent: percent.optional(),
  maximumPercent: percent.optional(),
  strategy: text.optional(),
});

const loadBalancer = aws({
  targetGroupArn: text.optional(),
  loadBalancerName: text.optional(),
  containerName: text.optional(),
  containerPort: count.optional(),
});

const networkConfiguration = aws({
  awsvpcConfiguration: aws({ subnets: z.array(text) }).optional(),
});

const placementConstraint = aws({
  type: z.enum(['distinctInstance', 'memberOf']),
  expression: text.optional(),
});

export const service = aws({
  serviceName: text,
  serviceArn: text,
  clusterArn: text.optional(),
  status: text.optional(),
  taskDefinition: text.optional(),
  desiredCount: count.optional(),
  schedulingStrategy: z.enum(['REPLICA', 'DAEMON']).optional(),
  launchType: launchType.optional(),
  capacityProviderStrategy: strategy.optional(),
  deploymentController: aws({ type: text.optional() }).optional(),
  deploymentConfiguration: deploymentConfiguration.optional(),
  loadBalancers: z.array(loadBalancer).optional(),
  networkConfiguration: networkConfiguration.optional(),
  placementConstraints: z.array(placementConstraint).optional(),
  placementStrategy: z
    .array(aws({ type: z.enum(['binpack', 'spread', 'random']), field: text.optional() }))
    .optional(),
  healthCheckGracePeriodSeconds: count.optional(),
  createdAt: time.optional(),
  deployments: z
    .array(
      aws({
        id: text.optional(),
        status: text.optional(),
        taskDefinition: text.optional(),
        desiredCount: count.optional(),
        runningCount: count.optional(),
        pendingCount: count.optional(),
        rolloutState: text.optional(),
        createdAt: time.optional(),
        updatedAt: time.optional(),
      }),
    )
    .optional(),
  taskSets: z
    .array(
      aws({
        createdAt: time.optional(),
        updatedAt: time.optional(),
        stabilityStatusAt: time.optional(),
      }),
    )
    .optional(),
  events: z
    .array(aws({ id: text.optional(), message: text.optional(), createdAt: time.optional() }))
    .optional(),
  tags: ecsTags.optional(),
});

export const serviceRevision = aws({
  serviceRevisionArn: text,
  serviceArn: text.optional(),
  taskDefinition: text.optional(),
  createdAt: time.optional(),
});

const containerDefinition = aws({
  name: text,
  image: text.optional(),
  cpu: amount.optional(),
  memory: amount.optional(),
  memoryReservation: amount.optional(),
  essential: flag.optional(),
  portMappings: z
    .array(
      aws({
        containerPort: count.optional(),
        hostPort: count.optional(),
        protocol: z.enum(['tcp', 'udp']).optional(),
        containerPortRange: text.optional(),
      }),
    )
    .optional(),
  startTimeout: count.optional(),
  stopTimeout: count.optional(),
  healthCheck: aws({
    command: z.array(text).optional(),
    interval: count.optional(),
    timeout: count.optional(),
    retries: count.optional(),
    startPeriod: count.optional(),
  }).optional(),
  resourceRequirements: z.array(aws({ type: text, value: numberText })).optional(),
});

export const taskDefinition = aws({
  taskDefinitionArn: text,
  family: text.optional(),
  revision: count.optional(),
  status: text.optional(),
  networkMode: z.enum(['bridge', 'host', 'awsvpc', 'none']).optional(),
  containerDefinitions: z.array(containerDefinition).min(1, 'must name at least one container'),
  requiresAttributes: z.array(aws({ name: text, value: text.optional() })).optional(),
  placementConstraints: z.array(aws({ type: text, expression: text.optional() })).optional(),
  requiresCompatibilities: z.array(text).optional(),
  cpu: numberText.optional(),
  memory: numberText.optional(),
  registeredAt: time.optional(),
  deregisteredAt: time.optional(),
  deleteRequestedAt: time.optional(),
});

const resource = aws({
  name: text,
  type: text.optional(),
  integerValue: z.int().optional(),
  longValue: z.int().optional(),
  doubleValue: z.number().optional(),
  stringSetValue: z.array(text).optional(),
});

export const containerInstance = aws({
  containerInstanceArn: text,
  ec2InstanceId: text.optional(),
  capacityProviderName: text.optional(),
  status: z
    .enum(['ACTIVE', 'DRAINING', 'REGISTERING', 'DEREGISTERING', 'REGISTRATION_FAILED', 'INACTIVE'])
    .optional(),
  version: count.optional(),
  agentConnected: flag.optional(),
  registeredResources: z.array(resource).optional(),
  remainingResources: z.array(resource).optional(),
  attributes: z.array(aws({ name: text, value: text.optional() })).optional(),
  registeredAt: time.optional(),
  healthStatus: aws({
    overallStatus: text.optional(),
    details: z
      .array(aws({ type: text.optional(), lastUpdated: time.optional(), lastStatusChange: time.optional() }))
      .optional(),
  }).optional(),
  tags: ecsTags.optional(),
});

const taskContainer = aws({
  name: text.optional(),
  lastStatus: text.optional(),
  healthStatus: text.optional(),
  exitCode: z.int().optional(),
  networkBindings: z
    .array(aws({ containerPort: count.optional(), hostPort: count.optional(), protocol: text.optional() }))
    .optional(),
  managedAgents: z.array(aws({ lastStartedAt: time.optional() })).optional(),
});

export const task = aws({
  taskArn: text,
  clusterArn: text.optional(),
  containerInstanceArn: text.optional(),
  taskDefinitionArn: text,
  group: text.optional(),
  startedBy: text.optional(),
  launchType: launchType.optional(),
  capacityProviderName: text.optional(),
  lastStatus: z
    .enum([
      'PROVISIONING',
      'PENDING',
      'ACTIVATING',
      'RUNNING',
      'DEACTIVATING',
      'STOPPING',
      'DEPROVISIONING',
      'STOPPED',
      'DELETED',
    ])
    .optional(),
  desiredStatus: z.enum(['RUNNING', 'STOPPED']).optional(),
  healthStatus: text.optional(),
  cpu: numberText.optional(),
  memory: numberText.optional(),
  version: count.optional(),
  availabilityZone: text.optional(),
  attachments: z
    .array(
      aws({
        id: text.optional(),
        type: text.optional(),
        status: text.optional(),
        details: z.array(aws({ name: text, value: text.optional() })).optional(),
      }),
    )
    .optional(),
  containers: z.array(taskContainer).optional(),
  connectivityAt: time.optional(),
  createdAt: time.optional(),
  pullStartedAt: time.optional(),
  pullStoppedAt: time.optional(),
  startedAt: time.optional(),
  stoppingAt: time.optional(),
  executionStoppedAt: time.optional(),
  stoppedAt: time.optional(),
  tags: ecsTags.optional(),
});

export const protectedTask = aws({
  taskArn: text,
  protectionEnabled: flag.optional(),
  expirationDate: time.optional(),
});

export const setting = aws({ name: text, value: text.optional() });
