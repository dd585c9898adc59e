import { describe, expect, it } from 'vitest';
import { play, SEEDS, wrongsOf } from './play.ts';

/** 14:00, two hours in. */
const OPENS_SECONDS = 7200;

describe.each(SEEDS)('P31a, seed %i', (seed) => {
  it('deploys anew what runs the same code, once, inside the window, and leaves the others', async () => {
    const played = await play('p31a-fargate-tasks-retire', seed);
    const { outcome, redeployed, violations, services } = played.result;
    expect(outcome).toBe('PARTIAL');
    expect(violations).toEqual([]);
    expect(Object.fromEntries(redeployed.map((one) => [one.service, one.outcome]))).toEqual({
      api: 'moved',
      web: 'moved',
      jobs: 'left-to-aws',
      legacy: 'told',
    });
    const forced = played.lines('call').filter((line) => line.operation === 'ECS.UpdateService');
    expect(forced.map((line) => line.t >= OPENS_SECONDS)).toEqual([true, true]);
    for (const { desired, lowestHealthy } of services) expect(lowestHealthy).toBe(desired);
    // Moved means: a new task runs, and was not there before the notice; from the log, not from the product.
    const stopped = played.lines('task').filter((line) => line.lastStatus === 'STOPPED' && line.t > 0);
    expect(stopped.map((line) => line.group).sort()).toEqual([
      'service:api',
      'service:api',
      'service:web',
      'service:web',
    ]);
    for (const line of stopped) expect(line.t).toBeGreaterThan(OPENS_SECONDS);
    // Each thing is told once, although two runs looked.
    const told = played.lines('notification').filter(({ subject }) => /left-to-aws|told/.test(subject));
    expect(told).toHaveLength(2);
  });
});

it('a notice that was written down is answered although the trigger died before it began anything', async () => {
  const faults = [
    { kind: 'retire-fargate-tasks', atSeconds: 0, service: 'api', startTime: '2026-11-29T12:00:00Z' },
    { kind: 'handler-crash', atSeconds: 0, function: 'trigger', afterCalls: 2, times: 1 },
    // Keeps the rehearsal going until the window has opened.
    { kind: 'send-event', atSeconds: 2 * OPENS_SECONDS, event: { source: 'nobody' } },
  ] as const;
  const played = await play('p31a-fargate-tasks-retire', 1, { faults });
  expect(wrongsOf(played)).toEqual([]);
  expect(played.result.redeployed).toMatchObject([{ service: 'api', outcome: 'moved' }]);
  const byTrigger = played.lines('call').filter((line) => line.function === 'trigger' && line.t < 300);
  // Read and written; dead; delivered again, when nothing is new.
  expect(byTrigger.map(({ operation }) => operation)).toEqual([
    'DynamoDB.GetItem',
    'DynamoDB.PutItem',
    'DynamoDB.GetItem',
  ]);
  expect(played.calls('ECS.UpdateService')).toHaveLength(1);
});

const WINDOW_OPENS_SECONDS = 4 * 3600;

describe.each(SEEDS)('P31e, seed %i', (seed) => {
  it('leaves the service that has an event window to Fargate, and proves it afterwards', async () => {
    const played = await play('p31e-an-event-window-is-configured', seed);
    const { redeployed, violations, services } = played.result;
    expect(violations).toEqual([]);
    expect(Object.fromEntries(redeployed.map((one) => [one.service, one.outcome]))).toEqual({
      api: 'moved',
      cheap: 'moved',
      // The last word, a day later: its tasks are new.
      web: 'already-new',
    });
    expect(played.calls('ECS.UpdateService')).toHaveLength(2);
    for (const { desired, lowestHealthy } of services) expect(lowestHealthy).toBe(desired);
    const ofWeb = played
      .lines('task')
      .filter(({ group, lastStatus }) => group === 'service:web' && lastStatus === 'STOPPED');
    expect(ofWeb.map(({ t }) => t >= WINDOW_OPENS_SECONDS)).toEqual([true, true]);
    expect(played.notices('service-left-to-aws')).toHaveLength(1);
    expect(played.notices('service-on-spot-only').map(({ detail }) => detail?.service)).toEqual(['cheap']);
  });
});
