/**
 * An execution's event history as AWS counts it: a Lambda task costs five events (entered, scheduled, started, succeeded,
 * exited), any other state two, an attempt that failed three more, the execution its start and its end. Events over
 * 25,000 end the execution.
 *
 * Sources: Step Functions developer guide, service-quotas (25,000, hard); Step Functions API, HistoryEventType.
 */
export const MAX_HISTORY_EVENTS = 25_000;

export interface HistoryEvent {
  readonly id: number;
  readonly previousEventId: number;
  readonly timestamp: Date;
  readonly type: string;
  /** State, for events of states. */
  readonly name?: string;
  readonly error?: string;
  readonly cause?: string;
}

export class History {
  readonly events: HistoryEvent[] = [];
  /** Billed: each state entered, and each retry of one. */
  stateTransitions = 0;
  readonly #full: () => void;

  /** @param full told once, when the limit is reached and the execution has not ended */
  constructor(full: () => void) {
    this.#full = full;
  }

  get count(): number {
    return this.events.length;
  }

  add(atMs: number, type: string, about: { name?: string; error?: string; cause?: string } = {}): void {
    const id = this.events.length + 1;
    this.events.push({ id, previousEventId: id - 1, timestamp: new Date(atMs), type, ...about });
    // The last place is kept for the event that ends the execution.
    if (this.events.length === MAX_HISTORY_EVENTS - 1) this.#full();
  }
}
