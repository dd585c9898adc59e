import { DescribeClustersCommand, ECSClient, ListContainerInstancesCommand } from '@aws-sdk/client-ecs';
import { DescribeExecutionCommand, SFNClient } from '@aws-sdk/client-sfn';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keepPending, listPending } from '../functions/aws/ledger/notes.ts';
import { readRun, writeControl, writeRunPlan } from '../functions/aws/ledger/runs.ts';
import type { RunMemory } from '../functions/core/memory.ts';
import { handler } from '../functions/plan.ts';
import { fakeLedger } from './support/fake-ledger.ts';
import { lambdaContext } from './support/lambda-context.ts';
import { begin, EXECUTION, plan } from './support/run.ts';

const ecs = mockClient(ECSClient);
const sfn = mockClient(SFNClient);
const ledger = fakeLedger();
const NEW_EXECUTION = `${EXECUTION}-new`;
const planning = (request: object, execution = NEW_EXECUTION) =>
  handler({ request, execution }, lambdaContext);
const clusterIs = (tags: Record<string, string>) =>
  ecs.on(DescribeClustersCommand).resolves({
    clusters: [
      {
        clusterName: 'prod',
        clusterArn: 'arn:aws:ecs:eu-west-1:111122223333:cluster/prod',
        status: 'ACTIVE',
        tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
      },
    ],
  });

