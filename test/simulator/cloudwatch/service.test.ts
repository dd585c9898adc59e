import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  type DescribeAlarmsInput,
} from '@aws-sdk/client-cloudwatch';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Alarms } from '../../../simulator/cloudwatch/service.ts';
import type { ServiceEvent } from '../../../simulator/world.ts';
import { type Kernel, kernel } from '../support/kernel.ts';

let account: Kernel;
let alarms: Alarms;
let events: ServiceEvent[];
let client: CloudWatchClient;

beforeEach(() => {
  account = kernel();
  events = [];
  alarms = new Alarms(
    {
      clock: account.clock,
      registry: account.dispatcher,
      bus: { emit: (event) => events.push(event) },
      accountId: '111122223333',
      region: 'eu-west-1',
    },
    Array.from({ length: 60 }, (_, at) => ({ AlarmName: `web-${at}`, StateValue: 'OK' as const })),
  );
  client = new CloudWatchClient({});
  account.dispatcher.attach(client, 'CloudWatch');
});
afterEach(() => account.close());

const describeAlarms = (input: DescribeAlarmsInput) =>
  account.finish(() => client.send(new DescribeAlarmsCommand(input)));

describe('CloudWatch alarms', () => {
  it('are described fifty a page', async () => {
    const first = await describeAlarms({});
    const second = await describeAlarms({ NextToken: first.NextToken });
    expect([first.MetricAlarms?.length, second.MetricAlarms?.length]).toEqual([50, 10]);
    await expect(describeAlarms({ MaxRecords: 101 })).rejects.toMatchObject({ name: 'ValidationError' });
  });

  it('are found by name, prefix and state; unknown names are left out', async () => {
    alarms.setState('web-7', 'ALARM', 'too slow');
    const names = async (input: DescribeAlarmsInput) =>
      (await describeAlarms(input)).MetricAlarms?.map(({ AlarmName }) => AlarmName);
    expect(await names({ AlarmNames: ['web-3', 'nothing'] })).toEqual(['web-3']);
    expect(await names({ AlarmNamePrefix: 'web-5', StateValue: 'OK' })).toHaveLength(11);
    expect(await names({ StateValue: 'ALARM' })).toEqual(['web-7']);
  });

  it('tell a change of state on the bus, once', () => {
    alarms.setState('web-1', 'ALARM', 'too slow');
    alarms.setState('web-1', 'ALARM', 'still');
    alarms.setState('unheard-of', 'ALARM', 'new');
    expect(events.map(({ detail }) => [detail.alarmName, detail.state, detail.previousState])).toEqual([
      [
        'web-1',
        { value: 'ALARM', reason: 'too slow', timestamp: '2026-11-22T12:00:00.000+0000' },
        { value: 'OK', reason: '' },
      ],
      [
        'unheard-of',
        { value: 'ALARM', reason: 'new', timestamp: '2026-11-22T12:00:00.000+0000' },
        { value: 'INSUFFICIENT_DATA', reason: '' },
      ],
    ]);
  });
});
