/**
 * What AWS documents of capacity provider strategies and of the wait in PROVISIONING.
 * `DG` is the Amazon ECS developer guide, `API` its API reference, `CAS blog` the AWS containers blog,
 * deep-dive-on-amazon-ecs-cluster-auto-scaling.
 */
import type { CapacityProviderStrategyItem, Task } from '@aws-sdk/client-ecs';
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

describe('a capacity provider strategy', () => {
  const threeToTwo = [
    { capacityProvider: 'one', base: 2, weight: 3 },
    { capacityProvider: 'two', weight: 2 },
  ];
  const twoProviders = { one: SCALED, two: SCALED };
  const roomy = [...hostsOf('one', 4), ...hostsOf('two', 4)];

  // The talk's own example.
  it('with two providers weighted 3:2 and a base of 2 splits 12 tasks into 2 + 6 and 4', async () => {
    start({
      providers: twoProviders,
      hosts: roomy,
      services: [service(12, { capacityProviderStrategy: threeToTwo })],
    });
    await account.pass(MINUTE);
    expect(account.perProvider()).toEqual({ one: 8, two: 4 });
  });

  // DG cluster-capacity-providers: "When the base percentage is reached, the tasks are split evenly".
  it('with equal weights splits evenly after the base', async () => {
    const capacityProviderStrategy = [
      { capacityProvider: 'one', base: 2, weight: 1 },
      { capacityProvider: 'two', weight: 1 },
    ];
    start({ providers: twoProviders, hosts: roomy, services: [service(8, { capacityProviderStrategy })] });
    await account.pass(MINUTE);
    expect(account.perProvider()).toEqual({ one: 5, two: 3 });
  });

  // API CapacityProviderStrategyItem.weight: "for every 1 task on A, 4 tasks will run on B".
  it('with weights 1 and 4 runs four tasks on the second for each on the first', async () => {
    const capacityProviderStrategy = [
      { capacityProvider: 'one', weight: 1 },
      { capacityProvider: 'two', weight: 4 },
    ];
    start({ providers: twoProviders, hosts: roomy, services: [service(10, { capacityProviderStrategy })] });
    await account.pass(MINUTE);
    expect(account.perProvider()).toEqual({ one: 2, two: 8 });
  });

  // API CapacityProviderStrategyItem.weight: "any capacity providers with a weight of 0 can't be used to place tasks".
  it('places nothing by weight on a provider with weight 0', async () => {
    const capacityProviderStrategy = [
      { capacityProvider: 'one', weight: 1 },
      { capacityProvider: 'two', weight: 0 },
    ];
    start({ providers: twoProviders, hosts: roomy, services: [service(6, { capacityProviderStrategy })] });
    await account.pass(MINUTE);
    expect(account.perProvider()).toEqual({ one: 6 });
  });

  // The base is "a minimum, to run on the specified capacity provider for each service": RunTask counts its own call.
  it('divides the tasks of one RunTask call', () => {
    start({ providers: twoProviders, hosts: roomy, services: [service(0)] });
    const { tasks } = account.call<{ tasks: Task[] }>('RunTask', {
      taskDefinition: 'web',
      count: 7,
      capacityProviderStrategy: threeToTwo,
    });
    const on = (name: string) => tasks.filter((task) => task.capacityProviderName === name).length;
    expect([on('one'), on('two')]).toEqual([5, 2]);
  });

  const run = (capacityProviderStrategy: CapacityProviderStrategyItem[], more: object = {}) =>
    account.call('RunTask', { taskDefinition: 'web', capacityProviderStrategy, ...more });
  const refused = (text: RegExp) => expect.objectContaining({ message: expect.stringMatching(text) });

  it.each([
    // DG cluster-capacity-providers: "can only contain Auto Scaling group or Fargate capacity providers, but not both".
    [
      'mixing Auto Scaling groups and Fargate',
      [
        { capacityProvider: 'one', weight: 1 },
        { capacityProvider: 'FARGATE', weight: 1 },
      ],
      /^A capacity provider strategy cannot contain a mix of capacity providers using Auto Scaling groups and Fargate providers\. Specify one or the other and try again\.$/,
    ],
    // API CapacityProviderStrategyItem.base: "Only one capacity provider … can have a base defined".
    [
      'two bases',
      [
        { capacityProvider: 'one', base: 1, weight: 1 },
        { capacityProvider: 'two', base: 1, weight: 1 },
      ],
      /base/,
    ],
    // API CapacityProviderStrategyItem.weight: several that "all have a weight of 0": "actions … will fail".
    ['no weight at all', [{ capacityProvider: 'one' }, { capacityProvider: 'two' }], /weight/],
    // Same field: "The valid range is 0 to 1,000".
    ['a weight above 1,000', [{ capacityProvider: 'one', weight: 1001 }], /1000/],
    // API CapacityProviderStrategyItem: "Only capacity providers that are already associated with a cluster".
    [
      'a provider of no cluster',
      [{ capacityProvider: 'three', weight: 1 }],
      /not associated with the cluster/,
    ],
  ])('is refused: %s', (_, strategy, text) => {
    start({ providers: { ...twoProviders, FARGATE: {} }, hosts: roomy, services: [service(0)] });
    expect(() => run(strategy)).toThrow(refused(text));
  });

  // DG managed-scaling-behavior: "can't set a capacity provider strategy if that task or service sets a launch type".
  it('is refused beside a launch type', () => {
    start({ providers: twoProviders, hosts: roomy, services: [service(0)] });
    expect(() => run([{ capacityProvider: 'one', weight: 1 }], { launchType: 'EC2' })).toThrow(
      refused(/both a launch type and capacity provider strategy/),
    );
  });

  // API PutClusterCapacityProviders: "if no capacity provider or launch type is specified then the default … is used".
  it('is the default one of the cluster for tasks that name neither it nor a launch type', () => {
    start({
      providers: twoProviders,
      hosts: roomy,
      services: [service(0)],
      defaultStrategy: [{ capacityProvider: 'two', weight: 1 }],
    });
    const by = (more: object) =>
      account.call<{ tasks: Task[] }>('RunTask', { taskDefinition: 'web', ...more }).tasks[0]
        ?.capacityProviderName;
    expect([by({}), by({ launchType: 'EC2' })]).toEqual(['two', undefined]);
  });

  // API Deployment.capacityProviderStrategy: each deployment has its own.
  it('that is changed applies to the tasks of the new deployment alone', async () => {
    start({
      providers: twoProviders,
      hosts: roomy,
      services: [
        service(6, {
          on: Array<string>(6).fill('i-one-0'),
          capacityProviderStrategy: threeToTwo.slice(0, 1),
        }),
      ],
    });
    const capacityProviderStrategy = [
      { capacityProvider: 'one', weight: 1 },
      { capacityProvider: 'two', weight: 1 },
    ];
    account.call('UpdateService', { service: 'web', capacityProviderStrategy });
    await account.pass(10 * MINUTE);
    expect(account.perProvider()).toEqual({ one: 3, two: 3 });
  });

  // DG cluster-capacity-providers: "You can't update a service using an Auto Scaling group … to use a Fargate …".
  it('of an EC2 service cannot become one of Fargate providers', () => {
    start({
      providers: { one: SCALED, FARGATE: {} },
      hosts: hostsOf('one', 1),
      services: [service(1, { on: ['i-one-0'] })],
    });
    const capacityProviderStrategy = [{ capacityProvider: 'FARGATE', weight: 1 }];
    expect(() => account.call('UpdateService', { service: 'web', capacityProviderStrategy })).toThrow(
      /Fargate/,
    );
  });

  describe('and a host that drains', () => {
    const drained = (drainingFillsStrategy: boolean) =>
      start({
        providers: { one: SCALED, two: SCALED },
        hosts: [...hostsOf('one', 3), ...hostsOf('two', 1, { cpu: 1024 })],
        services: [
          service(8, {
            on: [...Array<string>(4).fill('i-one-0'), ...Array<string>(4).fill('i-two-0')],
            capacityProviderStrategy: [
              { capacityProvider: 'one', weight: 1 },
              { capacityProvider: 'two', weight: 1 },
            ],
          }),
        ],
        readings: { drainingFillsStrategy },
      });

    // No source says which; both readings.
    it('lets replacements wait for another, full provider while its tasks still count', async () => {
      drained(true);
      account.drain('i-one-0');
      await account.pass(20);
      expect(account.waiting().map(({ taskArn }) => account.providerOf(taskArn))).toContain('two');
      expect(account.ecs.tasksOn('i-one-1').length + account.ecs.tasksOn('i-one-2').length).toBeGreaterThan(
        0,
      );
    });

    it('gives replacements to its own provider where its tasks do not count', async () => {
      drained(false);
      account.drain('i-one-0');
      await account.pass(20);
      expect(account.waiting()).toEqual([]);
      expect(account.ecs.tasksOn('i-one-1').length + account.ecs.tasksOn('i-one-2').length).toBe(4);
    });

    it('keeps the base: its replacements come first', async () => {
      start({
        providers: { one: SCALED, two: SCALED },
        hosts: [...hostsOf('one', 2), ...hostsOf('two', 1)],
        services: [
          service(2, {
            on: ['i-one-0', 'i-one-0'],
            capacityProviderStrategy: [
              { capacityProvider: 'one', base: 2, weight: 0 },
              { capacityProvider: 'two', weight: 1 },
            ],
          }),
        ],
        readings: { drainingFillsStrategy: false },
      });
      account.drain('i-one-0');
      await account.pass(10 * MINUTE);
      expect(account.perProvider()).toEqual({ one: 2 });
    });
  });
});

