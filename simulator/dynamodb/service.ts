/**
 * Amazon DynamoDB, low level: marshalled items in and out, single-item conditions, no transactions. Reads are eventually
 * consistent unless they ask for ConsistentRead. TTL removes items some time after they expired.
 *
 * Sources: Amazon DynamoDB API reference (errors, ReturnValuesOnConditionCheckFailure); developer guide, HowItWorks.ReadConsistency, TTL ("typically
 * within a few days": until then expired items still show in reads).
 */
import { awsError } from '../kernel/aws-error.ts';
import type { VirtualClock } from '../kernel/clock.ts';
import { copyOf, frozen, handOver, isPicture, viewOfPictures } from '../kernel/copy.ts';
import type { Call, OperationRegistry } from '../world.ts';
import { perform, TABLE_OPERATIONS, type TableOperation } from './engine.ts';
import { type Item, Store } from './store.ts';

export interface TableSettings {
  readonly TableName: string;
  /** Partition key, a string. */
  readonly pk: string;
  /** Sort key, a string. */
  readonly sk?: string;
  /** Attribute with the time of expiry, seconds since the epoch. */
  readonly ttl?: string;
}

export interface DynamoDbCost {
  /** Requests by kind, for the bill on demand. */
  readonly reads: number;
  readonly writes: number;
}

const WRITES = /^(Put|Update|Delete|BatchWrite)/;
/** An expired item goes this long after its time, in this account. */
const EXPIRY_LAG_MS = 6 * 3_600_000;
const EXPIRY_SWEEP_MS = 3_600_000;

export class DynamoDb {
  readonly #clock: VirtualClock;
  readonly #store: Store;
  #reads = 0;
  #writes = 0;

  constructor(parts: { readonly clock: VirtualClock; readonly registry: OperationRegistry }) {
    this.#clock = parts.clock;
    this.#store = new Store(parts.clock);
    for (const operation of TABLE_OPERATIONS) {
      parts.registry.register('DynamoDB', {
        [operation]: (input: object, call: Call) => this.#perform(operation, input, call),
      });
    }
    parts.registry.register('DynamoDB', {
      DescribeTable: (input: { TableName?: string }) => {
        const table = this.#store.table(input.TableName ?? '');
        if (table) return { Table: table };
        throw awsError(
          'ResourceNotFoundException',
          `Requested resource not found: Table: ${input.TableName} not found`,
        );
      },
    });
  }

  get cost(): DynamoDbCost {
    return { reads: this.#reads, writes: this.#writes };
  }

  createTable({ TableName, pk, sk, ttl }: TableSettings): void {
    const keys = sk === undefined ? [pk] : [pk, sk];
    this.#store.addTable({
      TableName,
      TableStatus: 'ACTIVE',
      KeySchema: keys.map((AttributeName, at) => ({ AttributeName, KeyType: at === 0 ? 'HASH' : 'RANGE' })),
      AttributeDefinitions: keys.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    });
    if (ttl !== undefined) this.#clock.after(EXPIRY_SWEEP_MS, () => this.#expire(TableName, ttl));
  }

  /** Every item of a table, marshalled: for those who watch from outside. */
  items(tableName: string): Item[] {
    return [...this.#store.getItemDb(tableName).entries()].map(([, item]) => copyOf(item));
  }

  async #perform(operation: TableOperation, input: object, call: Call): Promise<object> {
    if (WRITES.test(operation)) this.#writes++;
    else this.#reads++;
    const lagMs = WRITES.test(operation) || isConsistent(input) ? 0 : call.lagMs;
    const result = await perform(this.#store, operation, toWire(input) as object, lagMs);
    if ('answer' in result) return handOver(fromWire(result.answer) as object);
    const { name, message } = result.refusal;
    const error = awsError(name, message);
    if (name === 'ConditionalCheckFailedException') {
      Object.assign(error, await this.#itemThatFailed(input as ConditionalInput));
    }
    throw error;
  }

  /** dynalite does not know `ReturnValuesOnConditionCheckFailure: ALL_OLD`. */
  async #itemThatFailed(input: ConditionalInput): Promise<{ Item?: unknown }> {
    if (input.ReturnValuesOnConditionCheckFailure !== 'ALL_OLD') return {};
    const table = this.#store.table(input.TableName);
    const source = input.Key ?? input.Item ?? {};
    const key = Object.fromEntries(
      (table?.KeySchema ?? []).map(({ AttributeName }) => [AttributeName, source[AttributeName]]),
    );
    const result = await perform(this.#store, 'GetItem', { TableName: input.TableName, Key: toWire(key) });
    const item = 'answer' in result ? (result.answer as { Item?: unknown }).Item : undefined;
    return item === undefined ? {} : { Item: fromWire(item) };
  }

  #expire(tableName: string, ttl: string): void {
    const items = this.#store.getItemDb(tableName);
    for (const [key, item] of items.entries()) {
      const seconds = Number((item[ttl] as { N?: string } | undefined)?.N);
      if (seconds * 1000 + EXPIRY_LAG_MS <= this.#clock.nowMs) items.del(key, () => {});
    }
    this.#clock.after(EXPIRY_SWEEP_MS, () => this.#expire(tableName, ttl));
  }
}

interface ConditionalInput {
  readonly TableName: string;
  readonly Key?: Item;
  readonly Item?: Item;
  readonly ReturnValuesOnConditionCheckFailure?: string;
}

/** A batch says it for each table. */
function isConsistent(input: { readonly ConsistentRead?: boolean; readonly RequestItems?: object }): boolean {
  const tables = Object.values(input.RequestItems ?? {}) as { readonly ConsistentRead?: boolean }[];
  return input.ConsistentRead === true || tables.some((table) => table.ConsistentRead);
}

/** Bytes travel as base64 on the wire. */
function toWire(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(toWire);
  if (typeof value !== 'object' || value === null) return value;
  const made: Record<string, unknown> = {};
  for (const [key, part] of Object.entries(value)) made[key] = toWire(part);
  return made;
}

function fromWire(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromWire);
  if (typeof value !== 'object' || value === null) return value;
  return isPicture(value) ? storedItem(value) : objectFromWire(value);
}

/** An item that is stored never changes, and is read many times: copied once, and the copy given to everybody. */
const storedItem = viewOfPictures((item: object) => frozen(objectFromWire(item)));

function objectFromWire(value: object): Record<string, unknown> {
  const made: Record<string, unknown> = {};
  for (const [key, part] of Object.entries(value)) made[key] = partFromWire(key, part);
  return made;
}

function partFromWire(key: string, part: unknown): unknown {
  if (key === 'B' && typeof part === 'string') return new Uint8Array(Buffer.from(part, 'base64'));
  if (key === 'BS' && Array.isArray(part))
    return part.map((text) => new Uint8Array(Buffer.from(String(text), 'base64')));
  return fromWire(part);
}
