import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pageOf, pages, withFailures } from '../../../simulator/kernel/pages.ts';

const RULES = { defaultLimit: 3, maxLimit: 5 };
const self = (item: string) => item;

function readAll(list: () => readonly string[], limit?: number, between: () => void = () => {}): string[] {
  const read: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = pageOf(list(), self, 'list', { limit, nextToken }, RULES);
    read.push(...page.items);
    nextToken = page.nextToken;
    between();
  } while (nextToken !== undefined);
  return read;
}

describe('pages', () => {
  it('give every item once, in order, whatever the page size', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ minLength: 1 })),
        fc.integer({ min: 1, max: 5 }),
        (items, limit) => {
          expect(readAll(() => items, limit)).toEqual(items);
        },
      ),
    );
  });

  it('have the default size unless the caller says another', () => {
    expect(
      pageOf(['a', 'b', 'c', 'd'], self, 'list', { limit: undefined, nextToken: undefined }, RULES).items,
    ).toHaveLength(3);
  });

  it('have no token on the last page, even a full one', () => {
    expect(
      pageOf(['a', 'b', 'c'], self, 'list', { limit: 3, nextToken: undefined }, RULES).nextToken,
    ).toBeUndefined();
  });

  it('neither skip nor repeat what stays when earlier items vanish between two pages', () => {
    let items = ['a', 'b', 'c', 'd', 'e', 'f'];
    const read = readAll(
      () => items,
      2,
      () => {
        items = items.filter((item) => item !== 'a');
      },
    );
    expect(read).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });

  it('skip nothing when the last item told vanishes', () => {
    let items = ['a', 'b', 'c', 'd'];
    const read = readAll(
      () => items,
      2,
      () => {
        items = items.filter((item) => item !== 'b');
      },
    );
    expect(new Set(read)).toEqual(new Set(['a', 'b', 'c', 'd']));
  });

  it('refuse a token of another list, a made-up one, and sizes out of range', () => {
    const token = pageOf(['a', 'b'], self, 'one', { limit: 1, nextToken: undefined }, RULES).nextToken;
    const read = (question: string, nextToken: string | undefined, limit: number) => () =>
      pageOf(['a', 'b'], self, question, { limit, nextToken }, { ...RULES, tokenError: 'InvalidNextToken' });
    expect(read('one', token, 1)().items).toEqual(['b']);
    expect(read('two', token, 1)).toThrow(expect.objectContaining({ name: 'InvalidNextToken' }));
    expect(read('one', 'made-up', 1)).toThrow(expect.objectContaining({ name: 'InvalidNextToken' }));
    expect(read('one', undefined, 6)).toThrow(expect.objectContaining({ name: 'InvalidParameterException' }));
    expect(read('one', undefined, 0)).toThrow(expect.objectContaining({ name: 'InvalidParameterException' }));
  });

  it('clamp a size above the maximum where the API does', () => {
    const page = pageOf(
      [...'abcdefgh'],
      self,
      'l',
      { limit: 100, nextToken: undefined },
      { ...RULES, clampLimit: true },
    );
    expect(page.items).toHaveLength(5);
  });

  it('have a short form', () => {
    const items = [...'abcde'];
    const first = pages(items, undefined, 2);
    expect([first.items, pages(items, first.nextToken, 2).items]).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
  });

  it('go with failures of single items', () => {
    const answer = withFailures(['a', 'b'], (arn) =>
      arn === 'a' ? { arn } : { failure: { arn, reason: 'MISSING' } },
    );
    expect(answer).toEqual({ done: [{ arn: 'a' }], failures: [{ arn: 'b', reason: 'MISSING' }] });
  });
});
