/**
 * Which services a game day may touch at all, and when one is steady enough for it. Pure.
 *
 * Sources: Amazon ECS developer guide, service_definition_parameters (minimumHealthyPercent, rounded up), ecs_services
 * (daemons), service-event-messages; Amazon ECS API reference, Deployment.rolloutState.
 */
import { healthyFloor } from '../arithmetic.ts';
import type { GameDayService, GameDayTask } from './facts.ts';

/** The service's owner says so by this tag, whose value is `true`. */
export const GAME_DAY_TAG = 'rollover:game-day';

/** With one task nobody answers while it is replaced. */
const DESIRED_LEAST = 2;

/** What waiting does not change: its owner would have to. */
export function refusalOf(serviceName: string, now: GameDayService | undefined): string | undefined {
  if (now === undefined) return `there is no service ${serviceName} in this cluster`;
  const { desiredCount: desired, minimumHealthyPercent: percent } = now;
  if (!now.optedIn) return `not opted in: tag the service ${GAME_DAY_TAG}=true`;
  if (now.schedulingStrategy === 'DAEMON') return 'it is a daemon: a host without it is not whole';
  if (desired < DESIRED_LEAST) return `it wants ${desired} tasks, a game day takes ${DESIRED_LEAST} at least`;
  const least = healthyFloor(desired, percent);
  if (desired - 1 < least)
    return (
      `minimumHealthyPercent ${percent} of ${desired} tasks allows none to be missing: ` +
      `a game day stops one before another starts, so lower it to ${Math.floor(((desired - 1) * 100) / desired)} or less`
    );
  if (now.imageGone !== undefined)
    return `${now.imageGone} is gone from its registry: no replacement could start`;
  return undefined;
}

/**
 * Why it is not whole; undefined: every task that it wants runs and is healthy, and nothing moves.
 *
 * @param sinceMs trouble of before this moment is over
 */
export function unsteadinessOf(now: GameDayService, sinceMs: number): string | undefined {
  const { desiredCount: desired, runningCount, pendingCount, tasks } = now;
  if (now.deploying) return 'a deployment goes on';
  if (now.deploymentFailed !== undefined) return `its deployment failed: ${now.deploymentFailed}`;
  if (runningCount !== desired || pendingCount > 0 || tasks.length !== desired)
    return `${Math.min(runningCount, tasks.length)} of ${desired} tasks run${pendingCount > 0 ? `, ${pendingCount} start` : ''}`;
  const healthy = tasks.filter((task) => task.healthy).length;
  if (healthy < desired) return `${healthy} of ${desired} tasks are healthy, targets included`;
  const leaving = tasks.filter((task) => task.leaves).length;
  if (leaving > 0) return `${leaving} of its tasks are on hosts that drain`;
  const trouble = now.trouble.find(({ atMs }) => atMs >= sinceMs);
  return trouble === undefined ? undefined : `its last words are of trouble: ${trouble.message}`;
}

export function findTask({ tasks }: GameDayService, taskArn: string): GameDayTask | undefined {
  return tasks.find((task) => task.taskArn === taskArn);
}
