/** Telling people: on the topic and on the bus. A run never fails because nobody could be told. */
import { eventBridge, sns } from '../aws/clients.ts';
import { describeError } from '../aws/error-codes.ts';
import { emit, type Notice, publish } from '../aws/notifications.ts';
import type { Settings } from '../core/settings.ts';
import { environment } from '../edge/environment.ts';
import { logger } from '../edge/logger.ts';

export async function tell(notices: readonly Notice[], settings?: Settings): Promise<void> {
  const { notificationTopicArn, eventBusName } = environment();
  const topic = settings?.notificationTopicArn ?? notificationTopicArn;
  for (const notice of notices) {
    const sent = await Promise.allSettled([
      publish(sns, topic, notice),
      emit(eventBridge, eventBusName, notice),
    ]);
    for (const result of sent) {
      if (result.status === 'rejected') {
        logger.warn('a notice could not be sent', { kind: notice.kind, error: describeError(result.reason) });
      }
    }
  }
}
