/**
 * Target tracking policies of groups on a cluster's CPUReservation or MemoryReservation, with the two alarms that Auto
 * Scaling keeps for each: the way of scaling ECS hosts that is older than capacity providers. Groups that share a cluster
 * follow the same value, each for itself.
 *
 * - Out when the value was above the target for three minutes: to the capacity at which it would be at the target, hosts
 *   that still warm up left out of what it was measured on.
 * - In when it was below 90 % of the target for fifteen minutes, once nothing warms up, and only where every policy of the
 *   group whose scale-in is enabled is ready to.
 *
 * Source: Amazon EC2 Auto Scaling user guide, as-scaling-target-tracking ("scale in only if all of the target tracking
 * policies (with the scale-in portion enabled) are ready to scale in") and ec2-auto-scaling-default-instance-warmup. The
 * alarms' datapoints and the 90 % are observed, not documented, as for services (application-auto-scaling/target-tracking).
 *
 * Begins with `seed()` where the capture has such a policy; never ends before the account.
 */
import type { ScalingPolicy } from '@aws-sdk/client-auto-scaling';
import type { MetricAlarm } from '@aws-sdk/client-cloudwatch';
import { LOW_SHARE, TargetTracking } from '../application-auto-scaling/target-tracking.ts';
import { reservationOf } from '../cloudwatch/measured-alarms.ts';
import type { ReservationMetric, World } from '../world.ts';
import type { Group } from './group.ts';
import type { GroupStore } from './group-store.ts';
import { warming } from './warming.ts';

const MINUTE_MS = 60_000;
const MINUTE_SECONDS = 60;
const HIGH_PERIODS = 3;
const LOW_PERIODS = 15;

interface Tracked {
  readonly group: string;
  readonly cluster: string;
  readonly metric: ReservationMetric;
  readonly tracking: TargetTracking;
  readonly warmupSeconds: number | undefined;
  readonly alarms: { readonly high: string; readonly low: string };
}

export class ReservationTracking {
  readonly #world: World;
  readonly #store: GroupStore;
  readonly #change: (group: Group, desired: number) => void;
  readonly #policies: readonly ScalingPolicy[];
  #tracked: readonly Tracked[] = [];

  /** @param change within the group's bounds, and not while AlarmNotification is suspended */
  constructor(
    world: World,
    store: GroupStore,
    policies: readonly ScalingPolicy[],
    change: (group: Group, desired: number) => void,
  ) {
    this.#world = world;
    this.#store = store;
    this.#policies = policies.filter(({ Enabled }) => Enabled !== false);
    this.#change = change;
  }

  seed(): void {
    this.#tracked = this.#policies.flatMap((policy) => this.#trackedOf(policy) ?? []);
    if (this.#tracked.length > 0) this.#world.clock.after(MINUTE_MS, () => this.#tick());
  }

  #trackedOf(policy: ScalingPolicy): Tracked | undefined {
    const own = policy.TargetTrackingConfiguration;
    const about = own?.CustomizedMetricSpecification && reservationOf(own.CustomizedMetricSpecification);
    if (!own || !about || own.TargetValue === undefined) return undefined;
    const group = policy.AutoScalingGroupName ?? '';
    return {
      ...about,
      group,
      tracking: new TargetTracking(own.TargetValue, about.metric, {
        out: 0,
        in: 0,
        inDisabled: own.DisableScaleIn ?? false,
      }),
      warmupSeconds: policy.EstimatedInstanceWarmup,
      alarms: { high: this.#alarmName(policy, 'High'), low: this.#alarmName(policy, 'Low') },
    };
  }

  /** The capture's own, else a new one, named as Auto Scaling does. */
  #alarmName(policy: ScalingPolicy, kind: 'High' | 'Low'): string {
    const own = policy.Alarms?.find(({ AlarmName = '' }) => AlarmName.includes(`Alarm${kind}`))?.AlarmName;
    const stream = this.#world.random.stream('auto-scaling/tracking-alarms');
    return own ?? `TargetTracking-${policy.AutoScalingGroupName}-Alarm${kind}-${stream.hex(32)}`;
  }

  #tick(): void {
    const values = new Map<Tracked, number>();
    for (const tracked of this.#tracked) {
      const value = this.#world.ecs.reservationOf(tracked.cluster, tracked.metric);
      tracked.tracking.observe(value);
      if (value !== undefined) values.set(tracked, value);
      this.#showAlarms(tracked);
    }
    for (const group of this.#store.all()) this.#follow(group, values);
    this.#world.clock.after(MINUTE_MS, () => this.#tick());
  }

  #follow(group: Group, values: ReadonlyMap<Tracked, number>): void {
    const policies = this.#tracked.filter((tracked) => tracked.group === group.name);
    if (policies.length === 0) return;
    const wanted = (tracked: Tracked) => {
      const settled = group.desiredCapacity - warming(this.#world, group, tracked.warmupSeconds);
      return tracked.tracking.capacityFor(settled, values.get(tracked) ?? tracked.tracking.targetValue);
    };
    const high = policies.filter(({ tracking }) => tracking.isHigh);
    const most = Math.max(...high.map(wanted));
    if (high.length > 0) {
      if (most > group.desiredCapacity) this.#change(group, most);
      return;
    }
    const mayScaleIn = policies.filter(({ tracking }) => !tracking.scaleInDisabled);
    const isReady = mayScaleIn.length > 0 && mayScaleIn.every(({ tracking }) => tracking.isLow);
    const isWarming = mayScaleIn.some(({ warmupSeconds }) => warming(this.#world, group, warmupSeconds) > 0);
    if (!isReady || isWarming) return;
    const least = Math.max(...mayScaleIn.map(wanted));
    if (least < group.desiredCapacity) this.#change(group, least);
  }

  #showAlarms({ tracking, cluster, metric, alarms: { high, low } }: Tracked): void {
    const base: MetricAlarm = {
      Namespace: 'AWS/ECS',
      MetricName: metric,
      Dimensions: [{ Name: 'ClusterName', Value: cluster }],
      Statistic: 'Average',
      Period: MINUTE_SECONDS,
      ActionsEnabled: true,
    };
    const { targetValue } = tracking;
    const { alarms } = this.#world;
    alarms.put({
      ...base,
      AlarmName: high,
      ComparisonOperator: 'GreaterThanThreshold',
      EvaluationPeriods: HIGH_PERIODS,
      Threshold: targetValue,
    });
    alarms.put({
      ...base,
      AlarmName: low,
      ComparisonOperator: 'LessThanThreshold',
      EvaluationPeriods: LOW_PERIODS,
      Threshold: targetValue * LOW_SHARE,
    });
    alarms.setState(high, tracking.isHigh ? 'ALARM' : 'OK', `${metric} against its target ${targetValue}.`);
    alarms.setState(low, tracking.isLow ? 'ALARM' : 'OK', `${metric} against its target ${targetValue}.`);
  }
}
