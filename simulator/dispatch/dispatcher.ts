/**
 * The account's front door. It sits inside the SDK's retry loop (step `finalizeRequest`, lowest priority: after retry and
 * signing), so what callers write is validated, serialised, signed and retried by the real SDK, and a throttle costs
 * virtual time. Answers are output objects, copied.
 *
 * A call: travels (virtual time) → scripted error? → token bucket → the operation → caller still alive? → answer.
 */
import { awsError, NotSimulated } from '../kernel/aws-error.ts';
import { currentInvocation, type Invocation, OUTSIDE } from '../kernel/caller.ts';
import type { VirtualClock } from '../kernel/clock.ts';
import { copyOf } from '../kernel/copy.ts';
import type { RandomStream, RandomStreams } from '../kernel/random.ts';
import type { Observation } from '../observation.ts';
import type { Call, FaultBoard, Operation, OperationRegistry, ServiceName } from '../world.ts';
import { Arrivals, type Ticket } from './arrivals.ts';
import { OTHER_THROTTLE_CODE, throttleErrorOf, tollsOf } from './limits.ts';
import { faultError, isAwsError, timeoutError } from './sdk-error.ts';
import { type BucketSize, TokenBucket } from './token-bucket.ts';

/** Any client of the SDK, v3. */
export interface AttachableClient {
  readonly middlewareStack: {
    add(middleware: never, options: never): void;
    remove(name: never): boolean;
  };
}

export interface DispatcherParts {
  readonly clock: VirtualClock;
  readonly random: RandomStreams;
  readonly faults: FaultBoard;
  record(observation: Observation): void;
  readonly noisyNeighbour?: NoisyNeighbour;
  readonly bucketSizes?: Readonly<Record<string, BucketSize>>;
}

/**
 * What others in the account take: a share (0 to 1) of every bucket's refill, or calls a second by bucket (`ECS cluster
 * resource read`, `EC2.RunInstances`, `AutoScaling` …; the names are those of `limits.ts`).
 */
export type NoisyNeighbour = number | Readonly<Record<string, number>>;

export interface CallCounts {
  /** Answers by operation (`ECS.DescribeTasks`), throttled ones included. */
  readonly apiCalls: Readonly<Record<string, number>>;
  /** Throttled answers, before the SDK's retry. */
  readonly throttled: number;
}

/** Milliseconds from the caller to AWS and back: most calls of AWS's control planes answer within these. */
const LATENCY_MS = [15, 90] as const;
/** How long the SDK waits before it gives up on an answer that got lost. */
const LOST_AFTER_MS = 5_000;
const READS = /^(Describe|List|Get|BatchGet|Search|Query|Scan)/;
/** Services whose reads lag behind their writes, and by how much at most. */
const LAG_MS: Partial<Record<ServiceName, number>> = {
  ECS: 1_500,
  EC2: 2_000,
  AutoScaling: 2_000,
  ElasticLoadBalancingV2: 500,
  SFN: 1_000,
  DynamoDB: 500,
};
/** Reads that see the newest state even so. */
const SHARE_OF_FRESH_READS = 0.5;

