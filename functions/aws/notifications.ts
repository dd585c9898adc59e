/** Words for people: a notification on the deployment's topic, and the same as an event on the bus. */
import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { PublishCommand, type SNSClient } from '@aws-sdk/client-sns';

/** One thing worth telling. */
export interface Notification {
  /** Machine-readable: `started`, `held`, `succeeded` … */
  readonly kind: string;
  readonly cluster: string;
  readonly runId: string;
  readonly message: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** Amazon SNS API reference: a subject is at most 100 ASCII characters without line breaks. */
const SUBJECT_MAX = 100;

/** Publishes as JSON text. Without a topic nothing is sent. */
export async function publish(
  sns: SNSClient,
  TopicArn: string | undefined,
  notification: Notification,
): Promise<void> {
  if (!TopicArn) return;
  const subject = `ecs-rollover ${notification.cluster}: ${notification.kind}`.replace(/[^\x20-\x7e]/g, '?');
  await sns.send(
    new PublishCommand({
      TopicArn,
      Subject: subject.slice(0, SUBJECT_MAX),
      Message: JSON.stringify(notification),
      MessageAttributes: {
        kind: { DataType: 'String', StringValue: notification.kind },
        cluster: { DataType: 'String', StringValue: notification.cluster },
      },
    }),
  );
}

/**
 * Puts the notification on the bus as `source: "ecs-rollover"`.
 *
 * @throws when the bus refused the entry: PutEvents answers 200 with `FailedEntryCount`.
 */
export async function emit(
  eventBridge: EventBridgeClient,
  EventBusName: string | undefined,
  notification: Notification,
): Promise<void> {
  const answer = await eventBridge.send(
    new PutEventsCommand({
      Entries: [
        {
          Source: 'ecs-rollover',
          DetailType: 'ECS Rollover Notice',
          Detail: JSON.stringify(notification),
          ...(EventBusName ? { EventBusName } : {}),
        },
      ],
    }),
  );
  const refused = answer.Entries?.find((entry) => entry.ErrorCode !== undefined);
  if (refused)
    throw new Error(`the event bus refused the event: ${refused.ErrorCode} ${refused.ErrorMessage}`);
}
