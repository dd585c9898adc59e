/**
 * Raw events of AWS, and calls of schedules and people, read into what they are about. Whatever is not understood, too old
 * or replayed is a reasoned no-op: an event never fails because of its shape.
 */
import * as z from 'zod';
import type { Notice } from '../core/notices/notice.ts';
import { readHealthEvent } from './health-events.ts';

/** What an event says happened. `atMs`: when, epoch milliseconds. */
export type Cause =
  /** A request as a person or schedule wrote it, yet to be parsed. */
  | { readonly kind: 'request'; readonly request: unknown }
  /** A parameter has another value. */
  | { readonly kind: 'parameter'; readonly name: string; readonly atMs: number }
  /** Any of these images can be launched now. */
  | { readonly kind: 'images'; readonly imageIds: readonly string[]; readonly atMs: number }
  /** Image Builder finished a build; the event does not name the image. */
  | { readonly kind: 'build'; readonly buildArn: string; readonly atMs: number }
  /** AWS announces something about hosts or tasks. */
  | { readonly kind: 'notice'; readonly notice: Notice }
  /** Spot takes a host back in two minutes. */
  | { readonly kind: 'interruption'; readonly instanceId: string; readonly atMs: number }
  /** Time to look at every cluster that opted in. */
  | { readonly kind: 'schedule'; readonly atMs: number }
  | { readonly kind: 'nothing'; readonly reason: string };

/** EventBridge tries for 24 hours (Amazon EventBridge user guide, "Retry policy"); what is older was kept by somebody. */
const OLDEST_MS = 25 * 3_600_000;

const envelope = z.object({
  source: z.string(),
  'detail-type': z.string(),
  account: z.string().optional(),
  time: z.string().optional(),
  region: z.string().optional(),
  resources: z.array(z.string()).default([]),
  // EventBridge Scheduler, given no input of its own, sends the text "{}" here.
  detail: z.preprocess(
    (detail) => (typeof detail === 'string' ? (parsedJson(detail) ?? {}) : detail),
    z.record(z.string(), z.unknown()).default({}),
  ),
  'replay-name': z.string().optional(),
});
type Envelope = z.output<typeof envelope>;

const snsMessage = z.object({ Message: z.string(), Timestamp: z.string().optional() });
type SnsMessage = z.output<typeof snsMessage>;

const snsDelivery = z.object({ Records: z.array(z.object({ Sns: snsMessage })).min(1) });
/** The same as a queue or an HTTPS endpoint gets it. */
const snsNotification = snsMessage.extend({ Type: z.literal('Notification') });

/**
 * The message of the topic that used to announce ECS images, in case somebody bridges it. Source: Amazon ECS developer
 * guide of 2023, "Subscribing to Amazon ECS-optimized AMI update notifications".
 */
const amiUpdate = z.object({
  ECSAmis: z.array(
    z.object({ Regions: z.record(z.string(), z.object({ ImageId: z.string() })).default({}) }),
  ),
});

/** Reads one event; `region` is ours, `nowMs` decides what is too old. */
export function readEvent(input: unknown, region: string, nowMs: number): Cause {
  const delivery = snsDelivery.safeParse(input);
  if (delivery.success) {
    return fromTopic(
      delivery.data.Records.map(({ Sns }) => Sns),
      region,
      nowMs,
    );
  }
  const notification = snsNotification.safeParse(input);
  if (notification.success) return fromTopic([notification.data], region, nowMs);
  if (amiUpdate.safeParse(input).success)
    return fromTopic([{ Message: JSON.stringify(input) }], region, nowMs);
  const event = envelope.safeParse(input);
  if (event.success) return fromBus(event.data, nowMs);
  const isRequest = typeof input === 'object' && input !== null && 'cluster' in input;
  if (isRequest) return { kind: 'request', request: input };
  return {
    kind: 'nothing',
    reason: 'this is neither an event that is understood nor a request with a cluster',
  };
}

function fromBus(event: Envelope, nowMs: number): Cause {
  const atMs = event.time === undefined ? nowMs : Date.parse(event.time);
  if (event['replay-name'] !== undefined) {
    return {
      kind: 'nothing',
      reason: `replayed from the archive ${event['replay-name']}: acted upon once already`,
    };
  }
  if (Number.isNaN(atMs)) return { kind: 'nothing', reason: `its time cannot be read: ${event.time}` };
  const read = READERS[event['detail-type']];
  if (nowMs - atMs > OLDEST_MS && read?.isTrueAtAnyAge !== true) {
    return { kind: 'nothing', reason: `too old: it is of ${event.time}; the poll sees what is true now` };
  }
  if (read === undefined || !(read.sources.includes(event.source) || event.source === 'ecs-rollover')) {
    return { kind: 'nothing', reason: `${event['detail-type']} of ${event.source} is not acted upon` };
  }
  return read.cause(event, atMs);
}

