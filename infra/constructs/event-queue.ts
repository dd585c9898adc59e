/**
 * The queue before a handler: what rules let through, and what a user's schedule sends. Nothing is lost where the handler
 * is busy or fails; what it could not work on for an hour is set aside, and an alarm tells (docs/runbook.md).
 */
import { Duration } from 'aws-cdk-lib';
import { EventSourceMapping, type IFunction } from 'aws-cdk-lib/aws-lambda';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { EVENT_QUEUES } from '../../functions/edge/event-patterns.ts';

/** The longest that SQS keeps a message: Amazon SQS developer guide, quotas-messages. */
const RETENTION_DAYS = 14;
/** Invocations at once: an estate's events together stay within the handlers' share of AWS's rates. */
const AT_ONCE = 5;

export class EventQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;
  readonly #handler: keyof typeof EVENT_QUEUES;

  constructor(scope: Construct, id: string, handler: keyof typeof EVENT_QUEUES) {
    super(scope, id);
    this.#handler = handler;
    // SQS's own key: EventBridge and EventBridge Scheduler may send without a grant on a key of ours.
    const common = {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(RETENTION_DAYS),
    };
    this.deadLetters = new Queue(this, 'DeadLetters', common);
    const { visibilityTimeoutSeconds, maxReceiveCount } = EVENT_QUEUES[handler];
    this.queue = new Queue(this, 'Queue', {
      ...common,
      visibilityTimeout: Duration.seconds(visibilityTimeoutSeconds),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount },
    });
  }

  /** Lambda's poller hands its messages to the handler, whose role may read them (infra/grants.ts). */
  feed(target: IFunction): void {
    const { batchSize, reportsFailures } = EVENT_QUEUES[this.#handler];
    new EventSourceMapping(this, 'Poller', {
      target,
      eventSourceArn: this.queue.queueArn,
      batchSize,
      maxConcurrency: AT_ONCE,
      reportBatchItemFailures: reportsFailures,
    });
  }
}
