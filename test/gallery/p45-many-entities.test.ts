import { describe, expect, it } from 'vitest';
import { play, SEEDS, wrongsOf } from './play.ts';

const AT_ONCE = 8;

describe.each(SEEDS)('P45, seed %i', (seed) => {
  it('deploys thirty-two of forty once each, and is held up by none', async () => {
    const played = await play('p45-forty-entities-in-pages', seed);
    expect(wrongsOf(played)).toEqual([]);
    const outcomes = Map.groupBy(played.result.redeployed, ({ outcome }) => outcome);
    const counts = Object.fromEntries([...outcomes].map(([outcome, of]) => [outcome, of.length]));
    expect(counts).toEqual({ moved: 32, 'already-new': 5, gone: 2 });
    expect(played.calls('ECS.UpdateService').filter(({ answer }) => answer === 'ok')).toHaveLength(32);
    for (const { desired, lowestHealthy } of played.result.services) expect(lowestHealthy).toBe(desired);

    // From the log: every task of the thirty-two is another one, none of the five is.
    const first = played.lines('task').filter(({ t }) => t === 0);
    const stopped = new Set(
      played.lines('task').flatMap((line) => (line.lastStatus === 'STOPPED' ? line.taskArn : [])),
    );
    const replaced = first.filter(({ taskArn }) => stopped.has(taskArn)).map(({ group }) => group);
    const expected = Array.from({ length: 32 }, (_, at) => `service:svc-${String(at + 1).padStart(2, '0')}`);
    expect(replaced.sort()).toEqual(expected);
    expect(stopped.size).toBe(32);

    // Never more at a time than allowed: a deployment lasts until the task that it replaces is told to stop.
    const endOf = new Map<string, number>();
    for (const { t, group, desiredStatus } of played.lines('task'))
      if (desiredStatus === 'STOPPED' && !endOf.has(group)) endOf.set(group, t);
    const starts = played
      .lines('task')
      .filter(({ t, lastStatus }) => t > 0 && lastStatus === 'PROVISIONING')
      .map(({ t, group }) => ({ t, endT: endOf.get(group) ?? Number.NaN }));
    for (const { t } of starts)
      expect(starts.filter((one) => one.t <= t && one.endT > t).length).toBeLessThanOrEqual(AT_ONCE);

    expect(played.notices('notice-told')).toMatchObject([
      { message: expect.stringMatching(/renamed.*no cluster that opted in has it/) },
    ]);
  });
});
