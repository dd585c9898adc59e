/** CloudWatch alarms that must be quiet while hosts are replaced. */
import {
  type CloudWatchClient,
  type CompositeAlarm,
  type MetricAlarm,
  paginateDescribeAlarms,
} from '@aws-sdk/client-cloudwatch';
import type { AlarmFacts } from '../core/facts.ts';
import { perBatch } from './batches.ts';

/** AWS's limit on names per call (Amazon CloudWatch API reference, DescribeAlarms). */
const NAMES_MAX = 100;

/** State of the metric and composite alarms of these names; an alarm that does not exist is absent. */
export async function readAlarms(
  cloudWatch: CloudWatchClient,
  names: readonly string[],
): Promise<AlarmFacts[]> {
  const alarms = await describeAlarms(cloudWatch, names);
  return alarms.map(({ AlarmName = '', StateValue: state = 'INSUFFICIENT_DATA' }) => ({
    alarmName: AlarmName,
    state,
  }));
}

/** The same alarms as CloudWatch describes them, metric alarms of each batch first. */
export function describeAlarms(
  cloudWatch: CloudWatchClient,
  names: readonly string[],
): Promise<(MetricAlarm | CompositeAlarm)[]> {
  return perBatch(names, NAMES_MAX, async (AlarmNames) => {
    const found: (MetricAlarm | CompositeAlarm)[] = [];
    const pages = paginateDescribeAlarms(
      { client: cloudWatch, pageSize: 100 },
      { AlarmNames, AlarmTypes: ['MetricAlarm', 'CompositeAlarm'] },
    );
    for await (const page of pages) found.push(...(page.MetricAlarms ?? []), ...(page.CompositeAlarms ?? []));
    return found;
  });
}
