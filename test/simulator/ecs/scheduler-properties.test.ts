import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HostRecord } from '../../../simulator/ecs/records.ts';
import { type FakeAccount, fakeAccount } from './fake-account.ts';
import { type AccountSpec, ZONES } from './fake-capture.ts';

const HOSTS = ['i-1', 'i-2', 'i-3', 'i-4', 'i-5', 'i-6'];

const service = fc.record({
  desired: fc.integer({ min: 0, max: 8 }),
  min: fc.constantFrom(0, 50, 75, 100),
  max: fc.constantFrom(100, 110, 150, 200),
  targetGroup: fc.boolean(),
  networkMode: fc.constantFrom('bridge' as const, 'awsvpc' as const),
  strategy: fc.constantFrom(
    [],
    [{ type: 'binpack' as const, field: 'memory' }],
    [{ type: 'random' as const }],
  ),
  distinct: fc.boolean(),
});

const scene = fc.record({
  seed: fc.nat(1000),
  services: fc.array(service, { minLength: 1, maxLength: 4 }),
  steps: fc.array(
    fc.record({
      host: fc.constantFrom(...HOSTS),
      what: fc.constantFrom('drain', 'active', 'disconnect', 'exit', 'scale', 'deploy', 'stop'),
      seconds: fc.integer({ min: 1, max: 400 }),
    }),
    { maxLength: 12 },
  ),
});

type Scene = typeof scene extends fc.Arbitrary<infer T> ? T : never;

function specOf({ seed, services }: Scene): AccountSpec {
  return {
    seed,
    hosts: HOSTS.map((id, at) => ({ id, zone: ZONES[at % 3] as string })),
    services: [
      { name: 'agent', desired: 6, schedulingStrategy: 'DAEMON', on: HOSTS },
      ...services.map(({ desired, min, max, targetGroup, networkMode, strategy, distinct }, at) => ({
        name: `s${at}`,
        desired,
        min,
        max,
        targetGroup,
        on: [],
        definition: { networkMode },
        placementStrategy: [...strategy],
        placementConstraints: distinct ? [{ type: 'distinctInstance' as const }] : [],
      })),
    ],
  };
}

/** What must hold at any moment, whatever was done. */
function check(account: FakeAccount): void {
  for (const truth of account.ecs.containerInstances()) {
    const host = truth as HostRecord;
    const running = [...host.tasks].filter((task) => task.desiredStatus === 'RUNNING');
    expect(host.claimed.cpu).toBe(running.reduce((sum, task) => sum + task.cpu, 0));
    expect(host.claimed.cpu).toBeLessThanOrEqual(host.registered.cpu);
    expect(host.held.cpu).toBe([...host.tasks].reduce((sum, task) => sum + (task.begun ? task.cpu : 0), 0));
    expect(host.held.cpu).toBeLessThanOrEqual(host.registered.cpu);
    expect(host.enisInUse).toBe([...host.tasks].filter((task) => task.definition.needs.eni).length);
    expect(host.enisInUse).toBeLessThanOrEqual(host.registered.enis);
    const daemons = running.filter((task) => task.daemon);
    expect(daemons.length).toBeLessThanOrEqual(1);
  }
  for (const truth of account.ecs.services()) {
    const tasks = account.tasksOf(truth.serviceName);
    expect(truth.healthy).toBe(tasks.filter((task) => task.healthy).length);
    for (const task of tasks) if (task.desiredStatus === 'STOPPED') expect(task.cause).not.toBeNull();
  }
}

describe('the schedulers of ECS, whatever happens', () => {
  it('keep every count true, every host within its size, and each drain within the lower limit', async () => {
    await fc.assert(
      fc.asyncProperty(scene, async (generated) => {
        const account = fakeAccount(specOf(generated));
        const { ecs } = account;
        try {
          await account.pass(900);
          for (const { host, what, seconds } of generated.steps) {
            const before = new Map(
              ecs.services().map((each) => [each.serviceName, Math.min(each.healthy, lowerOf(each))]),
            );
            if (what === 'drain') account.drain(host);
            else if (what === 'active') ecs.setStatus(host, 'ACTIVE', { kind: 'fault', name: 'somebody' });
            else if (what === 'disconnect') ecs.disconnectAgent(host, seconds);
            else if (what === 'exit') ecs.endTask({ service: 's0' }, 1);
            else if (what === 'scale') ecs.scaleService('s0', seconds % 9);
            else if (what === 'deploy') ecs.deployService('s0', true);
            else
              for (const { taskArn } of ecs.tasksOn(host).slice(0, 1))
                account.call('StopTask', { task: taskArn });
            for (let passed = 0; passed < seconds; passed += 20) {
              await account.pass(20);
              check(account);
              if (what !== 'drain') continue;
              for (const each of ecs.services())
                if (each.schedulingStrategy === 'REPLICA')
                  expect(each.healthy).toBeGreaterThanOrEqual(before.get(each.serviceName) ?? 0);
            }
          }
        } finally {
          account.clock.uninstall();
        }
      }),
      { numRuns: 30, seed: 20_261_122 },
    );
  });
});

function lowerOf(service: { readonly desired: number; readonly minimumHealthyPercent: number }): number {
  return Math.ceil((service.desired * service.minimumHealthyPercent) / 100);
}
