/**
 * What to do about one service whose Fargate tasks are retired: nothing, wait, or have them replaced. A deployment is only
 * forced where it starts the same code, and proof that it is done is the list of tasks, never somebody's word.
 *
 * Sources: Amazon ECS developer guide, task-maintenance and prepare-task-retirement (service tasks are replaced from the
 * date on, within the service's percents; forcing a deployment before it; CodeDeploy's services need a deployment of
 * CodeDeploy's; event windows) and deployment-type-ecs (a forced deployment resolves tags anew).
 */
import type { AffectedService, CodeToStart, RedeployOutcome, ServiceNow } from './facts.ts';

/** Two looks at the tasks, as far apart as stale reads are old. */
const SECOND_LOOK_MS = 15_000;

/** A call whose answer was lost shows in what ECS describes, or came to nothing. */
const CALL_SETTLES_MS = 60_000;

export type ServiceStep =
  | {
      readonly next: 'end';
      readonly outcome: RedeployOutcome;
      readonly reason: string;
      readonly warn?: boolean;
    }
  /** A deployment runs, or proof is not complete. */
  | { readonly next: 'wait'; readonly reason: string; readonly movedSinceMs?: number }
  /** A deployment may be forced when its turn comes. */
  | { readonly next: 'force'; readonly reason: string };

/** Pure. */
export function decideService(service: AffectedService, nowMs: number): ServiceStep {
  const { now, memory, serviceName } = service;
  if (memory.verdict !== undefined) return { next: 'end', ...memory.verdict };
  if (now === undefined) return end('gone', `there is no service ${serviceName} any more`);
  const old = now.tasks.filter(({ createdAtMs }) => createdAtMs < service.announcedMs);
  if (old.length === 0) return proved(service, now, nowMs);
  return (
    afterItsEnd(service, old.length, nowMs) ??
    underDeployment(service, now, old.length) ??
    notOurs(service, now) ??
    otherCode(service, now.code) ??
    force(service, old.length, nowMs)
  );
}

/** No task of before the notice is left: proof once two looks say so and the service is whole. */
function proved(service: AffectedService, now: ServiceNow, nowMs: number): ServiceStep {
  const { memory, announcedMs } = service;
  const whole = wholeness(now);
  if (whole !== undefined) return { next: 'wait', reason: `no old task is left, but ${whole}` };
  const { movedSinceMs } = memory;
  if (movedSinceMs === undefined || nowMs - movedSinceMs < SECOND_LOOK_MS) {
    return {
      next: 'wait',
      reason: 'no old task is left: looked at once more',
      movedSinceMs: movedSinceMs ?? nowMs,
    };
  }
  const oldest = Math.min(...now.tasks.map(({ createdAtMs }) => createdAtMs));
  const since = new Date(announcedMs).toISOString();
  const proof =
    now.tasks.length === 0
      ? `it has no tasks, and wants ${now.desiredCount}`
      : `all ${now.tasks.length} tasks began after the notice of ${since}, the oldest at ${new Date(oldest).toISOString()}`;
  return end(memory.forcedAtMs === undefined ? 'already-new' : 'moved', proof);
}

/** What is missing of a service that is as it should be. */
function wholeness(now: ServiceNow): string | undefined {
  const running = now.tasks.filter(({ isRunning }) => isRunning).length;
  if (now.deploymentsCount > 1 || now.deployment.rolloutState === 'IN_PROGRESS')
    return 'its deployment goes on';
  if (running < now.desiredCount) return `${running} of ${now.desiredCount} tasks run`;
  const unhealthy = now.tasks.filter(({ isUnhealthy }) => isUnhealthy).length;
  if (unhealthy > 0) return `${unhealthy} of its tasks are unhealthy`;
  if (now.healthyTargets !== null && now.healthyTargets < now.desiredCount)
    return `${now.healthyTargets} of ${now.desiredCount} targets are healthy`;
  return undefined;
}

