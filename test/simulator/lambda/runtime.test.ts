import { DescribeClustersCommand, ECSClient } from '@aws-sdk/client-ecs';
import type { Context } from 'aws-lambda';
import { afterEach, describe, expect, it } from 'vitest';
import { currentInvocation } from '../../../simulator/kernel/caller.ts';
import { FunctionError } from '../../../simulator/lambda/errors.ts';
import { type LambdaFunction, LambdaRuntime } from '../../../simulator/lambda/runtime.ts';
import { type Kernel, kernel, START_MS } from '../support/kernel.ts';

let account: Kernel;
afterEach(() => account.close());

function runtime(
  functions: Record<string, LambdaFunction['handler']>,
  timeoutSeconds = 30,
  crashIsUnknown = false,
): LambdaRuntime {
  const lambda = new LambdaRuntime({
    faults: account.faults,
    clock: account.clock,
    random: account.random,
    accountId: '111122223333',
    region: 'eu-west-1',
    crashIsUnknown,
  });
  for (const [name, handler] of Object.entries(functions)) lambda.register(name, { handler, timeoutSeconds });
  return lambda;
}

async function failure(work: Promise<unknown>): Promise<FunctionError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof FunctionError)) throw new Error(`not a function error: ${String(error)}`);
  return error;
}

