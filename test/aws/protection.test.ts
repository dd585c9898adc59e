import { ECSClient, GetTaskProtectionCommand } from '@aws-sdk/client-ecs';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { beginAsNewContainer } from '../../functions/aws/container-memory.ts';
import { readProtection } from '../../functions/aws/facts/protection.ts';
import type { FactScope } from '../../functions/aws/facts/read-facts.ts';

const ecs = mockClient(ECSClient);
const UNTIL = new Date('2026-11-23T13:00:00Z');
const containers = ['old', 'new', 'draining'].map((id) => ({
  containerInstanceArn: `arn:ci/${id}`,
  ec2InstanceId: `i-${id}`,
  status: id === 'draining' ? 'DRAINING' : 'ACTIVE',
}));
const tasks = ['old', 'new', 'draining'].map((id) => ({
  taskArn: `arn:task/${id}`,
  containerInstanceArn: `arn:ci/${id}`,
  group: 'service:web',
  lastStatus: 'RUNNING',
}));

describe('the protection that a look asks for', () => {
  beforeEach(() => {
    beginAsNewContainer();
    ecs.reset();
    ecs.on(GetTaskProtectionCommand).callsFake(({ tasks: arns }: { readonly tasks: readonly string[] }) => ({
      protectedTasks: arns.map((taskArn) => ({ taskArn, protectionEnabled: true, expirationDate: UNTIL })),
    }));
  });

  const read = (look: FactScope['look'], isLarge = false) => {
    const hosts = ['old', 'draining'].map((id) => ({ instanceId: `i-${id}`, role: 'outdated' }));
    const scope = { look, memory: { hosts, daemonsAtPlan: [] } } as unknown as FactScope;
    return readProtection(ecs as unknown as ECSClient, 'prod', scope, containers, tasks, isLarge);
  };

  it('is that of tasks on outdated hosts that are ACTIVE, and of no others is it known', async () => {
    expect(await read('tick')).toEqual({
      untilMs: new Map([['arn:task/old', UNTIL.getTime()]]),
      askedOn: new Set(['i-old']),
    });
  });

  it('is that of all tasks for a plan', async () => {
    const { askedOn, untilMs } = await read('whole');
    expect([...askedOn]).toEqual(['i-old', 'i-new', 'i-draining']);
    expect(untilMs.size).toBe(3);
  });

  it('is of no host whole in a large cluster: what was protected when last seen is asked for alone', async () => {
    expect(await read('tick', true)).toEqual({ untilMs: new Map(), askedOn: new Set() });
    await read('whole', true);
    expect(await read('tick', true)).toEqual({
      untilMs: new Map([['arn:task/old', UNTIL.getTime()]]),
      askedOn: new Set(),
    });
  });
});
