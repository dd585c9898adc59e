/** A sample of `node test/crash/campaign.ts`, which tries every point: the same ones each time, of every scene and blow. */
import { expect, it } from 'vitest';
import { runScene } from './crashed-run.ts';
import type { Blow } from './hand.ts';
import { SCENES } from './scenes.ts';

it.each<[string, Blow, number]>([
  ['roll', 'stopped', 230],
  ['roll', 'all-lost', 189],
  // `assess` of a run that closes dies for good, and restore sets a surplus host back to ACTIVE.
  ['rollback', 'for-good', 232],
  ['rollback', 'once', 120],
  ['warm-pool', 'lost', 90],
  ['warm-pool', 'for-good', 470],
  ['handed-over', 'for-good', 34],
])('%s: %s at %i ends as an operator would choose', async (name, blow, at) => {
  const scene = SCENES.find((one) => one.name === name);
  if (scene === undefined) throw new Error(`no scene ${name}`);
  const { struck, wrongs } = await runScene(scene, { blow, at });
  expect(struck).toBeDefined();
  expect(wrongs).toEqual([]);
});

it.each(['once', 'stopped'] as const)(
  'a hand-over is made good after a process that dies in it: %s',
  async (blow) => {
    const scene = SCENES.find((one) => one.name === 'handed-over');
    if (scene === undefined) throw new Error('no such scene');
    const { points } = await runScene(scene);
    const start = points.findIndex(({ operation }) => operation === 'SFN.StartExecution');
    // The claim is given away, the record names the successor, the successor is started.
    for (const at of [start - 4, start - 1, start]) {
      expect({ at, wrongs: (await runScene(scene, { blow, at })).wrongs }).toEqual({ at, wrongs: [] });
    }
  },
);

it('an execution that is stopped before it goes on in its next window is told of, and leaves no host behind', async () => {
  const scene = SCENES.find((one) => one.name === 'held-and-window');
  if (scene === undefined) throw new Error('no such scene');
  const { points } = await runScene(scene);
  // The first call of its plan that reads the cluster.
  const at = points.findLastIndex((point) => point.function === 'plan' && point.calls === 0) + 8;
  const { result, wrongs } = await runScene(scene, { blow: 'stopped', at });
  expect(wrongs).toEqual([]);
  expect(result).toMatchObject({ outcome: 'ABORTED', instances: { replaced: 2 } });
});
