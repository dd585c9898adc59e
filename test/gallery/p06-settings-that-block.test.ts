import { describe, expect, it } from 'vitest';
import { play, SEEDS, wrongsOf } from './play.ts';

const LONELY = 'i-00000000000000001';

describe('P06, settings that make a drain impossible or harmful', () => {
  it('are told by the plan with the field to change, and nothing is changed', async () => {
    const played = await play('p06a-settings-that-block', 1);
    const { result } = played;

    expect(wrongsOf(played)).toEqual([]);
    expect(result.outcome).toBe('PARTIAL');
    expect(played.changes()).toEqual([]);
    const told = (service: string, severity: string) =>
      result.findings.filter((one) => one.service === service && one.severity === severity);
    expect(told('lonely', 'blocks')).toMatchObject([
      { instanceId: LONELY, field: 'deploymentConfiguration.maximumPercent' },
    ]);
    expect(told('lonely', 'blocks')[0]?.remedy).toContain('maximumPercent to at least 200');
    for (const service of ['careless', 'fragile']) {
      const fields = told(service, 'outage').map(({ field }) => field);
      expect(fields).toContain('deploymentConfiguration.minimumHealthyPercent');
    }
    expect(told('spread', 'blocks')).toEqual([]);
    expect(told('spread', 'note').map(({ field }) => field)).toContain('capacityProviderStrategy');
  });

  it.each(SEEDS)('keep one host out, and the others are replaced (seed %i)', async (seed) => {
    const played = await play('p06b-settings-that-block-rolled', seed);
    const { result } = played;

    expect(wrongsOf(played)).toEqual([]);
    expect(result.outcome).toBe('PARTIAL');
    expect(result.instances).toMatchObject({ outdated: 6, replaced: 5 });
    expect(Object.keys(played.held)).toEqual([LONELY]);
    expect(played.held[LONELY]?.reason).toContain('deploymentConfiguration.maximumPercent');
    expect(played.statusesOf(LONELY).map(({ status }) => status)).toEqual(['ACTIVE']);
    expect(played.calls('ECS.UpdateService')).toEqual([]);
    for (const name of ['lonely', 'spread']) {
      const service = result.services.find(({ serviceName }) => serviceName === name);
      expect(service?.lowestHealthy).toBeGreaterThanOrEqual(service?.allowedMinimum ?? 1);
    }
  });
});
