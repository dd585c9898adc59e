/** A run whose last look failed: `restore` takes back what protected tasks were asked. */
import {
  DescribeContainerInstancesCommand,
  ECSClient,
  ListContainerInstancesCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-ecs';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { readRun } from '../../functions/aws/ledger/runs.ts';
import type { HostMemory } from '../../functions/core/memory.ts';
import { takeQuiesceBack } from '../../functions/flow/quiesce-over.ts';
import { fakeLedger } from '../support/fake-ledger.ts';
import { begin, memory, state } from '../support/run.ts';

const ecs = mockClient(ECSClient);
const eventBridge = mockClient(EventBridgeClient);
const ledger = fakeLedger();
const arnOf = (id: string) => `arn:aws:ecs:eu-west-1:111122223333:container-instance/prod/${id}`;
const quiesce = { askedAtMs: 1, taskArns: ['arn:task/w'] };
const asked = (instanceId: string, over: Partial<HostMemory> = {}): HostMemory => ({
  instanceId,
  role: 'outdated',
  quiesce,
  ...over,
});

const told = () =>
  eventBridge
    .commandCalls(PutEventsCommand)
    .map((call) => JSON.parse(call.args[0].input.Entries?.[0]?.Detail ?? ''));
const untagged = () => ecs.commandCalls(UntagResourceCommand).map((call) => call.args[0].input.resourceArn);
let fences = 0;
const takeBack = async (hosts: readonly HostMemory[]) => {
  await begin(ledger.table, { hosts });
  return takeQuiesceBack(ledger.table, state, { ...memory, hosts }, async () => {
    fences += 1;
  });
};

describe('what protected tasks were asked', () => {
  beforeEach(() => {
    ecs.reset();
    eventBridge.reset();
    ledger.reset();
    fences = 0;
    ecs.on(ListContainerInstancesCommand).callsFake(({ filter }) => ({
      containerInstanceArns: [...filter.matchAll(/i-\w+/g)].map(([id]) => arnOf(id)),
    }));
    ecs.on(DescribeContainerInstancesCommand).callsFake(({ containerInstances, include }) => ({
      containerInstances: containerInstances.map((containerInstanceArn: string) => ({
        containerInstanceArn,
        tags:
          include?.includes('TAGS') && !containerInstanceArn.endsWith('i-0bare')
            ? [{ key: 'rollover:quiesce', value: 'soon' }]
            : [],
      })),
    }));
  });

  it('is taken back by event and by tag, under the claim, and remembered', async () => {
    expect(await takeBack([asked('i-01')])).toEqual([]);

    expect(told()).toMatchObject([
      { kind: 'quiesce-over', detail: { instanceId: 'i-01', taskArns: ['arn:task/w'] } },
    ]);
    expect(untagged()).toEqual([arnOf('i-01')]);
    expect(fences).toBe(1);
    const run = await readRun(ledger.table, 'run-1');
    expect(
      run?.memory?.hosts.find(({ instanceId }) => instanceId === 'i-01')?.quiesce?.overAtMs,
    ).toBeDefined();
  });

  it('is not said twice, and the tag of an act that failed goes all the same', async () => {
    await takeBack([asked('i-01', { quiesce: { ...quiesce, overAtMs: 2 } }), asked('i-0bare')]);

    expect(told().map(({ detail }) => detail.instanceId)).toEqual(['i-0bare']);
    expect(untagged()).toEqual([arnOf('i-01')]);
  });

  it('stands for hosts that go; where nobody was asked nothing is read', async () => {
    await takeBack([asked('i-01', { goneSinceMs: 3 }), asked('i-02', { terminateIntentMs: 3 })]);
    await takeBack([{ instanceId: 'i-03', role: 'outdated' }]);

    expect(ecs.calls()).toEqual([]);
    expect(told()).toEqual([]);
  });

  it('that stays because our role may not untag is told to people', async () => {
    ecs.on(UntagResourceCommand).rejects(Object.assign(new Error('no'), { name: 'AccessDeniedException' }));

    const [problem] = await takeBack([asked('i-01')]);
    expect(problem).toMatch(/rollover:quiesce stays: .*i-01: AccessDeniedException/);
  });
});
