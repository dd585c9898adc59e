/**
 * Pages and partial failures, the same for every service of the account. A token is opaque to the caller and bound to
 * its list: AWS refuses a token that it did not hand out for that very question.
 */
import { awsError } from './aws-error.ts';

export interface PageRequest {
  /** The caller's page size; undefined = the API's default. */
  readonly limit: number | undefined;
  /** As AWS handed it out with the page before. */
  readonly nextToken: string | undefined;
}

export interface PageRules {
  /** Page size when the caller gives none, as the API reference says. */
  readonly defaultLimit: number;
  /** The greatest page size, as the API reference says. */
  readonly maxLimit: number;
  /** Least page size: 1, but 5 for most of EC2. */
  readonly minLimit?: number;
  /** The error for a limit out of range: `InvalidParameterException` of ECS unless given. */
  readonly limitError?: string;
  /** The error for a token of another list: `InvalidParameterException` of ECS, `InvalidNextToken` of Auto Scaling … */
  readonly tokenError?: string;
  /** A limit above the maximum is answered with a page of the maximum instead of an error. */
  readonly clampLimit?: boolean;
}

export interface Page<T> {
  readonly items: T[];
  /** Undefined on the last page. */
  readonly nextToken: string | undefined;
}

/**
 * One page of a list. `question` names what was asked (operation and filters), so that a token of another list is
 * refused. The token holds the key of the last item handed out, not a count: items that vanish between two pages
 * shift nothing and no item is told twice. `keyOf` must be unique in the list; the list's order may only grow at the end.
 *
 * @throws the rules' `limitError` or `tokenError` as an AWS error
 */
export function pageOf<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  question: string,
  request: PageRequest,
  rules: PageRules,
): Page<T> {
  const limit = limitOf(request.limit, rules);
  const start =
    request.nextToken === undefined ? 0 : startOf(items, keyOf, question, request.nextToken, rules);
  const page = items.slice(start, start + limit);
  const last = page.at(-1);
  const more = last !== undefined && start + limit < items.length;
  return {
    items: page,
    nextToken: more ? tokenOf(question, keyOf(last), start + limit) : undefined,
  };
}

/**
 * The short form for lists whose order does not change between two pages.
 *
 * @throws `InvalidParameterException` for a page size below 1 or a token that is not of this list's kind
 */
export function pages<T>(
  items: readonly T[],
  nextToken: string | undefined,
  maxLimit: number,
  limit: number | undefined = maxLimit,
): Page<T> {
  const rules: PageRules = { defaultLimit: maxLimit, maxLimit };
  const size = limitOf(limit, rules);
  const start = nextToken === undefined ? 0 : readToken(nextToken)?.count;
  if (start === undefined) throw awsError('InvalidParameterException', 'Invalid token');
  const end = start + size;
  return {
    items: items.slice(start, end),
    nextToken: end < items.length ? tokenOf('list', '', end) : undefined,
  };
}

/** One line of `failures[]`: AWS answers 200 and says here which items it did not do. Source: Amazon ECS API, Failure. */
export interface Failure {
  readonly arn?: string;
  readonly reason: string;
  readonly detail?: string;
}

export interface Outcome<R> {
  readonly done: R[];
  readonly failures: Failure[];
}

/** Applies `each` to every item; an item for which it answers a `Failure` goes to `failures[]`, the others to `done`. */
export function withFailures<T, R extends object>(
  items: readonly T[],
  each: (item: T) => R | { readonly failure: Failure },
): Outcome<R> {
  const done: R[] = [];
  const failures: Failure[] = [];
  for (const item of items) {
    const answer = each(item);
    if (isFailure(answer)) failures.push(answer.failure);
    else done.push(answer);
  }
  return { done, failures };
}

function isFailure(answer: object): answer is { readonly failure: Failure } {
  return 'failure' in answer && Object.keys(answer).length === 1;
}

function limitOf(limit: number | undefined, rules: PageRules): number {
  if (limit === undefined) return rules.defaultLimit;
  const least = rules.minLimit ?? 1;
  if (rules.clampLimit && limit > rules.maxLimit) return rules.maxLimit;
  if (limit < least || limit > rules.maxLimit) {
    throw awsError(
      rules.limitError ?? 'InvalidParameterException',
      `Value ${limit} for the number of results is out of range: must be between ${least} and ${rules.maxLimit}`,
    );
  }
  return limit;
}

function startOf<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  question: string,
  token: string,
  rules: PageRules,
): number {
  const read = readToken(token);
  if (!read || read.question !== question) {
    throw awsError(rules.tokenError ?? 'InvalidParameterException', 'Invalid token');
  }
  // Most lists have not changed since: look where the item was, then before it.
  for (let at = Math.min(read.count, items.length) - 1; at >= 0; at--) {
    if (keyOf(items[at] as T) === read.key) return at + 1;
  }
  for (let at = read.count; at < items.length; at++) {
    if (keyOf(items[at] as T) === read.key) return at + 1;
  }
  // The last item told is gone; what stood behind it has moved up by at least that one.
  return Math.max(0, Math.min(read.count, items.length) - 1);
}

function tokenOf(question: string, key: string, count: number): string {
  return Buffer.from(JSON.stringify([question, key, count])).toString('base64url');
}

function readToken(token: string): { question: string; key: string; count: number } | undefined {
  try {
    const [question, key, count] = JSON.parse(Buffer.from(token, 'base64url').toString()) as unknown[];
    if (typeof question === 'string' && typeof key === 'string' && typeof count === 'number') {
      return { question, key, count };
    }
  } catch {
    // Not one of ours.
  }
  return undefined;
}
