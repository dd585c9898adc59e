/** Rules, their dead letters and requests on the bus, as AWS answers: paged, sparse, refused inside a 200. */
import { CloudWatchClient, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import {
  EventBridgeClient,
  ListRulesCommand,
  ListTargetsByRuleCommand,
  PutEventsCommand,
} from '@aws-sdk/client-eventbridge';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, expect, it } from 'vitest';
import { deadLetterQueuesOf, listRules, messagesIn, putRequest } from '../../functions/aws/wake-ups.ts';

const bus = mockClient(EventBridgeClient);
const metrics = mockClient(CloudWatchClient);
const eventBridge = new EventBridgeClient({});
beforeEach(() => {
  bus.reset();
  metrics.reset();
});

it('all pages of rules are read', async () => {
  bus.on(ListRulesCommand, {}).resolves({ Rules: [{ Name: 'a' }], NextToken: 'more' });
  bus.on(ListRulesCommand, { NextToken: 'more' }).resolves({ Rules: [{ Name: 'b' }] });
  expect((await listRules(eventBridge)).map(({ Name }) => Name)).toEqual(['a', 'b']);
});

it('targets without a dead-letter queue have none', async () => {
  const Arn = 'arn:aws:sqs:eu-west-1:111122223333:letters';
  const target = { Id: '1', Arn: 'arn:aws:sqs:eu-west-1:111122223333:queue' };
  bus.on(ListTargetsByRuleCommand).resolves({ Targets: [target, { ...target, DeadLetterConfig: { Arn } }] });
  expect(await deadLetterQueuesOf(eventBridge, 'rule')).toEqual([Arn]);
});

it('a queue of which SQS tells nothing is empty, else the most of late counts', async () => {
  const cloudWatch = new CloudWatchClient({});
  metrics.on(GetMetricStatisticsCommand).resolves({ Datapoints: [] });
  expect(await messagesIn(cloudWatch, 'q', 0)).toBe(0);
  metrics.on(GetMetricStatisticsCommand).resolves({ Datapoints: [{ Maximum: 2 }, { Maximum: 0 }] });
  expect(await messagesIn(cloudWatch, 'q', 0)).toBe(2);
});

it('a refused event is an error although the answer is a 200', async () => {
  bus.on(PutEventsCommand).resolves({
    FailedEntryCount: 1,
    Entries: [{ ErrorCode: 'InternalFailure', ErrorMessage: 'try again' }],
  });
  await expect(putRequest(eventBridge, { cluster: 'prod' })).rejects.toThrow(/InternalFailure try again/);
});
