/**
 * The faults that are in force: what the services ask at the moment it matters. The engine adds them when they fire;
 * each one ends by itself, by its count or by its time, or stays.
 */
import type { VirtualClock } from '../kernel/clock.ts';
import type { RandomStream, RandomStreams } from '../kernel/random.ts';
import type { FaultBoard, ServiceName } from '../world.ts';
import type { FaultContext } from './context.ts';
import { operationMatcher, serviceNamed } from './operations.ts';
import type { Fault, FaultKind, FaultOf } from './schema.ts';

/** Something that may be used up: `times` many times, until `untilMs`, or neither. */
interface Limit {
  left: number;
  readonly untilMs: number;
}

interface InForce<F> {
  readonly fault: F;
  readonly limit: Limit;
}

export class Board implements FaultBoard {
  readonly #clock: VirtualClock;
  readonly #random: RandomStream;
  readonly #context: FaultContext;
  readonly #neverRegisters: FaultOf<'image-never-registers'>[] = [];
  readonly #breaksTasks: FaultOf<'image-breaks-tasks'>[] = [];
  readonly #launchFails: InForce<FaultOf<'launch-fails'>>[] = [];
  readonly #stuckStopping: FaultOf<'task-stuck-stopping'>[] = [];
  readonly #pendingStall: InForce<FaultOf<'pending-stall'>>[] = [];
  readonly #apiErrors: (InForce<FaultOf<'api-error'>> & { matches(operation: string): boolean })[] = [];
  readonly #lostResponses: (InForce<FaultOf<'lost-response'>> & { matches(operation: string): boolean })[] =
    [];
  readonly #crashes: InForce<FaultOf<'handler-crash'>>[] = [];
  /** By service: the latest says how old its reads are; one of no lag ends it. */
  readonly #staleReads = new Map<string, FaultOf<'stale-reads'>>();
  #dropShare = 0;
  #duplicateShare = 0;

  /** @param context asked at each answer, since the run decides late what its image is */
  constructor(clock: VirtualClock, random: RandomStreams, context: FaultContext) {
    this.#clock = clock;
    this.#random = random.stream('faults/board');
    this.#context = context;
  }

