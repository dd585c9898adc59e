import { configDefaults, defineConfig } from 'vitest/config';

/** In the repository our own package name means the sources; whoever installs the package gets what `prepack` built. */
const conditions = ['ecs-rollover-source'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['test/**/*.test.ts', 'docs/examples/*.test.ts'],
    // They need an emulator beside them: `npm run test:emulator`.
    exclude: [...configDefaults.exclude, 'test/emulator/**'],
    setupFiles: ['test/support/setup.ts', 'test/support/sample.ts'],
    // Virtual hours may take a busy machine a while; a test that hangs is still found.
    testTimeout: 120_000,
    maxWorkers: 2,
  },
});
