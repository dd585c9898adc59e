/** Hosts that stand although their group wants fewer: protected from scale-in, they stay until somebody drains them. */
import { expect, it } from 'vitest';
import { rehearseCapture } from '../support/rehearse-cluster.ts';
import { groupIn, NEW_IMAGE, QUICK, smallCluster } from '../support/small-cluster.ts';

it('new hosts come beside protected ones of which the group wants none: they are not waited for in vain', async () => {
  const capture = smallCluster([{ hosts: 1, protectedFromScaleIn: true, imageReference: NEW_IMAGE }], {
    services: [],
  });
  groupIn(capture, 'hosts').DesiredCapacity = 0;
  const { result } = await rehearseCapture(capture, { settings: QUICK });
  expect(result).toMatchObject({ outcome: 'SUCCEEDED', violations: [], leftovers: [] });
  expect(result.instances.replaced).toBe(1);
  expect(result.durationSeconds).toBeLessThan(1800);
});
