/**
 * I13: never more than `maxTasksInMotionPercent` of a service (or one task, or what a single host carries, whichever is
 * most) stopped or replaced and not yet healthy again because of us.
 *
 * Judged where the count rises: a service that somebody scales in while tasks move is not ours. A task that came to a host
 * too late to be seen by whoever drained it moves on top of that.
 */
import { type CheckerFactory, Verdicts } from './checker.ts';
import type { ServiceMotion } from './service-motion.ts';

interface Watched {
  inMotion: number;
  /** Most tasks of it that one host carried, of those drained since last nothing was in motion. */
  carried: number;
  /** Tasks of it that nobody could see who drained their hosts, since last nothing was in motion. */
  unseen: number;
}

const nothing = (): Watched => ({ inMotion: 0, carried: 0, unseen: 0 });

export const fewTasksMoveAtATime: CheckerFactory = (context) => {
  const verdicts = new Verdicts('I13', context.startedAtMs);
  const watched = new Map<ServiceMotion, Watched>();

  function judge(motion: ServiceMotion, what: string, atMs: number): void {
    const watch = watched.get(motion) ?? nothing();
    watched.set(motion, watch);
    const { inMotion } = motion;
    const rises = inMotion > watch.inMotion;
    watch.inMotion = inMotion;
    if (inMotion === 0) Object.assign(watch, nothing());
    const share = Math.floor((motion.desired * context.settings.maxTasksInMotionPercent) / 100);
    const limit = Math.max(1, share, watch.carried) + watch.unseen;
    if (inMotion <= limit) verdicts.over(motion.serviceName);
    else if (rises) {
      verdicts.add(
        atMs,
        motion.serviceName,
        `${inMotion} of ${motion.desired} tasks of ${motion.serviceName} are in motion because of us after ${what}: ` +
          `${motion.onDrainingHosts} on draining hosts, ${motion.goneBecauseOfUs} gone; at most ${limit} may be ` +
          `(${context.settings.maxTasksInMotionPercent} %, ${watch.carried} on one host)`,
      );
    }
  }

  return {
    invariant: 'I13',
    violations: verdicts.violations,
    observe(_observation, atMs, change) {
      if (change?.kind === 'task') {
        const motion = context.chronicle.motionOf(change.task);
        if (motion) judge(motion, `${change.task.taskArn} became ${change.task.lastStatus}`, atMs);
      } else if (change?.kind === 'service') {
        judge(change.motion, `its desired count became ${change.motion.desired}`, atMs);
      } else if (change?.kind === 'drain' && change.host.drainedByUs) {
        for (const [motion, before] of change.inMotionBefore) {
          const tasks = change.host.tasksToMove.filter((task) => context.chronicle.motionOf(task) === motion);
          const unseen = tasks.filter((task) => (task.placedAtMs ?? 0) > atMs - context.graceMs).length;
          const carried = tasks.length - unseen;
          const watch = watched.get(motion) ?? nothing();
          watched.set(motion, watch);
          watch.carried = before === 0 ? carried : Math.max(watch.carried, carried);
          watch.unseen = (before === 0 ? 0 : watch.unseen) + unseen;
          judge(motion, `${change.host.instanceId} was drained`, atMs);
        }
      }
    },
  };
};
