/** How much of AWS's documented request rates a run drinks up: calls over any sixty seconds against what refills in them. */

import { tollsOf } from '../../simulator/dispatch/limits.ts';
import type { ServiceName } from '../../simulator/world.ts';
import { actionOf, serviceOf } from '../checkers/calls.ts';

const WINDOW_SECONDS = 60;
/** Buckets whose refill AWS does not publish: their sizes in the account are assumptions. */
const UNPUBLISHED: ReadonlySet<string> = new Set(['AutoScaling', 'ElasticLoadBalancingV2']);

/** Lists of EC2 without a filter drink from smaller buckets; the product reads none (its budget says so). */
const NAMES_SOMETHING = { InstanceIds: ['i-'] };

export interface ApiShare {
  /** Operations that drink together, as the account names them. */
  readonly bucket: string;
  /** 0.25: in the busiest sixty seconds, a quarter of the tokens that refilled. */
  readonly share: number;
}

interface Drunk {
  readonly refillPerSecond: number;
  /** Calls of the last sixty seconds, oldest first. */
  readonly window: { readonly t: number; readonly tokens: number }[];
  tokens: number;
  most: number;
}

/** Give it the calls in the order of time. */
export class ApiUse {
  readonly #buckets = new Map<string, Drunk>();

  /** @param t seconds. What it names is not asked for: it counts as naming something. */
  take(operation: string, t: number): void {
    const service = serviceOf(operation);
    if (UNPUBLISHED.has(service)) return;
    for (const { bucket, size, tokens } of tollsOf(
      service as ServiceName,
      actionOf(operation),
      NAMES_SOMETHING,
    )) {
      const { refillPerSecond } = size;
      const drunk = this.#buckets.get(bucket) ?? { refillPerSecond, window: [], tokens: 0, most: 0 };
      this.#buckets.set(bucket, drunk);
      drunk.window.push({ t, tokens });
      drunk.tokens += tokens;
      while ((drunk.window[0]?.t ?? t) <= t - WINDOW_SECONDS)
        drunk.tokens -= drunk.window.shift()?.tokens ?? 0;
      drunk.most = Math.max(drunk.most, drunk.tokens);
    }
  }

  /** Of the bucket that was drunk from most; null without any call that costs. */
  get greatest(): ApiShare | null {
    let greatest: ApiShare | null = null;
    for (const [bucket, { most, refillPerSecond }] of this.#buckets) {
      const share = most / (WINDOW_SECONDS * refillPerSecond);
      if (share > (greatest?.share ?? 0)) greatest = { bucket, share };
    }
    return greatest;
  }
}