interface Reader {
  readonly sources: readonly string[];
  /** Its age says nothing: it is about a date to come, and no poll would find it again. */
  readonly isTrueAtAnyAge?: true;
  cause(event: Envelope, atMs: number): Cause;
}

/** By detail-type; shapes as in the user guides of Systems Manager, EC2, EC2 Image Builder and EventBridge. */
const READERS: Readonly<Record<string, Reader>> = {
  'Parameter Store Change': { sources: ['aws.ssm'], cause: parameterChange },
  'EC2 AMI State Change': { sources: ['aws.ec2'], cause: imageState },
  'EC2 Image Builder Image State Change': { sources: ['aws.imagebuilder'], cause: imageBuilt },
  'Scheduled Event': {
    sources: ['aws.events', 'aws.scheduler'],
    cause: (_, atMs) => ({ kind: 'schedule', atMs }),
  },
  'EC2 Spot Instance Interruption Warning': { sources: ['aws.ec2'], cause: interrupted },
  'AWS Health Event': { sources: ['aws.health'], isTrueAtAnyAge: true, cause: announced },
  /** Ours: a poll that found another value behind a public parameter, which sends no events. */
  'Watched Parameter Changed': { sources: ['ecs-rollover'], cause: parameterChange },
  /** Ours, and a schedule's own way to hand over a request on a bus. */
  'Rollover Requested': {
    sources: ['ecs-rollover'],
    cause: (event) => ({ kind: 'request', request: event.detail }),
  },
};

function announced(event: Envelope): Cause {
  const notice = readHealthEvent(event);
  if (notice === undefined) return { kind: 'nothing', reason: 'it names no event, service or code' };
  if (notice.kind === 'unknown' && !notice.code.startsWith('AWS_EC2_') && !notice.code.startsWith('AWS_ECS_'))
    return { kind: 'nothing', reason: `${notice.code} is about neither hosts nor tasks` };
  return { kind: 'notice', notice };
}

/** Its ARN has a zone in the Region's place and no account (Amazon EC2 user guide, spot-instance-termination-notices). */
function interrupted({ detail }: Envelope, atMs: number): Cause {
  const instanceId = detail['instance-id'];
  if (typeof instanceId !== 'string') return { kind: 'nothing', reason: 'it names no instance' };
  return { kind: 'interruption', instanceId, atMs };
}

function parameterChange({ detail, resources }: Envelope, atMs: number): Cause {
  const { operation, name } = detail;
  if (operation === 'Delete') return { kind: 'nothing', reason: `the parameter ${String(name)} was deleted` };
  if ('exception' in detail) {
    return {
      kind: 'nothing',
      reason: `Systems Manager refused the value of ${String(name)}: ${String(detail.exception)}`,
    };
  }
  const named = typeof name === 'string' ? name : resources[0]?.split(':parameter')[1];
  if (named === undefined) return { kind: 'nothing', reason: 'it names no parameter' };
  return { kind: 'parameter', name: named, atMs };
}

function imageState({ detail, resources }: Envelope, atMs: number): Cause {
  const { ImageId, State, ErrorMessage } = detail;
  const imageId = typeof ImageId === 'string' ? ImageId : resources[0]?.split('/').at(-1);
  if (imageId === undefined) return { kind: 'nothing', reason: 'it names no image' };
  if (State !== 'available') {
    const why = ErrorMessage ? `: ${String(ErrorMessage)}` : '';
    return { kind: 'nothing', reason: `${imageId} is ${String(State)}${why}` };
  }
  return { kind: 'images', imageIds: [imageId], atMs };
}

function imageBuilt({ detail, resources }: Envelope, atMs: number): Cause {
  const status = (detail.state as { status?: unknown } | undefined)?.status;
  const [buildArn] = resources;
  if (buildArn === undefined) return { kind: 'nothing', reason: 'it names no build' };
  if (status !== 'AVAILABLE') return { kind: 'nothing', reason: `the build is ${String(status)}` };
  return { kind: 'build', buildArn, atMs };
}

function fromTopic(delivered: readonly SnsMessage[], region: string, nowMs: number): Cause {
  const contents = delivered.map(({ Message }) => parsedJson(Message));
  // A rule may send its events through a topic: then the message is the event.
  const event = envelope.safeParse(contents[0]);
  if (event.success) return fromBus(event.data, nowMs);
  const messages = contents.flatMap((content) => {
    const update = amiUpdate.safeParse(content);
    return update.success ? update.data.ECSAmis : [];
  });
  const imageIds = messages.flatMap(({ Regions }) => Regions[region]?.ImageId ?? []);
  if (imageIds.length === 0) {
    return { kind: 'nothing', reason: `the message announces no ECS image for ${region}` };
  }
  const atMs = Date.parse(delivered[0]?.Timestamp ?? '');
  return { kind: 'images', imageIds, atMs: Number.isNaN(atMs) ? nowMs : atMs };
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
