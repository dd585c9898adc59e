/**
 * Amazon SNS, publishing only: every topic exists. Source: Amazon SNS API reference, Publish (256 KB; a subject is up to
 * 100 characters of printable ASCII; with `MessageStructure` json the message is an object with a text for `default`).
 */
import { awsError } from '../kernel/aws-error.ts';
import { uuid } from '../kernel/ids.ts';
import type { RandomStreams } from '../kernel/random.ts';
import type { Observation } from '../observation.ts';
import type { OperationRegistry } from '../world.ts';

export interface SnsParts {
  readonly random: RandomStreams;
  readonly registry: OperationRegistry;
  record(observation: Observation): void;
}

interface PublishInput {
  readonly TopicArn?: string;
  readonly TargetArn?: string;
  readonly Subject?: string;
  readonly Message?: string;
  readonly MessageStructure?: string;
}

const MAX_MESSAGE_BYTES = 262_144;
const SUBJECT = /^[\x20-\x7e]{1,100}$/;

export function registerSns({ random, registry, record }: SnsParts): void {
  const ids = random.stream('sns/ids');
  registry.register('SNS', {
    Publish: ({ TopicArn, TargetArn, Subject, Message, MessageStructure }: PublishInput) => {
      const topic = TopicArn ?? TargetArn;
      if (!topic?.startsWith('arn:aws:sns:'))
        throw awsError('InvalidParameter', 'Invalid parameter: TopicArn');
      if (!Message) throw awsError('InvalidParameter', 'Invalid parameter: Empty message');
      if (Buffer.byteLength(Message) > MAX_MESSAGE_BYTES) {
        throw awsError('InvalidParameter', 'Invalid parameter: Message too long');
      }
      if (Subject !== undefined && !SUBJECT.test(Subject)) {
        throw awsError('InvalidParameter', 'Invalid parameter: Subject');
      }
      record({
        kind: 'notification',
        topic,
        message: MessageStructure === 'json' ? defaultOf(Message) : Message,
        ...(Subject === undefined ? {} : { subject: Subject }),
      });
      return { MessageId: uuid(ids) };
    },
  });
}

/** What a subscriber gets whose protocol has no text of its own. */
function defaultOf(structured: string): string {
  const forms = parsed(structured);
  if (typeof forms !== 'object' || forms === null)
    throw awsError(
      'InvalidParameter',
      'Invalid parameter: Message Structure - JSON message body failed to parse',
    );
  const { default: text } = forms as { readonly default?: unknown };
  if (typeof text !== 'string')
    throw awsError(
      'InvalidParameter',
      'Invalid parameter: Message Structure - No default entry in JSON message body',
    );
  return text;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
