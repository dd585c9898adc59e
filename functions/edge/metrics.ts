/** Metrics as CloudWatch's embedded metric format, by cluster and Auto Scaling group (public names, docs/events.md). */
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';

export const metrics = new Metrics({ namespace: 'EcsRollover', serviceName: 'ecs-rollover' });

const UNITS = {
  InstancesOutdated: MetricUnit.Count,
  InstancesHeld: MetricUnit.Count,
  DrainSeconds: MetricUnit.Seconds,
  TaskMoves: MetricUnit.Count,
  RolloverSeconds: MetricUnit.Seconds,
  OldestImageAgeDays: MetricUnit.Count,
  ImageLagDays: MetricUnit.Count,
  NoticesPending: MetricUnit.Count,
  NoticeDeadlineHours: MetricUnit.Count,
  RolloverInProgress: MetricUnit.Count,
} as const;

export type MetricName = keyof typeof UNITS;

/** Each call is one record with its own dimensions; without a group it counts for the cluster as a whole. */
export function measure(
  values: Readonly<Partial<Record<MetricName, number>>>,
  of: { readonly cluster: string; readonly autoScalingGroupName?: string },
): void {
  for (const [name, value] of Object.entries(values) as [MetricName, number][]) {
    const single = metrics.singleMetric();
    single.addDimension('Cluster', of.cluster);
    if (of.autoScalingGroupName !== undefined)
      single.addDimension('AutoScalingGroup', of.autoScalingGroupName);
    single.addMetric(name, UNITS[name], value);
  }
}
