/**
 * The ledger's table, as little of DynamoDB as it needs: items of one partition and sort key with a `data` map, read
 * consistently, changed one at a time by condition. No transactions: what must be exclusive is one item.
 */
import {
  BatchWriteItemCommand,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type WriteRequest,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { inBatches } from '../batches.ts';
import { isConditionFailed } from '../error-codes.ts';

/** AWS's limit per call (Amazon DynamoDB API reference, BatchWriteItem). */
const BATCH_MAX = 25;
const BATCH_TRIES = 8;
/** A cluster of 5,000 hosts is 200 batches: one after the other they would take seconds. */
const BATCHES_AT_ONCE = 4;
const MARSHALL = { removeUndefinedValues: true, convertClassInstanceToMap: true } as const;

/** One item. `ttl` (epoch seconds) lets DynamoDB forget it: the table's TTL attribute. */
export interface Item<D extends object = Record<string, unknown>> {
  readonly pk: string;
  readonly sk: string;
  readonly data: D;
  /** Counts writes of items that are changed by condition; 0 elsewhere. */
  readonly version?: number;
  readonly ttl?: number;
}

export interface Table {
  get<D extends object = Record<string, unknown>>(pk: string, sk: string): Promise<Item<D> | undefined>;
  /** Every item of the partition whose sort key begins with `prefix`, in order. */
  query<D extends object = Record<string, unknown>>(pk: string, prefix?: string): Promise<Item<D>[]>;
  put(item: Item): Promise<void>;
  /** Writes only if there is no such item yet; says whether it did. */
  putNew(item: Item): Promise<boolean>;
  /** Writes only over the version that was read (undefined: none); says whether it did. */
  replace(item: Item, readVersion: number | undefined): Promise<boolean>;
  remove(pk: string, sk: string): Promise<void>;
  /** Any number of items of a partition, 25 a call; those that are not there are no error. */
  removeAll(pk: string, sks: readonly string[]): Promise<void>;
  /** Any number of items, 25 a call; what DynamoDB leaves unprocessed is sent again. */
  putAll(items: readonly Item[]): Promise<void>;
}

export function createTable(dynamodb: DynamoDBClient, TableName: string): Table {
  const conditionalPut = async (item: Item, condition: string, values?: Record<string, unknown>) => {
    try {
      await dynamodb.send(
        new PutItemCommand({
          TableName,
          Item: marshall(item, MARSHALL),
          ConditionExpression: condition,
          ExpressionAttributeNames: { '#key': condition.includes(':') ? 'version' : 'pk' },
          ...(values === undefined ? {} : { ExpressionAttributeValues: marshall(values) }),
        }),
      );
      return true;
    } catch (error) {
      if (isConditionFailed(error)) return false;
      throw error;
    }
  };

  const writeBatch = async (requests: readonly WriteRequest[]) => {
    let left = [...requests];
    for (let tries = 0; left.length > 0; tries += 1) {
      if (tries === BATCH_TRIES) throw new Error(`${TableName}: ${left.length} items stay unprocessed`);
      if (tries > 0) await new Promise((resolve) => setTimeout(resolve, 50 * 2 ** tries));
      const answer = await dynamodb.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: left } }));
      left = answer.UnprocessedItems?.[TableName] ?? [];
    }
  };
  const writeAll = async (requests: readonly WriteRequest[]) => {
    for (const round of inBatches([...inBatches(requests, BATCH_MAX)], BATCHES_AT_ONCE)) {
      await Promise.all(round.map(writeBatch));
    }
  };

  return {
    async get<D extends object>(pk: string, sk: string) {
      const answer = await dynamodb.send(
        new GetItemCommand({ TableName, Key: marshall({ pk, sk }), ConsistentRead: true }),
      );
      return answer.Item === undefined ? undefined : (unmarshall(answer.Item) as Item<D>);
    },

    async query<D extends object>(pk: string, prefix = '') {
      const found: Item<D>[] = [];
      let ExclusiveStartKey: Record<string, never> | undefined;
      do {
        const answer = await dynamodb.send(
          new QueryCommand({
            TableName,
            ConsistentRead: true,
            KeyConditionExpression: prefix === '' ? 'pk = :pk' : 'pk = :pk AND begins_with(sk, :prefix)',
            ExpressionAttributeValues: marshall(
              prefix === '' ? { ':pk': pk } : { ':pk': pk, ':prefix': prefix },
            ),
            ...(ExclusiveStartKey === undefined ? {} : { ExclusiveStartKey }),
          }),
        );
        found.push(...(answer.Items ?? []).map((item) => unmarshall(item) as Item<D>));
        ExclusiveStartKey = answer.LastEvaluatedKey as Record<string, never> | undefined;
      } while (ExclusiveStartKey !== undefined);
      return found;
    },

    async put(item) {
      await dynamodb.send(new PutItemCommand({ TableName, Item: marshall(item, MARSHALL) }));
    },

    putNew: (item) => conditionalPut(item, 'attribute_not_exists(#key)'),

    replace: (item, readVersion) =>
      readVersion === undefined
        ? conditionalPut(item, 'attribute_not_exists(#key)')
        : conditionalPut(item, '#key = :version', { ':version': readVersion }),

    async remove(pk, sk) {
      await dynamodb.send(new DeleteItemCommand({ TableName, Key: marshall({ pk, sk }) }));
    },

    putAll: (items) => writeAll(items.map((item) => ({ PutRequest: { Item: marshall(item, MARSHALL) } }))),

    removeAll: (pk, sks) => writeAll(sks.map((sk) => ({ DeleteRequest: { Key: marshall({ pk, sk }) } }))),
  };
}
