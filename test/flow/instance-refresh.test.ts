/**
 * Somebody starts an instance refresh on a group that a run has in hand, and the run ends meanwhile. Auto Scaling then takes
 * no change of the template ("An active instance refresh with a desired configuration exists", Amazon EC2 Auto Scaling), and
 * the refresh replaces hosts on its own: what is to be given back waits for it.
 */
import { expect, it } from 'vitest';
import { buildCapture } from '../../rehearsal/clusters/build.ts';
import { NEW_IMAGE } from '../../rehearsal/clusters/constants.ts';
import { rehearseCapture } from '../support/rehearse-cluster.ts';
import type { Json } from '../support/small-cluster.ts';

const CAPTURE: Json = buildCapture({
  groups: [{ name: 'web', hosts: 4, imageReference: NEW_IMAGE }],
  services: [{ name: 'api', desired: 6, cpu: 256, memoryMiB: 512 }],
});
const refresh = { kind: 'start-instance-refresh', when: 'first-drain', group: 'web' };
it('what a stopped run touched goes back when the refresh is over, without a fight', async () => {
  const { result, log } = await rehearseCapture(CAPTURE, {
    settings: { bakeSeconds: 60 },
    faults: [refresh, { kind: 'stop-execution', when: 'first-drain' }],
  });

  expect(result).toMatchObject({ outcome: 'ABORTED', restored: true, violations: [] });
  const told = result.notifications.map(({ kind }) => kind);
  expect(told.filter((kind) => kind === 'restore-waits')).toHaveLength(1);
  expect(told).not.toContain('failed');
  const lines = log as unknown as Json[];
  const refused = lines.filter((line) => line.function === 'restore' && line.answer === 'ValidationError');
  expect(refused).toEqual([]);
  // The run itself, and the one that gives back.
  expect(new Set(lines.filter(({ kind }) => kind === 'state').map((line) => line.execution)).size).toBe(2);
});
