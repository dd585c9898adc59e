/**
 * Request throttling as AWS documents it. Sources: Amazon ECS API reference, request-throttling; Amazon EC2 developer
 * guide, ec2-api-throttling; Step Functions developer guide, service-quotas; Amazon EC2 Auto Scaling API reference,
 * Welcome (one bucket, no figures); AWS Lambda developer guide, gettingstarted-limits, invocation-async-error-handling.
 */
import { DescribeClustersCommand, DescribeTasksCommand, ECSClient } from '@aws-sdk/client-ecs';
import { afterEach, describe, expect, it } from 'vitest';
import type { DispatcherParts } from '../../../simulator/dispatch/dispatcher.ts';
import { tollsOf } from '../../../simulator/dispatch/limits.ts';
import { LambdaRuntime } from '../../../simulator/lambda/runtime.ts';
import type { ServiceName } from '../../../simulator/world.ts';
import { type Kernel, kernel } from '../support/kernel.ts';

let account: Kernel;
afterEach(() => account?.close());

describe('buckets that AWS documents, burst/refill', () => {
  it.each<[ServiceName, string, string]>([
    [
      'ECS',
      '100/40',
      'UpdateContainerInstancesState DeregisterContainerInstance StopTask RunTask StartTask PutAttributes',
    ],
    [
      'ECS',
      '100/20',
      'DescribeContainerInstances ListContainerInstances DescribeTasks ListTasks ListAttributes',
    ],
    ['ECS', '100/20', 'DescribeServices ListServices'],
    ['ECS', '50/5', 'UpdateService'],
    ['ECS', '50/20', 'DescribeServiceDeployments DescribeServiceRevisions'],
    ['ECS', '50/20', 'DescribeClusters ListClusters'],
    ['ECS', '20/1', 'PutClusterCapacityProviders UpdateCluster'],
    ['ECS', '50/20', 'DescribeCapacityProviders'],
    ['ECS', '10/1', 'UpdateCapacityProvider'],
    ['ECS', '50/20', 'DescribeTaskDefinition'],
    ['ECS', '200/80', 'GetTaskProtection UpdateTaskProtection'],
    ['ECS', '50/20', 'ListAccountSettings'],
    ['ECS', '20/10', 'TagResource UntagResource'],
    ['ECS', '10/1', 'ListServicesByNamespace'],
  ])('%s: %s shared by %s', (service, size, operations) => {
    const tolls = operations.split(' ').map((operation) => tollsOf(service, operation, {})[0]);

    expect(new Set(tolls.map((toll) => toll?.bucket)).size).toBe(1);
    expect(tolls.map((toll) => `${toll?.size.burst}/${toll?.size.refillPerSecond}`)).toEqual(
      tolls.map(() => size),
    );
  });

  it.each<[string, object, string]>([
    ['DescribeInstances', { InstanceIds: ['i-1'] }, '100/20'],
    ['DescribeInstances', {}, '50/10'],
    ['DescribeInstanceStatus', {}, '50/10'],
    ['ModifyInstanceAttribute', {}, '50/5'],
    ['RunInstances', { MinCount: 3 }, '5/2 1000/2'],
    ['StartInstances', {}, '5/2'],
    ['TerminateInstances', { InstanceIds: ['i-1'] }, '100/5 1000/20'],
    ['CreateTags', {}, '100/10'],
    ['CreateLaunchTemplateVersion', {}, '100/5'],
    ['ModifyLaunchTemplate', {}, '100/5'],
  ])('EC2.%s %o: %s, no other action takes from it', (operation, input, sizes) => {
    const tolls = tollsOf('EC2', operation, input);

    expect(tolls.map(({ size }) => `${size.burst}/${size.refillPerSecond}`).join(' ')).toBe(sizes);
    expect(tollsOf('EC2', 'DescribeImages', {})[0]?.bucket).not.toBe(tolls[0]?.bucket);
  });
});

/** One call after the other, `perSecond`, without the SDK's retries; the share of them that was throttled. */
async function throttledShare(
  perSecond: number,
  seconds: number,
  options: Pick<DispatcherParts, 'noisyNeighbour' | 'bucketSizes'>,
): Promise<number> {
  account = kernel(options);
  account.dispatcher.register('ECS', { DescribeTasks: () => ({}), DescribeClusters: () => ({}) });
  const ecs = new ECSClient({ maxAttempts: 1 });
  account.dispatcher.attach(ecs, 'ECS');
  const calls = perSecond * seconds;
  let throttled = 0;
  await account.finish(async () => {
    await Promise.all(
      Array.from({ length: calls }, async (_, at) => {
        await account.clock.delay((at * 1000) / perSecond);
        await ecs.send(new DescribeTasksCommand({ cluster: 'prod', tasks: [] })).catch(() => throttled++);
      }),
    );
  });
  return throttled / calls;
}

