/** The bound of a whole run: no run beats it, whatever stands on the target already. */
import { expect, it } from 'vitest';
import { NEW_IMAGE } from '../../rehearsal/clusters/constants.ts';
import { rehearseCluster } from '../support/rehearse-cluster.ts';

it('waits for no trial host where one on the target stands there already', async () => {
  const { outcome, bound } = await rehearseCluster(
    {
      groups: [{ name: 'web', hosts: 2, imageReference: NEW_IMAGE, images: { 0: NEW_IMAGE } }],
      services: [{ name: 'api', desired: 2, cpu: 256, memoryMiB: 512 }],
    },
    { settings: { canaryInstances: 2 }, timings: { launchSeconds: 60, registerSeconds: 120 } },
  );

  expect(outcome).toBe('SUCCEEDED');
  expect(bound.ratio).toBeGreaterThanOrEqual(1);
});
