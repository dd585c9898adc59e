/** EC2's `Filters`: names with lists of values, `*` and `?` as wildcards. Source: Amazon EC2 user guide, Using_Filtering. */
import type { Filter, Tag } from '@aws-sdk/client-ec2';
import { awsError, NotSimulated } from '../kernel/aws-error.ts';

/** Values of one attribute of an item; several when the attribute is a list. */
export type Attribute<T> = (item: T) => string | undefined | readonly (string | undefined)[];

/** Source: Amazon EC2 API reference, Filter: "maximum number of filter values specified on a single call is 200". */
const MOST_FILTER_VALUES = 200;

/**
 * A predicate of all filters: within one filter any value, between filters all of them.
 *
 * @throws `FilterLimitExceeded`; `NotSimulated` for a filter that the account does not know, never a silent match
 */
export function filterOf<T extends { readonly Tags?: Tag[] | undefined }>(
  operation: string,
  filters: readonly Filter[] | undefined,
  attributes: Readonly<Record<string, Attribute<T>>>,
): (item: T) => boolean {
  const values = (filters ?? []).reduce((count, filter) => count + (filter.Values?.length ?? 0), 0);
  if (values > MOST_FILTER_VALUES) {
    throw awsError(
      'FilterLimitExceeded',
      `The maximum number of filter values specified on a single call is ${MOST_FILTER_VALUES}`,
    );
  }
  const tests = (filters ?? []).map((filter) => testOf(operation, filter, attributes));
  return (item) => tests.every((test) => test(item));
}

/** The attributes that every taggable resource can be filtered by, besides `tag:<key>`. */
function testOf<T extends { readonly Tags?: Tag[] | undefined }>(
  operation: string,
  filter: Filter,
  attributes: Readonly<Record<string, Attribute<T>>>,
): (item: T) => boolean {
  const name = filter.Name ?? '';
  const matches = matcherOf(filter.Values ?? []);
  if (name.startsWith('tag:')) {
    const key = name.slice('tag:'.length);
    return (item) => (item.Tags ?? []).some((tag) => tag.Key === key && matches(tag.Value ?? ''));
  }
  if (name === 'tag-key') return (item) => (item.Tags ?? []).some((tag) => matches(tag.Key ?? ''));
  const attribute = attributes[name];
  if (!attribute) throw new NotSimulated(`the filter ${name} of EC2.${operation}`);
  return (item) => {
    const found = attribute(item);
    const list = typeof found === 'object' ? found : [found];
    return list.some((value) => value !== undefined && matches(value));
  };
}

function matcherOf(values: readonly string[]): (value: string) => boolean {
  const exact = new Set(values.filter((value) => !/[*?\\]/.test(value)));
  const patterns = values.filter((value) => /[*?\\]/.test(value)).map(patternOf);
  return (value) => exact.has(value) || patterns.some((pattern) => pattern.test(value));
}

function patternOf(value: string): RegExp {
  const parts = value.replace(/\\?[\s\S]/g, (part) => {
    if (part === '*') return '.*';
    if (part === '?') return '.';
    return (part.length > 1 ? part.slice(1) : part).replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
  });
  return new RegExp(`^${parts}$`, 's');
}
