import { describe, expect, it } from 'vitest';
import { play, SEEDS, wrongsOf } from './play.ts';

describe.each(SEEDS)('P33, seed %i', (seed) => {
  it('tells the owner of each task once, what to do and by when, and starts nothing', async () => {
    const played = await play('p33-standalone-tasks-retire', seed);
    expect(wrongsOf(played)).toEqual([]);
    const standalone = played.lines('task').filter(({ t, group }) => t === 0 && group.startsWith('family:'));
    const told = played.notices('standalone-task-retires');
    expect(told.map(({ detail }) => detail?.task).sort()).toEqual(
      standalone.map(({ taskArn }) => taskArn).sort(),
    );
    for (const { message } of told)
      expect(message).toMatch(/from 2026-11-22T18:00:00.000Z on .* Start it anew before that/);
    expect(played.changes()).toEqual([]);
    // Fargate stopped both, and nobody started one again.
    const families = played.lines('task').filter(({ group }) => group.startsWith('family:'));
    expect(new Set(families.map(({ taskArn }) => taskArn)).size).toBe(2);
    expect(families.filter(({ lastStatus }) => lastStatus === 'STOPPED')).toHaveLength(2);
  });
});
