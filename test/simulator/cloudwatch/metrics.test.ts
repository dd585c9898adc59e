/** Source of each statement: Amazon CloudWatch API reference, GetMetricStatistics. */
import {
  CloudWatchClient,
  GetMetricStatisticsCommand,
  type GetMetricStatisticsInput,
} from '@aws-sdk/client-cloudwatch';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Metrics } from '../../../simulator/cloudwatch/metrics.ts';
import { type Kernel, kernel, START_MS } from '../support/kernel.ts';

let account: Kernel;
let metrics: Metrics;
let client: CloudWatchClient;

beforeEach(() => {
  account = kernel();
  metrics = new Metrics({ clock: account.clock, registry: account.dispatcher });
  client = new CloudWatchClient({});
  account.dispatcher.attach(client, 'CloudWatch');
});
afterEach(() => account.close());

const dimensions = { ClusterName: 'prod', CapacityProviderName: 'hosts' };
const ask = (over: Partial<GetMetricStatisticsInput> = {}) =>
  account.finish(() =>
    client.send(
      new GetMetricStatisticsCommand({
        Namespace: 'AWS/ECS/ManagedScaling',
        MetricName: 'CapacityProviderReservation',
        Dimensions: [
          { Name: 'CapacityProviderName', Value: 'hosts' },
          { Name: 'ClusterName', Value: 'prod' },
        ],
        StartTime: new Date(START_MS),
        EndTime: new Date(START_MS + 600_000),
        Period: 60,
        Statistics: ['Average'],
        ...over,
      }),
    ),
  );
const publish = async (...values: readonly number[]) => {
  for (const value of values) {
    metrics.publish('AWS/ECS/ManagedScaling', 'CapacityProviderReservation', dimensions, value);
    await account.pass(60);
  }
};

describe('GetMetricStatistics', () => {
  it('gives the statistics that are asked for, period by period, whatever the order of the dimensions', async () => {
    await publish(100, 150, 50);
    expect((await ask()).Datapoints?.map(({ Average, Maximum }) => [Average, Maximum])).toEqual([
      [100, undefined],
      [150, undefined],
      [50, undefined],
    ]);
    const { Datapoints } = await ask({
      Period: 600,
      Statistics: ['Average', 'Minimum', 'Maximum', 'Sum', 'SampleCount'],
    });
    expect(Datapoints).toMatchObject([
      {
        Timestamp: new Date(START_MS),
        Average: 100,
        Minimum: 50,
        Maximum: 150,
        Sum: 300,
        SampleCount: 3,
      },
    ]);
  });

  it('knows a metric only by all of its dimensions, and leaves out the end', async () => {
    await publish(100, 150);
    const one = await ask({ Dimensions: [{ Name: 'ClusterName', Value: 'prod' }] });
    const first = await ask({ EndTime: new Date(START_MS + 60_000) });
    expect([one.Datapoints, first.Datapoints?.length]).toEqual([[], 1]);
  });

  it.each([
    ['more than 1,440 datapoints', { EndTime: new Date(START_MS + 1_441 * 60_000) }, 'Combination'],
    ['no statistic', { Statistics: [] }, 'Combination'],
    ['a period of less than a minute', { Period: 30 }, 'Value'],
    ['an end before the start', { EndTime: new Date(START_MS - 1) }, 'Value'],
  ])('refuses %s', async (_, over, kind) => {
    await expect(ask(over)).rejects.toMatchObject({ name: `InvalidParameter${kind}Exception` });
  });

  it('keeps the datapoints of a minute for 15 days', async () => {
    await publish(100);
    await account.pass(15 * 86_400);
    await publish(50);
    expect((await ask()).Datapoints).toEqual([]);
  });
});
