import { expect, it } from 'vitest';
import { play, SEEDS, wrongsOf } from './play.ts';

const [OLD, A, B] = ['ami-0aaaaaaaaaaaaaaa1', 'ami-0bbbbbbbbbbbbbbb2', 'ami-0ccccccccccccccc3'];

it.each(SEEDS)('the run ends on its own image, then the newer one has its trial (seed %i)', async (seed) => {
  const played = await play('p48-newer-image-mid-run', seed);
  expect(wrongsOf(played)).toEqual([]);
  expect(played.result.outcome).toBe('SUCCEEDED');
  const born = [...new Map(played.lines('host').map((line) => [line.instanceId, line])).values()];
  const firstB = played.lines('host').find(({ image }) => image === B)?.t ?? Number.NaN;
  const lastOld = Math.max(
    ...played.oldHosts.map((host) => played.endedAt(host) ?? Number.POSITIVE_INFINITY),
  );
  // All of A before any of B, and in the end nothing but B.
  expect(firstB).toBeGreaterThan(lastOld);
  const left = born.filter(({ instanceId }) => played.lastStateOf(instanceId) === 'running');
  expect(new Set(left.map(({ image }) => image))).toEqual(new Set([B]));
  expect(new Set(born.map(({ image }) => image))).toEqual(new Set([OLD, A, B]));
  // A trial of its own: one host of B alone, and nothing of A ends before it has baked for four minutes.
  const launchesOfB = played
    .lines('host')
    .filter(({ image, state }) => image === B && state === 'pending')
    .map(({ t }) => t);
  expect((launchesOfB[1] ?? 0) - (launchesOfB[0] ?? 0)).toBeGreaterThan(30);
  const hostsOfA = born.filter(({ image }) => image === A).map(({ instanceId }) => instanceId);
  const since = (moments: readonly (number | undefined)[]) =>
    Math.min(...moments.flatMap((t) => (t !== undefined && t > firstB ? t : [])));
  const firstDrainOfA = since(hostsOfA.map((host) => played.becameAt(host, 'DRAINING')));
  const firstEndOfA = since(hostsOfA.map((host) => played.endedAt(host)));
  expect(firstEndOfA - firstDrainOfA).toBeGreaterThan(240);
});
