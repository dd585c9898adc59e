import { expect, it } from 'vitest';
import { play, SEEDS, wrongsOf } from './play.ts';

it.each([
  ['p46a-image-deregistered', 'does not exist here'],
  ['p46b-wrong-architecture', 'is built for arm64'],
  ['p46c-foreign-owner', 'is owned by 444455556666'],
])('%s is refused before anything changes', async (folder, reason) => {
  const played = await play(folder, 1);
  expect(wrongsOf(played)).toEqual([]);
  expect(played.result.outcome).toBe('REFUSED');
  expect(played.result.reason).toContain(reason);
  expect(played.changes()).toEqual([]);
});

it.each(SEEDS)(
  'a key that Auto Scaling may not use costs a launch and nothing else (seed %i)',
  async (seed) => {
    const played = await play('p46d-key-not-granted', seed);
    expect(wrongsOf(played)).toEqual([]);
    expect(played.result).toMatchObject({
      outcome: 'FAILED',
      reason: expect.stringContaining('Client.InternalError'),
      restored: true,
    });
    expect(played.result.findings.map(({ message }) => message).join()).toContain('key/1234abcd');
    for (const host of played.oldHosts) expect(played.becameAt(host, 'DRAINING')).toBeUndefined();
  },
);
