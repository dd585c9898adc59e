import { describe, expect, it } from 'vitest';
import { decideService } from '../../../functions/core/redeploy/decide-service.ts';
import type { ServiceNow } from '../../../functions/core/redeploy/facts.ts';
import { affected, DAY_MS, NEW, NOW_MS, OLD } from './services.ts';

const IN_PROGRESS = { id: 'ecs-svc/2', rolloutState: 'IN_PROGRESS', reason: '' } as const;
const FORCED = { forcedAtMs: NOW_MS - 120_000, deploymentBefore: 'ecs-svc/1' };
const movedLongAgo = { movedSinceMs: NOW_MS - 15_000 };

describe('a service whose tasks are retired', () => {
  it('is deployed anew while tasks of before the notice run', () => {
    expect(decideService(affected({ tasks: [OLD, NEW] }), NOW_MS)).toMatchObject({ next: 'force' });
  });

  it('that is gone is done', () => {
    expect(decideService(affected('gone'), NOW_MS)).toMatchObject({ next: 'end', outcome: 'gone' });
  });

  it('without tasks of before the notice is left alone, once two looks say so', () => {
    const now = { tasks: [NEW, NEW] };
    expect(decideService(affected(now), NOW_MS)).toMatchObject({ next: 'wait', movedSinceMs: NOW_MS });
    const early = affected(now, { memory: { movedSinceMs: NOW_MS - 14_999 } });
    expect(decideService(early, NOW_MS)).toMatchObject({ next: 'wait' });
    expect(decideService(affected(now, { memory: movedLongAgo }), NOW_MS)).toMatchObject({
      next: 'end',
      outcome: 'already-new',
    });
  });

  it('that we deployed is moved, with its tasks as proof', () => {
    const memory = { ...FORCED, ...movedLongAgo };
    const step = decideService(affected({ tasks: [NEW, NEW] }, { memory }), NOW_MS);
    expect(step).toMatchObject({ next: 'end', outcome: 'moved' });
    expect(step.reason).toContain('all 2 tasks began after the notice of 2026-11-21T12:00:00.000Z');
  });

  it.each<[string, Partial<ServiceNow>]>([
    ['a task is missing', { tasks: [NEW] }],
    ['a task does not run yet', { tasks: [NEW, { ...NEW, isRunning: false }] }],
    ['a task is unhealthy', { tasks: [NEW, { ...NEW, isUnhealthy: true }] }],
    ['a target is not healthy', { tasks: [NEW, NEW], healthyTargets: 1 }],
    ['its deployment goes on', { tasks: [NEW, NEW], deployment: IN_PROGRESS }],
    ['an older deployment is left', { tasks: [NEW, NEW], deploymentsCount: 2 }],
  ])('is not proved moved while %s', (_, now) => {
    const step = decideService(affected(now, { memory: { ...FORCED, ...movedLongAgo } }), NOW_MS);
    expect(step.next).toBe('wait');
    expect(step).not.toHaveProperty('movedSinceMs');
  });

  it.each<[string, Partial<ServiceNow>]>([
    ['CodeDeploy', { deploymentController: 'CODE_DEPLOY' }],
    ['an external controller', { deploymentController: 'EXTERNAL' }],
    ['BLUE_GREEN', { deploymentStrategy: 'BLUE_GREEN' }],
  ])('that is deployed by %s is told to its owner, with the date', (name, now) => {
    const step = decideService(affected(now), NOW_MS);
    expect(step).toMatchObject({ next: 'end', outcome: 'told', warn: true });
    expect(step.reason).toContain(name);
    expect(step.reason).toContain('2026-11-28T12:00:00.000Z');
  });

  it.each<[ServiceNow['code']['is'], boolean]>([
    ['moved', false],
    ['gone', true],
    ['unreadable', false],
  ])('whose code would be %s is never deployed anew', (is, warns) => {
    const step = decideService(affected({ code: { is, image: 'repo/api:latest' } }), NOW_MS);
    expect(step).toMatchObject({ next: 'end', outcome: 'left-to-aws' });
    expect('warn' in step).toBe(warns);
    expect(step.reason).toContain('repo/api:latest');
  });

  it('with an event window is left to it', () => {
    expect(decideService(affected({ hasEventWindow: true }), NOW_MS)).toMatchObject({
      outcome: 'left-to-aws',
    });
  });

  it('that its owner deploys just now is waited for, whatever its code', () => {
    const now = { deployment: IN_PROGRESS, code: { is: 'moved', image: 'x' } } as const;
    expect(decideService(affected(now), NOW_MS)).toMatchObject({ next: 'wait' });
  });

  it('whose forced deployment fails, or is rolled back, has failed', () => {
    const deployment = { id: 'ecs-svc/2', rolloutState: 'FAILED', reason: 'tasks failed to start' } as const;
    const failed = decideService(affected({ deployment }, { memory: FORCED }), NOW_MS);
    expect(failed).toMatchObject({ next: 'end', outcome: 'failed' });
    expect(failed.reason).toContain('tasks failed to start');
    const rolledBack = affected(
      { deployment: { ...deployment, id: 'ecs-svc/3', rolloutState: 'COMPLETED' } },
      { memory: FORCED },
    );
    expect(decideService(rolledBack, NOW_MS)).toMatchObject({ next: 'end', outcome: 'failed' });
  });

  it('is not deployed twice while it is unknown whether a call came through', () => {
    const memory = (secondsAgo: number) => ({
      memory: { forcedAtMs: NOW_MS - secondsAgo * 1000, deploymentBefore: 'ecs-svc/1' },
    });
    expect(decideService(affected({}, memory(59)), NOW_MS)).toMatchObject({ next: 'wait' });
    expect(decideService(affected({}, memory(60)), NOW_MS)).toMatchObject({ next: 'force' });
  });

  it('is left to Fargate once its date has come, and missed when its end came', () => {
    const dates = (startMs: number, endMs: number) => affected({}, { startMs, endMs });
    expect(decideService(dates(NOW_MS, NOW_MS + DAY_MS), NOW_MS)).toMatchObject({ outcome: 'left-to-aws' });
    expect(decideService(dates(NOW_MS - DAY_MS, NOW_MS), NOW_MS)).toMatchObject({ outcome: 'missed' });
  });

  it('keeps the verdict that was written down', () => {
    const verdict = { outcome: 'told', reason: 'so it was', atMs: 1 } as const;
    expect(decideService(affected({}, { memory: { verdict } }), NOW_MS)).toMatchObject({
      next: 'end',
      outcome: 'told',
    });
  });
});
