/** The moments of a scenario (design of faults: once, right after the effect that makes the moment), in a whole run. */
import { expect, it } from 'vitest';
import { buildCapture } from '../../rehearsal/clusters/build.ts';
import { rehearseCapture } from '../support/rehearse-cluster.ts';

const CLUSTER = {
  groups: [{ name: 'web', hosts: 3, imageReference: 'ami-0bbbbbbbbbbbbbbb2', maxSize: 6 }],
  services: [{ name: 'api', desired: 6 }],
};
const MOMENTS = [
  'canary-ready',
  'first-drain',
  'half-done',
  'after-call:ECS.UpdateContainerInstancesState:1',
  'after-call:AutoScaling.*:5',
  'enter-state:Drain:1',
  'enter-state:NoSuchState:1',
];
/** Nobody listens to it: the run goes on as without. */
const harmless = { kind: 'send-event', event: { source: 'nobody', 'detail-type': 'Nothing', detail: {} } };

it('each moment fires its fault once, at the time of its effect and behind it in the log', async () => {
  const { result, log } = await rehearseCapture(buildCapture(CLUSTER), {
    settings: { bakeSeconds: 60 },
    faults: MOMENTS.map((when) => ({ ...harmless, when })),
  });
  const lines = log.map((line) => (typeof line === 'string' ? JSON.parse(line) : line));
  const first = (matches: (line: Record<string, unknown>) => boolean) =>
    lines.findIndex((line) => line.t > 0 && matches(line));
  const effects: Record<string, number> = {
    'first-drain': first(({ kind, status }) => kind === 'container-instance' && status === 'DRAINING'),
    'after-call:ECS.UpdateContainerInstancesState:1': first(
      ({ kind, operation, answer }) =>
        kind === 'call' && operation === 'ECS.UpdateContainerInstancesState' && answer === 'ok',
    ),
    'enter-state:Drain:1': first(({ kind, name }) => kind === 'state' && name === 'Drain'),
  };
  const fired = new Map(MOMENTS.map((when, at) => [when, result.faults[at]?.firedAtSeconds ?? []]));

  expect(result.outcome).toBe('SUCCEEDED');
  expect(result.violations).toEqual([]);
  expect([...fired.values()].map((seconds) => seconds.length)).toEqual([1, 1, 1, 1, 1, 1, 0]);
  for (const [when, at] of Object.entries(effects)) {
    expect(at).toBeGreaterThan(0);
    expect(fired.get(when)?.[0]).toBeCloseTo(lines[at].t, 2);
    // The fault's line comes next to its effect's, before anything of a later moment.
    const behind = lines.findIndex((line, index) => index > at && line.kind === 'fault');
    expect(lines[behind].t).toBe(lines[at].t);
  }
  const at = (when: string) => fired.get(when)?.[0] ?? Number.NaN;
  expect(at('canary-ready')).toBeLessThan(at('first-drain'));
  expect(at('first-drain')).toBeLessThan(at('half-done'));
  expect(at('half-done')).toBeLessThan(result.durationSeconds);
});
