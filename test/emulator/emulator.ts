/**
 * The emulator as a test file uses it: emptied, behind a gateway of this file's own, with the clients' endpoint set.
 *
 * Starts with `openEmulator` in a `beforeAll`; ends with `close` in an `afterAll`. The process itself is `run.ts`'s.
 */

import { readFileSync } from 'node:fs';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateStateMachineCommand, SFNClient } from '@aws-sdk/client-sfn';
import { CreateTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import { type Gateway, startGateway } from './gateway.ts';

export const REGION = 'eu-west-1';
/** The emulator's only account unless somebody assumes a role of another. */
export const ACCOUNT_ID = '123456789012';
export const TABLE = 'rollover-ledger';
/** By itself it ends a task step by step with each look at it: only after this many. */
const LOOKS_AT_A_TASK = 1_000_000;
const MACHINE = 'ecs-rollover';
export const MACHINE_ARN = `arn:aws:states:${REGION}:${ACCOUNT_ID}:stateMachine:${MACHINE}`;

/** @returns the gateway; the emulator is empty */
export async function openEmulator(): Promise<Gateway> {
  const gateway = await startGateway(emulatorUrl());
  process.env.AWS_ENDPOINT_URL = gateway.url;
  await emptyEmulator();
  return gateway;
}

/** Nothing is left of what tests made there. */
export async function emptyEmulator(): Promise<void> {
  await tellEmulator('reset');
  await tellEmulator('state-manager/set-transition', {
    model_name: 'ecs::task',
    transition: { progression: 'manual', times: LOOKS_AT_A_TASK },
  });
}

async function tellEmulator(page: string, body?: object): Promise<void> {
  const answer = await fetch(`${emulatorUrl()}/moto-api/${page}`, {
    method: 'POST',
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  if (!answer.ok) throw new Error(`the emulator answers ${answer.status} to ${page}`);
}

/** Ledger, topic and state machine, and the functions' word about them, as a deployment has them. */
export async function deployState(): Promise<void> {
  const dynamodb = new DynamoDBClient({});
  const [pk, sk] = ['pk', 'sk'];
  await dynamodb.send(
    new CreateTableCommand({
      TableName: TABLE,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [pk, sk].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: [
        { AttributeName: pk, KeyType: 'HASH' },
        { AttributeName: sk, KeyType: 'RANGE' },
      ],
    }),
  );
  const { TopicArn } = await new SNSClient({}).send(new CreateTopicCommand({ Name: 'rollover' }));
  const definition = readFileSync(new URL('../../statemachine/rollover.asl.json', import.meta.url), 'utf8');
  await new SFNClient({}).send(
    new CreateStateMachineCommand({
      name: MACHINE,
      roleArn: `arn:aws:iam::${ACCOUNT_ID}:role/${MACHINE}`,
      definition: definition.replaceAll(/\$\{(\w+)\}/g, `arn:aws:lambda:${REGION}:${ACCOUNT_ID}:function:$1`),
    }),
  );
  Object.assign(process.env, {
    TABLE_NAME: TABLE,
    NOTIFICATION_TOPIC_ARN: TopicArn,
    STATE_MACHINE_ARN: MACHINE_ARN,
    RETIREMENT_STATE_MACHINE_ARN: `${MACHINE_ARN}-retirement`,
  });
}

export function emulatorUrl(): string {
  const url = process.env.EMULATOR_URL;
  if (url === undefined) throw new Error('these tests need the emulator: npm run test:emulator');
  return url;
}