  /** Puts a fault in force from now on. */
  add(fault: FaultOnBoard): void {
    switch (fault.kind) {
      case 'image-never-registers':
        this.#neverRegisters.push(fault);
        return;
      case 'image-breaks-tasks':
        this.#breaksTasks.push(fault);
        return;
      case 'launch-fails':
        this.#launchFails.push({ fault, limit: this.#limit(fault) });
        return;
      case 'task-stuck-stopping':
        this.#stuckStopping.push(fault);
        return;
      case 'pending-stall':
        // One task hangs (agent issue 5138); a kind that repeats would say how often.
        this.#pendingStall.push({ fault, limit: this.#limit({ times: 1 }) });
        return;
      case 'api-error':
        this.#apiErrors.push({
          fault,
          limit: this.#limit(fault),
          matches: operationMatcher(fault.operation),
        });
        return;
      case 'lost-response':
        this.#lostResponses.push({
          fault,
          limit: this.#limit(fault),
          matches: operationMatcher(fault.operation),
        });
        return;
      case 'handler-crash':
        this.#crashes.push({ fault, limit: this.#limit(fault) });
        return;
      case 'stale-reads':
        this.#staleReads.set(serviceNamed(fault.service), fault);
        return;
      case 'drop-events':
        this.#dropShare = fault.share;
        return;
      case 'duplicate-events':
        this.#duplicateShare = fault.share;
        return;
    }
  }

  neverRegisters(imageId: string): boolean {
    return this.#neverRegisters.some((fault) => this.#isImageOf(fault.image, imageId));
  }

  breaksTask(
    imageId: string,
    serviceName: string | null,
  ): { readonly exitCode: number; readonly afterSeconds: number } | undefined {
    return this.#breaksTasks.find(
      (fault) =>
        this.#isImageOf(fault.image, imageId) &&
        (fault.services === undefined || fault.services.includes(serviceName ?? '')) &&
        this.#random.chance(fault.share),
    );
  }

  launchFailure(zone: string): string | undefined {
    return this.#use(this.#launchFails, ({ fault }) => fault.zone === undefined || fault.zone === zone)?.fault
      .message;
  }

  stuckStoppingSeconds(taskArn: string, serviceName: string | null): number {
    const found = this.#stuckStopping.filter((fault) =>
      fault.task === undefined ? fault.service === serviceName : isTask(fault.task, taskArn),
    );
    return Math.max(0, ...found.map((fault) => fault.seconds));
  }

  pendingStallSeconds(serviceName: string | null): number {
    const stall = this.#use(
      this.#pendingStall,
      ({ fault }) => fault.service === undefined || fault.service === serviceName,
    );
    return stall?.fault.seconds ?? 0;
  }

  apiError(operation: string): string | undefined {
    return this.#use(
      this.#apiErrors,
      ({ fault, matches }) =>
        matches(operation) && (fault.rate === undefined || this.#random.chance(fault.rate)),
    )?.fault.error;
  }

  losesResponse(operation: string): boolean {
    return this.#use(this.#lostResponses, ({ matches }) => matches(operation)) !== undefined;
  }

  staleMs(service: ServiceName): number {
    return (this.#staleReads.get(service)?.lagSeconds ?? 0) * 1000;
  }

  crashesAfterCall(functionName: string, callsSoFar: number): boolean {
    const crash = this.#use(
      this.#crashes,
      ({ fault }) => fault.function === functionName && fault.afterCalls === callsSoFar,
    );
    return crash !== undefined;
  }

  dropsEvent(): boolean {
    return this.#dropShare > 0 && this.#random.chance(this.#dropShare);
  }

  duplicatesEvent(): boolean {
    return this.#duplicateShare > 0 && this.#random.chance(this.#duplicateShare);
  }

  /** No image named means the run's target, whatever that is by then. */
  #isImageOf(named: string | undefined, imageId: string): boolean {
    return named === undefined ? this.#context.targetImages().includes(imageId) : named === imageId;
  }

  #limit(fault: { readonly times?: number | undefined; readonly seconds?: number | undefined }): Limit {
    const { times, seconds } = fault;
    return {
      left: times ?? Number.POSITIVE_INFINITY,
      untilMs: seconds === undefined ? Number.POSITIVE_INFINITY : this.#clock.nowMs + seconds * 1000,
    };
  }

  /** The first fault in force that applies, counted as used once. */
  #use<E extends { readonly limit: Limit }>(
    entries: readonly E[],
    applies: (entry: E) => boolean,
  ): E | undefined {
    const found = entries.find(
      (entry) => entry.limit.left > 0 && this.#clock.nowMs < entry.limit.untilMs && applies(entry),
    );
    if (found) found.limit.left--;
    return found;
  }
}

/** Kinds that only change what the board answers. */
const BOARD_KINDS = [
  'image-never-registers',
  'image-breaks-tasks',
  'launch-fails',
  'task-stuck-stopping',
  'pending-stall',
  'api-error',
  'lost-response',
  'handler-crash',
  'stale-reads',
  'drop-events',
  'duplicate-events',
] as const satisfies readonly FaultKind[];

export type BoardKind = (typeof BOARD_KINDS)[number];

export type FaultOnBoard = { [K in BoardKind]: FaultOf<K> }[BoardKind];

export function isOnBoard(fault: Fault): fault is FaultOnBoard {
  return (BOARD_KINDS as readonly string[]).includes(fault.kind);
}

/** A task by ARN or by its last part: captures hold both forms. */
export function isTask(named: string, taskArn: string): boolean {
  return named === taskArn || taskArn.endsWith(`/${named}`);
}
