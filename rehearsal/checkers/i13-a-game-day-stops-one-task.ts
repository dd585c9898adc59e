/**
 * I13 on a game day: one task at a time, in the whole cluster. The next one is stopped only once the place of the last is
 * filled by a healthy task, and no task of a service whose other places are not all filled: it would not be the stop that
 * is measured. That the service opted in at all is I1's.
 */
import { type CheckerFactory, Verdicts } from './checker.ts';
import { Kills } from './kills.ts';
import type { TaskLine } from './lines.ts';

export const aGameDayStopsOneTask: CheckerFactory = (context) => {
  const verdicts = new Verdicts('I13', context.startedAtMs);
  const kills = new Kills();

  function judge(task: TaskLine, atMs: number): void {
    for (const motion of context.chronicle.services.values()) {
      if (motion.cluster !== task.cluster) continue;
      const isOwn = motion.serviceName === task.serviceName;
      for (const { taskArn, ours, sinceMs } of motion.vacancies) {
        // What died by itself a moment ago could not be seen yet.
        const isSeen = ours || (isOwn && sinceMs < atMs - context.graceMs);
        if (taskArn === task.taskArn || !isSeen) continue;
        verdicts.add(
          atMs,
          task.taskArn,
          `${task.taskArn} of ${task.group} was stopped while the place of ${taskArn} of ${motion.serviceName} ` +
            `(${ours ? 'gone because of us' : 'gone by itself'}) is empty: a game day stops one task at a time`,
        );
      }
    }
  }

  return {
    invariant: 'I13',
    violations: verdicts.violations,
    observe(_observation, atMs, change) {
      for (const { task, how } of kills.of(change)) {
        const isOfGameDay = context.rehearsable?.has(`${task.cluster}/${task.serviceName}`) === true;
        if (how === 'stopped' && isOfGameDay) judge(task, atMs);
      }
    },
  };
};
