import { defineConfig } from 'vitest/config';

/** The tests that need the emulator: `npm test` leaves them out, `test/emulator/run.ts` runs them alone. */
export default defineConfig({
  resolve: { conditions: ['ecs-rollover-source'] },
  ssr: { resolve: { conditions: ['ecs-rollover-source'] } },
  test: {
    include: ['test/emulator/**/*.test.ts'],
    setupFiles: ['test/emulator/setup.ts'],
    // One emulator, one account: each file begins with an empty one.
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
