import {
  ECSClient,
  StopTaskCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateContainerInstancesStateCommand,
} from '@aws-sdk/client-ecs';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { readRun } from '../functions/aws/ledger/runs.ts';
import { handler } from '../functions/drain.ts';
import { fakeLedger } from './support/fake-ledger.ts';
import { lambdaContext } from './support/lambda-context.ts';
import { begin, loseClaim, state } from './support/run.ts';

const ecs = mockClient(ECSClient);
const ledger = fakeLedger();
const host = (n: number) => ({
  instanceId: `i-0${n}`,
  containerInstanceArn: `arn:aws:ecs:eu-west-1:111122223333:container-instance/prod/${n}`,
  reason: 'outdated',
});
const hosts = (count: number) => Array.from({ length: count }, (_, n) => host(n));
const updates = () =>
  ecs.commandCalls(UpdateContainerInstancesStateCommand).map((call) => call.args[0].input);

describe('drain', () => {
  beforeEach(async () => {
    ecs.reset();
    ledger.reset();
    await begin(ledger.table, {
      hosts: ['i-00', 'i-01'].map((instanceId) => ({ instanceId, role: 'outdated' as const })),
    });
    ecs.on(UpdateContainerInstancesStateCommand).callsFake(({ containerInstances }) => ({
      containerInstances: containerInstances.map((containerInstanceArn: string) => ({
        containerInstanceArn,
      })),
    }));
    ecs.on(StopTaskCommand).resolves({});
  });

  it('asks for at most ten hosts a call', async () => {
    await handler({ ...state, step: { ...state.step, drain: hosts(23) } }, lambdaContext);

    expect(updates().map((input) => input.containerInstances?.length)).toEqual([10, 10, 3]);
    expect(updates().map((input) => input.status)).toEqual(['DRAINING', 'DRAINING', 'DRAINING']);
  });

  it('sets hosts back to ACTIVE before it drains others', async () => {
    await handler(
      { ...state, step: { ...state.step, drain: [host(1)], activate: [host(2)] } },
      lambdaContext,
    );

    expect(updates().map((input) => input.status)).toEqual(['ACTIVE', 'DRAINING']);
  });

  it('goes on although AWS refused a host in an answer that succeeded', async () => {
    ecs.on(UpdateContainerInstancesStateCommand).resolves({ failures: [{ arn: 'x/1', reason: 'INACTIVE' }] });

    const answer = await handler({ ...state, step: { ...state.step, drain: [host(1)] } }, lambdaContext);

    expect(answer.next).toBe('wait');
  });

  it('writes down what ECS refuses to drain, with its word, once for each step', async () => {
    const failures = [{ arn: host(1).containerInstanceArn, reason: 'MISSING' }];
    ecs.on(UpdateContainerInstancesStateCommand).resolves({ failures });
    const step = (id: string) => ({ ...state, step: { ...state.step, id, drain: [host(0), host(1)] } });
    for (const id of ['one', 'one', 'two']) await handler(step(id), lambdaContext);

    const run = await readRun(ledger.table, 'run-1');
    const remembered = new Map(run?.memory?.hosts.map((one) => [one.instanceId, one.drainRefused]));
    expect(remembered.get('i-01')).toMatchObject({ count: 2, reason: 'MISSING' });
    expect(remembered.get('i-00')).toBeUndefined();
  });

  it('verifies the claim before every call, so a run that loses it half-way stops there', async () => {
    ecs.on(UpdateContainerInstancesStateCommand).callsFake(async () => {
      await loseClaim(ledger.table);
      return {};
    });

    await expect(
      handler({ ...state, step: { ...state.step, drain: hosts(20) } }, lambdaContext),
    ).rejects.toMatchObject({ name: 'ClaimLost' });
    expect(updates()).toHaveLength(1);
  });

  it('does the same again at a second delivery', async () => {
    const input = { ...state, step: { ...state.step, drain: [host(1)] } };
    await handler(input, lambdaContext);
    await handler(input, lambdaContext);

    expect(updates()[0]).toEqual(updates()[1]);
  });

  describe('tags for protected tasks', () => {
    const { reason: _, ...asked } = host(1);
    const quiesce = [{ ...asked, untilMs: Date.parse('2026-11-23T00:00:00.400Z') }];
    const endQuiesce = [{ ...asked, ...host(2) }];
    const withTags = { ...state, step: { ...state.step, quiesce, endQuiesce } };
    const tagged = () => ecs.commandCalls(TagResourceCommand).map((call) => call.args[0].input);
    const untagged = () => ecs.commandCalls(UntagResourceCommand).map((call) => call.args[0].input);

    it('say until when the host stays, and are taken away where it stays for good', async () => {
      await handler(withTags, lambdaContext);

      const tags = [{ key: 'rollover:quiesce', value: '2026-11-23T00:00:00Z' }];
      expect(tagged()).toEqual([{ resourceArn: host(1).containerInstanceArn, tags }]);
      expect(untagged()).toEqual([
        { resourceArn: host(2).containerInstanceArn, tagKeys: ['rollover:quiesce'] },
      ]);
    });

    it.each(['ResourceNotFoundException', 'InvalidParameterException', 'AccessDeniedException'])(
      'fail no run: the host is gone, or a policy of the organization forbids them (%s)',
      async (name) => {
        const refusal = Object.assign(new Error('no'), { name });
        ecs.on(TagResourceCommand).rejects(refusal);
        ecs.on(UntagResourceCommand).rejects(refusal);

        await expect(handler(withTags, lambdaContext)).resolves.toMatchObject({ next: 'wait' });
        expect(untagged()).toHaveLength(1);
      },
    );

    it('are tried again by the machine after any other failure', async () => {
      ecs.on(TagResourceCommand).rejects(Object.assign(new Error('oh'), { name: 'ServerException' }));

      await expect(handler(withTags, lambdaContext)).rejects.toThrow('oh');
    });

    it('are set and taken away under the claim alone', async () => {
      ecs.on(TagResourceCommand).callsFake(async () => {
        await loseClaim(ledger.table);
        return {};
      });

      await expect(handler(withTags, lambdaContext)).rejects.toMatchObject({ name: 'ClaimLost' });
      expect(untagged()).toEqual([]);
    });
  });

  it('stops the tasks that were opted into force, saying who and why', async () => {
    const stopTasks = [{ taskArn: 'arn:task/1', reason: 'standaloneTasks is stop' }];
    await handler({ ...state, step: { ...state.step, stopTasks } }, lambdaContext);

    expect(ecs.commandCalls(StopTaskCommand)[0]?.args[0].input).toMatchObject({
      task: 'arn:task/1',
      reason: 'ecs-rollover: standaloneTasks is stop',
    });
  });
});
