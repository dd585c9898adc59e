/** Hooks of the owner's that hold hosts on their way out: the run ends when AWS has ended what it replaced. */
import { expect, it } from 'vitest';
import { buildCapture } from '../../rehearsal/clusters/build.ts';
import { NEW_IMAGE } from '../../rehearsal/clusters/constants.ts';
import { rehearseCapture } from '../support/rehearse-cluster.ts';

it('a termination hook that nobody completes is waited for as long as it may hold a host', async () => {
  const capture = buildCapture({
    groups: [{ name: 'web', hosts: 2, imageReference: NEW_IMAGE }],
    services: [{ name: 'api', desired: 4 }],
  }) as { autoScaling: { lifecycleHooks: unknown[] } };
  capture.autoScaling.lifecycleHooks = [
    {
      LifecycleHookName: 'ship-logs',
      AutoScalingGroupName: 'web',
      LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
      HeartbeatTimeout: 2400,
      DefaultResult: 'CONTINUE',
    },
  ];
  const { result } = await rehearseCapture(capture, { settings: { bakeSeconds: 30 } });
  expect(result).toMatchObject({
    outcome: 'SUCCEEDED',
    instances: { outdated: 2, replaced: 2 },
    violations: [],
    leftovers: [],
  });
  expect(result.durationSeconds).toBeGreaterThan(2400);
});
