/**
 * AWS Lambda around the real handlers: each invocation gets its own context and caller identity, payload and answer go
 * through JSON, time-outs are virtual, and a process that died (time-out, crash) never goes on.
 *
 * Sources: AWS Lambda developer guide, gettingstarted-limits (6 MB synchronous, 1 MB asynchronous, 1,000 at once in an
 * account and Region, fewer in a new one), invocation-async-error-handling (a function that failed is retried after one
 * and two minutes; a throttle or an error of Lambda for up to six hours, after 1 s growing to 5 minutes; duplicates
 * possible), nodejs-context.
 */
import { type Invocation, runInvocation } from '../kernel/caller.ts';
import type { Timer, VirtualClock } from '../kernel/clock.ts';
import { uuid } from '../kernel/ids.ts';
import type { RandomStream, RandomStreams } from '../kernel/random.ts';
import type { FaultBoard } from '../world.ts';
import type { LambdaContext } from './context.ts';
import { exited, FunctionError, InvocationError, notInvoked, thrownError, timedOut } from './errors.ts';

export interface LambdaFunction {
  /** The handler as exported: `async (event, context) => answer`. */
  readonly handler: (event: never, context: LambdaContext) => unknown;
  /** At most 900. */
  readonly timeoutSeconds: number;
  /** 512 unless given; only the bill depends on it. */
  readonly memorySizeMb?: number;
}

export interface LambdaCost {
  readonly invocations: number;
  readonly gbSeconds: number;
}

/** Told after each invocation that answered. */
export type AnswerListener = (functionName: string, payload: unknown, answer: unknown) => void;

/** Told after each attempt that failed, asynchronous ones too, whose failure nobody else hears of. */
export type FailureListener = (functionName: string, payload: unknown, error: Error) => void;

export interface LambdaParts {
  readonly clock: VirtualClock;
  readonly random: RandomStreams;
  readonly accountId: string;
  readonly region: string;
  /** `api-error` and `lost-response` of `Lambda.Invoke`, crashes before the first call; none unless given. */
  readonly faults?: Pick<FaultBoard, 'apiError' | 'losesResponse' | 'crashesAfterCall'>;
  /** Which reading holds of `QUESTIONS.crashIsUnknown`. */
  readonly crashIsUnknown?: boolean;
  /** Invocations at once in the account, all functions together; 1,000 unless given. */
  readonly concurrency?: number;
}

const MAX_SYNCHRONOUS_BYTES = 6_291_556;
const MAX_ASYNCHRONOUS_BYTES = 1_048_576;
/** Start of a handler in a warm environment, and in a new one. */
const WARM_START_MS = [4, 20] as const;
const COLD_START_MS = [250, 600] as const;
/** Lambda keeps an idle environment for minutes; no figure is published. */
const ENVIRONMENT_LIVES_MS = 10 * 60_000;
const ASYNC_RETRY_AFTER_MS = [60_000, 120_000] as const;
const QUEUE_RETRY_AFTER_MS = [1_000, 300_000] as const;
const EVENT_LIVES_MS = 6 * 3_600_000;
const CONCURRENCY = 1_000;

export class LambdaRuntime {
  readonly #parts: LambdaParts;
  readonly #functions = new Map<string, LambdaFunction>();
  /** Environments that wait for their next invocation, by function, the last used at the end. */
  readonly #idle = new Map<string, { readonly environment: object; readonly sinceMs: number }[]>();
  readonly #listeners: AnswerListener[] = [];
  readonly #failureListeners: FailureListener[] = [];
  readonly #ids: RandomStream;
  readonly #starts: RandomStream;
  #invocations = 0;
  #gbSeconds = 0;
  #pending = 0;
  #running = 0;

  constructor(parts: LambdaParts) {
    this.#parts = parts;
    this.#ids = parts.random.stream('lambda/ids');
    this.#starts = parts.random.stream('lambda/starts');
  }

  register(name: string, definition: LambdaFunction): void {
    if (definition.timeoutSeconds > 900) throw new Error(`${name}: Lambda runs 900 seconds at most`);
    this.#functions.set(name, definition);
  }

