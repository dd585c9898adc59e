import { createRequire } from 'node:module';
import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DynamoDb } from '../../../simulator/dynamodb/service.ts';
import { type Kernel, kernel, START_MS } from '../support/kernel.ts';

const TableName = 'ledger';
let account: Kernel;
let client: DynamoDBClient;
let dynamodb: DynamoDb;

beforeEach(() => {
  account = kernel();
  dynamodb = new DynamoDb({ clock: account.clock, registry: account.dispatcher });
  dynamodb.createTable({ TableName, pk: 'pk', sk: 'sk', ttl: 'expires' });
  client = new DynamoDBClient({});
  account.dispatcher.attach(client, 'DynamoDB');
});
afterEach(() => account.close());

const put = (item: object, more: object = {}) =>
  account.finish(() => client.send(new PutItemCommand({ TableName, Item: marshall(item), ...more })));
const get = async (pk: string, sk: string) => {
  const { Item } = await account.finish(() =>
    client.send(new GetItemCommand({ TableName, Key: marshall({ pk, sk }), ConsistentRead: true })),
  );
  return Item && unmarshall(Item);
};

describe('DynamoDB', () => {
  it('keeps items with nested values, numbers and bytes', async () => {
    const item = {
      pk: 'run#1',
      sk: 'host#i-1',
      original: { min: 1, tags: ['a', null, true] },
      raw: new Uint8Array([1, 2]),
    };
    await put(item);
    expect(await get('run#1', 'host#i-1')).toEqual(item);
    expect(await get('run#1', 'host#i-2')).toBeUndefined();
  });

  it('refuses a put whose condition fails, with an error that the SDK’s class recognises', async () => {
    await put({ pk: 'claim', sk: 'prod', token: 1 });
    const second = put(
      { pk: 'claim', sk: 'prod', token: 2 },
      { ConditionExpression: 'attribute_not_exists(pk)', ReturnValuesOnConditionCheckFailure: 'ALL_OLD' },
    );
    const error = await second.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConditionalCheckFailedException);
    expect(unmarshall((error as ConditionalCheckFailedException).Item ?? {})).toMatchObject({ token: 1 });
    expect(await get('claim', 'prod')).toMatchObject({ token: 1 });
  });

  it('lets only one of two concurrent claims win', async () => {
    const claim = (token: number) =>
      client.send(
        new PutItemCommand({
          TableName,
          Item: marshall({ pk: 'claim', sk: 'prod', token }),
          ConditionExpression: 'attribute_not_exists(pk) OR #e < :now',
          ExpressionAttributeNames: { '#e': 'expires' },
          ExpressionAttributeValues: marshall({ ':now': 5 }),
        }),
      );
    const results = await account.finish(() => Promise.allSettled([claim(1), claim(2)]));
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('updates by expression under a condition and returns the new values', async () => {
    await put({ pk: 'run', sk: 'counter', ticks: 1 });
    const { Attributes } = await account.finish(() =>
      client.send(
        new UpdateItemCommand({
          TableName,
          Key: marshall({ pk: 'run', sk: 'counter' }),
          UpdateExpression: 'SET ticks = ticks + :one, #s = if_not_exists(#s, :since) REMOVE gone',
          ConditionExpression: 'ticks = :one',
          ExpressionAttributeNames: { '#s': 'since' },
          ExpressionAttributeValues: marshall({ ':one': 1, ':since': 'now' }),
          ReturnValues: 'ALL_NEW',
        }),
      ),
    );
    expect(unmarshall(Attributes ?? {})).toEqual({ pk: 'run', sk: 'counter', ticks: 2, since: 'now' });
  });

  it('deletes under a condition', async () => {
    await put({ pk: 'claim', sk: 'prod', token: 1 });
    const remove = (token: number) =>
      account.finish(() =>
        client.send(
          new DeleteItemCommand({
            TableName,
            Key: marshall({ pk: 'claim', sk: 'prod' }),
            ConditionExpression: '#t = :t',
            ExpressionAttributeNames: { '#t': 'token' },
            ExpressionAttributeValues: marshall({ ':t': token }),
          }),
        ),
      );
    await expect(remove(2)).rejects.toMatchObject({ name: 'ConditionalCheckFailedException' });
    await remove(1);
    expect(await get('claim', 'prod')).toBeUndefined();
  });

  it('queries a partition in the order of its sort key, by prefix, in pages', async () => {
    for (const sk of ['host#b', 'host#a', 'group#x', 'host#c']) await put({ pk: 'run', sk });
    await put({ pk: 'other', sk: 'host#z' });
    const page = (ExclusiveStartKey?: Record<string, never>) =>
      account.finish(() =>
        client.send(
          new QueryCommand({
            TableName,
            ConsistentRead: true,
            KeyConditionExpression: 'pk = :run AND begins_with(sk, :host)',
            ExpressionAttributeValues: marshall({ ':run': 'run', ':host': 'host#' }),
            Limit: 2,
            ExclusiveStartKey,
          }),
        ),
      );
    const first = await page();
    const second = await page(first.LastEvaluatedKey as Record<string, never>);
    const names = [first, second].map(({ Items }) => Items?.map((item) => unmarshall(item).sk as string));
    expect(names).toEqual([['host#a', 'host#b'], ['host#c']]);
    expect(second.LastEvaluatedKey).toBeUndefined();
  });

  it('scans, batch-writes and batch-gets', async () => {
    await account.finish(() =>
      client.send(
        new BatchWriteItemCommand({
          RequestItems: {
            [TableName]: ['a', 'b'].map((sk) => ({ PutRequest: { Item: marshall({ pk: 'run', sk }) } })),
          },
        }),
      ),
    );
    const scanned = await account.finish(() =>
      client.send(new ScanCommand({ TableName, ConsistentRead: true })),
    );
    expect(scanned.Count).toBe(2);
    const got = await account.finish(() =>
      client.send(
        new BatchGetItemCommand({
          RequestItems: { [TableName]: { Keys: [marshall({ pk: 'run', sk: 'b' })], ConsistentRead: true } },
        }),
      ),
    );
    expect(got.Responses?.[TableName]?.map((item) => unmarshall(item).sk)).toEqual(['b']);
  });

  it('validates as DynamoDB does', async () => {
    await expect(put({ pk: 'run' })).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(put({ pk: 'run', sk: '1' }, { TableName: 'unknown' })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
    await expect(put({ pk: 'run', sk: '1', big: 'x'.repeat(409_600) })).rejects.toMatchObject({
      name: 'ValidationException',
    });
  });

  it('may answer a read from a moment ago, unless the read asks for consistency', async () => {
    const seen = { eventual: 0, consistent: 0 };
    const reads = async (key: keyof typeof seen, ConsistentRead: boolean) => {
      for (let at = 0; at < 40; at++) {
        const pk = `${key}${at}`;
        const { Item } = await account.finish(async () => {
          await client.send(new PutItemCommand({ TableName, Item: marshall({ pk, sk: 'x' }) }));
          return client.send(
            new GetItemCommand({ TableName, Key: marshall({ pk, sk: 'x' }), ConsistentRead }),
          );
        });
        if (Item) seen[key]++;
      }
    };
    await reads('consistent', true);
    await reads('eventual', false);
    expect(seen.consistent).toBe(40);
    expect(seen.eventual).toBeGreaterThan(10);
    expect(seen.eventual).toBeLessThan(40);
  });

  it('shows an expired item for hours, and removes it in the end', async () => {
    await put({ pk: 'run', sk: 'old', expires: START_MS / 1000 + 60 });
    await account.pass(3_600);
    expect(await get('run', 'old')).toBeDefined();
    await account.pass(10 * 3_600);
    expect(await get('run', 'old')).toBeUndefined();
  });

  it('loads no native database', () => {
    const loaded = Object.keys(createRequire(import.meta.url).cache);
    expect(loaded.some((path) => path.includes('dynalite'))).toBe(true);
    expect(loaded.filter((path) => /classic-level|\.node$/.test(path))).toEqual([]);
  });
});
