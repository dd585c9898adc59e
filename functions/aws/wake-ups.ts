/** What wakes the product, seen from outside: rules on the bus, the queues of what they could not deliver, and a request put there. */
import { type CloudWatchClient, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import {
  type EventBridgeClient,
  ListRulesCommand,
  ListTargetsByRuleCommand,
  PutEventsCommand,
  type Rule,
} from '@aws-sdk/client-eventbridge';
import { present } from './batches.ts';

/** Every rule on the default event bus. */
export async function listRules(eventBridge: EventBridgeClient): Promise<Rule[]> {
  const found: Rule[] = [];
  let NextToken: string | undefined;
  do {
    const answer = await eventBridge.send(new ListRulesCommand({ ...(NextToken && { NextToken }) }));
    found.push(...(answer.Rules ?? []));
    NextToken = answer.NextToken;
  } while (NextToken !== undefined);
  return found;
}

/** ARNs of the queues that take what a rule could not deliver; a rule has five targets at most (EventBridge quotas). */
export async function deadLetterQueuesOf(eventBridge: EventBridgeClient, Rule: string): Promise<string[]> {
  const answer = await eventBridge.send(new ListTargetsByRuleCommand({ Rule }));
  return present((answer.Targets ?? []).map(({ DeadLetterConfig }) => DeadLetterConfig?.Arn));
}

/** SQS tells CloudWatch every minute of queues that are in use, and is silent of one that was empty for six hours. */
const LOOK_BACK_SECONDS = 900;
const PERIOD_SECONDS = 300;

/**
 * The most messages that a queue held of late; 0 where SQS tells of none.
 * Source: Amazon SQS developer guide, "Available CloudWatch metrics for Amazon SQS" (ApproximateNumberOfMessagesVisible).
 */
export async function messagesIn(
  cloudWatch: CloudWatchClient,
  queueName: string,
  nowMs: number,
): Promise<number> {
  const answer = await cloudWatch.send(
    new GetMetricStatisticsCommand({
      Namespace: 'AWS/SQS',
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Dimensions: [{ Name: 'QueueName', Value: queueName }],
      StartTime: new Date(nowMs - LOOK_BACK_SECONDS * 1000),
      EndTime: new Date(nowMs),
      Period: PERIOD_SECONDS,
      Statistics: ['Maximum'],
    }),
  );
  return Math.max(0, ...present((answer.Datapoints ?? []).map(({ Maximum }) => Maximum)));
}

/**
 * Puts a request on the bus, as a pipeline would.
 *
 * @returns the event's id
 * @throws when the bus refused it: PutEvents answers 200 with `FailedEntryCount`.
 */
export async function putRequest(
  eventBridge: EventBridgeClient,
  request: Readonly<Record<string, unknown>>,
): Promise<string> {
  const answer = await eventBridge.send(
    new PutEventsCommand({
      Entries: [
        { Source: 'ecs-rollover', DetailType: 'Rollover Requested', Detail: JSON.stringify(request) },
      ],
    }),
  );
  const [entry] = answer.Entries ?? [];
  if (entry?.EventId === undefined)
    throw new Error(`the event bus refused the event: ${entry?.ErrorCode} ${entry?.ErrorMessage}`);
  return entry.EventId;
}
