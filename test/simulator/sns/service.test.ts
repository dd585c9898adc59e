import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { afterEach, describe, expect, it } from 'vitest';
import { registerSns } from '../../../simulator/sns/service.ts';
import { type Kernel, kernel } from '../support/kernel.ts';

let account: Kernel;
afterEach(() => account.close());

function publish(input: { Message: string; Subject?: string; TopicArn?: string; MessageStructure?: string }) {
  account = kernel();
  registerSns({
    random: account.random,
    registry: account.dispatcher,
    record: (observation) => account.observations.push({ ...observation, atMs: account.clock.nowMs }),
  });
  const client = new SNSClient({});
  account.dispatcher.attach(client, 'SNS');
  const TopicArn = 'arn:aws:sns:eu-west-1:111122223333:ops';
  return account.finish(() => client.send(new PublishCommand({ TopicArn, ...input })));
}

describe('SNS', () => {
  it('publishes: the message is told to the watchers', async () => {
    expect((await publish({ Message: 'done', Subject: 'Rollover' })).MessageId).toBeDefined();
    expect(account.observations[0]).toMatchObject({
      kind: 'notification',
      topic: 'arn:aws:sns:eu-west-1:111122223333:ops',
      subject: 'Rollover',
      message: 'done',
    });
  });

  it('takes a text for each protocol, of which watchers get the one for all others', async () => {
    const Message = JSON.stringify({ default: 'done', email: 'Dear reader' });
    await publish({ Message, MessageStructure: 'json' });
    expect(account.observations[0]).toMatchObject({ message: 'done' });
  });

  it.each([
    ['a structure without a default', { Message: '{"email":"m"}', MessageStructure: 'json' }],
    ['a structure that is none', { Message: 'm', MessageStructure: 'json' }],
    ['a subject over 100 characters', { Message: 'm', Subject: 'x'.repeat(101) }],
    ['a subject of two lines', { Message: 'm', Subject: 'a\nb' }],
    ['a message over 256 KB', { Message: 'x'.repeat(262_145) }],
    ['something that is no topic', { Message: 'm', TopicArn: 'ops' }],
  ])('refuses %s', async (_what, input) => {
    await expect(publish(input)).rejects.toMatchObject({ name: 'InvalidParameter' });
  });
});
