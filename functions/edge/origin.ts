/**
 * Where a start comes from: read from the raw event that reached the trigger, or from an execution's name. Never from the
 * request itself, which says what is wanted and not by whom.
 */
import * as z from 'zod';
import type { Provenance } from '../core/provenance.ts';

/** Source: Amazon EventBridge user guide, "Event structure": source, detail-type and id are in every event. */
const busEvent = z.object({
  source: z.string(),
  'detail-type': z.string(),
  id: z.string().optional(),
  detail: z.unknown(),
});
/** Sources: AWS Lambda developer guide, "Using AWS Lambda with Amazon SNS"; SNS developer guide, message formats. */
const topicMessage = z.object({ MessageId: z.string().optional(), TopicArn: z.string().optional() });
const topicDelivery = z.object({ Records: z.array(z.object({ Sns: topicMessage })).min(1) });
const topicNotification = topicMessage.extend({ Type: z.literal('Notification') });

const SCHEDULED = 'Scheduled Event';
const scheduled = z.object({ reason: z.literal('schedule') });

/** `requestId`: of the invocation, for calls that carry no id of their own. */
export function originOf(event: unknown, requestId: string): Provenance {
  const bus = busEvent.safeParse(event);
  if (bus.success) {
    const { source, 'detail-type': detailType, id = requestId, detail } = bus.data;
    // Ours carry the request: source and detail-type are the same as those of a request that somebody put on the bus.
    if (scheduled.safeParse(detail).success) return { kind: 'schedule', by: 'a schedule', id };
    return { kind: detailType === SCHEDULED ? 'schedule' : 'event', by: `${detailType} of ${source}`, id };
  }
  const delivery = topicDelivery.safeParse(event);
  const message = delivery.success ? delivery.data.Records[0]?.Sns : topicNotification.safeParse(event).data;
  if (message !== undefined) {
    const topic = message.TopicArn?.split(':').at(-1) ?? 'a topic';
    return { kind: 'event', by: `a message of ${topic}`, id: message.MessageId ?? requestId };
  }
  return scheduled.safeParse(event).success
    ? { kind: 'schedule', by: 'a schedule', id: requestId }
    : { kind: 'call', by: 'a call of the trigger function', id: requestId };
}

/** Between what the command is for and a stamp: the word that tells its executions from others. */
const BY = '-by-';
const COMMAND_NAME = /-by-([0-9A-Za-z_.-]{1,24})-[0-9a-z]+$/;
/** Step Functions allows 80 characters (API reference, StartExecution). */
const CLUSTER_MAX = 24;

/**
 * The name under which the `rollover` command starts an execution: it says who did, so that neither the request nor the
 * ledger has to. It is a courtesy among colleagues, no proof: CloudTrail has the principal.
 */
export function commandExecutionName(cluster: string, mode: string, user: string, nowMs: number): string {
  const who = user.replace(/[^0-9A-Za-z_.-]+/g, '-').slice(0, 24) || 'somebody';
  return `${cluster.slice(0, CLUSTER_MAX)}-${mode}${BY}${who}-${nowMs.toString(36)}`;
}

/** Of an execution that nothing of ours started. */
export function originOfExecution(name: string): Provenance {
  const user = COMMAND_NAME.exec(name)?.[1];
  return user === undefined
    ? { kind: 'hand', by: 'an execution started by hand', id: name }
    : { kind: 'command', by: `${user}, with the rollover command`, id: name };
}
