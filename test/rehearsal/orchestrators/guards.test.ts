/** Our own product without one of its guards is caught. A file of its own: it runs beside `detection.test.ts`. */
import { expect, it } from 'vitest';
import { detect, MEDDLED_PRODUCTS } from './detection.ts';

/** Some guards matter only under one of two readings of AWS, which the seed draws. */
const MOST_SEEDS = 6;

it.each(MEDDLED_PRODUCTS.map((suspect) => [suspect.name, suspect] as const))('%s', async (_name, suspect) => {
  const { seeds, told } = await detect(suspect, MOST_SEEDS);
  expect(seeds, `told: ${told.join(' ')}`).toBeDefined();
});
