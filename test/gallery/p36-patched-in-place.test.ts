import { expect, it } from 'vitest';
import { play, wrongsOf } from './play.ts';

it('a host that was patched in place is named, and nothing is sent to it', async () => {
  const played = await play('p36-a-host-patched-in-place', 1);
  expect(wrongsOf(played)).toEqual([]);
  expect(played.result.outcome).toBe('SUCCEEDED');
  const odd = played.result.findings.filter(({ message }) => message.includes('changed in place'));
  expect(odd.map(({ severity, instanceId, field }) => [severity, instanceId, field])).toEqual([
    ['note', 'i-00000000000000003', 'versionInfo.agentVersion'],
    ['note', 'i-00000000000000003', 'versionInfo.dockerVersion'],
  ]);
  expect(odd[1]?.message).toContain('27.1.0');
  expect(played.changes()).toEqual([]);
});
