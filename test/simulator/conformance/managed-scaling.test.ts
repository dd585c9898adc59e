/**
 * What AWS documents of CapacityProviderReservation and of the scaling that follows it.
 * `DG` is the Amazon ECS developer guide, `API` its API reference, `CAS blog` the AWS containers blog,
 * deep-dive-on-amazon-ecs-cluster-auto-scaling.
 */
import { afterEach, describe, expect, it } from 'vitest';
import {
  hostsOf,
  MINUTE,
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

describe('CapacityProviderReservation', () => {
  const until = async (minutes: number) => {
    await account.pass(minutes * MINUTE + 1);
    return account.reservations().at(-1);
  };
  const busy = (count: number) => Array.from({ length: count }, (_, at) => `i-one-${at}`);

  // CAS blog: 100 when nothing runs and nothing is needed, 200 when something is.
  it('is 100 without hosts and tasks, and 200 without hosts when tasks wait', async () => {
    start({ providers: { one: SCALED }, hosts: [], services: [service(0)] });
    expect(await until(1)).toBe(100);
    account.call('UpdateService', { service: 'web', desiredCount: 1 });
    expect(await until(1)).toBe(200);
  });

  // DG cluster-auto-scaling: "(number of instances needed) / (number of running instances) x 100".
  it('is the share of hosts with tasks while none waits', async () => {
    start({ providers: { one: SCALED }, hosts: hostsOf('one', 8), services: [service(2, { on: busy(2) })] });
    expect(await until(1)).toBe(25);
  });

  // DG managed-scaling-behavior: "considered empty even when daemon tasks are running".
  it('counts a host with daemons only as empty', async () => {
    start({
      providers: { one: SCALED },
      hosts: hostsOf('one', 4),
      services: [service(1, { on: busy(1) }), { name: 'agent', desired: 4, schedulingStrategy: 'DAEMON' }],
    });
    expect(await until(2)).toBe(25);
  });

  // DG managed-scaling-behavior: "Tasks without a capacity provider strategy are ignored by capacity providers".
  it('ignores tasks without a strategy, running or not', async () => {
    start({
      providers: { one: SCALED },
      hosts: hostsOf('one', 4),
      services: [
        service(1, { on: busy(1) }),
        { name: 'plain', desired: 40, on: ['i-one-1'], definition: { cpu: '2048' } },
      ],
    });
    expect(await until(1)).toBe(25);
  });

  // Same page: tasks of the same requirements are binpacked, the group that needs most hosts counts.
  it('adds to the hosts there are those that the largest group of equal tasks needs', async () => {
    start({
      providers: { one: SCALED },
      hosts: hostsOf('one', 2),
      services: [
        service(2 * 8 + 20, {
          on: [...Array<string>(8).fill('i-one-0'), ...Array<string>(8).fill('i-one-1')],
        }),
        service(3, { name: 'big', definition: { cpu: '2048', memory: '1024' } }),
      ],
    });
    // 20 tasks of 256 need three hosts of 2,048, three of 2,048 need three: five hosts for two.
    expect(await until(1)).toBe(250);
  });

  // Same page: "excluded from scale-out calculation … the value remains at the targetCapacity value".
  it('stays at the target when the smallest type can hold none of the tasks', async () => {
    start({
      providers: { one: { managedScaling: { status: 'ENABLED', targetCapacity: 80 } } },
      hosts: [
        ...hostsOf('one', 1, { attributes: { 'ecs.instance-type': 'm5.xlarge' }, cpu: 4096 }),
        { id: 'i-small', provider: 'one', group: 'one' },
      ],
      services: [
        service(2, {
          on: ['i-one-0'],
          definition: { cpu: '4096', memory: '1024' },
        }),
      ],
    });
    expect(await until(1)).toBe(80);
  });

  // Same page: at least minimumScalingStepSize, at most maximumScalingStepSize.
  it.each([
    [{ minimumScalingStepSize: 4 }, 500],
    [{ maximumScalingStepSize: 1 }, 200],
    [{}, 300],
  ])('asks for as many hosts as %o allows: %d', async (steps, percent) => {
    start({
      providers: { one: { managedScaling: { status: 'ENABLED', ...steps } } },
      hosts: hostsOf('one', 1),
      services: [service(20, { on: Array<string>(8).fill('i-one-0') })],
    });
    expect(await until(1)).toBe(percent);
  });

  // DG cluster-auto-scaling: removed when managed scaling is turned off or the provider is disassociated.
  it('is published each minute, with its alarms, until managed scaling is turned off', async () => {
    start({ providers: { one: SCALED }, hosts: hostsOf('one', 1), services: [service(0)] });
    await account.pass(10 * MINUTE);
    expect(account.reservations()).toHaveLength(10);
    expect([...account.alarms.keys()]).toEqual([
      expect.stringMatching(/^TargetTracking-one-AlarmHigh-/),
      expect.stringMatching(/^TargetTracking-one-AlarmLow-/),
    ]);
    account.call('UpdateCapacityProvider', {
      name: 'one',
      autoScalingGroupProvider: { managedScaling: { status: 'DISABLED' } },
    });
    await account.pass(10 * MINUTE);
    expect(account.reservations()).toHaveLength(10);
    expect(account.alarms.size).toBe(0);
  });

  // No source says; agent issue 718 saw reservation metrics drop DRAINING hosts 10 to 15 minutes late.
  it.each([
    [true, [25, 25], 50],
    [false, [50, 50], 50],
  ])('counts DRAINING hosts for 15 minutes more: %s', async (drainingCountsInReservation, soon, late) => {
    start({
      providers: { one: SCALED },
      hosts: hostsOf('one', 4),
      services: [service(1, { on: busy(1) })],
      readings: { drainingCountsInReservation },
    });
    account.drain('i-one-2', 'i-one-3');
    await account.pass(2 * MINUTE);
    expect(account.reservations()).toEqual(soon);
    await account.pass(15 * MINUTE);
    expect(account.reservations().at(-1)).toBe(late);
  });
});

describe('managed scaling', () => {
  const scaled = (more: object) => ({ one: { managedScaling: { status: 'ENABLED' as const, ...more } } });

  // DG cluster-auto-scaling: "When Amazon ECS scales out from 0 instances, it automatically launches 2 instances."
  it('launches two hosts from none, however much is asked for', async () => {
    start({ providers: { one: SCALED }, hosts: [], services: [service(100)] });
    await account.pass(MINUTE + 10);
    expect(account.desired()).toEqual([2]);
  });

  // API ManagedScaling.targetCapacity: 50 keeps half of the hosts free.
  it('keeps the spare capacity of a target below 100', async () => {
    start({
      providers: scaled({ targetCapacity: 50 }),
      hosts: hostsOf('one', 2),
      services: [service(2, { on: ['i-one-0', 'i-one-1'] })],
    });
    await account.pass(MINUTE);
    expect(account.desired()).toEqual([4]);
  });

  // DG managed-scaling-behavior: "The scale-out is blocked for instances that are within the instanceWarmupPeriod."
  it('does not launch more while a new host warms up', async () => {
    start({
      providers: scaled({ instanceWarmupPeriod: 200, maximumScalingStepSize: 1 }),
      hosts: hostsOf('one', 1),
      services: [service(40, { on: Array<string>(8).fill('i-one-0') })],
    });
    await account.pass(MINUTE);
    expect(account.desired()).toEqual([2]);
    account.boot('i-new', 'eu-west-1a', 'ami-new', 'one');
    await account.pass(190);
    expect(account.desired()).toEqual([2]);
    await account.pass(MINUTE + 15);
    expect(account.desired()).toEqual([2, 3]);
  });

  // DG managed-scaling-behavior: 15 data points, then more than one instance and less than 50% each minute.
  it('takes at most half of the hosts a minute, after 15 datapoints below the target', async () => {
    start({ providers: { one: SCALED }, hosts: hostsOf('one', 9), services: [service(0)] });
    await account.pass(14 * MINUTE);
    expect(account.desired()).toEqual([]);
    await account.pass(MINUTE);
    expect(account.desired()).toEqual([5]);
  });

  it('takes the last host too', async () => {
    start({ providers: { one: SCALED }, hosts: hostsOf('one', 1), services: [service(0)] });
    await account.pass(16 * MINUTE);
    expect(account.desired()).toEqual([0]);
  });

  // API ManagedScaling.minimumScalingStepSize: "The scale in process is not affected by this parameter".
  it('ignores the smallest step when it scales in', async () => {
    start({
      providers: scaled({ minimumScalingStepSize: 5 }),
      hosts: hostsOf('one', 4),
      services: [service(3, { on: ['i-one-0', 'i-one-1', 'i-one-2'] })],
    });
    await account.pass(16 * MINUTE);
    expect(account.desired()).toEqual([3]);
  });

  // DG managed-scaling-behavior: "Amazon ECS waits 15 minutes after a scale-out process before starting scale-in".
  it('waits 15 minutes after it scaled out', async () => {
    start({
      providers: scaled({ instanceWarmupPeriod: 0 }),
      hosts: hostsOf('one', 1),
      services: [service(9, { on: Array<string>(8).fill('i-one-0') })],
    });
    await account.pass(MINUTE);
    expect(account.desired()).toEqual([2]);
    account.call('UpdateService', { service: 'web', desiredCount: 0 });
    account.boot('i-new', 'eu-west-1a', 'ami-new', 'one');
    await account.pass(14 * MINUTE);
    expect(account.desired()).toEqual([2]);
    await account.pass(3 * MINUTE);
    expect(account.desired()[1]).toBe(1);
  });

  // Same page: a scale-out while scale-in is in progress: "stopped and starts from the beginning if required".
  it('begins its 15 datapoints anew after one above the target', async () => {
    start({
      providers: scaled({ maximumScalingStepSize: 1 }),
      hosts: hostsOf('one', 4, { cpu: 256 }),
      services: [service(1, { on: ['i-one-0'] })],
    });
    await account.pass(13 * MINUTE);
    account.call('UpdateService', { service: 'web', desiredCount: 5 });
    await account.pass(2 * MINUTE);
    account.call('UpdateService', { service: 'web', desiredCount: 1 });
    const soFar = account.desired().length;
    await account.pass(10 * MINUTE);
    expect(account.desired().slice(soFar)).toEqual([]);
  });
});
