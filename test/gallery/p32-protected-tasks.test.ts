import { describe, expect, it } from 'vitest';
import { type Played, play, readFolder, SEEDS, wrongsOf } from './play.ts';

const HOST = 'i-00000000000000001';
const WORKER = 'worker-5';

function expectNoForce(played: Played): void {
  expect(wrongsOf(played)).toEqual([]);
  expect(played.calls('ECS.UpdateTaskProtection')).toEqual([]);
  expect(played.calls('ECS.StopTask')).toEqual([]);
}

/** Protected until then: the last renewal, and 45 minutes. */
const protectedUntil = (lastRenewalSeconds: number) => lastRenewalSeconds + 2700;

/** What is said on the host itself, for whoever asks its metadata endpoint. */
const tags = (played: Played) => ({
  set: played.calls('ECS.TagResource').length,
  taken: played.calls('ECS.UntagResource').length,
});

/** What an application hears that listens on the bus. */
const heard = (played: Played, kind: string) =>
  played
    .lines('event')
    .filter(({ source, detail }) => source === 'ecs-rollover' && detail.kind === kind)
    .map(({ t, detail }) => ({ t, ...detail.detail }));

describe('P32, protected tasks', () => {
  it.each(SEEDS)('are waited for, and nobody waits with them (seed %i)', async (seed) => {
    const played = await play('p32a-protected-work-is-waited-for', seed);

    expectNoForce(played);
    expect(played.result.outcome).toBe('SUCCEEDED');
    const asked = heard(played, 'quiesce');
    expect(asked).toMatchObject([{ instanceId: HOST, taskArns: [expect.stringContaining(WORKER)] }]);
    expect(asked[0]?.t).toBeLessThan(protectedUntil(1800));
    expect(heard(played, 'quiesce-over')).toEqual([]);
    // The tag goes with the host.
    expect(tags(played)).toEqual({ set: 1, taken: 0 });
    expect(played.becameAt(HOST, 'DRAINING')).toBeGreaterThanOrEqual(protectedUntil(1800));
    expect(played.toldToStopAt(WORKER)).toBeGreaterThanOrEqual(protectedUntil(1800));
    for (const other of played.oldHosts) {
      if (other !== HOST) expect(played.endedAt(other)).toBeLessThan(protectedUntil(1800));
    }
  });

  it.each(SEEDS)('hold their host at the limit, which stays as it is (seed %i)', async (seed) => {
    const played = await play('p32b-protection-without-end', seed);

    expectNoForce(played);
    expect(played.result.outcome).toBe('PARTIAL');
    expect(played.result.instances.replaced).toBe(3);
    expect(played.held[HOST]).toMatchObject({ blockedBy: { service: 'worker' } });
    expect(played.held[HOST]?.reason).toContain(`task ${WORKER} is protected for longer than 60 min`);
    expect(played.statusesOf(HOST).map(({ status }) => status)).toEqual(['ACTIVE']);
    expect(played.toldToStopAt(WORKER)).toBeUndefined();
    expect(played.notices('host-held')[0]?.t).toBeGreaterThanOrEqual(3600);
    expect(heard(played, 'quiesce')).toHaveLength(1);
    expect(heard(played, 'quiesce-over')).toMatchObject([{ instanceId: HOST }]);
    expect(tags(played)).toEqual({ set: 1, taken: 1 });
    // As soon as the end is decided: `restore` is for what no look has done.
    expect(played.calls('ECS.UntagResource')).toMatchObject([{ function: 'drain' }]);
  });

  it('are set free by whoever restores a run that died', async () => {
    const { faults } = readFolder('p32b-protection-without-end').scenario;
    const dies = {
      kind: 'handler-crash',
      function: 'assess',
      afterCalls: 1,
      times: 10,
      when: 'after-call:ECS.TagResource:1',
    } as const;
    const played = await play('p32b-protection-without-end', 1, {
      faults: [...faults.slice(0, 1), dies],
    });

    expectNoForce(played);
    expect(played.result.outcome).toBe('FAILED');
    expect(heard(played, 'quiesce-over')).toMatchObject([
      { instanceId: HOST, taskArns: [expect.stringContaining(WORKER)] },
    ]);
    expect(played.calls('ECS.UntagResource')).toMatchObject([{ function: 'restore', answer: 'ok' }]);
  });

  it('are waited for across windows', async () => {
    const played = await play('p32c-protected-work-over-two-windows', 1);

    expectNoForce(played);
    expect(played.result.outcome).toBe('SUCCEEDED');
    // The second window opens a day after the start, which is when the first one opened.
    const DAY_SECONDS = 86_400;
    expect(played.becameAt(HOST, 'DRAINING')).toBeGreaterThanOrEqual(DAY_SECONDS);
    expect(tags(played)).toEqual({ set: 1, taken: 1 });
    for (const other of played.oldHosts) {
      if (other !== HOST) expect(played.becameAt(other, 'DRAINING')).toBeLessThan(3600);
    }
  });
});
