/**
 * Amazon CloudWatch metrics: what services publish, read by GetMetricStatistics.
 * Source: Amazon CloudWatch API reference, GetMetricStatistics.
 */
import type { Datapoint, Dimension, GetMetricStatisticsInput, Statistic } from '@aws-sdk/client-cloudwatch';
import { awsError } from '../kernel/aws-error.ts';
import type { VirtualClock } from '../kernel/clock.ts';
import type { MetricsPort, OperationRegistry } from '../world.ts';

interface Value {
  readonly atMs: number;
  readonly value: number;
}

const MINUTE_MS = 60_000;
/** Datapoints of a minute are kept for 15 days. */
const KEPT_MS = 15 * 86_400_000;
const MOST_DATAPOINTS = 1_440;

const STATISTICS: Readonly<Record<Statistic, (values: readonly number[]) => number>> = {
  SampleCount: (values) => values.length,
  Average: (values) => sum(values) / values.length,
  Sum: sum,
  Minimum: (values) => Math.min(...values),
  Maximum: (values) => Math.max(...values),
};

export class Metrics implements MetricsPort {
  readonly #clock: VirtualClock;
  /** Each in the order of time. */
  readonly #series = new Map<string, Value[]>();

  constructor(parts: { readonly clock: VirtualClock; readonly registry: OperationRegistry }) {
    this.#clock = parts.clock;
    parts.registry.register('CloudWatch', {
      GetMetricStatistics: (input: GetMetricStatisticsInput) => this.#statistics(input),
    });
  }

  publish(
    namespace: string,
    metricName: string,
    dimensions: Readonly<Record<string, string>>,
    value: number,
  ): void {
    const key = keyOf(namespace, metricName, dimensions);
    const series = this.#series.get(key);
    if (!series) this.#series.set(key, [{ atMs: this.#clock.nowMs, value }]);
    else {
      series.push({ atMs: this.#clock.nowMs, value });
      if ((series[0]?.atMs ?? 0) < this.#clock.nowMs - KEPT_MS) series.shift();
    }
  }

  /** Start inclusive, end exclusive; a metric is its namespace, name and exactly these dimensions. */
  #statistics(input: GetMetricStatisticsInput): object {
    const { Namespace = '', MetricName = '', Dimensions = [], Period = 0, Statistics = [] } = input;
    const periodMs = Period * 1000;
    // A start of the last 15 days is rounded down to its minute.
    const from = Math.floor((input.StartTime?.getTime() ?? 0) / MINUTE_MS) * MINUTE_MS;
    const to = input.EndTime?.getTime() ?? 0;
    if (from >= to)
      throw awsError(
        'InvalidParameterValueException',
        'The parameter StartTime must be less than the parameter EndTime.',
      );
    if (Period <= 0 || periodMs % MINUTE_MS !== 0)
      throw awsError('InvalidParameterValueException', 'The parameter Period must be a multiple of 60.');
    if (Statistics.length === 0)
      throw awsError('InvalidParameterCombinationException', 'At least one statistic must be asked for.');
    const count = Math.ceil((to - from) / periodMs);
    if (count > MOST_DATAPOINTS)
      throw awsError(
        'InvalidParameterCombinationException',
        `You have requested up to ${count} datapoints, which exceeds the limit of ${MOST_DATAPOINTS}. You may reduce the datapoints requested by increasing Period, or decreasing the time range.`,
      );
    const periods = new Map<number, number[]>();
    for (const { atMs, value } of this.#series.get(keyOf(Namespace, MetricName, dimensionsOf(Dimensions))) ??
      []) {
      if (atMs < from || atMs >= to) continue;
      const start = from + Math.floor((atMs - from) / periodMs) * periodMs;
      const values = periods.get(start);
      if (values) values.push(value);
      else periods.set(start, [value]);
    }
    const datapoints = [...periods].map(
      ([start, values]): Datapoint => ({
        Timestamp: new Date(start),
        Unit: 'None',
        ...Object.fromEntries(Statistics.map((name) => [name, STATISTICS[name](values)])),
      }),
    );
    return { Label: MetricName, Datapoints: datapoints };
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function dimensionsOf(dimensions: readonly Dimension[]): Record<string, string> {
  return Object.fromEntries(dimensions.map(({ Name = '', Value = '' }) => [Name, Value]));
}

function keyOf(namespace: string, metricName: string, dimensions: Readonly<Record<string, string>>): string {
  return JSON.stringify([namespace, metricName, Object.entries(dimensions).sort()]);
}
