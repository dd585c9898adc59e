/**
 * What AWS documents of managed termination protection and managed draining.
 * `DG` is the Amazon ECS developer guide, `API` its API reference, `CAS blog` the AWS containers blog,
 * deep-dive-on-amazon-ecs-cluster-auto-scaling.
 */
import { afterEach, describe, expect, it } from 'vitest';
import {
  hostsOf,
  MINUTE,
  PLAIN,
  type ProvidedAccount,
  type ProvidedSpec,
  providedAccount,
  SCALED,
  service,
} from '../ecs/provided-account.ts';

let account: ProvidedAccount;
afterEach(() => account?.clock.uninstall());

const start = (spec: ProvidedSpec) => {
  account = providedAccount(spec);
  return account;
};

describe('managed termination protection', () => {
  const protecting = { one: { ...SCALED, managedTerminationProtection: 'ENABLED' } } as const;
  const daemon = {
    name: 'agent',
    desired: 2,
    schedulingStrategy: 'DAEMON' as const,
    on: ['i-one-0', 'i-one-1'],
  };

  // DG managed-termination-protection: "When all non-daemon tasks are stopped on an instance, … turns off … protection".
  it('comes off a host when the last of its tasks that is no daemon has stopped', async () => {
    start({
      providers: protecting,
      hosts: hostsOf('one', 2),
      services: [service(1, { on: ['i-one-0'] }), daemon],
      readings: { daemonsKeepProtection: false },
    });
    await account.pass(MINUTE);
    expect([...account.protectedHosts]).toEqual(['i-one-0']);
    account.call('UpdateService', { service: 'web', desiredCount: 0 });
    await account.pass(2 * MINUTE);
    expect([...account.protectedHosts]).toEqual([]);
  });

  // containers-roadmap issue 2814: daemon-only instances stayed protected indefinitely.
  it('stays, in the other reading, on a host that has daemons left', async () => {
    start({
      providers: protecting,
      hosts: hostsOf('one', 2),
      services: [service(1, { on: ['i-one-0'] }), daemon],
      readings: { daemonsKeepProtection: true },
    });
    await account.pass(MINUTE);
    account.call('UpdateService', { service: 'web', desiredCount: 0 });
    await account.pass(30 * MINUTE);
    expect([...account.protectedHosts]).toEqual(['i-one-0']);
  });

  // Same page: "Amazon ECS only terminates EC2 instances that don't have any running Amazon ECS tasks."
  it('stays on a host with tasks of no strategy, though the metric ignores them', async () => {
    start({
      providers: protecting,
      hosts: hostsOf('one', 2),
      services: [{ name: 'plain', desired: 1, on: ['i-one-0'] }],
    });
    await account.pass(MINUTE);
    expect([...account.protectedHosts]).toEqual(['i-one-0']);
    expect(account.reservations()).toEqual([0]);
  });

  // API AutoScalingGroupProvider: "managed scaling must also be used otherwise …"; the group must protect instances too.
  it.each([
    ['managed scaling', { one: { ...PLAIN, managedTerminationProtection: 'ENABLED' as const } }, true],
    ['NewInstancesProtectedFromScaleIn', protecting, false],
  ])('does nothing without %s', async (_, providers, newInstancesProtected) => {
    start({
      providers,
      newInstancesProtected,
      hosts: hostsOf('one', 1),
      services: [service(1, { on: ['i-one-0'] })],
    });
    await account.pass(5 * MINUTE);
    expect([...account.protectedHosts]).toEqual([]);
  });

  // containers-roadmap issue 653 quotes the refusal.
  it('cannot be turned on for a group that does not protect its new instances', () => {
    start({ providers: { one: SCALED }, newInstancesProtected: false, hosts: [], services: [service(0)] });
    expect(() =>
      account.call('UpdateCapacityProvider', {
        name: 'one',
        autoScalingGroupProvider: { managedTerminationProtection: 'ENABLED' },
      }),
    ).toThrow(/must have instance protection from scale in enabled/);
  });
});

describe('managed draining', () => {
  const HOOK = 'ecs-managed-draining-termination-hook';
  const ending = (instanceId: string) =>
    account.signals.lifecycle({
      instanceId,
      group: 'one',
      lifecycleState: 'Terminating:Wait',
      waitingHooks: [HOOK, 'own-hook'],
    });

  // DG enable-managed-instance-draining; heartbeat and default result as users describe the hook.
  it('has its hook in the group for as long as it is on', () => {
    start({ providers: { one: SCALED }, hosts: [], services: [service(0)] });
    const turn = (managedDraining: string) =>
      account.call('UpdateCapacityProvider', { name: 'one', autoScalingGroupProvider: { managedDraining } });
    turn('ENABLED');
    expect(account.hooks.get('one')).toMatchObject({
      LifecycleHookName: HOOK,
      HeartbeatTimeout: 3600,
      DefaultResult: 'CONTINUE',
    });
    turn('DISABLED');
    expect(account.hooks.size).toBe(0);
  });

  // DG managed-instance-draining: "until either all tasks are stopped or 48 hours has passed".
  it('ends its own hook alone, once the tasks have stopped', async () => {
    start({
      providers: { one: SCALED },
      hosts: hostsOf('one', 2),
      services: [service(1, { on: ['i-one-0'] })],
    });
    ending('i-one-0');
    await account.pass(15);
    expect(account.ecs.containerInstanceOf('i-one-0')?.status).toBe('DRAINING');
    expect(account.completedHooks).toEqual([]);
    await account.pass(5 * MINUTE);
    expect(account.completedHooks).toEqual([`i-one-0 ${HOOK}`]);
  });

  it('ends after 48 hours whatever still runs', async () => {
    start({
      providers: { one: SCALED },
      hosts: hostsOf('one', 1),
      standalone: [{ family: 'batch', on: 'i-one-0' }],
    });
    ending('i-one-0');
    await account.pass(48 * 60 * MINUTE - 60);
    expect(account.completedHooks).toEqual([]);
    await account.pass(2 * MINUTE);
    expect(account.completedHooks).toEqual([`i-one-0 ${HOOK}`]);
  });

  // Seen by users: ECS cannot finish draining a machine that somebody stopped. No source of AWS; both readings.
  it.each([
    [true, 0],
    [false, 1],
  ])('hangs for a host whose machine was stopped: %s', async (stoppedHostHangsDraining, completed) => {
    start({
      providers: { one: SCALED },
      hosts: hostsOf('one', 1),
      services: [service(1, { on: ['i-one-0'] })],
      readings: { stoppedHostHangsDraining },
    });
    account.setState('i-one-0', 'stopped');
    ending('i-one-0');
    await account.pass(27 * 60 * MINUTE);
    expect(account.completedHooks).toHaveLength(completed);
  });
});
