import { describe, expect, it } from 'vitest';
import { play, SEEDS, wrongsOf } from './play.ts';

const DAEMONS_ONLY = 'i-00000000000000002';
const WITH_JOB = 'i-00000000000000003';
/** Two looks, what the daemons take to stop after SIGTERM (30 s), and the calls between. */
const SOON_SECONDS = 150;

describe('P40, daemons', () => {
  it.each(SEEDS)(
    'are not waited for as work that moves; a job that looks like one is (seed %i)',
    async (seed) => {
      const played = await play('p40-daemons-are-no-work', seed);

      expect(wrongsOf(played)).toEqual([]);
      expect(played.result.outcome).toBe('SUCCEEDED');
      const drainingAt = played.becameAt(DAEMONS_ONLY, 'DRAINING') ?? 0;
      expect((played.endedAt(DAEMONS_ONLY) ?? Number.POSITIVE_INFINITY) - drainingAt).toBeLessThan(
        SOON_SECONDS,
      );
      const job = played.lines('task').filter(({ group }) => group === 'family:logs-once');
      expect(job.at(-1)).toMatchObject({ lastStatus: 'STOPPED', cause: { because: 'exit' } });
      expect(played.endedAt(WITH_JOB)).toBeGreaterThan(job.at(-1)?.t ?? Number.POSITIVE_INFINITY);
    },
  );
});
