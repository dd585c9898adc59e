/**
 * Target tracking on a service's average utilisation, as Application Auto Scaling decides each minute: pure.
 * Source: Application Auto Scaling user guide, target-tracking-scaling-policy-overview (cooldowns, largest capacity of
 * several policies, gradual scale-in); Amazon ECS developer guide, service-autoscaling-targettracking.
 */
import type { ScalingPolicy } from '@aws-sdk/client-application-auto-scaling';

/** One-minute datapoints above the target that raise the high alarm; the alarms' settings are observed, not documented. */
const HIGH_DATAPOINTS = 3;
/** One-minute datapoints below this share of the target that raise the low alarm. */
const LOW_DATAPOINTS = 15;
export const LOW_SHARE = 0.9;

/** Source: "Define cooldown periods": 300 s for ECS services. */
const DEFAULT_COOLDOWN_SECONDS = 300;

/** What one policy has seen. */
export class TargetTracking {
  readonly targetValue: number;
  readonly metric: string;
  readonly scaleOutCooldownMs: number;
  readonly scaleInCooldownMs: number;
  readonly scaleInDisabled: boolean;
  #above = 0;
  #below = 0;

  /** Undefined for a policy of another kind or metric. */
  static of({ TargetTrackingScalingPolicyConfiguration: own }: ScalingPolicy): TargetTracking | undefined {
    const metric = own?.PredefinedMetricSpecification?.PredefinedMetricType;
    const isKnown =
      metric === 'ECSServiceAverageCPUUtilization' || metric === 'ECSServiceAverageMemoryUtilization';
    return own?.TargetValue !== undefined && isKnown
      ? new TargetTracking(own.TargetValue, metric, {
          out: own.ScaleOutCooldown,
          in: own.ScaleInCooldown,
          inDisabled: own.DisableScaleIn ?? false,
        })
      : undefined;
  }

  constructor(
    targetValue: number,
    metric: string,
    rules: {
      readonly out: number | undefined;
      readonly in: number | undefined;
      readonly inDisabled: boolean;
    },
  ) {
    this.targetValue = targetValue;
    this.metric = metric;
    this.scaleOutCooldownMs = (rules.out ?? DEFAULT_COOLDOWN_SECONDS) * 1000;
    this.scaleInCooldownMs = (rules.in ?? DEFAULT_COOLDOWN_SECONDS) * 1000;
    this.scaleInDisabled = rules.inDisabled;
  }

  /** One datapoint; without data neither alarm may sound: "it does not interpret insufficient data as low utilization". */
  observe(value: number | undefined): void {
    this.#above = value !== undefined && value > this.targetValue ? this.#above + 1 : 0;
    this.#below = value !== undefined && value < this.targetValue * LOW_SHARE ? this.#below + 1 : 0;
  }

  get isHigh(): boolean {
    return this.#above >= HIGH_DATAPOINTS;
  }

  get isLow(): boolean {
    return this.#below >= LOW_DATAPOINTS;
  }

  /** The capacity at which this value would be at the target: rounded up, either way. */
  capacityFor(capacity: number, value: number): number {
    return Math.ceil((capacity * value) / this.targetValue);
  }
}
