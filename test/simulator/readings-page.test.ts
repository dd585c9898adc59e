import { expect, it } from 'vitest';
import { readingsTable, tableInPage } from './readings-page.ts';

it('lists every unconfirmed question in docs/simulator.md, with what each reading means for safety', () => {
  // `node test/simulator/readings-page.ts` writes it anew.
  expect(tableInPage()).toBe(readingsTable());
});
