/** A sample of `node test/crash/campaign.ts`, which tries every point: the same ones each time, of every scene and blow. */
import { expect, it } from 'vitest';
import { type CrashedRun, runScene } from './crashed-run.ts';
import type { Blow, Point } from './hand.ts';
import { SCENES, type Scene } from './scenes.ts';

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
  await strike(name, blow, at);
});

it('a wave that is in the ledger, and was never asked for, is nobody’s scale-in of protected hosts', async () => {
  const { points } = await calm('roll');
  // The last call of the look that decides on it: `assess` dies for good, and the run closes with the canary.
  const at = points.findLastIndex((point) => isStart(point, 'register')) - 1;
  expect(points[at]).toMatchObject({ function: 'assess', operation: 'DynamoDB.PutItem' });
  await strike('roll', 'for-good', at);
});

it('a run that goes on closing after it was given back counts its own decrements', async () => {
  const { points } = await calm('roll');
  const drains = points.findIndex(({ function: name }) => name === 'drain');
  const looks = [...points.entries()].filter(([at, point]) => at > drains && isStart(point, 'assess'));
  await strike('roll', 'for-good', looks[2]?.[0]);
});

it('a host whose end comes to nothing each time is held, and the run ends', async () => {
  const { points } = await calm('go-back');
  // Between the intent and its call: each repeat finds that this step asked for it before.
  const at = points.findIndex(({ operation = '' }) =>
    operation.endsWith('TerminateInstanceInAutoScalingGroup'),
  );
  const { result } = await strike('go-back', 'for-good', at - 1);
  expect(result).toMatchObject({
    outcome: 'FAILED',
    reason: expect.stringMatching(/end was asked for 5 times/),
  });
});

it('sizes that were given back are ours again where the way back asks for hosts', async () => {
  const { points } = await calm('go-back');
  // The look that wants `prepare` to pin what ran before dies for good, and the sweep takes over what is left open.
  const pin = points.findLastIndex((point) => isStart(point, 'prepare'));
  const at = points.findLastIndex((point, i) => i < pin && isStart(point, 'assess'));
  await strike('go-back', 'for-good', at);
});

it('on the way back no task is lured to a host that was to drain and is ACTIVE still', async () => {
  const { points } = await calm('go-back');
  // The step drains one host of the bad image and ends another: it dies for good before either call.
  const at = points.findLastIndex((point) => isStart(point, 'drain'));
  expect(points.findIndex((point, i) => i > at && isStart(point, 'terminate'))).toBeGreaterThan(at);
  const { untilOver } = await strike('go-back', 'for-good', at);
  expect(untilOver).toBeLessThan(1200);
});

it('decrements that nobody saw before sizes went back are not counted a second time afterwards', async () => {
  const { points } = await calm('held-and-window');
  // The first look after two hosts were ended at once.
  const end = points.findIndex((point) => isStart(point, 'terminate'));
  const at = points.findIndex((point, i) => i > end && isStart(point, 'assess'));
  await strike('held-and-window', 'for-good', at);
});

it('after the write that lets go of the cluster there is nothing to take over', async () => {
  const { points } = await calm('held-and-window');
  const at = points.findIndex(
    (point, i) => point.function === 'report' && points[i + 1]?.function !== 'report',
  );
  const { untilTakenOver } = await strike('held-and-window', 'stopped', at);
  expect(untilTakenOver).toBeUndefined();
});

it('an execution that handed its run over says nothing of how it ended, however long its last words take', async () => {
  const { answers } = await calm('handed-over');
  const words = [...answers.entries()].filter(([, { operation }]) => operation === 'EventBridge.PutEvents');
  await strike('handed-over', 'all-lost', words.at(-2)?.[0]);
});

it.each(['once', 'stopped'] as const)(
  'a hand-over is made good after a process that dies in it: %s',
  async (blow) => {
    const { points } = await calm('handed-over');
    const start = points.findIndex(({ operation }) => operation === 'SFN.StartExecution');
    // The claim is given away, the record names the successor, the successor is started.
    for (const at of [start - 4, start - 1, start]) {
      await strike('handed-over', blow, at);
    }
  },
);

it('an execution that is stopped before it goes on in its next window is told of, and leaves no host behind', async () => {
  const { points } = await calm('held-and-window');
  // The first call of its plan that reads the cluster.
  const at = points.findLastIndex((point) => point.function === 'plan' && point.calls === 0) + 8;
  const { result } = await strike('held-and-window', 'stopped', at);
  expect(result).toMatchObject({ outcome: 'ABORTED', instances: { replaced: 2 } });
});

it.each(['once', 'stopped'] as const)(
  'a game day whose function dies right after it stopped a task stops no other in its place: %s',
  async (blow) => {
    const { points } = await calm('game-day');
    await strike(
      'game-day',
      blow,
      points.findIndex(({ operation }) => operation === 'ECS.StopTask'),
    );
  },
);

function sceneOf(name: string): Scene {
  const scene = SCENES.find((one) => one.name === name);
  if (scene === undefined) throw new Error(`no scene ${name}`);
  return scene;
}

const calmRuns = new Map<string, Promise<CrashedRun>>();

/** The scene without a crash, for its points. */
function calm(name: string): Promise<CrashedRun> {
  const run = calmRuns.get(name) ?? runScene(sceneOf(name));
  calmRuns.set(name, run);
  return run;
}

async function strike(name: string, blow: Blow, at = -1): Promise<CrashedRun> {
  const run = await runScene(sceneOf(name), { blow, at });
  expect({ at, isStruck: run.struck !== undefined, wrongs: run.wrongs }).toEqual({
    at,
    isStruck: true,
    wrongs: [],
  });
  return run;
}

function isStart({ function: name, calls }: Point, of: string): boolean {
  return name === of && calls === 0;
}
