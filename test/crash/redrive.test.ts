/**
 * A stopped execution that somebody redrives: all was given back meanwhile, so it takes the cluster anew and begins again.
 * Source: Step Functions developer guide, redrive-executions (within 14 days, from the state in which it ended).
 */
import { expect, it } from 'vitest';
import { RedrivenRun } from './redriven-run.ts';

it.each([
  ['minutes', 20 * 60],
  ['three days', 3 * 86_400],
])('a redrive %s later claims again and replaces every host', async (_, seconds) => {
  const { result } = await new RedrivenRun(seconds).play();
  expect(result).toMatchObject({ outcome: 'SUCCEEDED', violations: [], restored: true, leftovers: [] });
  expect(result.instances.replaced).toBe(2);
  expect(result.tasks.killed).toBe(0);
});

it('a redrive hours later, after another run has finished, finds nothing to do', async () => {
  const { result, outcomes } = await new RedrivenRun(7200, 3600).play();
  expect(outcomes).toEqual(['ABORTED', 'SUCCEEDED', 'NOTHING_TO_DO']);
  expect(result).toMatchObject({ violations: [], restored: true, leftovers: [] });
  expect(result.instances.replaced).toBe(2);
});
