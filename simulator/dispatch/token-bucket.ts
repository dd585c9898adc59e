/**
 * AWS's request throttling: a bucket of tokens that refills steadily, shared by everyone in the account and Region. A
 * noisy neighbour (consoles, deploys, other tools) drinks from the same bucket.
 *
 * Source: Amazon ECS API reference, request throttling; Amazon EC2 developer guide, ec2-api-throttling.
 */
export interface BucketSize {
  /** Calls at once from a full bucket. */
  readonly burst: number;
  readonly refillPerSecond: number;
}

export class TokenBucket {
  readonly #burst: number;
  readonly #refillPerSecond: number;
  #tokens: number;
  #atMs: number;

  /** @param othersPerSecond calls a second that others in the account make all the time */
  constructor(size: BucketSize, othersPerSecond: number, nowMs: number) {
    this.#burst = size.burst;
    this.#refillPerSecond = size.refillPerSecond - othersPerSecond;
    this.#tokens = size.burst;
    this.#atMs = nowMs;
  }

  /** Takes tokens when there are enough; false = throttled, and nothing is taken. */
  take(nowMs: number, tokens = 1): boolean {
    const earned = ((nowMs - this.#atMs) / 1000) * this.#refillPerSecond;
    this.#tokens = Math.max(0, Math.min(this.#burst, this.#tokens + earned));
    this.#atMs = nowMs;
    // Virtual time is in milliseconds: a thousandth of a token is rounding, not a call.
    if (this.#tokens + 1e-9 < tokens) return false;
    this.#tokens -= tokens;
    return true;
  }
}