describe('PROVISIONING', () => {
  // DG managed-scaling-behavior: for a chosen provider, "the rest of these steps for a single capacity provider".
  it('lets a task wait for its provider although another one has room', async () => {
    start({
      providers: { one: SCALED, two: SCALED },
      hosts: [...hostsOf('one', 1, { cpu: 256 }), ...hostsOf('two', 3)],
      services: [service(2)],
    });
    await account.pass(20);
    expect(account.waiting()).toHaveLength(1);
  });

  // CAS blog: the transition "only happens if you have enabled managed scaling for the capacity provider".
  it('is only for providers with managed scaling; without it placement fails at once', async () => {
    start({ providers: { one: PLAIN }, hosts: hostsOf('one', 1, { cpu: 256 }), services: [service(2)] });
    await account.pass(20);
    expect(account.waiting()).toEqual([]);
    expect(account.messages()[0]).toContain('unable to place a task because no container instance met all');
    const { failures } = account.call<{ failures: { reason: string }[] }>('RunTask', {
      taskDefinition: 'web',
      capacityProviderStrategy: [{ capacityProvider: 'one', weight: 1 }],
    });
    expect(failures).toMatchObject([{ reason: 'RESOURCE:CPU' }]);
  });

  // containers-roadmap issue 653 quotes the event of a provider without hosts.
  it('is not there for a provider without hosts and managed scaling either: its service says so', async () => {
    start({ providers: { one: PLAIN }, hosts: [], services: [service(1)] });
    await account.pass(20);
    expect(account.messages()[0]).toContain(
      'Reason: No Container Instances were found in your capacity provider.',
    );
  });

  // DG service-event-messages-list, and AWS general reference ecs-service: 500 tasks per cluster.
  it('holds 500 tasks of a cluster, and the service says when that was exceeded', async () => {
    start({ providers: { one: SCALED }, hosts: [], services: [service(600)] });
    await account.pass(3 * MINUTE);
    expect(account.waiting()).toHaveLength(500);
    expect(account.messages().join('\n')).toMatch(/the tasks provisioning capacity limit was exceeded/i);
  });

  // CAS blog, quoted in containers-roadmap issue 2381: "between 10 and 30 minutes before transitioning to stopped".
  it('ends in STOPPED after 10 to 30 minutes, of RunTask with a strategy too', async () => {
    start({ providers: { one: SCALED }, hosts: [], services: [service(0)] });
    account.call('RunTask', {
      taskDefinition: 'web',
      count: 5,
      capacityProviderStrategy: [{ capacityProvider: 'one', weight: 1 }],
    });
    await account.pass(10 * MINUTE - 1);
    expect(account.waiting()).toHaveLength(5);
    await account.pass(20 * MINUTE + 5);
    expect(account.waiting()).toEqual([]);
    const ends = account.taskLines().filter(({ lastStatus }) => lastStatus === 'STOPPED');
    expect(new Set(ends.map(({ cause }) => cause?.because))).toEqual(new Set(['start-failed']));
  });
});

