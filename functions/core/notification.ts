/** What is told, and how each kind of reader gets it: people by mail, a chat channel, a phone, a program. */

import type { NotificationKind } from './notification-kinds.ts';

/** One thing worth telling. */
export interface Notification {
  /** Machine-readable: `started`, `held`, `succeeded` … */
  readonly kind: NotificationKind;
  readonly cluster: string;
  readonly runId: string;
  readonly message: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** What somebody who is told so may want to do next. */
const NEXT_STEPS: Readonly<Record<string, readonly string[]>> = {
  'approval-wanted': ['rollover approve --cluster {cluster}', 'rollover abort --cluster {cluster}'],
  'host-held': ['rollover explain {instanceId} --cluster {cluster}'],
  partial: ['rollover status --cluster {cluster}'],
  refused: ['rollover status --cluster {cluster}'],
  failed: ['rollover history --cluster {cluster}'],
  rolled_back: ['rollover history --cluster {cluster}'],
  stalled: ['rollover status --cluster {cluster}', 'rollover pause --cluster {cluster}'],
  frozen: ['rollover status --cluster {cluster}'],
  'restored-with-warnings': ['rollover history --cluster {cluster}'],
};

/** A line of text stays readable in a chat channel up to here; the whole stands on the bus and in the ledger. */
const TITLE_MAX = 200;
const DESCRIPTION_MAX = 4_000;
/** Part of a mail as long as somebody reads it. */
const DETAILS_MAX = 20;
/** Amazon SNS developer guide, sms_publish-to-phone: 140 bytes a message part. */
const SMS_MAX = 140;

/** Subject and heading: `prod: host-held`. */
export function titleOf({ cluster, kind }: Notification): string {
  return clipped(`${cluster}: ${kind.replaceAll('_', ' ')}`, TITLE_MAX);
}

/** What a person reads in a mail. */
export function mailOf(notification: Notification): string {
  const { message, runId, detail = {} } = notification;
  const details = Object.entries(detail).map(([name, value]) => `  ${name}: ${inOneLine(value)}`);
  const steps = stepsAfter(notification);
  return [
    titleOf(notification),
    '',
    message,
    '',
    `Run: ${runId}`,
    ...(details.length > 0 ? ['', ...details.slice(0, DETAILS_MAX)] : []),
    ...(steps.length > 0 ? ['', 'What next:', ...steps.map((step) => `  ${step}`)] : []),
    '',
  ].join('\n');
}

/** What a phone shows. */
export function textMessageOf(notification: Notification): string {
  return clipped(`${titleOf(notification)}. ${notification.message}`, SMS_MAX);
}

/**
 * As Amazon Q Developer in chat applications (once AWS Chatbot) shows it in Slack and Teams, one thread a run.
 *
 * Source: its administrator guide, custom-notifs, "Event schema": version 1.0, source custom, content and metadata with
 * these fields, all of them texts.
 */
export function chatMessageOf(notification: Notification): object {
  const { kind, cluster, runId, message } = notification;
  const nextSteps = stepsAfter(notification).map((step) => `\`${step}\``);
  return {
    version: '1.0',
    source: 'custom',
    content: {
      textType: 'client-markdown',
      title: titleOf(notification),
      description: clipped(message, DESCRIPTION_MAX),
      ...(nextSteps.length > 0 && { nextSteps }),
      keywords: [cluster, kind],
    },
    metadata: {
      threadId: `${cluster} ${runId}`,
      summary: clipped(message, TITLE_MAX),
      eventType: kind,
      relatedResources: [cluster],
      additionalContext: { cluster, kind, runId },
    },
  };
}

function stepsAfter({ kind, cluster, detail }: Notification): readonly string[] {
  const host = String(detail?.instanceId ?? 'i-…');
  return (NEXT_STEPS[kind] ?? []).map((step) =>
    step.replace('{cluster}', cluster).replace('{instanceId}', host),
  );
}

function inOneLine(value: unknown): string {
  return clipped(typeof value === 'string' ? value : JSON.stringify(value), TITLE_MAX);
}

function clipped(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1)}…`;
}
