/** Documented statements about what a group replaces by itself: health, age, Spot capacity; the page is named at each. */
import { afterEach, describe, expect, it } from 'vitest';
import { hostId, type SmallAccount, smallAccount, smallCapture } from '../ec2/small-account.ts';
import { asg, extremes, inService, refused } from './groups.ts';

let account: SmallAccount;
afterEach(() => account.close());

const SOMEBODY = { kind: 'fault', name: 'somebody' } as const;
const protect = (...InstanceIds: string[]) =>
  asg(account, 'SetInstanceProtection', { InstanceIds, ProtectedFromScaleIn: true });

// User guide, health-checks-overview ("How Amazon EC2 Auto Scaling minimizes downtime"), health-check-grace-period,
// instance-maintenance-policy-overview-and-considerations, ec2-auto-scaling-instance-maintenance-policy.
describe('unhealthy instances', () => {
  it.each([
    ['stop', (n: number) => account.ec2.stop(hostId(n), SOMEBODY)],
    [
      'are marked by SetInstanceHealth',
      (n: number) =>
        account.call('AutoScaling', 'SetInstanceHealth', {
          InstanceId: hostId(n),
          HealthStatus: 'Unhealthy',
        }),
    ],
  ] as const)('that %s are replaced "immediately", all of them', async (_, fail) => {
    account = smallAccount(smallCapture({ hosts: 30, group: { MaxSize: 40 } }));
    for (let n = 1; n <= 30; n++) fail(n);
    await account.pass(60);
    expect(inService(account).filter((id) => /^i-0{8}/.test(id))).toEqual([]);
    await account.pass(240);
    expect(inService(account)).toHaveLength(30);
  });

  it('of those that fail their status checks "only … up to 10 percent of the group\'s desired capacity at a time"', async () => {
    const capture = smallCapture({ hosts: 30, group: { MaxSize: 40 } });
    for (let n = 1; n <= 30; n++)
      capture.ec2.instanceStatuses.push({
        InstanceId: hostId(n),
        InstanceStatus: { Status: 'impaired' },
        SystemStatus: { Status: 'impaired' },
      });
    account = smallAccount(capture);
    expect((await extremes(account, 7200)).fewest).toBe(27);
    expect(inService(account)).toHaveLength(30);
    expect(inService(account).filter((id) => /^i-0{8}/.test(id))).toEqual([]);
  });

  it('an instance that somebody terminates is replaced, the desired capacity unchanged', async () => {
    account = smallAccount();
    account.call('EC2', 'TerminateInstances', { InstanceIds: [hostId(1)] });
    await account.pass(150);
    expect(account.group()).toMatchObject({ DesiredCapacity: 6 });
    expect(inService(account)).toHaveLength(6);
    expect(inService(account)).not.toContain(hostId(1));
  });

  it('SetInstanceHealth respects the grace period unless told otherwise', async () => {
    account = smallAccount(smallCapture({ group: { HealthCheckGracePeriod: 600 } }));
    asg(account, 'SetDesiredCapacity', { DesiredCapacity: 7 });
    await account.pass(60);
    const InstanceId = inService(account).find((id) => !/^i-0{8}/.test(id)) ?? '';
    const unhealthy = (more: object) =>
      account.call('AutoScaling', 'SetInstanceHealth', { InstanceId, HealthStatus: 'Unhealthy', ...more });
    unhealthy({});
    await account.pass(60);
    expect(inService(account)).toContain(InstanceId);
    unhealthy({ ShouldRespectGracePeriod: false });
    await account.pass(60);
    expect(inService(account)).not.toContain(InstanceId);
  });

  it('with a maintenance policy of 100/110 "first launches a new instance and then waits for it … before terminating the unhealthy instance"', async () => {
    const InstanceMaintenancePolicy = { MinHealthyPercentage: 100, MaxHealthyPercentage: 110 };
    account = smallAccount(smallCapture({ hosts: 10, group: { InstanceMaintenancePolicy } }));
    account.call('AutoScaling', 'SetInstanceHealth', { InstanceId: hostId(1), HealthStatus: 'Unhealthy' });
    expect((await extremes(account, 300)).fewest).toBe(10);
    expect(inService(account)).not.toContain(hostId(1));
  });

  it('a maintenance policy needs both percentages, at most 100 apart; -1 clears it', () => {
    account = smallAccount();
    const refusal = (InstanceMaintenancePolicy: object) =>
      refused(account, 'UpdateAutoScalingGroup', { InstanceMaintenancePolicy });
    expect(refusal({ MinHealthyPercentage: 90 })).toContain('ValidationError');
    expect(refusal({ MinHealthyPercentage: 50, MaxHealthyPercentage: 200 })).toContain('ValidationError');
    expect(refusal({ MinHealthyPercentage: -1, MaxHealthyPercentage: -1 })).toBeUndefined();
  });
});

// User guide, asg-max-instance-lifetime, ec2-auto-scaling-capacity-rebalancing.
describe('age and Spot capacity', () => {
  it('MaxInstanceLifetime: at least a day, at most a tenth at a time, and protected instances stay', async () => {
    account = smallAccount(smallCapture({ hosts: 20, group: { MaxSize: 20 } }));
    expect(refused(account, 'UpdateAutoScalingGroup', { MaxInstanceLifetime: 3600 })).toContain(
      'ValidationError',
    );
    protect(hostId(1));
    asg(account, 'UpdateAutoScalingGroup', { MaxInstanceLifetime: 86_400 });
    expect((await extremes(account, 7200)).fewest).toBeGreaterThanOrEqual(18);
    expect(inService(account).filter((id) => /^i-0{8}/.test(id))).toEqual([hostId(1)]);
  });

  const spot = (group: object) => {
    const capture = smallCapture({ group });
    for (const instance of capture.ec2.instances) instance.InstanceLifecycle = 'spot';
    return smallAccount(capture);
  };

  it('with capacity rebalancing a recommendation launches a new instance first and then terminates the one at risk', async () => {
    account = spot({ CapacityRebalance: true, MaxSize: 6 });
    account.ec2.recommendRebalance(hostId(1));
    expect((await extremes(account, 180)).fewest).toBe(6);
    expect(inService(account)).not.toContain(hostId(1));
    expect(inService(account)).toHaveLength(6);
  });

  it('without it nothing happens before EC2 takes the instance', async () => {
    account = spot({});
    account.ec2.recommendRebalance(hostId(1));
    await account.pass(600);
    expect(inService(account)).toContain(hostId(1));
    expect(account.activities()).toEqual([]);
  });
});