export class Dispatcher implements OperationRegistry {
  readonly #parts: DispatcherParts;
  readonly #arrivals: Arrivals;
  readonly #operations = new Map<string, Operation>();
  readonly #buckets = new Map<string, TokenBucket>();
  /** By the SDK's handler context: one object for each `send`, seen by all of its middlewares. */
  readonly #tickets = new WeakMap<object, Ticket>();
  readonly #calls: Record<string, number> = {};
  readonly #latency: RandomStream;
  readonly #lag: RandomStream;
  readonly #groupLag: RandomStream;
  readonly #throttleCode: RandomStream;
  #throttled = 0;
  #inFlight = 0;
  #attached = 0;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
    this.#arrivals = new Arrivals(parts.clock);
    this.#latency = parts.random.stream('dispatch/latency');
    this.#lag = parts.random.stream('dispatch/lag');
    this.#groupLag = parts.random.stream('dispatch/lag/AutoScaling');
    this.#throttleCode = parts.random.stream('dispatch/throttle-code');
  }

  /** Adds operations; one that is there already is replaced. */
  register(service: ServiceName, operations: Readonly<Record<string, Operation>>): void {
    for (const [name, operation] of Object.entries(operations)) {
      this.#operations.set(`${service}.${name}`, operation);
    }
  }

  get counts(): CallCounts {
    return { apiCalls: { ...this.#calls }, throttled: this.#throttled };
  }

  /** Calls that wait for their answer now. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Puts the account behind this client; the function returned takes it away again. */
  attach(client: AttachableClient, service: ServiceName): () => void {
    const name = `embeddedAccount${this.#attached++}`;
    const stack = client.middlewareStack as unknown as SdkStack;
    stack.add(
      (next, context) => async (args) => {
        const ticket = this.#arrivals.depart();
        this.#tickets.set(context, ticket);
        sparePrivacyFilter(context);
        try {
          return await next(args);
        } finally {
          ticket.leave();
        }
      },
      // Not earlier: what a caller's own middleware does before a request is made may take virtual time.
      { name: `${name}Departure`, step: 'serialize', priority: 'high' },
    );
    stack.add(
      (_next, context) => async (args) => {
        const operation = (context.commandName ?? 'Unknown').replace(/Command$/, '');
        const enter = () => this.#answer(service, operation, args.input);
        const output = await (this.#tickets.get(context)?.arrive(enter) ?? enter());
        return { output, response: { statusCode: 200, headers: {} } };
      },
      { name, step: 'finalizeRequest', priority: 'low' },
    );
    return () => {
      stack.remove(`${name}Departure`);
      stack.remove(name);
    };
  }

  /** One call as the account sees it; throws what the SDK would throw inside its retry loop. */
  async #answer(service: ServiceName, operation: string, input: unknown): Promise<object> {
    const caller = currentInvocation();
    if (caller?.dead) return never();
    this.#inFlight++;
    try {
      await this.#parts.clock.delay(Math.round(this.#latency.between(LATENCY_MS)));
      if (caller?.dead) return never();
      const output = await this.#perform(service, operation, input, caller);
      if (this.#crashes(caller)) return never();
      return output;
    } catch (error) {
      if (this.#crashes(caller)) return never();
      throw error;
    } finally {
      this.#inFlight--;
    }
  }

  async #perform(
    service: ServiceName,
    operation: string,
    input: unknown,
    caller: Invocation | undefined,
  ): Promise<object> {
    const { clock, faults } = this.#parts;
    const name = `${service}.${operation}`;
    const given = copyOf(input);
    const tell = (answer: string, answered?: object) => {
      this.#calls[name] = (this.#calls[name] ?? 0) + 1;
      const by = caller?.functionName ?? OUTSIDE;
      const line = { kind: 'call' as const, function: by, operation: name, answer, input: given };
      this.#parts.record(answered === undefined ? line : { ...line, output: answered });
    };

    const scripted = faults.apiError(name);
    if (scripted !== undefined) {
      const error = faultError(scripted, name);
      tell(error.name);
      throw error;
    }
    const throttle = this.#throttle(service, operation, input);
    if (throttle) {
      this.#throttled++;
      tell(throttle.name);
      throw throttle;
    }
    const act = this.#operations.get(name);
    if (!act) {
      tell('NotSimulated');
      throw new NotSimulated(name);
    }

    let output: Record<string, unknown>;
    try {
      const acting = act(given as never, this.#callOf(service, operation, caller));
      // Only real work is held: waiting for virtual time would stop it for ever.
      const answer = acting instanceof Promise ? await clock.hold(acting) : acting;
      output = copyOf((answer ?? {}) as Record<string, unknown>);
    } catch (error) {
      tell(error instanceof Error ? error.name : 'Error');
      if (!isAwsError(error) && !(error instanceof NotSimulated)) this.#raise(error);
      throw error;
    }
    if (faults.losesResponse(name)) {
      tell('lost', output);
      await clock.delay(LOST_AFTER_MS);
      throw timeoutError(name);
    }
    tell(isPartial(output) ? 'partial' : 'ok', output);
    return { ...output, $metadata: { httpStatusCode: 200, requestId: 'simulated', attempts: 1 } };
  }

  #callOf(service: ServiceName, operation: string, caller: Invocation | undefined): Call {
    const functionName = caller?.functionName ?? OUTSIDE;
    let lagMs = 0;
    if (READS.test(operation)) {
      const longest = LAG_MS[service] ?? 0;
      const drawn = service === 'AutoScaling' ? this.#groupLag : this.#lag;
      if (longest > 0 && !drawn.chance(SHARE_OF_FRESH_READS)) {
        lagMs = Math.round(drawn.between([0, longest]));
      }
      lagMs += this.#parts.faults.staleMs(service);
    }
    return { functionName, actor: { kind: 'function', name: functionName }, lagMs };
  }

  #throttle(service: ServiceName, operation: string, input: unknown): Error | undefined {
    const nowMs = this.#parts.clock.nowMs;
    for (const toll of tollsOf(service, operation, input)) {
      let bucket = this.#buckets.get(toll.bucket);
      if (!bucket) {
        const size = this.#parts.bucketSizes?.[toll.bucket] ?? toll.size;
        bucket = new TokenBucket(size, this.#othersPerSecond(toll.bucket, size), nowMs);
        this.#buckets.set(toll.bucket, bucket);
      }
      if (!bucket.take(nowMs, toll.tokens)) {
        const { name, message } = throttleErrorOf(service);
        const other = OTHER_THROTTLE_CODE[service];
        const code = other !== undefined && this.#throttleCode.chance(0.5) ? other : name;
        return awsError(code, message, service === 'EC2' ? 503 : 400);
      }
    }
    return undefined;
  }

  #othersPerSecond(bucket: string, { refillPerSecond }: BucketSize): number {
    const { noisyNeighbour = 0 } = this.#parts;
    return typeof noisyNeighbour === 'number'
      ? refillPerSecond * noisyNeighbour
      : (noisyNeighbour[bucket] ?? 0);
  }

  /** Counts the answer; true when the caller's process dies of a scripted crash right after it (or died meanwhile). */
  #crashes(caller: Invocation | undefined): boolean {
    if (!caller) return false;
    if (caller.dead) return true;
    caller.calls++;
    if (!this.#parts.faults.crashesAfterCall(caller.functionName, caller.calls)) return false;
    caller.dead = true;
    caller.onCrash?.();
    return true;
  }

  /** A defect of the account must end the run: a handler could mistake it for an answer of AWS. */
  #raise(error: unknown): void {
    this.#parts.clock.after(0, () => {
      throw error;
    });
  }
}

