/** P25 and P15: the orchestrator dies while hosts drain, no event tells, and others go on using the cluster. */
import { DescribeAutoScalingGroupsCommand, SetDesiredCapacityCommand } from '@aws-sdk/client-auto-scaling';
import { UpdateContainerInstancesStateCommand } from '@aws-sdk/client-ecs';
import { expect, it } from 'vitest';
import { autoScaling, ecs } from '../../functions/aws/clients.ts';
import { buildCapture } from '../../rehearsal/clusters/build.ts';
import { NEW_IMAGE } from '../../rehearsal/clusters/constants.ts';
import type { Json } from '../support/small-cluster.ts';
import { playOrphaned } from './orphaned-run.ts';

const BEFORE = 'i-00000000000000000';
const OTHERS = [1, 2, 3, 4].map((n) => `i-0000000000000000${n}`);
const SETTINGS = { bakeSeconds: 0, canaryInstances: 0, maxTasksInMotionPercent: 50 };
/** The sweep, the wait for the dead run's last Lambda, and the calls of both. */
const GIVEN_BACK_WITHIN_SECONDS = 300 + 75 + 60;

/** Its tasks take ten minutes to stop: no host is empty when the sweep comes. */
function captured(): Json {
  const capture = buildCapture({
    groups: [{ name: 'hosts', hosts: 5, imageReference: NEW_IMAGE }],
    services: [{ name: 'web', desired: 8, loadBalancer: { deregistrationDelaySeconds: 600 } }],
  });
  return JSON.parse(JSON.stringify(capture));
}

it('P25: what the dead run drained goes back to work, and what a person drained never does', async () => {
  const capture = captured();
  for (const host of capture.ecs.containerInstances)
    if (host.ec2InstanceId === BEFORE) host.status = 'DRAINING';
  let theirs = '';
  const { record, statuses, drained, secondsUntilActive, claims } = await playOrphaned(
    capture,
    SETTINGS,
    async ({ truth }, ours) => {
      theirs = OTHERS.find((id) => !ours.includes(id)) ?? '';
      // As in the console: by none of the account's functions.
      const arn = truth.containerInstanceOf(theirs)?.containerInstanceArn ?? '';
      const host = { cluster: 'prod', containerInstances: [arn], status: 'DRAINING' as const };
      await ecs.send(new UpdateContainerInstancesStateCommand(host));
    },
  );

  const { result } = record;
  for (const id of drained)
    expect(secondsUntilActive.get(id) ?? Number.NaN).toBeLessThan(GIVEN_BACK_WITHIN_SECONDS);
  expect(statuses.get(BEFORE)).toEqual(['DRAINING']);
  expect(statuses.get(theirs)).toEqual(['ACTIVE', 'DRAINING']);
  expect(result.notifications.map(({ kind }) => kind)).toContain('aborted');
  // Nor does the next run.
  expect(result).toMatchObject({ outcome: 'SUCCEEDED', restored: true, violations: [] });
  expect(result.instances.exempt.map(({ instanceId }) => instanceId).sort()).toEqual([BEFORE, theirs]);
  expect(claims).toBe(0);
});

it('P15: who scales out between the crash and the repeat keeps what was added, and no more', async () => {
  const capture = captured();
  const [before] = capture.autoScaling.autoScalingGroups;
  const { record, claims } = await playOrphaned(capture, { ...SETTINGS, surge: 2 }, async () => {
    const found = await autoScaling.send(new DescribeAutoScalingGroupsCommand({}));
    const { DesiredCapacity = 0 } = found.AutoScalingGroups?.[0] ?? {};
    expect(DesiredCapacity).toBeGreaterThan(before.DesiredCapacity);
    const scaled = { AutoScalingGroupName: 'hosts', DesiredCapacity: DesiredCapacity + 1 };
    await autoScaling.send(new SetDesiredCapacityCommand(scaled));
  });
  const [group] = record.groups;
  expect(record.result).toMatchObject({
    outcome: 'SUCCEEDED',
    violations: [],
    restored: true,
    leftovers: [],
  });
  expect(record.result.instances.replaced).toBe(5);
  expect(group).toMatchObject({ minSize: before.MinSize, maxSize: before.MaxSize });
  expect(group?.desiredCapacity).toBe(before.DesiredCapacity + 1);
  expect(claims).toBe(0);
});
