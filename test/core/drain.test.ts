import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drainProgress } from '../../functions/core/drain.ts';
import type { TaskFacts, TaskStatus } from '../../functions/core/facts.ts';
import { task } from '../support/facts.ts';

const limits = { replica: 1800, standalone: 14_400 };
const progress = (
  tasks: TaskFacts[],
  nowMs: number,
  over: { progressMs?: number; stoodStillMs?: number } = {},
) =>
  drainProgress(
    { status: 'DRAINING' },
    tasks,
    { drainingSinceMs: 0, ...(over.stoodStillMs !== undefined && { clockStoppedMs: over.stoodStillMs }) },
    () => over.progressMs,
    limits,
    nowMs,
  );

describe('drainProgress', () => {
  it.each<[TaskStatus, string]>([
    ['PENDING', 'draining'],
    ['RUNNING', 'draining'],
    ['DEACTIVATING', 'draining'],
    ['STOPPING', 'draining'],
    ['DEPROVISIONING', 'draining'],
    ['STOPPED', 'empty'],
  ])('takes a host whose last task is %s as %s', (lastStatus, state) => {
    expect(progress([task({ lastStatus })], 1000).state).toBe(state);
  });

  it('waits for a load balancer that still deregisters a stopped task', () => {
    expect(progress([task({ lastStatus: 'STOPPED', targetsDeregistering: 1 })], 1000)).toMatchObject({
      state: 'draining',
      blockers: [{ because: 'target still deregistering' }],
    });
  });

  it('waits for no daemon, but counts those that still run', () => {
    expect(progress([task({ taskClass: 'daemon' })], 1000)).toEqual({ state: 'empty', daemons: 1 });
  });

  it('names only the task that outlived its limit', () => {
    const { serviceName: _, ...job } = task({ taskArn: 't2', taskClass: 'standalone' });
    expect(progress([task(), job], 1800 * 1000)).toMatchObject({
      state: 'overdue',
      blockers: [{ taskArn: 't1', serviceName: 'web' }],
    });
  });

  it('counts from the last progress of the blocking service', () => {
    expect(progress([task()], 2399 * 1000, { progressMs: 600_000 }).state).toBe('draining');
    expect(progress([task()], 2400 * 1000, { progressMs: 600_000 }).state).toBe('overdue');
  });

  it('leaves out the time in which the scheduler backed off', () => {
    expect(progress([task()], 1900 * 1000, { stoodStillMs: 200_000 }).state).toBe('draining');
    expect(progress([task()], 2000 * 1000, { stoodStillMs: 200_000 }).state).toBe('overdue');
  });

  it('never calls a task overdue that is told to stop', () => {
    expect(progress([task({ desiredStatus: 'STOPPED' })], 1_000_000_000)).toMatchObject({
      state: 'draining',
      blockers: [{ because: 'stopping' }],
    });
  });

  it('is no drain when the host is ACTIVE', () => {
    const memory = { drainingSinceMs: 0 };
    expect(drainProgress({ status: 'ACTIVE' }, [], memory, () => undefined, limits, 1).state).toBe(
      'not draining',
    );
  });

  it('never takes a host for empty while a replica or standalone task has not stopped', () => {
    const anyTask = fc.record({
      taskClass: fc.constantFrom('replica' as const, 'daemon' as const, 'standalone' as const),
      lastStatus: fc.constantFrom<TaskStatus>('PENDING', 'RUNNING', 'DEACTIVATING', 'STOPPING', 'STOPPED'),
      desiredStatus: fc.constantFrom('RUNNING' as const, 'STOPPED' as const),
      targetsDeregistering: fc.nat({ max: 2 }),
    });
    fc.assert(
      fc.property(fc.array(anyTask), fc.nat(100_000_000), (tasks, nowMs) => {
        const alive = tasks.some(
          (item) =>
            item.taskClass !== 'daemon' && (item.lastStatus !== 'STOPPED' || item.targetsDeregistering > 0),
        );
        expect(
          progress(
            tasks.map((item) => task(item)),
            nowMs,
          ).state === 'empty',
        ).toBe(!alive);
      }),
    );
  });
});
