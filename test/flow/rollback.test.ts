/** A rollback after old hosts have gone, while others have their hands on the same groups. */
import { expect, it } from 'vitest';
import { buildCapture } from '../../rehearsal/clusters/build.ts';
import { NEW_IMAGE, OLD_IMAGE } from '../../rehearsal/clusters/constants.ts';
import { rehearseCapture } from '../support/rehearse-cluster.ts';

const CAPTURE = buildCapture({
  groups: [{ name: 'web', hosts: 4, imageReference: NEW_IMAGE }],
  services: [],
});
const rollback = {
  kind: 'send-event',
  when: 'half-done',
  event: {
    source: 'ecs-rollover',
    'detail-type': 'Rollover Requested',
    id: 'back',
    detail: { cluster: 'prod', mode: 'rollback' },
  },
};

it('brings back what ran before, and no more of it, while it ends new hosts in the same step', async () => {
  const capture = buildCapture({
    groups: [{ name: 'web', hosts: 5, images: { 0: NEW_IMAGE }, imageReference: NEW_IMAGE }],
    services: [],
  });
  const { result } = await rehearseCapture(capture, {
    faults: [{ kind: 'image-never-registers', atSeconds: 0 }],
  });
  expect(result).toMatchObject({ outcome: 'ROLLED_BACK', violations: [], leftovers: [] });
});

it('leaves a reference to its owner, who went back to the old image before it did', async () => {
  const change = { kind: 'change-launch-template', when: 'half-done', group: 'web', image: OLD_IMAGE };
  const { result } = await rehearseCapture(CAPTURE, {
    settings: { surge: '50%' },
    faults: [change, rollback],
  });
  expect(result).toMatchObject({ outcome: 'ROLLED_BACK', violations: [], leftovers: [] });
});
