import { expect, it } from 'vitest';
import { play, SEEDS, wrongsOf } from './play.ts';

const FOLDER = 'p20-a-drain-of-26-hours';
const HOUR = 3600;
/** All of them are a matter of half a minute, and of `LONG_RUN_HOURS=26`. */
const HOURS = Number(process.env.LONG_RUN_HOURS ?? 2);
/** AWS's limit is 25,000 (Step Functions quotas); design §8 asks for this. */
const MOST_HISTORY_EVENTS = 20_000;
const WITH_JOB = 'i-00000000000000001';

it.each(SEEDS)(
  'a drain waits for a job as long as it takes, without a Lambda that does (seed %i)',
  async (seed) => {
    const faults = [{ kind: 'end-task' as const, atSeconds: HOURS * HOUR, task: 'migration-9', exitCode: 0 }];
    const played = await play(FOLDER, seed, { faults });
    expect(wrongsOf(played)).toEqual([]);
    expect(played.result).toMatchObject({ outcome: 'SUCCEEDED', instances: { replaced: 2 } });

    const drainingAt = played.becameAt(WITH_JOB, 'DRAINING') ?? 0;
    const endedAt = played.endedAt(WITH_JOB) ?? 0;
    expect(drainingAt).toBeGreaterThan(0);
    expect(endedAt - drainingAt).toBeGreaterThan((HOURS - 0.5) * HOUR);
    expect(endedAt).toBeGreaterThan(HOURS * HOUR);
    const end = played.task('migration-9').find((line) => line.desiredStatus === 'STOPPED');
    expect(end?.cause?.because).toBe('exit');
    expect(end?.t).toBeGreaterThanOrEqual(HOURS * HOUR);

    expect(played.result.cost.historyEvents).toBeLessThanOrEqual(MOST_HISTORY_EVENTS);
    expect(played.calls('Lambda.Invoke')).toEqual([]);
    expect(played.calls('AutoScaling.RecordLifecycleActionHeartbeat')).toEqual([]);
    const executions = new Set(played.lines('state').map(({ execution }) => execution));
    expect(executions.size).toBe(1);
  },
);