function afterItsEnd({ endMs }: AffectedService, left: number, nowMs: number): ServiceStep | undefined {
  if (endMs === undefined || nowMs < endMs) return undefined;
  return end(
    'missed',
    `${left} tasks of before the notice still run after ${new Date(endMs).toISOString()}`,
    true,
  );
}

/** A deployment moves the tasks, whoever began it; one that failed moves them back. */
function underDeployment(
  { memory }: AffectedService,
  { deployment, deploymentsCount }: ServiceNow,
  left: number,
): ServiceStep | undefined {
  const isOurs = memory.forcedAtMs !== undefined && deployment.id !== memory.deploymentBefore;
  if (deployment.rolloutState === 'FAILED' && memory.forcedAtMs !== undefined)
    return end('failed', `its deployment failed: ${deployment.reason}`, true);
  if (deployment.rolloutState === 'IN_PROGRESS' || deploymentsCount > 1) {
    const whose = isOurs ? 'the forced deployment' : 'a deployment of its owner';
    return { next: 'wait', reason: `${whose} goes on: ${left} tasks of before the notice are left` };
  }
  // Ours was rolled back by ECS, or somebody put another in its place that kept the old tasks.
  if (isOurs)
    return end(
      'failed',
      `a forced deployment ended and left ${left} tasks of before the notice: ${deployment.reason}`,
      true,
    );
  return undefined;
}

function notOurs(service: AffectedService, now: ServiceNow): ServiceStep | undefined {
  const by = service.startMs === undefined ? '' : ` before ${new Date(service.startMs).toISOString()}`;
  if (now.deploymentController === 'CODE_DEPLOY')
    return end('told', `CodeDeploy deploys it: create a deployment of the same task definition${by}`, true);
  if (now.deploymentController === 'EXTERNAL')
    return end('told', `an external controller deploys it: have it replace the tasks${by}`, true);
  if (now.deploymentStrategy !== 'ROLLING')
    return end('told', `it deploys by ${now.deploymentStrategy}, which shifts traffic: deploy it${by}`, true);
  if (now.hasEventWindow)
    return end('left-to-aws', 'an event window is configured for it: Fargate replaces its tasks there');
  return undefined;
}

function otherCode(service: AffectedService, code: CodeToStart): ServiceStep | undefined {
  const from = service.startMs === undefined ? 'its date' : new Date(service.startMs).toISOString();
  const byItself = `Fargate replaces its tasks by itself from ${from} on`;
  switch (code.is) {
    case 'same':
      return undefined;
    case 'moved':
      return end(
        'left-to-aws',
        `the tag of ${code.image} names another image now, which a forced deployment would start; ${byItself}`,
      );
    case 'gone':
      return end(
        'left-to-aws',
        `${code.image} is gone from its registry: no replacement can start. Push it again; ${byItself}`,
        true,
      );
    case 'unreadable':
      return end(
        'left-to-aws',
        `${code.image} cannot be checked, so a forced deployment might change the code; ${byItself}`,
      );
  }
}

/** Never two replacements of one service: where we cannot tell whether one was begun, it is waited for. */
function force(service: AffectedService, left: number, nowMs: number): ServiceStep {
  const { forcedAtMs } = service.memory;
  const waits = `${left} tasks of before the notice run (${service.rehearsed})`;
  if (forcedAtMs !== undefined && nowMs - forcedAtMs < CALL_SETTLES_MS)
    return { next: 'wait', reason: `${waits}; whether the call came through is not seen yet` };
  if (forcedAtMs !== undefined) return { next: 'force', reason: `${waits}; the first call came to nothing` };
  if (service.startMs !== undefined && nowMs >= service.startMs) {
    const since = new Date(service.startMs).toISOString();
    return end('left-to-aws', `${waits}, which Fargate replaces by itself since ${since}`);
  }
  return { next: 'force', reason: waits };
}

function end(outcome: RedeployOutcome, reason: string, warn = false): ServiceStep {
  return { next: 'end', outcome, reason, ...(warn && { warn }) };
}
