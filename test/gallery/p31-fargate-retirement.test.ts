import { describe, expect, it } from 'vitest';
import { play, SEEDS } from './play.ts';

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
