/** Services on Fargate as the deciding core sees them, and what a forced deployment makes of them. */
import type { AffectedService, FargateTask, ServiceNow } from '../../../functions/core/redeploy/facts.ts';

export const NOW_MS = Date.parse('2026-11-22T12:00:00Z');
export const DAY_MS = 86_400_000;
export const ANNOUNCED_MS = NOW_MS - DAY_MS;

export function task(createdAtMs: number, change: Partial<FargateTask> = {}): FargateTask {
  return { taskArn: `task/${createdAtMs}`, createdAtMs, isRunning: true, isUnhealthy: false, ...change };
}

export const OLD = task(ANNOUNCED_MS - 1);
export const NEW = task(ANNOUNCED_MS + 1);

export function serviceNow(change: Partial<ServiceNow> = {}): ServiceNow {
  return {
    deploymentController: 'ECS',
    deploymentStrategy: 'ROLLING',
    desiredCount: 2,
    minimumHealthyPercent: 100,
    deployment: { id: 'ecs-svc/1', rolloutState: 'COMPLETED', reason: '' },
    deploymentsCount: 1,
    tasks: [OLD, OLD],
    healthyTargets: null,
    code: { is: 'same' },
    isSpotOnly: false,
    hasEventWindow: false,
    ...change,
  };
}

export function affected(
  now: Partial<ServiceNow> | 'gone' = {},
  change: Partial<AffectedService> = {},
): AffectedService {
  return {
    serviceName: 'api',
    announcedMs: ANNOUNCED_MS,
    startMs: NOW_MS + 6 * DAY_MS,
    endMs: NOW_MS + 8 * DAY_MS,
    window: { open: true },
    rehearsed: 'never rehearsed',
    now: now === 'gone' ? undefined : serviceNow(now),
    memory: {},
    ...change,
  };
}
