/**
 * A hand on the account: it counts every point at which a function's process can die, and lets it die at one of them.
 *
 * A point is the start of an invocation or the end of one of its AWS calls, the n-th over the whole run; an answer is a
 * call that took effect, whose response can get lost. The same scene makes the same points up to the one that is struck.
 */
import type { Account } from '../../simulator/account.ts';
import { currentInvocation } from '../../simulator/kernel/caller.ts';
import type { Execution } from '../../simulator/step-functions/execution.ts';

/** A place in a scene's run without a crash. */
export interface Point {
  readonly function: string;
  /** AWS calls of this invocation so far. */
  readonly calls: number;
  /** The call that was answered last; undefined at the start of an invocation. */
  readonly operation?: string;
}

/** An answer that could get lost. */
export interface Answer {
  /** `Lambda.Invoke` is the answer of a function to the state machine. */
  readonly operation: string;
}

/**
 * - `once`: the process dies, the state machine tries again.
 * - `stopped`: it dies, the execution is stopped at that moment, and no event says so.
 * - `for-good`: it dies there in every further invocation while this execution runs, and no event says so.
 * - `lost`: the response gets lost after its effect, the SDK's next attempt is answered.
 * - `all-lost`: so are the responses to all attempts of the SDK.
 */
export const BLOWS = ['once', 'stopped', 'for-good', 'lost', 'all-lost'] as const;
export type Blow = (typeof BLOWS)[number];

export interface Strike {
  readonly blow: Blow;
  /** Number of the point, or of the answer where a response gets lost; from 0. */
  readonly at: number;
}

/** A function that no execution invokes is tried again by Lambda alone: three attempts in all. */
const ASYNC_ATTEMPTS = 3;

export class Hand {
  readonly points: Point[] = [];
  readonly answers: Answer[] = [];
  /** Virtual time of the blow; undefined until it falls. */
  struckMs: number | undefined;
  struckPoint: Point | undefined;
  #victim: Execution | undefined;
  #deaths = 0;
  #lastCall = '';
  #lostFor: object | undefined;

  /** @param strike none: only counts */
  constructor(account: Account, strike?: Strike) {
    const { board } = account.faults;
    const crashes = board.crashesAfterCall.bind(board);
    const loses = board.losesResponse.bind(board);
    const drops = board.dropsEvent.bind(board);
    account.observe((observation) => {
      if (observation.kind === 'call') this.#lastCall = observation.operation;
    });
    board.crashesAfterCall = (name, calls) =>
      crashes(name, calls) || this.#dies(account, { function: name, calls }, strike);
    board.losesResponse = (operation) => loses(operation) || this.#isLost(account, operation, strike);
    board.dropsEvent = () => drops() || (this.struckMs !== undefined && isSilent(strike));
  }

  #dies(account: Account, point: Point, strike: Strike | undefined): boolean {
    const operation = point.calls === 0 ? {} : { operation: this.#lastCall };
    const number = this.points.push({ ...point, ...operation }) - 1;
    if (strike === undefined || isLoss(strike.blow)) return false;
    if (this.struckPoint === undefined) {
      if (number !== strike.at) return false;
      this.struckPoint = point;
      this.struckMs = account.clock.nowMs;
      this.#victim = account.stepFunctions.running()[0];
      const victim = this.#victim;
      // Not in the middle of the call: as somebody's StopExecution would come.
      if (strike.blow === 'stopped') account.clock.after(0, () => victim?.stop('Stopped', 'by a test'));
      return true;
    }
    if (strike.blow !== 'for-good' || point.function !== this.struckPoint.function) return false;
    if (point.calls < this.struckPoint.calls) return false;
    this.#deaths += 1;
    return this.#victim === undefined ? this.#deaths < ASYNC_ATTEMPTS : this.#victim.status === 'RUNNING';
  }

  #isLost(account: Account, operation: string, strike: Strike | undefined): boolean {
    const number = this.answers.push({ operation }) - 1;
    if (strike === undefined || !isLoss(strike.blow)) return false;
    const caller = currentInvocation();
    if (number === strike.at) {
      this.struckMs = account.clock.nowMs;
      this.struckPoint = { function: caller?.functionName ?? operation, calls: caller?.calls ?? 0 };
      this.#lostFor = caller;
      return true;
    }
    return (
      strike.blow === 'all-lost' &&
      caller !== undefined &&
      caller === this.#lostFor &&
      operation === this.answers[strike.at]?.operation
    );
  }
}

const READS = /\.(?:Describe|List|Get|BatchGet|Query|Search)/;

/** Nothing changes with a read: to die after one is to die after what came before it. */
export function isEffect({ operation }: Pick<Point, 'operation'>): boolean {
  return operation === undefined || !READS.test(operation);
}

export function isLoss(blow: Blow): boolean {
  return blow === 'lost' || blow === 'all-lost';
}

function isSilent(strike: Strike | undefined): boolean {
  return strike?.blow === 'stopped' || strike?.blow === 'for-good';
}