  has(name: string): boolean {
    return this.#functions.has(name);
  }

  arnOf(name: string): string {
    return `arn:aws:lambda:${this.#parts.region}:${this.#parts.accountId}:function:${name}`;
  }

  onAnswer(listener: AnswerListener): void {
    this.#listeners.push(listener);
  }

  onFailure(listener: FailureListener): void {
    this.#failureListeners.push(listener);
  }

  get cost(): LambdaCost {
    return { invocations: this.#invocations, gbSeconds: this.#gbSeconds };
  }

  /** Invocations that run, and asynchronous ones that still have a retry before them. */
  get pending(): number {
    return this.#pending;
  }

  /**
   * Invokes and waits, as a state machine does.
   *
   * @throws FunctionError when the function failed; `ResourceNotFoundException` and `RequestEntityTooLargeException` as
   *   errors of that name
   */
  async invoke(name: string, payload: unknown): Promise<unknown> {
    const text = JSON.stringify(payload ?? null);
    if (Buffer.byteLength(text) > MAX_SYNCHRONOUS_BYTES) {
      throw new FunctionError('Lambda.RequestEntityTooLargeException', {
        errorType: 'RequestEntityTooLargeException',
        errorMessage: `Request must be smaller than ${MAX_SYNCHRONOUS_BYTES} bytes for the InvokeFunction operation`,
      });
    }
    this.#pending++;
    try {
      return await this.#run(name, text, uuid(this.#ids));
    } finally {
      this.#pending--;
    }
  }

  /** Queues an event, as EventBridge does: answered to nobody, tried again with the same request id. */
  invokeAsync(name: string, payload: unknown): void {
    const text = JSON.stringify(payload ?? null);
    if (Buffer.byteLength(text) > MAX_ASYNCHRONOUS_BYTES) {
      throw new Error(`the payload of an asynchronous invocation of ${name} is over 1 MB`);
    }
    const requestId = uuid(this.#ids);
    this.#pending++;
    const { clock } = this.#parts;
    const queuedMs = clock.nowMs;
    let failures = 0;
    let refusals = 0;
    /** Undefined: the event is discarded. */
    const waitAfter = (error: unknown): number | undefined => {
      if (!this.has(name)) return undefined;
      if (!(error instanceof InvocationError)) return ASYNC_RETRY_AFTER_MS[failures++];
      const [first, longest] = QUEUE_RETRY_AFTER_MS;
      return Math.min(longest, first * 2 ** refusals++);
    };
    const attempt = () => {
      this.#run(name, text, requestId).then(
        () => {
          this.#pending--;
        },
        (error: unknown) => {
          const waitMs = waitAfter(error);
          if (waitMs === undefined || clock.nowMs + waitMs - queuedMs > EVENT_LIVES_MS) this.#pending--;
          else clock.after(waitMs, attempt);
        },
      );
    };
    attempt();
  }

  async #run(name: string, text: string, requestId: string): Promise<unknown> {
    const definition = this.#functions.get(name);
    if (!definition) {
      throw new FunctionError('Lambda.ResourceNotFoundException', {
        errorType: 'ResourceNotFoundException',
        errorMessage: `Function not found: ${this.arnOf(name)}`,
      });
    }
    const { clock, faults } = this.#parts;
    const scripted = faults?.apiError('Lambda.Invoke');
    if (scripted !== undefined) throw notInvoked(scripted);
    if (this.#running >= (this.#parts.concurrency ?? CONCURRENCY))
      throw notInvoked('TooManyRequestsException');
    this.#running++;
    const kept = this.#warm(name);
    await clock.delay(Math.round(this.#starts.between(kept ? WARM_START_MS : COLD_START_MS)));
    const environment = kept ?? {};
    const startedMs = clock.nowMs;
    this.#invocations++;
    try {
      const answer = await this.#execute(name, definition, text, requestId, environment);
      for (const listener of this.#listeners) listener(name, JSON.parse(text), answer);
      // The function did its work, but its invoker never hears of it: Step Functions tries again.
      if (faults?.losesResponse('Lambda.Invoke')) throw notInvoked('SdkClientException');
      return answer;
    } catch (error) {
      for (const listener of this.#failureListeners) listener(name, JSON.parse(text), error as Error);
      throw error;
    } finally {
      this.#running--;
      const gigabytes = (definition.memorySizeMb ?? 512) / 1024;
      this.#gbSeconds += gigabytes * Math.max(1, clock.nowMs - startedMs) * 0.001;
    }
  }

  #execute(
    name: string,
    definition: LambdaFunction,
    text: string,
    requestId: string,
    environment: object,
  ): Promise<unknown> {
    const { clock } = this.#parts;
    const endsMs = clock.nowMs + definition.timeoutSeconds * 1000;
    return new Promise((resolve, reject) => {
      let timer: Timer | undefined;
      const invocation: Invocation = {
        functionName: name,
        environment,
        calls: 0,
        dead: false,
        onCrash: () => {
          clock.cancel(timer);
          reject(exited(requestId, this.#parts.crashIsUnknown ? 'Lambda.Unknown' : 'Runtime.ExitError'));
        },
      };
      timer = clock.at(endsMs, () => {
        if (invocation.dead) return;
        invocation.dead = true;
        reject(timedOut(requestId, definition.timeoutSeconds));
      });
      if (this.#parts.faults?.crashesAfterCall(name, 0)) {
        invocation.dead = true;
        invocation.onCrash?.();
        return;
      }
      const work = async () =>
        definition.handler(JSON.parse(text) as never, this.#contextOf(name, definition, requestId, endsMs));
      runInvocation(invocation, work).then(
        (answer) => {
          if (invocation.dead) return;
          clock.cancel(timer);
          this.#keep(name, environment);
          try {
            resolve(throughJson(answer));
          } catch (error) {
            reject(error);
          }
        },
        (error: unknown) => {
          if (invocation.dead) return;
          clock.cancel(timer);
          this.#keep(name, environment);
          reject(thrownError(error));
        },
      );
    });
  }

  /** An environment that waits; one whose process died, or that was idle for long, is none. */
  #warm(name: string): object | undefined {
    const last = this.#idle.get(name)?.pop();
    const isKept = last !== undefined && this.#parts.clock.nowMs - last.sinceMs <= ENVIRONMENT_LIVES_MS;
    return isKept ? last.environment : undefined;
  }

  #keep(name: string, environment: object): void {
    const idle = this.#idle.get(name) ?? [];
    idle.push({ environment, sinceMs: this.#parts.clock.nowMs });
    this.#idle.set(name, idle);
  }

  #contextOf(name: string, definition: LambdaFunction, requestId: string, endsMs: number): LambdaContext {
    const ignored = () => {};
    return {
      callbackWaitsForEmptyEventLoop: true,
      functionName: name,
      functionVersion: '$LATEST',
      invokedFunctionArn: this.arnOf(name),
      memoryLimitInMB: String(definition.memorySizeMb ?? 512),
      awsRequestId: requestId,
      logGroupName: `/aws/lambda/${name}`,
      logStreamName: '[$LATEST]',
      getRemainingTimeInMillis: () => Math.max(0, endsMs - this.#parts.clock.nowMs),
      done: ignored,
      fail: ignored,
      succeed: ignored,
    };
  }
}

/** Lambda hands on what JSON can say: Dates become strings, undefined becomes null. */
function throughJson(answer: unknown): unknown {
  let text: string | undefined;
  try {
    text = JSON.stringify(answer);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new FunctionError('Runtime.MarshalError', {
      errorType: 'Runtime.MarshalError',
      errorMessage: `Unable to stringify response body: ${why}`,
    });
  }
  const bytes = Buffer.byteLength(text ?? 'null');
  if (bytes > MAX_SYNCHRONOUS_BYTES) {
    throw new FunctionError('Function.ResponseSizeTooLarge', {
      errorType: 'Function.ResponseSizeTooLarge',
      errorMessage: `Response payload size (${bytes} bytes) exceeded maximum allowed payload size (${MAX_SYNCHRONOUS_BYTES} bytes).`,
    });
  }
  return JSON.parse(text ?? 'null');
}