describe('the account shares its buckets', () => {
  it('with a neighbour that takes 75 %: whoever stays under a quarter of the refill gets through', async () => {
    expect(await throttledShare(5, 120, { noisyNeighbour: 0.75 })).toBe(0);
  });

  it('with the same neighbour: twice as much does not', async () => {
    expect(await throttledShare(10, 120, { noisyNeighbour: 0.75 })).toBeGreaterThan(0.2);
  });

  it('with a neighbour in one bucket only', async () => {
    const options = { noisyNeighbour: { 'ECS cluster resource read': 19 } };
    expect(await throttledShare(10, 120, options)).toBeGreaterThan(0.2);
    const ecs = new ECSClient({ maxAttempts: 1 });
    account.dispatcher.attach(ecs, 'ECS');
    for (let call = 0; call < 50; call++)
      await account.finish(() => ecs.send(new DescribeClustersCommand({})));
  });

  it('whose sizes are parameters where AWS publishes none', async () => {
    const options = { bucketSizes: { 'ECS cluster resource read': { burst: 1, refillPerSecond: 1 } } };
    expect(await throttledShare(10, 20, options)).toBeGreaterThan(0.8);
  });
});

describe('Lambda', () => {
  const runtime = (concurrency: number, faults: Partial<Kernel['faults']> = {}) => {
    account = kernel({ faults });
    const where = { accountId: '111122223333', region: 'eu-west-1' };
    const lambda = new LambdaRuntime({
      clock: account.clock,
      random: account.random,
      faults: account.faults,
      ...where,
      concurrency,
    });
    return lambda;
  };

  it('refuses what exceeds the concurrency of the account, whatever the function', async () => {
    const lambda = runtime(2);
    for (const name of ['one', 'two'])
      lambda.register(name, { handler: () => account.clock.delay(5_000), timeoutSeconds: 60 });

    const answers = await account.finish(() =>
      Promise.allSettled([lambda.invoke('one', {}), lambda.invoke('two', {}), lambda.invoke('one', {})]),
    );
    expect(answers.map((answer) => (answer.status === 'rejected' ? answer.reason.name : 'ok'))).toEqual([
      'ok',
      'ok',
      'Lambda.TooManyRequestsException',
    ]);
    expect(await account.finish(() => lambda.invoke('one', {}))).toBeNull();
  });

  it('keeps a throttled event in its queue and tries again, after 1 s and then ever later', async () => {
    const lambda = runtime(1);
    const begun: number[] = [];
    lambda.register('busy', { handler: () => account.clock.delay(20_000), timeoutSeconds: 60 });
    lambda.register('waits', {
      handler: () => void begun.push(account.clock.elapsedSeconds),
      timeoutSeconds: 60,
    });
    lambda.invokeAsync('busy', {});
    lambda.invokeAsync('waits', {});
    await account.pass(120);

    // 1 + 2 + 4 + 8 s come too early, 16 s more do not.
    expect(begun).toEqual([expect.closeTo(31, 0)]);
    expect(lambda.pending).toBe(0);
  });

  it('gives an event up after six hours of errors of its own', async () => {
    const lambda = runtime(1, { apiError: () => 'ServiceException' });
    const handler = () => {};
    lambda.register('never', { handler, timeoutSeconds: 60 });
    lambda.invokeAsync('never', {});
    await account.pass(5.9 * 3_600);
    expect(lambda.pending).toBe(1);
    await account.pass(1_000);
    expect(lambda.pending).toBe(0);
  });

  it('runs a function that failed twice more, after one minute and after two', async () => {
    const lambda = runtime(10);
    const begun: number[] = [];
    const handler = () => {
      begun.push(account.clock.elapsedSeconds);
      throw new Error('on purpose');
    };
    lambda.register('fails', { handler, timeoutSeconds: 60 });
    lambda.invokeAsync('fails', {});
    await account.pass(600);

    expect(begun.map((second) => Math.round(second / 10))).toEqual([0, 6, 18]);
  });
});
