/**
 * An ECS service under target tracking. Its whole load stays what it was when the account began, so that fewer healthy
 * tasks mean a higher average for those that are left.
 */
import type { ScalableTarget } from '@aws-sdk/client-application-auto-scaling';
import type { ServiceTruth } from '../truth.ts';
import type { TargetTracking } from './target-tracking.ts';

/** Where the captured utilisation lies: within the band in which a policy does nothing. */
export const LOAD_SHARE_OF_TARGET = [0.92, 0.99] as const;

export class ScalableService {
  target: ScalableTarget;
  readonly policies: readonly TargetTracking[];
  readonly #service: ServiceTruth;
  /** Utilisation times healthy tasks, by policy. */
  readonly #loads: readonly number[];
  #scaledOut: { readonly from: number; readonly to: number; readonly untilMs: number } | undefined;
  #noScaleInBeforeMs = 0;

  constructor(
    target: ScalableTarget,
    policies: readonly TargetTracking[],
    service: ServiceTruth,
    drawShare: () => number,
  ) {
    this.target = target;
    this.policies = policies;
    this.#service = service;
    this.#loads = policies.map(({ targetValue }) => drawShare() * targetValue * Math.max(1, service.healthy));
  }

  get service(): ServiceTruth {
    return this.#service;
  }

  /** Undefined while no task is healthy: ECS sends no datapoint. */
  utilisation(policyAt: number): number | undefined {
    const { healthy } = this.#service;
    return healthy === 0 ? undefined : (this.#loads[policyAt] ?? 0) / healthy;
  }

  /**
   * One minute: every policy sees its datapoint, and the one that asks for most decides.
   *
   * @param countsFromDesired the capacity that a policy multiplies is the desired count, else the running one
   * @returns the new desired count, when it changes
   */
  minute(nowMs: number, countsFromDesired: boolean): number | undefined {
    const values = this.policies.map((policy, at) => {
      const value = this.utilisation(at);
      policy.observe(value);
      return { policy, value: value ?? 0 };
    });
    const { desired, healthy, deploying } = this.#service;
    const { MinCapacity = 0, MaxCapacity = Number.POSITIVE_INFINITY, SuspendedState } = this.target;
    const clamp = (capacity: number) => Math.min(MaxCapacity, Math.max(MinCapacity, capacity));
    const high = values.filter(({ policy }) => policy.isHigh);
    if (high.length > 0) {
      if (SuspendedState?.DynamicScalingOutSuspended) return undefined;
      // During the cooldown only a larger scale-out than the last one counts.
      const running = this.#scaledOut && this.#scaledOut.untilMs > nowMs ? this.#scaledOut : undefined;
      const from = countsFromDesired ? (running?.from ?? desired) : healthy;
      const wanted = clamp(Math.max(...high.map(({ policy, value }) => policy.capacityFor(from, value))));
      if (wanted <= Math.max(desired, running?.to ?? 0)) return undefined;
      const cooldownMs = Math.max(...high.map(({ policy }) => policy.scaleOutCooldownMs));
      this.#scaledOut = { from, to: wanted, untilMs: nowMs + cooldownMs };
      this.#noScaleInBeforeMs = 0;
      return wanted;
    }
    const mayShrink =
      !deploying &&
      !SuspendedState?.DynamicScalingInSuspended &&
      nowMs >= this.#noScaleInBeforeMs &&
      // Each policy that may scale in has to agree.
      values.every(({ policy }) => policy.scaleInDisabled || policy.isLow) &&
      values.some(({ policy }) => !policy.scaleInDisabled);
    if (!mayShrink) return undefined;
    const shrinking = values.filter(({ policy }) => !policy.scaleInDisabled);
    const wanted = clamp(
      Math.max(...shrinking.map(({ policy, value }) => policy.capacityFor(desired, value))),
    );
    if (wanted >= desired) return undefined;
    this.#noScaleInBeforeMs = nowMs + Math.max(...shrinking.map(({ policy }) => policy.scaleInCooldownMs));
    return wanted;
  }
}
