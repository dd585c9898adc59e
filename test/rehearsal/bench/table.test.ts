import { describe, expect, it } from 'vitest';
import { spreadOf } from '../../../rehearsal/bench/median.ts';
import { table } from '../../../rehearsal/bench/table.ts';

describe('a table', () => {
  it('aligns text to the left and numbers to the right, as wide as its widest cell', () => {
    const columns = [
      { head: 'name', text: (row: { n: string; v: number }) => row.n },
      { head: 'value', isNumber: true, text: (row: { n: string; v: number }) => String(row.v) },
    ];
    expect(
      table(columns, [
        { n: 'a', v: 1 },
        { n: 'longer', v: 123_456 },
      ]),
    ).toEqual(['name     value', '------  ------', 'a            1', 'longer  123456']);
  });
});

describe('a spread', () => {
  it('has a median that was measured, and both ends', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, least: 1, most: 3 });
    expect(spreadOf([1, 2, 3, 10])).toEqual({ median: 3, least: 1, most: 10 });
  });

  it('needs a value', () => {
    expect(() => spreadOf([])).toThrow('a median needs a value');
  });
});
