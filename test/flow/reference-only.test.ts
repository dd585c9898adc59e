/** A group whose hosts all run the target: only its reference is ours, whatever becomes of its sizes meanwhile. */
import { expect, it } from 'vitest';
import { rehearseCapture } from '../support/rehearse-cluster.ts';
import { NEW_IMAGE, QUICK, smallCluster } from '../support/small-cluster.ts';

it.each([1, 4])(
  'is scaled by others to %i hosts while another group is rolled, and keeps their sizes',
  async (desired) => {
    const capture = smallCluster([
      { name: 'rolled', imageReference: NEW_IMAGE },
      { name: 'done', oldImage: NEW_IMAGE, imageReference: NEW_IMAGE, minSize: 1, maxSize: 4 },
    ]);
    const { result } = await rehearseCapture(capture, {
      settings: QUICK,
      faults: [{ kind: 'scheduled-action', atSeconds: 0, group: 'done', desired }],
    });
    expect(result).toMatchObject({ outcome: 'SUCCEEDED', violations: [], leftovers: [] });
    expect(result.instances.replaced).toBe(2);
  },
);
