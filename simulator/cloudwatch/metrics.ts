/**
 * Amazon CloudWatch metrics: what services publish, kept for three hours and read by
 * GetMetricStatistics. Source: Amazon CloudWatch API reference, GetMetricStatistics (at most 1,440 datapoints a call).
 */
import type { Dimension, GetMetricStatisticsInput } from '@aws-sdk/client-cloudwatch';
import { awsError } from '../kernel/aws-error.ts';
import type { VirtualClock } from '../kernel/clock.ts';
import type { MetricsPort, OperationRegistry } from '../world.ts';

interface Datapoint {
  readonly atMs: number;
  readonly value: number;
}

const KEPT_MS = 3 * 3_600_000;
const MOST_DATAPOINTS = 1_440;

export class Metrics implements MetricsPort {
  readonly #clock: VirtualClock;
  readonly #series = new Map<string, Datapoint[]>();

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
    const series = this.#series.get(key) ?? [];
    series.push({ atMs: this.#clock.nowMs, value });
    while (series[0] && series[0].atMs < this.#clock.nowMs - KEPT_MS) series.shift();
    this.#series.set(key, series);
  }

  #statistics(input: GetMetricStatisticsInput): object {
    const { Namespace = '', MetricName = '', Dimensions = [], Period = 60 } = input;
    const [from, to] = [input.StartTime?.getTime() ?? 0, input.EndTime?.getTime() ?? this.#clock.nowMs];
    if (from >= to) throw awsError('InvalidParameterValueException', 'StartTime must be less than EndTime.');
    if ((to - from) / (Period * 1000) > MOST_DATAPOINTS)
      throw awsError(
        'InvalidParameterCombinationException',
        `You have requested up to ${Math.ceil((to - from) / (Period * 1000))} datapoints, which exceeds the limit of ${MOST_DATAPOINTS}.`,
      );
    const buckets = new Map<number, number[]>();
    for (const { atMs, value } of this.#series.get(keyOf(Namespace, MetricName, dimensionsOf(Dimensions))) ??
      []) {
      if (atMs < from || atMs >= to) continue;
      const start = Math.floor(atMs / (Period * 1000)) * Period * 1000;
      buckets.set(start, [...(buckets.get(start) ?? []), value]);
    }
    return {
      Label: MetricName,
      Datapoints: [...buckets].map(([start, values]) => ({
        Timestamp: new Date(start),
        SampleCount: values.length,
        Average: values.reduce((sum, value) => sum + value, 0) / values.length,
        Sum: values.reduce((sum, value) => sum + value, 0),
        Minimum: Math.min(...values),
        Maximum: Math.max(...values),
      })),
    };
  }
}

function dimensionsOf(dimensions: readonly Dimension[]): Record<string, string> {
  return Object.fromEntries(dimensions.map(({ Name = '', Value = '' }) => [Name, Value]));
}

function keyOf(namespace: string, metricName: string, dimensions: Readonly<Record<string, string>>): string {
  return JSON.stringify([namespace, metricName, Object.entries(dimensions).sort()]);
}