describe('a cluster', () => {
  const associate = (capacityProviders: string[], defaultCapacityProviderStrategy: object[] = []) =>
    account.call('PutClusterCapacityProviders', { capacityProviders, defaultCapacityProviderStrategy });

  // AWS general reference, ecs-service; the wording: cloudformation-coverage-roadmap issue 1086.
  it('has 20 capacity providers at most', () => {
    const names = Array.from({ length: 21 }, (_, at) => `p${at}`);
    start({ providers: Object.fromEntries(names.map((name) => [name, PLAIN])), hosts: [], services: [] });
    expect(() => associate(names)).toThrow(
      'The maximum number of capacity providers per cluster has been exceeded.',
    );
  });

  // API PutClusterCapacityProviders: omitted ones are disassociated, unless "being used by any existing tasks".
  it('gives up the providers that are not named again, but none in use', () => {
    start({
      providers: { one: PLAIN, two: PLAIN },
      hosts: hostsOf('one', 1),
      services: [service(1, { on: ['i-one-0'] })],
    });
    associate(['one']);
    expect(
      account.call<{ clusters: object[] }>('DescribeClusters', { clusters: ['prod'] }).clusters,
    ).toMatchObject([{ capacityProviders: ['one'] }]);
    expect(() => associate(['two'])).toThrow(
      'The specified capacity provider is in use and cannot be removed.',
    );
  });

  // DG cluster-capacity-providers: a cluster may mix both kinds, its default strategy may not.
  it('may have Auto Scaling and Fargate providers, but no default strategy of both', () => {
    start({ providers: { one: PLAIN }, hosts: [], services: [] });
    associate(['one', 'FARGATE'], [{ capacityProvider: 'one', weight: 1 }]);
    const both = [
      { capacityProvider: 'one', weight: 1 },
      { capacityProvider: 'FARGATE', weight: 1 },
    ];
    expect(() => associate(['one', 'FARGATE'], both)).toThrow(/cannot contain a mix/);
  });
});
