/**
 * The two alarms that carry a target tracking policy: high after one datapoint above the target, low after 15 below it.
 * ECS makes them with managed scaling and removes them with it.
 * Source: Amazon ECS developer guide, cluster-auto-scaling and managed-scaling-behavior.
 */
import type { MetricAlarm } from '@aws-sdk/client-cloudwatch';
import type { World } from '../../world.ts';
import type { ClusterRecord } from '../records.ts';
import type { ProviderRecord } from './providers.ts';

/** One-minute datapoints below the target before hosts are taken away, and above it before some are added. */
export const SCALE_IN_DATAPOINTS = 15;
const SCALE_OUT_DATAPOINTS = 1;
const PERIOD_SECONDS = 60;

export class ScalingAlarms {
  readonly #world: World;
  readonly #high: string;
  readonly #low: string;
  readonly #base: MetricAlarm;

  constructor(world: World, provider: ProviderRecord, cluster: ClusterRecord) {
    this.#world = world;
    const stream = world.random.stream('ecs/scaling-alarms');
    const nameOf = (kind: string) => {
      const prefix = `TargetTracking-${provider.group}-Alarm${kind}-`;
      // A capture may have brought it.
      return world.alarms.nameLike(prefix) ?? `${prefix}${stream.hex(32)}`;
    };
    this.#high = nameOf('High');
    this.#low = nameOf('Low');
    this.#base = {
      Namespace: 'AWS/ECS/ManagedScaling',
      MetricName: 'CapacityProviderReservation',
      Dimensions: [
        { Name: 'CapacityProviderName', Value: provider.name },
        { Name: 'ClusterName', Value: cluster.name },
      ],
      Statistic: 'Average',
      Period: PERIOD_SECONDS,
      ActionsEnabled: true,
    };
  }

  /** @param datapointsBelow how many in a row were below the target, this one included */
  follow(percent: number, target: number, datapointsBelow: number): void {
    this.#put(this.#high, percent > target, {
      ComparisonOperator: 'GreaterThanThreshold',
      EvaluationPeriods: SCALE_OUT_DATAPOINTS,
      Threshold: target,
    });
    this.#put(this.#low, datapointsBelow >= SCALE_IN_DATAPOINTS, {
      ComparisonOperator: 'LessThanThreshold',
      EvaluationPeriods: SCALE_IN_DATAPOINTS,
      Threshold: target,
    });
  }

  remove(): void {
    this.#world.alarms.remove(this.#high);
    this.#world.alarms.remove(this.#low);
  }

  #put(name: string, isAlarming: boolean, rule: MetricAlarm): void {
    this.#world.alarms.put({ ...this.#base, ...rule, AlarmName: name });
    this.#world.alarms.setState(
      name,
      isAlarming ? 'ALARM' : 'OK',
      `Threshold ${isAlarming ? '' : 'not '}crossed: ${rule.EvaluationPeriods} datapoint(s) within ${PERIOD_SECONDS} seconds each.`,
    );
  }
}
