/**
 * The whole product on clusters that nobody thought of. A failing run prints its cluster, settings and seed, and
 * fast-check's own seed and path to find it again. `PROPERTY_RUNS=500` looks longer.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type GeneratedRun, generatedRun } from '../support/generated-cluster.ts';
import { rehearseCluster } from '../support/rehearse-cluster.ts';
import { wrongsOf } from '../support/wrongs-of-a-run.ts';

const RUNS = Number(process.env.PROPERTY_RUNS ?? 8);

describe('whatever the cluster', () => {
  it('a run keeps every invariant, ends, gives everything back and says truly what it did', {
    timeout: 120_000 + RUNS * 10_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(generatedRun, async (run) => {
        const result = await rehearseCluster(run.spec, { settings: run.settings }, run.seed);
        expect(wrongsOf(result, run)).toEqual([]);
      }),
      { numRuns: RUNS, seed: Number(process.env.PROPERTY_SEED ?? 20_261_122), endOnFailure: RUNS < 50 },
    );
  });

  it('the generator makes what the property is about', () => {
    const runs = fc.sample(generatedRun, { numRuns: 200, seed: 1 });
    const some = (holds: (run: GeneratedRun) => boolean) => runs.filter(holds).length;
    const services = (run: GeneratedRun) => run.spec.services.filter(({ daemon }) => !daemon);
    expect({
      twoGroups: some(({ spec }) => spec.groups.length === 2),
      fixedSize: some(({ spec }) => spec.groups.some((group) => group.maxSize === group.hosts)),
      standalone: some(({ spec }) => (spec.standalone ?? []).length > 0),
      mayStopFirst: some((run) =>
        services(run).some(({ minimumHealthyPercent = 100 }) => minimumHealthyPercent < 100),
      ),
      ports: some((run) => services(run).some(({ hostPort }) => hostPort !== undefined)),
      warmPools: some(({ spec }) => spec.groups.some((group) => group.warmPoolSize !== undefined)),
      networkInterfaces: some((run) => services(run).some(({ networkMode }) => networkMode === 'awsvpc')),
      providers: some((run) =>
        services(run).some(({ capacityProviders }) => capacityProviders !== undefined),
      ),
    }).toSatisfy((counts: Record<string, number>) => Object.values(counts).every((count) => count >= 20));
  });
});
