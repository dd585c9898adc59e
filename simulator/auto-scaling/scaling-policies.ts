/**
 * Step and simple scaling policies of groups, driven by the alarms that they name: each minute that an alarm is in ALARM
 * its policies act. How far the metric is past the threshold is not measured here, so that the step at the threshold counts.
 * Sources: Amazon EC2 Auto Scaling user guide, as-scaling-simple-step, ec2-auto-scaling-scaling-cooldowns; Amazon
 * CloudWatch user guide, alarm-actions (Auto Scaling actions go on while the alarm does).
 *
 * Begins with `seed()` where the capture has such a policy; never ends before the account.
 */
import type { ScalingPolicy, StepAdjustment } from '@aws-sdk/client-auto-scaling';
import type { World } from '../world.ts';
import { type Group, isPending, isTerminating } from './group.ts';
import type { GroupStore } from './group-store.ts';
import { ReservationTracking } from './reservation-tracking.ts';
import { DEFAULT_COOLDOWN_SECONDS, warming } from './warming.ts';

const MINUTE_MS = 60_000;

export class ScalingPolicies {
  readonly #world: World;
  readonly #store: GroupStore;
  readonly #policies: readonly ScalingPolicy[];
  readonly #change: (group: Group, desired: number) => void;
  readonly #tracking: ReservationTracking;
  /** When a policy changed the group last. */
  readonly #changedMs = new Map<Group, number>();

  /** @param change within the group's bounds, and not while AlarmNotification is suspended */
  constructor(
    world: World,
    store: GroupStore,
    policies: readonly ScalingPolicy[],
    change: (group: Group, desired: number) => void,
  ) {
    this.#world = world;
    this.#store = store;
    this.#policies = policies.filter(
      ({ PolicyType, Enabled, Alarms }) =>
        (PolicyType === 'StepScaling' || PolicyType === 'SimpleScaling') &&
        Enabled !== false &&
        Alarms?.length,
    );
    this.#change = change;
    this.#tracking = new ReservationTracking(world, store, policies, change);
  }

  seed(): void {
    this.#tracking.seed();
    if (this.#policies.length > 0) this.#world.clock.after(MINUTE_MS, () => this.#tick());
  }

  /** "considers policies with alarm thresholds that are currently in breach" (as-suspend-resume-processes). */
  resumed(group: Group): void {
    for (const policy of this.#policies)
      if (policy.AutoScalingGroupName === group.name) this.#act(group, policy);
  }

  #tick(): void {
    for (const group of this.#store.all()) this.resumed(group);
    this.#world.clock.after(MINUTE_MS, () => this.#tick());
  }

  #act(group: Group, policy: ScalingPolicy): void {
    const sounds = policy.Alarms?.some(
      ({ AlarmName = '' }) => this.#world.alarms.stateOf(AlarmName) === 'ALARM',
    );
    if (!sounds || (policy.PolicyType === 'SimpleScaling' && this.#cools(group, policy))) return;
    const isStep = policy.PolicyType === 'StepScaling';
    const stillWarm = isStep ? warming(this.#world, group, policy.EstimatedInstanceWarmup) : 0;
    const adjustment = policy.ScalingAdjustment ?? stepAtThreshold(policy.StepAdjustments ?? []);
    if (adjustment === undefined) return;
    const { desiredCapacity: desired } = group;
    // Those that still warm up are what the last breach asked for: the same breach does not ask for more.
    const wanted = adjusted(policy, desired - stillWarm, adjustment);
    const isOut = wanted > desired;
    if (wanted === desired || (stillWarm > 0 && !isOut)) return;
    this.#changedMs.set(group, this.#world.clock.nowMs);
    this.#change(group, wanted);
  }

  /** A simple policy waits for the activities under way and then for its cooldown. */
  #cools(group: Group, policy: ScalingPolicy): boolean {
    const seconds = policy.Cooldown ?? group.base.DefaultCooldown ?? DEFAULT_COOLDOWN_SECONDS;
    const sinceMs = this.#world.clock.nowMs - (this.#changedMs.get(group) ?? Number.NEGATIVE_INFINITY);
    const isBusy = [...group.members.values()].some((member) => isPending(member) || isTerminating(member));
    return isBusy || sinceMs < seconds * 1000;
  }
}

/** The bound nearer to the threshold belongs to the step, above it as below it. */
function stepAtThreshold(steps: readonly StepAdjustment[]): number | undefined {
  const found = steps.find(
    ({ MetricIntervalLowerBound: low, MetricIntervalUpperBound: high }) => low === 0 || high === 0,
  );
  return found?.ScalingAdjustment;
}

/** Source: as-scaling-simple-step, "Scaling adjustment types". */
function adjusted(policy: ScalingPolicy, capacity: number, adjustment: number): number {
  if (policy.AdjustmentType === 'ExactCapacity') return adjustment;
  if (policy.AdjustmentType !== 'PercentChangeInCapacity') return capacity + adjustment;
  const share = (capacity * adjustment) / 100;
  const sign = Math.sign(share);
  const size = Math.abs(share) < 1 ? Math.ceil(Math.abs(share)) : Math.floor(Math.abs(share));
  return capacity + sign * Math.max(size, policy.MinAdjustmentMagnitude ?? 0);
}
