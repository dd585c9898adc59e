/**
 * How fast Fargate launches tasks: a bucket of tokens per account, Region and kind of capacity.
 * Source: AWS general reference, ecs-service: 100 at once, 20 a second after that (25 and 5 in newer Regions).
 */
const BURST = 100;
const SUSTAINED_PER_SECOND = 20;
const INTERVAL_MS = 1000 / SUSTAINED_PER_SECOND;

export class LaunchRate {
  /** When the bucket would be full again. */
  #fullAtMs = Number.NEGATIVE_INFINITY;

  /** Takes a token, in advance if there is none: milliseconds until it is there. */
  take(nowMs: number): number {
    const waitMs = this.waitMs(nowMs);
    this.#fullAtMs = Math.max(this.#fullAtMs, nowMs) + INTERVAL_MS;
    return waitMs;
  }

  waitMs(nowMs: number): number {
    return Math.max(0, this.#fullAtMs - (BURST - 1) * INTERVAL_MS - nowMs);
  }
}
