/**
 * Amazon EventBridge: events of AWS's services and custom ones, rules with patterns, targets. Late, sometimes twice, in
 * no order, and from best-effort sources sometimes not at all.
 *
 * Sources: Amazon EventBridge user guide, eb-service-event (best effort or durable), eb-events-structure (envelope),
 * eb-quota (10 entries, 1 MB a request); eb-rule-retry-policy and eb-rule-dlq (a target that is missing gets no second
 * try); delivery to targets is at least once.
 */
import { isAwsError } from '../dispatch/sdk-error.ts';
import { awsError } from '../kernel/aws-error.ts';
import { asNobody } from '../kernel/caller.ts';
import type { VirtualClock } from '../kernel/clock.ts';
import { uuid } from '../kernel/ids.ts';
import type { RandomStream, RandomStreams } from '../kernel/random.ts';
import type { LambdaRuntime } from '../lambda/runtime.ts';
import type { Observation } from '../observation.ts';
import type { Queues } from '../sqs/queues.ts';
import type { EventBusPort, FaultBoard, OperationRegistry, ServiceEvent, Timings } from '../world.ts';
import { type EventPattern, matches } from './pattern.ts';

/** An event as its targets get it. */
export interface EventEnvelope {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': string;
  readonly source: string;
  readonly account: string;
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

export type RuleTarget =
  /** Invoked asynchronously with the envelope, or with `input` made of it. */
  | { readonly lambda: string; readonly input?: (event: EventEnvelope) => unknown }
  /** Sent to a queue as it stands. */
  | { readonly queue: string }
  /** Started with the envelope, or with `input` made of it. */
  | { readonly stateMachine: string; readonly input?: (event: EventEnvelope) => unknown }
  /** For watchers and tests. */
  | { readonly deliver: (event: EventEnvelope) => void };

export interface Rule {
  readonly name: string;
  readonly pattern: EventPattern;
  readonly target: RuleTarget;
  /** Name or ARN; the default bus unless given. */
  readonly bus?: string;
}

/** Shares from 0 to 1, drawn per event. */
export interface EventDelivery {
  /** Deliveries to a target that come a second time, later. */
  readonly duplicateShare: number;
  /** Events of best-effort sources that never reach the bus. */
  readonly lossShare: number;
}

/** An event that its target never got. Source: eb-rule-dlq, the attributes of a dead letter. */
export interface DeadLetter {
  readonly rule: string;
  readonly errorCode: string;
  readonly errorMessage: string;
  readonly event: EventEnvelope;
}

export interface EventBusParts {
  readonly clock: VirtualClock;
  readonly random: RandomStreams;
  readonly timings: Timings;
  readonly faults: FaultBoard;
  readonly registry: OperationRegistry;
  readonly lambda: LambdaRuntime;
  readonly queues: Queues;
  readonly accountId: string;
  readonly region: string;
  record(observation: Observation): void;
  startExecution(stateMachineArn: string, input: string): void;
  readonly delivery?: Partial<EventDelivery>;
}

const MAX_ENTRIES = 10;
const MAX_REQUEST_BYTES = 1_048_576;
/**
 * What happens without any fault: at least once means that some come twice, best effort that some never come. AWS
 * publishes neither share; rare enough to leave most runs alone, often enough that some seed meets them.
 */
const DELIVERY_DEFAULTS: EventDelivery = { duplicateShare: 0.01, lossShare: 0.005 };

export class EventBus implements EventBusPort {
  readonly #parts: EventBusParts;
  readonly #rules: Rule[] = [];
  readonly #ids: RandomStream;
  readonly #delays: RandomStream;
  readonly #losses: RandomStream;
  readonly #duplicates: RandomStream;
  readonly #delivery: EventDelivery;
  readonly #deadLetters: DeadLetter[] = [];
  #underway = 0;
  #published = 0;

