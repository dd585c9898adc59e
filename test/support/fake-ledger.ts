/** The ledger's table in memory, behind a mocked DynamoDB client: conditions as the ledger writes them, and no others. */
import {
  BatchWriteItemCommand,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { createTable, type Item, type Table } from '../../functions/aws/ledger/table.ts';

export interface FakeLedger {
  readonly table: Table;
  readonly items: Map<string, Item>;
  /** Sort keys in the order in which they were written. */
  readonly writes: string[];
  reset(): void;
}

export function fakeLedger(): FakeLedger {
  const mock = mockClient(DynamoDBClient);
  const items = new Map<string, Item>();
  const writes: string[] = [];
  const keyOf = ({ pk, sk }: { pk: string; sk: string }) => `${pk}|${sk}`;
  const write = (item: Item) => {
    items.set(keyOf(item), item);
    writes.push(item.sk);
  };
  const arm = () => {
    mock.on(GetItemCommand).callsFake(({ Key }) => {
      const item = items.get(keyOf(unmarshall(Key) as Item));
      return item === undefined ? {} : { Item: marshall(item, { removeUndefinedValues: true }) };
    });
    mock.on(QueryCommand).callsFake(({ ExpressionAttributeValues }) => {
      const { ':pk': pk, ':prefix': prefix = '' } = unmarshall(ExpressionAttributeValues);
      const found = [...items.values()].filter((item) => item.pk === pk && item.sk.startsWith(prefix));
      return { Items: found.map((item) => marshall(item, { removeUndefinedValues: true })) };
    });
    mock.on(PutItemCommand).callsFake((input) => {
      const item = unmarshall(input.Item) as Item;
      const before = items.get(keyOf(item));
      const wanted =
        input.ExpressionAttributeValues && unmarshall(input.ExpressionAttributeValues)[':version'];
      const holds =
        input.ConditionExpression === undefined ||
        (wanted === undefined ? before === undefined : before?.version === wanted);
      if (!holds) throw Object.assign(new Error('condition'), { name: 'ConditionalCheckFailedException' });
      write(item);
      return {};
    });
    mock.on(DeleteItemCommand).callsFake(({ Key }) => {
      items.delete(keyOf(unmarshall(Key) as Item));
      return {};
    });
    mock.on(BatchWriteItemCommand).callsFake(({ RequestItems }) => {
      for (const { PutRequest, DeleteRequest } of Object.values(
        RequestItems as Record<string, never[]>,
      ).flat() as {
        PutRequest?: { Item: Parameters<typeof unmarshall>[0] };
        DeleteRequest?: { Key: Parameters<typeof unmarshall>[0] };
      }[]) {
        if (PutRequest !== undefined) write(unmarshall(PutRequest.Item) as Item);
        if (DeleteRequest !== undefined) items.delete(keyOf(unmarshall(DeleteRequest.Key) as Item));
      }
      return {};
    });
  };
  arm();
  return {
    table: createTable(new DynamoDBClient(), 'ledger'),
    items,
    writes,
    reset() {
      items.clear();
      writes.length = 0;
      mock.reset();
      arm();
    },
  };
}
