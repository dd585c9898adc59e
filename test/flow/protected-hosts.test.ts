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

it('protected hosts that their group does not want but their tasks need are replaced one for one, and stand above it again', async () => {
  const capture = smallCluster([{ hosts: 3, protectedFromScaleIn: true, imageReference: NEW_IMAGE }], {
    services: [{ name: 'web', desired: 3, distinctInstance: true, maximumPercent: 200 }],
  });
  groupIn(capture, 'hosts').DesiredCapacity = 2;
  const { result, groups } = await rehearseCapture(capture, { settings: { ...QUICK, surge: 1 } });
  expect(result).toMatchObject({ outcome: 'SUCCEEDED', restored: true, violations: [], leftovers: [] });
  expect(result.instances.replaced).toBe(3);
  expect(groups[0]).toMatchObject({ desiredCapacity: 2 });
  expect(groups[0]?.instanceIds).toHaveLength(3);
});
