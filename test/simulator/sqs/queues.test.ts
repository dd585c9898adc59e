/**
 * A standard queue before a function. Sources: AWS Lambda developer guide, with-sqs, services-sqs-errorhandling; Amazon SQS
 * developer guide, standard-queues, sqs-visibility-timeout, sqs-dead-letter-queues.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { LambdaRuntime } from '../../../simulator/lambda/runtime.ts';
import { Queues } from '../../../simulator/sqs/queues.ts';
import { type Kernel, kernel } from '../support/kernel.ts';

let account: Kernel;
afterEach(() => account.close());

const where = { accountId: '111122223333', region: 'eu-west-1' };
type Delivery = { Records: { messageId: string; body: string; attributes: Record<string, string> }[] };

/** A queue whose function answers as `work` does; what it got, batch by batch, with the seconds of each. */
function setUp(work: (delivery: Delivery) => unknown, reportsFailures = true) {
  account = kernel();
  const { clock, random } = account;
  const lambda = new LambdaRuntime({ clock, random, ...where });
  const queues = new Queues({ clock, random, lambda, ...where });
  const got: { seconds: number; bodies: string[] }[] = [];
  const handler = async (delivery: Delivery) => {
    got.push({ seconds: clock.elapsedSeconds, bodies: delivery.Records.map(({ body }) => body) });
    return work(delivery);
  };
  lambda.register('work', { handler, timeoutSeconds: 60 });
  const limits = { batchSize: 10, visibilityTimeoutSeconds: 90, maxReceiveCount: 3 };
  queues.create('events', { lambda: 'work', ...limits, reportsFailures });
  const settled = () => account.finish(() => clock.delay(600_000));
  return { queues, got, settled };
}

const named = (delivery: Delivery, body: string) => ({
  batchItemFailures: delivery.Records.filter((record) => record.body === body).map(({ messageId }) => ({
    itemIdentifier: messageId,
  })),
});

describe('a standard queue', () => {
  it('hands out what is there as batches of at most ten', async () => {
    const { queues, got, settled } = setUp(() => ({ batchItemFailures: [] }));
    for (let number = 0; number < 12; number++) queues.send('events', `${number}`);
    await settled();

    expect(got.map(({ bodies }) => bodies.length).sort()).toEqual([10, 2].sort());
    expect(queues.pending).toBe(0);
  });

  it('brings back the messages that are named as failed, after the visibility timeout, and no other', async () => {
    let times = 0;
    const { queues, got, settled } = setUp((delivery) => (times++ === 0 ? named(delivery, 'b') : null));
    for (const body of ['a', 'b', 'c']) queues.send('events', body);
    await settled();

    expect(got.map(({ bodies }) => bodies)).toEqual([['a', 'b', 'c'], ['b']]);
    expect((got[1]?.seconds ?? 0) - (got[0]?.seconds ?? 0)).toBeGreaterThan(89);
  });

  it.each<[string, boolean, () => unknown]>([
    [
      'the function fails',
      true,
      () => {
        throw new Error('no');
      },
    ],
    ['it names a message that is not there', true, () => ({ batchItemFailures: [{ itemIdentifier: 'x' }] })],
  ])('brings back the whole batch where %s, and sets it aside in the end', async (_, reports, work) => {
    const { queues, got, settled } = setUp(work, reports);
    queues.send('events', 'a');
    queues.send('events', 'b');
    await settled();

    expect(got).toHaveLength(3);
    expect(queues.deadLetters.map(({ body }) => body)).toEqual(['a', 'b']);
    expect(queues.pending).toBe(0);
  });

  it('takes every answer for success where the mapping does not say that failures are reported', async () => {
    const { queues, got, settled } = setUp((delivery) => named(delivery, 'a'), false);
    queues.send('events', 'a');
    await settled();

    expect(got).toHaveLength(1);
  });

  it('delivers some message twice', async () => {
    const { queues, got, settled } = setUp(() => null);
    for (let number = 0; number < 500; number++) queues.send('events', `${number}`);
    await settled();

    const bodies = got.flatMap((batch) => batch.bodies);
    expect(new Set(bodies).size).toBe(500);
    expect(bodies.length).toBeGreaterThan(500);
  });
});
