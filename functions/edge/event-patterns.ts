/**
 * What wakes us: each rule on the account's default event bus, as deployed and as the rehearsal sets it up. Patterns are
 * as narrow as the event allows.
 *
 * Sources of the shapes: Systems Manager user guide, "Parameter Store events"; Amazon EC2 user guide, "Monitor AMI
 * events", spot-instance-termination-notices; EC2 Image Builder user guide, "EventBridge integration"; Step Functions developer guide, "Automating event
 * delivery"; AWS Health user guide, aws-health-events-eventbridge-schema.
 */

export interface EventRule {
  readonly name: string;
  readonly description: string;
  /** Handler that gets the raw event. */
  readonly target: 'trigger' | 'sweep';
  readonly source: string;
  readonly detailType: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/**
 * Between the rules and the handlers: a queue for each, of which a poller hands over batches. A message is visible again
 * after the handler's time and half of it: Amazon SQS advises six times, lest throttled batches come again too early; here a
 * repeat does no harm, and a notice of Spot gives two minutes. After an hour it is set aside.
 */
const QUEUE = { batchSize: 10, visibilityTimeoutSeconds: 90, maxReceiveCount: 40 } as const;

/** `reportsFailures`: the handler says which records failed; otherwise a batch fails as a whole. */
export const EVENT_QUEUES = {
  trigger: { ...QUEUE, reportsFailures: true },
  sweep: { ...QUEUE, reportsFailures: false },
} as const;

export const EVENT_RULES: readonly EventRule[] = [
  {
    name: 'own-parameter-changed',
    description: 'A parameter of this account, which a group may take its image from, has a new value',
    target: 'trigger',
    source: 'aws.ssm',
    detailType: 'Parameter Store Change',
    detail: { operation: ['Create', 'Update', 'LabelParameterVersion'] },
  },
  {
    name: 'image-available',
    description: 'An image of this account became available',
    target: 'trigger',
    source: 'aws.ec2',
    detailType: 'EC2 AMI State Change',
    detail: { State: ['available'] },
  },
  {
    name: 'image-built',
    description: 'EC2 Image Builder finished an image',
    target: 'trigger',
    source: 'aws.imagebuilder',
    detailType: 'EC2 Image Builder Image State Change',
    detail: { state: { status: ['AVAILABLE'] } },
  },
  {
    name: 'rollover-requested',
    description: 'A request that somebody put on the bus: a pipeline, a chat command, a schedule',
    target: 'trigger',
    source: 'ecs-rollover',
    detailType: 'Rollover Requested',
    detail: { cluster: [{ exists: true }] },
  },
  {
    name: 'hosts-or-tasks-announced',
    description: 'AWS announces that it retires or maintains hosts, or retires tasks on Fargate',
    target: 'trigger',
    source: 'aws.health',
    detailType: 'AWS Health Event',
    detail: { service: ['EC2', 'ECS'], eventTypeCategory: ['scheduledChange'] },
  },
  {
    name: 'host-taken-by-spot',
    description: 'Spot takes a host back in two minutes: a run of its cluster reckons with it',
    target: 'trigger',
    source: 'aws.ec2',
    detailType: 'EC2 Spot Instance Interruption Warning',
    detail: { 'instance-id': [{ prefix: 'i-' }] },
  },
  {
    name: 'run-ended-from-outside',
    description:
      'A run was stopped, failed or timed out: what it touched is restored without waiting for the sweep',
    target: 'sweep',
    source: 'aws.states',
    detailType: 'Step Functions Execution Status Change',
    detail: { status: ['ABORTED', 'FAILED', 'TIMED_OUT'] },
  },
];
