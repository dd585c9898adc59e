/**
 * The whole product on clusters that nobody thought of. A failing run prints its cluster, settings and seed, and
 * fast-check's own seed and path to find it again. `PROPERTY_RUNS=500` looks longer.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RehearsalResult } from '../../rehearsal/result.ts';
import { type GeneratedRun, generatedRun } from '../support/generated-cluster.ts';
import { rehearseCluster } from '../support/rehearse-cluster.ts';

const RUNS = Number(process.env.PROPERTY_RUNS ?? 12);
/** A cluster of ten hosts is rolled in hours, whatever its settings; those that we generate wait 30 minutes at most. */
const LONGEST_SECONDS = 6 * 3600;

describe('whatever the cluster', () => {
  it('a run keeps every invariant, ends, gives everything back and says truly what it did', {
    timeout: 120_000 + RUNS * 10_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(generatedRun, async (run) => {
        const result = await rehearseCluster(run.spec, { settings: run.settings }, run.seed);
        expect(faultsOf(result)).toEqual([]);
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

/** Everything that is wrong with a run on healthy images and without faults; empty when nothing is. */
function faultsOf(result: RehearsalResult): string[] {
  const { outcome, reason, instances, tasks } = result;
  const { outdated, replaced, held } = instances;
  const stay = outdated - replaced;
  const wrong: string[] = result.violations.map(({ invariant, message }) => `${invariant}: ${message}`);
  const claim = (what: string, holds: boolean) => {
    if (!holds) wrong.push(`${what} (${outcome}: ${reason}; ${outdated} outdated, ${replaced} replaced)`);
  };

  claim('it ends', !reason.includes('still running') && result.durationSeconds < LONGEST_SECONDS);
  claim('all is given back', result.restored && result.leftovers.length === 0);
  claim('nothing is killed', tasks.killed === 0);
  for (const { serviceName, lowestHealthy, allowedMinimum } of result.services) {
    claim(`${serviceName} keeps its minimum`, lowestHealthy >= allowedMinimum);
  }
  claim('a good image is not judged bad', outcome !== 'ROLLED_BACK' && outcome !== 'ABORTED');
  claim('every host that stays is held, with a reason', held.length === stay);
  claim(
    'and no reason is empty',
    held.every((host) => host.reason !== ''),
  );
  claim('SUCCEEDED means all', outcome !== 'SUCCEEDED' || stay === 0);
  claim('PARTIAL means some', outcome !== 'PARTIAL' || stay > 0);
  claim('REFUSED means none', outcome !== 'REFUSED' || replaced === 0);
  claim(
    'FAILED means none, or that all went without proof',
    outcome !== 'FAILED' || replaced === 0 || stay === 0,
  );
  claim('NOTHING_TO_DO means that nothing was outdated', outcome !== 'NOTHING_TO_DO' || outdated === 0);
  for (const { field, message, remedy } of result.findings) {
    claim('a finding names field and remedy', field !== '' && message !== '' && remedy !== '');
  }
  claim('nobody beats the bound', (result.bound.ratio ?? 1) >= 1);
  return wrong;
}
