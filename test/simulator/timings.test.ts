import { describe, expect, it } from 'vitest';
import type { Capture } from '../../simulator/capture/capture.ts';
import { parseCapture } from '../../simulator/capture/parse.ts';
import { timingsOf } from '../../simulator/timings.ts';

const CAPTURED_AT = Date.parse('2026-11-22T12:00:00Z');
const isoAfter = (seconds: number) => new Date(CAPTURED_AT - 86_400_000 + seconds * 1000).toISOString();

/** One group whose hosts took these seconds from launch to registration, one service whose tasks took these to start. */
function capture(bootSeconds: readonly number[], startSeconds: readonly number[]): Capture {
  const ids = bootSeconds.map((_, at) => `i-${at}`);
  const parsed = parseCapture({
    version: 1,
    region: 'eu-west-1',
    accountId: '111122223333',
    capturedAt: '2026-11-22T12:00:00Z',
    ecs: {
      clusters: [{ clusterArn: 'arn:aws:ecs:eu-west-1:111122223333:cluster/prod' }],
      taskDefinitions: [
        {
          taskDefinitionArn: 'arn:aws:ecs:eu-west-1:111122223333:task-definition/web:1',
          containerDefinitions: [{ name: 'app' }],
        },
      ],
      services: [
        {
          serviceName: 'web',
          serviceArn: 'arn:aws:ecs:eu-west-1:111122223333:service/prod/web',
          taskDefinition: 'web:1',
        },
      ],
      containerInstances: bootSeconds.map((seconds, at) => ({
        containerInstanceArn: `arn:aws:ecs:eu-west-1:111122223333:container-instance/prod/${at}`,
        ec2InstanceId: ids[at],
        registeredAt: isoAfter(seconds),
        registeredResources: [{ name: 'CPU', integerValue: 2048 }],
      })),
      tasks: startSeconds.map((seconds, at) => ({
        taskArn: `arn:aws:ecs:eu-west-1:111122223333:task/prod/${at}`,
        taskDefinitionArn: 'arn:aws:ecs:eu-west-1:111122223333:task-definition/web:1',
        group: 'service:web',
        createdAt: isoAfter(0),
        startedAt: isoAfter(seconds),
      })),
    },
    autoScaling: {
      autoScalingGroups: [
        {
          AutoScalingGroupName: 'hosts',
          MinSize: 0,
          MaxSize: 9,
          DesiredCapacity: ids.length,
          AvailabilityZones: ['eu-west-1a'],
          Instances: ids.map((InstanceId) => ({ InstanceId })),
        },
      ],
    },
    ec2: {
      instances: ids.map((InstanceId) => ({
        InstanceId,
        ImageId: 'ami-0a',
        InstanceType: 'm5.large',
        LaunchTime: isoAfter(0),
        Placement: { AvailabilityZone: 'eu-west-1a' },
      })),
    },
  });
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
  return parsed.ok;
}

describe('timings', () => {
  it('take the boot from LaunchTime to registeredAt, split between EC2 and the agent', () => {
    const timings = timingsOf(capture([90, 90, 90], []));

    const [launchLow, launchHigh] = timings.launchSeconds('hosts');
    const [registerLow, registerHigh] = timings.registerSeconds('hosts');
    expect((launchLow + launchHigh) / 2 + registerLow).toBeCloseTo(90);
    expect(registerHigh).toBeCloseTo(registerLow);
  });

  it('take the start from createdAt to startedAt of the service', () => {
    expect(timingsOf(capture([], [20, 20, 20])).startSeconds('web')).toEqual([20, 20]);
  });

  it('are not bent by one host that registered anew or one task that waited for capacity', () => {
    const [low, high] = timingsOf(capture([80, 80, 80, 40_000], [])).registerSeconds('hosts');
    const [, slowest] = timingsOf(capture([], [20, 20, 20, 800])).startSeconds('web');

    expect(high - low).toBeLessThan(1);
    expect(slowest).toBeLessThanOrEqual(40);
  });

  it('fall back to the documented defaults for groups and services that tell nothing', () => {
    const timings = timingsOf(capture([], []));
    const [launch, register] = [timings.launchSeconds('hosts'), timings.registerSeconds(null)];

    // 40 to 120 s from launch to registration: research on amazon-ecs-agent issue 2309.
    expect([launch[0] + register[0], launch[1] + register[1]]).toEqual([40, 120]);
    expect(timings.startSeconds(null)).toEqual([15, 28]);
  });

  it('are what the scenario says, whatever the capture shows', () => {
    const timings = timingsOf(capture([90], [20]), { registerSeconds: 33, startSeconds: [1, 2] });

    expect(timings.registerSeconds('hosts')).toEqual([33, 33]);
    expect(timings.startSeconds('web')).toEqual([1, 2]);
  });
});
