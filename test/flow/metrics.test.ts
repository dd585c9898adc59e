/** What a whole run measures: the public names of docs/events.md, each with its group. */
import { expect, it, vi } from 'vitest';
import { rehearseCapture } from '../support/rehearse-cluster.ts';
import { NEW_IMAGE, smallCluster } from '../support/small-cluster.ts';

const measured = vi.hoisted(() => [] as { values: Record<string, number>; of: object }[]);
vi.mock('../../functions/edge/metrics.ts', async (original) => ({
  ...(await original<object>()),
  measure: (values: Record<string, number>, of: object) => measured.push({ values, of }),
}));

it('measures each drain once, and how old the images are that it replaces', async () => {
  const capture = smallCluster([{ imageReference: NEW_IMAGE }]);
  const { result } = await rehearseCapture(capture, { settings: { bakeSeconds: 30 } });
  expect(result.outcome).toBe('SUCCEEDED');
  const of = { cluster: 'prod', autoScalingGroupName: 'hosts' };
  const all = (name: string) => measured.filter(({ values }) => values[name] !== undefined);

  const drains = all('DrainSeconds');
  expect(drains).toHaveLength(result.instances.replaced);
  for (const drain of drains) {
    expect(drain.of).toEqual(of);
    expect(drain.values.DrainSeconds).toBeGreaterThan(10);
    expect(drain.values.DrainSeconds).toBeLessThan(600);
  }
  const [ages] = all('OldestImageAgeDays');
  expect(ages).toMatchObject({ of, values: { ImageLagDays: 78 } });
  expect(ages?.values.OldestImageAgeDays).toBeCloseTo(81.7, 0);
});
