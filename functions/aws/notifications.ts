/** Words for people: a notification on the deployment's topic, and the same as an event on the bus. */
import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { PublishCommand, type SNSClient } from '@aws-sdk/client-sns';
import { chatMessageOf, mailOf, type Notification, textMessageOf, titleOf } from '../core/notification.ts';

export type { Notification } from '../core/notification.ts';

/** Amazon SNS API reference: a subject is at most 100 ASCII characters without line breaks. */
const SUBJECT_MAX = 100;

/** Amazon SNS API reference, Publish: 256 KB, all forms of the message together. */
const DETAIL_MAX_BYTES = 150_000;

/**
 * Publishes to each subscriber in the form that it reads: JSON for programs (queues, functions, HTTP), text for mail and
 * phones, and over HTTPS, which is how Amazon Q Developer in chat applications subscribes, its own schema. Without a topic
 * nothing is sent.
 *
 * Source: Amazon SNS developer guide, sns-send-custom-platform-specific-payloads, and API reference, Publish
 * (`MessageStructure`: a text for each protocol, `default` for the others).
 */
export async function publish(
  sns: SNSClient,
  TopicArn: string | undefined,
  notification: Notification,
): Promise<void> {
  if (!TopicArn) return;
  const subject = `ecs-rollover ${titleOf(notification)}`.replace(/[^\x20-\x7e]/g, '?');
  await sns.send(
    new PublishCommand({
      TopicArn,
      Subject: subject.slice(0, SUBJECT_MAX),
      MessageStructure: 'json',
      Message: JSON.stringify({
        default: JSON.stringify(fitting(notification)),
        email: mailOf(notification),
        sms: textMessageOf(notification),
        https: JSON.stringify(chatMessageOf(notification)),
      }),
      MessageAttributes: {
        kind: { DataType: 'String', StringValue: notification.kind },
        cluster: { DataType: 'String', StringValue: notification.cluster },
      },
    }),
  );
}

/** With shorter lists where they are too long for a message; the event on the bus has them whole. */
function fitting(notification: Notification): Notification {
  const { detail = {} } = notification;
  if (Buffer.byteLength(JSON.stringify(detail)) <= DETAIL_MAX_BYTES) return notification;
  const lists = Object.entries(detail).filter(([, value]) => Array.isArray(value) && value.length > 0);
  const shortened = lists.map(([name, list]) => {
    const items = list as readonly unknown[];
    return [name, items.slice(0, Math.floor(items.length * 0.75))];
  });
  const { detail: _tooMuch, ...rest } = notification;
  return lists.length === 0
    ? rest
    : fitting({ ...rest, detail: { ...detail, ...Object.fromEntries(shortened) } });
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
