/**
 * Alarms on a cluster's reservation, evaluated each minute as CloudWatch does; alarms on anything else keep the state that
 * they have or are given. Missing data keeps an alarm as it is (`missing`, the default treatment, short of the whole range).
 * Sources: Amazon CloudWatch user guide, alarm-evaluation and AlarmThatSendsEmail (DatapointsToAlarm of EvaluationPeriods);
 * Amazon ECS developer guide, available-metrics (one-minute intervals).
 *
 * Begins with `seed()` where the capture has such an alarm; never ends before the account.
 */
import type { ComparisonOperator, Dimension, MetricAlarm } from '@aws-sdk/client-cloudwatch';
import type { ReservationMetric, World } from '../world.ts';

const MINUTE_MS = 60_000;
const MINUTE_SECONDS = 60;

const BREACHES: Partial<Record<ComparisonOperator, (value: number, threshold: number) => boolean>> = {
  GreaterThanThreshold: (value, threshold) => value > threshold,
  GreaterThanOrEqualToThreshold: (value, threshold) => value >= threshold,
  LessThanThreshold: (value, threshold) => value < threshold,
  LessThanOrEqualToThreshold: (value, threshold) => value <= threshold,
};

interface Measured {
  readonly name: string;
  readonly cluster: string;
  readonly metric: ReservationMetric;
  readonly breaches: (value: number) => boolean;
  readonly minutesPerPeriod: number;
  readonly periods: number;
  readonly toAlarm: number;
  /** One a minute, the newest last; undefined where there was none. */
  readonly values: (number | undefined)[];
}

/** The cluster and metric of a specification that is about a cluster's reservation. */
export function reservationOf(specification: {
  readonly Namespace?: string | undefined;
  readonly MetricName?: string | undefined;
  readonly Dimensions?: readonly Dimension[] | undefined;
}): { readonly cluster: string; readonly metric: ReservationMetric } | undefined {
  const { Namespace, MetricName, Dimensions = [] } = specification;
  const [{ Name, Value: cluster } = {}, ...others] = Dimensions;
  if (Namespace !== 'AWS/ECS' || Name !== 'ClusterName' || cluster === undefined || others.length > 0)
    return undefined;
  return MetricName === 'CPUReservation' || MetricName === 'MemoryReservation'
    ? { cluster, metric: MetricName }
    : undefined;
}

export class MeasuredAlarms {
  readonly #world: World;
  readonly #alarms: readonly Measured[];

  constructor(world: World, alarms: readonly MetricAlarm[]) {
    this.#world = world;
    this.#alarms = alarms.flatMap((alarm) => measuredOf(alarm) ?? []);
  }

  seed(): void {
    if (this.#alarms.length > 0) this.#world.clock.after(MINUTE_MS, () => this.#tick());
  }

  #tick(): void {
    for (const alarm of this.#alarms) this.#evaluate(alarm);
    this.#world.clock.after(MINUTE_MS, () => this.#tick());
  }

  #evaluate(alarm: Measured): void {
    const { name, cluster, metric, values, minutesPerPeriod, periods } = alarm;
    values.push(this.#world.ecs.reservationOf(cluster, metric));
    if (values.length > minutesPerPeriod * periods) values.shift();
    const datapoints = averagesOf(values, minutesPerPeriod);
    const breaching = datapoints.filter(alarm.breaches).length;
    const isAlarming = breaching >= alarm.toAlarm;
    if (!isAlarming && datapoints.length < periods) return;
    this.#world.alarms.setState(
      name,
      isAlarming ? 'ALARM' : 'OK',
      `Threshold ${isAlarming ? '' : 'not '}crossed: ${breaching} of the last ${periods} datapoints.`,
    );
  }
}

/** Of each whole period that had data, the newest last. */
function averagesOf(values: readonly (number | undefined)[], minutes: number): number[] {
  const averages: number[] = [];
  for (let end = values.length; end >= minutes; end -= minutes) {
    const known = values.slice(end - minutes, end).filter((value) => value !== undefined);
    if (known.length > 0) averages.unshift(known.reduce((sum, value) => sum + value, 0) / known.length);
  }
  return averages;
}

function measuredOf(alarm: MetricAlarm): Measured | undefined {
  const { AlarmName, ComparisonOperator, Threshold, Period, EvaluationPeriods = 1 } = alarm;
  const about = reservationOf(alarm);
  const breaches = ComparisonOperator && BREACHES[ComparisonOperator];
  if (!about || !breaches || AlarmName === undefined || Threshold === undefined) return undefined;
  return {
    ...about,
    name: AlarmName,
    breaches: (value) => breaches(value, Threshold),
    minutesPerPeriod: Math.max(1, Math.round((Period ?? MINUTE_SECONDS) / MINUTE_SECONDS)),
    periods: EvaluationPeriods,
    toAlarm: alarm.DatapointsToAlarm ?? EvaluationPeriods,
    values: [],
  };
}