  constructor(parts: EventBusParts) {
    this.#parts = parts;
    this.#ids = parts.random.stream('event-bridge/ids');
    this.#delays = parts.random.stream('event-bridge/delays');
    this.#losses = parts.random.stream('event-bridge/losses');
    this.#duplicates = parts.random.stream('event-bridge/duplicates');
    this.#delivery = { ...DELIVERY_DEFAULTS, ...parts.delivery };
    parts.registry.register('EventBridge', {
      PutEvents: (input: { Entries?: PutEntry[] }) => this.#putEvents(input.Entries ?? []),
    });
  }

  addRule(rule: Rule): void {
    this.#rules.push(rule);
  }

  /** Events on their way that some target will get. */
  get underway(): number {
    return this.#underway;
  }

  /** What no target took, oldest first. */
  get deadLetters(): readonly DeadLetter[] {
    return this.#deadLetters;
  }

  /** Custom events, which are billed. */
  get published(): number {
    return this.#published;
  }

  emit(event: ServiceEvent): void {
    if (event.delivery === 'best-effort' && this.#isLost()) return;
    const told = event.isLasting ? event : copied(event);
    const envelope = this.#envelope(event.source, event.detailType, event.resources, told);
    this.#send(event.region === undefined ? envelope : { ...envelope, region: event.region }, 'default');
  }

  /** Delivers an event that is given whole, as it stands (a raw AWS event), without the usual delay. */
  deliver(event: EventEnvelope, bus = 'default'): void {
    this.#arrive(event, bus);
  }

  #envelope(
    source: string,
    detailType: string,
    resources: readonly string[],
    told: Pick<ServiceEvent, 'detail'>,
    timeMs = this.#parts.clock.nowMs,
  ): EventEnvelope {
    return {
      version: '0',
      id: uuid(this.#ids),
      'detail-type': detailType,
      source,
      account: this.#parts.accountId,
      time: new Date(timeMs).toISOString().replace(/\.\d+Z$/, 'Z'),
      region: this.#parts.region,
      resources: [...resources],
      get detail() {
        return told.detail;
      },
    };
  }

  #send(event: EventEnvelope, bus: string): void {
    const isWanted = this.#rules.some((rule) => wants(rule, event, bus));
    this.#later(() => this.#arrive(event, bus), isWanted);
  }