describe('Lambda', () => {
  it('passes payload and answer through JSON', async () => {
    account = kernel();
    const lambda = runtime({
      echo: async (event: { at: string }) => ({ seen: event, now: new Date(START_MS), nothing: undefined }),
    });
    const answer = await account.finish(() =>
      lambda.invoke('echo', { at: new Date(START_MS), no: undefined }),
    );
    expect(answer).toEqual({ seen: { at: '2026-11-22T12:00:00.000Z' }, now: '2026-11-22T12:00:00.000Z' });
  });

  // AWS Lambda developer guide, lambda-runtime-environment: an environment takes one invocation at a time, is reused for a
  // while, and is reset after a time-out or a process that ends.
  it('keeps environments from one invocation to the next, one at a time, until they die or were idle for long', async () => {
    account = kernel();
    const numbers = new Map<object, number>();
    const environment = () => {
      const used = currentInvocation()?.environment ?? {};
      numbers.set(used, numbers.get(used) ?? numbers.size + 1);
      return numbers.get(used);
    };
    const lambda = runtime({
      work: async ({ seconds }: { readonly seconds: number }) => {
        const at = environment();
        await account.clock.delay(seconds * 1000);
        return at;
      },
      other: async () => environment(),
    });
    const work = (seconds: number) => lambda.invoke('work', { seconds });
    const seen = await account.finish(async () => {
      const alone = [await work(1), await work(1)];
      const together = await Promise.all([work(2), work(2), lambda.invoke('other', {})]);
      await failure(work(60));
      await failure(work(60));
      const afterTimeOuts = await work(1);
      await account.clock.delay(3_600_000);
      return { alone, together, afterTimeOuts, afterAnHour: await work(1) };
    });
    expect(seen).toEqual({ alone: [1, 1], together: [1, 2, 3], afterTimeOuts: 4, afterAnHour: 5 });
  });

  it('answers null when the handler answers nothing', async () => {
    account = kernel();
    const lambda = runtime({ quiet: async () => {} });
    expect(await account.finish(() => lambda.invoke('quiet', {}))).toBeNull();
  });

  it('reports a thrown error by its name, with Lambda’s error JSON and no path of this machine', async () => {
    account = kernel();
    const lambda = runtime({
      assess: async () => {
        throw Object.assign(new Error('the claim is lost'), { name: 'ClaimLost' });
      },
    });
    const error = await account.finish(() => failure(lambda.invoke('assess', {})));
    expect(error.name).toBe('ClaimLost');
    expect(JSON.parse(error.message)).toEqual({
      errorType: 'ClaimLost',
      errorMessage: 'the claim is lost',
      trace: ['ClaimLost: the claim is lost'],
    });
  });

  it('times out in virtual time, and its code never goes on', async () => {
    account = kernel();
    const client = new ECSClient({});
    account.dispatcher.attach(client, 'ECS');
    account.dispatcher.register('ECS', { DescribeClusters: () => ({}) });
    const lambda = runtime(
      {
        slow: async () => {
          await account.clock.delay(60_000);
          await client.send(new DescribeClustersCommand({}));
        },
      },
      3,
    );
    const error = await account.finish(() => failure(lambda.invoke('slow', {})));
    expect(error.name).toBe('Sandbox.Timedout');
    expect(error.payload.errorMessage).toMatch(
      /^RequestId: [0-9a-f-]{36} Error: Task timed out after 3.00 seconds$/,
    );
    expect(account.clock.nowMs - START_MS).toBeLessThan(3_700);
    await account.pass();
    expect(account.observations).toEqual([]);
  });

  it('ends an invocation whose process crashed at once, with an error of the runtime', async () => {
    account = kernel({ faults: { crashesAfterCall: () => true } });
    const client = new ECSClient({});
    account.dispatcher.attach(client, 'ECS');
    account.dispatcher.register('ECS', { DescribeClusters: () => ({}) });
    let wentOn = false;
    const lambda = runtime({
      drain: async () => {
        await client.send(new DescribeClustersCommand({}));
        wentOn = true;
      },
    });
    const error = await account.finish(() => failure(lambda.invoke('drain', {})));
    expect(error.payload.errorType).toBe('Runtime.ExitError');
    expect(['Lambda.Unknown', 'Runtime.ExitError']).toContain(error.name);
    await account.pass();
    expect(wentOn).toBe(false);
  });

  it('reports a crash as Lambda.Unknown or as Runtime.ExitError, whichever reading holds', async () => {
    const names: string[] = [];
    for (const crashIsUnknown of [true, false]) {
      account = kernel({ faults: { crashesAfterCall: () => true } });
      const client = new ECSClient({});
      account.dispatcher.attach(client, 'ECS');
      account.dispatcher.register('ECS', { DescribeClusters: () => ({}) });
      const lambda = runtime(
        { drain: () => client.send(new DescribeClustersCommand({})) },
        30,
        crashIsUnknown,
      );
      names.push((await account.finish(() => failure(lambda.invoke('drain', {})))).name);
      account.close();
    }
    expect(names).toEqual(['Lambda.Unknown', 'Runtime.ExitError']);
  });

  it('gives each invocation a context of its own, with the time that is left', async () => {
    account = kernel();
    const seen: { id: string; left: number }[] = [];
    const lambda = runtime({
      plan: async (_event: unknown, context: Context) => {
        await account.clock.delay(1_000);
        seen.push({ id: context.awsRequestId, left: context.getRemainingTimeInMillis() });
      },
    });
    await account.finish(() => Promise.all([lambda.invoke('plan', {}), lambda.invoke('plan', {})]));
    expect(seen.map(({ left }) => left)).toEqual([29_000, 29_000]);
    expect(seen[0]?.id).not.toBe(seen[1]?.id);
  });

  it('refuses an answer over 6 MB', async () => {
    account = kernel();
    const lambda = runtime({ big: async () => 'x'.repeat(6_291_556) });
    expect((await account.finish(() => failure(lambda.invoke('big', {})))).name).toBe(
      'Function.ResponseSizeTooLarge',
    );
  });

  it('tries an asynchronous invocation three times, after one and two minutes, with one request id', async () => {
    account = kernel();
    const tries: { at: number; id: string }[] = [];
    const lambda = runtime({
      trigger: async (_event: unknown, context: Context) => {
        tries.push({ at: Math.round((account.clock.nowMs - START_MS) / 1000), id: context.awsRequestId });
        throw new Error('no');
      },
    });
    lambda.invokeAsync('trigger', { id: 1 });
    expect(lambda.pending).toBe(1);
    await account.pass();
    expect(tries).toHaveLength(3);
    expect((tries[1]?.at ?? 0) - (tries[0]?.at ?? 0)).toBeCloseTo(60, -1);
    expect((tries[2]?.at ?? 0) - (tries[1]?.at ?? 0)).toBeCloseTo(120, -1);
    expect(new Set(tries.map(({ id }) => id)).size).toBe(1);
    expect(lambda.pending).toBe(0);
  });

  it('fails with Lambda’s own error when the invocation does not get through', async () => {
    account = kernel({ faults: { apiError: () => 'TooManyRequestsException' } });
    let ran = false;
    const lambda = runtime({
      plan: async () => {
        ran = true;
      },
    });
    const error = await account.finish(() => failure(lambda.invoke('plan', {})));
    expect([error.name, ran]).toEqual(['Lambda.TooManyRequestsException', false]);
  });

  it('may lose the answer of a function that did its work', async () => {
    account = kernel({ faults: { losesResponse: (operation) => operation === 'Lambda.Invoke' } });
    let ran = false;
    const lambda = runtime({
      plan: async () => {
        ran = true;
      },
    });
    const failed: string[] = [];
    lambda.onFailure((name, _payload, error) => failed.push(`${name}: ${error.name}`));
    const error = await account.finish(() => failure(lambda.invoke('plan', {})));
    expect([error.name, ran]).toEqual(['Lambda.SdkClientException', true]);
    expect(failed).toEqual(['plan: Lambda.SdkClientException']);
  });

  it('tells who listens what was answered, and counts the bill', async () => {
    account = kernel();
    const lambda = runtime({ assess: async () => ({ next: 'drain' }) });
    const told: unknown[] = [];
    lambda.onAnswer((name, payload, answer) => told.push([name, payload, answer]));
    await account.finish(() => lambda.invoke('assess', { tick: 1 }));
    expect(told).toEqual([['assess', { tick: 1 }, { next: 'drain' }]]);
    expect(lambda.cost.invocations).toBe(1);
    expect(lambda.cost.gbSeconds).toBeGreaterThan(0);
  });
});
