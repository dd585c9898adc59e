/** Services of a game day at one look, and the looks of a whole day in a small model of ECS. */
import {
  decideGameDay,
  type GameDayFacts,
  type GameDayStep,
} from '../../../functions/core/game-day/decide.ts';
import {
  type GameDayLook,
  type GameDayMemory,
  type GameDayService,
  type GameDayTask,
  NO_MEMORY,
  type StoppedTask,
} from '../../../functions/core/game-day/facts.ts';

export const NOW_MS = Date.parse('2026-11-22T12:00:00Z');
export const RUN_ID = 'prod-game-day-by-alice-1';
export const SETTINGS = { drainTimeoutSeconds: 1800 };

export function task(taskArn: string, change: Partial<GameDayTask> = {}): GameDayTask {
  return {
    taskArn,
    zone: 'eu-west-1a',
    host: `host-of-${taskArn}`,
    createdAtMs: NOW_MS - 86_400_000,
    healthy: true,
    isProtected: false,
    leaves: false,
    ...change,
  };
}

export function service(change: Partial<GameDayService> = {}): GameDayService {
  const tasks = change.tasks ?? [
    task('t1'),
    task('t2', { zone: 'eu-west-1b' }),
    task('t3'),
    task('t4', { zone: 'eu-west-1b' }),
  ];
  return {
    optedIn: true,
    schedulingStrategy: 'REPLICA',
    desiredCount: 4,
    runningCount: tasks.length,
    pendingCount: 0,
    minimumHealthyPercent: 50,
    deploying: false,
    trouble: [],
    ...change,
    tasks,
  };
}

export function look(
  now: GameDayLook['now'] = service(),
  change: Partial<Omit<GameDayLook, 'now'>> & { readonly name?: string } = {},
): GameDayLook {
  const { name = 'web', ...rest } = change;
  return { ask: { serviceName: name, tasks: 1 }, memory: NO_MEMORY, now, ...rest };
}

export function decideAt(
  seconds: number,
  services: readonly GameDayLook[],
  change: Partial<GameDayFacts> = {},
): GameDayStep {
  return decideGameDay(
    {
      observedAtMs: NOW_MS + seconds * 1000,
      runId: RUN_ID,
      window: { open: true },
      services,
      leftAlone: [],
      ...change,
    },
    SETTINGS,
  );
}

/** The memory of a service after a step; what it was where the step says nothing of it. */
export function memoryAfter(step: GameDayStep, before: GameDayLook): GameDayMemory {
  return step.remember.find((one) => one.serviceName === before.ask.serviceName)?.memory ?? before.memory;
}

export const byCall = (taskArn: string, reason = `game day ${RUN_ID}`): StoppedTask => ({
  taskArn,
  desiredStatus: 'STOPPED',
  stopCode: 'UserInitiated',
  stoppedReason: reason,
});

/** Steady on two looks: the next one stops a task. */
export const READY: GameDayMemory = { stops: [], steadySinceMs: NOW_MS - 15_000 };

/** `t1` was stopped at second 0; `now`: what is seen of the service after `seconds`. */
export function afterStop(seconds: number, now: GameDayService, change: Partial<GameDayLook> = {}) {
  const first = decideAt(0, [look(service(), { memory: READY })]);
  const arn = first.stop?.taskArn ?? '';
  const at = look(now, { memory: memoryAfter(first, look()), stopped: byCall(arn), ...change });
  return { at, step: decideAt(seconds, [at]), arn };
}

export const without = (arn: string, more: GameDayService['tasks'] = []) => {
  const tasks = [...service().tasks.filter(({ taskArn }) => taskArn !== arn), ...more];
  return service({ tasks, runningCount: tasks.length });
};
export const whole = (arn: string) => without(arn, [task('t9', { createdAtMs: NOW_MS + 20_000 })]);
