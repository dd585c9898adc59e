import { AutoScalingClient, DescribeAutoScalingGroupsCommand } from '@aws-sdk/client-auto-scaling';
import { describe, expect, it } from 'vitest';
import { throttleErrorOf, tollsOf } from '../../../simulator/dispatch/limits.ts';
import { TokenBucket } from '../../../simulator/dispatch/token-bucket.ts';
import type { ServiceName } from '../../../simulator/world.ts';
import { kernel } from '../support/kernel.ts';

describe('token buckets', () => {
  it('give a burst at once and then the refill rate', () => {
    const bucket = new TokenBucket({ burst: 5, refillPerSecond: 2 }, 0, 0);
    const taken = (nowMs: number) => {
      let count = 0;
      while (bucket.take(nowMs)) count++;
      return count;
    };
    expect([taken(0), taken(0), taken(500), taken(10_000)]).toEqual([5, 0, 1, 5]);
  });

  it('take nothing when there is not enough', () => {
    const bucket = new TokenBucket({ burst: 5, refillPerSecond: 0 }, 0, 0);
    expect([bucket.take(0, 6), bucket.take(0, 5)]).toEqual([false, true]);
  });

  it('run dry under a neighbour who takes more than the refill', () => {
    const bucket = new TokenBucket({ burst: 5, refillPerSecond: 2 }, 3, 0);
    expect([bucket.take(4_000), bucket.take(9_000)]).toEqual([true, false]);
  });
});

describe('documented limits', () => {
  it.each<[ServiceName, string, object, string, number, number]>([
    ['ECS', 'UpdateContainerInstancesState', {}, 'ECS cluster resource modify', 100, 40],
    ['ECS', 'DescribeContainerInstances', {}, 'ECS cluster resource read', 100, 20],
    ['ECS', 'ListTasks', {}, 'ECS cluster resource read', 100, 20],
    ['ECS', 'DescribeServices', {}, 'ECS service read', 100, 20],
    ['ECS', 'UpdateService', {}, 'ECS service modify', 50, 5],
    ['ECS', 'UpdateCapacityProvider', {}, 'ECS capacity provider modify', 10, 1],
    ['ECS', 'GetTaskProtection', {}, 'ECS task protection', 200, 80],
    ['EC2', 'DescribeImages', {}, 'EC2.DescribeImages', 100, 20],
    ['EC2', 'DescribeInstances', { InstanceIds: ['i-1'] }, 'EC2.DescribeInstances', 100, 20],
    ['EC2', 'DescribeInstances', {}, 'EC2.DescribeInstances unfiltered', 50, 10],
    ['EC2', 'ModifyInstanceAttribute', {}, 'EC2.ModifyInstanceAttribute', 50, 5],
    ['EC2', 'CreateLaunchTemplateVersion', {}, 'EC2.CreateLaunchTemplateVersion', 100, 5],
  ])('%s.%s %o: %s %i/%i', (service, operation, input, bucket, burst, refillPerSecond) => {
    expect(tollsOf(service, operation, input)).toEqual([
      { bucket, size: { burst, refillPerSecond }, tokens: 1 },
    ]);
  });

  it('count instances too when EC2 launches or terminates', () => {
    const tokens = tollsOf('EC2', 'TerminateInstances', { InstanceIds: ['i-1', 'i-2', 'i-3'] }).map(
      (t) => t.tokens,
    );
    expect(tokens).toEqual([1, 3]);
  });

  it('are one bucket for all of Auto Scaling', () => {
    const buckets = ['DescribeAutoScalingGroups', 'SetDesiredCapacity'].map(
      (operation) => tollsOf('AutoScaling', operation, {})[0]?.bucket,
    );
    expect(new Set(buckets).size).toBe(1);
  });

  it.each<[ServiceName, string]>([
    ['ECS', 'ThrottlingException'],
    ['EC2', 'RequestLimitExceeded'],
    ['AutoScaling', 'Throttling'],
  ])('are answered by %s with %s', (service, name) => {
    expect(throttleErrorOf(service).name).toBe(name);
  });
});

describe('an empty bucket of Auto Scaling', () => {
  // API reference, Welcome: both codes are there, and the SDK's retry knows one of them only.
  it('is answered with Throttling or RateExceeded', async () => {
    const account = kernel();
    account.dispatcher.register('AutoScaling', { DescribeAutoScalingGroups: () => ({}) });
    const client = new AutoScalingClient({ maxAttempts: 1 });
    account.dispatcher.attach(client, 'AutoScaling');
    const results = await account.finish(() =>
      Promise.allSettled(
        Array.from({ length: 140 }, () => client.send(new DescribeAutoScalingGroupsCommand({}))),
      ),
    );
    account.close();
    const names = results.flatMap((result) => (result.status === 'rejected' ? [result.reason.name] : []));
    expect(new Set(names)).toEqual(new Set(['Throttling', 'RateExceeded']));
  });
});
