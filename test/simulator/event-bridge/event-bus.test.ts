import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { afterEach, describe, expect, it } from 'vitest';
import { EventBus, type EventEnvelope } from '../../../simulator/event-bridge/event-bus.ts';
import { Scheduler } from '../../../simulator/event-bridge/scheduler.ts';
import { callerName } from '../../../simulator/kernel/caller.ts';
import { LambdaRuntime } from '../../../simulator/lambda/runtime.ts';
import { Queues } from '../../../simulator/sqs/queues.ts';
import type { FaultBoard, ServiceEvent } from '../../../simulator/world.ts';
import { type Kernel, kernel, START_MS, TIMINGS } from '../support/kernel.ts';

let account: Kernel;
afterEach(() => account.close());

const where = { accountId: '111122223333', region: 'eu-west-1' };

function setUp(faults: Partial<FaultBoard> = {}) {
  account = kernel({ faults });
  const lambda = new LambdaRuntime({ clock: account.clock, random: account.random, ...where });
  const started: { arn: string; input: string }[] = [];
  const queues = new Queues({ clock: account.clock, random: account.random, lambda, ...where });
  const parts = { clock: account.clock, random: account.random, faults: account.faults, lambda, queues };
  const bus = new EventBus({
    ...parts,
    ...where,
    timings: TIMINGS,
    registry: account.dispatcher,
    record: (observation) => account.observations.push({ ...observation, atMs: account.clock.nowMs }),
    startExecution: (arn, input) => started.push({ arn, input }),
    delivery: { duplicateShare: 0, lossShare: 0 },
  });
  const client = new EventBridgeClient({});
  account.dispatcher.attach(client, 'EventBridge');
  return { bus, lambda, client, started, scheduler: new Scheduler(parts) };
}

function collector(bus: EventBus, pattern: object = {}): EventEnvelope[] {
  const seen: EventEnvelope[] = [];
  bus.addRule({ name: 'all', pattern: { ...pattern }, target: { deliver: (event) => seen.push(event) } });
  return seen;
}

const change = (delivery: ServiceEvent['delivery'] = 'best-effort'): ServiceEvent => ({
  source: 'aws.ssm',
  detailType: 'Parameter Store Change',
  resources: ['arn:aws:ssm:eu-west-1:111122223333:parameter/foo'],
  detail: { operation: 'Update', name: 'foo', type: 'String' },
  delivery,
});