describe('plan', () => {
  beforeEach(() => {
    ecs.reset();
    sfn.reset();
    ledger.reset();
    clusterIs({ 'rollover:enabled': 'true' });
    ecs.on(ListContainerInstancesCommand).resolves({ containerInstanceArns: [] });
    sfn.on(DescribeExecutionCommand).resolves({ status: 'RUNNING' });
  });
  afterEach(() => {
    delete process.env.ROLLOVER_GUARDRAILS;
  });

  it('gives back what a dead run left although its cluster has opted out', async () => {
    await begin(ledger.table);
    clusterIs({});
    sfn.on(DescribeExecutionCommand).resolves({ status: 'ABORTED' });

    expect(await planning({ cluster: 'prod', mode: 'abort' })).toMatchObject({
      mode: 'abort',
      next: 'prepare',
      runId: 'run-1',
    });
  });

  describe('where somebody deleted the cluster', () => {
    beforeEach(() => {
      ecs.on(DescribeClustersCommand).resolves({ clusters: [{ clusterName: 'prod', status: 'INACTIVE' }] });
    });

    it('gives back what a dead run left, whose groups may still stand', async () => {
      await begin(ledger.table);
      sfn.on(DescribeExecutionCommand).resolves({ status: 'FAILED' });

      expect(await planning({ cluster: 'prod', mode: 'abort' })).toMatchObject({
        mode: 'abort',
        next: 'prepare',
        runId: 'run-1',
      });
    });

    it('refuses everything else', async () => {
      await expect(planning({ cluster: 'prod', mode: 'abort' })).rejects.toThrow(
        'there is no ECS cluster prod',
      );
      await begin(ledger.table);
      await expect(planning({ cluster: 'prod', mode: 'abort' })).rejects.toThrow(
        'there is no ECS cluster prod',
      );
    });
  });

  it('gives back, and rolls no further, where the cluster opted out when the run goes on in another execution', async () => {
    await begin(ledger.table);
    clusterIs({});

    expect(await planning({ cluster: 'prod', mode: 'resume' }, EXECUTION)).toMatchObject({
      mode: 'abort',
      next: 'prepare',
      runId: 'run-1',
    });
  });

  it('throws every problem of a request at once, before it asks AWS anything', async () => {
    await expect(planning({ clutser: 'prod', mode: 'rol' })).rejects.toMatchObject({
      name: 'BadRequest',
      message: expect.stringMatching(/clutser[\s\S]*mode|mode[\s\S]*clutser/),
    });
    expect(ecs.calls()).toHaveLength(0);
  });

  it('says that there is no such cluster', async () => {
    ecs.on(DescribeClustersCommand).resolves({ failures: [{ arn: 'prod', reason: 'MISSING' }] });

    await expect(planning({ cluster: 'prod' })).rejects.toThrow(/there is no ECS cluster prod/);
  });

  it.each([
    ['has not opted in', {}, '{}', /has not opted in/],
    [
      'the guardrails exclude',
      { 'rollover:enabled': 'true' },
      '{"clusters":["dev-*"]}',
      /not among the clusters/,
    ],
  ])('refuses a cluster that %s', async (_, tags, guardrails, reason) => {
    clusterIs(tags);
    process.env.ROLLOVER_GUARDRAILS = guardrails;

    expect(await planning({ cluster: 'prod' })).toMatchObject({
      next: 'report',
      mode: 'none',
      ending: { outcome: 'REFUSED', reason: expect.stringMatching(reason) },
    });
  });

  it('does nothing for a second request with the same purpose and the same image', async () => {
    await begin(ledger.table);

    expect(await planning({ cluster: 'prod' })).toMatchObject({ ending: { outcome: 'NOTHING_TO_DO' } });
    expect(await listPending(ledger.table)).toEqual([]);
  });

  it('lets a request for something else wait for the end of the running one', async () => {
    await begin(ledger.table);

    const answer = await planning({ cluster: 'prod', instances: ['i-0123456789abcdef0'] });

    expect(answer.ending?.outcome).toBe('PENDING_WINDOW');
    expect(await listPending(ledger.table)).toMatchObject([{ cluster: 'prod', waitsFor: 'other-run' }]);
  });

  it('hands named hosts with a deadline to the running run, and lets their request wait on', async () => {
    await begin(ledger.table);
    const [request] = [
      { cluster: 'prod', instances: ['i-0123456789abcdef0'], deadline: '2026-12-01T00:00:00Z' },
    ];
    await writeRunPlan(
      ledger.table,
      'run-1',
      { ...plan, groups: plan.groups.map((group) => ({ ...group, outdated: request.instances })) },
      0,
    );

    const answer = await planning(request);

    expect(answer).toMatchObject({
      next: 'report',
      ending: {
        outcome: 'PENDING_WINDOW',
        reason: expect.stringContaining('1 of 1 named hosts before its others'),
      },
    });
    expect(await listPending(ledger.table)).toMatchObject([{ waitsFor: 'other-run', request }]);
    expect((await readRun(ledger.table, 'run-1'))?.memory?.joins).toMatchObject([
      { deadlineMs: Date.parse(request.deadline), hosts: [{ instanceId: 'i-0123456789abcdef0' }] },
    ]);
  });

  it.each<[string, Partial<RunMemory>]>([
    ['ends', { phase: 'closing' }],
    ['is told to stop', { control: { mode: 'pause', atMs: 0, by: 'somebody' } }],
  ])('hands nothing to a run that %s', async (_, memory) => {
    await begin(ledger.table, memory);
    if (memory.control !== undefined) await writeControl(ledger.table, 'run-1', memory.control);
    const request = { cluster: 'prod', instances: ['i-0old'], deadline: '2026-12-01T00:00:00Z' };

    expect((await planning(request)).ending?.reason).toMatch(/^waits for the end of/);
    expect((await readRun(ledger.table, 'run-1'))?.memory?.joins).toBeUndefined();
    expect(await listPending(ledger.table)).toHaveLength(1);
  });

  it.each(['pause', 'abort', 'rollback'] as const)('hands %s to the running run', async (mode) => {
    await begin(ledger.table);

    expect(await planning({ cluster: 'prod', mode })).toMatchObject({
      next: 'report',
      ending: { outcome: 'SUCCEEDED' },
    });
    expect((await readRun(ledger.table, 'run-1'))?.memory?.control).toMatchObject({
      mode,
      by: 'an execution started by hand (run-1-new)',
    });
  });

  it('has nothing to abort where nothing runs', async () => {
    expect(await planning({ cluster: 'prod', mode: 'abort' })).toMatchObject({
      ending: { outcome: 'NOTHING_TO_DO' },
    });
  });

  it('takes over what a dead run left, under its id, and lets the new request wait', async () => {
    await begin(ledger.table);
    sfn.on(DescribeExecutionCommand).resolves({ status: 'ABORTED', stopDate: new Date() });

    expect(await planning({ cluster: 'prod' })).toMatchObject({
      mode: 'abort',
      runId: 'run-1',
      next: 'prepare',
    });
    expect(await listPending(ledger.table)).toHaveLength(1);
  });

  it('carries on a run that was handed over to this execution', async () => {
    await begin(ledger.table);

    expect(await planning({ cluster: 'prod', mode: 'resume' }, EXECUTION)).toMatchObject({
      mode: 'roll',
      runId: 'run-1',
      token: 1,
      next: 'prepare',
      request: { mode: 'roll' },
    });
  });

  it('says so when there is no paused run to resume', async () => {
    await keepPending(ledger.table, {
      cluster: 'prod',
      purpose: 'outdated',
      request: { cluster: 'prod' },
      waitsFor: 'window',
      sinceMs: 0,
    });

    expect(await planning({ cluster: 'prod', mode: 'resume' })).toMatchObject({
      ending: { outcome: 'NOTHING_TO_DO' },
    });
  });
});
