import { DescribeClustersCommand, ECSClient, ListClustersCommand, RunTaskCommand } from '@aws-sdk/client-ecs';
import { afterEach, describe, expect, it } from 'vitest';
import { awsError } from '../../../simulator/kernel/aws-error.ts';
import { asCaller, runInvocation } from '../../../simulator/kernel/caller.ts';
import type { CallObservation } from '../../../simulator/observation.ts';
import { type Kernel, kernel, START_MS } from '../support/kernel.ts';

let account: Kernel;
afterEach(() => account.close());

function clientOf(behind: Kernel, options: { maxAttempts?: number } = {}): ECSClient {
  const client = new ECSClient(options);
  behind.dispatcher.attach(client, 'ECS');
  return client;
}

function answers(): string[] {
  return account.observations
    .filter((seen): seen is CallObservation & { atMs: number } => seen.kind === 'call')
    .map((seen) => `${seen.function} ${seen.operation} ${seen.answer}`);
}

describe('dispatch', () => {
  it('answers with output objects, so that Dates are Dates', async () => {
    account = kernel();
    account.dispatcher.register('ECS', {
      DescribeClusters: () => ({ clusters: [{ at: new Date(START_MS) }] }),
    });
    const output = await account.finish(() => clientOf(account).send(new DescribeClustersCommand({})));
    expect(output.clusters).toEqual([{ at: new Date(START_MS) }]);
    expect(output.$metadata).toMatchObject({ httpStatusCode: 200, attempts: 1 });
  });

  it('costs virtual time for each call', async () => {
    account = kernel();
    account.dispatcher.register('ECS', { DescribeClusters: () => ({}) });
    await account.finish(() => clientOf(account).send(new DescribeClustersCommand({})));
    expect(account.clock.nowMs - START_MS).toBeGreaterThanOrEqual(15);
    expect(account.clock.nowMs - START_MS).toBeLessThanOrEqual(90);
  });

  it('hands out copies: a caller who writes into an answer changes nothing in the account', async () => {
    account = kernel();
    const truth = { clusters: [{ clusterName: 'prod', tags: [{ key: 'a' }] }] };
    account.dispatcher.register('ECS', { DescribeClusters: () => truth });
    const output = await account.finish(() => clientOf(account).send(new DescribeClustersCommand({})));
    (output.clusters?.[0]?.tags?.[0] as { key: string }).key = 'changed';
    expect(truth.clusters[0]?.tags[0]?.key).toBe('a');
  });

  it('names the command that it does not model, and does not retry it', async () => {
    account = kernel();
    await expect(
      account.finish(() => clientOf(account).send(new ListClustersCommand({}))),
    ).rejects.toMatchObject({
      name: 'NotSimulated',
      message: expect.stringContaining('ECS.ListClusters'),
    });
    expect(answers()).toEqual(['outside ECS.ListClusters NotSimulated']);
  });

  it('throws errors that the SDK classes recognise', async () => {
    account = kernel();
    account.dispatcher.register('ECS', {
      DescribeClusters: () => {
        throw awsError('ClusterNotFoundException', 'Cluster not found.');
      },
    });
    const { ClusterNotFoundException } = await import('@aws-sdk/client-ecs');
    const error = await account
      .finish(() => clientOf(account).send(new DescribeClustersCommand({})))
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ClusterNotFoundException);
    expect(error).toMatchObject({ name: 'ClusterNotFoundException', $metadata: { httpStatusCode: 400 } });
  });

  it('lets the SDK retry a throttled call, in virtual time', async () => {
    let left = 2;
    account = kernel({ faults: { apiError: () => (left-- > 0 ? 'ThrottlingException' : undefined) } });
    account.dispatcher.register('ECS', { DescribeClusters: () => ({ clusters: [] }) });
    await account.finish(() => clientOf(account).send(new DescribeClustersCommand({})));
    expect(answers().map((line) => line.split(' ')[2])).toEqual([
      'ThrottlingException',
      'ThrottlingException',
      'ok',
    ]);
  });

  it('gives up after the client has used its attempts, with the error of the service', async () => {
    account = kernel({ faults: { apiError: () => 'ServerException' } });
    account.dispatcher.register('ECS', { DescribeClusters: () => ({}) });
    await expect(
      account.finish(() => clientOf(account, { maxAttempts: 4 }).send(new DescribeClustersCommand({}))),
    ).rejects.toMatchObject({ name: 'ServerException', $metadata: { httpStatusCode: 500, attempts: 4 } });
    expect(answers()).toHaveLength(4);
  });

  it('throttles when the documented bucket of cluster resource reads (100, 20 a second) is empty', async () => {
    account = kernel();
    account.dispatcher.register('ECS', { DescribeTasks: () => ({}), ListTasks: () => ({}) });
    const { DescribeTasksCommand, ListTasksCommand } = await import('@aws-sdk/client-ecs');
    const client = clientOf(account, { maxAttempts: 1 });
    const results = await account.finish(() =>
      Promise.allSettled(
        Array.from({ length: 120 }, (_, at) =>
          at % 2
            ? client.send(new DescribeTasksCommand({ tasks: ['t'] }))
            : client.send(new ListTasksCommand({})),
        ),
      ),
    );
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused.length).toBeGreaterThanOrEqual(15);
    expect(refused.length).toBeLessThanOrEqual(20);
    expect(refused[0]).toMatchObject({ reason: { name: 'ThrottlingException' } });
    expect(account.dispatcher.counts.throttled).toBe(refused.length);
  });

  it('lets a noisy neighbour drink from the same bucket', async () => {
    const refusedWith = async (neighbour: Record<string, number>) => {
      account = kernel({ noisyNeighbour: neighbour });
      account.dispatcher.register('ECS', { RunTask: () => ({}) });
      const client = clientOf(account, { maxAttempts: 1 });
      let refused = 0;
      await account.finish(async () => {
        for (let at = 0; at < 300; at++) {
          await client.send(new RunTaskCommand({ taskDefinition: 't' })).catch(() => refused++);
        }
      });
      account.close();
      return refused;
    };
    expect(await refusedWith({})).toBe(0);
    expect(await refusedWith({ 'ECS cluster resource modify': 38 })).toBeGreaterThan(50);
  });

  it('loses an answer after the effect: the SDK sends a mutation again and the effect happens twice', async () => {
    let left = 1;
    let effects = 0;
    account = kernel({ faults: { losesResponse: () => left-- > 0 } });
    account.dispatcher.register('ECS', { RunTask: () => ({ tasks: [{ taskArn: `${++effects}` }] }) });
    const output = await account.finish(() =>
      clientOf(account).send(new RunTaskCommand({ taskDefinition: 't' })),
    );
    expect(effects).toBe(2);
    expect(output.tasks?.[0]?.taskArn).toBe('2');
    expect(answers()).toEqual(['outside ECS.RunTask lost', 'outside ECS.RunTask ok']);
  });

  it('counts calls as made by the function around them', async () => {
    account = kernel();
    account.dispatcher.register('ECS', {
      DescribeClusters: (_input, call) => ({ clusters: [], by: call.actor }),
    });
    const client = clientOf(account);
    const output = await account.finish(() =>
      asCaller('drain', () => client.send(new DescribeClustersCommand({}))),
    );
    expect(output).toMatchObject({ by: { kind: 'function', name: 'drain' } });
    expect(answers()).toEqual(['drain ECS.DescribeClusters ok']);
  });

  it('never lets the code of a crashed invocation go on', async () => {
    account = kernel({ faults: { crashesAfterCall: (name, calls) => name === 'drain' && calls === 2 } });
    account.dispatcher.register('ECS', { DescribeClusters: () => ({}) });
    const client = clientOf(account);
    const steps: string[] = [];
    const invocation = { functionName: 'drain', calls: 0, dead: false, onCrash: () => steps.push('crash') };
    void runInvocation(invocation, async () => {
      for (const step of ['first', 'second', 'third']) {
        await client.send(new DescribeClustersCommand({}));
        steps.push(step);
      }
    });
    await account.pass(60);
    expect(steps).toEqual(['first', 'crash']);
    expect(answers()).toHaveLength(2);
  });

  it('fails no other call when one is refused by the SDK before it leaves', async () => {
    account = kernel();
    account.dispatcher.register('ECS', { DescribeClusters: () => ({ clusters: [] }) });
    const client = clientOf(account);
    client.middlewareStack.add(
      (next, context) => async (args) => {
        if ((context as { commandName?: string }).commandName === 'ListClustersCommand')
          throw new Error('no');
        return next(args);
      },
      { step: 'serialize' },
    );
    const [bad, good] = await account.finish(() =>
      Promise.allSettled([
        client.send(new ListClustersCommand({})),
        client.send(new DescribeClustersCommand({})),
      ]),
    );
    expect([bad.status, good.status]).toEqual(['rejected', 'fulfilled']);
  });

  it('ends the run when an operation of the account is defective', async () => {
    account = kernel();
    account.dispatcher.register('ECS', {
      DescribeClusters: () => {
        throw new TypeError('a defect');
      },
    });
    const client = clientOf(account);
    await expect(
      account.finish(() =>
        client.send(new DescribeClustersCommand({})).catch(() => account.clock.delay(1000)),
      ),
    ).rejects.toThrow('a defect');
  });

  it('lets reads lag, writes never, and more so while reads are stale', async () => {
    let stale = 0;
    account = kernel({ faults: { staleMs: () => stale } });
    const lags: Record<string, number[]> = { read: [], write: [] };
    account.dispatcher.register('ECS', {
      DescribeClusters: (_input, call) => void lags.read?.push(call.lagMs),
      RunTask: (_input, call) => void lags.write?.push(call.lagMs),
    });
    const client = clientOf(account);
    const calls = () =>
      account.finish(async () => {
        for (let at = 0; at < 30; at++) {
          await client.send(new DescribeClustersCommand({}));
          await client.send(new RunTaskCommand({ taskDefinition: 't' }));
        }
      });
    await calls();
    expect(Math.max(...(lags.read ?? []))).toBeGreaterThan(100);
    expect(Math.max(...(lags.read ?? []))).toBeLessThanOrEqual(1_500);
    expect(lags.read).toContain(0);
    stale = 30_000;
    lags.read = [];
    await calls();
    expect(Math.min(...lags.read)).toBeGreaterThanOrEqual(30_000);
    expect(Math.max(...(lags.write ?? []))).toBe(0);
  });

  it('is taken away again by what attach returned', async () => {
    account = kernel();
    const client = new ECSClient({});
    account.dispatcher.attach(client, 'ECS')();
    expect(client.middlewareStack.identify().join()).not.toContain('embeddedAccount');
  });

  it('gives the same calls at the same times for the same seed', async () => {
    const run = async () => {
      account = kernel({ seed: 7, faults: {} });
      account.dispatcher.register('ECS', { DescribeClusters: (_input, call) => ({ lag: call.lagMs }) });
      const client = clientOf(account);
      const outputs = await account.finish(() =>
        Promise.all(Array.from({ length: 45 }, () => client.send(new DescribeClustersCommand({})))),
      );
      const log = JSON.stringify([outputs.map((o) => (o as { lag?: number }).lag), account.observations]);
      account.close();
      return log;
    };
    expect(await run()).toBe(await run());
  });
});
