import { describe, expect, it } from 'vitest';
import { play, SEEDS, wrongsOf } from './play.ts';

const HOST = 'i-00000000000000002';
const JOBS = ['import-4', 'cleanup-5'];

describe('P12, tasks that belong to no service', () => {
  it.each(SEEDS)('are waited for (seed %i)', async (seed) => {
    const played = await play('p12a-jobs-are-waited-for', seed);

    expect(wrongsOf(played)).toEqual([]);
    expect(played.result.outcome).toBe('SUCCEEDED');
    for (const job of JOBS) {
      expect(played.task(job).at(-1)).toMatchObject({ lastStatus: 'STOPPED', cause: { because: 'exit' } });
    }
    const lastStoppedAt = Math.max(...JOBS.map((job) => played.task(job).at(-1)?.t ?? 0));
    expect(played.endedAt(HOST)).toBeGreaterThan(lastStoppedAt);
    expect(played.calls('ECS.StopTask')).toEqual([]);
    // No new work comes to it while it waits, and nobody else waits for it.
    expect(played.becameAt(HOST, 'DRAINING')).toBeLessThan(1800);
    for (const other of played.oldHosts) if (other !== HOST) expect(played.endedAt(other)).toBeLessThan(1800);
  });

  it.each(SEEDS)('hold their host when they outlive the wait (seed %i)', async (seed) => {
    const played = await play('p12b-a-job-outlives-the-wait', seed);
    const { result } = played;

    expect(wrongsOf(played)).toEqual([]);
    expect(result.outcome).toBe('PARTIAL');
    expect(result.instances.replaced).toBe(2);
    expect(played.held[HOST]?.reason).toMatch(/standalone task import-4 still runs after 30 min/);
    expect(played.toldToStopAt('import-4')).toBeUndefined();
    expect(played.calls('ECS.StopTask')).toEqual([]);
    expect(played.endedAt(HOST)).toBeUndefined();
    expect(played.statusesOf(HOST).at(-1)?.status).toBe('ACTIVE');
    expect(played.notices('host-held')).toHaveLength(1);
  });
});
