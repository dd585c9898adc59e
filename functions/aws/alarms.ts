/** CloudWatch alarms that must be quiet while hosts are replaced. */
import { type CloudWatchClient, paginateDescribeAlarms } from '@aws-sdk/client-cloudwatch';
import type { AlarmFacts } from '../core/facts.ts';
import { perBatch } from './batches.ts';

/** AWS's limit on names per call (Amazon CloudWatch API reference, DescribeAlarms). */
const NAMES_MAX = 100;

/** Metric and composite alarms of these names; an alarm that does not exist is absent. */
export function readAlarms(cloudWatch: CloudWatchClient, names: readonly string[]): Promise<AlarmFacts[]> {
  return perBatch(names, NAMES_MAX, async (AlarmNames) => {
    const found: AlarmFacts[] = [];
    const pages = paginateDescribeAlarms(
      { client: cloudWatch, pageSize: 100 },
      { AlarmNames, AlarmTypes: ['MetricAlarm', 'CompositeAlarm'] },
    );
    for await (const page of pages) {
      for (const alarm of [...(page.MetricAlarms ?? []), ...(page.CompositeAlarms ?? [])]) {
        found.push({ alarmName: alarm.AlarmName ?? '', state: alarm.StateValue ?? 'INSUFFICIENT_DATA' });
      }
    }
    return found;
  });
}
