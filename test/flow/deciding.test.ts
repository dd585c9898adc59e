import { ECSClient, GetTaskProtectionCommand } from '@aws-sdk/client-ecs';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { beginAsNewContainer } from '../../functions/aws/container-memory.ts';
import type { World } from '../../functions/aws/facts/read-facts.ts';
import { decide } from '../../functions/core/decide.ts';
import type { Facts } from '../../functions/core/facts.ts';
import type { Plan } from '../../functions/core/plan.ts';
import type { Settings } from '../../functions/core/settings.ts';
import type { Step } from '../../functions/core/step.ts';
import { decideOnDrains } from '../../functions/flow/deciding.ts';

vi.mock('../../functions/core/decide.ts');

const NOW_MS = Date.parse('2026-11-22T12:00:00Z');
const HOSTS_A_STEP = 2;
const ecs = mockClient(ECSClient);
const protectedTasks = new Set<string>();

/** Each host with one task; a decision drains the first two of those that nothing protects. `asked`: hosts of the look's. */
function worldOf(hosts: number, asked: readonly number[] = []): World {
  const protectionAskedOn = new Set(asked.map((n) => `i-${n}`));
  const tasks = Array.from({ length: hosts }, (_, n) => ({
    taskArn: `t-${n}`,
    taskClass: 'replica',
    serviceName: 'api',
    instanceId: `i-${n}`,
    lastStatus: 'RUNNING',
  }));
  return {
    facts: { clusterName: 'prod', tasks } as unknown as Facts,
    tasks: [],
    targets: new Map(),
    protectionAskedOn,
  };
}

async function drains(world: World): Promise<{ drained: string[]; remembered: string[] }> {
  const { step } = await decideOnDrains(world, {} as Plan, {} as Settings, NOW_MS);
  return {
    drained: step.drain.map((host) => host.instanceId),
    remembered: step.remember.hosts.map((host) => host.instanceId),
  };
}

describe('a decision to drain', () => {
  beforeEach(() => {
    beginAsNewContainer();
    protectedTasks.clear();
    ecs.reset();
    ecs.on(GetTaskProtectionCommand).callsFake(({ tasks }: { readonly tasks: readonly string[] }) => ({
      protectedTasks: tasks.map((taskArn) => ({
        taskArn,
        protectionEnabled: protectedTasks.has(taskArn),
        ...(protectedTasks.has(taskArn) && { expirationDate: new Date(NOW_MS + 3_600_000) }),
      })),
    }));
    vi.mocked(decide).mockImplementation(({ tasks }) => {
      const free = tasks.filter((task) => task.protectedUntilMs === undefined).slice(0, HOSTS_A_STEP);
      const hosts = free.map(({ instanceId }) => ({ instanceId }));
      return { drain: hosts, remember: { hosts, groups: [], services: [] } } as unknown as Step;
    });
  });

  it('on a large cluster asks for the protection of what it drains, and of nothing else', async () => {
    expect((await drains(worldOf(500))).drained).toEqual(['i-0', 'i-1']);
    expect(ecs.commandCalls(GetTaskProtectionCommand).map((call) => call.args[0].input.tasks)).toEqual([
      ['t-0', 't-1'],
    ]);
  });

  it('leaves hosts with protected tasks and takes the next', async () => {
    protectedTasks.add('t-0');
    expect((await drains(worldOf(500))).drained).toEqual(['i-1', 'i-2']);
  });

  it('drains no host that was not asked for, however many turn out to be protected', async () => {
    for (let n = 0; n < 400; n += 1) protectedTasks.add(`t-${n}`);
    expect(await drains(worldOf(500))).toEqual({ drained: [], remembered: [] });
  });

  it('asks for that of hosts which the look did not ask for', async () => {
    expect((await drains(worldOf(3, [1, 2]))).drained).toEqual(['i-0', 'i-1']);
    expect(ecs.commandCalls(GetTaskProtectionCommand).map((call) => call.args[0].input.tasks)).toEqual([
      ['t-0'],
    ]);
  });

  it('leaves a host that the look did not ask for with its protected task', async () => {
    protectedTasks.add('t-0');
    expect((await drains(worldOf(3, [1, 2]))).drained).toEqual(['i-1', 'i-2']);
  });
});
