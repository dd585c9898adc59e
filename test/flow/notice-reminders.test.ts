/** Reminders of what Fargate announces: louder as the date nears, once for a cluster, however many services it names. */
import { DescribeTasksCommand, ECSClient } from '@aws-sdk/client-ecs';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, expect, it } from 'vitest';
import { statusView } from '../../cli/views/status.ts';
import { statusText } from '../../cli/views/status-text.ts';
import { changeNotice, listNotices } from '../../functions/aws/ledger/notices.ts';
import type { NoticeEntry } from '../../functions/core/notices/entry.ts';
import { answerFargate } from '../../functions/flow/answer-fargate.ts';
import { fakeLedger } from '../support/fake-ledger.ts';

const ecs = mockClient(ECSClient);
const eventBridge = mockClient(EventBridgeClient);
const sfn = mockClient(SFNClient);
const ledger = fakeLedger();

const HOUR_MS = 3_600_000;
const DUE_MS = Date.parse('2026-11-30T12:00:00Z');
const CLUSTER = { clusterName: 'prod', tags: [{ key: 'rollover:enabled', value: 'true' }] };
const entry = (service: string, change: Partial<NoticeEntry> = {}): NoticeEntry => ({
  account: '111122223333',
  region: 'eu-west-1',
  eventArn: 'arn:aws:health:eu-west-1::event/ECS/AWS_ECS_TASK_PATCHING_RETIREMENT/1',
  code: 'AWS_ECS_TASK_PATCHING_RETIREMENT',
  kind: 'fargate-tasks',
  entity: { of: 'service', cluster: 'prod', service },
  state: 'left',
  reason: 'its tag names another image now',
  firstSeenMs: 0,
  announcedMs: 0,
  updatedMs: 0,
  startMs: DUE_MS,
  cluster: 'prod',
  ...change,
});
const keep = (one: NoticeEntry) => changeNotice(ledger.table, one, () => one);
const told = () =>
  eventBridge
    .commandCalls(PutEventsCommand)
    .map((call) => JSON.parse(call.args[0].input.Entries?.[0]?.Detail ?? ''));

beforeEach(async () => {
  for (const mock of [ecs, eventBridge, sfn]) mock.reset();
  ledger.reset();
  ecs.on(DescribeTasksCommand).resolves({ tasks: [] });
  eventBridge.on(PutEventsCommand).resolves({});
  sfn.on(StartExecutionCommand).resolves({});
  for (const service of ['api', 'web']) await keep(entry(service));
  await keep(entry('old', { state: 'done' }));
});

async function lookAt(hoursLeft: number): Promise<void> {
  const nowMs = DUE_MS - hoursLeft * HOUR_MS;
  // Looked at by a run an hour ago: none is due again.
  for (const one of await listNotices(ledger.table)) await keep({ ...one, startedAtMs: nowMs - HOUR_MS });
  const origin = { kind: 'sweep' as const, by: 'the sweep', id: '1' };
  await answerFargate(ledger.table, await listNotices(ledger.table), [CLUSTER], origin, nowMs);
}

it('come 72 and 24 hours before the date, once, and name what is not done', async () => {
  const counts: number[] = [];
  for (const hoursLeft of [100, 72, 71, 30, 24, 10]) {
    await lookAt(hoursLeft);
    counts.push(told().length);
  }
  // The margin begins 24 hours before the date as well, by default.
  expect(counts).toEqual([0, 1, 1, 1, 2, 2]);
  for (const one of told())
    expect(one).toMatchObject({
      kind: 'notice-reminder',
      cluster: 'prod',
      detail: { names: ['prod/api', 'prod/web'], from: '2026-11-30T12:00:00.000Z' },
    });
});

it('and the status shows what is open, the nearest date first', async () => {
  await keep(entry('soon', { startMs: DUE_MS - 48 * HOUR_MS, state: 'planned', reason: 'its turn comes' }));
  const view = statusView({
    cluster: 'prod',
    nowMs: DUE_MS - 50 * HOUR_MS,
    pending: [],
    quarantine: [],
    history: [],
    gameDays: [],
    notices: (await listNotices(ledger.table)).filter(({ state }) => state !== 'done'),
  });
  expect(view.notices.map(({ names, state, hoursLeft }) => [names, state, hoursLeft])).toEqual([
    ['prod/soon', 'planned', 2],
    ['prod/api', 'left', 50],
    ['prod/web', 'left', 50],
  ]);
  expect(statusText(view)).toContain(
    'notice prod/soon: AWS_ECS_TASK_PATCHING_RETIREMENT from 2026-11-28T12:00:00Z on (2 h), planned: its turn comes',
  );
});
