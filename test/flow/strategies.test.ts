/** Services whose strategy spans several capacity providers: each replacement waits for the one that ECS chose. */
import { describe, expect, it } from 'vitest';
import { NEW_IMAGE } from '../../rehearsal/clusters/constants.ts';
import type { ClusterSpec, ServiceSpec } from '../../rehearsal/clusters/spec.ts';
import { rehearseCluster } from '../support/rehearse-cluster.ts';

const PARAMETER = '/golden/ecs/image-id';

const cluster = (shares: NonNullable<ServiceSpec['shares']>): ClusterSpec => ({
  groups: ['blue', 'green'].map((name) => ({
    name,
    hosts: 2,
    instanceType: 'm5.xlarge',
    capacityProvider: name,
    imageReference: `resolve:ssm:${PARAMETER}`,
  })),
  services: [
    { name: 'web', desired: 8, cpu: 512, memoryMiB: 1024, capacityProviders: ['blue', 'green'], shares },
  ],
  parameters: { [PARAMETER]: NEW_IMAGE },
});

describe('a strategy over two capacity providers', () => {
  it.each<[string, NonNullable<ServiceSpec['shares']>]>([
    ['even', {}],
    ['one to three', { blue: { weight: 1 }, green: { weight: 3 } }],
    ['with a base', { blue: { weight: 0, base: 3 }, green: { weight: 1 } }],
  ])('%s: every host goes, nothing stands still, and the split is told beforehand', async (_, shares) => {
    for (const seed of [1, 2]) {
      const result = await rehearseCluster(cluster(shares), { settings: { bakeSeconds: 30 } }, seed);
      expect(result).toMatchObject({ outcome: 'SUCCEEDED', violations: [], leftovers: [] });
      expect(result.durationSeconds).toBeLessThan(2400);
      expect(result.findings).toContainEqual(
        expect.objectContaining({ severity: 'note', service: 'web', field: 'capacityProviderStrategy' }),
      );
    }
  });

  it('rolls one provider alone, where tasks that ECS sends to the other find room on hosts that stay', async () => {
    const spec = cluster({});
    const groups = spec.groups.map((group) =>
      group.name === 'green' ? { ...group, images: { 0: NEW_IMAGE, 1: NEW_IMAGE } } : group,
    );
    const result = await rehearseCluster({ ...spec, groups }, { settings: { bakeSeconds: 30 } });
    expect(result).toMatchObject({ outcome: 'SUCCEEDED', violations: [], instances: { replaced: 2 } });
  });
});
