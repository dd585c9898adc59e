import type { AutoScalingGroupProvider } from '@aws-sdk/client-ecs';
import { afterEach, describe, expect, it } from 'vitest';
import { type AccountSpec, type FakeAccount, fakeAccount } from './fake-account.ts';

let account: FakeAccount;
afterEach(() => account?.clock.uninstall());

const provided = (id: string) => ({ id, provider: 'hosts' });
const start = (spec: AccountSpec, settings: Partial<AutoScalingGroupProvider> = {}) => {
  account = fakeAccount({
    ...spec,
    change: (capture) => {
      const [cluster] = capture.ecs.clusters;
      if (cluster) cluster.capacityProviders = ['hosts'];
      capture.ecs.capacityProviders.push({
        name: 'hosts',
        autoScalingGroupProvider: {
          autoScalingGroupArn:
            'arn:aws:autoscaling:eu-west-1:111122223333:autoScalingGroup:1:autoScalingGroupName/group',
          managedScaling: { status: 'ENABLED', targetCapacity: 100 },
          ...settings,
        },
      });
    },
  });
  return account;
};
const web = (desired: number, on: string[]) => ({
  name: 'web',
  desired,
  on,
  capacityProviderStrategy: [{ capacityProvider: 'hosts', weight: 1 }],
});

describe('managed scaling', () => {
  it('takes empty hosts away after 15 one-minute datapoints, at most half of them a minute', async () => {
    const { pass, desiredCapacities } = start({
      hosts: ['i-1', 'i-2', 'i-3', 'i-4', 'i-5', 'i-6'].map(provided),
      services: [web(1, ['i-1']), { name: 'agent', desired: 6, schedulingStrategy: 'DAEMON' }],
    });
    await pass(14 * 60);
    expect(desiredCapacities).toEqual([]);
    await pass(2 * 60);
    expect(desiredCapacities[0]).toEqual({ group: 'group', desired: 3, actor: 'managed-scaling' });
  });

  it('adds hosts within a minute for tasks that wait in PROVISIONING', async () => {
    const { pass, desiredCapacities } = start({
      hosts: [provided('i-1')],
      services: [web(20, Array<string>(8).fill('i-1'))],
    });
    await pass(65);
    // Eight of twenty fit on one host, twelve more need two.
    expect(desiredCapacities).toEqual([{ group: 'group', desired: 3, actor: 'managed-scaling' }]);
  });

  it('leaves tasks without a strategy out of its count', async () => {
    const { pass, desiredCapacities } = start({
      hosts: ['i-1', 'i-2'].map(provided),
      services: [web(1, ['i-1']), { name: 'plain', desired: 1, on: ['i-2'] }],
    });
    await pass(20 * 60);
    expect(desiredCapacities[0]?.desired).toBe(1);
  });
});

describe('managed termination protection', () => {
  it('stays on hosts with tasks and comes off those that hold daemons only', async () => {
    const { pass, protectedHosts } = start(
      {
        readings: { daemonsKeepProtection: false },
        hosts: ['i-1', 'i-2'].map(provided),
        services: [
          web(1, ['i-1']),
          { name: 'agent', desired: 2, schedulingStrategy: 'DAEMON', on: ['i-1', 'i-2'] },
        ],
      },
      { managedTerminationProtection: 'ENABLED' },
    );
    protectedHosts.add('i-2');
    await pass(65);
    expect([...protectedHosts]).toEqual(['i-1']);
  });
});
