/**
 * dynalite's validations and actions, which know DynamoDB's conditional semantics, expressions and error messages, called
 * in process on our own store.
 */
import { createRequire } from 'node:module';
import type { Store } from './store.ts';

interface Validation {
  readonly types: object;
  readonly custom?: unknown;
}
interface Validations {
  checkTypes(data: object, types: object): object;
  checkValidations(data: object, types: object, custom: unknown, store: Store): void;
}
type Action = (store: Store, data: object, callback: (error: unknown, answer?: object) => void) => void;

const require = createRequire(import.meta.url);

// dynalite's helpers load its databases, a native one among them, only to be able to open files: we never do.
for (const unused of ['level', 'memory-level']) {
  const path = createRequire(require.resolve('dynalite')).resolve(unused);
  require.cache[path] ??= Object.assign(Object.create(null), {
    id: path,
    filename: path,
    loaded: true,
    exports: {},
  });
}

const validations = require('dynalite/validations') as Validations;

const OPERATIONS = [
  'GetItem',
  'PutItem',
  'UpdateItem',
  'DeleteItem',
  'Query',
  'Scan',
  'BatchGetItem',
  'BatchWriteItem',
] as const;
export type TableOperation = (typeof OPERATIONS)[number];

const engine = new Map(
  OPERATIONS.map((operation) => {
    const file = `${operation.charAt(0).toLowerCase()}${operation.slice(1)}`;
    return [
      operation,
      {
        validation: require(`dynalite/validations/${file}`) as Validation,
        action: require(`dynalite/actions/${file}`) as Action,
      },
    ] as const;
  }),
);

export const TABLE_OPERATIONS: readonly TableOperation[] = OPERATIONS;

/** An answer that is an error: as DynamoDB puts it on the wire. */
export interface Refusal {
  readonly name: string;
  readonly message: string;
}

/**
 * @param lagMs how old the picture is that a read gets: eventually consistent unless it asks for more
 * @returns the answer or DynamoDB's refusal; rejects for a defect only. `input` is used up.
 */
export function perform(
  store: Store,
  operation: TableOperation,
  input: object,
  lagMs = 0,
): Promise<{ readonly answer: object } | { readonly refusal: Refusal }> {
  const part = engine.get(operation);
  if (!part) throw new Error(`no table operation ${operation}`);
  let data: object;
  try {
    data = validations.checkTypes(input, part.validation.types);
    validations.checkValidations(data, part.validation.types, part.validation.custom, store);
  } catch (error) {
    return Promise.resolve({ refusal: refusalOf(error) });
  }
  return new Promise((resolve, reject) => {
    // The action looks at the items before it returns; what comes later is only their way through its stream.
    store.lagMs = lagMs;
    part.action(store, data, (error, answer) => {
      if (!error) return resolve({ answer: answer ?? {} });
      try {
        resolve({ refusal: refusalOf(error) });
      } catch (defect) {
        reject(defect);
      }
    });
    store.lagMs = 0;
  });
}

function refusalOf(error: unknown): Refusal {
  const { body } = error as { body?: { __type?: string; message?: string; Message?: string } };
  if (!body?.__type) throw error;
  return { name: body.__type.split('#')[1] ?? body.__type, message: body.message ?? body.Message ?? '' };
}
