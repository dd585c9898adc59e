/** What tasks of a service that moves die of is written down: their first question who find a drain that does not go on. */
import { describe, expect, it } from 'vitest';
import type { Facts, TaskFacts } from '../../functions/core/facts.ts';
import { drainingAfterTrial, see, withRun, withTasks } from '../support/mid-run.ts';

const looked = drainingAfterTrial();
const nowMs = looked.observedAtMs;
const firstDrainMs = looked.memory.firstDrainAtMs ?? 0;
const WORDS = 'Essential container in task exited';
const model = looked.tasks.find(({ serviceName }) => serviceName === 'web') as TaskFacts;

const died = (over: Partial<TaskFacts> = {}): TaskFacts => ({
  ...model,
  taskArn: `${model.taskArn}-dead`,
  lastStatus: 'STOPPED',
  desiredStatus: 'STOPPED',
  createdAtMs: firstDrainMs + 1000,
  stopCode: 'EssentialContainerExited',
  stoppedReason: WORDS,
  exitCodes: [0, 137],
  ...over,
});
const deathIn = (facts: Facts) =>
  see(facts).remember.services.find(({ serviceName }) => serviceName === 'web')?.lastDeath;
const lastOf = (...tasks: readonly TaskFacts[]) => deathIn(withTasks(looked, tasks));
/** As it was written at an earlier look. */
const known = (words: string, createdAtMs: number): Facts =>
  withRun(looked, {
    services: looked.memory.services.map((service) =>
      service.serviceName === 'web' ? { ...service, lastDeath: { words, createdAtMs } } : service,
    ),
  });

describe('what tasks die of', () => {
  it("is ECS's word, with the exit codes that say something", () => {
    expect(lastOf(died())).toEqual({ words: `${WORDS} (exit code 137)`, createdAtMs: firstDrainMs + 1000 });
  });

  it('where ECS gives no reason is its code', () => {
    const { stoppedReason: _, ...silent } = died({ stopCode: 'TaskFailedToStart', exitCodes: [] });
    expect(lastOf(silent)?.words).toBe('TaskFailedToStart');
  });

  it('is the newest death, in whatever order they are listed', () => {
    const taskArn = `${model.taskArn}-later`;
    const later = died({
      taskArn,
      createdAtMs: firstDrainMs + 2000,
      stoppedReason: 'OutOfMemoryError',
    });
    for (const tasks of [
      [died(), later],
      [later, died()],
    ])
      expect(lastOf(...tasks)?.words).toBe('OutOfMemoryError (exit code 137)');
  });

  it('does not count before the first drain, nor where the scheduler or somebody stopped the task', () => {
    expect(lastOf(died({ createdAtMs: firstDrainMs - 1 }))).toBeUndefined();
    expect(lastOf(died({ stopCode: 'ServiceSchedulerInitiated', exitCodes: [] }))).toBeUndefined();
    expect(lastOf(died({ stopCode: 'UserInitiated', exitCodes: [] }))).toBeUndefined();
    const { firstDrainAtMs: _, ...memory } = looked.memory;
    expect(deathIn(withTasks({ ...looked, memory }, [died()]))).toBeUndefined();
  });

  it('is written anew for other words at once, for the same ones every ten minutes', () => {
    const again = (words: string, ms: number) =>
      deathIn(withTasks(known(words, nowMs - ms), [died({ createdAtMs: nowMs })]))?.createdAtMs;
    expect(again(`${WORDS} (exit code 137)`, 599_999)).not.toBe(nowMs);
    expect(again(`${WORDS} (exit code 137)`, 600_000)).toBe(nowMs);
    expect(again('OutOfMemoryError', 1000)).toBe(nowMs);
  });
});
