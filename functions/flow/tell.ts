/** Telling people: on the topic and on the bus. A run never fails because nobody could be told. */
import { eventBridge, sns } from '../aws/clients.ts';
import { describeError } from '../aws/error-codes.ts';
import { emit, type Notification, publish } from '../aws/notifications.ts';
import type { Settings } from '../core/settings.ts';
import { environment } from '../edge/environment.ts';
import { logger } from '../edge/logger.ts';

export async function tell(notifications: readonly Notification[], settings?: Settings): Promise<void> {
  const { notificationTopicArn, eventBusName } = environment();
  const topic = settings?.notificationTopicArn ?? notificationTopicArn;
  for (const notification of notifications) {
    const sent = await Promise.allSettled([
      publish(sns, topic, notification),
      emit(eventBridge, eventBusName, notification),
    ]);
    for (const result of sent) {
      if (result.status === 'rejected') {
        logger.warn('a notification could not be sent', {
          kind: notification.kind,
          error: describeError(result.reason),
        });
      }
    }
  }
}
