/**
 * The tables' items in memory, in the shape that dynalite's actions expect of their store: callbacks, keys as sorted
 * strings, value streams for Query and Scan. Everything is synchronous, so there is no I/O whose speed could decide an
 * order, and dynalite's own store with its native database stays unloaded.
 */
import { Stream } from 'node:stream';
import type { VirtualClock } from '../kernel/clock.ts';
import { LaggingStore } from '../kernel/lagging-store.ts';

export type Item = Record<string, unknown>;
type Callback<T> = (error: Error | null, value?: T) => void;

export interface TableDescription {
  readonly TableName: string;
  readonly TableStatus: 'ACTIVE';
  readonly KeySchema: readonly { readonly AttributeName: string; readonly KeyType: 'HASH' | 'RANGE' }[];
  readonly AttributeDefinitions: readonly { readonly AttributeName: string; readonly AttributeType: 'S' }[];
}

interface RangeOptions {
  readonly gt?: string;
  readonly gte?: string;
  readonly lt?: string;
  readonly lte?: string;
  readonly reverse?: boolean;
  readonly limit?: number;
}

/** DynamoDB's limit of an item. Source: Amazon DynamoDB developer guide, service quotas. */
const MAX_ITEM_BYTES = 409_600;

export class ItemDb {
  readonly #items: LaggingStore<Item>;
  readonly #keys = new Set<string>();
  readonly #lagMs: () => number;
  #sorted: string[] | undefined;

  /** @param lagMs how old the picture is that reads get now */
  constructor(clock: VirtualClock, lagMs: () => number) {
    this.#items = new LaggingStore(clock);
    this.#lagMs = lagMs;
  }

  get(key: string, callback: Callback<Item>): void {
    const item = this.#items.get(key, this.#lagMs());
    if (item) callback(null, item);
    else callback(Object.assign(new Error('not found'), { name: 'NotFoundError' }));
  }

  put(key: string, item: Item, callback: Callback<void>): void {
    if (!this.#keys.has(key)) this.#sorted = undefined;
    this.#keys.add(key);
    this.#items.put(key, item);
    callback(null);
  }

  del(key: string, callback: Callback<void>): void {
    // The key stays: a read that lags may still see the item.
    this.#items.remove(key);
    callback(null);
  }

  /** Actions run one after the other here: whoever asks for the lock has it. */
  lock(_key: string, run: (release: (callback: unknown) => unknown) => void): void {
    run((callback) => callback);
  }

  /** A stream of values in key order. dynalite's lazy lists hear each value twice from anything but a Stream. */
  createValueStream(options: RangeOptions): Stream {
    const stream = new Stream();
    const found = this.#between(options);
    process.nextTick(() => {
      for (const item of found) stream.emit('data', item);
      stream.emit('end');
    });
    return stream;
  }

  /** Every item with its key; for expiry. */
  entries(): Iterable<[string, Item]> {
    return [...this.#keys].flatMap((key): [string, Item][] => {
      const item = this.#items.get(key);
      return item ? [[key, item]] : [];
    });
  }

  #between({ gt, gte, lt, lte, reverse, limit }: RangeOptions): Item[] {
    this.#sorted ??= [...this.#keys].sort();
    const keys = this.#sorted.filter(
      (key) =>
        (gt === undefined || key > gt) &&
        (gte === undefined || key >= gte) &&
        (lt === undefined || key < lt) &&
        (lte === undefined || key <= lte),
    );
    if (reverse) keys.reverse();
    const lagMs = this.#lagMs();
    const found: Item[] = [];
    for (const key of keys) {
      if (limit !== undefined && limit >= 0 && found.length >= limit) break;
      const item = this.#items.get(key, lagMs);
      if (item) found.push(item);
    }
    return found;
  }
}

/** What dynalite calls its store. */
export class Store {
  readonly options = { maxItemSize: MAX_ITEM_BYTES, maxItemSizeKb: MAX_ITEM_BYTES / 1024 };
  readonly tableDb = { awsAccountId: '111122223333', awsRegion: 'eu-west-1' };
  readonly #tables = new Map<string, TableDescription>();
  readonly #items = new Map<string, ItemDb>();
  readonly #clock: VirtualClock;
  /** Of the read that is performed now; writes and their conditions always see the newest. */
  lagMs = 0;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  addTable(table: TableDescription): void {
    this.#tables.set(table.TableName, table);
    this.#items.set(table.TableName, new ItemDb(this.#clock, () => this.lagMs));
  }

  table(name: string): TableDescription | undefined {
    return this.#tables.get(name);
  }

  getTable(name: string, checkStatus: unknown, callback?: Callback<TableDescription>): void {
    const answer = (typeof checkStatus === 'function' ? checkStatus : callback) as Callback<TableDescription>;
    const table = this.#tables.get(name);
    if (table) {
      answer(null, table);
      return;
    }
    const body = {
      __type: 'com.amazonaws.dynamodb.v20120810#ResourceNotFoundException',
      message: 'Requested resource not found',
    };
    answer(Object.assign(new Error(body.message), { statusCode: 400, body }));
  }

  getItemDb(name: string): ItemDb {
    const items = this.#items.get(name);
    if (!items) throw new Error(`no table ${name}`);
    return items;
  }
}
