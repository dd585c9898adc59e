import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readClaim } from '../functions/aws/ledger/claims.ts';
import { readEarlier } from '../functions/aws/ledger/earlier.ts';
import {
  dropPending,
  keepPending,
  listHistory,
  listPending,
  listQuarantine,
} from '../functions/aws/ledger/notes.ts';
import { readRun } from '../functions/aws/ledger/runs.ts';
import { purposeOf } from '../functions/flow/purpose.ts';
import { handler } from '../functions/report.ts';
import { fakeLedger } from './support/fake-ledger.ts';
import { lambdaContext } from './support/lambda-context.ts';
import { begin, EXECUTION, state } from './support/run.ts';

const sns = mockClient(SNSClient);
const eventBridge = mockClient(EventBridgeClient);
const ledger = fakeLedger();
/** What programs among the subscribers got. */
const published = () =>
  sns
    .commandCalls(PublishCommand)
    .map((call) => JSON.parse(JSON.parse(call.args[0].input.Message ?? '').default));
const error = (name: string, message: string) => ({
  Error: name,
  Cause: JSON.stringify({ errorType: name, errorMessage: message }),
});

describe('report', () => {
  beforeEach(() => {
    sns.reset();
    eventBridge.reset();
    ledger.reset();
    eventBridge.on(PutEventsCommand).resolves({ Entries: [{ EventId: '1' }] });
    process.env.NOTIFICATION_TOPIC_ARN = 'arn:aws:sns:eu-west-1:111122223333:rollover';
  });
  afterEach(() => {
    delete process.env.NOTIFICATION_TOPIC_ARN;
  });

  it('writes the ending down, tells it, and frees the cluster', async () => {
    await begin(ledger.table, { phase: 'closed' });
    const ending = { outcome: 'SUCCEEDED' as const, reason: '12 hosts replaced' };

    const answer = await handler({ ...state, ending }, lambdaContext);

    expect(answer).toMatchObject({
      succeeded: true,
      outcome: 'SUCCEEDED',
      reason: '12 hosts replaced',
      ending,
    });
    expect((await readRun(ledger.table, 'run-1'))?.record.outcome).toEqual(ending);
    expect(await listHistory(ledger.table, 'prod')).toMatchObject([{ ending, imageIds: ['ami-0new'] }]);
    expect(await readClaim(ledger.table, 'prod')).toBeUndefined();
    expect(published()[0]).toMatchObject({ kind: 'succeeded', cluster: 'prod' });
    const [entry] = eventBridge.commandCalls(PutEventsCommand)[0]?.args[0].input.Entries ?? [];
    expect(entry).toMatchObject({ Source: 'ecs-rollover', DetailType: 'ECS Rollover Notice' });
  });

  it.each([
    ['SUCCEEDED', true],
    ['NOTHING_TO_DO', true],
    ['PENDING_WINDOW', true],
    ['PARTIAL', false],
    ['REFUSED', false],
    ['ROLLED_BACK', false],
    ['ABORTED', false],
    ['FAILED', false],
  ] as const)('makes %s green: %s', async (outcome, succeeded) => {
    expect(await handler({ ...state, ending: { outcome, reason: '' } }, lambdaContext)).toMatchObject({
      succeeded,
    });
  });

  describe('work that waits for its window', () => {
    const outside = (opens: string) =>
      ({ outcome: 'PENDING_WINDOW', reason: `outside the window: opens ${opens}` }) as const;
    /** An image has several causes: its parameter, its AMI, somebody's request. */
    const waits = (cause: string, opens = 'Tuesday') =>
      handler(
        { ...state, execution: `${EXECUTION}-${cause}`, runId: cause, ending: outside(opens) },
        lambdaContext,
      );
    const kinds = () => published().map(({ kind, runId }) => `${kind} ${runId}`);

    it('is told once, whatever the number of its causes, and again by a repeat of what was broken off', async () => {
      await Promise.all([waits('parameter'), waits('ami'), waits('request')]);
      expect(kinds()).toHaveLength(1);
      const first = String(published()[0]?.runId);
      await waits(first);
      expect(kinds()).toEqual([`pending_window ${first}`, `pending_window ${first}`]);
    });

    it('is told again when it waits for another opening, and after it was dropped', async () => {
      await waits('one');
      await waits('two', 'Thursday');
      expect(kinds()).toEqual(['pending_window one', 'pending_window two']);
      await dropPending(ledger.table, { cluster: 'prod', purpose: purposeOf(state.request) });
      await waits('three', 'Thursday');
      expect(kinds()).toHaveLength(3);
    });

    it('is told for each piece of work by itself', async () => {
      await waits('one');
      const request = { ...state.request, instances: ['i-0aaaaaaaaaaaaaaaa'] };
      const ending = outside('Tuesday');
      await handler({ ...state, request, execution: `${EXECUTION}-two`, ending }, lambdaContext);
      expect(kinds()).toHaveLength(2);
    });
  });

  it('keeps the claim of a run that is not restored, so that the sweep finds it', async () => {
    await begin(ledger.table, { phase: 'closing' });

    const answer = await handler({ ...state, error: error('AwsBusy', 'throttled') }, lambdaContext);

    expect(answer.outcome).toBe('FAILED');
    expect((await readClaim(ledger.table, 'prod'))?.owner).toBe(EXECUTION);
  });

  it('settles requests for named hosts that waited for the run: the gone are answered, what is left waits on', async () => {
    const gone = { instanceId: 'i-0aaaaaaaaaaaaaaaa', role: 'outdated', goneSinceMs: 1 } as const;
    const held = { instanceId: 'i-0bbbbbbbbbbbbbbbb', role: 'outdated' } as const;
    const requestOf = (...instances: string[]) => ({
      cluster: 'prod',
      instances,
      deadline: '2026-12-01T00:00:00Z',
    });
    const asks = [
      requestOf(gone.instanceId),
      requestOf(gone.instanceId, held.instanceId),
      requestOf(held.instanceId),
    ];
    await begin(ledger.table, { phase: 'closed', hosts: [gone, held] });
    for (const request of asks) {
      const purpose = purposeOf(request);
      await keepPending(ledger.table, {
        cluster: 'prod',
        purpose,
        request,
        waitsFor: 'other-run',
        sinceMs: 0,
      });
    }
    await handler({ ...state, ending: { outcome: 'PARTIAL', reason: 'one held' } }, lambdaContext);

    const left = (await listPending(ledger.table)).map(({ request }) => request.instances);
    expect(left).toEqual([[held.instanceId]]);
    expect(published().filter(({ kind }) => kind === 'request-answered')).toMatchObject([
      { detail: { instances: [gone.instanceId] } },
    ]);
  });

  it('tells once for each kind of error that giving back fails, however often it is tried', async () => {
    await begin(ledger.table, { phase: 'closing' });
    const told = async (name: string) => {
      await handler({ ...state, error: error(name, 'no') }, lambdaContext);
      return sns.commandCalls(PublishCommand).length;
    };

    expect(await told('AwsBusy')).toBe(1);
    expect(await told('AwsBusy')).toBe(1);
    expect(await told('ValidationError')).toBe(2);
    expect(await told('AwsBusy')).toBe(2);
  });

  it('puts a bad image into quarantine, but not the one of a rollback for another reason', async () => {
    const ending = { outcome: 'ROLLED_BACK' as const, reason: 'tasks die: OutOfMemory' };
    await begin(ledger.table, { phase: 'closed' });
    await handler({ ...state, ending }, lambdaContext);
    expect(await listQuarantine(ledger.table)).toEqual([]);

    ledger.reset();
    await begin(ledger.table, { phase: 'closed', imageJudgedBad: true });
    await handler({ ...state, ending }, lambdaContext);
    expect(await listQuarantine(ledger.table)).toMatchObject([
      { imageId: 'ami-0new', reason: ending.reason },
    ]);
  });

  it('a run that stops at its window’s end leaves what it did to the next, whose history tells of the whole', async () => {
    const gone = { instanceId: 'i-0old', role: 'outdated', goneSinceMs: 1 } as const;
    const work = { cluster: 'prod', purpose: 'outdated' };
    await begin(ledger.table, { phase: 'closed', hosts: [gone], movesSeen: 4 });
    await handler({ ...state, ending: { outcome: 'PENDING_WINDOW', reason: '' } }, lambdaContext);
    const earlier = await readEarlier(ledger.table, work);
    expect(earlier).toMatchObject({ windows: 1, replaced: 1, moves: 4, imageIds: ['ami-0new'] });

    if (earlier === undefined) return;
    await begin(ledger.table, { phase: 'closed', hosts: [gone], earlier });
    await handler({ ...state, ending: { outcome: 'SUCCEEDED', reason: '' } }, lambdaContext);
    expect((await listHistory(ledger.table, 'prod')).at(-1)).toMatchObject({
      workSinceMs: earlier.startedAtMs,
      counts: { outdated: 2, replaced: 2, moves: 4 },
    });
    expect(await readEarlier(ledger.table, work)).toBeUndefined();
  });

  it('names every problem of a request that could not be read', async () => {
    const answer = await handler(
      {
        request: { cluster: 7 },
        execution: EXECUTION,
        error: error('BadRequest', 'cluster: must be a name'),
      },
      lambdaContext,
    );

    expect(answer).toMatchObject({ outcome: 'REFUSED', reason: 'cluster: must be a name', succeeded: false });
  });

  it('lets a request wait that lost the race for the claim', async () => {
    const answer = await handler(
      { ...state, error: error('ClaimHeld', 'prod is being rolled') },
      lambdaContext,
    );

    expect(answer.outcome).toBe('PENDING_WINDOW');
    expect(await listPending(ledger.table, 'prod')).toMatchObject([{ waitsFor: 'other-run' }]);
  });

  it('tells of thousands of held hosts within what a notification may have, with their count', async () => {
    const held = { reason: 'x'.repeat(900), sinceMs: 0, attempts: 2, final: true };
    const hosts = Array.from({ length: 5000 }, (_, at) => ({
      instanceId: `i-${String(at).padStart(17, '0')}`,
      role: 'outdated' as const,
      held,
    }));
    await begin(ledger.table, { phase: 'closed', hosts });
    await handler({ ...state, ending: { outcome: 'PARTIAL', reason: 'hosts are held' } }, lambdaContext);

    const message = sns.commandCalls(PublishCommand)[0]?.args[0].input.Message ?? '';
    expect(Buffer.byteLength(message)).toBeLessThan(262_144);
    const { detail } = published()[0];
    expect(detail.staysCount).toBe(5000);
    expect(detail.stays.length).toBeGreaterThan(100);
  });

  it('ends the run although nobody can be told', async () => {
    sns.on(PublishCommand).rejects(new Error('no permission'));
    eventBridge
      .on(PutEventsCommand)
      .resolves({ FailedEntryCount: 1, Entries: [{ ErrorCode: 'ThrottlingException' }] });

    const answer = await handler({ ...state, ending: { outcome: 'SUCCEEDED', reason: '' } }, lambdaContext);

    expect(answer.succeeded).toBe(true);
  });
});