describe('the event bus', () => {
  it('delivers an event of a service later, in the documented envelope', async () => {
    const { bus } = setUp();
    const seen = collector(bus);
    bus.emit(change());
    expect(bus.underway).toBe(1);
    expect(seen).toEqual([]);
    await account.pass();
    expect(account.clock.nowMs - START_MS).toBe(1_000);
    expect(bus.underway).toBe(0);
    expect(seen).toEqual([
      {
        version: '0',
        id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
        'detail-type': 'Parameter Store Change',
        source: 'aws.ssm',
        account: '111122223333',
        time: '2026-11-22T12:00:00Z',
        region: 'eu-west-1',
        resources: ['arn:aws:ssm:eu-west-1:111122223333:parameter/foo'],
        detail: { operation: 'Update', name: 'foo', type: 'String' },
      },
    ]);
    expect(account.observations).toMatchObject([
      { kind: 'event', source: 'aws.ssm', atMs: START_MS + 1_000 },
    ]);
  });

  it('loses events of best-effort sources only', async () => {
    const { bus } = setUp({ dropsEvent: () => true });
    const seen = collector(bus);
    bus.emit(change('best-effort'));
    bus.emit(change('durable'));
    await account.pass();
    expect(seen).toHaveLength(1);
  });

  it('delivers a duplicate with the same id', async () => {
    const { bus } = setUp({ duplicatesEvent: () => true });
    const seen = collector(bus);
    bus.emit(change());
    await account.pass();
    expect(seen).toHaveLength(2);
    expect(seen[0]).toEqual(seen[1]);
  });

  it('counts an event that no rule wants as delivered', () => {
    const { bus } = setUp();
    collector(bus, { source: ['aws.ec2'] });
    bus.emit(change());
    expect(bus.underway).toBe(0);
  });

  it('tells the detail as it was when the event happened', async () => {
    const { bus } = setUp();
    const seen = collector(bus);
    const detail: Record<string, unknown> = { status: 'ACTIVE' };
    bus.emit({ ...change(), detail });
    detail.status = 'DRAINING';
    await account.pass();
    expect(seen[0]?.detail).toEqual({ status: 'ACTIVE' });
  });

  it('invokes functions and starts executions whose rules match', async () => {
    const { bus, lambda, started } = setUp();
    const got: [unknown, string][] = [];
    lambda.register('trigger', {
      handler: async (event: { detail: unknown }) => got.push([event.detail, callerName()]),
      timeoutSeconds: 30,
    });
    bus.addRule({ name: 'a', pattern: { source: ['aws.ssm'] }, target: { lambda: 'trigger' } });
    bus.addRule({ name: 'b', pattern: { source: ['aws.ec2'] }, target: { lambda: 'trigger' } });
    bus.addRule({
      name: 'c',
      pattern: { source: ['aws.ssm'] },
      target: { stateMachine: 'arn:machine', input: ({ detail }) => ({ name: detail.name }) },
    });
    bus.emit(change());
    await account.pass();
    expect(got).toEqual([[{ operation: 'Update', name: 'foo', type: 'String' }, 'trigger']]);
    expect(started).toEqual([{ arn: 'arn:machine', input: '{"name":"foo"}' }]);
  });

  it('takes custom events by PutEvents, and only on their own bus', async () => {
    const { bus, client } = setUp();
    const seen = collector(bus);
    const put = (EventBusName?: string) =>
      account.finish(() =>
        client.send(
          new PutEventsCommand({
            Entries: [
              { Source: 'ecs-rollover', DetailType: 'Started', Detail: '{"cluster":"prod"}', EventBusName },
            ],
          }),
        ),
      );
    const answer = await put();
    await put('other');
    await account.pass();
    expect(answer).toMatchObject({ FailedEntryCount: 0, Entries: [{ EventId: seen[0]?.id }] });
    expect(seen.map(({ source, detail }) => ({ source, detail }))).toEqual([
      { source: 'ecs-rollover', detail: { cluster: 'prod' } },
    ]);
    expect(bus.published).toBe(2);
  });

  it('refuses single entries in a 200, as PutEvents does', async () => {
    const { client } = setUp();
    const good = { Source: 'ecs-rollover', DetailType: 'Started', Detail: '{}' };
    const answer = await account.finish(() =>
      client.send(
        new PutEventsCommand({
          Entries: [
            good,
            { ...good, Source: 'aws.ecs' },
            { ...good, Detail: '[1]' },
            { Source: 'x', Detail: '{}' },
          ],
        }),
      ),
    );
    expect(answer.FailedEntryCount).toBe(3);
    expect(answer.Entries?.map(({ ErrorCode }) => ErrorCode)).toEqual([
      undefined,
      'NotAuthorizedForSourceException',
      'MalformedDetail',
      'InvalidArgument',
    ]);
    expect(account.observations).toMatchObject([{ kind: 'call', answer: 'partial' }]);
  });

  it('refuses more than ten entries, and more than 1 MB', async () => {
    const { client } = setUp();
    const entry = { Source: 'ecs-rollover', DetailType: 'Started', Detail: '{}' };
    const send = (Entries: object[]) => account.finish(() => client.send(new PutEventsCommand({ Entries })));
    await expect(send(Array(11).fill(entry))).rejects.toMatchObject({ name: 'ValidationException' });
    const big = { ...entry, Detail: JSON.stringify({ text: 'x'.repeat(1_048_576) }) };
    await expect(send([big])).rejects.toMatchObject({ name: 'ValidationException' });
  });
});

describe('the scheduler', () => {
  it('invokes at its rate, within the minute', async () => {
    const { scheduler, lambda } = setUp();
    const at: number[] = [];
    lambda.register('sweep', {
      handler: async () => at.push((account.clock.nowMs - START_MS) / 1000),
      timeoutSeconds: 30,
    });
    const end = scheduler.every(300, 'sweep', {});
    await account.pass(980);
    end();
    await account.pass(10_000);
    expect(at).toHaveLength(3);
    for (const [index, seconds] of at.entries()) {
      expect(seconds).toBeGreaterThanOrEqual(300 * (index + 1));
      expect(seconds).toBeLessThanOrEqual(300 * (index + 1) + 61);
    }
  });

  it('invokes once at a given time', async () => {
    const { scheduler, lambda } = setUp();
    const got: unknown[] = [];
    lambda.register('trigger', { handler: async (event: unknown) => got.push(event), timeoutSeconds: 30 });
    scheduler.once(START_MS + 60_000, 'trigger', { cluster: 'prod' });
    await account.pass();
    expect(got).toEqual([{ cluster: 'prod' }]);
  });
});
