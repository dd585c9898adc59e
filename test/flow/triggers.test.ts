/** Requests that come while others are at work: each is served, and each once. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { buildCapture } from '../../rehearsal/clusters/build.ts';
import { NEW_IMAGE } from '../../rehearsal/clusters/constants.ts';
import { rehearseCapture } from '../support/rehearse-cluster.ts';
import type { Json } from '../support/small-cluster.ts';

/** Each takes a second or two. */
const PROPERTY_RUNS = 4;

const CAPTURE: Json = buildCapture({
  groups: [
    // Two of four run the new image already: only those who name them want them replaced.
    { name: 'web', hosts: 4, imageReference: NEW_IMAGE, images: { 0: NEW_IMAGE, 1: NEW_IMAGE } },
  ],
  services: [{ name: 'api', desired: 8, cpu: 256, memoryMiB: 512 }],
});
const IDS: string[] = CAPTURE.ec2.instances.map(({ InstanceId }: Json) => InstanceId);
const NAMED: string[] = CAPTURE.ec2.instances
  .filter(({ ImageId }: Json) => ImageId === NEW_IMAGE)
  .map(({ InstanceId }: Json) => InstanceId);
const asked = (id: string, atSeconds: number, detail: object) => ({
  kind: 'send-event',
  atSeconds,
  event: {
    source: 'ecs-rollover',
    'detail-type': 'Rollover Requested',
    id,
    detail: { cluster: 'prod', ...detail },
  },
});

/** Where in the first run the others come: while it is planned and prepared, in its trial, its moves, its end. */
const MOMENTS = [1, 2.5, 40, 150, 200];

it.each(MOMENTS)('two named hosts and a repeat, %s s after the run for all began', async (atSeconds) => {
  const [first = '', second = ''] = NAMED;
  const { result, log } = await rehearseCapture(CAPTURE, {
    request: { cluster: 'prod' },
    settings: { bakeSeconds: 60 },
    faults: [
      asked('one', atSeconds, { instances: [first], reason: 'retirement' }),
      asked('two', atSeconds + 0.5, { instances: [second], reason: 'retirement' }),
      asked('all', atSeconds + 1, {}),
      { kind: 'duplicate-events', atSeconds: 0, share: 0.5 },
    ],
  });

  expect(result.faults.every(({ firedAtSeconds }) => firedAtSeconds.length > 0)).toBe(true);
  expect(result).toMatchObject({ restored: true, leftovers: [], violations: [] });
  const gone = new Set(
    log.flatMap((line) => (line.kind === 'host' && line.state === 'terminated' ? [line.instanceId] : [])),
  );
  expect(IDS.filter((id) => !gone.has(id))).toEqual([]);
  // Four old hosts, a new one for each: nothing was replaced twice.
  const launched = new Set(log.flatMap((line) => (line.kind === 'host' ? [line.instanceId] : [])));
  expect(launched.size).toBeLessThanOrEqual(8);
  expect(result.notifications.filter(({ kind }) => kind === 'started').length).toBeLessThanOrEqual(3);
});

/** What may come, each at a moment of its own: a new value of an image, the schedule, hosts that are named, each perhaps twice. */
const triggers = fc.array(
  fc.record({
    atSeconds: fc.integer({ min: 1, max: 500 }),
    detail: fc.constantFrom(
      { reason: 'image' },
      { reason: 'schedule' },
      { instances: IDS.slice(0, 1), deadline: '2026-11-25T00:00:00Z', reason: 'retirement' },
      { instances: IDS.slice(1, 3), deadline: '2026-11-26T00:00:00Z', reason: 'retirement' },
      { instances: IDS.slice(3), reason: 'retirement' },
    ),
    again: fc.boolean(),
  }),
  { minLength: 2, maxLength: 4 },
);

it('whatever comes, and when: each host is replaced once, each request is answered', {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(triggers, async (drawn) => {
      const { result, log } = await rehearseCapture(CAPTURE, {
        request: { cluster: 'prod' },
        settings: { bakeSeconds: 60 },
        faults: drawn.flatMap(({ atSeconds, detail, again }, at) => {
          const one = asked(`trigger-${at}`, atSeconds, detail);
          return again ? [one, { ...one, atSeconds: atSeconds + 7 }] : [one];
        }),
      });

      expect(result).toMatchObject({ restored: true, leftovers: [], violations: [] });
      // It ends when nothing waits in the ledger any more, long before the horizon.
      expect(result.reason).not.toContain('horizon');
      const gone = new Set(
        log.flatMap((line) => (line.kind === 'host' && line.state === 'terminated' ? [line.instanceId] : [])),
      );
      const wanted = new Set([
        ...IDS.filter((id) => !NAMED.includes(id)),
        ...drawn.flatMap(({ detail }) => detail.instances ?? []),
      ]);
      expect(new Set(IDS.filter((id) => gone.has(id)))).toEqual(wanted);
      // Of the new ones one at most, for the zones to be level (rule 19).
      expect([...gone].filter((id) => !IDS.includes(String(id))).length).toBeLessThanOrEqual(1);
    }),
    { numRuns: PROPERTY_RUNS, seed: 4 },
  );
});
