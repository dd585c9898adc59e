import { defineConfig } from 'vitest/config';

/** Tests that run whole worlds: strong, and too slow to be run once for every mutant. */
const WHOLE_WORLDS = ['decide', 'decide-properties', 'hold-back'];

/** What mutants of the core must survive: the tests of single looks and sums; `MUTATION_TESTS` names fewer, by comma. */
export default defineConfig({
  resolve: { conditions: ['ecs-rollover-source'] },
  test: {
    include: process.env.MUTATION_TESTS?.split(',') ?? ['test/core/**/*.test.ts'],
    exclude: WHOLE_WORLDS.map((name) => `test/core/${name}.test.ts`),
    testTimeout: 120_000,
  },
});