  #arrive(event: EventEnvelope, bus: string): void {
    this.#parts.record({
      kind: 'event',
      source: event.source,
      detailType: event['detail-type'],
      get detail() {
        return event.detail;
      },
    });
    for (const rule of this.#rules) {
      if (!wants(rule, event, bus)) continue;
      this.#deliver(rule, event);
      if (this.#comesTwice()) this.#later(() => this.#deliver(rule, event), true);
    }
  }

  #isLost(): boolean {
    return this.#parts.faults.dropsEvent() || this.#losses.chance(this.#delivery.lossShare);
  }

  #comesTwice(): boolean {
    return this.#parts.faults.duplicatesEvent() || this.#duplicates.chance(this.#delivery.duplicateShare);
  }

  #deliver({ name, target }: Rule, event: EventEnvelope): void {
    // Targets get their own copy, and run as nobody's code: who caused the event is not who handles it.
    const copy = JSON.parse(JSON.stringify(event)) as EventEnvelope;
    const bury = (errorCode: string, errorMessage: string) =>
      void this.#deadLetters.push({ rule: name, errorCode, errorMessage, event: copy });
    asNobody(() => {
      if ('deliver' in target) return target.deliver(copy);
      if ('queue' in target) {
        if (!this.#parts.queues.has(target.queue)) return bury('RESOURCE_NOT_FOUND', target.queue);
        return this.#parts.queues.send(target.queue, JSON.stringify(copy));
      }
      const payload = target.input?.(copy) ?? copy;
      if ('lambda' in target) {
        if (!this.#parts.lambda.has(target.lambda)) return bury('RESOURCE_NOT_FOUND', target.lambda);
        return this.#parts.lambda.invokeAsync(target.lambda, payload);
      }
      try {
        this.#parts.startExecution(target.stateMachine, JSON.stringify(payload));
      } catch (error) {
        if (!isAwsError(error)) throw error;
        const isMissing = error.name === 'StateMachineDoesNotExist';
        bury(isMissing ? 'RESOURCE_NOT_FOUND' : error.name, error.message);
      }
    });
  }

  #later(run: () => void, isWanted: boolean): void {
    if (isWanted) this.#underway++;
    const delayMs = Math.round(this.#delays.between(this.#parts.timings.eventDelaySeconds()) * 1000);
    this.#parts.clock.after(delayMs, () => {
      if (isWanted) this.#underway--;
      run();
    });
  }

  #putEvents(entries: readonly PutEntry[]): object {
    if (entries.length < 1 || entries.length > MAX_ENTRIES) {
      throw awsError(
        'ValidationException',
        `1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length less than or equal to ${MAX_ENTRIES}`,
      );
    }
    const bytes = entries.reduce((sum, entry) => sum + sizeOf(entry), 0);
    if (bytes > MAX_REQUEST_BYTES) {
      throw awsError('ValidationException', 'Total size of the entries in the request is over the limit.');
    }
    const answers = entries.map((entry) => this.#putEvent(entry));
    return {
      FailedEntryCount: answers.filter((answer) => 'ErrorCode' in answer).length,
      Entries: answers,
    };
  }

  #putEvent(entry: PutEntry): { EventId: string } | { ErrorCode: string; ErrorMessage: string } {
    const missing = (['Source', 'DetailType', 'Detail'] as const).find((field) => !entry[field]);
    if (missing)
      return refusal(
        'InvalidArgument',
        `Parameter ${missing} is not valid. Reason: ${missing} is a required argument.`,
      );
    const source = entry.Source ?? '';
    if (source.startsWith('aws.'))
      return refusal('NotAuthorizedForSourceException', `Not authorized for the source ${source}.`);
    const detail = readObject(entry.Detail ?? '');
    if (!detail) return refusal('MalformedDetail', 'Detail is malformed.');
    const event = this.#envelope(
      source,
      entry.DetailType ?? '',
      entry.Resources ?? [],
      { detail },
      entry.Time ? new Date(entry.Time).getTime() : undefined,
    );
    this.#published++;
    this.#send(event, nameOf(entry.EventBusName));
    return { EventId: event.id };
  }
}

interface PutEntry {
  readonly Source?: string;
  readonly DetailType?: string;
  readonly Detail?: string;
  readonly Resources?: readonly string[];
  readonly Time?: Date;
  readonly EventBusName?: string;
}

function wants(rule: Rule, event: EventEnvelope, bus: string): boolean {
  return nameOf(rule.bus) === bus && matches(rule.pattern, event);
}

/** As it is now: services go on changing what they told about. */
function copied({ detail }: ServiceEvent): Pick<ServiceEvent, 'detail'> {
  return { detail: JSON.parse(JSON.stringify(detail)) as Record<string, unknown> };
}

/** Name of a bus by its name or ARN. */
function nameOf(bus: string | undefined): string {
  return bus?.split('/').at(-1) ?? 'default';
}

function refusal(ErrorCode: string, ErrorMessage: string): { ErrorCode: string; ErrorMessage: string } {
  return { ErrorCode, ErrorMessage };
}

/** Source: eb-putevents, calculating the entry size. */
function sizeOf(entry: PutEntry): number {
  const texts = [entry.Source, entry.DetailType, entry.Detail, ...(entry.Resources ?? [])];
  return (entry.Time ? 14 : 0) + texts.reduce((sum, text) => sum + Buffer.byteLength(text ?? ''), 0);
}

function readObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // Not JSON.
  }
  return undefined;
}
