/**
 * The whole product on clusters that nobody thought of, from the same draw as `rollover simulate`. A failing run names its
 * seed and how to see it again. `PROPERTY_RUNS=500` looks longer, `PROPERTY_SEED=41` begins elsewhere.
 */
import { describe, expect, it } from 'vitest';
import { simulateSeed } from '../../rehearsal/campaign/simulate-seed.ts';

const RUNS = Number(process.env.PROPERTY_RUNS ?? 8);
const FIRST_SEED = Number(process.env.PROPERTY_SEED ?? 20_261_122);
const seeds = Array.from({ length: RUNS }, (_, at) => FIRST_SEED + at);

describe('whatever the cluster', () => {
  it.each(seeds)(
    'seed %i: a run keeps every invariant, ends, gives everything back and says truly what it did',
    async (seed) => {
      const { wrongs } = await simulateSeed(seed, []);
      expect(wrongs, `again: rollover simulate --seeds ${seed}..${seed} --only-kind none`).toEqual([]);
    },
  );
});
