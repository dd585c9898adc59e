/** How much of AWS's request rates calls take, by hand-made calls. Rates: Amazon ECS API reference, request throttling. */
import { expect, it } from 'vitest';
import { ApiUse } from '../../../rehearsal/bench/api-use.ts';

it('is the busiest sixty seconds of the rate that is used most; operations of one bucket add up', () => {
  const use = new ApiUse();
  expect(use.greatest).toBeNull();
  // Cluster resource reads refill at 20 a second: 1200 in a minute.
  for (let at = 0; at < 60; at++) {
    use.take('ECS.DescribeTasks', at);
    use.take('ECS.ListTasks', at);
  }
  expect(use.greatest).toEqual({ bucket: 'ECS cluster resource read', share: 0.1 });
  for (let at = 60; at < 300; at++) use.take('ECS.ListTasks', at);
  expect(use.greatest?.share).toBe(0.1);
  // Five changes a second of one EC2 operation: 300 in a minute.
  for (let call = 0; call < 60; call++) use.take('EC2.ModifyLaunchTemplate', 400);
  expect(use.greatest).toEqual({ bucket: 'EC2.ModifyLaunchTemplate', share: 0.2 });
});

it('leaves out what AWS publishes no rate for', () => {
  const use = new ApiUse();
  for (let call = 0; call < 100; call++) use.take('AutoScaling.DescribeAutoScalingGroups', 0);
  expect(use.greatest).toBeNull();
});
