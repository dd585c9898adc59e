/**
 * Fires faults. Each fires once: at its second, or at the end of the turn in which its moment came, so that it never
 * strikes in the middle of a change. A fault whose host, task or group does not exist (yet) waits for it.
 */
import { isAwsError } from '../dispatch/sdk-error.ts';
import type { VirtualClock } from '../kernel/clock.ts';
import { keepPictures } from '../kernel/lagging-store.ts';
import type { RandomStreams } from '../kernel/random.ts';
import type { Observation } from '../observation.ts';
import { presentState } from '../present-state.ts';
import type { Truth } from '../truth.ts';
import type { ScriptedActions } from './actions.ts';
import { Board, isOnBoard } from './board.ts';
import { type FaultContext, NO_CONTEXT } from './context.ts';
import { type Moment, momentOf, Progress } from './moments.ts';
import { Roles } from './roles.ts';
import type { Fault } from './schema.ts';

/** What became of one armed fault; never fired means an empty list. */
export interface FaultRecord {
  readonly kind: string;
  readonly firedAtSeconds: readonly number[];
}

interface Armed {
  readonly fault: Fault;
  readonly firedAtSeconds: number[];
  /** Undefined once the moment has come, or when it is a second. */
  moment: Moment | undefined;
}

export interface FaultEngineParts {
  readonly clock: VirtualClock;
  readonly random: RandomStreams;
  readonly truth: Truth;
  /** Set after the services exist; asked when a fault fires. */
  readonly actions: () => ScriptedActions;
  record(observation: Observation): void;
}

export class FaultEngine {
  /** What the account's services ask. */
  readonly board: Board;
  readonly #parts: FaultEngineParts;
  readonly #roles: Roles;
  readonly #progress: Progress;
  readonly #armed: Armed[] = [];
  readonly #waiting: Armed[] = [];
  #context: FaultContext = NO_CONTEXT;

  constructor(parts: FaultEngineParts) {
    this.#parts = parts;
    const context: FaultContext = {
      outdated: () => this.#context.outdated(),
      targetImages: () => this.#context.targetImages(),
    };
    this.board = new Board(parts.clock, parts.random, context);
    this.#roles = new Roles(context, parts.truth, parts.clock.startMs);
    this.#progress = new Progress(context, parts.truth);
  }

  /** Tells what runs in the account: what roles, moments and "the run's target" mean. */
  tell(context: FaultContext): void {
    this.#context = context;
  }

  /** Makes a fault ready to fire. */
  arm(fault: Fault): void {
    if (this.#armed.length === 0)
      for (const observation of presentState(this.#parts.truth)) this.#roles.observe(observation);
    if (fault.kind === 'stale-reads') keepPictures(this.#parts.clock, fault.lagSeconds * 1000);
    const armed: Armed = { fault, firedAtSeconds: [], moment: undefined };
    this.#armed.push(armed);
    if (fault.when !== undefined) {
      armed.moment = momentOf(fault.when, this.#roles, this.#progress, this.#parts.truth);
      return;
    }
    const { clock } = this.#parts;
    clock.at(clock.startMs + (fault.atSeconds ?? 0) * 1000, () => {
      if (!this.#fire(armed)) this.#waiting.push(armed);
    });
  }

  /** Every armed fault in the order of arming, with the seconds at which it fired. */
  records(): FaultRecord[] {
    return this.#armed.map(({ fault, firedAtSeconds }) => ({ kind: fault.kind, firedAtSeconds }));
  }

  /** A scripted event whose second is still to come: it is on its way as surely as one that was sent. */
  get hasEventsAhead(): boolean {
    return this.#armed.some(
      ({ fault, firedAtSeconds }) =>
        fault.kind === 'send-event' && fault.when === undefined && firedAtSeconds.length === 0,
    );
  }

  /** Told everything that happens in the account, in order. */
  observe(observation: Observation): void {
    if (this.#armed.length === 0) return;
    this.#roles.observe(observation);
    this.#progress.observe(observation);
    for (const armed of this.#armed) {
      if (!armed.moment?.(observation)) continue;
      armed.moment = undefined;
      this.#waiting.push(armed);
    }
  }

  /** The turn is over: what is due fires. */
  settled(): void {
    if (this.#waiting.length === 0) return;
    const due = this.#waiting.splice(0);
    this.#waiting.push(...due.filter((armed) => !this.#fire(armed)));
  }

  /** @returns false when there is nothing yet that the fault could happen to */
  #fire({ fault, firedAtSeconds }: Armed): boolean {
    const { clock, record } = this.#parts;
    const role = 'instance' in fault ? fault.instance : undefined;
    const instanceId = role === undefined ? undefined : this.#roles.resolve(role);
    if (role !== undefined && instanceId === undefined) return false;

    const act = isOnBoard(fault)
      ? () => this.board.add(fault)
      : this.#parts.actions().prepare(fault, instanceId);
    if (!act) return false;

    firedAtSeconds.push(clock.elapsedSeconds);
    record({ kind: 'fault', fault: fault.kind, ...(instanceId !== undefined && { instanceId }) });
    try {
      act();
    } catch (error) {
      // AWS refuses people too: a refresh while another one runs, say.
      if (!isAwsError(error)) throw error;
    }
    return true;
  }
}
