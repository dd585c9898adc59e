/**
 * Calls enter the account in the order in which they were made. Between `client.send` and the account the SDK may do
 * real I/O (it reads shared config files the first time): meanwhile virtual time stands still, and whoever is done
 * first waits for those who called before.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { VirtualClock } from '../kernel/clock.ts';

export interface Ticket {
  /** Runs `enter` when it is the call's turn; at once when it came before (an SDK retry). */
  arrive<T>(enter: () => Promise<T>): Promise<T>;
  /** The call failed before it reached the account, or is over: it holds nobody up any more. */
  leave(): void;
}

interface Waiting {
  readonly number: number;
  state: 'on its way' | 'arrived' | 'in';
  letIn: () => void;
  landed: () => void;
}

export class Arrivals {
  readonly #clock: VirtualClock;
  readonly #queue: Waiting[] = [];
  #count = 0;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  depart(): Ticket {
    let landed = () => {};
    const travel = new Promise<void>((resolve) => {
      landed = resolve;
    });
    void this.#clock.hold(travel);
    const waiting: Waiting = { number: this.#count++, state: 'on its way', letIn: () => {}, landed };
    this.#queue.push(waiting);
    return {
      arrive: (enter) => {
        if (waiting.state === 'in') return enter();
        return new Promise((resolve) => {
          // Bound, since it may be another caller's arrival that opens the door for this one.
          waiting.letIn = AsyncLocalStorage.bind(() => resolve(enter()));
          waiting.state = 'arrived';
          this.#advance();
        });
      },
      leave: () => {
        if (waiting.state === 'in') return;
        const at = this.#queue.indexOf(waiting);
        if (at >= 0) this.#queue.splice(at, 1);
        waiting.state = 'in';
        waiting.landed();
        this.#advance();
      },
    };
  }

  #advance(): void {
    for (let first = this.#queue[0]; first?.state === 'arrived'; first = this.#queue[0]) {
      this.#queue.shift();
      first.state = 'in';
      first.letIn();
      first.landed();
    }
  }
}
