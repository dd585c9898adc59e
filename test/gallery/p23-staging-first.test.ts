import { expect, it } from 'vitest';
import { play, SEEDS, wrongsOf } from './play.ts';

const SOAK_SECONDS = 6 * 3600;
const ON_PROD = ['i-00000000000000001', 'i-00000000000000002'];

it.each(SEEDS)('an image succeeds and soaks on staging before prod is touched (seed %i)', async (seed) => {
  const played = await play('p23-staging-first', seed);
  expect(wrongsOf(played)).toEqual([]);
  expect(played.result.outcome).toBe('SUCCEEDED');
  const of = (kind: string, cluster: string) =>
    played.notices(kind).filter(({ message }) => message.includes(cluster));

  const [done] = of('succeeded', 'staging');
  const [waits, ...again] = of('pending_window', 'prod');
  expect(waits?.message).toMatch(/has not been rolled out on staging yet/);
  expect(again).toEqual([]);
  const soaked = (done?.t ?? Number.NaN) + SOAK_SECONDS;
  expect(of('started', 'prod')).toHaveLength(1);
  expect(of('started', 'prod')[0]?.t).toBeGreaterThanOrEqual(soaked - 1);
  for (const id of ON_PROD) {
    expect(played.becameAt(id, 'DRAINING')).toBeGreaterThan(soaked);
    expect(played.endedAt(id)).toBeGreaterThan(soaked);
  }
  const launched = played.lines('host').filter(({ t, group }) => t > 0 && group === 'hosts');
  expect(Math.min(...launched.map(({ t }) => t))).toBeGreaterThan(soaked);
});
