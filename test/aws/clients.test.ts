/** The clients' own retries: seconds, by the SDK, for throttles under every code that AWS gives them. */
import {
  DescribeAutoScalingGroupsCommand,
  TerminateInstanceInAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import { DescribeTasksCommand } from '@aws-sdk/client-ecs';
import { DescribeTargetHealthCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { autoScaling, autoScalingOnce, ecs, elasticLoadBalancing } from '../../functions/aws/clients.ts';

interface Answer {
  readonly statusCode: number;
  readonly body: string;
  readonly contentType: string;
}
const json = (statusCode: number, body: object): Answer => ({
  statusCode,
  body: JSON.stringify(body),
  contentType: 'application/x-amz-json-1.1',
});
const xml = (statusCode: number, body: string): Answer => ({ statusCode, body, contentType: 'text/xml' });
const refusal = (code: string) =>
  xml(
    400,
    `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>Rate exceeded</Message></Error></ErrorResponse>`,
  );

/** Puts answers in the place of the network: the first ones once each, the last for ever. Counts the attempts. */
function answering(client: { readonly config: object }, ...answers: readonly Answer[]): { attempts: number } {
  const seen = { attempts: 0 };
  const config = client.config as { requestHandler: unknown; credentials: unknown; region: unknown };
  config.credentials = async () => ({ accessKeyId: 'key', secretAccessKey: 'secret' });
  config.region = async () => 'eu-west-1';
  config.requestHandler = {
    metadata: { handlerProtocol: 'h1' },
    handle: async () => {
      const { statusCode, body, contentType } = answers[
        Math.min(seen.attempts, answers.length - 1)
      ] as Answer;
      seen.attempts += 1;
      const response = {
        statusCode,
        headers: { 'content-type': contentType },
        body: new TextEncoder().encode(body),
      };
      return { response };
    },
  };
  return seen;
}

/** Lets the waits between attempts pass. */
async function settled<T>(work: Promise<T>): Promise<T> {
  const held = work.then(
    (value) => () => value,
    (error) => () => {
      throw error;
    },
  );
  for (let n = 0; n < 60; n++) await vi.advanceTimersByTimeAsync(1000);
  return (await held)();
}

describe('a client that AWS throttles', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('tries ThrottlingException of ECS again', async () => {
    const throttled = json(400, { __type: 'ThrottlingException', message: 'Rate exceeded' });
    const seen = answering(ecs, throttled, throttled, json(200, { tasks: [] }));
    await expect(settled(ecs.send(new DescribeTasksCommand({ tasks: ['t'] })))).resolves.toMatchObject({
      tasks: [],
    });
    expect(seen.attempts).toBe(3);
  });

  // Source: Amazon EC2 Auto Scaling API reference, Welcome, "API request rate"; a code that the SDK's own list lacks.
  it('tries RateExceeded of Auto Scaling again', async () => {
    const answer = xml(
      200,
      '<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult><AutoScalingGroups/></DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>',
    );
    const seen = answering(autoScaling, refusal('RateExceeded'), refusal('Throttling'), answer);
    await settled(autoScaling.send(new DescribeAutoScalingGroupsCommand({})));
    expect(seen.attempts).toBe(3);
  });

  it('gives up after eight attempts: the state machine waits in minutes', async () => {
    const seen = answering(elasticLoadBalancing, refusal('Throttling'));
    const asked = settled(
      elasticLoadBalancing.send(new DescribeTargetHealthCommand({ TargetGroupArn: 'tg' })),
    );
    await expect(asked).rejects.toMatchObject({ name: 'Throttling' });
    expect(seen.attempts).toBe(8);
  });

  it('never sends the end of a host twice, whatever the answer', async () => {
    const command = new TerminateInstanceInAutoScalingGroupCommand({
      InstanceId: 'i-1',
      ShouldDecrementDesiredCapacity: true,
    });
    for (const answer of [refusal('RateExceeded'), refusal('Throttling'), xml(503, 'Service Unavailable')]) {
      const seen = answering(autoScalingOnce, answer);
      await expect(settled(autoScalingOnce.send(command))).rejects.toThrow();
      expect(seen.attempts).toBe(1);
    }
  });

  it('tries nothing again that asking again cannot help', async () => {
    const seen = answering(ecs, json(400, { __type: 'InvalidParameterException', message: 'no' }));
    await expect(settled(ecs.send(new DescribeTasksCommand({ tasks: ['t'] })))).rejects.toThrow('no');
    expect(seen.attempts).toBe(1);
  });
});