interface SdkArguments {
  readonly input: object;
}
interface SdkContext {
  readonly commandName?: string;
  readonly logger?: object;
  inputFilterSensitiveLog?: (input: unknown) => unknown;
  outputFilterSensitiveLog?: (output: unknown) => unknown;
}
interface SdkStack {
  add(
    middleware: (
      next: (args: SdkArguments) => Promise<unknown>,
      context: SdkContext,
    ) => (args: SdkArguments) => Promise<unknown>,
    options: { readonly name: string; readonly step: string; readonly priority: string },
  ): void;
  remove(name: string): boolean;
}

/**
 * The SDK copies each input and answer without its secrets for a logger, also for the one that logs nothing: two thirds of
 * the time of a call with a large answer.
 */
function sparePrivacyFilter(context: SdkContext): void {
  if (context.logger && context.logger.constructor.name !== 'NoOpLogger') return;
  context.inputFilterSensitiveLog = (input) => input;
  context.outputFilterSensitiveLog = (output) => output;
}

/** The code of a dead process never goes on: its promise is not settled, ever. */
function never(): Promise<never> {
  return new Promise(() => {});
}

function isPartial(output: Readonly<Record<string, unknown>>): boolean {
  const failures = output.failures ?? output.FailedScheduledUpdateGroupActions;
  if (Array.isArray(failures) && failures.length > 0) return true;
  return typeof output.FailedEntryCount === 'number' && output.FailedEntryCount > 0;
}
