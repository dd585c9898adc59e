/**
 * Amazon SQS standard queues, each with Lambda's poller before a function and a dead-letter queue behind: at least once, in
 * no order, in batches, record by record where the function says which failed.
 *
 * Sources: AWS Lambda developer guide, with-sqs (the poller invokes synchronously, a batch as large as what is there),
 * services-sqs-errorhandling (a failed invocation makes the batch visible again; `batchItemFailures` the named messages
 * alone; an identifier that is empty, or unknown, the whole batch); Amazon SQS developer guide, standard-queues (at least
 * once, best-effort order), sqs-visibility-timeout, sqs-dead-letter-queues (`maxReceiveCount`).
 */
import { asNobody } from '../kernel/caller.ts';
import type { VirtualClock } from '../kernel/clock.ts';
import { uuid } from '../kernel/ids.ts';
import type { RandomStream, RandomStreams } from '../kernel/random.ts';
import type { LambdaRuntime } from '../lambda/runtime.ts';

export interface QueueDefinition {
  /** The function that gets its messages. */
  readonly lambda: string;
  /** Messages of one invocation at most; 10 is SQS's limit for a batch without a window. */
  readonly batchSize: number;
  /** So long a message that was handed out is not seen by another poll. */
  readonly visibilityTimeoutSeconds: number;
  /** Handed out so often without success, it goes to the dead letters. */
  readonly maxReceiveCount: number;
  /** Does the mapping say `ReportBatchItemFailures`? Otherwise only the whole batch can fail. */
  readonly reportsFailures: boolean;
}

/** A message that nobody could work on. */
export interface DeadMessage {
  readonly queue: string;
  readonly messageId: string;
  readonly body: string;
}

export interface QueueParts {
  readonly clock: VirtualClock;
  readonly random: RandomStreams;
  readonly lambda: LambdaRuntime;
  readonly accountId: string;
  readonly region: string;
}

interface Message {
  readonly messageId: string;
  readonly body: string;
  readonly sentMs: number;
  receives: number;
}

interface Queue extends QueueDefinition {
  readonly name: string;
  readonly visible: Message[];
  isPolled: boolean;
}

/** From the send to the poll that sees it: pollers wait at the queue (long polling). */
const POLL_SECONDS = [0.01, 1] as const;
/** A message that comes twice although it was worked on. AWS publishes no share: rare, as with EventBridge. */
const DUPLICATE_SHARE = 0.01;

export class Queues {
  readonly #parts: QueueParts;
  readonly #queues = new Map<string, Queue>();
  readonly #deadLetters: DeadMessage[] = [];
  readonly #ids: RandomStream;
  readonly #polls: RandomStream;
  readonly #duplicates: RandomStream;
  #pending = 0;

  constructor(parts: QueueParts) {
    this.#parts = parts;
    this.#ids = parts.random.stream('sqs/ids');
    this.#polls = parts.random.stream('sqs/polls');
    this.#duplicates = parts.random.stream('sqs/duplicates');
  }

  create(name: string, definition: QueueDefinition): void {
    this.#queues.set(name, { ...definition, name, visible: [], isPolled: false });
  }

  has(name: string): boolean {
    return this.#queues.has(name);
  }

  /** Messages that are neither worked on successfully nor dead. */
  get pending(): number {
    return this.#pending;
  }

  get deadLetters(): readonly DeadMessage[] {
    return this.#deadLetters;
  }

  /** @throws Error where there is no such queue */
  send(name: string, body: string): void {
    const queue = this.#queues.get(name);
    if (queue === undefined) throw new Error(`there is no queue ${name}`);
    const message = { messageId: uuid(this.#ids), body, sentMs: this.#parts.clock.nowMs, receives: 0 };
    this.#add(queue, message);
    if (this.#duplicates.chance(DUPLICATE_SHARE)) this.#add(queue, { ...message });
  }

  #add(queue: Queue, message: Message): void {
    this.#pending++;
    this.#show(queue, message);
  }

  #show(queue: Queue, message: Message): void {
    queue.visible.push(message);
    if (queue.isPolled) return;
    queue.isPolled = true;
    const delayMs = Math.round(this.#polls.between(POLL_SECONDS) * 1000);
    this.#parts.clock.after(delayMs, () => {
      queue.isPolled = false;
      while (queue.visible.length > 0) this.#handOut(queue, queue.visible.splice(0, queue.batchSize));
    });
  }

  #handOut(queue: Queue, batch: readonly Message[]): void {
    const { clock } = this.#parts;
    const againMs = clock.nowMs + queue.visibilityTimeoutSeconds * 1000;
    for (const message of batch) message.receives++;
    const settle = (failed: (message: Message) => boolean) => {
      for (const message of batch) {
        if (!failed(message)) this.#pending--;
        else clock.at(Math.max(againMs, clock.nowMs), () => this.#again(queue, message));
      }
    };
    asNobody(() => {
      this.#parts.lambda.invoke(queue.lambda, this.#delivery(queue, batch)).then(
        (answer) => settle(failuresIn(queue, batch, answer)),
        () => settle(() => true),
      );
    });
  }

  #again(queue: Queue, message: Message): void {
    if (message.receives < queue.maxReceiveCount) {
      this.#show(queue, message);
      return;
    }
    this.#pending--;
    this.#deadLetters.push({ queue: queue.name, messageId: message.messageId, body: message.body });
  }

  /** Source: AWS Lambda developer guide, with-sqs, the example of a standard queue's event. */
  #delivery({ name }: Queue, batch: readonly Message[]): object {
    const { accountId, region, clock } = this.#parts;
    return {
      Records: batch.map(({ messageId, body, sentMs, receives }) => ({
        messageId,
        receiptHandle: `${messageId}#${receives}`,
        body,
        attributes: {
          ApproximateReceiveCount: String(receives),
          SentTimestamp: String(sentMs),
          SenderId: accountId,
          ApproximateFirstReceiveTimestamp: String(clock.nowMs),
        },
        messageAttributes: {},
        md5OfBody: '',
        eventSource: 'aws:sqs',
        eventSourceARN: `arn:aws:sqs:${region}:${accountId}:${name}`,
        awsRegion: region,
      })),
    };
  }
}

/** Which messages a successful invocation reports as failed. */
function failuresIn(
  { reportsFailures }: Queue,
  batch: readonly Message[],
  answer: unknown,
): (message: Message) => boolean {
  const failures = (answer as { batchItemFailures?: { itemIdentifier?: unknown }[] | null } | null)
    ?.batchItemFailures;
  if (!reportsFailures || !failures) return () => false;
  const ids = failures.map(({ itemIdentifier }) => itemIdentifier);
  const isUnreadable = ids.some((id) => !batch.some(({ messageId }) => messageId === id));
  return ({ messageId }) => isUnreadable || ids.includes(messageId);
}
