/** Several seeds' values of one figure. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** Of an even number, the upper of the middle two: a value that was measured. @throws RangeError without any value */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const [least] = sorted;
  const most = sorted.at(-1);
  const median = sorted[Math.floor(sorted.length / 2)];
  if (least === undefined || most === undefined || median === undefined)
    throw new RangeError('a median needs a value');
  return { median, least, most };
}
