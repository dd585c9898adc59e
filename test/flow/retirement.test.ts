/** What a run that retires Fargate tasks looks at, and what it leaves alone. */
import { EC2Client } from '@aws-sdk/client-ec2';
import {
  DescribeServicesCommand,
  DescribeTasksCommand,
  ECSClient,
  ListAccountSettingsCommand,
  ListTasksCommand,
} from '@aws-sdk/client-ecs';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { changeNotice, listNotices } from '../../functions/aws/ledger/notices.ts';
import { writeRedeploys } from '../../functions/aws/ledger/redeploys.ts';
import type { NoticeEntry, NoticeState } from '../../functions/core/notices/entry.ts';
import { DEFAULT_SETTINGS } from '../../functions/edge/settings.ts';
import { keepVerdicts, readRetirement } from '../../functions/flow/retirement.ts';
import { fakeLedger } from '../support/fake-ledger.ts';

const ecs = mockClient(ECSClient);
const ec2 = mockClient(EC2Client);
const ledger = fakeLedger();

const WAIT_PERIOD = 'fargateTaskRetirementWaitPeriod' as const;
const NOW_MS = Date.parse('2026-11-22T12:00:00Z');
const RUN = { cluster: 'prod', runId: 'run-1', execution: 'arn:execution:run-1' };
const CLUSTER = { clusterName: 'prod', clusterArn: 'arn:aws:ecs:eu-west-1:111122223333:cluster/prod' };

async function entryOf(service: string, state: NoticeState): Promise<NoticeEntry> {
  const entry: NoticeEntry = {
    account: '111122223333',
    region: 'eu-west-1',
    eventArn: `arn:aws:health:eu-west-1::event/ECS/${service}`,
    code: 'AWS_ECS_TASK_PATCHING_RETIREMENT',
    kind: 'fargate-tasks',
    entity: { of: 'service', cluster: 'prod', service },
    state,
    reason: 'as AWS says',
    firstSeenMs: NOW_MS,
    announcedMs: NOW_MS,
    updatedMs: NOW_MS,
    cluster: 'prod',
    execution: RUN.execution,
  };
  await changeNotice(ledger.table, entry, () => entry);
  return entry;
}

const look = async () => readRetirement(ledger.table, CLUSTER, DEFAULT_SETTINGS, RUN, NOW_MS);
const named = async () => (await look()).services.map(({ serviceName }) => serviceName).sort();

describe('services of a run for notices of Fargate', () => {
  beforeEach(() => {
    for (const mock of [ecs, ec2]) mock.reset();
    ledger.reset();
    ecs.on(ListAccountSettingsCommand).resolves({ settings: [] });
    ecs.on(DescribeServicesCommand).resolves({ services: [] });
    ecs.on(DescribeTasksCommand).resolves({ tasks: [] });
    ecs.on(ListTasksCommand).resolves({ taskArns: [] });
  });

  it('leave out those whose notice AWS called off before a deployment was begun', async () => {
    await entryOf('api', 'planned');
    await entryOf('web', 'cancelled');
    expect(await named()).toEqual(['api']);
  });

  it('keep those whose deployment is begun: it is watched to its end, and the notice stays called off', async () => {
    await entryOf('web', 'cancelled');
    const memory = { forcedAtMs: NOW_MS - 60_000, deploymentBefore: 'ecs-svc/1' };
    await writeRedeploys(ledger.table, RUN.runId, [{ serviceName: 'web', memory }], NOW_MS);
    expect(await named()).toEqual(['web']);
    const step = { force: [], waiting: [], remember: [{ serviceName: 'web', memory }] };
    await keepVerdicts(ledger.table, await look(), step, RUN, DEFAULT_SETTINGS);
    expect(await listNotices(ledger.table)).toMatchObject([{ state: 'cancelled', reason: 'as AWS says' }]);
  });

  describe('whose notice names no date', () => {
    const DAY_MS = 86_400_000;
    const dates = async () => (await look()).services.map(({ startMs }) => startMs);

    // Source: Amazon ECS API reference, PutAccountSetting; developer guide, prepare-task-retirement (7 by default).
    it.each([
      [undefined, 7],
      ['0', 0],
      ['7', 7],
      ['14', 14],
    ])('retire after the wait period of the account: %s', async (value, days) => {
      const settings = value === undefined ? [] : [{ name: WAIT_PERIOD, value }];
      ecs.on(ListAccountSettingsCommand, { name: WAIT_PERIOD }).resolves({ settings });
      await entryOf('api', 'planned');
      expect(await dates()).toEqual([NOW_MS + days * DAY_MS]);
      // Kept, so that reminders and windows go by it.
      expect(await listNotices(ledger.table)).toMatchObject([{ startMs: NOW_MS + days * DAY_MS }]);
    });

    it('are left to the date that AWS names, where it does', async () => {
      const entry = await entryOf('api', 'planned');
      await changeNotice(ledger.table, entry, (known) => known && { ...known, startMs: NOW_MS + 5 });
      expect(await dates()).toEqual([NOW_MS + 5]);
      expect(ecs.commandCalls(ListAccountSettingsCommand, { name: WAIT_PERIOD })).toHaveLength(0);
    });
  });
});
