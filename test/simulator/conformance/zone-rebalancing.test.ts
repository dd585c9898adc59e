/**
 * Sources: RB = Amazon ECS developer guide, service-rebalancing; TR = track-service-rebalancing; API = Amazon ECS API
 * reference, UpdateService.
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { ServiceSpec } from '../ecs/fake-capture.ts';
import { type Cluster, cluster, times } from './services.ts';

let account: Cluster;
afterEach(() => account?.clock.uninstall());

const A = { id: 'i-a', zone: 'eu-west-1a', cpu: 8192 };
const B = { id: 'i-b', zone: 'eu-west-1b', cpu: 8192 };
const C = { id: 'i-c', zone: 'eu-west-1c', cpu: 8192 };
const ENABLED = { availabilityZoneRebalancing: 'ENABLED' } as const;
const HOUR = 3600;

const uneven = (over: Partial<ServiceSpec> = {}): ServiceSpec => ({
  name: 'web',
  desired: 4,
  on: times(4, 'i-a'),
  ...ENABLED,
  ...over,
});
const spread = () => [account.on('web', 'i-a'), account.on('web', 'i-b'), account.on('web', 'i-c')];

describe('Availability Zone rebalancing', () => {
  it('RB: two tasks in one of two zones become one in each, the new one first', async () => {
    account = cluster({ hosts: [A, B], services: [uneven({ desired: 2, on: times(2, 'i-a') })] });
    for (let second = 0; second < HOUR; second += 5) {
      await account.pass(5);
      expect(account.service('web').healthy).toBeGreaterThanOrEqual(2);
    }
    expect(spread()).toEqual([1, 1, 0]);
  });

  it('RB: three tasks in two zones are even as one and two', async () => {
    account = cluster({ hosts: [A, B], services: [uneven({ desired: 3, on: times(3, 'i-a') })] });
    await account.pass(HOUR);
    expect(spread().sort()).toEqual([0, 1, 2]);
  });

  it('RB: five tasks in three zones are even as one, two and two', async () => {
    account = cluster({ hosts: [A, B, C], services: [uneven({ desired: 5, on: times(5, 'i-a') })] });
    await account.pass(2 * HOUR);
    expect(spread().sort()).toEqual([1, 2, 2]);
  });

  it('RB: starts after the steady state', async () => {
    account = cluster({
      hosts: [A, B],
      services: [uneven({ on: times(3, 'i-a'), definition: { cpu: '512' } })],
      startSeconds: [900, 900],
    });
    await account.pass(800);
    expect(account.messages('web').join()).not.toContain('AZ balanced');
    await account.pass(2 * HOUR);
    expect(spread()).toEqual([2, 2, 0]);
  });

  it('RB: cannot launch hosts: a zone without one stays without tasks', async () => {
    account = cluster({ hosts: [A], services: [uneven()] });
    await account.pass(2 * HOUR);
    expect(spread()).toEqual([4, 0, 0]);
    expect(account.messages('web').join()).not.toContain('AZ balanced');
  });

  it('RB: moves on to a zone whose first host joins later', async () => {
    account = cluster({ hosts: [A], services: [uneven()] });
    account.boot('i-b', 'eu-west-1b');
    await account.pass(HOUR);
    expect(spread()).toEqual([2, 2, 0]);
  });

  it('RB: happens after a drain has left the zones uneven', async () => {
    account = cluster({
      hosts: [A, B],
      services: [uneven({ on: [...times(2, 'i-a'), ...times(2, 'i-b')] })],
    });
    account.drain('i-b');
    await account.pass(600);
    expect(spread()).toEqual([4, 0, 0]);
    account.boot('i-b2', 'eu-west-1b');
    await account.pass(HOUR);
    expect(account.on('web', 'i-b2')).toBe(2);
  });

  it.each([
    ['RB: uses the Daemon strategy', { schedulingStrategy: 'DAEMON' as const, on: ['i-a'], desired: 1 }],
    ['RB: uses the EXTERNAL launch type', { launchType: 'EXTERNAL' as const }],
    ['RB: uses 100 % for maximumPercent', { min: 0, max: 100 }],
    ['RB: uses a Classic Load Balancer', { loadBalancers: [{ loadBalancerName: 'classic' }] }],
    [
      'RB: names the zone in a placement constraint',
      {
        placementConstraints: [
          {
            type: 'memberOf' as const,
            expression: 'attribute:ecs.availability-zone in [eu-west-1a, eu-west-1b]',
          },
        ],
      },
    ],
    [
      'RB: has another first strategy than spread over zones',
      { placementStrategy: [{ type: 'binpack' as const, field: 'memory' }] },
    ],
  ])('%s: is left as it is', async (_, over) => {
    account = cluster({ hosts: [A, B], services: [uneven(over)] });
    await account.pass(HOUR);
    expect(account.messages('web').join()).not.toContain('AZ balanced');
    if (!('schedulingStrategy' in over)) expect(spread()).toEqual([4, 0, 0]);
  });

  it('RB: works with spread over zones as the first of several strategies', async () => {
    account = cluster({
      hosts: [A, B],
      services: [
        uneven({
          placementStrategy: [
            { type: 'spread', field: 'attribute:ecs.availability-zone' },
            { type: 'binpack', field: 'memory' },
          ],
        }),
      ],
    });
    await account.pass(HOUR);
    expect(spread()).toEqual([2, 2, 0]);
  });

  it('RB: is on by default for eligible services created since 2025-09-05, API: else never', async () => {
    const created = (day: string) => ({
      availabilityZoneRebalancing: undefined,
      createdAt: new Date(`${day}T12:00:00Z`),
    });
    account = cluster({
      hosts: [A, B],
      services: [
        { ...uneven(created('2025-09-05')), name: 'new' },
        { ...uneven(created('2025-09-04')), name: 'old' },
      ],
    });
    await account.pass(HOUR);
    expect(account.described('new').availabilityZoneRebalancing).toBe('ENABLED');
    expect(account.described('old').availabilityZoneRebalancing).toBe('DISABLED');
    expect([account.on('new', 'i-b'), account.on('old', 'i-b')]).toEqual([2, 0]);
  });

  it('API: is switched on and off by UpdateService, without a deployment', async () => {
    account = cluster({ hosts: [A, B], services: [uneven({ availabilityZoneRebalancing: 'DISABLED' })] });
    await account.pass(HOUR);
    expect(spread()).toEqual([4, 0, 0]);
    account.call('UpdateService', { service: 'web', ...ENABLED });
    expect(account.service('web').deploying).toBe(false);
    await account.pass(HOUR);
    expect(spread()).toEqual([2, 2, 0]);
  });

  it('RB: does not move protected tasks, and says why', async () => {
    account = cluster({ hosts: [A, B], services: [uneven()] });
    account.ecs.protectTasks('web', 3 * HOUR);
    await account.pass(2 * HOUR);
    expect(spread()).toEqual([4, 0, 0]);
    expect(account.messages('web').join()).toContain('was unable to AZ Rebalance because');
    await account.pass(3 * HOUR);
    expect(spread()).toEqual([2, 2, 0]);
  });

  it('RB: stops for a deployment', async () => {
    account = cluster({ hosts: [A, B], services: [uneven()], startSeconds: [120, 120] });
    while (account.on('web', 'i-b') === 0) await account.pass(10);
    account.call('UpdateService', { service: 'web', forceNewDeployment: true });
    expect(account.messages('web')).toContain('(service web) stopped AZ Rebalancing.');
    await account.pass(2 * HOUR);
    expect(account.described('web').deployments).toMatchObject([{ rolloutState: 'COMPLETED' }]);
    expect(spread()).toEqual([2, 2, 0]);
  });

  it('TR: says that it starts, what it starts and stops, and that it is done', async () => {
    account = cluster({ hosts: [A, B], services: [uneven({ desired: 2, on: times(2, 'i-a') })] });
    await account.pass(HOUR);
    const told = account.messages('web').join('\n');
    expect(told).toContain(
      'is not AZ balanced with 2 tasks in eu-west-1a, and 0 tasks in eu-west-1b. AZ Rebalancing in progress.',
    );
    expect(told).toMatch(/has started 1 tasks in eu-west-1b to AZ Rebalance: [0-9a-f]{32}\./);
    expect(told).toMatch(/has stopped 1 running tasks in eu-west-1a due to AZ rebalancing: \d{32}\./);
    expect(told).toContain('is AZ balanced with 1 tasks in eu-west-1a, and 1 tasks in eu-west-1b.');
    const names = account.events.map(({ detail }) => detail.eventName);
    for (const name of ['STARTED', 'COMPLETED']) expect(names).toContain(`SERVICE_REBALANCING_${name}`);
  });

  it('TR: gives the reason of the stop', async () => {
    account = cluster({ hosts: [A, B], services: [uneven({ desired: 2, on: times(2, 'i-a') })] });
    await account.pass(HOUR);
    expect(account.taskLines().find(({ cause }) => cause?.because === 'rebalance')?.cause?.text).toMatch(
      /^Availability-zone rebalancing initiated by \(deployment ecs-svc\/web\)$/,
    );
  });

  it('TR: says in which zone no host met the requirements', async () => {
    account = cluster({ hosts: [A, { ...B, cpu: 128 }], services: [uneven()] });
    await account.pass(HOUR);
    expect(account.messages('web').join()).toContain(
      'is unable to place a task in eu-west-1b because no container instance met all of its requirements.',
    );
    expect(spread()).toEqual([4, 0, 0]);
  });

  it.each([
    [true, 1],
    [false, 2],
  ])(
    'how much moves at a time is not documented: one by one %s',
    async (rebalancingMovesOneTaskAtATime, most) => {
      account = cluster({
        hosts: [A, B],
        services: [uneven()],
        startSeconds: [60, 60],
        readings: { rebalancingMovesOneTaskAtATime },
      });
      let greatest = 0;
      for (let second = 0; second < 2 * HOUR; second += 10) {
        await account.pass(10);
        greatest = Math.max(greatest, account.on('web', 'i-a', 'i-b') - 4);
      }
      expect(greatest).toBe(most);
      expect(spread()).toEqual([2, 2, 0]);
    },
  );
});
