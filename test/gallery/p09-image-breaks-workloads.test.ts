import { describe, expect, it } from 'vitest';
import { type Played, play, wrongsOf } from './play.ts';

const OLD = 'ami-0aaaaaaaaaaaaaaa1';
const NEW = 'ami-0bbbbbbbbbbbbbbb2';

function imagesRunning(played: Played): Record<string, number> {
  const last = new Map(played.lines('host').map((line) => [line.instanceId, line]));
  const images = [...last.values()].filter(({ state }) => state === 'running').map(({ image }) => image);
  return Object.fromEntries(
    [...Map.groupBy(images, (image) => image)].map(([image, all]) => [image, all.length]),
  );
}

const NEXT_DAY = 86_400;

it('tasks that run out of memory on the first new host end the run, and the next day’s schedule tries nothing', async () => {
  const played = await play('p09a-tasks-run-out-of-memory', 1);
  expect(wrongsOf(played)).toEqual([]);
  expect(played.result).toMatchObject({ outcome: 'ROLLED_BACK', restored: true, instances: { replaced: 0 } });
  expect(played.result.reason).toMatch(/died on new hosts.*137|logs dies on new hosts/);
  const drained = played.oldHosts.filter((host) => played.becameAt(host, 'DRAINING') !== undefined);
  expect(drained.length).toBeLessThanOrEqual(1);
  expect(imagesRunning(played)).toEqual({ [OLD]: 9 });
  const later = ({ t }: { readonly t: number }) => t >= NEXT_DAY;
  expect(played.notices('refused').filter(later)).toEqual([
    expect.objectContaining({ message: expect.stringContaining(`${NEW} is in quarantine`) }),
  ]);
  expect(played.lines('host').filter(later)).toEqual([]);
  expect(played.changes().filter(later)).toEqual([]);
});

it('an image that is too young changes nothing', async () => {
  const played = await play('p09b-image-too-young', 1);
  expect(wrongsOf(played)).toEqual([]);
  expect(played.result).toMatchObject({
    outcome: 'REFUSED',
    reason: expect.stringContaining('minImageAgeHours'),
  });
  expect(played.changes()).toEqual([]);
});

it('an attribute that the new hosts lack is found before a drain', async () => {
  const played = await play('p09c-attribute-lost', 1);
  expect(wrongsOf(played)).toEqual([]);
  expect(played.result.outcome).toBe('ROLLED_BACK');
  expect(played.result.reason).toContain(
    'lacks the attribute com.amazonaws.ecs.capability.logging-driver.fluentd',
  );
  expect(played.oldHosts.filter((host) => played.becameAt(host, 'DRAINING') !== undefined)).toEqual([]);
});

describe('a rollback after hosts were ended brings back what ran before', () => {
  it.each([
    ['p09d-breaks-after-hosts-were-terminated', 1],
    ['p09d-breaks-after-hosts-were-terminated', 2],
    ['p09e-same-with-a-parameter', 1],
    ['p09e-same-with-a-parameter', 3],
  ] as const)('%s (seed %i)', async (folder, seed) => {
    const played = await play(folder, seed);
    expect(wrongsOf(played)).toEqual([]);
    expect(played.result).toMatchObject({ outcome: 'ROLLED_BACK', restored: true });
    expect(played.oldHosts.some((host) => played.endedAt(host) !== undefined)).toBe(true);
    expect(imagesRunning(played)).toEqual({ [OLD]: 4 });
    // The reference is its owner's again, which says that it names the new image.
    const [warning] = played.notices('restored-with-warnings');
    expect(warning?.message).toContain(NEW);
    expect(played.calls('SSM.PutParameter')).toEqual([]);
  });
});
